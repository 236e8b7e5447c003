"""What the client ends of one Gladia session keep for each other, from socket to socket.

Where the service's clock stands against ours, what it has said, and where speech is still open: that decides when a
turn has ended and which silence is settled.
"""

import math
from collections import deque
from collections.abc import Iterator

import msgspec

from voxport.settings import Settings

MARGIN = 3.0
"""Seconds that the service has to tell of speech in audio that it has had the time to hear."""
LEAD = 0.5
"""Seconds that speech may have begun before it is said to have."""
WORDLESS = 10.0
"""Seconds after the end of speech by which its final, if there is one, has come."""
STEP = 1.0
"""Seconds of silence that are settled at a time."""


class Seam(msgspec.Struct, frozen=True):
    """From ``since`` on the service's clock is ``ahead`` of ours; no time there lies before ``floor`` on ours."""

    since: float
    ahead: float
    floor: float


class Clock:
    """The service counts the audio that it has taken; we count what it has acknowledged.

    The two part when it has taken audio whose acknowledgement was lost: that audio is sent again and, unless the
    service throws it away, counted twice. It shows in the first acknowledgement of a socket. (Which of the two the
    service does is not known.)
    """

    def __init__(self, bytes_per_second: int) -> None:
        """Both start at 0."""
        self._rate = bytes_per_second
        self._taken = 0  # bytes of ours
        self._ahead = 0  # bytes
        self._seams: list[Seam] = []

    def took(self, start: int, end: int, *, first: bool) -> float:
        """The service says that it took these bytes of its count, as the ``first`` that this socket carried. Returns up
        to where it has ours, in seconds.
        """
        if first and start - self._taken != self._ahead:
            floor = (start - self._ahead) / self._rate
            self._ahead = start - self._taken
            since, ahead = start / self._rate, self._ahead / self._rate
            self._seams.append(Seam(since, ahead, floor if ahead > 0 else -math.inf))
        self._taken = max(self._taken, end - self._ahead)
        return self._taken / self._rate

    def at(self, theirs: float) -> float:
        """A time of the service's on our clock."""
        for seam in reversed(self._seams):
            if theirs >= seam.since:
                return max(theirs - seam.ahead, seam.floor)
        return theirs


class Hearing:
    """How far the service must have heard, by its own clock, were it as slow as speech: bursts take their time."""

    def __init__(self) -> None:
        """Nothing was taken."""
        self._busy_until = -math.inf
        self._due: deque[tuple[float, float]] = deque()  # when the audio up to where has long been heard
        self._heard = 0.0
        self._taken = 0.0

    def took(self, until: float, now: float) -> None:
        """It has the audio before ``until``."""
        self._busy_until = max(self._busy_until, now) + until - self._taken
        self._taken = until
        self._due.append((self._busy_until + MARGIN, until))

    def until(self, now: float) -> float:
        """What speech there is before this, it has told of."""
        while self._due and self._due[0][0] <= now:
            self._heard = self._due.popleft()[1]
        return self._heard


class Channel:
    """Speech on one channel. Times are those of our clock; ``now`` is the service's, if it told it.

    A turn is over when the final of what was said last and a ``speech_end`` after it have both come. The final is
    usually second. One that is first may have been cut at the maximum duration: then the ``speech_end`` must follow it
    closely in the audio, and no partial stand.
    """

    def __init__(self, closely: float) -> None:
        """Nothing was said."""
        self._closely = closely
        self.partial = False
        """A partial stands."""
        self._last: float | None = None  # where the last final ended, if its turn has no end yet
        self.silence = 0.0
        """Where speech ended last."""
        self._open: list[float] = []  # where speech began that has no final yet
        self._waits_since: float | None = None  # when speech ended that may still have a final
        self.settled = 0.0
        """Up to where silence was told to be settled."""

    def started(self, at: float) -> None:
        self._open.append(at)

    def guessed(self, start: float, text: str) -> None:
        """A partial came."""
        self.partial = bool(text)
        if text and not self._open:
            self._open.append(start)

    def said(self, start: float, end: float, text: str) -> bool:
        """A final came; true when it ends a turn. Speech must end after the middle of what was said: the edges of words
        come from another model.
        """
        self.partial = False
        self._last = end if text else self._last
        middle = (start + end) / 2
        self._open = [since for since in self._open if since > middle]
        if self.silence > middle:
            return self._turn_ends()
        self._open.insert(0, end)
        return False

    def ended(self, at: float, now: float | None) -> bool:
        """Speech ended; true when a turn does, too."""
        self.silence = at
        if self.partial or at - (self._last or 0.0) > self._closely:
            self._waits_since = now
            return False
        self._open = [since for since in self._open if since > at]
        return self._turn_ends()

    def _turn_ends(self) -> bool:
        ends, self._last = self._last is not None, None
        return ends

    def settle(self, heard: float, now: float) -> float | None:
        """Up to where nothing more will be said, if that is worth telling. What is open waits for its final, but not
        for ever: noise is speech without words, and whether the service says empty finals is not known.
        """
        if self._waits_since is not None and now - self._waits_since > WORDLESS:
            self._open = [since for since in self._open if since > self.silence]
            self._waits_since = None
        until = min([heard, *(since - LEAD for since in self._open)])
        if until < self.settled + STEP:
            return None
        self.settled = until
        return until


class Memory:
    """One session, over all its sockets."""

    def __init__(self, settings: Settings) -> None:
        """Nothing was heard."""
        audio = settings.audio
        silence = settings.transcription.end_of_turn_silence_ms or 0
        self.clock = Clock(audio.bytes_per_second)
        self.hearing = Hearing()
        self.channels = [Channel(0.5 + silence / 1000) for _ in range(audio.channels)]
        self.sockets = 0
        """How many there were."""
        self.recorded: float | None = None
        """Seconds of audio, by the service's count."""
        self._told: set[object] = set()
        self._finals: list[tuple[int, float, float]] = []

    def once(self, *what: object) -> bool:
        """Whether this was not told before: what a socket may have lost, the service may say again on the next."""
        new = what not in self._told
        self._told.add(what)
        return new

    def finished(self, channel: int, start: float, end: float) -> None:
        """A final was told."""
        self._finals.append((channel, start, end))

    def missed(self, channel: int, start: float, end: float) -> bool:
        """No final that was told covers half of this."""
        return not any(
            number == channel and min(end, until) - max(start, since) >= (end - start) / 2
            for number, since, until in self._finals
        )

    def settled(self, now: float) -> Iterator[tuple[int, float]]:
        """Channels, and up to where nothing more will be said on each."""
        heard = self.hearing.until(now)
        for number, channel in enumerate(self.channels):
            until = channel.settle(heard, now)
            if until is not None:
                yield number, until
