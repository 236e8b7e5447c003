"""Raw audio from a pipe."""

import select
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from voxport.audio.source import Pacer, rechunk
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings

_POLL_MS = 100


class RawStream:
    """Headerless audio, already in the session's format, from a binary file such as standard input.

    What a short read brings is passed on with the chunk it completes, without waiting for more than that chunk. The
    file stays the caller's: it is not closed. ``realtime`` holds the audio back to the pace of speech, for a stream
    that has no pace of its own.

    ``close`` ends a wait for data within 0.1 s where the system can poll the file, otherwise (Windows; a file without
    descriptor) with the next data. Raises ``AudioError`` from the iterator for a stream without audio, or a read that
    fails. An incomplete sample frame at the end is dropped, with the notice ``partial_frame``.
    """

    def __init__(self, file: BinaryIO, *, realtime: bool = False, pacer: Pacer | None = None) -> None:
        self._file: Any = file
        self._pacer = pacer or Pacer(realtime=realtime)

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """The rest of the stream; see ``Source``."""
        chunks = rechunk(self._blocks(audio.chunk_bytes), audio.chunk_bytes)
        return self._pacer.pace(self._whole_frames(chunks, audio.frame_bytes), audio.bytes_per_second)

    def close(self) -> None:
        """End the iterator after what was read; see ``Source``."""
        self._pacer.close()

    def _blocks(self, size: int) -> Iterator[bytes]:
        read = getattr(self._file, "read1", self._file.read)
        ready = _readiness(self._file)
        try:
            while not self._pacer.closed:
                if not ready():
                    continue
                if not (block := read(size)):
                    return
                yield block
        except (OSError, ValueError) as error:
            # ValueError is Python's answer to a file that was closed.
            raise AudioError(f"the audio stream cannot be read: {error}; check the program that writes it") from None

    def _whole_frames(self, chunks: Iterator[bytes | Notice], frame: int) -> Iterator[bytes | Notice]:
        heard = False
        for chunk in chunks:
            if isinstance(chunk, Notice):
                yield chunk
                continue
            excess = len(chunk) % frame
            if whole := chunk[: len(chunk) - excess]:
                heard = True
                yield whole
            if excess:
                yield _partial_frame(excess, frame)
        if not heard and not self._pacer.closed:
            raise AudioError("the audio stream is empty; pipe raw audio in the format of the section 'audio' into it")


def _partial_frame(excess: int, frame: int) -> Notice:
    text = f"the audio stream ended inside a sample frame: {excess} of {frame} bytes dropped; is audio.encoding right?"
    return Notice(code="partial_frame", message=text)


def _readiness(file: Any) -> Callable[[], bool]:
    """A function that waits a little and says whether a read would return at once, or fail."""
    try:
        descriptor = file.fileno()
        poll = select.poll()
    except (AttributeError, OSError):
        return lambda: True
    poll.register(descriptor, select.POLLIN)
    return lambda: bool(poll.poll(_POLL_MS))
