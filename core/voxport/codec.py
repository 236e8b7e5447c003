"""The adapter interface: a provider's protocol, written once for both ends, without sockets, threads or clocks.

A conversation over one connection is a sequence of signals. A ``Codec`` is one end of it: ``send`` turns what this end
wants to say into signals, ``receive`` turns signals from the far end into what they mean. The client end sends commands
and hears events; the server end sends events and hears commands. Joined in memory, each must hear what the other said.

Writing an adapter: implement ``Adapter``, register it under the entry-point group ``voxport.adapters``, and let
``voxport.contract.AdapterContract`` judge it.
"""

import math
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from voxport.commands import Command
from voxport.events import AnyEvent, Billing, Failed, Notice
from voxport.settings import Settings

ABSENT_CONFIDENCE = 1.0
"""What a server writes where the protocol demands a confidence and the recogniser has none. It is made up."""


def demanded(confidence: float | None) -> float:
    """A confidence for a protocol that demands one."""
    return ABSENT_CONFIDENCE if confidence is None else confidence


# --------------------------------------------------------------------------- signals


class Opened(msgspec.Struct, frozen=True):
    """The connection is up. ``headers`` are those of the upgrade (request at a server, response at a client), with
    lower-case names.
    """

    headers: Mapping[str, str] = {}


class Closed(msgspec.Struct, frozen=True):
    """The connection is down or, among what ``send`` returns, to be closed. ``code`` is ``None`` when there was none:
    a connection that broke without a Close frame, or one whose Close frame is to carry no code.

    A server is told how many of the last messages that it said were ``unsent``: the connection was gone by then.
    """

    code: int | None = None
    reason: str = ""
    unsent: int = 0


Frame = str | bytes
"""A WebSocket message: text or binary."""

Signal = Opened | str | bytes | Closed

Out_contra = TypeVar("Out_contra", contravariant=True)
In_co = TypeVar("In_co", covariant=True)


class Codec(Protocol[Out_contra, In_co]):
    """One end of one conversation over one connection."""

    def send(self, item: Out_contra, /) -> Iterable[str | bytes | Closed]:
        """What goes on the wire to say ``item``; nothing where the protocol has no words for it."""
        ...

    def receive(self, signal: Signal, /) -> Iterable[In_co]:
        """What ``signal`` means; the engine fills in ``raw``.

        Never raises for what the far end sent: a message of an unknown type is an ``Unknown``, one that does not decode
        a ``Notice`` (at a server: ``Invalid``).
        """
        ...


Client = Codec[Command, AnyEvent]
Server = Codec[AnyEvent, Command]


# --------------------------------------------------------------------------- the way to a connection


class HttpRequest(msgspec.Struct, frozen=True):
    """An HTTP request; ``url`` is absolute. Its ``repr`` hides headers, body and query: keys travel there."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Method, host and path."""
        return f"HttpRequest({self.method} {without_query(self.url)})"


class HttpResponse(msgspec.Struct, frozen=True):
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Status and size: a body may hold a token."""
        return f"HttpResponse({self.status}, {len(self.body)} bytes)"


class Dial(msgspec.Struct, frozen=True):
    """Where and how to open the connection. ``session_id`` is the provider's, where it is known before the upgrade.

    ``memory`` is the adapter's own: what the client ends of one session, which is resumed with the same ``Dial``, keep
    for each other.
    """

    url: str
    headers: Mapping[str, str] = {}
    subprotocols: tuple[str, ...] = ()
    session_id: str | None = None
    memory: Any = None

    def __repr__(self) -> str:
        """Host and path."""
        return f"Dial({without_query(self.url)})"


Dialling = Generator[HttpRequest, HttpResponse, Dial]
"""The steps to a connection: yields requests, is sent their (2xx) responses, returns where to dial."""


def without_query(url: str) -> str:
    """The URL up to its query, which may hold a token."""
    return url.partition("?")[0]


# --------------------------------------------------------------------------- what an adapter can do

Status = Literal["mapped", "approximated", "dropped"]


class Support(msgspec.Struct, frozen=True):
    """What becomes of one neutral setting: carried as ``option`` of the provider, with a ``note`` on what differs."""

    status: Status
    option: str = ""
    note: str = ""


class Translated(msgspec.Struct, frozen=True):
    """What became of one setting that the caller gave."""

    setting: str
    value: Any
    support: Support


class Translation(msgspec.Struct, frozen=True):
    """The provider's own options for a ``Settings``, and what became of each setting that was given."""

    options: Mapping[str, Any]
    settings: tuple[Translated, ...]

    def of(self, status: Status) -> tuple[Translated, ...]:
        """The settings that met with ``status``."""
        return tuple(item for item in self.settings if item.support.status == status)


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider differs from the others: all that the engine, the command line and the tables need to know.

    ``settings`` has an entry for each name in ``voxport.settings.NEUTRAL``. Seconds throughout.
    """

    settings: Mapping[str, Support]
    encodings: tuple[str, ...] = ("s16le",)
    sample_rates: tuple[int, ...] | None = None
    """The rates it takes; ``None`` for any in ``sample_rate_range``."""
    sample_rate_range: tuple[int, int] = (8000, 48000)
    max_channels: int = 1
    chunk_seconds: tuple[float, float] = (0.01, 1.0)
    """Shortest and longest audio message; the last one may be shorter."""
    audio_before_begun: bool = True
    """Audio may be sent as soon as the connection is up."""
    resumes: bool = False
    """After a drop the same ``Dial`` continues the same session, and ``Acknowledged`` audio need not be sent again."""
    keep_alive: float | None = None
    """Send ``KeepAlive`` when nothing was sent for so long; ``None``: the protocol has no such message or need."""
    max_session: float | None = None
    """The provider ends a session after so long."""
    answers_regularly: bool = True
    """While audio flows, some message comes every few seconds, be it all silence; else only once audio was acknowledged
    on the connection.
    """
    replay_pace: float | None = None
    """How many times faster than speech it takes audio that is sent again; ``None``: as fast as it can be sent."""
    word_slack: float = 0.0
    """How far the ``end`` of a final may lie behind the end of what was said: audio is kept for so much longer."""
    tells_words: bool = True
    """A final has its words, each with its times."""
    tells_turns: bool = True
    """``TurnEnded`` comes from the provider."""
    tells_speech_start: bool = True
    acknowledges: bool = False
    forces_endpoint: bool = True
    """``EndUtterance`` is understood."""
    configures: tuple[str, ...] = ()
    """The neutral settings that ``Configure`` can change in mid-session."""
    configures_options: tuple[str, ...] = ()
    """The same of the provider's own options."""
    identifies_speakers: bool = False
    """``IdentifySpeakers`` is understood."""
    tells_beside: tuple[str, ...] = ()
    """The events beside the transcript that it can tell, by tag; see ``voxport.events.Beside``."""
    temporary_tokens: bool = False
    needs_key: bool = True
    key_variable: str = ""
    """The customary environment variable."""
    default_endpoint: str = ""
    regions: Mapping[str, str] = {}
    """What ``region`` selects: an endpoint, or a value of the provider's own option."""
    default_model: str = ""
    billed_by: Billing = "audio"

    def session_left(self, age: float, expires_at: float | None, now: float) -> float | None:
        """Seconds until the provider ends a session that is ``age`` seconds old; ``None`` for no limit.

        ``expires_at`` is what it told of this one, in Unix seconds like ``now``. It is not believed where it makes no
        sense, for one of the two clocks may be wrong.
        """
        left = [] if self.max_session is None else [max(0.0, self.max_session - age)]
        told = None if expires_at is None else expires_at - now
        if told is not None and 0 < told <= (self.max_session or math.inf):
            left.append(told)
        return min(left, default=None)


# --------------------------------------------------------------------------- the adapter


TimerKind = Literal["idle", "no_audio", "gone", "quiet", "session"]
"""What a server waits for in vain: a message from the client, audio from it (binary messages), a message or a ping from
it, a text that goes to it.
``session`` waits for nothing: its time is up.
"""


class Timer(msgspec.Struct, frozen=True):
    """What a server says when ``after`` seconds have passed without what ``kind`` waits for.

    It is said once for each such time, and may be a warning: several timers of one kind are several stages.
    """

    kind: TimerKind
    after: float
    answer: Failed | Notice


class Accepted(msgspec.Struct, frozen=True):
    """An upgrade that the server end grants: the codec to speak, what the 101 carries, and when patience ends.

    Where a session outlives its connections, ``session`` is its key. What was heard on a connection that dropped then
    goes on to be heard on the next with that key, and ``Start`` reaches only the first. The codec of the one before has
    been told of its end before this one is ``Opened``.
    """

    server: Server
    headers: Mapping[str, str] = {}
    subprotocol: str | None = None
    timers: tuple[Timer, ...] = ()
    session: str | None = None


class Desk(msgspec.Struct, frozen=True):
    """What a listener lends to a ``Front``: the keys that are valid, and its sources of identity and time."""

    keys: frozenset[str]
    new_id: Callable[[], str]
    """A fresh lower-case UUID."""
    now: Callable[[], float]
    """Unix seconds."""


class Front(Protocol):
    """The far side of one provider, as a listener shows it: tokens issued and sessions opened live here."""

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """Answer an ordinary request; ``None`` when the path is not this provider's."""
        ...

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        """Grant or refuse an upgrade, before the 101, as the provider does; ``None`` when the path is not this
        provider's. A refusal that the provider makes in-band is an ``Accepted`` whose server says so.
        """
        ...


class Served(Protocol):
    """What a listener can show to clients: the server end of a provider."""

    def front(self, desk: Desk) -> Front:
        """The server end."""
        ...


class Adapter(Served, Protocol):
    """One provider: its protocol, both ends, and what it can do."""

    name: str
    capabilities: Capabilities

    def dial(self, settings: Settings, resume: Dial | None = None) -> Generator[HttpRequest, HttpResponse, Dial]:
        """The steps to a connection: yield a request, be sent its (2xx) response, return where to dial. ``resume`` is
        the dial of a session to continue, given only to an adapter that ``resumes``.
        """
        ...

    def client(self, settings: Settings, dial: Dial) -> Client:
        """A fresh client end for one connection."""
        ...

    def explain(self, response: HttpResponse) -> Failed:
        """What a refusal means: of a request of ``dial``, or of the upgrade."""
        ...

    def translate(self, settings: Settings) -> Translation:
        """The provider's own options for these settings, and what became of each setting. Pure and total: what
        cannot be carried is ``dropped``, never an error.
        """
        ...
