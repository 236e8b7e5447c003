"""Word times where none were measured."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from voxport.events import Word


def spread(texts: Sequence[str], start: float, end: float) -> tuple[Word, ...]:
    """Words without measured times, spread over ``start`` to ``end`` (seconds) by their length."""
    total = sum(map(_weight, texts))
    passed = accumulate(map(_weight, texts), initial=0)
    edges = [round(start + (end - start) * part / total, 3) for part in passed]
    return tuple(Word(text, *edge, estimated=True) for text, edge in zip(texts, pairwise(edges), strict=True))


def _weight(text: str) -> int:
    return len(text) + 1
