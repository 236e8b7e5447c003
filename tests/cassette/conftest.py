from collections.abc import Callable, Iterator

import pytest

from support.emulated import KEY, REMOTE, SCRIPT
from voxport import registry
from voxport.commands import Audio, Command
from voxport.ear import Ear
from voxport.events import AnyEvent
from voxport.listener import DroppedError, Listener


class Dropping:
    """Hears by script; breaks each of its connections after some audio."""

    def __init__(self, fates: Iterator[int]) -> None:
        self._ear = Ear(SCRIPT)
        self._fates = fates
        self._left: int | None = None

    def hear(self, command: Command) -> list[AnyEvent]:
        if isinstance(command, Audio):
            self._left = (next(self._fates) if self._left is None else self._left) - 1
            if self._left < 0:
                self._left = None
                raise DroppedError
        return self._ear.hear(command)

    def close(self) -> None:
        self._ear.close()


@pytest.fixture
def dropping() -> Callable[[], Listener]:
    """A listener whose first two connections break."""

    def make() -> Listener:
        fates = iter((12, 3, *[10_000] * 10))
        return Listener(map(registry.adapter, REMOTE), lambda: Dropping(fates), keys=[KEY])

    return make
