"""What becomes of each neutral setting, and of the provider's options on the way back."""

from collections.abc import Mapping
from typing import Any

from voxport import wire
from voxport.codec import Support, Translation
from voxport.settings import Encoding, Settings
from voxport_adapters.speechmatics import languages

REGIONS = {
    "eu": "wss://eu.rt.speechmatics.com", "us": "wss://us.rt.speechmatics.com",
    "global": "wss://global.rt.speechmatics.com",
}  # fmt: skip
ENCODINGS: dict[Encoding, str] = {"s16le": "pcm_s16le", "f32le": "pcm_f32le", "mulaw": "mulaw"}
CHANNELS = 2
"""The most that the service takes; one on the customer's own machine may take more."""
AUDIO = {"encoding", "sample_rate"}
"""The options that stand in ``audio_format``."""
BESIDE = {"translation_config", "audio_events_config"}
"""Those that stand beside ``transcription_config``, which has all the others."""
CHANGEABLE = ("enable_partials", "max_delay", "max_delay_mode", "audio_filtering_config", "conversation_config")
CHANGEABLE_SETTINGS = ("partials", "end_of_turn_silence_ms")
TRIGGER = "end_of_utterance_silence_trigger"
MELIA = "melia-1"
DEFAULTS: Mapping[str, Any] = {
    "language": "en",
    "model": "enhanced",
    "conversation_config": {TRIGGER: 0.5},  # without it no turn ends
}

_NOT_MELIA = Support("dropped", "", f"the model {MELIA} does not do this in live sessions")


def _model(asked: Settings) -> Any:
    return asked.options.get("model") or asked.options.get("operating_point") or asked.model


def _unless_melia(_: Any, asked: Settings) -> Support | None:
    return _NOT_MELIA if _model(asked) == MELIA else None


def translate(settings: Settings) -> Translation:
    """See ``codec.Adapter.translate``."""
    found = wire.translate(settings, RULES, DEFAULTS)
    options = dict(found.options)
    if "operating_point" in settings.options:  # the older name of the model: services take either, not both
        del options["model"]
    if _model(settings) == MELIA and "language" not in settings.options:
        options["language"] = languages.MULTI
    return Translation(options, found.settings)


def labels(channels: int) -> list[str]:
    """What voxport calls channels on the wire, unless the options say otherwise."""
    return [f"channel_{number}" for number in range(1, channels + 1)]


# --------------------------------------------------------------------------- one by one


def _put_languages(tags: Any, asked: Settings) -> Mapping[str, Any]:
    if _model(asked) == MELIA:
        return {"language": languages.MULTI, "language_hints": [languages.pack(tag) for tag in tags]}
    chosen = {} if asked.transcription.language else languages.options(tags[0])
    return languages.mixed(tags) or chosen


def _judge_languages(tags: Any, asked: Settings) -> Support | None:
    if _model(asked) == MELIA:
        return Support("approximated", "language_hints", "the preview hears every language and does not heed hints yet")
    return Support("mapped", "language", "one pack has them all") if languages.mixed(tags) else None


def _take_language(options: Mapping[str, Any]) -> str | None:
    language = options["language"]
    if language == languages.MULTI or languages.parts(language, options.get("domain")):
        return None
    found: str = options.get("output_locale") or language
    return found


def _take_languages(options: Mapping[str, Any]) -> Any:
    hints = options.get("language_hints")
    return hints or languages.parts(options["language"], options.get("domain")) or None


def _judge_channels(count: int, _: Settings) -> Support | None:
    return Support("dropped", "", f"takes {CHANNELS}") if count > CHANNELS else None


def _put_channels(count: int, _: Settings) -> Mapping[str, Any]:
    return {"diarization": "channel", "channel_diarization_labels": labels(count)} if count > 1 else {}


def _take_channels(options: Mapping[str, Any]) -> int:
    return len(options.get("channel_diarization_labels", ())) if by_channel(options) else 1


def by_channel(options: Mapping[str, Any]) -> bool:
    """Audio travels channel by channel."""
    return str(options.get("diarization")).startswith("channel")


def _put_diarization(wanted: Any, asked: Settings) -> Mapping[str, Any]:
    if asked.audio.channels > 1:
        return {"diarization": "channel_and_speaker"} if wanted else {}
    return {"diarization": "speaker" if wanted else "none"}


def _take_diarization(options: Mapping[str, Any]) -> bool | None:
    kind = options.get("diarization")
    return None if kind is None else kind in {"speaker", "channel_and_speaker"}


def _put_silence(milliseconds: int, _: Settings) -> Mapping[str, Any]:
    return {"conversation_config": {TRIGGER: min(milliseconds / 1000, 2.0)}}


def _judge_silence(milliseconds: int, _: Settings) -> Support | None:
    return Support("approximated", "conversation_config", "at most 2 s") if milliseconds > 2000 else None


def _put_translation(tags: Any, asked: Settings) -> Mapping[str, Any]:
    targets = list(dict.fromkeys(map(languages.pack, tags)))[:5]
    partials = {"enable_partials": True} if asked.transcription.partials else {}
    return {"translation_config": {"target_languages": targets, **partials}}


def _judge_translation(tags: Any, asked: Settings) -> Support | None:
    if len(set(map(languages.pack, tags))) > 5:
        return Support("approximated", "translation_config.target_languages", "the first five")
    return _unless_melia(tags, asked)


def _filler_words(options: Mapping[str, Any]) -> bool | None:
    removed = options.get("transcript_filtering_config", {}).get("remove_disfluencies")
    return None if removed is None else not removed


def _take_key_terms(options: Mapping[str, Any]) -> list[str]:
    return [term if isinstance(term, str) else term["content"] for term in options.get("additional_vocab", ())]


# --------------------------------------------------------------------------- the table

RULES = {
    "language": wire.rule(
        "mapped", "language, output_locale", "one language pack serves all regions",
        put=lambda tag, _: languages.options(tag), take=_take_language),
    "languages": wire.rule(
        "approximated", "language", "a session has one language pack; some have two languages or more, else it is that "
        "of 'language' or of the first of these", put=_put_languages, judge=_judge_languages, take=_take_languages),
    "model": wire.rule("mapped", "model", take=lambda o: o.get("model") or o.get("operating_point")),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.rule(
        "mapped", "diarization, channel_diarization_labels", "two at most, each sent apart", put=_put_channels,
        judge=_judge_channels, take=_take_channels),
    "partials": wire.rule("mapped", "enable_partials", take=lambda o: o.get("enable_partials", False)),
    "punctuation": wire.rule(
        "mapped", "punctuation_overrides.permitted_marks",
        put=lambda wanted, _: {} if wanted else {"punctuation_overrides": {"permitted_marks": []}},
        judge=lambda wanted, asked: None if wanted else _unless_melia(wanted, asked),
        take=lambda o: o.get("punctuation_overrides", {}).get("permitted_marks") != []),
    "diarization": wire.rule(
        "mapped", "diarization", put=_put_diarization, take=_take_diarization,
        judge=lambda wanted, asked: _unless_melia(wanted, asked) if wanted else None),
    "key_terms": wire.rule(
        "mapped", "additional_vocab", "1000 terms of up to six words; the service warns of those that it drops",
        judge=_unless_melia, take=_take_key_terms),
    "end_of_turn_silence_ms": wire.rule(
        "mapped", f"conversation_config.{TRIGGER}", put=_put_silence, judge=_judge_silence,
        take=lambda o: round(o.get("conversation_config", {}).get(TRIGGER, 0) * 1000) or None),
    "profanity_filter": wire.only(granted=False, note="profanities are tagged (Word.tags), never masked"),
    "redaction": wire.only(granted=False, note="the option transcript_filtering_config.replacements masks by pattern"),
    "filler_words": wire.rule(
        "mapped", "transcript_filtering_config.remove_disfluencies",
        put=lambda kept, _: {"transcript_filtering_config": {"remove_disfluencies": not kept}},
        judge=lambda kept, asked: None if kept else _unless_melia(kept, asked), take=_filler_words),
    "entities": wire.rule(
        "mapped", "enable_entities", judge=lambda wanted, asked: _unless_melia(wanted, asked) if wanted else None),
    "sentiment": wire.only(granted=False, note="not in live sessions"),
    "translate_to": wire.rule(
        "mapped", "translation_config.target_languages", "one to five, from or to English", put=_put_translation,
        judge=_judge_translation, take=lambda o: o.get("translation_config", {}).get("target_languages")),
}  # fmt: skip
