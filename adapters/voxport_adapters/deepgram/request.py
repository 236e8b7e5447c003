"""What may be asked of ``/v1/listen``: the query's parameters, and what becomes of neutral settings."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voxport import codec, wire
from voxport.settings import Settings
from voxport_adapters.deepgram.access import (
    BAD_QUERY,
    ENCODINGS,
    REGIONS,
    RefusedError,
    invalid,
    no_such_model,
)

MODEL = "nova-3"
MULTILINGUAL = "multi"
KEYTERM_TOKENS = 500
TOO_MANY_KEYTERMS = f"Keyterm limit exceeded. The maximum number of tokens across all keyterms is {KEYTERM_TOKENS}."

Encoding = Literal[
    "linear16", "linear32", "flac", "alaw", "mulaw", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729"
]
Redaction = Literal["true", "false", "pci", "numbers", "aggressive_numbers", "ssn"]


class Listen(msgspec.Struct, kw_only=True):
    """Every parameter of the query. Unknown names are ignored, as users send them freely.

    What shapes the text itself (``numerals``, ``dictation``, ``redact``, ``replace`` and the like) is for whoever
    recognises; what adds messages or fields is done here.
    """

    model: Annotated[str, Meta(min_length=1)] = "base-general"  # absent in older clients, though now required
    version: str = "latest"
    language: str | None = None
    language_hint: list[str] = []
    encoding: Encoding | None = None
    sample_rate: Annotated[int, Meta(ge=4000, le=192_000)] | None = None
    channels: Annotated[int, Meta(ge=1, le=20)] = 1
    multichannel: bool = False
    interim_results: bool = False
    endpointing: Annotated[int, Meta(ge=0)] | bool | None = None  # "true" is seen too, to unknown effect: as absent
    utterance_end_ms: Annotated[int, Meta(ge=1000, le=5000)] | None = None
    vad_events: bool = False
    punctuate: bool = False
    smart_format: bool = False
    no_delay: bool = False
    numerals: bool = False
    dictation: bool = False
    profanity_filter: bool = False
    filler_words: bool | None = None
    redact: list[Redaction] = []
    replace: list[str] = []
    search: list[str] = []
    keyterm: list[str] = []
    keywords: list[str] = []
    diarize: bool = False
    diarize_model: Literal["latest", "v1"] | None = None
    diarize_version: str | None = None
    detect_entities: bool = False
    extra: list[Annotated[str, Meta(max_length=2048)]] = []
    tag: list[Annotated[str, Meta(max_length=128)]] = []
    mip_opt_out: bool = False
    callback: str | None = None
    callback_method: Literal["POST", "GET", "PUT", "DELETE"] = "POST"
    inspect_response: bool = False
    debug: bool = False
    alternatives: Annotated[int, Meta(ge=1)] = 1  # no more than one was ever seen live
    tier: str | None = None

    @property
    def nova_3(self) -> bool:
        """The models that are prompted with terms instead of boosted words."""
        return self.model.startswith("nova-3")

    @property
    def multilingual(self) -> bool:
        """Languages are told, of words and of transcripts."""
        return self.language == MULTILINGUAL

    @property
    def formatted(self) -> bool:
        """Words are displayed with case and punctuation."""
        return self.punctuate or self.smart_format or self.detect_entities

    @property
    def diarized(self) -> bool:
        """Words have speakers."""
        return self.diarize or self.diarize_model is not None

    @property
    def pairs(self) -> dict[str, str] | None:
        """What ``extra`` holds, echoed as it is; of one key the last value."""
        found = [pair.partition(":") for pair in self.extra]
        return {key: value for key, _, value in found} or None


def read(query: Mapping[str, list[str]]) -> Listen:
    """The query, checked. Raises ``RefusedError`` or ``wire.BadParameterError``."""
    asked = wire.typed_query(query, Listen)
    for refused in _objections(asked):
        raise refused
    return asked


def _objections(asked: Listen) -> Iterator[RefusedError]:
    """In the service's words where they are known; where they are not, in plain ones."""
    if asked.model.startswith("flux"):
        yield no_such_model()
    if asked.model.startswith("whisper"):
        yield RefusedError(405, "METHOD_NOT_ALLOWED", "Whisper models are not available for live transcription.")
    if asked.nova_3 and asked.keywords:
        yield _bad("Keywords are not supported for Nova-3. Please use `keyterm` instead.")
    if too_many(asked.keyterm):
        yield _bad(TOO_MANY_KEYTERMS)
    for name, values, most in (("keywords", asked.keywords, 100), ("search", asked.search, 50)):
        if len(values) > most:
            yield _bad(f"Too many values of '{name}': at most {most}.")
    for pair in asked.extra:
        if ":" not in pair:
            yield invalid("extra", pair)
    yield from _impossible_here(asked)


def _impossible_here(asked: Listen) -> Iterator[RefusedError]:
    """What the service can do and an emulator cannot: said, rather than ignored."""
    if asked.encoding is None:
        yield _bad("Audio needs 'encoding' and 'sample_rate': containers are not decoded here.")
    elif asked.encoding not in ENCODINGS.values():
        yield _bad(f"The encoding '{asked.encoding}' is not decoded here: use {', '.join(ENCODINGS.values())}.")
    elif asked.sample_rate is None:
        yield _bad("'encoding' needs 'sample_rate'.")
    if asked.channels > 1 and not asked.multichannel:
        yield _bad("Several 'channels' need 'multichannel=true': they are not mixed here.")
    if asked.callback is not None:
        yield _bad("'callback' is not offered here: results come on this connection alone.")


def _bad(message: str) -> RefusedError:
    return RefusedError(400, BAD_QUERY, message)


def too_many(terms: list[str]) -> bool:
    """More tokens than the service takes. How it counts is unknown; no word has less than one."""
    return sum(len(term.split()) for term in terms) > KEYTERM_TOKENS


# --------------------------------------------------------------------------- neutral settings

BOOSTED = codec.Support("approximated", "keywords", "single words are boosted; prompting with terms needs nova-3")
ONE_LANGUAGE = codec.Support("dropped", "language=multi", "needs nova-2 or nova-3")


def _terms(_terms: Any, asked: Settings) -> codec.Support | None:
    return None if _model(asked).startswith("nova-3") else BOOSTED


def _candidates(_codes: Any, asked: Settings) -> codec.Support | None:
    return None if _model(asked).startswith(("nova-2", "nova-3")) else ONE_LANGUAGE


def _model(asked: Settings) -> str:
    return asked.model or MODEL


RULES = {
    "language": wire.rule(
        "mapped", "language", take=lambda o: None if o.get("language") == MULTILINGUAL else o.get("language")
    ),
    "languages": wire.rule(
        "approximated", "language=multi, language_hint", "nova-3 takes the list as hints; nova-2 ignores it",
        put=lambda codes, _: {"language": MULTILINGUAL, "language_hint": list(codes)},
        take=lambda o: o.get("language_hint"), judge=_candidates,
    ),
    "model": wire.rule("mapped", "model"),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.rule(
        "mapped", "channels, multichannel", put=lambda count, _: {"channels": count, "multichannel": count > 1},
        take=lambda o: o.get("channels"),
    ),
    "partials": wire.rule("mapped", "interim_results"),
    "punctuation": wire.rule("mapped", "punctuate"),
    # Its successor, diarize_model, is not known to every self-hosted service; this name still is to all.
    "diarization": wire.rule(
        "mapped", "diarize", take=lambda o: bool(o.get("diarize")) or bool(o.get("diarize_model"))
    ),
    "key_terms": wire.rule(
        "mapped", "keyterm", "keywords on models before nova-3", judge=_terms,
        take=lambda o: o.get("keyterm") or o.get("keywords"),
    ),
    "end_of_turn_silence_ms": wire.rule("mapped", "endpointing", take=lambda o: _silence(o.get("endpointing"))),
    "profanity_filter": wire.rule("mapped", "profanity_filter"),
    "redaction": wire.rule(
        "approximated", "redact=pci, ssn, numbers", "masks numbers of cards, people and accounts; names stay",
        put=lambda wanted, _: {"redact": ["pci", "ssn", "numbers"] if wanted else None},
        take=lambda o: any(kind != "false" for kind in o.get("redact", ())) or None,
    ),
    "filler_words": wire.rule("approximated", "filler_words", "documented for recordings; live, without promise"),
    "entities": wire.rule("mapped", "detect_entities"),
    "sentiment": wire.only(granted=False, note="not in live sessions"),
    "translate_to": wire.rule("dropped", note="not offered"),
}  # fmt: skip


def _silence(endpointing: int | bool | None) -> int | None:  # noqa: FBT001 -- the option's own type
    silent = 0 if endpointing is None or isinstance(endpointing, bool) else endpointing
    return min(silent, 60_000) or None


def settings_of(asked: Listen) -> Settings:
    """What whoever recognises is asked for. Partials always: they tell that speech is under way, and are said to the
    client only if it asked for them.
    """
    options = {**msgspec.structs.asdict(asked), "interim_results": True, "punctuate": asked.formatted}
    return wire.settings_of("deepgram", options, RULES)
