"""``POST /v2/live`` at the server end: every field, its default, its limits, and how a refusal is said."""

from collections.abc import Mapping
from typing import Any

import pytest

from support.gladia import STAMP, Account
from voxport.commands import Start
from voxport.settings import AudioSettings, Settings, Transcription
from voxport.wire import json_of
from voxport_adapters.gladia.request import BODY, RefusedError, read


def params(body: bytes = b"{}", query: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    return read(body, query or {})


def asked(**body: Any) -> Settings:
    (start,) = Account(**body).socket().opened
    assert isinstance(start, Start)
    settings: Settings = start.settings
    return settings


def test_an_empty_body_means_the_defaults() -> None:
    settings = asked()
    assert settings.audio == AudioSettings()
    assert settings.transcription == Transcription(partials=False)
    assert settings.model == "solaria-1"
    assert params(b"") == params(b"{}")


def test_the_defaults_are_those_of_the_page() -> None:
    receive = {
        "receive_partial_transcripts": False, "receive_final_transcripts": True, "receive_speech_events": True,
        "receive_pre_processing_events": True, "receive_realtime_processing_events": True,
        "receive_post_processing_events": True, "receive_acknowledgments": True, "receive_errors": True,
        "receive_lifecycle_events": False,
    }  # fmt: skip
    assert params() == {
        "encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1, "model": "solaria-1",
        "endpointing": 0.05, "maximum_duration_without_endpointing": 5,
        "language_config": {"languages": [], "code_switching": False},
        "pre_processing": {"audio_enhancer": False, "speech_threshold": 0.6},
        "realtime_processing": {
            "custom_vocabulary": False, "custom_spelling": False, "translation": False,
            "named_entity_recognition": False, "sentiment_analysis": False,
        },
        "post_processing": {"summarization": False, "chapterization": False},
        "messages_config": receive, "callback": False,
    }  # fmt: skip


def test_sections_within_sections_have_defaults_once_they_are_there() -> None:
    made = params(
        b'{"realtime_processing":{"custom_vocabulary_config":{"vocabulary":[]},'
        b'"translation_config":{"target_languages":["fr"],"informal":true}},'
        b'"post_processing":{"summarization_config":{}}}'
    )
    live = made["realtime_processing"]
    assert live["custom_vocabulary_config"] == {"default_intensity": 0.5, "vocabulary": []}
    assert live["translation_config"] == {
        "model": "base", "match_original_utterances": True, "lipsync": True, "context_adaptation": True,
        "informal": True, "target_languages": ["fr"],
    }  # fmt: skip
    assert made["post_processing"]["summarization_config"] == {"type": "general"}


def test_null_means_the_default_at_every_depth() -> None:
    assert params(b'{"model":null,"messages_config":{"receive_errors":null},"language_config":null}') == params()


def test_the_body_becomes_settings() -> None:
    settings = asked(
        encoding="wav/ulaw", bit_depth=8, sample_rate=8000, channels=2, endpointing=0.7, made_up_option=7, model=None,
        language_config={"languages": ["en", "fr"]}, messages_config={"receive_partial_transcripts": True},
        realtime_processing={
            "custom_vocabulary": True, "words_accurate_timestamps": False,
            "custom_vocabulary_config": {"vocabulary": ["Kelda", {"value": "Skye", "intensity": 0.4}]},
            "named_entity_recognition": True, "sentiment_analysis": True,
            "translation": True, "translation_config": {"target_languages": ["de"]},
        },
    )  # fmt: skip
    assert settings.audio == AudioSettings(encoding="mulaw", sample_rate=8000, channels=2)
    assert settings.transcription == Transcription(
        languages=("en", "fr"), partials=True, key_terms=("Kelda", "Skye"), end_of_turn_silence_ms=700, entities=True,
        sentiment=True, translate_to=("de",),
    )  # fmt: skip
    assert asked(language_config={"languages": ["de"]}).transcription.language == "de"


def test_mulaw_has_8_bits_without_saying_so() -> None:
    assert asked(encoding="wav/ulaw", sample_rate=8000).audio.encoding == "mulaw"


VOCABULARY, SPELLING, TRANSLATION = "custom_vocabulary_config", "custom_spelling_config", "translation_config"


def live(name: str, **config: Any) -> dict[str, Any]:
    return {"realtime_processing": {name: config}}


TAKEN: list[dict[str, Any]] = [
    {},
    *({"bit_depth": 16, "sample_rate": rate} for rate in (8000, 16000, 32000, 44100, 48000)),
    {"channels": 8},
    {"model": "solaria-2"},
    {"endpointing": 0.01},
    {"endpointing": 10},
    {"maximum_duration_without_endpointing": 60},
    {"custom_metadata": {"user": {"name": "Lena"}}},
    {"custom_metadata": {"a": "x" * 1990}},
    {"language_config": {"languages": ["jw", "my", "haw"], "code_switching": True}},
    {"pre_processing": {"audio_enhancer": True, "speech_threshold": 1}},
    live(VOCABULARY, vocabulary=[{"value": "a", "intensity": 0, "pronunciations": ["b"], "language": "en"}, "c"]),
    live(VOCABULARY, vocabulary=[], default_intensity=1),
    live(SPELLING, spelling_dictionary={"Gorish": ["ghorish", "gaurish"]}),
    live(TRANSLATION, target_languages=["wo"], model="enhanced", context="a call", lipsync=False),
    {"post_processing": {"summarization": True, "summarization_config": {"type": "bullet_points"}}},
    {"post_processing": {"chapterization": True}},
    {"callback": False, "callback_config": {"url": "https://h/c", "receive_errors": True}},
    {"realtime_processing": {"words_accurate_timestamps": True}, "numerals": True},
]


@pytest.mark.parametrize("body", TAKEN, ids=range(len(TAKEN)))
def test_a_body_that_is_taken(body: dict[str, Any]) -> None:
    assert Account(**body).job()["status"] == "queued"


RATES = "sample_rate must be one of the following values: 8000, 16000, 32000, 44100, 48000"
REFUSED: list[tuple[object, str]] = [
    ({"sample_rate": 11025}, RATES),
    ({"sample_rate": "16000"}, RATES),
    ({"sample_rate": [16000]}, RATES),
    ({"bit_depth": 12}, "bit_depth must be one of the following values: 8, 16, 24, 32"),
    ({"encoding": "opus"}, "encoding must be one of the following values: wav/pcm, wav/alaw, wav/ulaw"),
    ({"channels": 9}, "channels must not be greater than 8"),
    ({"channels": 0}, "channels must not be less than 1"),
    ({"channels": 1.5}, "channels must be an integer number"),
    ({"channels": True}, "channels must be an integer number"),
    ({"model": "solaria-3"}, "model must be one of the following values: solaria-1, solaria-2"),
    ({"endpointing": "long"}, "endpointing must be a number"),
    ({"endpointing": 0.001}, "endpointing must not be less than 0.01"),
    ({"endpointing": 99}, "endpointing must not be greater than 10"),
    ({"maximum_duration_without_endpointing": 4}, "maximum_duration_without_endpointing must not be less than 5"),
    ({"custom_metadata": "me"}, "custom_metadata must be an object"),
    ({"custom_metadata": {"a": "x" * 2000}}, "custom_metadata must not be longer than 2000 characters"),
    ({"language_config": []}, "language_config must be an object"),
    ({"language_config": {"languages": "en"}}, "language_config.languages must be an array"),
    (
        {"language_config": {"languages": ["en", "jv"]}},
        "language_config.languages.1 must be one of the following values",
    ),
    ({"language_config": {"languages": [[]]}}, "language_config.languages.0 must be one of the following values"),
    ({"language_config": {"code_switching": 1}}, "language_config.code_switching must be a boolean value"),
    ({"pre_processing": {"speech_threshold": 2}}, "pre_processing.speech_threshold must not be greater than 1"),
    (live(VOCABULARY), f"realtime_processing.{VOCABULARY}.vocabulary is required"),
    (live(VOCABULARY, vocabulary=[7]), f"realtime_processing.{VOCABULARY}.vocabulary.0 must be an object"),
    (live(VOCABULARY, vocabulary=[{}]), f"realtime_processing.{VOCABULARY}.vocabulary.0.value is required"),
    (
        live(VOCABULARY, vocabulary=[{"value": "a", "intensity": 2}]),
        f"realtime_processing.{VOCABULARY}.vocabulary.0.intensity must not be greater than 1",
    ),
    (
        live(VOCABULARY, vocabulary=[{"value": "a", "pronunciations": [7]}]),
        f"realtime_processing.{VOCABULARY}.vocabulary.0.pronunciations.0 must be a string",
    ),
    (live(SPELLING, spelling_dictionary=[]), f"realtime_processing.{SPELLING}.spelling_dictionary must be an object"),
    (
        live(SPELLING, spelling_dictionary={"a": "b"}),
        f"realtime_processing.{SPELLING}.spelling_dictionary.a must be an array",
    ),
    (
        live(TRANSLATION, target_languages=[]),
        f"realtime_processing.{TRANSLATION}.target_languages must contain at least 1 elements",
    ),
    (
        live(TRANSLATION, target_languages=["en"], model="small"),
        f"realtime_processing.{TRANSLATION}.model must be one of the following values: base, enhanced, batch",
    ),
    (
        {"post_processing": {"summarization_config": {"type": "short"}}},
        "post_processing.summarization_config.type must be one of the following values: general, bullet_points, concise",
    ),
    ({"messages_config": 7}, "messages_config must be an object"),
    ({"messages_config": {"receive_errors": "yes"}}, "messages_config.receive_errors must be a boolean value"),
    ({"callback": "yes"}, "callback must be a boolean value"),
    ({"callback_config": {"url": "me"}}, "callback_config.url must be a URL address"),
    ({"callback_config": {"receive_errors": 1}}, "callback_config.receive_errors must be a boolean value"),
    ({"region": "us-west"}, "property region should not exist"),
    (b"{", "body must be a JSON object: Input data was truncated"),
    (b"[]", "body must be a JSON object: Expected `object`, got `array`"),
    (b'{"a":' + b"[" * 100_000, "body must be a JSON object: maximum recursion depth exceeded"),
]


@pytest.mark.parametrize(("body", "why"), REFUSED, ids=range(len(REFUSED)))
def test_a_body_that_is_refused(body: object, why: str) -> None:
    answer = Account().ask("POST", "/v2/live", body)
    tree = json_of(answer.body)
    (complaint,) = tree.pop("validation_errors")
    assert complaint.startswith(why)
    assert answer.status == 400
    assert tree == {
        "timestamp": STAMP, "path": "/v2/live", "request_id": "G-00000003", "statusCode": 400,
        "message": "Invalid request",
    }  # fmt: skip


UNDOABLE: list[tuple[dict[str, Any], str]] = [
    ({"bit_depth": 8}, "bit_depth must be 16 with wav/pcm: this emulator decodes no other"),
    ({"bit_depth": 24}, "bit_depth must be 16 with wav/pcm: this emulator decodes no other"),
    ({"bit_depth": 32}, "bit_depth must be 16 with wav/pcm: this emulator decodes no other"),
    ({"encoding": "wav/ulaw", "bit_depth": 16}, "bit_depth must be 8 with wav/ulaw: this emulator decodes no other"),
    ({"encoding": "wav/alaw", "bit_depth": 8}, "encoding must be wav/pcm or wav/ulaw: this emulator decodes no other"),
    (
        {"callback": True, "callback_config": {"url": "https://h/c"}},
        "callback must be false: this emulator delivers none",
    ),
    ({"realtime_processing": {"translation": True}}, f"realtime_processing.{TRANSLATION}.target_languages is required"),
]


@pytest.mark.parametrize(("body", "why"), UNDOABLE, ids=range(len(UNDOABLE)))
def test_what_the_schema_allows_and_this_end_cannot_do(body: dict[str, Any], why: str) -> None:
    answer = Account().ask("POST", "/v2/live", body)
    assert (answer.status, json_of(answer.body)["validation_errors"]) == (422, [why])


def test_all_complaints_come_at_once() -> None:
    tree = json_of(Account().ask("POST", "/v2/live", {"sample_rate": 1, "bit_depth": 1}).body)
    assert [complaint.split()[0] for complaint in tree["validation_errors"]] == ["bit_depth", "sample_rate"]


def test_every_field_is_checked() -> None:
    for name in BODY:
        answer = Account().ask("POST", "/v2/live", {name: [[]]})
        assert answer.status == 400, name
        assert json_of(answer.body)["validation_errors"][0].startswith(name)


@pytest.mark.parametrize("depth", [10, 300, 900, 5000, 100_000])
def test_no_depth_is_too_much(depth: int) -> None:
    answer = Account().ask("POST", "/v2/live", b'{"a":' * depth + b"1" + b"}" * depth)
    assert answer.status in {201, 400}


@pytest.mark.parametrize(("region", "status"), [("us-west", 201), ("eu-west", 201), ("mars", 400), ("", 400)])
def test_a_region_in_the_query(region: str, status: int) -> None:
    answer = Account().ask("POST", f"/v2/live?region={region}", {})
    assert answer.status == status
    if status == 400:
        assert json_of(answer.body)["validation_errors"] == [
            "region must be one of the following values: us-west, eu-west"
        ]


def test_a_refusal_in_one_line() -> None:
    with pytest.raises(RefusedError, match=r"^channels must not be less than 1; endpointing must be a number$"):
        params(b'{"channels":0,"endpointing":"a"}')


def test_a_wrong_key() -> None:
    answer = Account().ask("POST", "/v2/live", {}, key="wrong")
    tree = json_of(answer.body)
    assert (answer.status, tree["statusCode"], tree["message"]) == (401, 401, "gladia key not found")
    assert "validation_errors" not in tree
