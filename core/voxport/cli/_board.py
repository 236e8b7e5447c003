"""Transcripts that grow side by side on a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.text import Text

from voxport.cli._output import console, table
from voxport.events import AnyEvent, Begun, Ended, Failed, Transcript

Watch = Callable[[str, AnyEvent], None]

PER_SECOND = 10
"""How often the board is drawn anew."""
FRAME_LINES = 6
"""Lines of the board that hold no transcript."""
PARTIAL = "dim italic"
"""How a guess is told from what stands."""


class Column:
    """What one session has said, and how it fares."""

    def __init__(self) -> None:
        """It is being dialled."""
        self.finals = ""
        self.partial = ""
        self.state = "connecting"

    def take(self, event: AnyEvent) -> None:
        """Another event of it."""
        match event:
            case Transcript(text=text, glued=glued):
                if event.is_final:
                    self.finals += ("" if glued or not self.finals else " ") + text
                self.partial = "" if event.is_final else text
                if text and event.end is not None:
                    self.state = f"{event.audio_sent - event.end:.2f} s behind"
            case Begun():
                self.state = "connected"
            case Ended(tail_lost=tail_lost):
                self.state = "ended, its tail lost" if tail_lost else "ended"
            case Failed(message=message):
                self.state = f"failed: {message}"
            case _:
                pass

    def text(self) -> Text:
        """All that was said: finals, and after them the partial that stands."""
        return Text.assemble(self.finals, " " if self.finals and self.partial else "", (self.partial, PARTIAL))


class Board:
    """A column for each session: its transcript, and how far its newest word lies behind the audio sent by then.

    On a terminal too low for all of it, the ends of the transcripts are shown.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Nothing has been said yet."""
        self._columns = {name: Column() for name in names}

    def take(self, name: str, event: AnyEvent) -> None:
        """Another event of the session ``name``; its own thread may call."""
        self._columns[name].take(event)

    def cells(self) -> list[Text]:
        """What each session has said."""
        return [column.text() for column in self._columns.values()]

    def picture(self) -> RenderableType:
        """What can be printed now."""
        return self

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, as it fits."""
        drawn = table(*self._columns)
        drawn.expand = True
        for column in drawn.columns:
            column.ratio = 1
        width = max(1, options.max_width // len(self._columns) - 3)
        lines = max(1, options.size.height - FRAME_LINES)
        drawn.add_row(*(_end_of(cell, console, width, lines) for cell in self.cells()), end_section=True)
        drawn.add_row(*(Text(column.state, "cyan") for column in self._columns.values()))
        yield drawn


def _end_of(text: Text, on: Console, width: int, lines: int) -> Text:
    """The last lines of a text that is ``width`` columns wide."""
    return text if not on.is_terminal else Text("\n").join(text.wrap(on, width)[-lines:])


@contextmanager
def watched(names: Iterable[str], *, show: bool) -> Iterator[Watch]:
    """Inside, what is told to the function given is shown, if stdout is a terminal and ``show`` says so."""
    board = Board(names)
    if not (show and sys.stdout.isatty()):
        yield board.take
        return
    with Live(get_renderable=board.picture, console=console(), refresh_per_second=PER_SECOND):
        yield board.take
