"""The vocabulary: what a caller tells a provider (commands) and what it hears back (events).

Everything here is a frozen value without behaviour; every other module imports it and it imports nothing of voxport.
One word means one thing on every provider:

- Times are seconds of the session's audio, monotonic over reconnects. What a provider does not give is ``None``.
- ``Begun`` comes once and first; only a ``Notice`` can precede it (a setting that is dropped, a retry).
- ``Ended``, or a ``Failed`` that is not retried, comes once and last.
- A partial ``Transcript`` replaces the partial before it. A final one clears it, is never revised and never repeated;
  the finals joined (see ``glued``) are the transcript.
- ``TurnEnded`` follows the last final of a turn, on providers that tell where turns end.
- Nothing passes silently: what is no transcript is a ``Notice``, and a message nobody knows is ``Unknown``.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

# --------------------------------------------------------------------------- events


class Word(msgspec.Struct, frozen=True):
    """One word as it is displayed, punctuation attached.

    ``start`` and ``end`` are seconds, ``confidence`` is 0 to 1. ``estimated`` says that the times were spread over the
    text rather than measured.
    """

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    speaker: str | None = None
    language: str | None = None
    estimated: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True, eq=False, tag_field="event"):
    """What every event carries. The session fills these in; an adapter leaves them alone.

    ``received_at`` is seconds on the monotonic clock, ``audio_sent`` seconds of audio sent by then, ``connection``
    counts from 1. ``raw`` is the provider's own message (``str`` or ``bytes``), outside equality and ``repr``.
    """

    provider: str = ""
    received_at: float = 0.0
    audio_sent: float = 0.0
    connection: int = 0
    raw: Any = None

    def __eq__(self, other: object) -> bool:
        """Equal type and equal fields, ``raw`` aside."""
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.__struct_fields__ if name != "raw"
        )

    def __hash__(self) -> int:
        """Hash of what is compared and always hashable."""
        return hash((type(self), self.received_at, self.connection))

    def __repr__(self) -> str:
        """Only what differs from the defaults, and never ``raw``."""
        told = (
            f"{name}={value!r}"
            for name, default in zip(self.__struct_fields__, _defaults(type(self)), strict=True)
            if name != "raw" and (value := getattr(self, name)) != default
        )
        return f"{type(self).__name__}({', '.join(told)})"


class Begun(Event, frozen=True, kw_only=True, eq=False, tag="begun"):
    """The provider has accepted the session.

    ``expires_at`` is Unix seconds. ``details`` holds what else the provider says of itself (model, version, region).
    """

    session_id: str | None = None
    expires_at: float | None = None
    details: Mapping[str, Any] = {}


class SpeechStarted(Event, frozen=True, kw_only=True, eq=False, tag="speech_started"):
    """Speech was detected; ``at`` is where in the audio, in seconds."""

    at: float | None = None
    channel: int | None = None


class Transcript(Event, frozen=True, kw_only=True, eq=False, tag="transcript"):
    """Recognised text: a partial (a guess that the next one replaces) or a final.

    ``glued`` says that no space belongs between this text and the final before it. An empty partial clears a partial
    that turned out to be nothing. ``channel`` counts from 0 and is ``None`` for mono audio.
    """

    is_final: bool
    text: str
    start: float | None = None
    end: float | None = None
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    channel: int | None = None
    glued: bool = False


class TurnEnded(Event, frozen=True, kw_only=True, eq=False, tag="turn_ended"):
    """The speaker's turn (utterance) is over; its finals have all come.

    ``confidence`` is the provider's own, 0 to 1. ``forced`` says that ``EndUtterance`` caused it.
    """

    at: float | None = None
    confidence: float | None = None
    forced: bool = False
    channel: int | None = None


class Acknowledged(Event, frozen=True, kw_only=True, eq=False, tag="acknowledged"):
    """The provider has taken the audio before ``until`` seconds; cumulative.

    With ``settled`` it has also said all that it will ever say about that audio.
    """

    until: float
    settled: bool = False


class Notice(Event, frozen=True, kw_only=True, eq=False, tag="notice"):
    """What must not pass silently and ends nothing: a warning, a retry, lost audio.

    ``code`` is a stable word for programs, ``message`` one line for people, ``seconds`` how much audio was lost.
    """

    code: str
    message: str
    seconds: float | None = None


FailureKind = Literal["refused", "invalid", "network", "provider", "protocol"]
"""``refused``: key, quota or plan. ``invalid``: a setting or message that the provider rejects. ``network``: no or a
broken connection. ``provider``: the far side failed. ``protocol``: the far side spoke nonsense."""


class Failed(Event, frozen=True, kw_only=True, eq=False, tag="failed"):
    """The connection, or with ``retryable`` false the session, has failed.

    ``code`` is the provider's own (HTTP status, close code, error type); ``message`` says what it means and ``remedy``
    what to do, each in one line. ``retry_after`` is seconds.
    """

    kind: FailureKind
    code: str
    message: str
    remedy: str = ""
    retryable: bool = False
    retry_after: float | None = None


class Ended(Event, frozen=True, kw_only=True, eq=False, tag="ended"):
    """The session is over, by the provider's own last message or, with ``tail_lost``, without it.

    ``audio_seconds`` is what was sent, ``session_seconds`` how long the session was open; ``reported_*`` are the
    provider's own figures, where it gives them.
    """

    audio_seconds: float | None = None
    session_seconds: float | None = None
    reported_audio_seconds: float | None = None
    reported_session_seconds: float | None = None
    tail_lost: bool = False


class Unknown(Event, frozen=True, kw_only=True, eq=False, tag="unknown"):
    """A well-formed message of a type that the adapter does not know; see ``raw``."""

    kind: str = ""


AnyEvent = Begun | SpeechStarted | Transcript | TurnEnded | Acknowledged | Notice | Failed | Ended | Unknown


def _defaults(kind: type[Event]) -> tuple[Any, ...]:
    return tuple(
        field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        for field in msgspec.structs.fields(kind)
    )


# --------------------------------------------------------------------------- commands


class Start(msgspec.Struct, frozen=True, tag=True):
    """Open a session with these settings (a ``voxport.settings.Settings``)."""

    settings: Any


class Audio(msgspec.Struct, frozen=True, tag=True):
    """Bytes of audio in the session's encoding; whole sample frames, never empty."""

    data: bytes


class EndUtterance(msgspec.Struct, frozen=True, tag=True):
    """Finish the current utterance now and say it as final."""


class KeepAlive(msgspec.Struct, frozen=True, tag=True):
    """Keep a session open while no audio flows."""


class Configure(msgspec.Struct, frozen=True, tag=True):
    """Change settings in mid-session; the names are those of ``voxport.settings.Transcription``."""

    changes: Mapping[str, Any]


class Finish(msgspec.Struct, frozen=True, tag=True):
    """No more audio; say what is left and end the session."""


class Invalid(msgspec.Struct, frozen=True, tag=True):
    """Heard by a server only: the client broke the protocol, and ``answer`` is what the provider would reply."""

    answer: Failed | Notice


Command = Start | Audio | EndUtterance | KeepAlive | Configure | Finish | Invalid
