"""A bar that shows how far a corpus is, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voxport.compare.campaign import Progress


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Inside, what is told to the function given is shown on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars  # noqa: PLC0415 -- only on a terminal
    from rich.console import Console  # noqa: PLC0415 -- only on a terminal

    columns = (
        bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeRemainingColumn(), bars.TextColumn("{task.description}"),
    )  # fmt: skip
    with bars.Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("", total=None)

        def show(told: Progress) -> None:
            failed = f"{told.failed} sessions failed" if told.failed else ""
            bar.update(task, completed=told.done, total=told.total, description=failed)

        yield show
