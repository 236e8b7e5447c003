"""The session's audio as the engine keeps it: cut into messages, and held until nobody can need it again."""

from collections import deque

from voxport.settings import AudioSettings


class AudioLog:
    """Audio in the order it was spoken, from the first byte that may have to be sent again.

    Positions are seconds of the session's audio. Two of them say what is still needed: audio is *settled* when the
    provider has said all about it, and *acknowledged* when a session that can be resumed has taken it. Sent audio older
    than ``limit`` seconds is given up; what ``rewind`` then cannot bring back, it reports.
    """

    def __init__(self, audio: AudioSettings, limit: float) -> None:
        """Cut into messages of ``audio.chunk_bytes``."""
        self._rate = audio.bytes_per_second
        self._frame = audio.frame_bytes
        self._size = audio.chunk_bytes
        self._limit = int(limit * self._rate)
        self._chunks: deque[bytes] = deque()
        self._rest = bytearray()
        self._settled_by = [0] * audio.channels  # byte position before which nothing of a channel is needed
        self._settled = 0  # the least of these
        self._acknowledged = 0
        self._start = 0  # byte position of the first chunk held
        self._next = 0  # index of the first chunk not sent
        self._sent = 0  # byte position after the last chunk sent on this connection
        self._furthest = 0  # the same over all connections
        self._total = 0
        self.resumable = False
        """Audio is held until it is acknowledged, too: the far side counts the bytes."""

    @property
    def furthest(self) -> float:
        """How far the audio has ever been sent."""
        return self._furthest / self._rate

    @property
    def position(self) -> float:
        """How far it has been sent on this connection."""
        return self._sent / self._rate

    @property
    def unsent(self) -> float:
        """How much waits to be sent."""
        return (self._total - self._sent) / self._rate

    @property
    def waits(self) -> bool:
        """A whole message waits to be sent."""
        return self._next < len(self._chunks)

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

    def take(self, seconds: float | None = None) -> list[bytes]:
        """The chunks not sent yet, which count as sent from now on; with ``seconds``, no more than fit into these."""
        until = len(self._chunks)
        if seconds is not None:
            until = min(until, self._next + max(0, int(seconds * self._rate // self._size)))
        # A deque is quick near its ends, and what is not sent stands at its end.
        taken = [self._chunks[at] for at in range(self._next, until)]
        for chunk in taken:
            self._sent += len(chunk)
        self._next += len(taken)
        self._furthest = max(self._furthest, self._sent)
        if self._start + self._size <= self._unneeded():
            self._forget()
        return taken

    def settle(self, until: float, channel: int | None = None) -> None:
        """All has been said about the audio before ``until``: on one channel or, without it, on all."""
        position = self._bytes(until)
        for number in range(len(self._settled_by)) if channel is None else (channel,):
            if number < len(self._settled_by):
                self._settled_by[number] = max(self._settled_by[number], position)
        self._settled = min(self._settled_by)
        self._forget()

    def settle_sent(self) -> None:
        """The same for all that was sent on this connection."""
        self.settle(self.position)

    def acknowledge(self, until: float) -> None:
        """A session that can be resumed has taken the audio before ``until``."""
        self._acknowledged = max(self._acknowledged, self._bytes(until))
        self._forget()

    def rewind(self, *, resuming: bool = False) -> tuple[float, float]:
        """Send again all that is not settled or, when ``resuming``, not acknowledged.

        Returns the position it starts at, and the seconds that are lost.
        """
        self._forget()
        wanted = self._acknowledged if resuming else self._settled
        self._next = 0
        self._sent = self._start
        if resuming:
            self._skip(wanted)
        else:
            self._acknowledged = self._start
        return self._sent / self._rate, max(0, self._sent - wanted) / self._rate

    def _bytes(self, until: float) -> int:
        """A position that a provider has told, which may be any number, within what was sent."""
        return self._furthest if until >= self.furthest else round(max(until, 0.0) * self._rate)

    def _skip(self, until: int) -> None:
        """Count the audio before ``until`` as sent, cutting a chunk in two where it must."""
        while self._next < len(self._chunks) and self._sent < until:
            chunk = self._chunks[self._next]
            left = until - self._sent
            if len(chunk) > left:
                self._chunks[self._next] = chunk[left:]
                self._chunks.insert(self._next, chunk[:left])
            self._sent += min(len(chunk), left)
            self._next += 1

    def _unneeded(self) -> int:
        """The byte position before which sent audio is settled, or older than the limit."""
        needless = min(self._settled, self._acknowledged) if self.resumable else self._settled
        return max(needless, self._sent - self._limit)

    def _forget(self) -> None:
        chunks, until = self._chunks, self._unneeded()
        while self._next and self._start + len(chunks[0]) <= until:
            self._start += len(chunks.popleft())
            self._next -= 1
