"""From a stream of audio to lines, each recognised on its own: what every real recogniser here has in common.

All decisions are made at fixed blocks of 0.1 s and each reading is a function of the line's samples, so that a stream
sounds the same however it is cut. A line is read again every update interval, or every tenth of its length when that is
longer, so that the cost of long lines stays in proportion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voxport.events import Word
from voxport.recogniser import RATE, Heard
from voxport.recogniser.endpoint import Endpointer
from voxport.recogniser.estimate import spread

if TYPE_CHECKING:
    from voxport.recogniser import Samples

BLOCK = RATE // 10
"""Samples of one step: 0.1 s."""

_LEAD_IN = 3 * BLOCK
"""Audio kept before the first voice of a line: weak consonants are no voice to a detector."""

_LEAD_OUT = 3 * BLOCK
"""Silence added to a line that is cut off: without it the last word is often lost."""

_HISTORY = 6 * BLOCK
"""Audio remembered while nobody speaks: the window in which speech begins, and the lead-in."""

_LONGEST = 200 * BLOCK
"""A line of 20 s is cut, at the quietest moment of its last 4 s."""

_CUT_WINDOW = 40


@dataclass(frozen=True)
class Line:
    """The audio of one utterance so far. It goes from ``start`` to ``end`` and voice from ``voice_start`` to
    ``voice_end``, all counted in samples of the stream; ``samples`` may go on beyond ``end`` with silence.
    """

    samples: Samples
    start: int
    end: int
    voice_start: int
    voice_end: int

    def spread(self, text: str) -> tuple[Word, ...]:
        """``text`` as words whose times are estimated."""
        return spread(text.split(), self.voice_start / RATE, self.voice_end / RATE)


class Reader(Protocol):
    """Recognises one line; may keep what it found out from one reading to the next."""

    def partial(self, line: Line, /) -> str:
        """The text of the line so far."""
        ...

    def final(self, line: Line, /) -> tuple[Word, ...]:
        """The words of the whole line, with times inside it."""
        ...


class LineListening:
    """A ``Listening`` that finds the lines in a stream and has each read by a fresh reader."""

    def __init__(self, open_reader: Callable[[], Reader], update_seconds: float) -> None:
        """``update_seconds``: how much audio passes between two partials, rounded up to 0.1 s."""
        self._open_reader = open_reader
        self._interval = round(update_seconds * RATE)
        self._endpointer = Endpointer()
        self._rest = _nothing()
        self._history = _nothing()
        self._position = 0
        self._line: _Open | None = None
        self._closed = False

    def hear(self, samples: Samples, /) -> list[Heard]:
        """See ``Listening``."""
        audio = np.concatenate((self._rest, samples))
        whole = len(audio) - len(audio) % BLOCK
        self._rest = audio[whole:]
        return [heard for at in range(0, whole, BLOCK) for heard in self._step(audio[at : at + BLOCK])]

    def flush(self) -> list[Heard]:
        """See ``Listening``."""
        heard = self._step(self._rest) if len(self._rest) else []
        self._rest = _nothing()
        if self._line is None and self._endpointer.may_have_begun:
            self._line = self._begin()
        if self._line is not None:
            heard += self._end(self._line, lead_out=_LEAD_OUT)
        self._history = _nothing()
        self._endpointer.interrupt()
        return heard

    def finish(self) -> list[Heard]:
        """See ``Listening``."""
        heard = [] if self._closed else self.flush()
        self.close()
        return heard

    def close(self) -> None:
        """See ``Listening``."""
        self._closed = True
        self._line = None

    def _step(self, block: Samples) -> list[Heard]:
        self._position += len(block)
        speaking = self._endpointer.hear(block)
        if self._line is None:
            self._history = np.concatenate((self._history, block))[-_HISTORY:]
            self._line = self._begin() if speaking else None
            return []
        self._line.blocks.append(block)
        if not speaking:
            return self._end(self._line)
        if self._line.length >= _LONGEST:
            return self._cut(self._line)
        return self._line.update(self._interval, self._voice_end)

    @property
    def _voice_end(self) -> int:
        return self._position - self._endpointer.trail

    def _begin(self) -> _Open:
        voice_start = self._position - self._endpointer.lead
        start = max(voice_start - _LEAD_IN, self._position - len(self._history))
        blocks = [self._history[len(self._history) - (self._position - start) :]]
        self._history = _nothing()
        return _Open(self._open_reader(), blocks, start, max(voice_start, start))

    def _end(self, line: _Open, lead_out: int = 0) -> list[Heard]:
        self._line = None
        return line.end(self._voice_end, lead_out)

    def _cut(self, line: _Open) -> list[Heard]:
        loudness = [float(np.square(block).sum()) for block in line.blocks[-_CUT_WINDOW:]]
        first = len(line.blocks) - len(loudness) + int(np.argmin(loudness)) + 1
        rest = line.blocks[first:]
        middle = self._position - sum(map(len, rest))
        line.blocks = line.blocks[:first]
        self._line = _Open(self._open_reader(), rest, middle, middle)
        return line.end(middle, 0)


class _Open:
    """A line that is being spoken."""

    def __init__(self, reader: Reader, blocks: list[Samples], start: int, voice_start: int) -> None:
        self.reader = reader
        self.blocks = blocks
        self.start = start
        self.voice_start = voice_start
        self.said = ""
        self.read_at = 0

    @property
    def length(self) -> int:
        return sum(map(len, self.blocks))

    def so_far(self, voice_end: int) -> Line:
        voice_end = max(voice_end, self.voice_start)
        return Line(np.concatenate(self.blocks), self.start, self.start + self.length, self.voice_start, voice_end)

    def update(self, interval: int, voice_end: int) -> list[Heard]:
        """A partial, when one is due and says something new."""
        if self.length - self.read_at < max(interval, self.length // 10):
            return []
        self.read_at = self.length
        line = self.so_far(voice_end)
        text = " ".join(self.reader.partial(line).split())
        if not text or text == self.said:
            return []
        self.said = text
        return [Heard.of(line.spread(text), is_final=False)]

    def end(self, voice_end: int, lead_out: int) -> list[Heard]:
        """The final; nothing, when nothing was said and no partial claimed otherwise."""
        line = self.so_far(voice_end)
        padded = replace(line, samples=np.concatenate((line.samples, np.zeros(lead_out, np.float32))))
        words = self.reader.final(padded)
        if words:
            return [Heard.of(words, is_final=True)]
        return [Heard("", line.voice_start / RATE, line.voice_end / RATE, (), True)] if self.said else []


def _nothing() -> Samples:
    return np.empty(0, np.float32)
