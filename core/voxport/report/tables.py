"""The figures of a summary as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from voxport.metrics.difference import KINDS
from voxport.metrics.measure import Measure
from voxport.metrics.summary import Difference, Figures, PairSummary, Statistic, Summary
from voxport.report.comparison import Comparison
from voxport.report.table import Cell, Column, Row, Table
from voxport.report.told import NOTHING, between, beyond, briefly, lasting, told

HEADLINES = (
    "word_error_rate", "disagreement", "first_partial", "word_commit", "final_after_speech", "turn_end",
    "unstable_partial_words", "cost_per_hour",
)  # fmt: skip
"""The measures of the first table, in the order to show, as far as they occur."""
FAILURES_SHOWN = 20
SHOWN_STATISTIC: Statistic = "p50"
"""Of sample measures, what stands for all."""


class Place(msgspec.Struct, frozen=True):
    """What a column of figures is of."""

    measure: Measure
    normaliser: str

    @property
    def statistic(self) -> Statistic:
        """What is compared."""
        return "rate" if self.measure.kind == "ratio" else SHOWN_STATISTIC

    @property
    def title(self) -> str:
        """The head of its column."""
        beside = self.normaliser if self.measure.kind == "ratio" else "median"
        return f"{self.measure.title}, {beside}" if beside else self.measure.title


def places(summary: Summary) -> list[Place]:
    """All that was measured, in the order to show."""
    found: dict[tuple[str, str], Place] = {}
    for label in summary.labels:
        for name, normaliser in _measured(label.figures):
            found[name, normaliser] = Place(summary.measures[name], normaliser)
    order = list(summary.measures)
    normalisers = ["", *(used.name for used in summary.normalisers)]
    return [found[key] for key in sorted(found, key=lambda key: (order.index(key[0]), normalisers.index(key[1])))]


def _measured(figures: Figures) -> Iterable[tuple[str, str]]:
    yield from ((one.measure, one.normaliser) for one in figures.ratios)
    yield from ((one.measure, "") for one in figures.spreads)


def headline(comparison: Comparison) -> Table:
    """Who is best at what matters most, a row for each label, by rank where there is one."""
    summary = comparison.summary
    order = [rank.label for rank in summary.ranking] or [label.label for label in summary.labels]
    ranks = {rank.label: f"{rank.place}{'=' if rank.ties else ''}" for rank in summary.ranking}
    shown = [
        place for name in HEADLINES for place in places(summary)
        if place.measure.name == name and place.normaliser in {"", summary.method.primary}
    ]  # fmt: skip
    first = [Column("", ""), *([Column("place", PLACE)] if ranks else [])]
    columns = [*first, *(Column(place.title, place.measure.definition) for place in shown), Column("sessions")]
    rows = [
        Row(
            name,
            [
                *([Cell(ranks.get(name, NOTHING))] if ranks else []),
                *(cell(summary, summary.label(name).figures, place, name, brief=True) for place in shown),
                sessions(comparison, name),
            ],
            slot_of(summary, name),
        )
        for name in order
    ]
    return Table(scope(summary), columns, rows)


PLACE = (
    "By word error rate. Equal places, and all that the interval of the difference does not tell apart, have an = sign."
)


def scope(summary: Summary) -> str:
    """What the figures are of."""
    seconds = max((label.figures.audio_seconds for label in summary.labels), default=0.0)
    items = len(summary.items)
    return (
        f"{items} recording{'' if items == 1 else 's'}, {lasting(seconds)}; small figures under rates are "
        f"{summary.method.confidence:.0%} intervals; a star: none is known to be better"
    )


def sessions(comparison: Comparison, name: str) -> Cell:
    """How many, and how many went wrong."""
    label = comparison.summary.label(name)
    cut = next(asked.tails_lost for asked in comparison.asked if asked.label == name)
    wrong = ((len(label.failures), "failed"), (cut, "lost their tail"))
    return Cell(str(label.takes), ", ".join(f"{count} {what}" for count, what in wrong if count))


def cell(summary: Summary, figures: Figures, place: Place, label: str | None = None, *, brief: bool = False) -> Cell:
    """A figure; with ``label``, of all its items, it may be the best. ``brief`` tells less beside it."""
    unit = place.measure.unit
    best = label is not None and is_best(summary, label, place)
    if place.measure.kind == "ratio":
        figure = figures.ratio(place.measure.name, place.normaliser)
        if figure is None or figure.value is None:
            return Cell(NOTHING)
        return Cell(told(figure.value, unit, summary.currency), between(figure.interval, unit), best)
    spread = figures.spread(place.measure.name)
    beside = briefly if brief else beyond
    return Cell(NOTHING) if spread is None else Cell(told(spread.median, unit), beside(spread, unit), best)


def is_best(summary: Summary, label: str, place: Place) -> bool:
    """None is known to be better, and it is known to be better than one."""
    verdicts = [
        (pair.first if difference.better == "first" else pair.second)
        for pair in summary.pairs
        if label in {pair.first, pair.second}
        and (difference := pair.difference(place.measure.name, place.normaliser, place.statistic))
        and difference.better in {"first", "second"}
    ]
    return bool(verdicts) and set(verdicts) == {label}


def slot_of(summary: Summary, label: str) -> int:
    """The label's place among all, which gives it its look."""
    return [one.label for one in summary.labels].index(label)


def everything(summary: Summary) -> Table:
    """All that was measured, a row for each measure."""
    columns = [Column("measure"), *(Column(label.label) for label in summary.labels)]
    rows = [
        Row(place.title, [cell(summary, label.figures, place, label.label) for label in summary.labels])
        for place in places(summary)
    ]
    return Table("All figures", columns, rows)


# --------------------------------------------------------------------------- two and two


def differences(summary: Summary) -> Table:
    """Every two labels: the headline figures of the first less those of the second, each with its interval."""
    shown = [
        place for place in places(summary)
        if place.measure.name in HEADLINES and place.normaliser in {"", summary.method.primary}
    ]  # fmt: skip
    rows = [
        Row(f"{pair.first} less {pair.second}", [_difference(pair, place) for place in shown]) for pair in summary.pairs
    ]
    return Table(
        "Two and two, on the recordings that both have: a tie where the interval of the difference covers zero",
        [Column(""), *(Column(place.title, place.measure.definition) for place in shown)], rows,
    )  # fmt: skip


def _difference(pair: PairSummary, place: Place) -> Cell:
    found = pair.difference(place.measure.name, place.normaliser, place.statistic)
    if found is None:
        return Cell(NOTHING)
    unit = place.measure.unit
    sign = "+" if found.difference > 0 else ""
    return Cell(
        f"{sign}{told(found.difference, unit)}",
        "; ".join(filter(None, (between(found.interval, unit), verdict(pair, found)))),
    )


def verdict(pair: PairSummary, found: Difference) -> str:
    """Who is better, in words; nothing where nobody knows."""
    return {"tie": "tie", "first": f"{pair.first} is better", "second": f"{pair.second} is better"}.get(
        found.better, ""
    )


def disagreements(summary: Summary) -> Table:
    """How much every two differ in words, whoever is right."""
    columns = [
        Column(""),
        Column("disagreement", "Words that differ, formatting aside, by words."),
        *(Column(kind) for kind in KINDS),
    ]
    rows = [
        Row(
            f"{pair.first} and {pair.second}",
            [
                Cell(
                    told(pair.disagreement.rate, "share"),
                    f"{pair.disagreement.identical} of {pair.disagreement.items} alike",
                ),
                *(Cell(str(getattr(pair.disagreement, kind))) for kind in KINDS),
            ],
        )
        for pair in summary.pairs
    ]
    return Table("Disagreement, in words: no error, for neither need be right", columns, rows)


def by_tag(summary: Summary) -> Table | None:
    """The error rate of each label on each tag."""
    place = next(
        (p for p in places(summary) if (p.measure.name, p.normaliser) == ("word_error_rate", summary.method.primary)),
        None,
    )
    tags = dict.fromkeys(one.tag for one in summary.tags)
    if place is None or not tags:
        return None
    figures = {(one.tag, one.label): one.figures for one in summary.tags}
    labels = [label.label for label in summary.labels]
    rows = [
        Row(
            tag,
            [
                cell(summary, figures[tag, label], place) if (tag, label) in figures else Cell(NOTHING)
                for label in labels
            ],
        )
        for tag in tags
    ]
    return Table(f"{place.title}, by tag", [Column("tag"), *map(Column, labels)], rows)


# --------------------------------------------------------------------------- what else must be known


def failures(summary: Summary) -> Table | None:
    """The sessions that did not end as they should."""
    found = [(label.label, failure) for label in summary.labels for failure in label.failures]
    if not found:
        return None
    rows = [Row(label, [Cell(failure.item), Cell(failure.why)]) for label, failure in found[:FAILURES_SHOWN]]
    more = f", the first {FAILURES_SHOWN}" if len(found) > FAILURES_SHOWN else ""
    return Table(
        f"Sessions that failed: {len(found)}{more}", [Column("label"), Column("recording"), Column("why")], rows
    )


def definitions(summary: Summary) -> Table:
    """What each measure means."""
    rows = [Row(measure.title, [Cell(measure.unit), Cell(measure.definition)]) for measure in summary.measures.values()]
    return Table("Measures", [Column("measure"), Column("unit"), Column("definition")], rows)


def method(summary: Summary) -> Table:
    """How it was measured."""
    used = [Row(f"normaliser {one.name}", [Cell(one.version)]) for one in summary.normalisers]
    asked = summary.method
    rows: Sequence[Row] = [
        *used,
        Row("ranked by", [Cell(asked.primary)]),
        Row(
            "intervals",
            [Cell(f"{asked.confidence:.0%}, {asked.resamples} paired resamples of whole blocks, seed {asked.seed}")],
        ),
        *(
            Row(
                f"price of {label.label}",
                [Cell(f"{price.per_hour} {summary.currency} an hour, {price.date}, {price.source}")],
            )
            for label in summary.labels
            for price in label.prices
        ),
    ]
    return Table("Method", [Column(""), Column("")], rows)
