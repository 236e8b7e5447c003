"""The messages of ``/v2`` as they travel, declared once for both ends. What a field is not told is absent, not null."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voxport.wire import Messages

FORMAT = "2.9"
"""What transcripts say of their own form on the wire today."""

Seconds = Annotated[float, Meta(ge=-1e7, le=1e7)]
"""A time of the connection's audio. What lies months away is nonsense and would break arithmetic further on."""

# --------------------------------------------------------------------------- parts


class Alternative(msgspec.Struct, omit_defaults=True):
    content: str
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    tags: list[str] | None = None


class Form(msgspec.Struct, omit_defaults=True):
    """A word as it was said or as it is written, within an entity."""

    type: str
    start_time: Seconds
    end_time: Seconds
    alternatives: list[Alternative] = []


class Result(Form, omit_defaults=True):
    attaches_to: str | None = None
    is_eos: bool | None = None
    volume: float | None = None
    entity_class: str | None = None
    spoken_form: list[Form] | None = None
    written_form: list[Form] | None = None
    channel: str | None = None
    """Where it stood until 2025-08, now at the root."""


class Span(msgspec.Struct, omit_defaults=True):
    start_time: Seconds
    end_time: Seconds
    transcript: str | None = None


class Translated(msgspec.Struct, omit_defaults=True):
    content: str
    start_time: Seconds
    end_time: Seconds
    speaker: str | None = None


class SoundStart(msgspec.Struct):
    type: str
    start_time: Seconds
    confidence: float


class SoundEnd(msgspec.Struct):
    type: str
    end_time: Seconds


class Voice(msgspec.Struct):
    label: str
    speaker_identifiers: list[str] = []


# --------------------------------------------------------------------------- from the server


class Message(msgspec.Struct, tag_field="message", tag=True, omit_defaults=True):
    """Any of them; the type's name is the message's."""


class RecognitionStarted(Message, kw_only=True):
    id: str | None = None
    orchestrator_version: str | None = None
    language_pack_info: dict[str, Any] = {}
    channel_ids: list[str] | None = None
    channels: list[str] | None = None


class AudioAdded(Message, kw_only=True):
    seq_no: int


class ChannelAudioAdded(Message, kw_only=True):
    channel: str
    seq_no: int


class Heard(Message, kw_only=True):
    format: str = ""
    channel: str | None = None
    metadata: Span
    results: list[Result] | None = None
    forced: bool = False


class AddTranscript(Heard): ...


class AddPartialTranscript(Heard): ...


class EndOfUtterance(Message, kw_only=True):
    format: str = ""
    channel: str | None = None
    metadata: Span
    forced: bool = False


class Rendered(Message, kw_only=True):
    format: str = ""
    language: str
    results: list[Translated]


class AddTranslation(Rendered): ...


class AddPartialTranslation(Rendered): ...


class AudioEventStarted(Message, kw_only=True):
    channel: str | None = None
    event: SoundStart


class AudioEventEnded(Message, kw_only=True):
    channel: str | None = None
    event: SoundEnd


class SpeakersResult(Message, kw_only=True):
    speakers: list[Voice]


class LanguageInfo(Message, kw_only=True):
    language: str
    word_delimiter: str | None = None
    writing_direction: str | None = None
    partial: bool = False


class Told(Message, kw_only=True):
    type: str = ""
    reason: str = ""
    code: int | None = None
    seq_no: int | None = None


class Info(Told, kw_only=True):
    quality: str | None = None
    usage: float | None = None
    quota: float | None = None
    last_updated: str | None = None
    region: str | None = None


class Warning(Told, kw_only=True):  # noqa: A001 -- the message's name
    duration_limit: float | None = None


class Error(Told): ...


class EndOfTranscript(Message): ...


FromServer = (
    RecognitionStarted | AudioAdded | ChannelAudioAdded | AddTranscript | AddPartialTranscript | EndOfUtterance
    | AddTranslation | AddPartialTranslation | AudioEventStarted | AudioEventEnded | SpeakersResult | LanguageInfo
    | Info | Warning | Error | EndOfTranscript
)  # fmt: skip
FROM_SERVER: Messages[FromServer] = Messages(FromServer, "message")

# --------------------------------------------------------------------------- from the client


class StartRecognition(Message, kw_only=True):
    audio_format: dict[str, Any] | None = None
    transcription_config: dict[str, Any]
    translation_config: dict[str, Any] | None = None
    audio_events_config: dict[str, Any] | None = None
    turn_config: dict[str, Any] | None = None
    """For agents only."""


class AddChannelAudio(Message, kw_only=True):
    channel: str
    data: bytes


class EndOfStream(Message, kw_only=True):
    """Clients count in different ways: nobody may depend on ``last_seq_no``."""

    last_seq_no: Any = msgspec.UNSET


class EndOfChannel(Message, kw_only=True):
    channel: str
    last_seq_no: Any = msgspec.UNSET


class SetRecognitionConfig(Message, kw_only=True):
    transcription_config: dict[str, Any]


class ForceEndOfUtterance(Message, kw_only=True):
    timestamp: Annotated[float, Meta(ge=0)] | None = None
    channel: str | None = None


class GetSpeakers(Message, kw_only=True):
    final: bool = False


FromClient = (
    StartRecognition | AddChannelAudio | EndOfStream | EndOfChannel | SetRecognitionConfig | ForceEndOfUtterance
    | GetSpeakers
)  # fmt: skip
FROM_CLIENT: Messages[FromClient] = Messages(FromClient, "message")
