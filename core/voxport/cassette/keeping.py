"""The audio of a recording, in a file beside it: FLAC for 16-bit PCM, WAV for what FLAC cannot hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

from voxport.audio.recorder import WavRecorder
from voxport.cassette import lines
from voxport.errors import AudioError
from voxport.settings import AudioSettings

BLOCK = 1 << 20
"""Bytes read at a time when the audio is put into its form."""


class AudioKeeper:
    """Takes a session's audio at the cost of a copy; its form, and its hash, are made when it is ``finish``-ed."""

    def __init__(self, path: Path, audio: AudioSettings) -> None:
        """``path`` without its ending. Raises ``AudioError`` when nothing can be written there."""
        self._stem = path
        self._audio = audio
        self._spool = path.with_suffix(".part")
        try:
            self._file = self._spool.open("wb", buffering=BLOCK)
        except OSError as error:
            raise AudioError(f"{self._spool}: cannot be created: {error.strerror}; choose another place") from None
        self.hear = self._file.write

    def finish(self) -> lines.AudioFile:
        """Make the file, and say what is in it."""
        self._file.close()
        audio, digest, size = self._audio, hashlib.sha256(), self._spool.stat().st_size
        path = self._stem.with_suffix(".flac" if audio.encoding == "s16le" else ".wav")
        with self._spool.open("rb") as spool:
            if audio.encoding == "s16le":
                import soundfile  # noqa: PLC0415 -- brings numpy

                frames = BLOCK - BLOCK % audio.frame_bytes
                with soundfile.SoundFile(path, "w", audio.sample_rate, audio.channels, "PCM_16") as flac:
                    while block := spool.read(frames):
                        digest.update(block)
                        flac.buffer_write(block[: len(block) - len(block) % audio.frame_bytes], dtype="int16")
            else:
                with WavRecorder(path, audio) as wav:
                    while block := spool.read(BLOCK):
                        digest.update(block)
                        wav.write(block)
        self._spool.unlink()
        return lines.AudioFile(
            file=path.name, sha256=digest.hexdigest(), seconds=size / audio.bytes_per_second,
            sample_rate=audio.sample_rate, encoding=audio.encoding, channels=audio.channels,
        )  # fmt: skip
