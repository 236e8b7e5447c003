"""What strangers hear: a listener that answers as every provider installed, and a script that is the same for all."""

from collections.abc import Callable, Iterable
from pathlib import Path

import voxport
from voxport import registry, wire
from voxport.audio import AudioFile
from voxport.ear import Ear
from voxport.listener import Listener
from voxport.recogniser import Recogniser
from voxport.recogniser.script import Script
from voxport.settings import AudioSettings

KEY = "emulated-key-4c0e"
"""The one key that is valid, for every provider."""

SCRIPT = Script.of(
    [
        {"text": "Good", "start": 0.2, "end": 0.5, "confidence": 0.98},
        {"text": "morning.", "start": 0.5, "end": 0.9, "confidence": 0.91, "partials": ["mourn"], "ends_turn": True},
        {"text": "Ask", "start": 1.2, "end": 1.4, "confidence": 0.97},
        {"text": "not", "start": 1.4, "end": 1.6, "confidence": 0.99},
        {"text": "what.", "start": 1.6, "end": 1.9, "confidence": 0.88},
    ]
)
"""Two turns. The first ends with its last word, the second with the audio."""

SECONDS = 2.0
RATE = 16_000
CHUNKS = [bytes(RATE * 2 // 10)] * 20
"""``SECONDS`` of 16 kHz s16le audio in chunks of 100 ms, long enough for the whole script."""


REMOTE = tuple(name for name in registry.names() if registry.adapter(name).capabilities.needs_key)
"""The providers that are services, by name."""


def emulator(recognise: Callable[[], Recogniser] = lambda: SCRIPT) -> Listener:
    """A listener, not yet started, for all adapters of the entry-point group; by default it hears the script."""
    return Listener(map(registry.adapter, registry.names()), lambda: Ear(recognise()), keys=[KEY])


SAID = ["Good morning.", "Ask not what."]
"""The two finals."""

JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
"""What is said in ``jfk.flac``, bare."""


def jfk() -> list[bytes]:
    """The clip inside the package, as it is sent: 16 kHz s16le in chunks of 50 ms."""
    clip = Path(voxport.__file__).parent / "clips" / "jfk.flac"
    return [chunk for chunk in AudioFile(clip, realtime=False).chunks(AudioSettings()) if isinstance(chunk, bytes)]


def bare(texts: Iterable[str]) -> str:
    """Texts joined, in lower case and without punctuation."""
    return " ".join(wire.bare(word) for text in texts for word in text.split())
