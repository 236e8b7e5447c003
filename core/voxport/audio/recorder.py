"""What was sent, saved as WAV."""

import errno
import os
import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from voxport.audio.source import Source
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import SAMPLE_BYTES, AudioSettings

_FORMAT_TAGS: Mapping[str, int] = {"s16le": 1, "f32le": 3, "mulaw": 7}
_PCM = 1
_LONGEST = 0xFFFF_FFFF - 1
"""Bytes of a WAV file whose sizes, of 32 bits, can be stated; one is kept for padding."""


class WavRecorder:
    """Writes audio that is already in the format of ``audio`` to a WAV file.

    The file is valid from the start, and loses at most the last second when the process dies: its header is brought up
    to date after every second of audio and on ``close``. An existing file is overwritten.

    Raises ``AudioError`` when made, for a file that cannot be created, and from ``write`` or ``close``, once, for one
    that cannot be written on: the file then holds what fitted, and further writes are ignored.
    """

    def __init__(self, path: str | os.PathLike[str], audio: AudioSettings) -> None:
        self._path = Path(path)
        self._audio = audio
        self._header_bytes = len(_header(audio, 0))
        self._unsaved = 0
        try:
            self._file = FileIO(self._path, "w")
        except OSError as error:
            raise self._error("created", error) from None
        try:
            self._update_header(0)
        except OSError as error:
            self._discard()
            raise self._error("created", error) from None

    def __enter__(self) -> Self:
        """The recorder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def write(self, data: bytes) -> None:
        """Append whole sample frames."""
        if self._file.closed:
            return
        try:
            self._append(data)
            self._unsaved += len(data)
            if self._unsaved >= self._audio.bytes_per_second:
                self._update_header(self._audio_bytes())
        except OSError as error:
            self._salvage()
            raise self._error("written on", error) from None

    def close(self) -> None:
        """Complete the file. A second call does nothing."""
        if self._file.closed:
            return
        try:
            self._complete()
        except OSError as error:
            self._salvage()
            raise self._error("completed", error) from None

    def _complete(self) -> None:
        held = self._audio_bytes()
        self._file.truncate(self._header_bytes + held)
        # RIFF pads each chunk to an even length.
        self._append(b"\0" * (held % 2))
        self._update_header(held)
        self._file.close()

    def _salvage(self) -> None:
        """Make the best of a file that takes no more. What fails now, fails after it was reported."""
        with suppress(OSError):
            held = self._audio_bytes()
            # A pad byte would not fit.
            self._file.truncate(self._header_bytes + held - held % 2)
            self._update_header(held - held % 2)
        with suppress(OSError):
            self._file.close()

    def _append(self, data: bytes) -> None:
        # Sought anew each time: an interrupted update of the header leaves the position there.
        if self._file.seek(0, os.SEEK_END) + len(data) > _LONGEST:
            raise OSError(errno.EFBIG, "a WAV file holds no more than 4 GiB")
        self._write_whole(data)

    def _update_header(self, held: int) -> None:
        self._file.seek(0)
        self._write_whole(_header(self._audio, held))
        self._unsaved = 0

    def _write_whole(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _audio_bytes(self) -> int:
        """Bytes of whole frames in the file, whatever the last write came to."""
        frame = self._audio.frame_bytes
        return (self._file.seek(0, os.SEEK_END) - self._header_bytes) // frame * frame

    def _discard(self) -> None:
        regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        self._file.close()
        if regular:
            self._path.unlink(missing_ok=True)

    def _error(self, what: str, error: OSError) -> AudioError:
        return AudioError(f"{self._path}: the recording cannot be {what}: {error.strerror}; save it elsewhere")


def _header(audio: AudioSettings, held: int) -> bytes:
    """The header of a file with ``held`` bytes of audio, always of the same length for the same format.

    Formats other than PCM have an empty extension and a count of frames.
    """
    tag, bits = _FORMAT_TAGS[audio.encoding], SAMPLE_BYTES[audio.encoding] * 8
    form = struct.pack(
        "<HHIIHH", tag, audio.channels, audio.sample_rate, audio.bytes_per_second, audio.frame_bytes, bits
    )
    chunks = (
        _chunk(b"fmt ", form)
        if tag == _PCM
        else _chunk(b"fmt ", form + b"\0\0") + _chunk(b"fact", _u32(held // audio.frame_bytes))
    )
    body = b"WAVE" + chunks + b"data" + _u32(held)
    return b"RIFF" + _u32(len(body) + held + held % 2) + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + _u32(len(content)) + content


def _u32(value: int) -> bytes:
    return struct.pack("<I", value)


class Recording:
    """A source whose audio is saved as it passes. It closes ``recorder`` when it ends.

    A disk that fails becomes one notice, ``save_failed``, and the audio goes on unsaved; ``failed`` tells.
    """

    def __init__(self, source: Source, recorder: WavRecorder) -> None:
        self._source = source
        self._recorder = recorder
        self._running = False
        self.failed = False

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """The chunks of the source. ``audio`` must be that of the recorder."""
        chunks = self._source.chunks(audio)
        self._running = True
        return self._saved(chunks)

    def close(self) -> None:
        """Close the source; what it still yields is saved. See ``Source``."""
        self._source.close()
        if not self._running:
            self._recorder.close()

    def _saved(self, chunks: Iterator[bytes | Notice]) -> Iterator[bytes | Notice]:
        try:
            for chunk in chunks:
                if isinstance(chunk, bytes):
                    yield from self._attempt(partial(self._recorder.write, chunk))
                yield chunk
        except AudioError:
            yield from self._attempt(self._recorder.close)
            raise
        finally:
            last = self._attempt(self._recorder.close)
        yield from last

    def _attempt(self, action: Callable[[], None]) -> list[Notice]:
        try:
            action()
        except AudioError as error:
            self.failed = True
            return [Notice(code="save_failed", message=str(error))]
        return []
