"""What the engine wants done, in order; events get their place and time here."""

import msgspec

from voxport.actions import Action
from voxport.engine.replay import AudioLog
from voxport.events import AnyEvent, Notice


class Report:
    """Collects actions until they are taken. Events are stamped with ``now``, ``provider`` and ``connection``."""

    def __init__(self, log: AudioLog) -> None:
        """``log`` tells how much audio was sent."""
        self._log = log
        self._actions: list[Action] = []
        self.now = 0.0
        self.provider = ""
        self.connection = 0

    def add(self, action: Action) -> None:
        """Have something done that is no event."""
        self._actions.append(action)

    def tell(self, event: AnyEvent, raw: str | bytes | None = None, provider: str | None = None) -> None:
        """Hand an event to the caller."""
        self._actions.append(
            msgspec.structs.replace(
                event, provider=provider or self.provider, received_at=self.now, audio_sent=self._log.furthest,
                connection=self.connection, raw=raw,
            )
        )  # fmt: skip

    def notice(self, code: str, message: str, seconds: float | None = None) -> None:
        """Tell the caller what must not pass silently."""
        self.tell(Notice(code=code, message=message, seconds=seconds))

    def take(self) -> list[Action]:
        """All that was added since the last time."""
        actions, self._actions = self._actions, []
        return actions
