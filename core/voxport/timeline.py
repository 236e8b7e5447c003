"""One clock and one transcript over all the connections of a session."""

from collections.abc import Iterable

import msgspec

from voxport.events import Acknowledged, AnyEvent, SpeechStarted, Transcript, TurnEnded, Word

replace = msgspec.structs.replace


class Timeline:
    """Moves events from a connection's clock to the session's, and leaves out what was said before."""

    def __init__(self) -> None:
        """The first connection starts at 0."""
        self.base = 0.0
        """Session time of this connection's time zero, in seconds."""
        self._overlapping = False
        self._final_until = 0.0

    def restart(self, base: float) -> None:
        """A new connection whose time zero is ``base``; it may repeat what finals have said."""
        self.base = base
        self._overlapping = True

    def place(self, event: AnyEvent) -> AnyEvent | None:
        """The event on the session's clock; ``None`` when an earlier connection has said all of it."""
        match event:
            case Transcript():
                return self._transcript(event)
            case Acknowledged(until=until) if self.base:
                return replace(event, until=self.base + until)
            case SpeechStarted(at=at) | TurnEnded(at=at) if self.base and at is not None:
                return replace(event, at=self.base + at)
            case _:
                return event

    def _transcript(self, heard: Transcript) -> Transcript | None:
        placed: Transcript | None = _shifted(heard, self.base) if self.base else heard
        if self._overlapping and placed and placed.start is not None and placed.start < self._final_until:
            placed = _after(placed, self._final_until)
        if placed and placed.is_final and placed.end is not None:
            self._final_until = max(self._final_until, placed.end)
        return placed


def texts(heard: Iterable[AnyEvent]) -> str:
    """The transcript: the finals among ``heard`` joined, minding ``glued``."""
    joined = ""
    for event in heard:
        if isinstance(event, Transcript) and event.is_final:
            joined += event.text if event.glued or not joined else f" {event.text}"
    return joined


def _shifted(heard: Transcript, base: float) -> Transcript:
    words = tuple(replace(word, start=_plus(word.start, base), end=_plus(word.end, base)) for word in heard.words)
    return replace(heard, start=_plus(heard.start, base), end=_plus(heard.end, base), words=words)


def _plus(seconds: float | None, base: float) -> float | None:
    return None if seconds is None else seconds + base


def _after(heard: Transcript, until: float) -> Transcript | None:
    """What of ``heard`` lies after ``until``, judged by the middle of each word; ``None`` for nothing."""
    if not heard.words:
        return heard if heard.end is None or heard.end > until else None
    kept = tuple(word for word in heard.words if not _before(word, until))
    if not kept or len(kept) == len(heard.words):
        return heard if kept else None
    return replace(heard, text=" ".join(word.text for word in kept), start=kept[0].start, words=kept)


def _before(word: Word, until: float) -> bool:
    return word.start is not None and word.end is not None and (word.start + word.end) / 2 <= until
