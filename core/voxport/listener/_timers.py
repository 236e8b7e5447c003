"""Which timers of a conversation have run out. Knows no clock: ``now`` is seconds on any steady one."""

import math
from collections.abc import Sequence
from typing import get_args

from voxport.codec import Timer, TimerKind
from voxport.events import Failed, Notice


class Timers:
    """All timers of one conversation; they start to run when it does."""

    def __init__(self, timers: Sequence[Timer], now: float) -> None:
        """Nothing has run out yet."""
        self._timers = timers
        self._since: dict[TimerKind, float] = dict.fromkeys(get_args(TimerKind), now)
        self._told: list[float | None] = [None] * len(timers)  # the ``since`` of the silence that was told of last

    def restart(self, kinds: Sequence[TimerKind], now: float) -> None:
        """What they wait for has come."""
        self._since.update(dict.fromkeys(kinds, now))

    def hold(self, kinds: Sequence[TimerKind]) -> None:
        """They do not run until they are restarted."""
        self._since.update(dict.fromkeys(kinds, math.inf))

    def run_out(self, now: float) -> list[Failed | Notice]:
        """What is to be said now."""
        answers = []
        for place, timer in enumerate(self._timers):
            since = self._since[timer.kind]
            if since + timer.after <= now and since != self._told[place]:
                self._told[place] = since
                answers.append(timer.answer)
        return answers

    def pause(self, now: float) -> float:
        """Seconds until ``run_out`` must be asked again, of one timer at least."""
        return min(self._left(timer, now) for timer in self._timers)

    def _left(self, timer: Timer, now: float) -> float:
        left = self._since[timer.kind] + timer.after - now
        return left if 0 < left < timer.after else timer.after
