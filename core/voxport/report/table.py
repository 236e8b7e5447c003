"""A table of figures, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """A figure as it is told, and a smaller line under it; ``best`` where none is known to be better."""

    told: str
    more: str = ""
    best: bool = False


class Row(msgspec.Struct, frozen=True):
    """A line of a table; ``slot`` gives it the look of a series."""

    name: str
    cells: Sequence[Cell]
    slot: int | None = None


class Column(msgspec.Struct, frozen=True):
    """The head of a column, and what it means."""

    name: str
    told: str = ""


class Table(msgspec.Struct, frozen=True):
    """The first column is that of the rows' names."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]

    def markdown(self) -> str:
        """As GitHub shows it."""
        heads = [column.name for column in self.columns]
        lines = [[row.name, *(_flat(cell) for cell in row.cells)] for row in self.rows]
        rule = ["---", *("---:" for _ in heads[1:])]
        return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in (heads, rule, *lines))


def _flat(cell: Cell) -> str:
    told = f"**{cell.told}**" if cell.best else cell.told
    return f"{told} ({cell.more})" if cell.more else told


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
