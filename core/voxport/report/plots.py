"""The figures of a summary as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from markupsafe import Markup

from voxport.metrics.summary import Summary
from voxport.report import svg
from voxport.report.told import told

DELAYS = ("first_partial", "word_emission", "word_commit", "final_after_speech", "turn_end", "close")
"""Those of which the distribution is drawn, as far as they occur."""
DELAY_OF_ERROR = ("final_after_speech", "word_commit", "first_partial", "close")
"""The first of these that occurs is the delay that errors are drawn against."""
STABILITY = ("unstable_partial_words", "normalised_erasure")
TAGS_SHOWN = 24


class Plot(msgspec.Struct, frozen=True):
    """A picture, and what it shows."""

    caption: str
    picture: Markup


def plots(summary: Summary) -> list[Plot]:
    """All for which there are figures."""
    drawn: list[Plot | None] = [
        *(_delays(summary, name) for name in DELAYS),
        _error_against_delay(summary),
        _errors_by_tag(summary),
        _stability(summary),
    ]
    return [plot for plot in drawn if plot is not None]


def _delays(summary: Summary, name: str) -> Plot | None:
    """How the delays of the recordings are distributed."""
    if name not in summary.measures:
        return None
    measure = summary.measures[name]
    values: dict[str, list[float]] = {label.label: [] for label in summary.labels}
    for item in summary.items:
        for take in item.takes:
            if name in take.values:
                values[take.label].append(take.values[name])
    series = [
        svg.Series(label, slot, svg.cumulative(found)) for slot, (label, found) in enumerate(values.items()) if found
    ]
    if not series:
        return None
    across = svg.axis_over("seconds", _across(series))
    medians = "; ".join(
        f"{label.label}: median {told(spread.median, measure.unit)}"
        for label in summary.labels
        if (spread := label.figures.spread(name))
    )
    picture = svg.lines(
        series, across, svg.Axis("recordings, up to", 0, 1, percent=True), f"{measure.title}. {medians}"
    )
    return Plot(
        f"{measure.title}: the share of recordings with at most this delay (of several in one, the median)", picture
    )


def _error_against_delay(summary: Summary) -> Plot | None:
    name = next((name for name in DELAY_OF_ERROR if name in summary.measures), None)
    if name is None:
        return None
    series = []
    for slot, label in enumerate(summary.labels):
        rate = label.figures.ratio("word_error_rate", summary.method.primary)
        spread = label.figures.spread(name)
        if rate and rate.value is not None and spread and spread.median is not None:
            series.append(svg.Series(label.label, slot, [(spread.median, rate.value)]))
    if not series:
        return None
    title = summary.measures[name].title
    across = svg.axis_over(f"{title}, median, seconds", _across(series))
    up = svg.axis_over("word error rate", _up(series), percent=True)
    said = "; ".join(f"{one.label}: {one.points[0][1]:.1%} at {one.points[0][0]:.2f} s" for one in series)
    return Plot(
        "Word error rate against delay: the nearer to the lower left corner, the better",
        svg.marks(series, across, up, said),
    )


def _errors_by_tag(summary: Summary) -> Plot | None:
    """The tags with the most words first."""
    slots = {label.label: slot for slot, label in enumerate(summary.labels)}
    rows: dict[str, dict[int, float]] = {}
    weight: dict[str, float] = {}
    for one in summary.tags:
        figure = one.figures.ratio("word_error_rate", summary.method.primary)
        if figure and figure.value is not None:
            rows.setdefault(one.tag, {})[slots[one.label]] = figure.value
            weight[one.tag] = max(weight.get(one.tag, 0.0), figure.denominator)
    if not rows:
        return None
    shown = sorted(rows, key=lambda tag: -weight[tag])[:TAGS_SHOWN]
    drawn = [svg.Row(tag, {slot: (value, value, value) for slot, value in rows[tag].items()}) for tag in shown]
    across = svg.axis_over("word error rate", (value for tag in shown for value in rows[tag].values()), percent=True)
    more = f" (the {TAGS_SHOWN} with the most words)" if len(rows) > TAGS_SHOWN else ""
    return Plot(f"Word error rate by tag{more}", svg.dots(drawn, across, f"Word error rate by tag: {', '.join(shown)}"))


def _stability(summary: Summary) -> Plot | None:
    rows = []
    for name in STABILITY:
        values = {
            slot: (figure.value, *_ends(figure.interval, figure.value))
            for slot, label in enumerate(summary.labels)
            if (figure := label.figures.ratio(name)) and figure.value is not None
        }
        if values:
            rows.append(svg.Row(summary.measures[name].title, values))
    if not rows:
        return None
    across = svg.axis_over(
        "words by words of the finals", (end for row in rows for three in row.values.values() for end in three)
    )
    said = ", ".join(row.name for row in rows)
    return Plot(
        "How much partials change: the further left, the steadier the text on the screen", svg.dots(rows, across, said)
    )


def _ends(interval: object, value: float) -> tuple[float, float]:
    return (getattr(interval, "low", value), getattr(interval, "high", value))


def _across(series: Iterable[svg.Series]) -> list[float]:
    return [x for one in series for x, _ in one.points]


def _up(series: Sequence[svg.Series]) -> list[float]:
    return [y for one in series for _, y in one.points]
