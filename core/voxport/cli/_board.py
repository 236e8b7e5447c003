"""Transcripts that grow side by side on a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from voxport.cli._output import console, table
from voxport.events import AnyEvent, Transcript

Watch = Callable[[str, AnyEvent], None]

PER_SECOND = 10
"""How often the board is drawn anew."""


class Board:
    """What each provider has said: finals, and after them, dim, the partial that stands."""

    def __init__(self, names: Iterable[str]) -> None:
        """Nothing has been said yet."""
        self._finals = dict.fromkeys(names, "")
        self._partials = dict.fromkeys(self._finals, "")

    def take(self, name: str, event: AnyEvent) -> None:
        """Another event of the provider ``name``; its own thread may call."""
        match event:
            case Transcript(is_final=True, text=text, glued=glued):
                said = self._finals[name]
                self._finals[name] = said + ("" if glued or not said else " ") + text
                self._partials[name] = ""
            case Transcript(text=text):
                self._partials[name] = text
            case _:
                pass

    def cells(self) -> list[Text]:
        """What each provider has said."""
        return [
            Text.assemble(said, " " if said else "", (self._partials[name], "dim"))
            for name, said in self._finals.items()
        ]

    def picture(self) -> RenderableType:
        """A column for each provider."""
        drawn = table(*self._finals)
        drawn.expand = True
        for column in drawn.columns:
            column.ratio = 1
        drawn.add_row(*self.cells())
        return drawn


@contextmanager
def watched(names: Iterable[str], *, show: bool) -> Iterator[Watch]:
    """Inside, what is told to the function given is shown, if stdout is a terminal and ``show`` says so."""
    board = Board(names)
    if not (show and sys.stdout.isatty()):
        yield board.take
        return
    with Live(get_renderable=board.picture, console=console(), refresh_per_second=PER_SECOND):
        yield board.take
