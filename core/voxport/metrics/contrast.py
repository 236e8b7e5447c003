"""Two labels beside each other: every difference with its interval, and a ranking that knows ties."""

from collections.abc import Iterable, Mapping

from voxport.metrics.align import align
from voxport.metrics.board import Board, Entry, Key, Pool, Resampled
from voxport.metrics.case import Case, Method
from voxport.metrics.difference import Disagreement, Piece, Pieces, compare, disagreement
from voxport.metrics.mapsswe import Mapsswe, mapsswe
from voxport.metrics.measure import Measure
from voxport.metrics.statistics import Interval, differences, distribution, interval
from voxport.metrics.summary import Better, Difference, LabelSummary, PairSummary, Rank, Statistic
from voxport.metrics.text import Shown, shown

STATISTICS: tuple[Statistic, ...] = ("p50", "p90", "p95")
"""As ``PERCENTILES``."""


def contrast(board: Board, first: str, second: str, method: Method, measures: Mapping[str, Measure]) -> PairSummary:
    """All that there is to say of two labels, over the items that both have."""
    items = board.items(first, second)
    sides = (board.pool(first, items), board.pool(second, items))
    pairs = list(_pairs(sides[0][0], sides[1][0]))
    return PairSummary(
        first=first, second=second, items=len(items), blocks=len(board.blocks(items)),
        differences=tuple(_Contrast(*sides[0], *sides[1], method, measures).all()) if items else (),
        mapsswe=_mapsswe(pairs), disagreement=_disagreement(pairs),
    )  # fmt: skip


def _pairs(first: Pool, second: Pool) -> Iterable[tuple[Entry, Entry]]:
    """The takes of both on the same item, the first with the first, the second with the second."""
    waiting: dict[str, list[Entry]] = {}
    for entry in second.entries:
        waiting.setdefault(entry.case.item.id, []).append(entry)
    for entry in first.entries:
        others = waiting.get(entry.case.item.id)
        if others:
            yield entry, others.pop(0)


def _mapsswe(pairs: Iterable[tuple[Entry, Entry]]) -> Mapsswe | None:
    told = [(first.case, second.case) for first, second in pairs if first.case.item.text is not None]
    if not told:
        return None
    by = [(first.pairs(first.truth.primary), second.pairs(second.truth.primary)) for first, second in told]
    same = [
        (one, other) for ones, others in by if len(ones) == len(others) for one, other in zip(ones, others, strict=True)
    ]
    return mapsswe((one.blocks, other.blocks) for one, other in same)


def _disagreement(pairs: Iterable[tuple[Entry, Entry]]) -> Disagreement:
    pieces, words = [], 0
    for first, second in pairs:
        here, there = first.case.spoken, second.case.spoken
        words += sum(len(side.plain) for side in (*here.values(), *there.values()))
        pieces.append(beside(first.case, here, there))
    return disagreement(pieces, words / 2)


def beside(case: Case, first: Mapping[int, Shown], second: Mapping[int, Shown]) -> Pieces:
    """The differences of what was heard, channel by channel."""
    nothing = shown(())
    found: list[Piece] = []
    for channel in sorted({*first, *second}):
        here, there = first.get(channel, nothing), second.get(channel, nothing)
        found += compare(here, there, align(here.plain, there.plain), case.truth.primary, case.item.names)
    return tuple(found)


class _Contrast:
    """The differences of two pools that were drawn alike."""

    def __init__(
        self, first: Pool, first_drawn: Resampled | None, second: Pool, second_drawn: Resampled | None,
        method: Method, measures: Mapping[str, Measure],
    ) -> None:  # fmt: skip
        self._first, self._second = first, second
        self._drawn = (first_drawn, second_drawn) if first_drawn and second_drawn else None
        self._confidence = method.confidence
        self._measures = measures

    def all(self) -> Iterable[Difference]:
        """Ratios, then percentiles."""
        for key in self._first.ratios:
            if key in self._second.ratios:
                yield from self._ratio(key)
        for measure in self._first.samples:
            if measure in self._second.samples:
                yield from self._sample(measure)

    def _ratio(self, key: Key) -> Iterable[Difference]:
        (above, below), (other_above, other_below) = self._first.ratios[key], self._second.ratios[key]
        if not below or not other_below:
            return
        around = None
        if self._drawn:
            drawn = differences(self._drawn[0].rates[key], self._drawn[1].rates[key])
            around = interval(drawn, self._confidence)
        yield self._difference(key, "rate", above / below, other_above / other_below, around)

    def _sample(self, measure: str) -> Iterable[Difference]:
        values, others = self._first.samples[measure][0], self._second.samples[measure][0]
        if not values or not others or self._measures[measure].unit != "seconds":
            return
        here, there = distribution(values), distribution(others)
        drawn = None
        if self._drawn:
            drawn = differences(self._drawn[0].percentiles[measure], self._drawn[1].percentiles[measure])
        points = zip((here.median, here.p90, here.p95), (there.median, there.p90, there.p95), strict=True)
        for at, (one, other) in enumerate(points):
            around = None if drawn is None else interval(drawn[:, at], self._confidence)
            yield self._difference(Key(measure), STATISTICS[at], one or 0.0, other or 0.0, around)

    def _difference(
        self, key: Key, statistic: Statistic, first: float, second: float, around: Interval | None
    ) -> Difference:
        return Difference(
            measure=key.measure, normaliser=key.normaliser, statistic=statistic, first=first, second=second,
            difference=first - second, interval=around, better=_better(around, self._measures[key.measure]),
        )  # fmt: skip


def _better(around: Interval | None, measure: Measure) -> Better:
    if around is None or measure.better == "neither":
        return "unknown"
    if around.covers_zero:
        return "tie"
    return "first" if (around.high < 0) == (measure.better == "lower") else "second"


def ranking(labels: Iterable[LabelSummary], pairs: Iterable[PairSummary], primary: str) -> tuple[Rank, ...]:
    """The labels by word error rate. All that may be as good as the best of a place share it."""
    rates = {one.label: figure.value for one in labels if (figure := one.figures.ratio("word_error_rate", primary))}
    known = sorted((value, label) for label, value in rates.items() if value is not None)
    ties = {label: set[str]() for label in rates}
    for pair in pairs:
        difference = pair.difference("word_error_rate", primary)
        if difference and difference.better in {"tie", "unknown"}:
            ties[pair.first].add(pair.second)
            ties[pair.second].add(pair.first)
    places: list[Rank] = []
    best = ""
    for number, (value, label) in enumerate(known, start=1):
        shares = best in ties[label]
        place = places[-1].place if shares else number
        best = best if shares else label
        places.append(Rank(place=place, label=label, value=value, ties=tuple(sorted(ties[label]))))
    return tuple(places)
