"""What was captured and not yet taken: the buffer between the sound system and the consumer."""

import threading
from collections import deque

from voxport.events import Notice


class CaptureBuffer:
    """Blocks of captured audio, the oldest dropped when there are more than ``capacity`` bytes.

    One side puts and never waits for the other; the other takes. What was lost is told once, before the next block:
    the notice ``audio_dropped`` with seconds, or ``input_overflow`` for what the sound system lost, where nobody knows
    how much.
    """

    def __init__(self, capacity: int, bytes_per_second: int) -> None:
        self._capacity = capacity
        self._bytes_per_second = bytes_per_second
        self._blocks: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._overflows = 0
        self._ended = False
        # A plain lock: the sound system's own thread, which Python did not start, takes it too.
        self._changed = threading.Condition(threading.Lock())

    def put(self, block: bytes) -> None:
        """Add a block."""
        with self._changed:
            self._blocks.append(block)
            self._size += len(block)
            while self._size > self._capacity:
                lost = len(self._blocks.popleft())
                self._size -= lost
                self._dropped += lost
            self._changed.notify()

    def note_overflow(self) -> None:
        """The sound system has lost audio."""
        with self._changed:
            self._overflows += 1

    def end(self) -> None:
        """Nothing more will be put: let ``take`` return at once."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Whether ``end`` was called."""
        return self._ended

    def take(self, timeout: float) -> list[bytes | Notice]:
        """The oldest block and, before it, notices of what was lost; waits at most ``timeout`` seconds for either.

        Empty when the time is up, or when the end has come and nothing is left.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._ended, timeout)
            taken: list[bytes | Notice] = [*self._losses()]
            if self._blocks:
                block = self._blocks.popleft()
                self._size -= len(block)
                taken.append(block)
            return taken

    def _losses(self) -> list[Notice]:
        notices: list[Notice] = []
        if self._dropped:
            seconds = self._dropped / self._bytes_per_second
            message = f"{seconds:.1f} s of captured audio dropped: it was not sent before the buffer was full"
            notices.append(Notice(code="audio_dropped", message=message, seconds=seconds))
        if self._overflows:
            message = f"the sound system lost captured audio {self._overflows} times; is the computer overloaded?"
            notices.append(Notice(code="input_overflow", message=message))
        self._dropped = self._overflows = 0
        return notices
