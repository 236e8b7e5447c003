"""Plots as SVG, in plain Python: no script, sharp at any size, and with a text for those who hear the page.

Each series has a colour of a palette that the colour-blind can tell apart (Okabe and Ito's), and a dash or mark of its
own for those who see none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from markupsafe import Markup

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 40
NAME_HEIGHT, MARK_HEIGHT = 18, 11
"""Of a row: its name, and each of its marks."""
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2", "6 2 1 2")
MARKS = ("circle", "square", "triangle", "diamond")
STEPS = (1, 2, 2.5, 5, 10)

Point = tuple[float, float]


class Series(msgspec.Struct, frozen=True):
    """One line or mark: ``slot`` is its place among all that are compared, which gives it its look."""

    label: str
    slot: int
    points: Sequence[Point]


class Axis(msgspec.Struct, frozen=True):
    """What an axis says, from where to where. ``percent`` axes have fractions."""

    title: str
    low: float
    high: float
    percent: bool = False

    def ticks(self, most: int = 6) -> list[float]:
        """Round values inside, ``most`` at most."""
        span = self.high - self.low
        raw = span / most
        size = 10 ** math.floor(math.log10(raw))
        step = next(size * step for step in STEPS if size * step >= raw)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def told(self, value: float) -> str:
        """A value as people read it."""
        return f"{value:.0%}" if self.percent else f"{value:g}"


def axis_over(title: str, values: Iterable[float], *, percent: bool = False) -> Axis:
    """An axis from zero, or below it where values are, to a little beyond the largest."""
    known = list(values)
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    return Axis(title, low * 1.05, high * 1.05 if high > low else low + 1.0, percent=percent)


def cumulative(values: Sequence[float]) -> list[Point]:
    """The share of ``values`` up to each of them: the corners of a step line."""
    ordered = sorted(values)
    corners: list[Point] = []
    for rank, value in enumerate(ordered):
        corners += [(value, rank / len(ordered)), (value, (rank + 1) / len(ordered))]
    return corners


class _Frame:
    """Where values lie on the paper. Without an axis ``up`` there are no lines across."""

    def __init__(self, across: Axis, up: Axis | None, height: int = HEIGHT) -> None:
        self.across, self.up, self.height = across, up, height
        self.left = LEFT if up else RIGHT
        self.bottom = height - BOTTOM

    def x(self, value: float) -> float:
        share = (value - self.across.low) / (self.across.high - self.across.low)
        return round(self.left + share * (WIDTH - self.left - RIGHT), 1)

    def y(self, value: float) -> float:
        assert self.up is not None
        share = (value - self.up.low) / (self.up.high - self.up.low)
        return round(self.bottom - share * (self.bottom - TOP), 1)

    def drawn(self) -> Markup:
        """Grid, ticks and titles."""
        return Markup("").join((*self._across(), *(self._up(self.up) if self.up else ())))

    def _across(self) -> Iterable[Markup]:
        line = Markup('<path class="grid" d="M{x} {top}V{end}"/><text class="tick" x="{x}" y="{y}">{told}</text>')
        for tick in self.across.ticks():
            yield line.format(x=self.x(tick), top=TOP, end=self.bottom, y=self.bottom + 15, told=self.across.told(tick))
        middle = (self.left + WIDTH - RIGHT) / 2
        yield Markup('<text class="axis" x="{}" y="{}">{}</text>').format(middle, self.height - 6, self.across.title)

    def _up(self, up: Axis) -> Iterable[Markup]:
        line = Markup('<path class="grid" d="M{left} {y}H{end}"/><text class="tick up" x="{x}" y="{y}">{told}</text>')
        for tick in up.ticks(5):
            yield line.format(left=self.left, y=self.y(tick), end=WIDTH - RIGHT, x=self.left - 6, told=up.told(tick))
        title = Markup('<text class="axis" transform="translate(12 {}) rotate(-90)">{}</text>')
        yield title.format((TOP + self.bottom) / 2, up.title)


def lines(series: Sequence[Series], across: Axis, up: Axis, told: str) -> Markup:
    """A line for each series."""
    frame = _Frame(across, up)
    drawn = [
        Markup('<path class="line s{}" stroke-dasharray="{}" d="{}"><title>{}</title></path>').format(
            one.slot % 8, DASHES[one.slot % len(DASHES)], _path(frame, one.points), one.label
        )
        for one in series
        if one.points
    ]
    return _figure(frame, Markup("").join(drawn), told)


def marks(series: Sequence[Series], across: Axis, up: Axis, told: str) -> Markup:
    """A mark, with its label, at each point."""
    frame = _Frame(across, up)
    drawn = [
        Markup('<g class="mark s{}">{}<text x="{}" y="{}"{}>{}</text></g>').format(
            one.slot % 8, mark(one.slot, frame.x(x), frame.y(y)), *_beside(frame.x(x), frame.y(y)), one.label
        )
        for one in series
        for x, y in one.points
    ]
    return _figure(frame, Markup("").join(drawn), told)


def _beside(x: float, y: float) -> tuple[float, float, Markup]:
    """Where a label goes: right of its mark, or left where there is no room."""
    return (x + 9, y + 4, Markup("")) if x < WIDTH * 0.65 else (x - 9, y + 4, Markup(' text-anchor="end"'))


class Row(msgspec.Struct, frozen=True):
    """A line of a dot plot: a name, and by slot a value with the ends of its interval."""

    name: str
    values: Mapping[int, tuple[float, float, float]]


def dots(rows: Sequence[Row], across: Axis, told: str) -> Markup:
    """For each row its name and, under it, a mark with its interval for each series."""
    heights = [NAME_HEIGHT + MARK_HEIGHT * len(row.values) for row in rows]
    frame = _Frame(across, None, TOP + BOTTOM + sum(heights))
    drawn: list[Markup] = []
    top = TOP
    for row, height in zip(rows, heights, strict=True):
        drawn.append(Markup('<text class="name" x="{}" y="{}">{}</text>').format(frame.left, top + 11, row.name))
        for place, (slot, (value, low, high)) in enumerate(row.values.items()):
            y = top + NAME_HEIGHT + MARK_HEIGHT * (place + 0.5) - 3
            drawn.append(
                Markup('<g class="mark s{}"><path class="whisker" d="M{} {}H{}"/>{}</g>').format(
                    slot % 8, frame.x(low), y, frame.x(high), mark(slot, frame.x(value), y)
                )
            )
        top += height
    return _figure(frame, Markup("").join(drawn), told)


def mark(slot: int, x: float, y: float) -> Markup:
    """The mark of a series."""
    shapes = {
        "circle": f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
        "square": f"M{x - 3.5} {y - 3.5}h7v7h-7z",
        "triangle": f"M{x} {y - 4.5}l4.5 8h-9z",
        "diamond": f"M{x} {y - 5}l4.5 5l-4.5 5l-4.5-5z",
    }
    return Markup('<path d="{}"/>').format(shapes[MARKS[slot % len(MARKS)]])


def swatch(slot: int) -> Markup:
    """The look of a series, for a legend."""
    return Markup(
        '<svg class="swatch s{}" viewBox="0 0 34 12" aria-hidden="true">'
        '<path class="line s{}" stroke-dasharray="{}" d="M1 6H33"/><g class="mark s{}">{}</g></svg>'
    ).format(slot % 8, slot % 8, DASHES[slot % len(DASHES)], slot % 8, mark(slot, 17, 6))


def _path(frame: _Frame, points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{frame.x(x)} {frame.y(y)}" for x, y in points)


def _figure(frame: _Frame, content: Markup, told: str) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        WIDTH, frame.height, told, frame.drawn(), content
    )
