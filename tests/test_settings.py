from pathlib import Path
from typing import Any

import pytest

from voxport.errors import SettingsError
from voxport.settings import AudioSettings, Secret, Settings, Transcription, changes_of, given, load, resolve

FILE = """
provider: deepgram
transcription: {language: en, key_terms: [Kelda]}
audio: {sample_rate: 8000, encoding: mulaw}
providers:
  deepgram: {api_key: "${DG}", model: nova-3, options: {smart_format: true}}
  gladia: {api_key: "${GLADIA}"}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DG", "secret-1")
    monkeypatch.delenv("GLADIA", raising=False)
    path = tmp_path / "v.yaml"
    path.write_text(FILE)
    return path


def test_a_file_is_read(file: Path) -> None:
    settings = load(file)
    assert settings == Settings(
        provider="deepgram",
        transcription=Transcription(language="en", key_terms=("Kelda",)),
        audio=AudioSettings(sample_rate=8000, encoding="mulaw"),
        model="nova-3",
        api_key=Secret("secret-1"),
        options={"smart_format": True},
        origin=str(file),
    )


def test_a_provider_that_is_not_selected_needs_no_key(file: Path) -> None:
    assert load(file).key == "secret-1"
    with pytest.raises(SettingsError, match=r"providers\.gladia\.api_key: the environment variable GLADIA is not set"):
        load(file, "gladia")


def test_a_key_may_stand_in_a_file_that_the_environment_names(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("secret-2\n")
    monkeypatch.setenv("GLADIA_FILE", str(tmp_path / "key"))
    assert load(file, "gladia").key == "secret-2"
    monkeypatch.setenv("GLADIA_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="GLADIA_FILE names a file that cannot be read"):
        load(file, "gladia")


def test_a_provider_without_a_section_may_be_selected(file: Path) -> None:
    assert load(file, "assemblyai") == Settings(
        provider="assemblyai",
        transcription=Transcription(language="en", key_terms=("Kelda",)),
        audio=AudioSettings(sample_rate=8000, encoding="mulaw"),
        origin=str(file),
    )


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"provider": "x", "transcription": {"langage": "en"}}, "transcription.langage: unknown key; did you mean 'language'?"),
        ({"provider": "x", "audio": {"sample_rate": 100}}, "audio.sample_rate: expected `int` >= 4000"),
        ({"provider": "x", "audio": {"encoding": "mp3"}}, "audio.encoding: invalid enum value 'mp3'"),
        ({"provider": "x", "providers": {"x": {"apikey": "1"}}}, "providers.x.apikey: unknown key; did you mean 'api_key'?"),
        ({"provider": "x", "providers": {"y": {"apikey": "1"}}}, "providers.y.apikey: unknown key"),
        ({"provider": "x", "providers": {"x": {"api_key": " "}}}, "providers.x.api_key: expected a key"),
        ({"provider": "x", "providers": 3}, "providers: expected `object`, got `int`"),
        ({"providr": "x"}, "providr: unknown key; did you mean 'provider'?"),
        ({"provider": "x", "transcription": {"key_terms": ["a", 3]}}, "transcription.key_terms[1]: expected `str`, got `int`"),
        ({"transcription": {}}, "object missing required field `provider`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_path_and_what_was_expected(tree: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(tree, "my.yaml")
    assert str(caught.value).startswith("my.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["a: [", "- 1", "7", "", "\x00"])
def test_what_is_no_settings_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load("/nowhere/v.yaml")


def test_numbers_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE", "44100")
    assert resolve({"provider": "x", "audio": {"sample_rate": "${RATE}"}}, "f").audio.sample_rate == 44100


def test_a_secret_never_shows() -> None:
    settings = Settings(provider="x", api_key=Secret("canary"))
    for shown in (str(settings), repr(settings), f"{settings.api_key}", str([settings.api_key])):
        assert "canary" not in shown


def test_only_what_has_a_value_is_given() -> None:
    asked = given(Settings(provider="x", transcription=Transcription(punctuation=False), model="m"))
    assert asked == {
        "model": "m", "sample_rate": 16000, "encoding": "s16le", "channels": 1, "partials": True, "punctuation": False,
    }  # fmt: skip


@pytest.mark.parametrize(("rate", "size"), [(16_000, 1600), (11_025, 1104), (22_050, 2206)])
def test_a_chunk_is_never_shorter_than_asked_for(rate: int, size: int) -> None:
    assert AudioSettings(sample_rate=rate, chunk_ms=50).chunk_bytes == size


def test_other_providers_to_go_on_with_are_resolved_with_their_own_keys_and_models(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(f"{FILE}\nfallback: [gladia, local]\n")
    with pytest.raises(SettingsError, match=r"providers\.gladia\.api_key: the environment variable GLADIA is not set"):
        load(file)
    monkeypatch.setenv("GLADIA", "secret-3")
    settings = load(file)
    assert [other.provider for other in settings.fallback] == ["gladia", "local"]
    assert [other.key for other in (settings, *settings.fallback)] == ["secret-1", "secret-3", ""]
    assert [other.model for other in (settings, *settings.fallback)] == ["nova-3", None, None]
    assert {other.transcription for other in (settings, *settings.fallback)} == {settings.transcription}
    assert all(other.audio == settings.audio and other.fallback == () for other in settings.fallback)


def test_a_provider_that_is_asked_for_by_name_goes_on_with_no_other(file: Path) -> None:
    file.write_text(f"{FILE}\nfallback: [gladia]\n")
    assert load(file, "deepgram").fallback == ()


def test_changes_are_typed_and_checked() -> None:
    assert changes_of({"key_terms": ["Kelda"], "end_of_turn_silence_ms": "900"}) == {
        "key_terms": ("Kelda",),
        "end_of_turn_silence_ms": 900,
    }
    with pytest.raises(SettingsError, match=r"configure: languag: unknown key; did you mean 'language'\?"):
        changes_of({"languag": "en"})
