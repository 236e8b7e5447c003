"""Stdout is data, stderr is messages, and on a terminal the last line may be redrawn."""

import os
import sys
import threading
from typing import TYPE_CHECKING

from voxport.errors import VoxportError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table


class ReaderGoneError(VoxportError):
    """Whoever read the standard output has closed it, as ``head`` does: there is nobody left to write for."""


def write(text: str) -> None:
    """``text`` to stdout, at once. Raises ``ReaderGoneError``, and ``VoxportError`` for a disk that is full."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        raise ReaderGoneError("nobody reads the standard output any more") from None
    except OSError as error:
        _drop_stdout()
        raise VoxportError(f"the standard output cannot be written: {error.strerror}; send it elsewhere") from None


def _drop_stdout() -> None:
    """What is still buffered goes nowhere, or Python would complain of it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say(message: str) -> None:
    """One line to stderr."""
    sys.stderr.write(f"voxport: {' '.join(message.split())}\n")
    sys.stderr.flush()


UNBOUNDED = 1000
"""Columns: in a pipe no table is squeezed."""


def table(*columns: str) -> "Table":
    """A table as all commands draw it. On a narrow terminal cells are folded, never cut."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 -- only tables need it
    from rich.table import Column, Table  # noqa: PLC0415 -- only tables need it

    return Table(*(Column(name, overflow="fold") for name in columns), box=SIMPLE_HEAD)


def console() -> "Console":
    """Rich's console on stdout: colours on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 -- only tables need it

    on_terminal = sys.stdout.isatty()
    return Console(force_terminal=on_terminal, width=None if on_terminal else UNBOUNDED, highlight=False, emoji=False)


def show(*pictures: "RenderableType") -> None:
    """Tables and the like, to stdout."""
    on = console()
    with on.capture() as captured:
        on.print(*pictures)
    write(captured.get())


class Screen:
    """Where a session is told: data, messages and, on a terminal, a live last line. Any thread may call it."""

    def __init__(self, *, live: bool) -> None:
        """With ``live`` the last line is kept on stderr or else stdout, whichever is a terminal that can redraw."""
        self._lock = threading.RLock()
        self._console = _redrawable() if live else None
        self._settled = self._guess = ""

    def data(self, text: str) -> None:
        """Lines of output."""
        if text:
            with self._lock:
                self._erase()
                write(text)
                self._draw()

    def message(self, text: str) -> None:
        """A line for people."""
        with self._lock:
            self._erase()
            say(text)
            self._draw()

    def live(self, settled: str, guess: str) -> None:
        """Show the end of ``settled`` and ``guess`` as the last line; both empty for none."""
        with self._lock:
            self._erase()
            self._settled, self._guess = settled, guess
            self._draw()

    def _erase(self) -> None:
        if self._console and (self._settled or self._guess):
            from rich.control import Control  # noqa: PLC0415 -- only on a terminal
            from rich.segment import ControlType  # noqa: PLC0415 -- only on a terminal

            self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))

    def _draw(self) -> None:
        if self._console and (self._settled or self._guess):
            from rich.text import Text  # noqa: PLC0415 -- only on a terminal

            line = Text.assemble(self._settled, " " if self._settled and self._guess else "", (self._guess, "dim"))
            room = self._console.width - 1
            while line.cell_len > room:
                line = line[max(1, (line.cell_len - room) // 2) :]
            self._console.print(line, end="", no_wrap=True, soft_wrap=True)


def _redrawable() -> "Console | None":
    streams = [stream for stream in (sys.stderr, sys.stdout) if stream.isatty()]
    if not streams:
        return None
    from rich.console import Console  # noqa: PLC0415 -- only on a terminal

    console = Console(file=streams[0], highlight=False, emoji=False)
    return None if console.is_dumb_terminal else console
