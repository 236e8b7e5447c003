"""An engine that somebody listens to."""

from collections.abc import Callable, Sequence

from voxport.actions import Action, Arrival, Tap
from voxport.commands import Command
from voxport.engine.machine import Engine
from voxport.engine.route import Route
from voxport.events import Notice


class Tapped(Engine):
    """Does what ``Engine`` does, and tells ``tap`` all that goes in and all that comes out."""

    def __init__(self, routes: Sequence[Route], jitter: Callable[[], float], epoch: float = 0.0, *, tap: Tap) -> None:
        """See ``Engine``."""
        super().__init__(routes, lambda: self._drawn(jitter()), epoch)
        self._tap: Tap | None = tap

    def command(self, command: Command, now: float) -> list[Action]:
        """See ``Engine``."""
        if self._tap:
            self._tap.said(command, now)
        return self._told(super().command(command, now), now)

    def receive(self, arrival: Arrival, now: float) -> list[Action]:
        """See ``Engine``."""
        if self._tap:
            self._tap.arrived(arrival, now)
        return self._told(super().receive(arrival, now), now)

    def note(self, notice: Notice, now: float) -> list[Action]:
        """See ``Engine``."""
        if self._tap:
            self._tap.noted(notice, now)
        return self._told(super().note(notice, now), now)

    def tick(self, now: float) -> list[Action]:
        """See ``Engine``."""
        if self._tap:
            self._tap.ticked(now)
        return self._told(super().tick(now), now)

    def _drawn(self, number: float) -> float:
        if self._tap:
            self._tap.drew(number)
        return number

    def _told(self, actions: list[Action], now: float) -> list[Action]:
        if self._tap:
            for action in actions:
                self._tap.did(action, now)
            if self.done:
                self._tap.close()
                self._tap = None
        return actions
