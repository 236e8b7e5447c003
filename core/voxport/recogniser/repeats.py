"""Moonshine sometimes gets caught in a loop and says a phrase again and again."""

from __future__ import annotations

from collections.abc import Sequence

_LEAST_TIMES = ((8, 2), (3, 3), (1, 4))
"""Words in a phrase, at least; how many times in a row it must come, at least, to count as a loop."""


def collapsed(text: str) -> str:
    """``text`` with each loop said once.

    A loop is a phrase that comes again without a word between: 8 words or more twice, 3 to 7 words three times, 1 or 2
    words four times. People do say "no, no, no" and "very, very"; hardly ever more. Case and punctuation do not count.
    """
    words = text.split()
    plain = ["".join(filter(str.isalnum, word.lower())) for word in words]
    kept: list[str] = []
    at = 0
    while at < len(words):
        size, times = _loop(plain, at)
        kept += words[at : at + size]
        at += size * times
    return " ".join(kept)


def _loop(plain: Sequence[str], at: int) -> tuple[int, int]:
    """The shortest loop that begins at ``at``: words in the phrase and times it comes; (1, 1) for none."""
    for size in range(1, (len(plain) - at) // 2 + 1):
        times = _times(plain, at, size)
        if times >= next(least for words, least in _LEAST_TIMES if size >= words):
            return size, times
    return 1, 1


def _times(plain: Sequence[str], at: int, size: int) -> int:
    phrase = plain[at : at + size]
    times = 1
    while plain[at + size * times : at + size * (times + 1)] == phrase:
        times += 1
    return times
