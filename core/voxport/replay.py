"""The session's audio as the engine keeps it: cut into messages, and held until nobody can need it again."""

from collections import deque

from voxport.settings import AudioSettings


class AudioLog:
    """Audio in the order it was spoken, from the first byte that may have to be sent again.

    Positions are seconds of the session's audio. Sent audio older than ``limit`` seconds is given up; what ``rewind``
    then cannot bring back, it reports.
    """

    def __init__(self, audio: AudioSettings, limit: float) -> None:
        """Cut into messages of ``audio.chunk_bytes``."""
        self._rate = audio.bytes_per_second
        self._frame = audio.frame_bytes
        self._size = audio.chunk_bytes
        self._limit = int(limit * self._rate)
        self._chunks: deque[bytes] = deque()
        self._rest = bytearray()
        self._start = 0  # byte position of the first chunk held
        self._settled = 0  # byte position before which nothing is needed
        self._next = 0  # index of the first chunk not sent
        self._sent = 0  # byte position after the last chunk sent on this connection
        self._furthest = 0  # the same over all connections
        self._total = 0

    @property
    def furthest(self) -> float:
        """How far the audio has ever been sent."""
        return self._furthest / self._rate

    @property
    def unsent(self) -> float:
        """How much waits to be sent."""
        return (self._total - self._sent) / self._rate

    def append(self, data: bytes) -> None:
        """Add audio of any length; a chunk is sent when it is full."""
        self._total += len(data)
        if len(data) == self._size and not self._rest:
            self._chunks.append(data)
            return
        self._rest += data
        whole = len(self._rest) - len(self._rest) % self._size
        self._chunks.extend(bytes(self._rest[at : at + self._size]) for at in range(0, whole, self._size))
        del self._rest[:whole]

    def flush(self) -> int:
        """Make what is left a last, shorter chunk; returns the bytes dropped because they are no whole sample frame."""
        odd = len(self._rest) % self._frame
        if len(self._rest) > odd:
            self._chunks.append(bytes(self._rest[: len(self._rest) - odd]))
        self._rest.clear()
        self._total -= odd
        return odd

    def take(self) -> list[bytes]:
        """The chunks not sent yet, which count as sent from now on."""
        chunks = self._chunks
        taken = [chunks[at] for at in range(self._next, len(chunks))]
        for chunk in taken:
            self._sent += len(chunk)
        self._next = len(chunks)
        self._furthest = max(self._furthest, self._sent)
        if self._start + self._size <= max(self._settled, self._sent - self._limit):
            self._forget()
        return taken

    def settle(self, until: float) -> None:
        """Nothing before ``until`` will be needed again."""
        self._settled = max(self._settled, min(round(until * self._rate), self._furthest))
        self._forget()

    def rewind(self) -> tuple[float, float]:
        """Send again all that is not settled. Returns the position it starts at, and the seconds that are lost."""
        self._forget()
        self._next = 0
        self._sent = self._start
        return self._start / self._rate, max(0, self._start - self._settled) / self._rate

    def _forget(self) -> None:
        """Drop sent chunks that are settled, or older than the limit."""
        chunks = self._chunks
        given_up = self._sent - self._limit
        while self._next and self._start + len(chunks[0]) <= max(self._settled, given_up):
            self._start += len(chunks.popleft())
            self._next -= 1
