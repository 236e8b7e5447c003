"""Sessions side by side with drops at random, in small; ``load.py`` is the command for many."""

from faults.load import emulators, load
from support.emulated import REMOTE


def test_sessions_side_by_side_lose_no_word_no_thread_and_no_file() -> None:
    with emulators(every=3.0) as at:
        result = load(at, REMOTE, sessions=len(REMOTE), turns=4, pace=4.0)
    assert result.wrong == []
    assert sum(caller.drops for caller in result.callers)
