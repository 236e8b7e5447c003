"""What a measure is, and what one take contributes to it.

There are two kinds. A *ratio* is pooled: the numerators of all takes by their denominators, so that a long item weighs
as much as its length; never a mean of rates. A *sample* measure collects values, of which percentiles are told; what
should have had a value and has none (a time-out, a word that never came) is counted as missing and is no value.

Each module that measures lists its measures with their definitions: that is the one place where they are defined.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

Unit = Literal["share", "seconds", "words", "words per minute", "currency per hour", "ratio"]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is measured. ``definition`` is for people: the formula, and where it comes from."""

    name: str
    title: str
    kind: Literal["ratio", "samples"]
    unit: Unit
    definition: str
    better: Literal["lower", "higher", "neither"] = "lower"


class Ratio(msgspec.Struct, frozen=True):
    """What one take adds to a ratio; ``normaliser`` tells of which text it is, where that matters."""

    measure: str
    numerator: float
    denominator: float
    normaliser: str = ""


class Sampled(msgspec.Struct, frozen=True):
    """What one take adds to a sample measure: values, and how many are missing."""

    measure: str
    values: tuple[float, ...]
    missing: int = 0


Score: TypeAlias = Ratio | Sampled


def one(measure: str, start: float | None, end: float | None) -> Sampled:
    """The seconds from ``start`` to ``end``; missing unless both came."""
    if start is None or end is None:
        return Sampled(measure, (), 1)
    return Sampled(measure, (end - start,))


def table(*parts: Iterable[Measure]) -> Mapping[str, Measure]:
    """Measures by name."""
    return {measure.name: measure for part in parts for measure in part}
