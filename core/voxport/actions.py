"""What an engine and the shell around it say to each other."""

from typing import Protocol

import msgspec

from voxport.codec import Closed, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Command
from voxport.events import AnyEvent, Notice


class Ping(msgspec.Struct, frozen=True):
    """Send a WebSocket ping."""


class Pong(msgspec.Struct, frozen=True):
    """The far side answered one: it lives."""


class Unreachable(msgspec.Struct, frozen=True):
    """A request or an upgrade got no answer; ``message`` says why, without secrets."""

    message: str


Action = str | bytes | Closed | HttpRequest | Dial | Ping | AnyEvent
"""What the shell is to do: send a frame, close, make a request, dial, ping, hand an event to the caller."""

Arrival = Opened | str | bytes | Closed | Pong | HttpResponse | Unreachable


class Tap(Protocol):
    """Told of all that goes into a session's engine and all that comes out, in order, by one thread at a time.

    The engine depends on nothing else, so what is told is enough to have it do the same again. ``at`` is seconds of the
    monotonic clock. It must be quick, and must not raise: the session waits.
    """

    def said(self, command: Command, at: float) -> None:
        """The caller's command."""
        ...

    def arrived(self, arrival: Arrival, at: float) -> None:
        """What came from the far side."""
        ...

    def noted(self, notice: Notice, at: float) -> None:
        """What happened outside of the engine and is to be told."""
        ...

    def ticked(self, at: float) -> None:
        """Time passed, and something was due."""
        ...

    def drew(self, number: float) -> None:
        """A number that spreads a pause."""
        ...

    def did(self, action: Action, at: float) -> None:
        """What the engine wants done; an event is told so, too."""
        ...

    def close(self) -> None:
        """The session is over. Called once."""
        ...
