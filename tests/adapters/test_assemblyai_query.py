"""Every parameter of a session and every field of an update, as the server end takes or refuses them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from support.assemblyai import MULTI, U3, U35, US, WHISPER, query, refusal, said, started, upgrade
from voxport.codec import Opened
from voxport.commands import Configure, Start
from voxport.events import Begun
from voxport.pair import dialled
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.wire import query_of
from voxport_adapters.assemblyai import adapter
from voxport_adapters.assemblyai.query import Stream, read

GATEWAY = {"model": "m", "messages": [{"role": "user", "content": "{{turn}}"}], "max_tokens": 9}
AT_LEAST, AT_MOST = "Input should be greater than or equal to ", "Input should be less than or equal to "
INTEGER = "Input should be a valid integer, unable to parse string as an integer"
NUMBER = "Input should be a valid number, unable to parse string as a number"
BOOLEAN = "Input should be a valid boolean, unable to interpret input"
LIST = "Value error, Invalid JSON array"
TEXT = "Value error, {} exceeds maximum length of 1750 characters (got 1751)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speech_model", US), ("speech_model", MULTI), ("speech_model", WHISPER), ("speech_model", U3),
        ("speech_model", "u3-rt-pro-beta-1"), ("speech_model", U35), ("speech_model", "universal-3-6-pro"),
        ("speech_model", "universal-3-6"), ("sample_rate", 8000), ("sample_rate", 96_000), ("encoding", "pcm_mulaw"),
        ("inactivity_timeout", 5), ("inactivity_timeout", 3600), ("session_heartbeat", True),
        ("acknowledge_silence", True), ("include_partial_turns", False), ("webhook_url", "https://h/w"),
        ("webhook_auth_header_name", "X-A"), ("webhook_auth_header_value", "v"),
        ("customer_support_audio_capture", True), ("keyterms_prompt", ["a"] * 100), ("prompt", "p" * 1750),
        ("agent_context", "a" * 1750), ("previous_context_n_turns", 0), ("previous_context_n_turns", 100),
        ("language_codes", ["multi"]), ("language_codes", ["en", "nn"]), ("language_code", "es"),
        ("language_detection", True), ("domain", "medical-v1"), ("filter_profanity", True), ("redact_pii", True),
        ("redact_pii_policies", ["person_name", "location_address"]), ("redact_pii_sub", "entity_name"),
        ("voice_focus", "near-field"), ("voice_focus", "far-field"), ("voice_focus_threshold", 0.5),
        ("speaker_labels", True), ("max_speakers", 1), ("max_speakers", 10),
        ("speaker_labels_revision_interval_ms", 0), ("speaker_labels_revision_interval_ms", 86_400_000),
        ("end_of_turn_confidence_threshold", 0.0), ("end_of_turn_confidence_threshold", 1.0),
        ("min_turn_silence", 160), ("max_turn_silence", 2400), ("vad_threshold", 0.3), ("format_turns", True),
        ("mode", "max_accuracy"), ("mode", "balanced"), ("mode", "min_latency"), ("interruption_delay", 0),
        ("interruption_delay", 1000), ("continuous_partials", False), ("turn_left_pad_ms", 200),
    ],
)  # fmt: skip
def test_every_parameter_is_taken(name: str, value: Any) -> None:
    asked = query(**{name: value})
    (start,) = upgrade(asked).server.receive(Opened())
    assert isinstance(start, Start)
    assert getattr(read({name: [json.dumps(value) if isinstance(value, bool | list) else str(value)]}), name) == value


def test_no_parameter_is_missing_from_the_tables_here() -> None:
    table = test_every_parameter_is_taken.pytestmark[0].args[1]
    assert {name for name, _ in table} | {"llm_gateway", "language"} == set(Stream.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "sent", "why"),
    [
        ("sample_rate", "7000", "Value error, sample_rate must be at least 8,000 Hz"),
        ("sample_rate", "400000", "Value error, sample_rate must be at most 192,000 Hz"),
        ("sample_rate", "x", INTEGER),
        ("encoding", "flac", "Value error, 'flac' is not a valid Encoding"),
        ("inactivity_timeout", "4", AT_LEAST + "5"),
        ("inactivity_timeout", "3601", AT_MOST + "3600"),
        ("inactivity_timeout", "x", INTEGER),
        ("inactivity_timeout", "5.5", INTEGER),
        ("inactivity_timeout", "9" * 5000, AT_MOST + "3600"),
        ("session_heartbeat", "maybe", BOOLEAN),
        ("keyterms_prompt", "a", LIST),
        ("keyterms_prompt", '{"a":1}', LIST),
        ("keyterms_prompt", "[" * 4000, LIST),
        ("keyterms_prompt", json.dumps(["a"] * 101), "Value error, Max 100 items"),
        ("keyterms_prompt.1", '["a",7]', "Input should be a valid string"),
        ("prompt", "a" * 1751, TEXT.format("prompt")),
        ("agent_context", "a" * 1751, TEXT.format("agent_context")),
        ("previous_context_n_turns", "101", AT_MOST + "100"),
        ("language_codes", json.dumps(["en"] * 11), "Value error, Max 10 items"),
        ("language_codes", '["en","multi"]', "Value error, 'multi' must be the only item"),
        ("language_codes", "en", LIST),
        ("language", "fr", "Input should be 'en' or 'multi'"),
        ("domain", "legal", "Input should be 'medical-v1'"),
        ("redact_pii_policies.1", '["date","shoe_size"]', "Input should be 'account_number', 'banking_information'"),
        ("redact_pii_sub", "star", "Input should be 'hash' or 'entity_name'"),
        ("voice_focus", "mid-field", "Input should be 'near-field' or 'far-field'"),
        ("voice_focus_threshold", "1.1", AT_MOST + "1"),
        ("max_speakers", "0", AT_LEAST + "1"),
        ("max_speakers", "11", AT_MOST + "10"),
        ("speaker_labels_revision_interval_ms", "86400001", AT_MOST + "86400000"),
        ("speaker_labels_revision_interval_ms", "-1", AT_LEAST + "0"),
        ("end_of_turn_confidence_threshold", "-0.1", AT_LEAST + "0"),
        ("vad_threshold", "loud", NUMBER),
        ("vad_threshold", "2", AT_MOST + "1"),
        ("min_turn_silence", "-1", AT_LEAST + "0"),
        ("max_turn_silence", "-1", AT_LEAST + "0"),
        ("turn_left_pad_ms", "-1", AT_LEAST + "0"),
        ("interruption_delay", "1001", AT_MOST + "1000"),
        ("mode", "{fast}", "Input should be 'max_accuracy', 'balanced' or 'min_latency'"),
        ("llm_gateway", "x", "Value error, Invalid JSON object"),
        ("llm_gateway", '{"messages":[]}', "Value error, Invalid JSON object"),
        ("llm_gateway", "[]", "Value error, Invalid JSON object"),
    ],
)
def test_a_bad_value_is_refused_with_the_services_words(name: str, sent: str, why: str) -> None:
    failed = refusal(upgrade(query(**{name.partition(".")[0]: sent})))
    assert failed.code == "3006"
    assert failed.message.startswith(f"User Input Validation Error: Invalid '{name}': {why}")


def test_a_list_is_one_parameter() -> None:
    for sent in ("keyterms_prompt=a&keyterms_prompt=b", "keyterms_prompt=%5B%22a%22%5D&keyterms_prompt=%5B%5D"):
        assert refusal(upgrade(sent)).message.endswith("Invalid 'keyterms_prompt': Value error, Invalid JSON array")


@pytest.mark.parametrize("model", ["u3-pro", "universal-3-pro", "u3-rt-agent", ""])
def test_unknown_models_are_refused_by_naming_those_that_there_are(model: str) -> None:
    message = refusal(upgrade(query(speech_model=model))).message
    begin = "User Input Validation Error: Invalid 'speech_model': Input should be 'universal-streaming-english', "
    assert message.startswith(begin)
    assert message.endswith(" or '_universal-3-5-notetaker'")


def test_these_languages_are_known() -> None:
    known = "en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh ru ko ca gl ro et fa yue af mr zu xh nn"
    for code in (*known.split(), "multi"):
        assert read({"language_code": [code], "language_codes": [json.dumps([code])]}).language_codes == [code]


@pytest.mark.parametrize("name", ["language_codes.1", "language_code"])
def test_unknown_languages_are_refused_so_too(name: str) -> None:
    sent = {"language_codes": ["en", "tlh"]} if "." in name else {"language_code": "tlh"}
    message = refusal(upgrade(query(**sent))).message
    assert message.startswith(f"User Input Validation Error: Invalid '{name}': Input should be 'en', 'es', ")
    assert message.endswith("'nn' or 'multi'")


@pytest.mark.parametrize("encoding", ["opus", "ogg_opus", "aac"])
def test_compressed_audio_is_refused_clearly(encoding: str) -> None:
    assert refusal(upgrade(query(encoding=encoding, sample_rate=16_000))).message == (
        f"User Input Validation Error: Invalid 'encoding': Value error, '{encoding}' is not decoded by this server; "
        "send pcm_s16le or pcm_mulaw"
    )


def test_the_query_as_the_python_sdk_sends_it() -> None:
    found = started(
        "vad_threshold=0.4&max_turn_silence=700&keyterms_prompt=%5B%22%5Cu00e9%22%2C+%22b+c%22%5D&filter_profanity=True"
        "&sample_rate=8000&encoding=pcm_mulaw&speech_model=universal-3-5-pro&speaker_labels=True"
        "&include_partial_turns=False&language_codes=%5B%22en%22%2C+%22es%22%5D&made_up=1&speechModel=x"
    )
    assert found == Settings(
        provider="assemblyai", model=U35, audio=AudioSettings(sample_rate=8000, encoding="mulaw"),
        transcription=Transcription(
            languages=("en", "es"), partials=False, punctuation=True, diarization=True, key_terms=("é", "b c"),
            end_of_turn_silence_ms=700, profanity_filter=True, redaction=False,
        ),
    )  # fmt: skip


def test_what_pipecat_and_self_hosted_clients_send_is_taken() -> None:
    leftovers = "formatted_finals=true&word_finalization_max_wait_time=300&format_turns=true&continuous_partials=true"
    assert started(f"speech_model=u3-rt-pro&{leftovers}").model == U3
    assert started('sample_rate=16000&keyterms=["Kelda"]&language=en').transcription.key_terms == ("Kelda",)


def test_what_is_not_said_is_as_the_service_has_it() -> None:
    found = started("")
    assert (found.model, found.audio) == (U35, AudioSettings())
    assert (found.transcription.partials, found.transcription.punctuation) == (True, True)
    assert started(f"speech_model={US}").transcription.punctuation is False
    assert started("redact_pii=true&include_partial_turns=true").transcription.partials is False
    assert started("max_turn_silence=90000").transcription.end_of_turn_silence_ms == 60_000
    assert started("max_turn_silence=0").transcription.end_of_turn_silence_ms is None


def test_languages() -> None:
    assert started("language_codes=[%22es%22]").transcription.language == "es"
    assert started("language_code=es").transcription.language == "es"
    assert started("language_code=es&language_codes=[%22fr%22]").transcription.language == "fr"
    assert started(f"speech_model={U3}&language_code=es").transcription.language is None
    assert started("language_codes=[%22multi%22]").transcription == started("").transcription


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("language=en", US),
        ("language=multi", MULTI),
        (f"language=multi&speech_model={US}", US),
        (f"speech_model={US}&speech_model={U3}", U3),
    ],
)
def test_which_model_is_meant(asked: str, model: str) -> None:
    assert started(asked).model == model


@pytest.mark.parametrize(
    ("old", "new", "value", "other"),
    [
        ("keyterms", "keyterms_prompt", '["a"]', '["b"]'),
        ("min_end_of_turn_silence_when_confident", "min_turn_silence", "160", "400"),
        ("noise_suppression_model", "voice_focus", "near-field", "far-field"),
        ("noise_suppression_threshold", "voice_focus_threshold", "0.5", "0.7"),
        ("_customer_support_audio_capture", "customer_support_audio_capture", "true", "false"),
    ],
)
def test_older_names_mean_the_newer_ones_which_win(old: str, new: str, value: str, other: str) -> None:
    assert read({old: [value]}) == read({new: [value]}) != read({})
    assert read({old: [value], new: [other]}) == read({new: [other]})
    assert f"Invalid '{new}'" in refusal(upgrade(query(**{old: "?"}))).message


def test_key_terms_that_are_too_long_are_passed_over() -> None:
    assert started(query(keyterms_prompt=["a" * 51, "b" * 50])).transcription.key_terms == ("b" * 50,)


def test_a_language_model_is_asked_for_by_an_object() -> None:
    found = read({"llm_gateway": [json.dumps(GATEWAY)]}).llm_gateway
    assert found is not None
    assert (found.model, found.messages[0].content, found.max_tokens) == ("m", "{{turn}}", 9)


def test_the_options_that_the_configuration_file_shows_are_taken() -> None:
    text = (Path(__file__).parents[2] / "config" / "assemblyai.yaml").read_text(encoding="utf-8")
    shown = text.partition("    options:")[2].partition("\n")[2].replace("    #   ", "      ")
    options = yaml.safe_load(shown)
    assert len(options) == len(shown.splitlines()) > 15
    asked = Settings(provider="assemblyai", api_key=Secret("k"), options=options)
    found: Any = dialled(adapter.dial(asked), lambda _: None)
    stream = read(query_of(found.url))
    given = msgspec.to_builtins(stream)
    assert {name: given[name] for name in options} == options


# ------------------------------------------------------------------- updates


def update(asked: str = "", **fields: Any) -> Any:
    """What the server hears in an update."""
    (heard,) = upgrade(asked).server.receive(json.dumps({**fields, "type": "UpdateConfiguration"}))
    return heard


@pytest.mark.parametrize(
    ("fields", "changes", "options"),
    [
        ({"min_turn_silence": 160}, {}, {"min_turn_silence": 160}),
        ({"min_end_of_turn_silence_when_confident": 160}, {}, {"min_turn_silence": 160}),
        ({"max_turn_silence": 900}, {"end_of_turn_silence_ms": 900}, {}),
        ({"max_turn_silence": 0}, {}, {"max_turn_silence": 0}),
        ({"end_of_turn_confidence_threshold": 1}, {}, {"end_of_turn_confidence_threshold": 1.0}),
        ({"keyterms_prompt": ["Kelda", "a" * 51]}, {"key_terms": ["Kelda"]}, {}),
        ({"keyterms_prompt": []}, {"key_terms": []}, {}),
        ({"prompt": "p", "agent_context": "a"}, {}, {"prompt": "p", "agent_context": "a"}),
        ({"vad_threshold": 0.5}, {}, {"vad_threshold": 0.5}),
        ({"filter_profanity": True}, {"profanity_filter": True}, {}),
        ({"interruption_delay": 0, "turn_left_pad_ms": 9}, {}, {"interruption_delay": 0, "turn_left_pad_ms": 9}),
        ({"language_codes": ["es"]}, {"language": "es"}, {}),
        ({"language_codes": ["es", "en"]}, {"languages": ["es", "en"]}, {}),
        ({"language_codes": []}, {"languages": ()}, {}),
        ({"language_codes": ["multi"]}, {}, {"language_codes": ["multi"]}),
        (
            {"session_heartbeat": True, "acknowledge_silence": False}, {},
            {"session_heartbeat": True, "acknowledge_silence": False},
        ),
        ({"continuous_partials": False, "mode": "min_latency"}, {}, {"continuous_partials": False, "mode": "min_latency"}),
        ({"format_turns": False}, {}, {}),
        ({"max_turn_silence": None, "language_codes": None}, {}, {}),
        ({"sample_rate": 7, "speaker_labels": True, "made_up": [1]}, {}, {}),
    ],
)  # fmt: skip
def test_what_an_update_changes(fields: dict[str, Any], changes: dict[str, Any], options: dict[str, Any]) -> None:
    assert update(**fields) == Configure(changes, options)


def test_formatting_changes_where_it_is_not_built_in() -> None:
    assert update(f"speech_model={US}", format_turns=True) == Configure({"punctuation": True})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"agent_context": "a" * 1751}, "Invalid 'agent_context': " + TEXT.format("agent_context")),
        ({"prompt": "a" * 1751}, "Invalid 'prompt': " + TEXT.format("prompt")),
        ({"keyterms_prompt": ["a"] * 101}, "Invalid 'keyterms_prompt': Value error, Max 100 items"),
        ({"keyterms_prompt": "a"}, f"Invalid 'keyterms_prompt': {LIST}"),
        ({"keyterms_prompt": ["a", 7]}, "Invalid 'keyterms_prompt.1': Input should be a valid string"),
        ({"language_codes": ["multi", "en"]}, "Invalid 'language_codes': Value error, 'multi' must be the only item"),
        ({"mode": "fast"}, "Invalid 'mode': Input should be 'max_accuracy', 'balanced' or 'min_latency'"),
        ({"mode": 7}, "Invalid 'mode': Input should be 'max_accuracy', 'balanced' or 'min_latency'"),
        ({"vad_threshold": "x"}, f"Invalid 'vad_threshold': {NUMBER}"),
        ({"prompt": 7}, "Invalid 'prompt': Input should be a valid string"),
        ({"min_turn_silence": {"a": 1}}, f"Invalid 'min_turn_silence': {INTEGER}"),
        ({"format_turns": [True]}, f"Invalid 'format_turns': {BOOLEAN}"),
    ],
)
def test_a_bad_update_ends_the_session(fields: dict[str, Any], why: str) -> None:
    failed = refusal(upgrade(), json.dumps({"type": "UpdateConfiguration", **fields}))
    assert (failed.code, failed.message) == ("3006", f"User Input Validation Error: {why}")


def test_the_greeting_echoes_a_few_settings() -> None:
    asked = {"speech_model": US, "speaker_labels": True, "redact_pii": True, "filter_profanity": True}
    (begin,) = said(upgrade(query(**asked, domain="medical-v1", voice_focus="far-field", mode="min_latency")), Begun())
    assert begin["configuration"] == {
        "model": US, "mode": None, "api_version": "2025-05-12", "speaker_labels": True, "redact_pii": True,
        "filter_profanity": True, "domain": "medical-v1", "voice_focus": "far-field",
    }  # fmt: skip
    (begin,) = said(upgrade(query(mode="min_latency")), Begun())
    assert (begin["configuration"]["model"], begin["configuration"]["mode"]) == (U35, "min_latency")
