"""Audio from a file, through libsndfile."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import soundfile

from voxport.audio._length import Forward, cut_short, left_over, tells_length
from voxport.audio._quiet import quiet_stderr
from voxport.audio.formats import Converter, Samples, converted
from voxport.audio.source import Pacer, rechunk
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings

_BLOCK_SECONDS = 0.5
_READABLE = "give a WAV, FLAC, OGG or MP3 file"


class AudioFile:
    """A WAV, FLAC, OGG or MP3 file of any rate and channel count, as a source.

    ``realtime`` releases it at the pace of speech; otherwise it comes as fast as it is read. It is decoded in blocks
    and never held as a whole. Each call of ``chunks`` starts from the beginning. ``duration`` is seconds; a file that
    does not tell its length (FLAC from a pipe, MP3 without an encoder's table) is decoded once to count.

    Raises ``AudioError`` when made, for a file that is missing, unreadable, empty, cut short or no audio; from
    ``chunks`` for a change of channels that cannot be (see ``Converter``), and from the iterator for damage inside.
    """

    def __init__(self, path: str | os.PathLike[str], *, realtime: bool = True, pacer: Pacer | None = None) -> None:
        self._path = Path(path)
        self._pacer = pacer or Pacer(realtime=realtime)
        self._require_file()
        with quiet_stderr(), self._open(self._path) as file:
            self._rate: int = file.samplerate
            self._channels: int = file.channels
            self.duration: float = self._count(file) / self._rate

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """The whole file in the format of ``audio``; see ``Source``."""
        return self._until_closed(Converter(self._rate, audio.sample_rate, self._channels, audio.channels), audio)

    def close(self) -> None:
        """End the iterator with the chunk in hand; see ``Source``."""
        self._pacer.close()

    def _until_closed(self, converter: Converter, audio: AudioSettings) -> Iterator[bytes | Notice]:
        if self._pacer.closed:
            return
        with self._open(self._path) as file:
            data = converted(self._blocks(file), converter, audio.encoding, self._channels)
            for chunk in self._pacer.pace(rechunk(data, audio.chunk_bytes), audio.bytes_per_second):
                yield chunk
                if self._pacer.closed:
                    return

    def _require_file(self) -> None:
        try:
            with self._path.open("rb") as file:
                empty = not file.read(1)
        except FileNotFoundError:
            raise AudioError(f"{self._path}: no such file; {_READABLE}") from None
        except OSError as error:
            raise AudioError(f"{self._path}: cannot be read: {error.strerror}; {_READABLE}") from None
        if empty:
            raise AudioError(f"{self._path}: is empty; {_READABLE}")

    def _open(self, source: Path | BinaryIO) -> Forward:
        try:
            return Forward(source)
        except (soundfile.LibsndfileError, TypeError):
            # A TypeError is soundfile's answer to the suffix .raw, which it takes to mean headerless audio.
            raise AudioError(f"{self._path}: is not audio that can be read; {_READABLE}") from None

    def _count_by_reading(self) -> int:
        with self._path.open("rb") as raw, self._open(raw) as file:
            frames = sum(len(block) for block in self._blocks(file))
            if left_over(raw):
                raise AudioError(
                    f"{self._path}: tells no length, and only {frames / self._rate:.1f} s of it can be read; "
                    "convert it to WAV or FLAC"
                )
        return frames

    def _count(self, file: Any) -> int:
        if not tells_length(file, self._path):
            frames = self._count_by_reading()
        elif cut_short(file, self._path):
            raise AudioError(f"{self._path}: is cut short, its end is missing; copy or download it again")
        else:
            frames = file.frames
        if not frames:
            raise AudioError(f"{self._path}: has no audio in it; {_READABLE}")
        return frames

    def _blocks(self, file: Any) -> Iterator[Samples]:
        frames, done = max(1, int(self._rate * _BLOCK_SECONDS)), 0
        try:
            while len(block := file.read(frames, dtype="float32", always_2d=True)):
                done += len(block)
                yield block
        except soundfile.LibsndfileError:
            raise AudioError(
                f"{self._path}: is damaged after {done / self._rate:.1f} s; copy or download it again"
            ) from None
