"""The messages of ``/v2/listen``, each way: JSON in text frames, told apart by ``type``."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voxport_adapters.deepgram.messages import Seconds

# --------------------------------------------------------------------------- from the server


class Connected(msgspec.Struct, tag=True):
    """The first message, right after the upgrade. ``sequence_id`` counts all messages of the connection from 0."""

    request_id: str
    sequence_id: int


class TurnWord(msgspec.Struct, omit_defaults=True):
    """``word`` has its case and its punctuation. Older services tell no times."""

    word: str
    confidence: float
    start: Seconds | None = None
    end: Seconds | None = None


class TurnInfo(msgspec.Struct, tag=True, omit_defaults=True):
    """The whole turn so far. ``trigger`` stands on ``EndOfTurn`` alone; more events and triggers may come."""

    request_id: str
    sequence_id: int
    event: str
    turn_index: int
    audio_window_start: Seconds
    audio_window_end: Seconds
    transcript: str
    words: list[TurnWord]
    end_of_turn_confidence: float
    trigger: str | None = None
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None


class Thresholds(msgspec.Struct, omit_defaults=True):
    """When a turn is taken to have ended; what is absent or null stays."""

    eager_eot_threshold: float | None = None
    eot_threshold: float | None = None
    eot_timeout_ms: int | None = None


class ConfigureSuccess(msgspec.Struct, tag=True, omit_defaults=True):
    """All settings that are now in force."""

    request_id: str
    sequence_id: int
    thresholds: Thresholds
    keyterms: list[str] | str | None = None
    language_hints: list[str] | None = None
    numerals: bool | None = None


class ConfigureFailure(msgspec.Struct, tag=True, omit_defaults=True):
    """The settings are what they were. One client reads the code under its other name."""

    request_id: str
    sequence_id: int
    code: str | None = None
    description: str | None = None
    error_code: str | None = None


class Warned(msgspec.Struct, tag="Warning"):
    request_id: str
    sequence_id: int
    code: str
    description: str


class Error(msgspec.Struct, tag=True):
    """The connection closes."""

    sequence_id: int
    code: str
    description: str


class Metadata(msgspec.Struct, tag=True):
    """What older services end with, as ``/v1/listen`` does; today there is none."""

    duration: Seconds


FromServer = Connected | TurnInfo | ConfigureSuccess | ConfigureFailure | Warned | Error | Metadata

# --------------------------------------------------------------------------- from the client


class CloseStream(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    pass


class ForceEndTurn(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    pass


class Configure(msgspec.Struct, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """``keyterms`` and ``language_hints`` replace, empty ones clear; what is absent or null stays."""

    thresholds: Thresholds | None = None
    keyterms: list[str] | None = None
    language_hints: list[Annotated[str, Meta(min_length=1)]] | None = None
    numerals: bool | None = None
    profanity_filter: bool | None = None  # not in the schema, and sent by one client


FromClient = CloseStream | ForceEndTurn | Configure
