"""What a source of audio is, and what all of them share.

A source's iterator is a chain of generators: blocks as they come, cut into chunks (``rechunk``), held back to the pace
of speech where that is wanted (``Pacer``).
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings


@runtime_checkable
class Source(Protocol):
    """Audio to send: a microphone, a file, a pipe."""

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """Chunks of exactly ``audio.chunk_bytes`` in the format that ``audio`` names, and notices between them.

        The last chunk may be shorter; it is never empty and always whole sample frames. Raises ``AudioError`` here or
        from the iterator, then after the audio that was had until the fault.
        """
        ...

    def close(self) -> None:
        """Stop. The iterator ends soon, after what was already captured. Any thread may call it, any number of times;
        once closed, a source yields nothing more.
        """
        ...


def rechunk(blocks: Iterable[bytes | Notice], size: int) -> Iterator[bytes | Notice]:
    """``blocks`` cut anew into chunks of ``size`` bytes, the last one shorter and never empty; notices pass at once.

    An ``AudioError`` that ends ``blocks`` comes after the bytes before it.
    """
    pending = bytearray()
    try:
        for block in blocks:
            if isinstance(block, Notice):
                yield block
                continue
            pending += block
            whole = len(pending) // size * size
            for start in range(0, whole, size):
                yield bytes(pending[start : start + size])
            del pending[:whole]
    except AudioError:
        if pending:
            yield bytes(pending)
        raise
    if pending:
        yield bytes(pending)


class Pacer:
    """Keeps a source to the pace of speech, and knows whether it was closed.

    A chunk passes once its last sample would have been spoken, counted from the first request: deadlines are absolute,
    so nothing drifts, and a consumer that was held up gets what it missed at once, as from a microphone.

    ``realtime`` false lets everything pass as it comes. ``clock`` gives seconds, ``wait`` sleeps for so many; without
    ``wait``, closing interrupts the sleep.
    """

    def __init__(
        self,
        *,
        realtime: bool = True,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._closed = threading.Event()
        self._realtime = realtime
        self._clock = clock
        self._wait = wait or self._closed.wait

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed.is_set()

    def close(self) -> None:
        """Stop waiting, now and ever after; what is still to come passes at once."""
        self._closed.set()

    def pace(self, chunks: Iterable[bytes | Notice], bytes_per_second: int) -> Iterator[bytes | Notice]:
        """``chunks``, each not before its time; notices pass at once."""
        began, passed = self._clock(), 0
        for chunk in chunks:
            if isinstance(chunk, bytes):
                passed += len(chunk)
                self._hold_until(began + passed / bytes_per_second)
            yield chunk

    def _hold_until(self, deadline: float) -> None:
        while self._realtime and not self.closed and (ahead := deadline - self._clock()) > 0:
            self._wait(ahead)
