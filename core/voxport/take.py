"""What a session on a piece of audio leaves behind, and what is known of the audio: all that measuring needs.

An ``Item`` is one piece of audio with what is true of it; a ``Take`` is one session on it. ``voxport.metrics`` makes
every figure from these two and from nothing else, so that a stored comparison can be measured again. Both are
plain values; ``encode`` and ``decode_take`` or ``decode_item`` carry them through JSON without loss.

All instants are seconds on the one monotonic clock of the machine that ran the session (``Event.received_at`` is one of
them), all positions in the audio are seconds from its beginning.
"""

import base64
from typing import Literal

import msgspec

from voxport.codec import Translation
from voxport.events import AnyEvent, Begun, Billing, Ended, Failed, Usage, Word

replace = msgspec.structs.replace

# --------------------------------------------------------------------------- what is known of the audio


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of one speaker's speech, in seconds; ``text`` is what is said in it, if that is known."""

    start: float
    end: float
    speaker: str = ""
    text: str | None = None
    channel: int | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of audio and the truth about it. What is not known is ``None`` or empty, and is then not measured.

    ``text`` is what is said, of all channels; an empty text says that nothing is. ``words`` are the same words with
    times, ``segments`` who speaks when: each has its own measures and neither is derived from the other, but for the
    stretches of speech, which come from ``segments`` or else from ``words``.
    """

    id: str
    audio: str
    """Path of the file."""
    text: str | None = None
    seconds: float | None = None
    """Length of the audio."""
    group: str | None = None
    """The call or recording it is part of: what is resampled as a whole. Without it the speaker is, else the item."""
    speaker: str | None = None
    language: str | None = None
    """BCP-47 code."""
    tags: tuple[str, ...] = ()
    """Whatever the figures are to be broken down by."""
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    names: tuple[str, ...] = ()
    """Names of people, places and products in the text, as written there."""
    key_terms: tuple[str, ...] = ()
    """Terms that must not be missed, as written in the text."""

    @property
    def block(self) -> str:
        """What it is resampled with."""
        return self.group or self.speaker or self.id


# --------------------------------------------------------------------------- what a session left behind


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A chunk of audio: the position after its last sample, and the instant when it was handed to the session.

    A session that takes no more data shows as latency: the chunk has been spoken by then.
    """

    until: float
    at: float


Outcome = Literal["ended", "failed", "error"]
"""``ended``: by the provider's last message or ``drain_timeout``. ``failed``: the last event is a ``Failed``.
``error``: something else stopped it, which ``Take.error`` tells."""


class Take(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session on one item.

    ``sent`` has every chunk in order, the first time it was sent; what a lost connection made the session send again
    is not in it. An unpaced take (``realtime`` false) has no latencies worth the name, and none are measured.
    """

    label: str
    """What it is compared as: a provider, or a provider with certain settings. Equal labels are pooled."""
    provider: str
    item: str
    """The item's ``id``."""
    date: float
    """Unix seconds at ``dialled_at``."""
    dialled_at: float
    events: tuple[AnyEvent, ...] = ()
    sent: tuple[Sent, ...] = ()
    end_utterance_at: tuple[float, ...] = ()
    """When ``EndUtterance`` was said, each time."""
    finished_at: float | None = None
    """When ``Finish`` was said."""
    error: str | None = None
    """One line; set when something other than the provider stopped the session."""
    realtime: bool = True
    """The audio was sent at the pace of speech."""
    channels: int = 1
    model: str = ""
    """As asked for or by default; what the provider says itself is in ``Begun.details``."""
    region: str = ""
    billed_by: Billing = "nothing"
    """``Capabilities.billed_by`` of the provider."""
    settings: Translation | None = None
    """The settings as translated: mapped, approximated, dropped."""

    @property
    def begun_at(self) -> float | None:
        """When the provider had accepted the session; ``None`` if it never did."""
        return next((event.received_at for event in self.events if isinstance(event, Begun)), None)

    @property
    def last(self) -> Ended | Failed | None:
        """The event that ended the session, if one did."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Ended | Failed) else None

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if self.error is not None or self.last is None:
            return "error"
        return "ended" if isinstance(self.last, Ended) else "failed"

    @property
    def why(self) -> str:
        """One line on what stopped it; empty for a session that ended as it should."""
        if self.outcome == "error":
            return self.error or "the session left no last event"
        return f"{self.last.message} ({self.last.code})" if isinstance(self.last, Failed) else ""

    @property
    def usage(self) -> tuple[Usage, ...]:
        """Every connection as it is billed; nothing where the session did not end well enough to tell."""
        return self.last.usage if isinstance(self.last, Ended) else ()

    @property
    def audio_seconds(self) -> float:
        """How much audio was sent."""
        return self.sent[-1].until if self.sent else 0.0


# --------------------------------------------------------------------------- to JSON and back

_BINARY = "base64"
"""The key of a ``raw`` that was bytes."""


def encode(kept: Take | Item) -> bytes:
    """As JSON, on one line."""
    if isinstance(kept, Take):
        kept = replace(kept, events=tuple(map(_packed, kept.events)))
    return msgspec.json.encode(kept)


def decode_take(data: bytes | str) -> Take:
    """What ``encode`` made of a ``Take``. Raises ``msgspec.DecodeError`` for anything else."""
    take = msgspec.json.decode(data, type=Take)
    return replace(take, events=tuple(map(_unpacked, take.events)))


def decode_item(data: bytes | str) -> Item:
    """What ``encode`` made of an ``Item``. Raises ``msgspec.DecodeError`` for anything else."""
    return msgspec.json.decode(data, type=Item)


def _packed(event: AnyEvent) -> AnyEvent:
    if not isinstance(event.raw, bytes):
        return event
    return replace(event, raw={_BINARY: base64.b64encode(event.raw).decode()})


def _unpacked(event: AnyEvent) -> AnyEvent:
    if not isinstance(event.raw, dict):
        return event
    return replace(event, raw=base64.b64decode(event.raw[_BINARY]))
