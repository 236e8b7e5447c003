"""Move live speech-to-text from one provider to another by changing one word in a YAML file.

::

    import voxport

    with voxport.open("voxport.yaml") as session:
        session.feed(voxport.Microphone())
        for event in session:
            match event:
                case voxport.Transcript(text=text, is_final=True): print(text)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxport.audio.file import AudioFile
    from voxport.audio.microphone import Microphone
    from voxport.errors import AudioError, MissingExtraError, SessionFailedError, SettingsError, VoxportError
    from voxport.events import (
        Acknowledged,
        AudioEvent,
        Begun,
        Configured,
        EagerTurnEnd,
        Ended,
        Entities,
        Failed,
        Insight,
        LanguageDetected,
        Notice,
        Sentiments,
        SpeakersIdentified,
        SpeakersRevised,
        SpeechEnded,
        SpeechStarted,
        Transcript,
        Translation,
        TurnEnded,
        TurnResumed,
        Unknown,
        Usage,
        Word,
    )
    from voxport.opening import open
    from voxport.session import Session
    from voxport.settings import Settings

__all__ = [
    "Acknowledged",
    "AudioError",
    "AudioEvent",
    "AudioFile",
    "Begun",
    "Configured",
    "EagerTurnEnd",
    "Ended",
    "Entities",
    "Failed",
    "Insight",
    "LanguageDetected",
    "Microphone",
    "MissingExtraError",
    "Notice",
    "Sentiments",
    "Session",
    "SessionFailedError",
    "Settings",
    "SettingsError",
    "SpeakersIdentified",
    "SpeakersRevised",
    "SpeechEnded",
    "SpeechStarted",
    "Transcript",
    "Translation",
    "TurnEnded",
    "TurnResumed",
    "Unknown",
    "Usage",
    "VoxportError",
    "Word",
    "open",
]

_HOMES = {
    "voxport.audio.file": {"AudioFile"},
    "voxport.audio.microphone": {"Microphone"},
    "voxport.errors": {"AudioError", "MissingExtraError", "SessionFailedError", "SettingsError", "VoxportError"},
    "voxport.opening": {"open"},
    "voxport.session": {"Session"},
    "voxport.settings": {"Settings"},
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: importing voxport should cost little."""
    if name not in __all__:
        raise AttributeError(f"module 'voxport' has no attribute {name!r}")
    home = next((home for home, held in _HOMES.items() if name in held), "voxport.events")
    value = globals()[name] = getattr(import_module(home), name)
    return value
