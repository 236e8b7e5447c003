"""Ctrl-C and SIGTERM as wishes: the first ends a session properly, a second Ctrl-C ends the process."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from voxport.cli._exits import Exit


@contextmanager
def stopping(finish: Callable[[], None], last_words: Callable[[], object]) -> Iterator[None]:
    """Inside, the first SIGINT or SIGTERM calls ``finish`` on a thread of its own, which may take its time.

    A second SIGINT calls ``last_words`` and exits with 130 at once. The handlers before are put back in the end.
    """
    asked = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if not asked.is_set():
            asked.set()
            threading.Thread(target=finish, name="voxport-finish", daemon=True).start()
        elif number == signal.SIGINT:
            # The signal may have struck in the middle of a write, which then refuses another.
            with suppress(RuntimeError):
                last_words()
            os._exit(Exit.INTERRUPTED)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
