"""The figures of a comparison as plain values: what a report, a table or JSON is made from."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from voxport.metrics.align import Counts
from voxport.metrics.case import Method
from voxport.metrics.cost import Price
from voxport.metrics.difference import Disagreement, Piece
from voxport.metrics.mapsswe import Mapsswe
from voxport.metrics.measure import Measure
from voxport.metrics.statistics import Distribution, Interval
from voxport.take import Outcome


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio, pooled. ``value`` is ``None`` where there was nothing to divide by."""

    measure: str
    normaliser: str = ""
    value: float | None
    numerator: float
    denominator: float
    interval: Interval | None = None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """What was sampled."""

    measure: str
    distribution: Distribution


class Failure(msgspec.Struct, frozen=True):
    """A take that did not end as it should, and why."""

    item: str
    outcome: Outcome
    why: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of some takes of one label."""

    takes: int
    """Takes that are measured: the provider had accepted the session, and nothing else than it stopped it. What is lost
    in one that failed later counts as lost."""
    audio_seconds: float
    ratios: tuple[Figure, ...]
    spreads: tuple[Spread, ...]

    def ratio(self, measure: str, normaliser: str = "") -> Figure | None:
        """One of the ratios."""
        return next((one for one in self.ratios if (one.measure, one.normaliser) == (measure, normaliser)), None)

    def spread(self, measure: str) -> Distribution | None:
        """One of the spreads."""
        return next((one.distribution for one in self.spreads if one.measure == measure), None)


class LabelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was compared."""

    label: str
    provider: str
    model: str
    takes: int
    """All of them, also those that are not measured."""
    failures: tuple[Failure, ...]
    prices: tuple[Price, ...]
    """What the costs were reckoned by."""
    figures: Figures


Statistic = Literal["rate", "p50", "p90", "p95"]
Better = Literal["first", "second", "tie", "unknown"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first label's figure less the second's, over the items that both have.

    ``better`` is a ``tie`` when the interval covers zero; without an interval, or where neither more nor less is
    better, it is ``unknown``.
    """

    measure: str
    normaliser: str = ""
    statistic: Statistic
    first: float
    second: float
    difference: float
    interval: Interval | None
    better: Better


class PairSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Two labels, over the items that both have."""

    first: str
    second: str
    items: int
    blocks: int
    """Calls or speakers that were resampled."""
    differences: tuple[Difference, ...]
    mapsswe: Mapsswe | None
    """By the primary normaliser; ``None`` without references."""
    disagreement: Disagreement

    def difference(self, measure: str, normaliser: str = "", statistic: Statistic = "rate") -> Difference | None:
        """One of the differences."""
        wanted = (measure, normaliser, statistic)
        return next((one for one in self.differences if (one.measure, one.normaliser, one.statistic) == wanted), None)


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """A place by word error rate; all labels whose difference to the best of a place may be none share it."""

    place: int
    label: str
    value: float
    ties: tuple[str, ...]
    """The labels to which the difference may be none."""


class TagSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One label on the items with one tag."""

    tag: str
    label: str
    figures: Figures


class ItemWords(msgspec.Struct, frozen=True):
    """The word errors of one take."""

    normaliser: str
    counts: Counts


class TakeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One take in detail. ``values`` has of each ratio the rate by the primary normaliser, of each sample measure the
    median; ``pieces`` are the words beside ``ItemSummary.against``.
    """

    label: str
    outcome: Outcome
    why: str
    text: str
    words: tuple[ItemWords, ...]
    values: Mapping[str, float]
    pieces: tuple[Piece, ...]


class ItemSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One item with all its takes. ``against`` is what they are laid beside: ``reference`` or, where there is none, the
    label whose take comes first.
    """

    id: str
    reference: str | None
    against: str
    takes: tuple[TakeSummary, ...]


class NormaliserUsed(msgspec.Struct, frozen=True):
    """A normaliser and what exactly it was."""

    name: str
    version: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    method: Method
    normalisers: tuple[NormaliserUsed, ...]
    currency: str
    measures: Mapping[str, Measure]
    """Those that occur, by name, in the order to show."""
    labels: tuple[LabelSummary, ...]
    ranking: tuple[Rank, ...]
    """Empty without references."""
    pairs: tuple[PairSummary, ...]
    tags: tuple[TagSummary, ...]
    items: tuple[ItemSummary, ...]

    def label(self, name: str) -> LabelSummary:
        """One of the labels. Raises ``KeyError``."""
        found = {one.label: one for one in self.labels}
        return found[name]
