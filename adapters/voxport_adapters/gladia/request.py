"""What a Gladia session is asked for: the body of ``POST /v2/live``, its defaults and limits."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from voxport import wire

MODEL = "solaria-1"
RATES = (8000, 16000, 32000, 44100, 48000)
_SPOKEN = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is"
    " it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk"
    " sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
)
CODES = tuple(_SPOKEN.split())
"""The languages that can be spoken."""
TARGETS = tuple(sorted((*CODES, "wo")))
"""Those that can be translated into."""
METADATA_LIMIT = 2000
"""Characters of ``custom_metadata`` as JSON."""

FLAGS = {
    "partial_transcripts": False, "final_transcripts": True, "speech_events": True, "pre_processing_events": True,
    "realtime_processing_events": True, "post_processing_events": True, "acknowledgments": True, "errors": True,
    "lifecycle_events": False,
}  # fmt: skip
"""Which messages go to the socket by default, each as ``receive_...``."""


def _flags(defaults: Mapping[str, bool]) -> dict[str, bool]:
    return {f"receive_{name}": wanted for name, wanted in defaults.items()}


DEFAULTS: dict[str, Any] = {
    "encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1, "model": MODEL,
    "endpointing": 0.05, "maximum_duration_without_endpointing": 5,
    "language_config": {"languages": [], "code_switching": False},
    "pre_processing": {"audio_enhancer": False, "speech_threshold": 0.6},
    "realtime_processing": {
        "custom_vocabulary": False, "custom_spelling": False, "translation": False, "named_entity_recognition": False,
        "sentiment_analysis": False,
    },
    "post_processing": {"summarization": False, "chapterization": False},
    "messages_config": _flags(FLAGS), "callback": False,
}  # fmt: skip
WITHIN: dict[str, dict[str, Any]] = {
    "realtime_processing": {
        "custom_vocabulary_config": {"default_intensity": 0.5},
        "translation_config": {
            "model": "base", "match_original_utterances": True, "lipsync": True, "context_adaptation": True,
            "informal": False,
        },
    },
    "post_processing": {"summarization_config": {"type": "general"}},
}  # fmt: skip
"""Defaults of sections that are there only when they are asked for."""


class RefusedError(ValueError):
    """A body that is not taken: ``status`` and ``complaints``, each beginning with the path of what is wrong."""

    def __init__(self, status: int, complaints: list[str]) -> None:
        """400: a value that the schema has not. 422: values that do not go together, or that nothing here can do."""
        super().__init__("; ".join(complaints))
        self.status = status
        self.complaints = complaints


# --------------------------------------------------------------------------- checks

Check = Callable[[str, Any], Iterator[str]]
"""The complaints about the value at a path. The wording of the service's own is not known; the form is."""


def _choice(*values: object) -> Check:
    def check(path: str, value: Any) -> Iterator[str]:
        if isinstance(value, bool) or value not in values:
            yield f"{path} must be one of the following values: {', '.join(map(str, values))}"

    return check


def _number(low: float, high: float, *, whole: bool = False) -> Check:
    def check(path: str, value: Any) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            yield f"{path} must be {'an integer number' if whole else 'a number'}"
        elif value < low:
            yield f"{path} must not be less than {low}"
        elif value > high:
            yield f"{path} must not be greater than {high}"

    return check


def _kind(kind: type, words: str) -> Check:
    def check(path: str, value: Any) -> Iterator[str]:
        if not isinstance(value, kind):
            yield f"{path} must be {words}"

    return check


FLAG = _kind(bool, "a boolean value")
TEXT = _kind(str, "a string")
LANGUAGE, TARGET = _choice(*CODES), _choice(*TARGETS)


def _list(item: Check, least: int = 0) -> Check:
    def check(path: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} must be an array"
        elif len(value) < least:
            yield f"{path} must contain at least {least} elements"
        else:
            for place, one in enumerate(value):
                yield from item(f"{path}.{place}", one)

    return check


def _section(fields: Mapping[str, Check], *required: str) -> Check:
    """Unknown fields are taken: clients send some that no specification has, and most say nothing of it."""

    def check(path: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path} must be an object"
            return
        for name in required:
            if value.get(name) is None:
                yield f"{path}.{name} is required"
        for name, field in fields.items():
            if value.get(name) is not None:
                yield from field(f"{path}.{name}", value[name])

    return check


def _mapping(item: Check) -> Check:
    def check(path: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path} must be an object"
            return
        for name, one in value.items():
            yield from item(f"{path}.{name}", one)

    return check


def _term(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield from TERM(path, value)


def _url(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str) or urlsplit(value).scheme not in {"http", "https"}:
        yield f"{path} must be a URL address"


def _metadata(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} must be an object"
    elif len(wire.text(value)) > METADATA_LIMIT:
        yield f"{path} must not be longer than {METADATA_LIMIT} characters"


TERM = _section(
    {"value": TEXT, "intensity": _number(0, 1), "pronunciations": _list(TEXT), "language": LANGUAGE}, "value"
)  # fmt: skip
MESSAGES = {f"receive_{name}": FLAG for name in FLAGS}

BODY: dict[str, Check] = {
    "encoding": _choice("wav/pcm", "wav/alaw", "wav/ulaw"),
    "bit_depth": _choice(8, 16, 24, 32),
    "sample_rate": _choice(*RATES),
    "channels": _number(1, 8, whole=True),
    # solaria-2 stands on one stored copy of the service's page; no client sends another, and a typing error must show.
    "model": _choice(MODEL, "solaria-2"),
    "endpointing": _number(0.01, 10),
    "maximum_duration_without_endpointing": _number(5, 60),
    "custom_metadata": _metadata,
    "language_config": _section({"languages": _list(LANGUAGE), "code_switching": FLAG}),
    "pre_processing": _section({"audio_enhancer": FLAG, "speech_threshold": _number(0, 1)}),
    "realtime_processing": _section({
        "custom_vocabulary": FLAG,
        "custom_vocabulary_config": _section(
            {"vocabulary": _list(_term), "default_intensity": _number(0, 1)}, "vocabulary"
        ),
        "custom_spelling": FLAG,
        "custom_spelling_config": _section({"spelling_dictionary": _mapping(_list(TEXT))}, "spelling_dictionary"),
        "translation": FLAG,
        "translation_config": _section({
            "target_languages": _list(TARGET, least=1), "model": _choice("base", "enhanced", "batch"),
            "match_original_utterances": FLAG, "lipsync": FLAG, "context_adaptation": FLAG, "context": TEXT,
            "informal": FLAG,
        }, "target_languages"),
        "named_entity_recognition": FLAG,
        "sentiment_analysis": FLAG,
    }),
    "post_processing": _section({
        "summarization": FLAG,
        "summarization_config": _section({"type": _choice("general", "bullet_points", "concise")}),
        "chapterization": FLAG,
    }),
    "messages_config": _section(MESSAGES),
    "callback": FLAG,
    "callback_config": _section({"url": _url, **MESSAGES}),
}  # fmt: skip


# --------------------------------------------------------------------------- reading


def read(body: bytes, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """What is asked for, over the defaults; unknown fields are kept. Raises ``RefusedError``."""
    try:
        return _params(msgspec.json.decode(body or b"{}", type=dict[str, Any]), query)
    except wire.UNREADABLE as error:
        raise RefusedError(400, [f"body must be a JSON object: {error}"]) from None


def _params(asked: Mapping[str, Any], query: Mapping[str, list[str]]) -> dict[str, Any]:
    complaints = list(_complaints(asked, query))
    if complaints:
        raise RefusedError(400, complaints)
    params = wire.merged(DEFAULTS, given(asked))
    for name, sections in WITHIN.items():
        params[name] = wire.merged({part: sections[part] for part in sections if part in params[name]}, params[name])
    if params["encoding"] == "wav/ulaw" and asked.get("bit_depth") is None:
        params["bit_depth"] = 8  # the default of 16 is that of PCM
    conflicts = list(_conflicts(params))
    if conflicts:
        raise RefusedError(422, conflicts)
    return params


def given(tree: Mapping[str, Any]) -> dict[str, Any]:
    """What is not ``null``, in all sections."""
    return {
        name: given(value) if isinstance(value, dict) else value for name, value in tree.items() if value is not None
    }  # fmt: skip


def _complaints(asked: Mapping[str, Any], query: Mapping[str, list[str]]) -> Iterator[str]:
    for name, check in BODY.items():
        if asked.get(name) is not None:
            yield from check(name, asked[name])
    if "region" in asked:
        yield "property region should not exist"  # it belongs into the query
    for region in query.get("region", [])[-1:]:
        yield from _choice("us-west", "eu-west")("region", region)


def _conflicts(params: Mapping[str, Any]) -> Iterator[str]:
    """What the schema allows and this end cannot do: it is said, as all that it would change are words."""
    encoding, bits = params["encoding"], params["bit_depth"]
    if encoding == "wav/alaw":
        yield "encoding must be wav/pcm or wav/ulaw: this emulator decodes no other"
    elif bits != (needed := 8 if encoding == "wav/ulaw" else 16):
        yield f"bit_depth must be {needed} with {encoding}: this emulator decodes no other"
    if params["callback"]:
        yield "callback must be false: this emulator delivers none"
    live = params["realtime_processing"]
    if live["translation"] and not live.get("translation_config"):
        yield "realtime_processing.translation_config.target_languages is required"
