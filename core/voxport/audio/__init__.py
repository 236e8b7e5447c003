"""Where audio comes from and where it is kept. Everything here speaks the session's own format, in bytes.

- ``formats``     samples to wire bytes and back, and the resampler
- ``source``      what a source is, and what sources share: cutting into chunks, keeping the pace
- ``file``        ``AudioFile``: WAV, FLAC, OGG and MP3
- ``stream``      ``RawStream``: headerless PCM from a pipe
- ``microphone``  ``Microphone``, ``microphones()``: capture through PortAudio (extra ``mic``)
- ``recorder``    ``WavRecorder`` and ``Recording``: what was sent, saved

The public names are loaded on first use: neither numpy nor an audio library is imported before it is needed.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voxport.audio.file import AudioFile as AudioFile
    from voxport.audio.formats import Converter as Converter
    from voxport.audio.formats import decode as decode
    from voxport.audio.formats import encode as encode
    from voxport.audio.microphone import InputDevice as InputDevice
    from voxport.audio.microphone import Microphone as Microphone
    from voxport.audio.microphone import microphones as microphones
    from voxport.audio.recorder import Recording as Recording
    from voxport.audio.recorder import WavRecorder as WavRecorder
    from voxport.audio.source import Pacer as Pacer
    from voxport.audio.source import Source as Source
    from voxport.audio.source import rechunk as rechunk
    from voxport.audio.stream import RawStream as RawStream

_HOMES: Mapping[str, str] = {
    "AudioFile": "file",
    "Converter": "formats",
    "InputDevice": "microphone",
    "Microphone": "microphone",
    "Pacer": "source",
    "RawStream": "stream",
    "Recording": "recorder",
    "Source": "source",
    "WavRecorder": "recorder",
    "decode": "formats",
    "encode": "formats",
    "microphones": "microphone",
    "rechunk": "source",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module, on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(_HOMES)
