"""What neutral settings become at Gladia, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from voxport import codec, wire
from voxport.settings import Settings
from voxport_adapters.gladia.request import CODES, DEFAULTS, TARGETS

FORMATS = {"s16le": ("wav/pcm", 16), "mulaw": ("wav/ulaw", 8)}
REGIONS = {"us": "us-west", "eu": "eu-west"}
SILENCE = (10, 10_000)
"""The least and the most that ``endpointing`` can be, in milliseconds."""
ITS_OWN = {"jv": "jw", "nb": "no", "fil": "tl", "iw": "he", "in": "id", "cmn": "zh"}
"""Languages that Gladia has another code for."""


def code_of(language: str) -> str:
    """A BCP-47 code as Gladia spells it: without a region."""
    plain = language.replace("_", "-").partition("-")[0].lower()
    return ITS_OWN.get(plain, plain)


def _known(languages: Sequence[str], codes: Sequence[str]) -> list[str]:
    return [code for language in languages if (code := code_of(language)) in codes]


def _judge(languages: Sequence[str], option: str, codes: Sequence[str]) -> codec.Support | None:
    """Mapped where all are known; what is not would be refused, and is left out."""
    unknown = [language for language in languages if code_of(language) not in codes]
    if not unknown:
        return None
    status: codec.Status = "dropped" if len(unknown) == len(languages) else "approximated"
    return codec.Support(status, option, f"not offered: {', '.join(unknown)}")


def _spoken(options: Mapping[str, Any]) -> list[str]:
    codes: list[str] = options["language_config"]["languages"]
    return codes


def languages_of(options: Mapping[str, Any]) -> str:
    """The language that an utterance is said to be in when none was heard: the first that was asked for."""
    return next(iter(_spoken(options)), "en")


def _terms(options: Mapping[str, Any]) -> list[str] | None:
    live = options["realtime_processing"]
    terms = live.get("custom_vocabulary_config", {}).get("vocabulary") if live["custom_vocabulary"] else None
    return terms and [term if isinstance(term, str) else term["value"] for term in terms]


def _targets(options: Mapping[str, Any]) -> list[str] | None:
    live = options["realtime_processing"]
    codes: list[str] | None = live["translation_config"]["target_languages"] if live["translation"] else None
    return codes


def _silence(milliseconds: int, _: Settings) -> codec.Support | None:
    least, most = SILENCE
    if least <= milliseconds <= most:
        return None
    return codec.Support("approximated", "endpointing", "10 ms to 10 s")


def _live(name: str) -> wire.Rule:
    """A switch among the real-time add-ons."""
    return wire.rule(
        "mapped", f"realtime_processing.{name}", put=lambda wanted, _: {"realtime_processing": {name: wanted}},
        take=lambda o: o["realtime_processing"][name] or None,
    )  # fmt: skip


RULES: dict[str, wire.Rule] = {
    "language": wire.rule(
        "mapped", "language_config.languages", "without a region",
        judge=lambda code, _: _judge([code], "language_config.languages", CODES),
        put=lambda code, _: {"language_config": {"languages": [code_of(code)]}},
        take=lambda o: _spoken(o)[0] if len(_spoken(o)) == 1 else None,
    ),
    "languages": wire.rule(
        "mapped", "language_config.languages, code_switching", "detected for each utterance",
        judge=lambda codes, _: _judge(codes, "language_config.languages, code_switching", CODES),
        put=lambda codes, _: {"language_config": {"languages": _known(codes, CODES), "code_switching": True}},
        take=lambda o: _spoken(o) if len(_spoken(o)) > 1 else None,
    ),
    "model": wire.rule("mapped", "model"),
    "region": wire.rule("mapped", "region", "us, eu", values=REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule(
        "mapped", "encoding, bit_depth",
        judge=lambda name, _: codec.Support("mapped" if name in FORMATS else "dropped", "encoding, bit_depth"),
        put=lambda name, _: dict(zip(("encoding", "bit_depth"), FORMATS[name], strict=True)),
        take=lambda o: next(name for name, format_ in FORMATS.items() if format_ == (o["encoding"], o["bit_depth"])),
    ),
    "channels": wire.rule("mapped", "channels"),
    "partials": wire.rule(
        "mapped", "messages_config.receive_partial_transcripts",
        put=lambda wanted, _: {"messages_config": {"receive_partial_transcripts": wanted}},
        take=lambda o: o["messages_config"]["receive_partial_transcripts"],
    ),
    "punctuation": wire.only(granted=True, note="finals always have it"),
    "diarization": wire.only(granted=False, note="not in live sessions"),
    "key_terms": wire.rule(
        "mapped", "realtime_processing.custom_vocabulary", take=_terms, put=lambda terms, _: {"realtime_processing": {
            "custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": list(terms)},
        }},
    ),
    "end_of_turn_silence_ms": wire.rule(
        "mapped", "endpointing", "10 ms to 10 s", judge=_silence,
        put=lambda silence, _: {"endpointing": min(max(silence, SILENCE[0]), SILENCE[1]) / 1000},
        take=lambda o: None if o["endpointing"] == DEFAULTS["endpointing"] else round(o["endpointing"] * 1000),
    ),
    "profanity_filter": wire.only(granted=False, note="not offered"),
    "redaction": wire.only(granted=False, note="not in live sessions"),
    "filler_words": wire.rule("dropped", note="the model decides"),
    "entities": _live("named_entity_recognition"),
    "sentiment": _live("sentiment_analysis"),
    "translate_to": wire.rule(
        "mapped", "realtime_processing.translation_config.target_languages", take=_targets,
        judge=lambda codes, _: _judge(codes, "realtime_processing.translation_config.target_languages", TARGETS),
        put=lambda codes, _: {"realtime_processing": {
            "translation": True, "translation_config": {"target_languages": _known(codes, TARGETS)},
        }},
    ),
}  # fmt: skip
