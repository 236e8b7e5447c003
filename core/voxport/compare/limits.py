"""How many sessions each provider is asked for, at once and in a minute."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping

from voxport.compare.jobs import Limit

MINUTE = 60.0


class Limits:
    """Keeps count of sessions by provider. Times are seconds of any clock, the same throughout."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        """A provider without a limit is not held back."""
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._begun: dict[str, deque[float]] = {name: deque() for name in limits}

    def wait_for(self, providers: Iterable[str], now: float) -> float:
        """Seconds until one session of each (as often as named) may begin: 0 for now, infinity until others end."""
        return max((self._wait(name, count, now) for name, count in Counter(providers).items()), default=0.0)

    def begin(self, providers: Iterable[str], now: float) -> None:
        """These sessions begin."""
        for name in providers:
            self._open[name] += 1
            if name in self._begun:
                self._begun[name].append(now)

    def end(self, providers: Iterable[str]) -> None:
        """These sessions have ended."""
        self._open.subtract(providers)

    def _wait(self, name: str, count: int, now: float) -> float:
        limit = self._limits.get(name)
        if limit is None:
            return 0.0
        if limit.concurrency is not None and self._open[name] + count > limit.concurrency:
            return math.inf
        return 0.0 if limit.per_minute is None else self._until_the_minute_allows(name, count, now, limit.per_minute)

    def _until_the_minute_allows(self, name: str, count: int, now: float, per_minute: int) -> float:
        begun = self._begun[name]
        while begun and begun[0] <= now - MINUTE:
            begun.popleft()
        over = len(begun) + count - per_minute
        return 0.0 if over <= 0 else begun[over - 1] + MINUTE - now
