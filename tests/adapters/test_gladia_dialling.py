"""The way to a Gladia session: the body of the POST, and the address that it answers with."""

import json
from typing import Any

import pytest

from support.gladia import ID, KEY, STAMP, URL, settings
from voxport.codec import Dial, HttpRequest, HttpResponse
from voxport.pair import dialled
from voxport.settings import AudioSettings, Transcription
from voxport_adapters.gladia import adapter
from voxport_adapters.gladia.memory import Memory
from voxport_adapters.gladia.request import CODES, TARGETS


def posted(**changes: Any) -> HttpRequest:
    return next(adapter.dial(settings(**changes)))


def body(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(posted(**changes).body)
    return tree


def dial(url: str, **changes: Any) -> Dial:
    content = json.dumps({"id": ID, "created_at": STAMP, "url": url}).encode()
    found = dialled(adapter.dial(settings(**changes)), lambda _: HttpResponse(201, {}, content))
    assert isinstance(found, Dial)
    return found


def test_the_post() -> None:
    request = posted(transcription=Transcription(language="en-US", partials=False))
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:8000/v2/live")
    assert request.headers == {"X-Gladia-Key": KEY, "Content-Type": "application/json"}
    assert json.loads(request.body) == {
        "model": "solaria-1", "encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1,
        "language_config": {"languages": ["en"]},
        "messages_config": {
            "receive_partial_transcripts": False, "receive_final_transcripts": True, "receive_speech_events": True,
            "receive_acknowledgments": True, "receive_lifecycle_events": True,
        },
    }  # fmt: skip


def test_every_setting_has_its_place_in_the_body() -> None:
    wanted = Transcription(
        languages=("en", "fr-CA"), key_terms=("Kelda",), end_of_turn_silence_ms=700, entities=True, sentiment=True,
        translate_to=("de", "wo"),
    )  # fmt: skip
    made = body(transcription=wanted, audio=AudioSettings(encoding="mulaw", sample_rate=8000, channels=2))
    assert made["language_config"] == {"languages": ["en", "fr"], "code_switching": True}
    assert made["realtime_processing"] == {
        "custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": ["Kelda"]},
        "named_entity_recognition": True, "sentiment_analysis": True,
        "translation": True, "translation_config": {"target_languages": ["de", "wo"]},
    }  # fmt: skip
    assert made["endpointing"] == 0.7
    assert (made["encoding"], made["bit_depth"], made["sample_rate"], made["channels"]) == ("wav/ulaw", 8, 8000, 2)
    assert made["messages_config"]["receive_partial_transcripts"] is True


def test_there_are_99_languages_and_one_more_to_translate_into() -> None:
    assert (len(CODES), len(set(CODES))) == (99, 99)
    assert set(TARGETS) - set(CODES) == {"wo"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [("en-GB", "en"), ("zh_Hant_TW", "zh"), ("EN", "en"), ("haw", "haw"), ("jv", "jw"), ("nb-NO", "no"),
     ("fil-PH", "tl"), ("iw", "he"), ("my", "my")],
)  # fmt: skip
def test_codes_of_languages(asked: str, code: str) -> None:
    assert body(transcription=Transcription(language=asked))["language_config"]["languages"] == [code]


def status(name: str, **asked: Any) -> tuple[str, str]:
    made = adapter.translate(settings(transcription=Transcription(**asked)))
    (found,) = (item.support for item in made.settings if item.setting == name)
    return found.status, found.note


def test_languages_that_are_not_offered_are_said_to_be_left_out() -> None:
    assert status("language", language="ga") == ("dropped", "not offered: ga")
    assert "language_config" not in body(transcription=Transcription(language="ga"))
    assert status("languages", languages=("en", "ga")) == ("approximated", "not offered: ga")
    assert body(transcription=Transcription(languages=("en", "ga")))["language_config"]["languages"] == ["en"]
    assert status("languages", languages=("en", "fr"))[0] == "mapped"
    assert status("translate_to", translate_to=("wo", "ga")) == ("approximated", "not offered: ga")
    assert status("language", language="wo")[0] == "dropped"


@pytest.mark.parametrize(
    ("asked", "endpointing", "what"),
    [(1, 0.01, "approximated"), (10, 0.01, "mapped"), (10_000, 10, "mapped"), (60_000, 10, "approximated")],
)
def test_a_silence_that_is_out_of_range_is_the_nearest_that_is_not(asked: int, endpointing: float, what: str) -> None:
    assert status("end_of_turn_silence_ms", end_of_turn_silence_ms=asked)[0] == what
    assert body(transcription=Transcription(end_of_turn_silence_ms=asked))["endpointing"] == endpointing


def test_the_callers_options_win_at_every_depth() -> None:
    options = {"model": "solaria-2", "messages_config": {"receive_speech_events": False}, "endpointing": 0.3}
    made = body(options=options, transcription=Transcription(end_of_turn_silence_ms=900))
    assert (made["model"], made["endpointing"]) == ("solaria-2", 0.3)
    assert made["messages_config"]["receive_speech_events"] is False
    assert made["messages_config"]["receive_acknowledgments"] is True


@pytest.mark.parametrize("asked", [{"options": {"region": "us-west"}}, {"region": "us"}])
def test_the_region_goes_to_the_query_and_never_into_the_body(asked: dict[str, Any]) -> None:
    request = posted(**asked)
    assert request.url == "http://127.0.0.1:8000/v2/live?region=us-west"
    assert "region" not in json.loads(request.body)


def test_what_live_sessions_cannot_do_is_dropped_and_not_wanting_it_is_no_loss() -> None:
    asked = Transcription(diarization=True, redaction=True, profanity_filter=True, punctuation=False, filler_words=True)
    dropped = {item.setting for item in adapter.translate(settings(transcription=asked)).of("dropped")}
    assert dropped == {"diarization", "redaction", "profanity_filter", "punctuation", "filler_words"}
    asked = Transcription(diarization=False, redaction=False, profanity_filter=False, punctuation=True)
    assert not adapter.translate(settings(transcription=asked)).of("dropped")
    floats = adapter.translate(settings(audio=AudioSettings(encoding="f32le"))).of("dropped")
    assert [item.setting for item in floats] == ["encoding"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (URL, URL),
        ("ws://10.0.0.1:9000/v2/live?token=a", "ws://10.0.0.1:9000/v2/live?token=a"),
        ("/v2/live?token=a", "ws://127.0.0.1:8000/v2/live?token=a"),
    ],
)
def test_the_address_is_taken_as_it_comes_or_relative_to_the_endpoint(said: str, meant: str) -> None:
    found = dial(said)
    assert (found.url, found.session_id) == (meant, ID)
    assert isinstance(found.memory, Memory)


def test_an_answer_without_an_address_leads_to_a_refusal() -> None:
    found = dialled(adapter.dial(settings()), lambda _: HttpResponse(201, {}, b"{}"))
    assert isinstance(found, Dial)
    assert found.url == "ws://127.0.0.1:8000/v2/live"


def test_the_token_does_not_show() -> None:
    assert ID not in repr(dial(URL)).replace(f"session_id={ID}", "")


def test_to_resume_is_to_dial_the_same_address_without_asking() -> None:
    known = Dial(URL, session_id=ID)
    with pytest.raises(StopIteration) as stopped:
        next(adapter.dial(settings(), known))
    assert stopped.value.value is known
