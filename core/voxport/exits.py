"""The ways out of a program that still has sessions open: an open session is billed, so each is ended first.

The interpreter's end closes what is open. SIGTERM, which would skip that, is made to end the program by ``SystemExit``
as long as a session is open: ``with`` blocks are left properly, and the exit code is the one that shells expect of a
terminated program, 143. A program that handles SIGTERM itself is left alone, and so is one that starts its sessions
outside of the main thread, where Python allows no handler to be set.
"""

import atexit
import signal
import threading
from collections.abc import Callable
from types import FrameType

TERMINATED = 128 + signal.SIGTERM

Close = Callable[[], None]

_open: dict[Close, None] = {}
_lock = threading.Lock()


def enter(close: Close) -> None:
    """Call ``close`` when the program ends, unless ``leave`` is called before."""
    with _lock:
        _open[close] = None
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)


def leave(close: Close) -> None:
    """It is closed. With the last one, SIGTERM means again what it did."""
    with _lock:
        _open.pop(close, None)
        last = not _open
    if last and _in_main_thread() and signal.getsignal(signal.SIGTERM) is _terminate:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


@atexit.register
def _close_all() -> None:
    for close in tuple(_open):
        close()
