"""One clock and one transcript over all the connections of a session."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from voxport.events import AnyEvent, Entities, Sentiments, Transcript, Translation, Word
from voxport.wire import bare

replace = msgspec.structs.replace

TIMES = frozenset({"at", "start", "end", "until"})
"""The fields that hold a time of the audio, in events and their parts."""
SAME_WORD = 0.3
"""Seconds that two connections may differ in about when a word was said, besides an adapter's own slack."""


REMEMBERED = 24
"""Words that are looked at for one that is said again."""


class _Said:
    """What finals have said on one channel: until when, and the last words."""

    def __init__(self) -> None:
        self.until = 0.0
        self.words: tuple[Word, ...] = ()
        self.finals: deque[tuple[str, float | None, float | None]] = deque(maxlen=4)


class Timeline:
    """Moves events from a connection's clock to the session's, and leaves out what was said before."""

    def __init__(self) -> None:
        """The first connection starts at 0."""
        self.base = 0.0
        """Session time of this connection's time zero, in seconds."""
        self._slack = 0.0
        self._overlapping = False
        self._said: dict[int | None, _Said] = {}

    def restart(self, base: float, slack: float = 0.0) -> None:
        """A new connection whose time zero is ``base``; it may repeat what finals have said.

        The ends of those finals may lie ``slack`` seconds behind what was said.
        """
        self.resume(base, slack)

    def resume(self, base: float, slack: float = 0.0) -> None:
        """The same for a connection that goes on with the session, and the clock, of the one before it."""
        self.base = base
        self._slack = slack
        self._overlapping = bool(self._said)

    def place(self, event: AnyEvent) -> AnyEvent | None:
        """The event on the session's clock; ``None`` when an earlier connection has said all of it."""
        placed: Any = shifted(event, self.base) if self.base else event
        match placed:
            case Transcript():
                return self._transcript(placed)
            case Translation(end=float() as end) if self._overlapping and end <= self._of(placed.channel).until:
                return None
            case Entities(items=items) | Sentiments(items=items) if self._overlapping and items:
                until = self._of(placed.channel).until
                kept = tuple(item for item in items if item.end is None or item.end > until)
                return replace(placed, items=kept) if kept else None
        found: AnyEvent = placed
        return found

    def _of(self, channel: int | None) -> _Said:
        return self._said.setdefault(channel, _Said())

    def _transcript(self, heard: Transcript) -> Transcript | None:
        said = self._of(heard.channel)
        placed: Transcript | None = heard
        if self._overlapping and heard.start is not None and heard.start < said.until + self._slack:
            placed = _without(heard, said, self._slack)
        if placed and placed.is_final:
            told = (placed.text, placed.start, placed.end)
            if told in said.finals and placed.start is not None:
                return None  # some provider, or something on the way, said it again
            said.finals.append(told)
        if placed and placed.is_final and placed.end is not None:
            said.until = max(said.until, placed.end)
            said.words = (*said.words, *placed.words)[-REMEMBERED:]
        return placed


def texts(heard: Iterable[AnyEvent]) -> str:
    """The transcript: the finals among ``heard`` joined, minding ``glued``."""
    joined = ""
    for event in heard:
        if isinstance(event, Transcript) and event.is_final:
            joined += event.text if event.glued or not joined else f" {event.text}"
    return joined


Struct = TypeVar("Struct", bound=msgspec.Struct)


def shifted(part: Struct, seconds: float) -> Struct:
    """The same with all its times, and those of its parts, ``seconds`` later."""
    changes: dict[str, Any] = {}
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if name in TIMES and value is not None:
            changes[name] = value + seconds
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changes[name] = tuple(shifted(item, seconds) for item in value)
    return replace(part, **changes) if changes else part


def _without(heard: Transcript, said: _Said, slack: float) -> Transcript | None:
    """``heard`` without the words that ``said`` holds already; ``None`` for nothing."""
    if not heard.words:
        return heard if heard.end is None or heard.end > said.until else None
    kept = _new_words(heard.words, said, slack)
    if not kept or len(kept) == len(heard.words):
        return heard if kept else None
    space = " " if " " in heard.text else ""
    return replace(heard, text=space.join(word.text for word in kept), start=kept[0].start, words=kept)


def _new_words(words: Sequence[Word], said: _Said, slack: float) -> tuple[Word, ...]:
    """Judged by the middle of each word; near the end of what was said, where that is not certain, by its text too."""
    recent = list(said.words)
    kept = []
    for word in words:
        middle = _middle(word)
        if middle is None or middle > said.until + slack:
            kept.append(word)
        elif middle > said.until - slack:
            twin = next((old for old in recent if _same(old, word, slack)), None)
            if twin is None:
                kept.append(word)
            else:
                recent.remove(twin)
    return tuple(kept)


def _same(old: Word, new: Word, slack: float) -> bool:
    before, now = _middle(old), _middle(new)
    near = before is not None and now is not None and abs(before - now) <= slack + SAME_WORD
    return near and bare(old.text) == bare(new.text)


def _middle(word: Word) -> float | None:
    return None if word.start is None or word.end is None else (word.start + word.end) / 2
