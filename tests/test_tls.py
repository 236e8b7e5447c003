"""The same over TLS, as the services are reached: one reader and one sender share each connection."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trustme

import voxport
from support.emulated import CHUNKS, KEY, REMOTE, SAID, SCRIPT, emulator
from voxport import registry
from voxport.ear import Ear
from voxport.listener import Listener
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription
from voxport.timeline import texts


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secured(authority: trustme.CA) -> Iterator[Listener]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Listener(map(registry.adapter, REMOTE), lambda: Ear(SCRIPT), keys=[KEY], tls=context) as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))


def settings(name: str, listener: Listener) -> Settings:
    return Settings(
        provider=name,
        api_key=Secret(KEY),
        endpoint=listener.url,
        transcription=Transcription(language="en", punctuation=True),
        audio=AudioSettings(chunk_ms=100),
        resilience=Resilience(max_retries=0),
    )


@pytest.mark.parametrize("name", REMOTE)
def test_what_is_said_is_heard(name: str, secured: Listener, trusted: None) -> None:
    with voxport.open(settings(name, secured)) as session:
        session.feed(CHUNKS + CHUNKS * 100)
        assert texts(session) == " ".join(SAID)


@pytest.mark.parametrize("name", REMOTE)
def test_a_certificate_that_nobody_vouches_for_is_refused(name: str, secured: Listener) -> None:
    with (
        pytest.raises(voxport.SessionFailedError, match="certificate"),
        voxport.open(settings(name, secured)) as session,
    ):
        session.feed(CHUNKS)
        list(session)


@pytest.mark.parametrize("name", REMOTE)
def test_a_host_without_tls_is_told(name: str, trusted: None) -> None:
    with emulator() as listener:
        asked = msgspec.structs.replace(settings(name, listener), endpoint=listener.url.replace("http", "https"))
        with pytest.raises(voxport.SessionFailedError, match="TLS"), voxport.open(asked) as session:
            list(session)
