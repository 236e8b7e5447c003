"""What a Gladia session is asked for: the body of ``POST /v2/live``, its defaults, and what neutral settings become."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voxport import codec, wire

MODEL = "solaria-1"
RATES = (8000, 16000, 32000, 44100, 48000)
FORMATS = {"s16le": ("wav/pcm", 16), "mulaw": ("wav/ulaw", 8)}
DEFAULTS = {
    "encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1, "model": MODEL,
    "endpointing": 0.05, "language_config": {"languages": [], "code_switching": False}, "realtime_processing": {},
    "messages_config": {
        "receive_partial_transcripts": False, "receive_final_transcripts": True, "receive_speech_events": True,
        "receive_post_processing_events": True, "receive_acknowledgments": True, "receive_lifecycle_events": False,
    },
}  # fmt: skip
REGIONS = {"us": "us-west", "eu": "eu-west"}
CHOICES: dict[str, Sequence[object]] = {
    "encoding": ("wav/pcm", "wav/alaw", "wav/ulaw"), "bit_depth": (8, 16, 24, 32), "channels": range(1, 9),
    "sample_rate": RATES,
}  # fmt: skip
WANTED = [f"receive_{kind}" for kind in ("final_transcripts", "speech_events", "acknowledgments", "lifecycle_events")]


def code_of(language: str) -> str:
    """A BCP-47 code as Gladia spells it: without a region."""
    return language.replace("_", "-").partition("-")[0].lower()


def languages_of(options: Mapping[str, Any]) -> list[str]:
    """The codes that a request names, leaving out what is none."""
    listed = options["language_config"].get("languages")
    return [code for code in listed if isinstance(code, str)] if isinstance(listed, list) else []


def _terms(options: Mapping[str, Any]) -> list[str] | None:
    match options["realtime_processing"]:
        case {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": [*terms]}}:
            return [str(term.get("value")) if isinstance(term, dict) else str(term) for term in terms]
    return None


RULES = {
    "language": wire.rule(
        "mapped", "language_config.languages", "without a region",
        put=lambda code, _: {"language_config": {"languages": [code_of(code)]}},
        take=lambda o: languages_of(o)[0] if len(languages_of(o)) == 1 else None,
    ),
    "languages": wire.rule(
        "mapped", "language_config.languages, code_switching", "detected for each utterance",
        put=lambda codes, _: {"language_config": {"languages": list(map(code_of, codes)), "code_switching": True}},
        take=lambda o: languages_of(o) if len(languages_of(o)) > 1 else None,
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
        "mapped", "endpointing", "10 ms to 10 s", put=lambda silence, _: {"endpointing": silence / 1000},
        take=lambda o: None if o["endpointing"] == DEFAULTS["endpointing"] else round(o["endpointing"] * 1000),
    ),
    "profanity_filter": wire.only(granted=False, note="not offered"),
    "redaction": wire.only(granted=False, note="not in live sessions"),
    "filler_words": wire.rule("dropped", note="the model decides"),
    "entities": wire.rule(
        "mapped", "realtime_processing.named_entity_recognition",
        put=lambda wanted, _: {"realtime_processing": {"named_entity_recognition": wanted}},
        take=lambda o: o["realtime_processing"].get("named_entity_recognition"),
    ),
    "sentiment": wire.rule(
        "mapped", "realtime_processing.sentiment_analysis",
        put=lambda wanted, _: {"realtime_processing": {"sentiment_analysis": wanted}},
        take=lambda o: o["realtime_processing"].get("sentiment_analysis"),
    ),
    "translate_to": wire.rule(
        "mapped", "realtime_processing.translation_config.target_languages",
        put=lambda codes, _: {"realtime_processing": {
            "translation": True, "translation_config": {"target_languages": list(map(code_of, codes))},
        }},
        take=lambda o: o["realtime_processing"].get("translation_config", {}).get("target_languages"),
    ),
}  # fmt: skip


def read(body: bytes) -> dict[str, Any]:
    """What is asked for, over the defaults; unknown fields are kept. Raises ``ValueError``, a complaint a line."""
    asked = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    params = wire.merged(DEFAULTS, {name: value for name, value in asked.items() if value is not None})
    wrong = [
        f"{name} must be one of the following values: {', '.join(map(str, values))}"
        for name, values in CHOICES.items() if params[name] not in values
    ]  # fmt: skip
    wrong += [
        f"{name} must be like {default!r}" for name, default in DEFAULTS.items() if name not in CHOICES
        and not isinstance(params[name], (int, float) if isinstance(default, float) else type(default))
    ]  # fmt: skip
    wrong += ["property region should not exist"] if "region" in asked else []
    if not wrong and (params["encoding"], params["bit_depth"]) not in FORMATS.values():
        wrong = ["encoding must be wav/pcm of 16 bits or wav/ulaw of 8: others are not decoded here"]
    if wrong:
        raise ValueError("\n".join(wrong))
    return params
