"""What a session is asked for: what becomes of neutral settings, at the start and in updates."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any

from voxport import codec, wire
from voxport.commands import Configure
from voxport.settings import Encoding, Settings
from voxport_adapters.assemblyai.models import CODES, WHISPER, model_of, name_of


def _codes(asked: str | Iterable[str]) -> list[str]:
    """Without regions."""
    return [code.partition("-")[0].lower() for code in ([asked] if isinstance(asked, str) else asked)]


def _put_languages(asked: str | Iterable[str], settings: Settings) -> dict[str, Any]:
    """Where there are several, it is worth knowing which one was spoken."""
    model, codes = model_of(settings), _codes(asked)
    put: dict[str, Any] = {"language_codes": [code for code in codes if code in CODES][:10]}
    asks = len(codes) > 1 and model.tells_language and not model.always_tells_language
    return (put if model.takes_languages else {}) | ({"language_detection": True} if asks else {})


def _judge_languages(asked: str | Iterable[str], settings: Settings) -> codec.Support | None:
    model, codes = model_of(settings), set(_codes(asked))
    unknown = codes.difference(model.languages or codes)
    if codes and unknown == codes:
        return codec.Support("dropped", "language_codes", "the model does not know it")
    if not model.takes_languages:
        return codec.Support("approximated", "", "the model finds out by itself")
    return SOME_LANGUAGES if unknown or len(codes) > 10 else None


def _told(options: Mapping[str, Any]) -> list[str]:
    """The languages asked for; ``multi`` asks for any."""
    return [code for code in options.get("language_codes") or [] if code != "multi"]


def _judge_terms(terms: Collection[str], settings: Settings) -> codec.Support | None:
    fits = len(terms) <= 100 and all(len(term) <= 50 for term in terms)
    return _but_whisper(terms, settings) or (None if fits else SOME_TERMS)


def _take_terms(options: Mapping[str, Any]) -> list[str] | None:
    """The service passes over terms that are too long."""
    terms = options.get("keyterms_prompt")
    return None if terms is None else [term for term in terms if len(term) <= 50]


def _but_whisper(_value: object, settings: Settings) -> codec.Support | None:
    return codec.Support("dropped", "", f"{WHISPER} has no such setting") if name_of(settings) == WHISPER else None


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
    "language": LANGUAGES(take=lambda o: c[0] if len(c := _told(o)) == 1 else None),
    "languages": LANGUAGES(take=lambda o: c if len(c := _told(o)) > 1 else None),
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
        put=lambda wanted, asked: {} if model_of(asked).universal_3 else {"format_turns": wanted},
        judge=lambda wanted, asked: BUILT_IN if model_of(asked).universal_3 and not wanted else None,
    ),
    "diarization": wire.rule("mapped", "speaker_labels"),
    "key_terms": wire.rule(
        "mapped", "keyterms_prompt", SOME_TERMS.note, judge=_judge_terms, take=_take_terms,
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
CHANGEABLE = ("language", "languages", "punctuation", "key_terms", "end_of_turn_silence_ms", "profanity_filter")
"""Of ``RULES``, what ``UpdateConfiguration`` can change."""
UPDATES = (
    "min_turn_silence", "max_turn_silence", "end_of_turn_confidence_threshold", "keyterms_prompt", "prompt",
    "agent_context", "vad_threshold", "format_turns", "filter_profanity", "interruption_delay", "turn_left_pad_ms",
    "language_codes", "session_heartbeat", "acknowledge_silence", "continuous_partials", "mode",
)  # fmt: skip
"""The fields of ``UpdateConfiguration``."""


def translated(settings: Settings) -> codec.Translation:
    """What is asked for unless ``options`` say otherwise: signs of life, and of silence where the model has them."""
    silences = {"acknowledge_silence": True} if model_of(settings).universal_3 else {}
    defaults = {"speech_model": name_of(settings), "session_heartbeat": True, **silences}
    return wire.translate(settings, RULES, defaults)


def update_of(asked: Configure, settings: Settings) -> dict[str, Any]:
    """The fields of ``UpdateConfiguration`` that ask for these changes."""
    wanted = {name: asked.changes[name] for name in CHANGEABLE if asked.changes.get(name) is not None}
    carried = [RULES[name].carry(value, settings)[0] for name, value in wanted.items()]
    update = {name: value for options in (*carried, asked.options) for name, value in options.items()}
    return {name: value for name, value in update.items() if name in UPDATES}
