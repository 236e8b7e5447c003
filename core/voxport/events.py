"""The vocabulary: what a caller hears from a provider. What it tells one is in ``voxport.commands``.

Everything here is a frozen value without behaviour; every other module imports it and it imports nothing of voxport.
One word means one thing on every provider:

- Times are seconds of the session's audio, monotonic over reconnects. What a provider does not give is ``None``.
- ``Begun`` comes once and first; only a ``Notice`` can precede it (a setting that is dropped, a retry).
- ``Ended``, or a ``Failed`` that is not retried, comes once and last.
- A partial ``Transcript`` replaces the partial before it. A final one clears it, is never revised and never repeated;
  the finals joined (see ``glued``) are the transcript.
- ``TurnEnded`` follows the last final of a turn, on providers that tell where turns end.
- What a provider tells beside the transcript (translations, entities, other speakers than told) has events of its own.
- Nothing passes silently: what has no event is a ``Notice``, and a message nobody knows is ``Unknown``.

Identifiers of utterances are the provider's own and unique within one ``connection``.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

# --------------------------------------------------------------------------- parts of events


class Word(msgspec.Struct, frozen=True):
    """One word as it is displayed, punctuation attached.

    ``start`` and ``end`` are seconds, confidences are 0 to 1. ``estimated`` says that the times were spread over the
    text rather than measured. ``tags`` are what the provider calls the word besides (``disfluency``, ``profanity``),
    ``volume`` is its loudness, 0 to 100.
    """

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    speaker: str | None = None
    language: str | None = None
    estimated: bool = False
    speaker_confidence: float | None = None
    tags: tuple[str, ...] = ()
    volume: float | None = None


class Entity(msgspec.Struct, frozen=True):
    """A name, number, address or the like within a transcript; ``kind`` is the provider's word for it."""

    kind: str
    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    spoken: str | None = None
    """How it was said, where ``text`` is how it is written."""


class Feeling(msgspec.Struct, frozen=True):
    """The mood of a sentence: ``sentiment`` (positive, negative, neutral, mixed) and, if known, ``emotion``."""

    sentiment: str
    text: str
    emotion: str | None = None
    start: float | None = None
    end: float | None = None
    channel: int | None = None


class Revision(msgspec.Struct, frozen=True):
    """An utterance whose speakers are others than its final said; ``words`` replaces its words, of the same text."""

    utterance: str
    speaker: str | None = None
    words: tuple[Word, ...] = ()


class Speaker(msgspec.Struct, frozen=True):
    """A speaker's label in this session, and the opaque strings by which the provider knows the voice again."""

    label: str
    identifiers: tuple[str, ...] = ()


Billing = Literal["audio", "audio_per_channel", "session", "nothing"]
"""What a provider charges for: seconds of audio, the same times channels, seconds of open session, or nothing."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a provider's own, as it will be billed. Seconds.

    A voxport session may take several, each from a ``connection`` on; a session that was resumed is one.
    ``audio_seconds`` is what was sent to it, audio that an earlier one had been sent included; ``reported_*`` is what
    the provider says.
    ``billed_seconds`` is the amount that the provider charges for, by its own figure where it gives one.
    """

    provider: str
    connection: int
    audio_seconds: float = 0.0
    session_seconds: float = 0.0
    reported_audio_seconds: float | None = None
    reported_session_seconds: float | None = None
    billed_by: Billing = "nothing"
    billed_seconds: float = 0.0


# --------------------------------------------------------------------------- events


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
    """Speech was detected; ``at`` is where in the audio, in seconds. ``confidence`` is 0 to 1."""

    at: float | None = None
    channel: int | None = None
    confidence: float | None = None


class SpeechEnded(Event, frozen=True, kw_only=True, eq=False, tag="speech_ended"):
    """Silence was detected after speech; the finals of that speech may still come."""

    at: float | None = None
    channel: int | None = None


class Transcript(Event, frozen=True, kw_only=True, eq=False, tag="transcript"):
    """Recognised text: a partial (a guess that the next one replaces) or a final.

    ``glued`` says that no space belongs between this text and the final before it. An empty partial clears a partial
    that turned out to be nothing. ``channel`` counts from 0 and is ``None`` for mono audio. ``utterance`` is the
    provider's identifier, to which later events refer. ``language`` is the one that most of the text is in.
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
    utterance: str | None = None
    language_confidence: float | None = None


class EagerTurnEnd(Event, frozen=True, kw_only=True, eq=False, tag="eager_turn_end"):
    """The turn has probably ended with the partial that was told last: a head start for whoever answers.

    ``TurnEnded`` confirms it, ``TurnResumed`` takes it back.
    """

    at: float | None = None
    confidence: float | None = None
    utterance: str | None = None
    channel: int | None = None


class TurnResumed(Event, frozen=True, kw_only=True, eq=False, tag="turn_resumed"):
    """The speaker goes on: the ``EagerTurnEnd`` before it no longer holds."""

    at: float | None = None
    utterance: str | None = None
    channel: int | None = None


class TurnEnded(Event, frozen=True, kw_only=True, eq=False, tag="turn_ended"):
    """The speaker's turn (utterance) is over; its finals have all come.

    ``confidence`` is the provider's own, 0 to 1. ``forced`` says that ``EndUtterance`` caused it.
    """

    at: float | None = None
    confidence: float | None = None
    forced: bool = False
    channel: int | None = None
    utterance: str | None = None


class Acknowledged(Event, frozen=True, kw_only=True, eq=False, tag="acknowledged"):
    """The provider has taken the audio before ``until`` seconds; cumulative.

    With ``settled`` it has also said all that it will ever say about that audio: on one ``channel`` or, without it, on
    all.
    """

    until: float
    settled: bool = False
    channel: int | None = None


class Configured(Event, frozen=True, kw_only=True, eq=False, tag="configured"):
    """A change of settings in mid-session is in force; ``options`` are the provider's own, as far as it tells them."""

    options: Mapping[str, Any] = {}


class Translation(Event, frozen=True, kw_only=True, eq=False, tag="translation"):
    """Text in ``language``, translated from what was said (in ``source_language``, if that is told).

    A partial replaces the partial before it in the same language. Times are those of the original speech.
    """

    is_final: bool
    text: str
    language: str
    source_language: str | None = None
    start: float | None = None
    end: float | None = None
    utterance: str | None = None
    speaker: str | None = None
    channel: int | None = None
    words: tuple[Word, ...] = ()


class Entities(Event, frozen=True, kw_only=True, eq=False, tag="entities"):
    """Names, numbers and the like in a final; it has come before."""

    items: tuple[Entity, ...]
    utterance: str | None = None
    channel: int | None = None


class Sentiments(Event, frozen=True, kw_only=True, eq=False, tag="sentiments"):
    """The mood of a final; it has come before."""

    items: tuple[Feeling, ...]
    utterance: str | None = None
    channel: int | None = None


class AudioEvent(Event, frozen=True, kw_only=True, eq=False, tag="audio_event"):
    """A sound that is no speech (``kind``: music, laughter, applause) has started or, with ``ended``, ended."""

    kind: str
    at: float
    ended: bool = False
    confidence: float | None = None
    channel: int | None = None


class LanguageDetected(Event, frozen=True, kw_only=True, eq=False, tag="language_detected"):
    """The language that is spoken from now on; ``tentative`` when only partials are in it so far."""

    language: str
    confidence: float | None = None
    tentative: bool = False


class SpeakersRevised(Event, frozen=True, kw_only=True, eq=False, tag="speakers_revised"):
    """Finals had other speakers than they told. Their text stays."""

    revisions: tuple[Revision, ...]


class SpeakersIdentified(Event, frozen=True, kw_only=True, eq=False, tag="speakers_identified"):
    """The speakers heard, to be recognised in a later session; the answer to ``IdentifySpeakers``."""

    speakers: tuple[Speaker, ...]


InsightKind = Literal["summary", "chapters", "answer", "search", "totals"]
"""``summary`` and ``chapters`` of the session, a language model's ``answer`` to an utterance, what a ``search`` found
in it, and the provider's ``totals`` of all that it analysed."""


class Insight(Event, frozen=True, kw_only=True, eq=False, tag="insight"):
    """What the provider makes of the transcript: ``text`` for people, ``data`` as the provider structures it."""

    kind: InsightKind
    text: str = ""
    data: Any = None
    utterance: str | None = None


class Notice(Event, frozen=True, kw_only=True, eq=False, tag="notice"):
    """What must not pass silently and ends nothing: a warning, a retry, lost audio.

    ``code`` is a stable word for programs, ``message`` one line for people, ``seconds`` how much audio was lost. Codes
    of voxport's own: ``setting_dropped`` and ``setting_approximated``, ``not_supported``; ``reconnecting``,
    ``reconnected``, ``rolling_over``, ``failed_over``; ``audio_lost``, ``audio_dropped``, ``input_overflow``,
    ``partial_frame``, ``tail_lost``; ``usage_differs``; ``malformed``. All others are the provider's.
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

    ``audio_seconds`` is how much of the session's audio was sent, ``session_seconds`` how long the session was open;
    ``reported_*`` are the provider's own figures, summed over the sessions for which it gave them. ``usage`` has
    every session of a provider's own, with what is billed for it.
    """

    audio_seconds: float | None = None
    session_seconds: float | None = None
    reported_audio_seconds: float | None = None
    reported_session_seconds: float | None = None
    tail_lost: bool = False
    usage: tuple[Usage, ...] = ()


class Unknown(Event, frozen=True, kw_only=True, eq=False, tag="unknown"):
    """A well-formed message of a type that the adapter does not know; see ``raw``."""

    kind: str = ""


Speech = SpeechStarted | SpeechEnded | Transcript | EagerTurnEnd | TurnResumed | TurnEnded
Beside = (
    Translation | Entities | Sentiments | AudioEvent | LanguageDetected | SpeakersRevised | SpeakersIdentified | Insight
)
"""What some providers tell beside the transcript, when asked for it."""
AnyEvent = Begun | Speech | Beside | Acknowledged | Configured | Notice | Failed | Ended | Unknown


def _defaults(kind: type[Event]) -> tuple[Any, ...]:
    return tuple(
        field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        for field in msgspec.structs.fields(kind)
    )
