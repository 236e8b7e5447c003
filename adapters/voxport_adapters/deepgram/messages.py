"""The messages of ``/v1/listen``, each way: JSON in text frames, told apart by ``type``."""

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=-1e9, le=1e9)]
"""Bounded, so that no sum of times is infinite. Some are slightly below 0."""
Index = Annotated[int, Meta(ge=0, le=1000)]

# --------------------------------------------------------------------------- from the server


class SpokenWord(msgspec.Struct, omit_defaults=True):
    word: str
    start: Seconds
    end: Seconds
    confidence: float
    punctuated_word: str | None = None
    speaker: int | None = None
    language: str | None = None


class Alternative(msgspec.Struct, omit_defaults=True):
    """A server always says the first three."""

    transcript: str
    confidence: float | None = None
    words: list[SpokenWord] | None = None
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None


class Hit(msgspec.Struct):
    confidence: float
    start: Seconds
    end: Seconds
    snippet: str


class Search(msgspec.Struct):
    query: str
    hits: list[Hit]


class Channel(msgspec.Struct, omit_defaults=True):
    alternatives: list[Alternative]
    search: list[Search] | None = None


class FoundEntity(msgspec.Struct):
    """``value`` is how it is written, ``raw_value`` how it was said; words are counted, the last one exclusive."""

    label: str
    value: str
    raw_value: str | None = None
    confidence: float | None = None
    start_word: int = 0
    end_word: int = 0


class ModelInfo(msgspec.Struct):
    name: str
    version: str
    arch: str


class DiarizeInfo(msgspec.Struct):
    model_uuid: str
    arch: str


class ResultsMetadata(msgspec.Struct, omit_defaults=True):
    request_id: str
    model_info: ModelInfo
    model_uuid: str
    diarize_info: DiarizeInfo | None = None
    extra: dict[str, str] | None = None


class Results(msgspec.Struct, tag=True):
    """As a client reads it. ``metadata`` repeats what is known of the session and is left alone."""

    channel: Channel
    start: Seconds
    duration: Seconds
    channel_index: tuple[Index, Index] = (0, 1)
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False
    entities: list[FoundEntity] = []


class ToldResults(msgspec.Struct, tag="Results", omit_defaults=True):
    """As a server says it: clients index each of these without looking."""

    channel_index: tuple[int, int]
    duration: float
    start: float
    is_final: bool
    speech_final: bool
    channel: Channel
    metadata: ResultsMetadata
    from_finalize: bool
    entities: list[FoundEntity] | None = None


class SpeechStarted(msgspec.Struct, tag=True):
    timestamp: Seconds
    channel: tuple[Index, Index] = (0, 1)


class UtteranceEnd(msgspec.Struct, tag=True):
    last_word_end: Seconds
    channel: tuple[Index, Index] = (0, 1)


class Metadata(msgspec.Struct, tag=True, omit_defaults=True):
    """``models`` and ``model_info`` come when audio was decoded, ``extra`` when it was given."""

    request_id: str
    duration: Seconds
    channels: int
    sha256: str | None = None
    created: str | None = None
    transaction_key: str | None = None
    models: list[str] | None = None
    model_info: dict[str, ModelInfo] | None = None
    extra: dict[str, str] | None = None


class Error(msgspec.Struct, tag=True, omit_defaults=True):
    """A client message that was not understood, or a ``Configure`` that an older service refuses (with ``code``)."""

    variant: str
    description: str
    message: str | None = None
    code: str | None = None


class ConfigureSuccess(msgspec.Struct, tag=True, omit_defaults=True):
    """``keyterms`` are told when they were replaced."""

    request_id: str
    keyterms: list[str] | None = None


class ConfigureFailure(msgspec.Struct, tag=True):
    """The settings are what they were."""

    request_id: str
    code: str = "CONFIGURE_INTERNAL_ERROR"
    description: str = ""


FromServer = Results | SpeechStarted | UtteranceEnd | Metadata | Error | ConfigureSuccess | ConfigureFailure

# --------------------------------------------------------------------------- from the client


class CloseStream(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    pass


class Configure(msgspec.Struct, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is absent or null stays. ``processors`` is an older name of ``features``."""

    features: dict[str, bool] | None = None
    processors: dict[str, bool] | None = None
    keyterms: list[str] | None = None
    language_hints: list[str] | None = None


class Sync(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    """Known to the service and documented nowhere."""


class KeepAlive(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    pass


class Finalize(msgspec.Struct, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    channel: int | None = None


FromClient = CloseStream | Configure | Sync | KeepAlive | Finalize
