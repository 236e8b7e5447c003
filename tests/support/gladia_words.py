"""Speech that can be checked: numbered words, whose audio tells which they are, and a recogniser that reads it.

A word is heard when all of it arrives, once and in one piece; else it is misheard, and shows it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from voxport.events import Word
from voxport.recogniser import Heard

RATE = 16_000
BLOCK = 320
"""Samples of 20 ms, in which an ``Ear`` hears."""
WORD, PAUSE, SILENCE = 10, 3, 15
"""Blocks of a word, of the pause after it, and of the silence after each utterance."""
LOUD = 200


def speech(utterances: int, words: int = 3) -> tuple[bytes, list[tuple[str, float, float]]]:
    """s16le audio, and what is said in it: each word with start and end, in seconds. No two pieces are the same."""
    audio, said = [0] * (SILENCE * BLOCK), []
    number = 0
    for _ in range(utterances):
        for _ in range(words):
            number += 1
            said.append((str(number), len(audio) / RATE, (len(audio) + WORD * BLOCK) / RATE))
            audio += [number * LOUD] * (WORD * BLOCK) + [0] * (PAUSE * BLOCK)
        audio += [0] * (SILENCE * BLOCK)
    noise = np.random.default_rng(7).integers(-50, 50, len(audio))
    return (np.array(audio) + noise).astype("<i2").tobytes(), said


class Numbered:
    """The recogniser."""

    name = "numbered"

    def listen(self) -> "Reading":
        return Reading()


class Reading:
    """One stream."""

    def __init__(self) -> None:
        self._passed = 0
        self._words: list[Word] = []
        self._current, self._since, self._quiet = 0, 0, 0

    def hear(self, samples: npt.NDArray[np.float32], /) -> list[Heard]:
        number = round(float(np.mean(samples)) * 32768 / LOUD) if len(samples) else 0
        heard = self._turn(number) if number != self._current else []
        self._passed += len(samples)
        self._quiet = 0 if number else self._quiet + 1
        return heard + (self.flush() if self._quiet == SILENCE - 3 else [])

    def _turn(self, number: int) -> list[Heard]:
        """Another word, or none, begins here."""
        if self._current:
            whole = self._passed - self._since == WORD * BLOCK
            text = str(self._current) if whole else f"{self._current}?"
            self._words.append(Word(text, self._since / RATE, self._passed / RATE, 0.9))
        self._current, self._since = number, self._passed
        return [Heard.of(tuple(self._words), is_final=False)] if self._words and not number else []

    def flush(self) -> list[Heard]:
        words, self._words = tuple(self._words), []
        return [Heard.of(words, is_final=True)] if words else []

    def finish(self) -> list[Heard]:
        self._turn(0)
        return self.flush()

    def close(self) -> None:
        self._words = []


def told(finals: list[Any]) -> list[tuple[str, float, float]]:
    """The words of finals, as ``speech`` lists them."""
    return [(word.text, round(word.start, 2), round(word.end, 2)) for final in finals for word in final.words]
