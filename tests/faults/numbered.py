"""Words that are numbers in the audio itself, and a recogniser that hears them: what is said can be checked anywhere.

Word *k* is a constant level, ``k + 1`` steps, whose sign is negative in its onset and positive in the rest; silence is
0. So every stretch of audio says which word it belongs to, whatever connection carries it, and whether the word's
beginning was heard. Noise of less than half a step lies under it all, so that no two stretches are alike. Nothing else
may change the samples: 16-bit audio at the recogniser's own rate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from voxport.events import Transcript, Word
from voxport.recogniser import RATE, Heard
from voxport.settings import AudioSettings

if TYPE_CHECKING:
    from voxport.recogniser import Samples

LEVELS = 2000
"""Words that can be told apart; after so many the numbers begin again."""
STEP = 16
"""Of 16-bit full scale."""
ONSET = 0.01
"""Seconds of a word that are its beginning."""
TURN_GAP = 0.2
"""Seconds of silence that end a turn."""
FULL_SCALE = 32_768


class Layout(msgspec.Struct, frozen=True):
    """How speech is spread over time, in seconds: turns of ``per_turn`` words, then a pause."""

    per_turn: int = 3
    word: float = 0.15
    step: float = 0.2
    """From the beginning of a word to that of the next in the turn."""
    pause: float = 0.3

    @property
    def turn(self) -> float:
        """From the beginning of a turn to that of the next."""
        return self.per_turn * self.step + self.pause

    def start(self, number: int) -> float:
        """When word ``number`` begins."""
        return number // self.per_turn * self.turn + number % self.per_turn * self.step

    def end(self, number: int) -> float:
        """When it ends."""
        return self.start(number) + self.word

    def word_of(self, number: int) -> Word:
        """The word as a truthful recogniser tells it."""
        return Word(name(number), self.start(number), self.end(number))


def name(number: int, channel: int = 0) -> str:
    """How word ``number`` is written."""
    return f"w{(number + channel * LEVELS // 2) % LEVELS}"


def turn_audio(layout: Layout, turn: int, rate: int = RATE, channel: int = 0) -> npt.NDArray[np.int16]:
    """The samples of one turn and the pause after it."""
    said = np.zeros(round(layout.turn * rate), np.int16)
    for place in range(layout.per_turn):
        number = turn * layout.per_turn + place + channel * LEVELS // 2
        first, last = round(layout.start(place) * rate), round(layout.end(place) * rate)
        said[first:last] = (number % LEVELS + 1) * STEP
        said[first : first + round(ONSET * rate)] *= -1
    noise: npt.NDArray[np.int16] = np.random.default_rng((turn, channel)).integers(
        -STEP // 2 + 1, STEP // 2, len(said), np.int16
    )
    noise += said
    return noise


def speech(layout: Layout, turns: int, audio: AudioSettings) -> bytes:
    """All turns, without the pause after the last; each channel says words of its own."""
    channels = [
        np.concatenate([turn_audio(layout, turn, audio.sample_rate, channel) for turn in range(turns)])
        for channel in range(audio.channels)
    ]
    end = round(layout.end(turns * layout.per_turn - 1) * audio.sample_rate)
    return np.stack(channels, axis=1)[:end].astype("<i2").tobytes()


# --------------------------------------------------------------------------- hearing


class Numbered:
    """A ``Recogniser`` of such speech. A word is heard where its beginning is: one that began before the stream did is
    passed over. Each word that ends makes a partial; ``TURN_GAP`` of silence, a final.
    """

    name = "numbered"

    def __init__(self, rate: int = RATE, errors: Sequence[float] = (0.0,)) -> None:
        """``rate`` is that of the samples, where they do not come through an ``Ear``. ``errors`` are the seconds by
        which the times of one stream after the other are wrong, over and over.
        """
        self._rate = rate
        self._errors = errors
        self.streams = 0
        """So many have been heard."""

    def listen(self) -> Hearing:
        """See ``Recogniser``."""
        self.streams += 1
        return Hearing(self._rate, self._errors[(self.streams - 1) % len(self._errors)])


class Hearing:
    """One stream; see ``Listening``."""

    def __init__(self, rate: int, error: float = 0.0) -> None:
        self._rate = rate
        self._error = error
        self._passed = 0
        self._last = 0  # the level heard last
        self._quiet = 0  # where the silence began that may end the turn
        self._number: int | None = None  # of the word being said
        self._began = 0
        self._words: list[Word] = []

    def hear(self, samples: Samples, /) -> list[Heard]:
        """See ``Listening``."""
        levels = np.rint(samples * (FULL_SCALE / STEP)).astype(np.int32)
        changes = np.flatnonzero(np.diff(levels, prepend=self._last))
        heard: list[Heard] = []
        for at in changes:
            heard += self._change(int(levels[at]), self._passed + int(at))
        self._passed += len(levels)
        self._last = int(levels[-1]) if len(levels) else self._last
        return [*heard, *self._pause(self._passed)]

    def flush(self) -> list[Heard]:
        """See ``Listening``."""
        self._close(self._passed)
        words, self._words = tuple(self._words), []
        return [Heard.of(words, is_final=True)] if words else []

    def finish(self) -> list[Heard]:
        """See ``Listening``."""
        return self.flush()

    def close(self) -> None:
        """See ``Listening``."""

    def _change(self, level: int, at: int) -> list[Heard]:
        """From ``at`` on, the level is another."""
        if self._number is not None and level == self._number + 1:
            return []  # the onset is over
        heard = self._pause(at) or self._close(at)
        if level < 0:
            self._number, self._began = -level - 1, at
        return heard

    def _close(self, at: int) -> list[Heard]:
        """The word being said is over: a partial."""
        if self._number is None:
            return []
        start, end = (max(0.0, place / self._rate + self._error) for place in (self._began, at))
        self._words.append(Word(name(self._number), start, end, 0.9))
        self._number, self._quiet = None, at
        return [Heard.of(tuple(self._words), is_final=False)]

    def _pause(self, at: int) -> list[Heard]:
        """A final, if it has been quiet for long enough."""
        quiet = self._number is None and self._words and at - self._quiet >= TURN_GAP * self._rate
        return self.flush() if quiet else []


# --------------------------------------------------------------------------- checking


def numbers(text: str) -> list[int]:
    """The words of a text, as numbers."""
    return [int(found) for found in re.findall(r"\bw(\d+)\b", text)]


def said(events: Iterable[object]) -> Iterator[Word]:
    """The words of the finals. Where a provider tells none, they are the text's, and only the ends of it have times."""
    for event in events:
        if isinstance(event, Transcript) and event.is_final:
            yield from event.words or _words_of(event)


def _words_of(final: Transcript) -> list[Word]:
    texts = final.text.split()
    starts = [final.start, *[None] * len(texts)]
    ends = [*[None] * (len(texts) - 1), final.end]
    return [Word(text, start, end, estimated=True) for text, start, end in zip(texts, starts, ends, strict=False)]


def complaints(words: Iterable[Word], layout: Layout, count: int, tolerance: float = 0.03) -> list[str]:
    """What is wrong with a transcript that should be words 0 to ``count``: each once, in order, at its time."""
    told = list(words)
    wanted = [layout.word_of(number) for number in range(count)]
    wrong: list[str] = []
    texts = [word.text for word in told]
    expected = [word.text for word in wanted]
    if texts != expected:
        lost = [text for text in expected if text not in texts]
        twice = sorted({text for text in texts if texts.count(text) > 1})
        wrong.append(f"lost {lost}, twice {twice}, told {' '.join(texts)}")
    starts = [word.start for word in told if word.start is not None]
    wrong += [f"{later:.3f} s after {sooner:.3f} s" for sooner, later in pairwise(starts) if later < sooner]
    by_text = {word.text: word for word in wanted}
    wrong += [
        f"{word.text} at {word.start} to {word.end}, not {true.start:.3f} to {true.end:.3f}"
        for word in told
        if (true := by_text.get(word.text)) and not _near(word, true, tolerance)
    ]
    return wrong


def _near(told: Word, true: Word, tolerance: float) -> bool:
    return all(
        told.estimated if mine is None else theirs is not None and abs(mine - theirs) <= tolerance
        for mine, theirs in ((told.start, true.start), (told.end, true.end))
    )
