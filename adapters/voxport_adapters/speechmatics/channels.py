"""Audio of several channels, apart as it travels and together as voxport has it: sample by sample in turn."""

from collections.abc import Sequence
from typing import Literal

_CODES: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}
"""How to move samples of so many bytes; what they mean does not matter here."""


def split(data: bytes, channels: int, width: int) -> list[bytes]:
    """The audio of each channel; ``width`` is the bytes of one sample."""
    samples = memoryview(data).cast(_CODES[width])
    return [samples[at::channels].tobytes() for at in range(channels)]


class Joiner:
    """Puts channels together that come in pieces of any size, one ahead of the other.

    What is ahead waits. A channel that has ended is silent from then on.
    """

    def __init__(self, channels: int, width: int, silence: bytes) -> None:
        """``silence`` is one byte of it."""
        self._waiting = [bytearray() for _ in range(channels)]
        self._open = set(range(channels))
        self._width = width
        self._silence = silence

    def add(self, channel: int, data: bytes) -> bytes:
        """What ``data`` makes whole."""
        self._waiting[channel] += data
        return self._take()

    def end(self, channels: Sequence[int]) -> bytes:
        """The same for the end of ``channels``."""
        self._open -= set(channels)
        return self._take()

    def is_open(self, channel: int) -> bool:
        """More may come of it."""
        return channel in self._open

    @property
    def over(self) -> bool:
        """No more can come."""
        return not self._open

    def _take(self) -> bytes:
        lengths = [len(waiting) for waiting in self._waiting]
        ready = min(lengths[at] for at in self._open) if self._open else max(lengths)
        ready -= ready % self._width
        joined = memoryview(bytearray(ready * len(lengths))).cast(_CODES[self._width])
        for at, waiting in enumerate(self._waiting):
            piece = bytes(waiting[:ready]).ljust(ready, self._silence)
            joined[at :: len(lengths)] = memoryview(piece).cast(_CODES[self._width])
            del waiting[:ready]
        return joined.tobytes()
