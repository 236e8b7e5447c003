"""The messages of the service, as both ends use them. Times are milliseconds unless a name says seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voxport import codec, commands, events, wire

COMMANDS: Mapping[str, commands.Command] = {
    "Terminate": commands.Finish(), "ForceEndpoint": commands.EndUtterance(), "KeepAlive": commands.KeepAlive(),
}  # fmt: skip
"""What a client says in nothing but a type."""


class SpokenWord(msgspec.Struct, omit_defaults=True):
    text: str
    start: float
    end: float
    confidence: float
    word_is_final: bool
    speaker: str | None = None
    speaker_confidence: float | None = None


class Begin(msgspec.Struct, tag=True):
    """``expires_at`` is Unix seconds; the service's own SDK takes ISO 8601 as well."""

    id: str
    expires_at: float | str
    configuration: dict[str, Any] | None = None


class SpeechStarted(msgspec.Struct, tag=True):
    """The specification demands the confidence, the SDKs do not know it: it is said and not relied on."""

    timestamp: float
    confidence: float | None = None


class Turn(msgspec.Struct, tag=True, omit_defaults=True):
    turn_order: int
    turn_is_formatted: bool
    end_of_turn: bool
    transcript: str
    end_of_turn_confidence: float
    words: list[SpokenWord]
    utterance: str | None = None
    language_code: str | None = None
    language_confidence: float | None = None
    speaker_label: str | None = None
    speaker_confidence: float | None = None


class Termination(msgspec.Struct, tag=True):
    audio_duration_seconds: float | None = None
    session_duration_seconds: float | None = None


class Error(msgspec.Struct, tag=True):
    error: str
    error_code: int | None = None


class Warned(msgspec.Struct, tag="Warning"):
    warning: str
    warning_code: int | None = None


class Heartbeat(msgspec.Struct, tag=True):
    total_audio_received_ms: float
    total_duration_ms: float | None = None
    realtime_factor: float | None = None
    max_speech_probability: float | None = None


class Silence(msgspec.Struct, tag=True):
    start_ms: float
    end_ms: float


class RevisedTurn(msgspec.Struct):
    turn_order: int
    speaker_label: str | None = None
    words: list[SpokenWord] = []


class SpeakerRevision(msgspec.Struct, tag=True):
    revisions: list[RevisedTurn] = []


class LLMGatewayResponse(msgspec.Struct, tag=True):
    turn_order: int
    transcript: str = ""
    data: Any = None


Aside = Warned | Heartbeat | Silence | SpeakerRevision | LLMGatewayResponse
"""Told at any time, and but for warnings only to a client that asked for it."""
FromServer = Begin | SpeechStarted | Turn | Termination | Error | Aside


class _Untagged(msgspec.Struct):
    error: str
    error_code: int | None = None


class _Received(wire.Messages[FromServer]):
    """The service's own SDK takes an object without a type for an ``Error`` when it has that key."""

    def decode(self, frame: str | bytes) -> FromServer | events.Unknown | events.Notice:
        message = super().decode(frame)
        if not isinstance(message, events.Notice):
            return message
        try:
            untagged = msgspec.json.decode(frame, type=_Untagged)
        except wire.UNREADABLE:
            return message
        return Error(untagged.error, untagged.error_code)


RECEIVED = _Received(FromServer, "type")


def milliseconds(seconds: float | None) -> int:
    """Clients fail on fractions."""
    return round(1000 * (seconds or 0.0))


def spoken(word: events.Word, start: float | None, *, is_final: bool) -> SpokenWord:
    """A word on the wire; ``start`` stands in for one that it lacks. Its text and speaker are told as they are."""
    at = milliseconds(start if word.start is None else word.start)
    confidence = codec.demanded(word.confidence)
    return SpokenWord(
        word.text, at, max(at, milliseconds(word.end)), confidence, is_final, word.speaker, word.speaker_confidence
    )


def heard(word: SpokenWord) -> events.Word:
    """The way back."""
    return events.Word(
        word.text, word.start / 1000, word.end / 1000, word.confidence, speaker(word.speaker),
        speaker_confidence=word.speaker_confidence,
    )  # fmt: skip


UNKNOWN = "UNKNOWN"
"""The speaker of a turn that is too short to tell."""


def speaker(label: str | None) -> str | None:
    """The speaker that a label names."""
    return None if label == UNKNOWN else label


def main_speaker(words: Sequence[SpokenWord]) -> str:
    """Who says most of them."""
    labels = [word.speaker for word in words if word.speaker]
    return max(labels, key=labels.count, default=UNKNOWN)
