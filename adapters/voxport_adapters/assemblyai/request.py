"""What an AssemblyAI session is asked for: its query and its updates, and what becomes of neutral settings."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from voxport import codec, wire
from voxport.settings import Encoding, Settings

Model = Literal[
    "universal-streaming-english", "universal-streaming-multilingual", "whisper-rt", "u3-rt-pro", "u3-rt-pro-beta-1",
    "universal-3-5-pro", "universal-3-6-pro", "universal-3-6", "_universal-3-5-notetaker",
]  # fmt: skip
MODELS: list[str] = list(get_args(Model))
US_EN, US_MULTI, WHISPER, U3, U3_BETA, *_ = MODELS
US = (US_EN, US_MULTI)
NATIVE = ("en", "es", "de", "fr", "pt", "it")
UNTOLD = {US_EN: ("en",), US_MULTI: NATIVE, WHISPER: (), U3: NATIVE, U3_BETA: NATIVE}
"""What the models know that cannot be told a language; nothing for all that there is."""
CODES = (
    "en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da", "fi", "hi", "vi", "ar", "he", "ja", "ur", "zh",
    "ru", "ko", "ca", "gl", "ro", "et", "fa", "yue", "af", "mr", "zu", "xh", "nn", "multi",
)  # fmt: skip


def model_of(settings: Settings) -> str:
    """The model that is asked for."""
    return str(settings.options.get("speech_model") or settings.model or U3)


def is_u3(model: str) -> bool:
    """The Universal-3 family punctuates by itself and tells where speech starts."""
    return model not in (*US, WHISPER)


def _codes(asked: str | Iterable[str]) -> list[str]:
    """Without regions."""
    return [code.partition("-")[0].lower() for code in ([asked] if isinstance(asked, str) else asked)]


def _put_languages(asked: str | Iterable[str], settings: Settings) -> dict[str, Any]:
    codes = [code for code in _codes(asked) if code in CODES]
    return {} if model_of(settings) in UNTOLD else {"language_codes": codes[:10]}


def _judge_languages(asked: str | Iterable[str], settings: Settings) -> codec.Support | None:
    model, codes = model_of(settings), set(_codes(asked))
    unknown = codes.difference(UNTOLD.get(model, CODES) or codes)
    if unknown == codes:
        return codec.Support("dropped", "language_codes", "the model does not know it")
    if model in UNTOLD:
        return codec.Support("approximated", "", "the model finds out by itself")
    return SOME_LANGUAGES if unknown or len(codes) > 10 else None


def _judge_terms(terms: Collection[str], settings: Settings) -> codec.Support | None:
    fits = len(terms) <= 100 and all(len(term) <= 50 for term in terms)
    return _but_whisper(terms, settings) or (None if fits else SOME_TERMS)


def _but_whisper(_value: object, settings: Settings) -> codec.Support | None:
    return codec.Support("dropped", "", "whisper-rt has no such setting") if model_of(settings) == WHISPER else None


REGIONS = {
    "global": "wss://streaming.assemblyai.com", "us": "wss://streaming.us.assemblyai.com",
    "eu": "wss://streaming.eu.assemblyai.com",
}  # fmt: skip
ENCODINGS: dict[Encoding, str] = {"s16le": "pcm_s16le", "mulaw": "pcm_mulaw"}
NO_FLOATS = codec.Support("dropped", "encoding", "s16le or mulaw")
NO_PARTIALS = codec.Support("dropped", "include_partial_turns", "with redact_pii there are finals only")
SOME_LANGUAGES = codec.Support("approximated", "language_codes", "at most 10, and only those that the model knows")
SOME_TERMS = codec.Support("approximated", "keyterms_prompt", "at most 100, each of at most 50 characters")
BUILT_IN = codec.Support("dropped", "format_turns", "the model always punctuates")
LANGUAGES = partial(
    wire.rule, "mapped", "language_codes", "a bias; models before universal-3-5-pro find out by themselves",
    put=_put_languages, judge=_judge_languages,
)  # fmt: skip
RULES = {
    "language": LANGUAGES(
        take=lambda o: o.get("language_code") or (c[0] if len(c := o.get("language_codes") or []) == 1 else None)
    ),
    "languages": LANGUAGES(take=lambda o: c if len(c := o.get("language_codes") or []) > 1 else None),
    "model": wire.rule("mapped", "speech_model"),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule(
        "mapped", "encoding", values=ENCODINGS, judge=lambda value, _: None if value in ENCODINGS else NO_FLOATS,
    ),
    "channels": wire.only(1, "mono only: one session for each channel"),
    "partials": wire.rule(
        "mapped", "include_partial_turns", "none with redaction",
        judge=lambda wanted, asked: NO_PARTIALS if wanted and asked.transcription.redaction else None,
        take=lambda o: o.get("include_partial_turns", True) and not o.get("redact_pii"),
    ),
    "punctuation": wire.rule(
        "mapped", "format_turns", "built into the Universal-3 family",
        put=lambda wanted, asked: {} if is_u3(model_of(asked)) else {"format_turns": wanted},
        judge=lambda wanted, asked: BUILT_IN if is_u3(model_of(asked)) and not wanted else None,
    ),
    "diarization": wire.rule("mapped", "speaker_labels"),
    "key_terms": wire.rule(
        "mapped", "keyterms_prompt", SOME_TERMS.note, judge=_judge_terms,
        put=lambda terms, _: {"keyterms_prompt": list(terms)[:100]},
    ),
    "end_of_turn_silence_ms": wire.rule(
        "approximated", "max_turn_silence", "a turn that sounds complete ends sooner",
        judge=_but_whisper, take=lambda o: min(o.get("max_turn_silence") or 0, 60_000) or None,
    ),
    "profanity_filter": wire.rule("mapped", "filter_profanity"),
    "redaction": wire.rule("mapped", "redact_pii", "in finals; partials are not sent then"),
    "filler_words": wire.rule("dropped", note="the model decides"),
    "entities": wire.only(granted=False, note="not in live sessions"),
    "sentiment": wire.only(granted=False, note="not in live sessions"),
    "translate_to": wire.rule("dropped", note="not offered"),
}  # fmt: skip
CHANGEABLE = ("language", "languages", "key_terms", "end_of_turn_silence_ms", "profanity_filter")
UPDATES = ("max_turn_silence", "keyterms_prompt", "prompt", "agent_context", "filter_profanity", "language_codes")


class Stream(msgspec.Struct, kw_only=True):
    """The query parameters that this end acts on or checks. Compressed audio is not decoded here."""

    speech_model: Model = "universal-3-5-pro"
    sample_rate: Annotated[int, Meta(ge=8000)] = 16_000
    encoding: Literal["pcm_s16le", "pcm_mulaw"] = "pcm_s16le"
    inactivity_timeout: Annotated[int, Meta(ge=5, le=3600)] | None = None
    include_partial_turns: bool = True
    keyterms_prompt: list[str] = []
    prompt: Annotated[str, Meta(max_length=1750)] = ""
    agent_context: Annotated[str, Meta(max_length=1750)] = ""
    language_codes: list[str] = []
    language_code: str | None = None
    language_detection: bool = False
    format_turns: bool = False
    filter_profanity: bool = False
    redact_pii: bool = False
    speaker_labels: bool = False
    max_speakers: Annotated[int, Meta(ge=1, le=10)] | None = None
    max_turn_silence: Annotated[int, Meta(ge=0)] | None = None
    vad_threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    end_of_turn_confidence_threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    mode: Literal["max_accuracy", "balanced", "min_latency"] = "balanced"
    domain: Literal["medical-v1"] | None = None
    voice_focus: Literal["near-field", "far-field"] | None = None

    def __post_init__(self) -> None:
        """Some models do unasked what others are asked for."""
        self.format_turns = self.format_turns or is_u3(self.speech_model)
        self.language_detection = self.language_detection or self.speech_model == WHISPER


TOO_LONG = "Value error, {name} exceeds maximum length of 1750 characters (got {length})"
NO_LIST = "Value error, Invalid JSON array"
COMPLAINTS = {
    "speech_model": f"Input should be {str(MODELS[:-1])[1:-1]} or {MODELS[-1]!r}",
    "sample_rate": "Value error, sample_rate must be at least 8,000 Hz",
    "encoding": "Value error, '{value}' is not a valid Encoding",
    "keyterms_prompt": NO_LIST, "language_codes": NO_LIST, "prompt": TOO_LONG, "agent_context": TOO_LONG,
}  # fmt: skip
"""The service's own words for values that it does not take."""


def _json_array(sent: list[str]) -> list[str]:
    """A list in a query, which is not repeated."""
    return msgspec.json.decode("".join(sent), type=list[str])


def read(query: Mapping[str, Any], lists: Callable[[list[Any]], Any] = _json_array) -> Stream:
    """The query or an update, checked. Raises ``ValueError`` with the service's own words."""
    try:
        stream = wire.typed_query(query, Stream, lists)
    except wire.BadParameterError as error:
        said = COMPLAINTS.get(error.name, "").format(name=error.name, value=error.value, length=len(str(error.value)))
        raise ValueError(f"Invalid '{error.name}': {said or error.why}") from None
    for name, most in (("keyterms_prompt", 100), ("language_codes", 10)):
        if len(getattr(stream, name)) > most:
            raise ValueError(f"Invalid '{name}': Value error, Max {most} items")
    for index, code in enumerate(stream.language_codes):
        if code not in CODES:
            raise ValueError(f"Invalid 'language_codes.{index}': Input should be one of {', '.join(CODES)}")
    return stream


def update_of(changes: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The fields of ``UpdateConfiguration`` that ask for neutral changes."""
    asked = {name: changes[name] for name in CHANGEABLE if changes.get(name) is not None}
    carried = [RULES[name].carry(value, settings)[0] for name, value in asked.items()]
    return {name: value for options in carried for name, value in options.items()}


def changes_of(update: Mapping[str, Any]) -> dict[str, Any]:
    """The way back. Raises ``ValueError`` as ``read`` does."""
    sent = {name: [update[name]] for name in UPDATES if update.get(name) is not None}
    stream = read(sent, lambda values: values[0])
    options = {name: getattr(stream, name) for name in sent}
    found = {name: RULES[name].recover(options) for name in CHANGEABLE}
    return {name: value for name, value in found.items() if value is not None}
