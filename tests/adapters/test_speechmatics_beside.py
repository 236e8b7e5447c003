"""What is told beside the transcript, both ends: translations, entities, sounds, speakers, languages, metadata."""

import json
from typing import Any

import pytest

from support.speechmatics import SAID, answered, client, hear, mark, message, refused, sent, server, start, told, word
from voxport.commands import IdentifySpeakers, Start
from voxport.events import (
    Acknowledged,
    AudioEvent,
    Ended,
    Entities,
    Entity,
    LanguageDetected,
    Notice,
    Speaker,
    SpeakersIdentified,
    Transcript,
    Translation,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.settings import Transcription
from voxport_adapters.speechmatics.server import Server

# ------------------------------------------------------------------- translations

TRANSLATION = '{"message":"AddTranslation","format":"2.9","language":"de","results":[{"content":"Bitte rufen Sie zurück.","start_time":3.32,"end_time":4.32,"speaker":"S1"}]}'
GERMAN = Translation(
    is_final=True, text="Bitte rufen Sie zurück.", language="de", source_language="en", start=3.32, end=4.32,
    speaker="S1",
)  # fmt: skip
DRAFT = '{"message":"AddPartialTranslation","format":"2.9","language":"de","results":[{"content":"Bitte rufen","start_time":3.32,"end_time":3.96,"speaker":"S1"}]}'


def test_a_translation() -> None:
    assert hear(TRANSLATION) == [GERMAN]


def test_a_partial_translation() -> None:
    (draft,) = hear(DRAFT)
    assert (draft.is_final, draft.text, draft.end) == (False, "Bitte rufen", 3.96)


def test_translations_of_several_results_are_joined_as_the_language_is_written() -> None:
    results = [
        {"content": c, "start_time": at, "end_time": at + 1, "speaker": f"S{at}"} for at, c in ((1, "a"), (2, "b"))
    ]
    for language, text in (("de", "a b"), ("ja", "ab")):
        (heard,) = hear(json.dumps({"message": "AddTranslation", "language": language, "results": results}))
        assert (heard.text, heard.start, heard.end, heard.speaker) == (text, 1, 3, None)


def test_an_empty_translation_clears_a_partial_one_and_says_nothing_else() -> None:
    empty = '{"message":"AddPartialTranslation","language":"de","results":[]}'
    assert [event.text for event in hear(empty)] == [""]
    assert hear(empty.replace("Partial", "")) == []


def wanting(*targets: str, **more: Any) -> Any:
    return server(diarization="speaker", beside={"translation_config": {"target_languages": list(targets), **more}})


def test_a_server_translates_into_what_was_asked_for() -> None:
    end = wanting("de", "cmn", enable_partials=True)
    assert told(end, GERMAN) == [json.loads(TRANSLATION)]
    draft = Translation(is_final=False, text="Bitte rufen", language="de", start=3.32, end=3.96, speaker="S1")
    assert told(end, draft) == [json.loads(DRAFT)]
    chinese = told(end, Translation(is_final=True, text="请", language="zh-CN"))
    assert (chinese[0]["language"], chinese[0]["results"][0]["start_time"]) == ("cmn", 0.0)
    assert told(end, Translation(is_final=True, text="Non.", language="fr")) == []
    assert told(end, Translation(is_final=False, text="", language="de"))[0]["results"] == []


def test_no_partial_translations_unless_asked_for() -> None:
    assert told(wanting("de"), Translation(is_final=False, text="Bitte", language="de")) == []
    assert told(server(), GERMAN) == []


@pytest.mark.parametrize(
    ("source", "targets", "left", "warnings"),
    [
        ("en", ["de", "fr"], ("de", "fr"), []),
        ("en", ["de", "xx"], ("de",), ["unsupported_translation_pair"]),
        ("en", ["en"], (), ["unsupported_translation_pair", "empty_translation_target_list"]),
        ("de", ["en", "fr"], ("en",), ["unsupported_translation_pair"]),
        ("ar", ["en"], (), ["unsupported_translation_pair", "empty_translation_target_list"]),
    ],
)
def test_pairs_that_cannot_be_had_are_warned_of(source: str, targets: Any, left: Any, warnings: Any) -> None:
    end: Any = Server("x")
    *warned, begin = end.receive(start(language=source, beside={"translation_config": {"target_languages": targets}}))
    assert [command.answer.code for command in warned] == warnings
    assert isinstance(begin, Start)
    assert begin.settings.transcription.translate_to == left


@pytest.mark.parametrize(
    "config", [{}, {"target_languages": []}, {"target_languages": ["de"] * 6}, {"target_languages": "de"}]
)
def test_one_to_five_targets(config: Any) -> None:
    assert refused(Server("x"), start(beside={"translation_config": config}))[0] == "invalid_config"


# ------------------------------------------------------------------- entities

MONEY = {
    "type": "entity", "start_time": 0.8, "end_time": 1.6, "entity_class": "money",
    "alternatives": [{"content": "$20", "confidence": 0.98, "language": "en"}],
    "spoken_form": [word("twenty", 0.8, 1.2), word("dollars", 1.2, 1.6)],
    "written_form": [word("$20", 0.8, 1.6, confidence=0.98, language="en")],
}  # fmt: skip


def test_an_entity_is_a_word_and_an_entity() -> None:
    said, found, _ = hear(message("AddTranscript", MONEY, mark(".", at=1.6)))
    assert said.words == (Word("$20.", 0.8, 1.6, 0.98, None, "en"),)
    assert found == Entities(items=(Entity("money", "$20", 0.8, 1.6, 0.98, "twenty dollars"),))


def test_an_entity_of_several_words() -> None:
    written = [word("5", 1.0, 1.2), word("January", 1.2, 1.6)]
    date = MONEY | {"entity_class": "date", "alternatives": [{"content": "5 January"}], "written_form": written}
    said, found, _ = hear(message("AddTranscript", date))
    assert ([(w.text, w.start) for w in said.words], found.items[0].text) == (
        [("5", 1.0), ("January", 1.2)],
        "5 January",
    )
    said, *_ = hear(message("AddTranscript", date | {"written_form": [word("1/5")]}))
    assert [w.text for w in said.words] == ["5 January"], "what is displayed counts"


def test_entities_of_partials_are_not_told() -> None:
    (said,) = hear(message("AddPartialTranscript", MONEY))
    assert said.text == "$20"


DOLLARS = Transcript(
    is_final=True, text="Take 20 dollars, now.", start=0.4, end=2.0, words=(
        Word("Take", 0.4, 0.8, 0.9), Word("20", 0.8, 1.2, 0.8), Word("dollars,", 1.2, 1.6, 0.7), Word("now.", 1.7, 2.0),
    ),
)  # fmt: skip
FOUND = Entities(items=(Entity("money", "20 dollars", 0.8, 1.6, 0.75, "twenty dollars"),))


def test_a_server_says_an_entity_within_its_final() -> None:
    end = server(enable_entities=True, enable_partials=False)
    assert told(end, DOLLARS) == []
    (final,) = told(end, FOUND)
    assert [(r["type"], r["alternatives"][0]["content"]) for r in final["results"]] == [
        ("word", "Take"), ("entity", "20 dollars"), ("punctuation", ","), ("word", "now"), ("punctuation", "."),
    ]  # fmt: skip
    assert final["metadata"]["transcript"] == "Take 20 dollars, now. "
    entity = final["results"][1]
    assert (entity["entity_class"], entity["start_time"], entity["end_time"]) == ("money", 0.8, 1.6)
    assert entity["alternatives"][0]["confidence"] == 0.75
    assert [(f["alternatives"][0]["content"], f["start_time"]) for f in entity["spoken_form"]] == [
        ("twenty", 0.8),
        ("dollars", 1.2),
    ]
    assert [f["alternatives"][0]["content"] for f in entity["written_form"]] == ["20", "dollars"]
    said, found, _ = hear(json.dumps(final))
    assert (said.text, [w.text for w in said.words]) == (DOLLARS.text, [w.text for w in DOLLARS.words])
    assert found == FOUND


@pytest.mark.parametrize(
    "entity", [Entity("money", "30 dollars"), Entity("money", "20 dollars", 5.0, 6.0), Entity("x", "")]
)
def test_an_entity_changes_no_words(entity: Entity) -> None:
    end = server(enable_entities=True)
    told(end, DOLLARS)
    final, _ = told(end, Entities(items=(entity,)))
    assert {result["type"] for result in final["results"]} == {"word", "punctuation"}


def test_a_final_waits_for_entities_until_the_next_event() -> None:
    end = server(enable_entities=True, conversation_config={"end_of_utterance_silence_trigger": 0.5})
    told(end, SAID)
    assert told(end, TurnEnded(at=4.72)) == []
    kinds = [frame["message"] for frame in told(end, Acknowledged(until=5.0))]
    assert kinds == ["AddTranscript", "AddPartialTranscript", "EndOfUtterance"]
    assert [frame["message"] for frame in told(end, SAID) + told(end, SAID)][:1] == ["AddTranscript"]
    assert [getattr(f, "code", f) for f in told(end, Ended())][-1] == 1000


def test_a_forced_end_waits_for_nothing() -> None:
    end = server(enable_entities=True)
    list(end.receive('{"message":"ForceEndOfUtterance"}'))
    told(end, SAID)
    assert [frame["message"] for frame in told(end, TurnEnded(at=4.72))][::2] == ["AddTranscript", "EndOfUtterance"]


def test_no_entities_unless_asked_for() -> None:
    end = server()
    assert len(told(end, DOLLARS)) == 2
    assert told(end, FOUND) == []


# ------------------------------------------------------------------- sounds

MUSIC = (
    '{"message":"AudioEventStarted","event":{"type":"music","start_time":4.2,"confidence":0.8}}',
    '{"message":"AudioEventEnded","event":{"type":"music","end_time":10.2}}',
)
HEARD = (AudioEvent(kind="music", at=4.2, confidence=0.8), AudioEvent(kind="music", at=10.2, ended=True))


def test_sounds() -> None:
    assert tuple(hear(*MUSIC)) == HEARD


def test_a_server_tells_the_sounds_that_were_asked_for() -> None:
    everything = server(beside={"audio_events_config": {}})
    assert [frame for event in HEARD for frame in told(everything, event)] == [json.loads(frame) for frame in MUSIC]
    laughter = server(beside={"audio_events_config": {"types": ["laughter"]}})
    assert told(laughter, HEARD[0]) == told(server(), HEARD[0]) == []
    assert refused(Server("x"), start(beside={"audio_events_config": {"types": ["rain"]}}))[0] == "invalid_config"


# ------------------------------------------------------------------- speakers

KNOWN = SpeakersIdentified(speakers=(Speaker("S1", ("c3BrMQ==",)),))
RESULT = '{"message":"SpeakersResult","speakers":[{"label":"S1","speaker_identifiers":["c3BrMQ=="]}]}'


def test_asking_for_speakers() -> None:
    assert sent(client(), IdentifySpeakers(final=True)) == [{"message": "GetSpeakers", "final": True}]
    assert sent(client(), IdentifySpeakers()) == [{"message": "GetSpeakers"}]
    assert hear(RESULT) == [KNOWN]


def test_speakers_so_far_are_told_at_once_and_only_when_asked_for() -> None:
    end = server(diarization="speaker")
    assert told(end, KNOWN) == []
    assert list(end.receive('{"message":"GetSpeakers"}')) == [IdentifySpeakers()]
    assert told(end, KNOWN) == [json.loads(RESULT)]
    assert told(end, KNOWN) == []


def test_all_speakers_are_told_once_at_the_end() -> None:
    end = server(diarization="speaker")
    asking = '{"message":"GetSpeakers","final":true}'
    assert list(end.receive(asking)) == [IdentifySpeakers(final=True)]
    assert list(end.receive(asking)) == []
    assert told(end, KNOWN) == []
    assert [frame for frame in told(end, Ended()) if isinstance(frame, dict)] == [
        json.loads(RESULT), {"message": "EndOfTranscript"},
    ]  # fmt: skip


def test_speakers_can_be_asked_for_at_the_start() -> None:
    end: Any = Server("x")
    commands = list(end.receive(start(diarization="speaker", speaker_diarization_config={"get_speakers": True})))
    assert commands[1:] == [IdentifySpeakers(final=True)]
    assert told(end, Ended())[0] == {"message": "SpeakersResult", "speakers": []}


# ------------------------------------------------------------------- languages

ARABIC = (
    '{"message":"LanguageInfo","language":"ar","word_delimiter":" ","writing_direction":"right-to-left","partial":true}'
)


def test_a_language_is_told_with_how_it_is_written() -> None:
    end = client()
    assert hear(ARABIC, end=end) == [LanguageDetected(language="ar", tentative=True)]
    assert hear('{"message":"LanguageInfo","language":"ja","word_delimiter":""}', end=end)[-1].tentative is False
    assert next(iter(end.receive(message("AddTranscript", word("a"), word("b"))))).text == "ab"


def test_a_server_tells_languages_where_each_word_has_its_own() -> None:
    end = server(model="melia-1", language="multi")
    assert told(end, LanguageDetected(language="ar", tentative=True)) == [json.loads(ARABIC)]
    final, _ = told(end, Transcript(is_final=True, text="ja", words=(Word("ja", language="de"), Word("x"))))
    assert [r["alternatives"][0]["language"] for r in final["results"]] == ["de", "multi"]
    assert told(server(), LanguageDetected(language="ar")) == []


def test_melia_warns_of_what_it_does_not_do() -> None:
    beside = {"translation_config": {"target_languages": ["de"]}}
    warned = answered(Server("x"), start(model="melia-1", language="multi", max_delay=2.0, beside=beside))
    assert {frame["type"] for frame in warned} >= {"validation_warning"}
    said = " ".join(frame["reason"] for frame in warned)
    assert "max_delay" in said
    assert "translation_config" in said


# ------------------------------------------------------------------- metadata


def test_metadata_and_warnings_are_notices() -> None:
    assert hear(
        '{"message":"Info","type":"recognition_quality","reason":"Running.","quality":"broadcast"}',
        '{"message":"Info","type":"concurrent_session_usage","reason":"1 of 2","usage":1,"quota":2,"last_updated":"2026-03-02T10:11:12Z","region":"eu"}',
        '{"message":"Warning","type":"duration_limit_exceeded","reason":"Too long.","duration_limit":7200,"code":1,"seq_no":2}',
        '{"message":"Warning","reason":"Something."}',
    ) == [
        Notice(code="recognition_quality", message="Running."),
        Notice(code="concurrent_session_usage", message="1 of 2"),
        Notice(code="duration_limit_exceeded", message="Too long."),
        Notice(code="warning", message="Something."),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "duration_limit_exceeded", "unsupported_translation_pair", "empty_translation_target_list", "idle_timeout",
        "session_timeout", "add_audio_after_eos", "speaker_id", "validation_warning",
    ],
)  # fmt: skip
def test_every_warning_goes_both_ways(kind: str) -> None:
    notice = Notice(code=kind, message="Why.")
    (frame,) = server().send(notice)
    assert isinstance(frame, str)
    assert hear(frame) == [notice]


def test_what_nobody_knows_is_unknown() -> None:
    assert hear('{"message":"EndpointInfo","results":7}') == [Unknown(kind="EndpointInfo")]


@pytest.mark.parametrize(
    "frame",
    [
        '{"message":"AddTranscript","results":[]}',
        '{"message":"AddTranscript","metadata":{"start_time":0,"end_time":1e300},"results":[]}',
        '{"message":"AddTranscript","metadata":{"start_time":0,"end_time":1e999},"results":[]}',
        '{"message":"AddTranslation","language":"de"}',
        '{"message":"AudioEventStarted","event":{"type":"music"}}',
        '{"message":"SpeakersResult","speakers":[{"label":7}]}',
        '{"message":"RecognitionStarted","language_pack_info":[]}',
        '{"message":"Error","type":{}}',
    ],
)
def test_what_does_not_fit_is_malformed(frame: str) -> None:
    assert [event.code for event in hear(frame)] == ["malformed"]


def test_settings_that_ask_for_what_is_told_beside() -> None:
    wanted = Transcription(language="en", entities=True, translate_to=("de", "zh-CN"), diarization=True)
    (asked,) = sent(client(transcription=wanted, options={"audio_events_config": {}}), Start(None))
    assert asked["transcription_config"]["enable_entities"] is True
    assert asked["translation_config"] == {"target_languages": ["de", "cmn"], "enable_partials": True}
    assert asked["audio_events_config"] == {}
