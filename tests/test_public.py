"""The public face, and what it costs to look at it."""

import subprocess
import sys

import voxport

PUBLIC = {
    "Acknowledged", "AudioError", "AudioEvent", "AudioFile", "Begun", "Configured", "EagerTurnEnd", "Ended", "Entities",
    "Failed", "Insight", "LanguageDetected", "Microphone", "MissingExtraError", "Notice", "Sentiments", "Session",
    "SessionFailedError", "Settings", "SettingsError", "SpeakersIdentified", "SpeakersRevised", "SpeechEnded",
    "SpeechStarted", "Transcript", "Translation", "TurnEnded", "TurnResumed", "Unknown", "Usage", "VoxportError", "Word",
    "open",
}  # fmt: skip


def test_the_public_names_are_these() -> None:
    assert set(voxport.__all__) == PUBLIC
    assert all(getattr(voxport, name) is not None for name in PUBLIC)


def test_an_unknown_name_is_no_attribute() -> None:
    assert not hasattr(voxport, "nonsense")


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, voxport; voxport.Transcript; voxport.Settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "requests", "websocket", "yaml", "rich", "typer", "aiohttp", "soundfile", "soxr", "pyaudio"}
    assert heavy & set(loaded) == set()
