"""What the two ends of every protocol share: telling signals apart, ending once, and handing out tokens."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from voxport.codec import Capabilities, Client, Closed, Desk, Dial, Frame, Front, Opened, Signal, Translation
from voxport.commands import Audio, Command
from voxport.events import AnyEvent, Ended, Failed, Notice, Unknown
from voxport.settings import Settings
from voxport.wire import Messages, Rule, dropped_connection, translate

Message = TypeVar("Message")


UNHEARD = (Unknown, Notice)
"""What decoding makes of a message that is none of the protocol's."""


class ClientEnd(Generic[Message]):
    """Receiving at a client: give ``messages``, ``hear`` and, where closes mean something, ``closes``.

    ``Ended`` or ``Failed`` is said at most once. A close without the provider's last message is a failure, unless the
    client had asked to finish and the provider closed with 1000.
    """

    messages: ClassVar[Messages[Any]]
    has_last_message: bool = True
    """The provider says when it has said all; a close without that means that the tail may be lost."""
    closes: ClassVar[Mapping[int, Failed]] = {}
    """What close codes mean; the close's own reason replaces an empty ``message``."""

    def __init__(self, settings: Settings, dial: Dial) -> None:
        """A fresh connection."""
        self.settings = settings
        self.dial = dial
        self.finishing = False
        """The client has asked to finish; ``send`` sets it."""
        self.over = False
        """The last word has been said."""

    def receive(self, signal: Signal) -> Iterable[AnyEvent]:
        """See ``Codec.receive``."""
        match signal:
            case str() | bytes():
                message = self.messages.decode(signal)
                return (message,) if isinstance(message, UNHEARD) else self.hear(message)
            case Opened(headers=headers):
                return self.opened(headers)
            case Closed(code=code, reason=reason):
                return self.closed(code, reason)

    def opened(self, headers: Mapping[str, str]) -> Iterable[AnyEvent]:
        """The upgrade was granted; ``headers`` are those of the 101."""
        return ()

    def hear(self, message: Message) -> Iterable[AnyEvent]:
        """What a well-formed message means."""
        raise NotImplementedError

    def closed(self, code: int | None, reason: str) -> Iterable[AnyEvent]:
        """The connection is down."""
        if self.over:
            return ()
        if self.finishing and code == 1000:
            return self._last(Ended(tail_lost=self.has_last_message))
        known = self.closes.get(code or 0)
        if known is None:
            return self.fail(dropped_connection(code, reason))
        return self.fail(msgspec.structs.replace(known, message=known.message or reason or "closed without a reason"))

    def end(self, audio_seconds: float | None = None, session_seconds: float | None = None) -> Iterable[AnyEvent]:
        """The provider's last message; the figures are its own."""
        return self._last(Ended(reported_audio_seconds=audio_seconds, reported_session_seconds=session_seconds))

    def fail(self, failed: Failed) -> Iterable[AnyEvent]:
        """The provider's last word was an error."""
        return self._last(failed)

    def _last(self, event: Ended | Failed) -> Iterable[AnyEvent]:
        said, self.over = self.over, True
        return () if said else (event,)


class ServerEnd:
    """Receiving at a server: give ``command`` and, where they differ, ``opened`` and ``audio``."""

    def receive(self, signal: Signal) -> Iterable[Command]:
        """See ``Codec.receive``."""
        match signal:
            case Opened():
                return self.opened()
            case bytes():
                return self.audio(signal)
            case str():
                return self.command(signal)
            case _:
                return ()

    def opened(self) -> Iterable[Command]:
        """The upgrade was granted."""
        return ()

    def audio(self, data: bytes) -> Iterable[Command]:
        """A binary frame."""
        return (Audio(data),) if data else ()

    def command(self, frame: str) -> Iterable[Command]:
        """A text frame; what does not decode is ``Invalid`` with the provider's own answer."""
        raise NotImplementedError


class TableAdapter:
    """An adapter told by tables and classes: subclasses give these, ``dial`` and ``explain``; see ``codec.Adapter``."""

    name: str
    capabilities: Capabilities
    rules: Mapping[str, Rule]
    defaults: Mapping[str, Any] = {}
    """Options sent unless a setting says otherwise."""
    client_end: Callable[[Settings, Dial], Client]
    front_end: Callable[[Desk], Front]

    def translate(self, settings: Settings) -> Translation:
        """See ``codec.Adapter.translate``."""
        return translate(settings, self.rules, self.defaults)

    def client(self, settings: Settings, dial: Dial) -> Client:
        """See ``codec.Adapter.client``."""
        return type(self).client_end(settings, dial)

    def front(self, desk: Desk) -> Front:
        """See ``codec.Adapter.front``."""
        return type(self).front_end(desk)


class Tokens:
    """Temporary tokens that a ``Front`` has issued."""

    def __init__(self, desk: Desk) -> None:
        """None yet."""
        self._desk = desk
        self._expiry: dict[str, float] = {}

    def issue(self, seconds: float) -> str:
        """A new token, good for ``seconds``."""
        token = self._desk.new_id()
        self._expiry[token] = self._desk.now() + seconds
        return token

    def known(self, token: str) -> bool:
        """It was issued here, be it expired."""
        return token in self._expiry

    def valid(self, token: str) -> bool:
        """It was issued here and has not expired."""
        return self._expiry.get(token, 0.0) > self._desk.now()


Outgoing = Iterable[Frame | Closed]
"""What ``send`` returns."""
