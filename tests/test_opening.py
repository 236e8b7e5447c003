from pathlib import Path

import msgspec
import pytest

import voxport
from voxport import registry
from voxport.codec import without_query
from voxport.opening import checked
from voxport.settings import AudioSettings, Secret, Settings, Transcription

KEYED = Settings(provider="deepgram", api_key=Secret("k"), origin="my.yaml")


def refused(settings: Settings) -> str:
    with pytest.raises(voxport.SettingsError) as caught:
        checked(registry.adapter(settings.provider), settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_key_is_found_in_its_customary_variable_or_the_file_that_it_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    adapter = registry.adapter("gladia")
    asked = Settings(provider="gladia", origin="my.yaml")
    monkeypatch.delenv("GLADIA_API_KEY", raising=False)
    monkeypatch.delenv("GLADIA_API_KEY_FILE", raising=False)
    assert refused(asked) == "my.yaml: gladia needs a key; set it with: export GLADIA_API_KEY=..."
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("GLADIA_API_KEY_FILE", str(tmp_path / "key"))
    assert checked(adapter, asked).key == "from-file"
    monkeypatch.setenv("GLADIA_API_KEY", "from-variable")
    assert checked(adapter, asked).key == "from-variable"


@pytest.mark.parametrize(
    ("provider", "audio", "complaint"),
    [
        ("gladia", AudioSettings(sample_rate=22_050), "audio.sample_rate: 22050: gladia takes 8000, 16000, 32000"),
        ("assemblyai", AudioSettings(sample_rate=4_000), "audio.sample_rate: 4000: assemblyai takes 8000 to 96000 Hz"),
        ("assemblyai", AudioSettings(encoding="f32le"), "audio.encoding: f32le: assemblyai takes s16le, mulaw"),
        ("assemblyai", AudioSettings(chunk_ms=20), "audio.chunk_ms: 20: assemblyai takes 50 to 1000"),
        ("speechmatics", AudioSettings(channels=3), "audio.channels: 3: speechmatics takes 2 at most"),
    ],
)
def test_audio_that_a_provider_does_not_take_is_refused_before_the_network(
    provider: str, audio: AudioSettings, complaint: str
) -> None:
    told = refused(msgspec.structs.replace(KEYED, provider=provider, audio=audio))
    assert told.startswith(f"my.yaml: {complaint}")


def test_strict_refuses_what_would_be_dropped_and_nothing_else() -> None:
    dropped = msgspec.structs.replace(
        KEYED, provider="gladia", strict=True, transcription=Transcription(diarization=True)
    )
    assert "gladia would drop diarization (not in live sessions)" in refused(dropped)
    fine = msgspec.structs.replace(KEYED, strict=True, transcription=Transcription(language="en", redaction=True))
    assert checked(registry.adapter("deepgram"), fine) == fine


def test_a_temporary_token_needs_a_provider_that_has_them() -> None:
    asked = msgspec.structs.replace(KEYED, provider="gladia", temporary_token=True)
    assert refused(asked) == "my.yaml: temporary_token: gladia has no temporary tokens"


def test_an_unknown_provider_is_told_with_the_nearest() -> None:
    with pytest.raises(voxport.SettingsError, match="did you mean 'deepgram'"):
        voxport.open(Settings(provider="deepgrma"))


def test_an_adapter_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("acme", "acme_nowhere:adapter", registry.GROUP)
    monkeypatch.setattr(registry, "_known", lambda: {"acme": point})
    with pytest.raises(voxport.SettingsError, match=r"acme: its adapter, acme_nowhere:adapter, cannot be loaded"):
        registry.adapter("acme")


def test_a_region_is_never_a_guess() -> None:
    told = refused(msgspec.structs.replace(KEYED, region="uk"))
    assert told == "my.yaml: region: uk: deepgram: unknown region; did you mean 'us'? (known: au, eu, in, us)"
    nowhere = msgspec.structs.replace(KEYED, provider="local", region="eu")
    assert refused(nowhere) == "my.yaml: region: eu: local: it has no regions; leave it out"


def test_a_region_selects_the_host_and_an_endpoint_wins_over_it() -> None:
    for asked, host in (
        (msgspec.structs.replace(KEYED, region="eu"), "wss://api.eu.deepgram.com/v1/listen"),
        (msgspec.structs.replace(KEYED, region="eu", endpoint="wss://mine"), "wss://mine/v1/listen"),
    ):
        steps = registry.adapter("deepgram").dial(asked)
        with pytest.raises(StopIteration) as done:
            next(steps)
        assert without_query(done.value.value.url) == host


def test_every_provider_to_go_on_with_is_checked_before_the_session_starts() -> None:
    spare = Settings(provider="gladia", origin="my.yaml", audio=AudioSettings(sample_rate=22_050), api_key=Secret("k"))
    with pytest.raises(voxport.SettingsError, match=r"audio\.sample_rate: 22050: gladia takes"):
        voxport.open(msgspec.structs.replace(KEYED, fallback=(spare,)))


def test_a_token_that_was_issued_elsewhere_stands_in_for_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    token = Settings(provider="deepgram", token=Secret("t"), origin="my.yaml")
    assert checked(registry.adapter("deepgram"), token).issued == "t"
    assert "my.yaml: token: gladia has no temporary tokens" in refused(
        msgspec.structs.replace(token, provider="gladia")
    )
    twice = msgspec.structs.replace(token, temporary_token=True)
    assert refused(twice) == "my.yaml: token: it is one already; leave out temporary_token"
