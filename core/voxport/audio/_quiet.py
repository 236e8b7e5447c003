"""Silence for C libraries that write to standard error."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_one_at_a_time = threading.Lock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discard what is written to the process's standard error meanwhile, by whatever code and thread; so keep it short.

    PortAudio and ALSA report each device that they fail to find, and mpg123 each damaged frame.
    """
    with _one_at_a_time:
        try:
            kept = os.dup(_STDERR)
        except OSError:
            # There is no standard error to silence.
            yield
            return
        try:
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, _STDERR)
            os.close(sink)
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
