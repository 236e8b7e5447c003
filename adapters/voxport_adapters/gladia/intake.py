"""The audio of a Gladia session at its server end, over all sockets: heard once, however often it is sent.

A client sends again what it has no acknowledgement of, and nothing travels with it that tells where it belongs. So it
is known by its bytes: where they were heard before is where the client stands, and tells which messages it has had.
"""

from collections import deque

from voxport.settings import AudioSettings

WINDOW = 30.0
"""Seconds of audio that are remembered to know again what is sent again."""
WHOLE = 1 << 24
"""Bytes up to which a recording is kept whole."""


class Recording:
    """What was heard, by position in the session's audio: all of it or, when that is too much, its last seconds."""

    def __init__(self, window: int) -> None:
        """Empty; the last ``window`` bytes are kept in any case."""
        self._window = window
        self._audio = bytearray()
        self.start = 0
        """Position of the first byte held."""
        self._wanted = True

    @property
    def end(self) -> int:
        """Position after the last byte."""
        return self.start + len(self._audio)

    @property
    def whole(self) -> bytes | None:
        """All that was heard, while that is kept."""
        return bytes(self._audio) if self._wanted and not self.start else None

    def append(self, data: bytes) -> None:
        """Add what was heard next."""
        self._audio += data
        surplus = len(self._audio) - (WHOLE if self._wanted else self._window)
        if surplus > 0:
            self._wanted = False
            surplus = max(0, len(self._audio) - self._window)
            del self._audio[:surplus]
            self.start += surplus

    def give_up(self) -> None:
        """Keep no more than the last seconds from now on."""
        self._wanted = False

    def discard(self) -> None:
        """Keep nothing; for when no more will come."""
        self._wanted, self._audio = False, bytearray()

    def cut(self, position: int) -> None:
        """Forget what was heard from ``position`` on."""
        del self._audio[max(0, position - self.start) :]

    def same(self, position: int, data: bytes) -> bool:
        """It is what was heard from ``position`` on, as far as that goes."""
        at = position - self.start
        heard = bytes(self._audio[at : at + len(data)]) if at >= 0 else b""
        return bool(heard) and data.startswith(heard)


class Intake:
    """Counts a session's bytes: those that the client has had acknowledged, and those that were heard.

    Positions are those of the client's audio.
    """

    def __init__(self, audio: AudioSettings) -> None:
        """Nothing was received."""
        self._rate = audio.bytes_per_second
        self._frame = audio.frame_bytes
        self._window = int(WINDOW * self._rate)
        self.recording = Recording(self._window)
        self.taken = 0
        """How much is acknowledged."""
        self._marks: deque[int] = deque([0])  # what ``taken`` has been
        self._next = 0  # the position of what the client sends next
        self._given = 0  # how far whoever hears it was given the audio
        self._fed = 0  # how many bytes these were
        self._pending: deque[tuple[int, bytes]] = deque()  # chunks to acknowledge once they are heard, and what of them
        self.placed = True
        """It is known where the client stands."""

    @property
    def seconds(self) -> float:
        """How much is acknowledged."""
        return self.taken / self._rate

    @property
    def ahead(self) -> float:
        """Seconds from the clock of whoever hears to that of the session."""
        return (self._given - self._fed) / self._rate

    @property
    def remembered(self) -> int:
        """The position from which on what is sent again is known again."""
        return self.recording.end - self._window

    def listen_anew(self) -> None:
        """Whoever hears from now on has heard nothing."""
        self._given, self._fed = self.recording.end, 0

    def reopen(self) -> None:
        """Another socket: the client will show where it stands. What no one has said to have heard was not."""
        self._pending.clear()
        self._fed -= self._given - self.recording.end
        self._given = self.recording.end
        self.placed = False

    def place(self, data: bytes = b"") -> None:
        """The first audio of a socket, if there is any, shows where the client stands: ``taken`` goes back to there.

        What repeats itself, as silence does, shows nothing. Then all counts as acknowledged, for a client that is told
        of less than it knows of loses audio; what it sends again is heard twice.
        """
        self.placed = True
        repeats = data == data[: self._frame] * (len(data) // self._frame)
        found = {at for at in self._marks if at >= self.remembered and not repeats and self.recording.same(at, data)}
        if len(found) == 1:
            self.taken = found.pop()
        self._next = self.taken

    def take(self, data: bytes) -> bytes:
        """What of ``data`` is to be heard: what was not heard already."""
        known = min(len(data), max(0, self._given - self._next))
        if known and not self.recording.same(self._next, data[:known]):
            # Something else than was sent before: the client has its reasons, and is heard.
            self.recording.cut(self._next)
            self._given, known = self._next, 0
        new = data[known:]
        self._next += len(data)
        self._given += len(new)
        self._fed += len(new)
        self._pending.append((len(data), new))
        return new

    def acknowledge(self, *, heard: bool = True) -> tuple[int, int] | None:
        """The range that can be said to be taken, once what was given is ``heard``; ``None`` when there is none."""
        start = self.taken
        while self._pending and (heard or not self._pending[0][1]):
            size, new = self._pending.popleft()
            self.recording.append(new)
            self.taken += size
            heard = False
        if self.taken == start:
            return None
        self._marks.append(self.taken)
        while self._marks[0] < self.remembered:
            self._marks.popleft()
        return start, self.taken
