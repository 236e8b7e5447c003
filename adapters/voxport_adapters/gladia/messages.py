"""The messages of a Gladia session, as both ends write and read them.

What a client can do without may be missing; a server writes every field, with ``null`` where there is nothing.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Channel = Annotated[float, Meta(ge=0, le=255)]
"""A channel's number; JavaScript may write it as a float."""


class Word(msgspec.Struct):
    """Begins with a space."""

    word: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None


class Utterance(msgspec.Struct):
    """``text`` begins with a space, too."""

    text: str
    start: float = 0.0
    end: float = 0.0
    language: str | None = None
    confidence: float | None = None
    channel: Channel = 0
    words: list[Word] | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """Two schemas are published; only the add-ons of the last message have the other two fields."""

    message: str = ""
    status_code: int | None = None
    exception: str | None = None


# --------------------------------------------------------------------------- what messages carry


class Ranges(msgspec.Struct):
    """``byte_range`` counts decoded audio over all sockets of the session; its end is exclusive."""

    byte_range: tuple[int, int]
    time_range: tuple[float, float] | None = None


class Duration(msgspec.Struct):
    recording_duration: float | None = None


class Stopped(msgspec.Struct):
    recording_duration: float | None = None
    recording_left_to_process: float | None = None


class Moment(msgspec.Struct):
    time: float
    channel: Channel = 0


class Heard(msgspec.Struct):
    id: str
    is_final: bool
    utterance: Utterance


class Translated(msgspec.Struct):
    utterance_id: str
    utterance: Utterance
    original_language: str
    target_language: str
    translated_utterance: Utterance


class Named(msgspec.Struct):
    entity_type: str
    text: str
    start: float | None = None
    end: float | None = None


class NamedEntities(msgspec.Struct):
    utterance_id: str
    utterance: Utterance
    results: list[Named]


class Felt(msgspec.Struct):
    sentiment: str
    emotion: str | None
    text: str
    start: float | None = None
    end: float | None = None
    channel: Channel = 0


class Feelings(msgspec.Struct):
    utterance_id: str
    utterance: Utterance
    results: list[Felt]


class Transcription(msgspec.Struct):
    full_transcript: str = ""
    languages: list[str] = []
    utterances: list[Utterance] = []


class Summary(msgspec.Struct):
    results: str


class Chapters(msgspec.Struct):
    results: list[dict[str, Any]]


class Metadata(msgspec.Struct):
    audio_duration: float
    number_of_distinct_channels: int = 1
    billing_time: float = 0.0
    transcription_time: float = 0.0


class AddOn(msgspec.Struct):
    """What an add-on made of the whole session."""

    success: bool = True
    is_empty: bool = False
    exec_time: float = 0.0
    error: Problem | None = None
    results: Any = None


class Result(msgspec.Struct, omit_defaults=True):
    metadata: Metadata
    transcription: Transcription | None = None
    translation: AddOn | None = None
    summarization: AddOn | None = None
    named_entity_recognition: AddOn | None = None
    sentiment_analysis: AddOn | None = None

    def add_ons(self) -> dict[str, AddOn]:
        """Those that there are, by name."""
        found = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in found if isinstance(value, AddOn)}


class ErrorData(msgspec.Struct):
    code: str = "error"
    message: str = ""


# --------------------------------------------------------------------------- messages


class Message(msgspec.Struct, kw_only=True):
    """The envelope of every message of the server."""

    session_id: str = ""
    created_at: str = ""


class StartSession(Message, kw_only=True, tag="start_session"):
    """The SDKs make it up from the answer to the POST; whether it comes on the socket is not known."""


class StartRecording(Message, kw_only=True, tag="start_recording"):
    pass


class EndRecording(Message, kw_only=True, tag="end_recording"):
    data: Duration = msgspec.field(default_factory=Duration)


class EndSession(Message, kw_only=True, tag="end_session"):
    pass


class ChunkAnswer(Message, kw_only=True, tag="audio_chunk"):
    acknowledged: bool
    error: Problem | None = None
    data: Ranges | None = None


class StopAnswer(Message, kw_only=True, tag="stop_recording"):
    acknowledged: bool
    error: Problem | None = None
    data: Stopped | None = None


class SpeechStart(Message, kw_only=True, tag="speech_start"):
    data: Moment


class SpeechEnd(Message, kw_only=True, tag="speech_end"):
    data: Moment


class Transcript(Message, kw_only=True, tag="transcript"):
    data: Heard


class Translation(Message, kw_only=True, tag="translation"):
    error: Problem | None = None
    data: Translated | None = None


class EntityRecognition(Message, kw_only=True, tag="named_entity_recognition"):
    error: Problem | None = None
    data: NamedEntities | None = None


class SentimentAnalysis(Message, kw_only=True, tag="sentiment_analysis"):
    error: Problem | None = None
    data: Feelings | None = None


class PostTranscript(Message, kw_only=True, tag="post_transcript"):
    data: Transcription


class PostSummarization(Message, kw_only=True, tag="post_summarization"):
    error: Problem | None = None
    data: Summary | None = None


class PostChapterization(Message, kw_only=True, tag="post_chapterization"):
    """No longer in the newest SDKs; the specifications still have it."""

    error: Problem | None = None
    data: Chapters | None = None


class PostFinalTranscript(Message, kw_only=True, tag="post_final_transcript"):
    data: Result


class Error(Message, kw_only=True, tag="error"):
    """No specification has it, though a flag asks for it; this is the shape that clients look for."""

    data: ErrorData = msgspec.field(default_factory=ErrorData)


Live = (
    StartSession | StartRecording | EndRecording | EndSession | ChunkAnswer | StopAnswer | SpeechStart | SpeechEnd
    | Transcript | Error
)  # fmt: skip
AddOnMessage = Translation | EntityRecognition | SentimentAnalysis | PostSummarization | PostChapterization
FromServer = Live | AddOnMessage | PostTranscript | PostFinalTranscript


class Chunk(msgspec.Struct):
    chunk: bytes
    """In base64."""


class FromClient(msgspec.Struct):
    type: Literal["audio_chunk", "stop_recording"]
    data: Chunk | None = None


def kind_of(message: Message) -> str:
    """The ``type`` of a message."""
    return str(message.__struct_config__.tag)


def instant(created_at: str) -> float | None:
    """Unix seconds of a time as messages have it; ``None`` when it is none."""
    try:
        told = datetime.fromisoformat(created_at)
    except ValueError:
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
