import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme
from assemblyai.streaming import v3

from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, SCRIPT, SECONDS, bare, jfk
from voxport import registry
from voxport.ear import Ear
from voxport.listener import Listener

# assemblyai 1.8.2 connects without a context manager and reads the code off an exception: websockets has deprecated both.
pytestmark = [
    pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:ConnectionClosed.(code|reason):DeprecationWarning"),
]

ENGLISH = v3.SpeechModel.universal_streaming_english
FORMATTED = v3.RealTimeParameters(
    sample_rate=RATE, encoding=v3.Encoding.pcm_s16le, speech_model=ENGLISH, format_turns=True
)


def options(listener: Listener, credentials: dict[str, str]) -> Any:
    """An address that says ``ws://`` is taken as it is."""
    return v3.RealTimeTranscriberOptions(api_host=listener.ws_url, **(credentials or {"api_key": KEY}))


def overhear(client: Any) -> list[Any]:
    """All events and errors that the client will tell, in order."""
    heard: list[Any] = []
    for event in v3.RealTimeEvents:
        client.on(event, lambda _, message: heard.append(message))
    return heard


def transcribe(listener: Listener, chunks: Sequence[bytes] = CHUNKS, **credentials: str) -> list[Any]:
    client = v3.RealTimeTranscriber(options(listener, credentials))
    heard = overhear(client)
    client.connect(FORMATTED)
    client.stream(chunks)
    client.disconnect(terminate=True)
    return heard


def transcribe_async(listener: Listener, **credentials: str) -> list[Any]:
    async def main() -> list[Any]:
        async with v3.AsyncRealTimeTranscriber(options(listener, credentials)) as client:
            heard = overhear(client)
            await client.connect(FORMATTED)
            await client.stream(CHUNKS)
            await client.disconnect(terminate=True)
            return heard

    return asyncio.run(main())


def finals(heard: Sequence[Any]) -> list[str]:
    return [turn.transcript for turn in heard if turn.type == "Turn" and turn.end_of_turn]


def assert_whole(heard: Sequence[Any]) -> None:
    """The script, as AssemblyAI says it."""
    assert [event.type for event in heard] == ["Begin", *["Turn"] * 7, "Termination"]
    turns = heard[1:-1]
    assert [turn.transcript for turn in turns] == ["Good", "Good mourn", SAID[0], "Ask", "Ask not", SAID[1], SAID[1]]
    assert [turn.turn_order for turn in turns] == [0, 0, 0, 1, 1, 1, 1]
    assert finals(heard) == SAID
    words = [(word.text, word.start, word.end, word.confidence, word.word_is_final) for word in turns[2].words]
    assert words == [("Good", 200, 500, 0.98, True), ("morning.", 500, 900, 0.91, True)]
    assert heard[-1].audio_duration_seconds == SECONDS


def test_the_synchronous_client(emulated: Listener) -> None:
    assert_whole(transcribe(emulated))


def test_the_asynchronous_client(emulated: Listener) -> None:
    assert_whole(transcribe_async(emulated))


@pytest.mark.parametrize("use", [transcribe, transcribe_async])
def test_a_wrong_key(emulated: Listener, use: Any) -> None:
    (error,) = use(emulated, api_key="wrong")
    assert (type(error), error.code) == (v3.RealTimeError, 1008)


def test_a_temporary_token_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SDK asks for tokens over TLS only."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with Listener([registry.adapter("assemblyai")], lambda: Ear(SCRIPT), keys=[KEY], tls=tls) as listener:
        assert listener.url.startswith("https://127.0.0.1:")
        asked = v3.RealTimeTranscriberOptions(api_host=listener.url.removeprefix("https://"), api_key=KEY)
        client = v3.RealTimeTranscriber(asked)
        token = client.create_temporary_token(expires_in_seconds=60)
        client._client._http_client.close()  # the SDK leaves it open
        assert finals(transcribe(listener, token=token)) == SAID
        assert listener.failures() == ()


def test_real_speech(listening: Listener) -> None:
    assert bare(finals(transcribe(listening, jfk()))) == JFK
