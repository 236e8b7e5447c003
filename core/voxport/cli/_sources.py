"""Where the audio of a command comes from, and where it is kept."""

import sys
from collections.abc import Iterator
from pathlib import Path

from voxport.audio import AudioFile, Microphone, RawStream, Recording, Source, WavRecorder
from voxport.errors import SettingsError
from voxport.events import Notice
from voxport.settings import AudioSettings

MICROPHONE = "microphone"
STDIN = "-"


def source_of(name: str, *, realtime: bool) -> Source:
    """The microphone, stdin (``-``) or a file, the latter two held to the pace of speech if ``realtime``."""
    if name == MICROPHONE:
        return Microphone()
    if name != STDIN:
        return AudioFile(name, realtime=realtime)
    if sys.stdin.isatty():
        raise SettingsError("standard input is a terminal; pipe raw audio into voxport, or name a file")
    return RawStream(sys.stdin.buffer, realtime=realtime)


def recording_of(source: Source, name: str, save: Path | None, audio: AudioSettings) -> Recording | None:
    """``source``, called ``name`` on the command line, kept in ``save`` as it is sent; ``None`` without ``save``."""
    if save is None:
        return None
    if save.exists() and Path(name).exists() and save.samefile(name):
        raise SettingsError(f"--save {save}: is the file to be transcribed; save the recording elsewhere")
    return Recording(source, WavRecorder(save, audio))


class Ready:
    """A source that already runs: a microphone that cannot be opened is found before the provider is dialled, and
    nothing is missed meanwhile.
    """

    def __init__(self, source: Source, audio: AudioSettings) -> None:
        self._chunks = source.chunks(audio)
        self.close = source.close

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """See ``Source``; ``audio`` is that of the start."""
        return self._chunks
