"""What an engine and the shell around it say to each other."""

import msgspec

from voxport.codec import Closed, Dial, HttpRequest, HttpResponse, Opened
from voxport.events import AnyEvent


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
