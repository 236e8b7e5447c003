"""What may be asked of ``/v2/listen``: the query's parameters, and what becomes of neutral settings."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voxport import codec, wire
from voxport.settings import Settings
from voxport_adapters.deepgram.access import BAD_QUERY, ENCODINGS, REGIONS, RefusedError, invalid, no_such_model

ENGLISH = "flux-general-en"
MULTILINGUAL = "flux-general-multi"
LANGUAGES = ("de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru")
"""Those of the multilingual model."""
RATES = (8000, 16_000, 24_000, 44_100, 48_000)
KEYTERMS = 100

# Older pages end the first at 0.9 and the last at 10,000; the newest bounds are the widest.
Threshold = Annotated[float, Meta(ge=0.5, le=1.0)]
EagerThreshold = Annotated[float, Meta(ge=0.3, le=0.9)]
Timeout = Annotated[int, Meta(ge=500, le=60_000)]


class Turns(msgspec.Struct, frozen=True):
    """When a turn has ended. Without ``eager_eot_threshold`` nothing is said of ends that are only probable; with an
    ``eot_threshold`` of 1 the model ends none.
    """

    eot_threshold: Threshold = 0.7
    eager_eot_threshold: EagerThreshold | None = None
    eot_timeout_ms: Timeout = 5000

    @property
    def consistent(self) -> bool:
        """What is probable is no less certain than what is told as certain."""
        return self.eager_eot_threshold is None or self.eager_eot_threshold <= self.eot_threshold


class Listen(msgspec.Struct, kw_only=True):
    """Every parameter of the query. Unknown names are ignored."""

    model: str | None = None
    encoding: Literal["linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus"] | None = None
    sample_rate: Literal[8000, 16_000, 24_000, 44_100, 48_000] | None = None
    eot_threshold: Threshold = 0.7
    eager_eot_threshold: EagerThreshold | None = None
    eot_timeout_ms: Timeout | None = None
    keyterm: list[str] = []
    language_hint: list[Annotated[str, Meta(min_length=1)]] = []
    profanity_filter: bool = False
    numerals: bool = False
    redact: Literal["numbers", "aggressive_numbers", "false"] | None = None
    mip_opt_out: bool = False
    tag: list[Annotated[str, Meta(max_length=128)]] = []

    @property
    def multilingual(self) -> bool:
        """Languages are told, and may be hinted at."""
        return self.model == MULTILINGUAL

    @property
    def turns(self) -> Turns:
        """When a turn has ended, to begin with."""
        return Turns(self.eot_threshold, self.eager_eot_threshold, self.eot_timeout_ms or Turns().eot_timeout_ms)


def read(query: Mapping[str, list[str]]) -> Listen:
    """The query, checked. Raises ``RefusedError`` or ``wire.BadParameterError``."""
    asked = wire.typed_query(query, Listen)
    for refused in _objections(asked):
        raise refused
    return asked


def _objections(asked: Listen) -> Iterator[RefusedError]:
    """In the service's words where they are known; where they are not, in plain ones."""
    if asked.model not in {ENGLISH, MULTILINGUAL}:
        yield no_such_model()
    for name in ("eot_threshold", "eager_eot_threshold"):
        if math.isnan(getattr(asked, name) or 0.0):
            yield invalid(name, "nan")
    if not asked.turns.consistent:
        yield invalid("eager_eot_threshold", asked.eager_eot_threshold)
    if asked.language_hint and not asked.multilingual:
        yield _bad(f"'language_hint' is supported by {MULTILINGUAL} only.")
    if len(asked.keyterm) > KEYTERMS:
        yield _bad(f"Too many values of 'keyterm': at most {KEYTERMS}.")
    if asked.encoding is None:
        yield _bad("Audio needs 'encoding' and 'sample_rate': containers are not decoded here.")
    elif asked.encoding not in ENCODINGS.values():
        yield _bad(f"The encoding '{asked.encoding}' is not decoded here: use {', '.join(ENCODINGS.values())}.")
    elif asked.sample_rate is None:
        yield _bad("'encoding' needs 'sample_rate'.")


def _bad(message: str) -> RefusedError:
    return RefusedError(400, BAD_QUERY, message)


# --------------------------------------------------------------------------- neutral settings

FIXED = "always as displayed, with case and punctuation"
NO_HINT = codec.Support(
    "dropped", "language_hint", f"{ENGLISH} hears English; {MULTILINGUAL} hears {', '.join(LANGUAGES)}"
)


def silence(milliseconds: int) -> int:
    """What ``eot_timeout_ms`` can be."""
    return max(milliseconds, 500)


def _hint(language: str) -> str:
    """The language without its region."""
    return language.partition("-")[0].lower()


def _judge_language(language: str, asked: Settings) -> codec.Support | None:
    return _judge_languages((language,), asked)


def _judge_languages(languages: tuple[str, ...], asked: Settings) -> codec.Support | None:
    """English needs no other model; the rest is what the multilingual one hears, unless another one is asked for."""
    hints = [_hint(language) for language in languages]
    if set(hints) == {"en"} and asked.model != MULTILINGUAL:
        return codec.Support("mapped", "model", f"the language of {ENGLISH}")
    fits = asked.model in {None, MULTILINGUAL} and set(hints) <= {*LANGUAGES}
    return None if fits else NO_HINT


def _put_languages(languages: tuple[str, ...], asked: Settings) -> Mapping[str, Any]:
    hints = [_hint(language) for language in languages]
    if set(hints) == {"en"} and asked.model != MULTILINGUAL:
        return {}
    return {"model": MULTILINGUAL, "language_hint": hints}


RULES = {
    "language": wire.rule(
        "approximated", "model, language_hint", f"another than English is a hint to {MULTILINGUAL}",
        put=lambda language, asked: _put_languages((language,), asked), judge=_judge_language, take=lambda _: None,
    ),
    "languages": wire.rule(
        "approximated", "model, language_hint", f"hints to {MULTILINGUAL}", put=_put_languages, judge=_judge_languages,
        take=lambda o: o.get("language_hint"),
    ),
    "model": wire.rule("mapped", "model"),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.only(1, "mono"),
    "partials": wire.only(granted=True, note="always told"),
    "punctuation": wire.only(granted=True, note=FIXED),
    "diarization": wire.only(granted=False, note="not offered"),
    "key_terms": wire.rule("mapped", "keyterm"),
    "end_of_turn_silence_ms": wire.rule(
        "approximated", "eot_timeout_ms", "the longest silence, 500 ms at least; the model ends turns before it",
        put=lambda value, _: {"eot_timeout_ms": silence(value)}, take=lambda o: o.get("eot_timeout_ms"),
    ),
    "profanity_filter": wire.rule("mapped", "profanity_filter"),
    "redaction": wire.rule(
        "approximated", "redact=aggressive_numbers", "masks numbers; names stay",
        put=lambda wanted, _: {"redact": "aggressive_numbers" if wanted else None},
        take=lambda o: o.get("redact") not in {None, "false"} or None,
    ),
    "filler_words": wire.rule("dropped", note="the model decides"),
    "entities": wire.only(granted=False, note="not offered"),
    "sentiment": wire.only(granted=False, note="not offered"),
    "translate_to": wire.rule("dropped", note="not offered"),
}  # fmt: skip


def settings_of(asked: Listen) -> Settings:
    """What whoever recognises is asked for."""
    return wire.settings_of("deepgram-flux", msgspec.structs.asdict(asked), RULES)
