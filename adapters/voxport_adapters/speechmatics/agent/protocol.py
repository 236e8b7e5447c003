"""The messages of ``/v2/agent`` that ``/v2`` does not have."""

import msgspec

from voxport.wire import Messages
from voxport_adapters.speechmatics.protocol import (
    AddPartialTranscript,
    AddTranscript,
    AudioAdded,
    AudioEventEnded,
    AudioEventStarted,
    EndOfTranscript,
    EndOfUtterance,
    Error,
    Info,
    Message,
    RecognitionStarted,
    Seconds,
    Span,
    SpeakersResult,
    Warning,
)


class Segment(msgspec.Struct, omit_defaults=True):
    transcript: str
    speaker: str | None = None


class From(msgspec.Struct):
    start_time: Seconds


class Until(msgspec.Struct):
    end_time: Seconds


class Segmented(Message, kw_only=True):
    segment: Segment
    metadata: Span


class AddSegment(Segmented): ...


class AddPartialSegment(Segmented): ...


class SpeechStarted(Message, kw_only=True):
    metadata: From


class SpeechEnded(Message, kw_only=True):
    metadata: Until


class StartOfTurn(Message, kw_only=True):
    metadata: From


class EndOfTurn(Message, kw_only=True):
    metadata: Until


# The service's own documents differ in whether messages of ``/v2`` about words and sounds come through.
FromServer = (
    RecognitionStarted | AudioAdded | AddSegment | AddPartialSegment | SpeechStarted | SpeechEnded | StartOfTurn
    | EndOfTurn | AddTranscript | AddPartialTranscript | EndOfUtterance | AudioEventStarted | AudioEventEnded
    | SpeakersResult | Info | Warning | Error | EndOfTranscript
)  # fmt: skip
FROM_SERVER: Messages[FromServer] = Messages(FromServer, "message")
