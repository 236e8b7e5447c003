"""What a client of ``/v1/listen`` hears and says: frames as production sends them."""

import json
from typing import Any

import pytest

from support.deepgram import FINAL, ID, METADATA, client, hear, results, words
from voxport.codec import Closed, Opened
from voxport.commands import Audio, Configure, EndUtterance, Finish, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    Begun,
    Configured,
    Ended,
    Entities,
    Entity,
    Failed,
    Insight,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.settings import Settings

SAID = Transcript(
    is_final=True, text="Ship it on Tuesday.", start=3.36, end=4.42, confidence=0.9932,
    words=(
        Word("Ship", 3.36, 3.6, 0.98), Word("it", 3.6, 3.76, 0.999), Word("on", 3.76, 3.92, 0.9932),
        Word("Tuesday.", 3.92, 4.42, 0.991),
    ),
)  # fmt: skip
UTTERANCE_END = '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":4.42}'


def ends(heard: list[Any]) -> list[Any]:
    return [event for event in heard if isinstance(event, TurnEnded)]


# ------------------------------------------------------------------- beginning and end


def test_the_upgrade_is_the_greeting() -> None:
    assert list(client().receive(Opened({"dg-request-id": ID}))) == [Begun(session_id=ID)]
    named = Opened({"dg-request-id": ID, "dg-model-name": "nova-3"})
    assert list(client().receive(named)) == [Begun(session_id=ID, details={"model": "nova-3"})]


def test_metadata_ends_the_session_only_after_close_stream() -> None:
    end = client()
    assert list(end.receive(METADATA)) == [Notice(code="metadata", message="the service has counted 5.06 s of audio")]
    assert list(end.send(Finish())) == ['{"type":"CloseStream"}']
    assert list(end.receive(METADATA)) == [Ended(reported_audio_seconds=5.06)]
    assert list(end.receive(Closed(1000))) == []


def test_a_close_after_close_stream_without_metadata_may_have_lost_the_tail() -> None:
    end = client()
    end.send(Finish())
    assert list(end.receive(Closed(1000))) == [Ended(tail_lost=True)]


NET_0000 = "Deepgram did not provide a response message within the timeout window. See https://dpgr.am/net0000"
NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)


@pytest.mark.parametrize("finishing", [False, True])
@pytest.mark.parametrize(
    ("closed", "kind", "code", "retryable"),
    [
        (Closed(1002), "protocol", "1002", False),
        (Closed(1003), "protocol", "1003", False),
        (Closed(1007), "protocol", "1007", False),
        (Closed(1008, "DATA-0000"), "invalid", "1008 DATA-0000", False),
        (Closed(1011, NET_0000), "provider", "1011 NET-0000", True),
        (Closed(1011, NET_0001), "provider", "1011 NET-0001", True),
        (Closed(1011, "internal error"), "provider", "1011", True),
        (Closed(1001), "network", "1001", True),
        (Closed(1005), "provider", "1005", True),
        (Closed(1012), "provider", "1012", True),
        (Closed(1013), "provider", "1013", True),
        (Closed(4000), "provider", "4000", True),
        (Closed(None), "network", "dropped", True),
    ],
)
def test_what_a_close_means(closed: Closed, kind: str, code: str, *, retryable: bool, finishing: bool) -> None:
    end = client()
    if finishing:
        end.send(Finish())
    (failed,) = end.receive(closed)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code, failed.retryable) == (kind, code, retryable)
    assert failed.message
    assert failed.remedy
    assert list(end.receive(Closed(None))) == []


def test_a_close_that_nobody_asked_for_is_a_failure_even_as_1000() -> None:
    (failed,) = client().receive(Closed(1000))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code, failed.retryable) == ("provider", "1000", True)
    assert "encoding" in failed.remedy


# ------------------------------------------------------------------- transcripts and turns


def test_a_final_that_ends_a_turn() -> None:
    until = pytest.approx(5.06)  # 3.2 + 1.86
    assert hear(FINAL) == [SAID, Acknowledged(until=until, settled=True), TurnEnded(at=until)]  # type: ignore[arg-type]


def test_interims_replace_and_an_empty_one_only_clears() -> None:
    heard = hear(results(""), results("a"), results("a b"), results(""), results(""))
    assert [(event.text, event.is_final) for event in heard] == [("a", False), ("a b", False), ("", False)]


def test_an_empty_final_settles_its_range_and_clears_the_partial() -> None:
    heard = hear(results("a", duration=2.0), results("", duration=1.5, is_final=True))
    assert [type(event) for event in heard] == [Transcript, Transcript, Acknowledged]
    assert (heard[1].text, heard[1].is_final) == ("", False)
    assert heard[2] == Acknowledged(until=1.5, settled=True)


def test_silence_is_settled_by_the_finals_that_hold_nothing() -> None:
    heard = hear(*(results("", start=at, duration=3.0, is_final=True) for at in (0.0, 3.0)))
    assert heard == [Acknowledged(until=3.0, settled=True), Acknowledged(until=6.0, settled=True)]


def test_speech_final_implies_that_it_is_final() -> None:
    heard = hear(results("a", speech_final=True))
    assert [type(event) for event in heard] == [Transcript, Acknowledged, TurnEnded]
    assert heard[0].is_final


def test_an_empty_speech_final_ends_the_turn_that_finals_have_opened_and_no_other() -> None:
    end = results("", start=1.0, is_final=True, speech_final=True)
    assert hear(results("a", is_final=True), end)[-1] == TurnEnded(at=2.0)
    assert ends(hear(end)) == []


def test_the_answer_to_finalize_ends_the_turn_even_when_it_is_empty() -> None:
    assert hear(results("", is_final=True, from_finalize=True))[-1] == TurnEnded(at=1.0, forced=True)
    both = results("a", is_final=True, speech_final=True, from_finalize=True)
    assert ends(hear(both)) == [TurnEnded(at=1.0, forced=True)]


def test_speech_started() -> None:
    assert hear('{"type":"SpeechStarted","channel":[0,1],"timestamp":3.29}') == [SpeechStarted(at=3.29)]
    assert hear('{"type":"SpeechStarted","channel":[1,2],"timestamp":3}') == [SpeechStarted(at=3.0, channel=1)]


def test_utterance_end_ends_a_turn_that_speech_final_has_not() -> None:
    assert ends(hear(results("a", is_final=True), UTTERANCE_END)) == [TurnEnded(at=4.42)]
    assert len(ends(hear(FINAL, UTTERANCE_END))) == 1
    assert hear(UTTERANCE_END) == []


def test_utterance_end_of_an_older_word_ends_nothing() -> None:
    newer = results("a b", alternative={"words": words(("a", 4.0, 4.42), ("b", 5.0, 5.5))})
    final = results("a b", is_final=True, alternative={"words": words(("a", 4.0, 4.42), ("b", 5.0, 5.5))})
    assert ends(hear(results("a", is_final=True), newer, UTTERANCE_END)) == []
    assert ends(hear(final, UTTERANCE_END)) == []
    taken_back = results("", start=5.0)
    assert ends(hear(results("a", is_final=True), newer, taken_back, UTTERANCE_END)) == [TurnEnded(at=4.42)]


def test_utterance_end_that_overtakes_the_final_ends_the_turn_after_it() -> None:
    said = {"words": words(("a", 4.0, 4.42))}
    partial, final = results("a", alternative=said), results("a", is_final=True, alternative=said)
    assert ends(hear(partial, UTTERANCE_END)) == []
    heard = hear(partial, UTTERANCE_END, final)
    assert [type(event) for event in heard[-3:]] == [Transcript, Acknowledged, TurnEnded]
    assert heard[-1] == TurnEnded(at=4.42)
    assert len(ends(hear(partial, UTTERANCE_END, final, final, UTTERANCE_END))) == 2


def test_channels_are_kept_apart() -> None:
    heard = hear(
        results("left", channel_index=[0, 2]),
        results("right", channel_index=[1, 2], is_final=True),
        results("", channel_index=[1, 2], is_final=True, speech_final=True),
        results("", channel_index=[0, 2], is_final=True, speech_final=True),
    )
    said = [(event.channel, event.text) for event in heard if isinstance(event, Transcript)]
    assert said == [(0, "left"), (1, "right"), (0, "")]
    assert [event.channel for event in heard if isinstance(event, Acknowledged)] == [1, 1, 0]
    assert [event.channel for event in ends(heard)] == [1]


# ------------------------------------------------------------------- what words carry


def test_the_language_is_the_most_frequent_one_and_each_word_has_its_own() -> None:
    spoken = [*words(("bonjour", 0.0, 0.4), language="fr"), *words(("friend", 0.4, 0.8), language="en")]
    (heard,) = hear(
        results("bonjour friend", alternative={"words": spoken, "languages": ["fr", "en"], "languages_hinted": []})
    )
    assert heard.language == "fr"
    assert [word.language for word in heard.words] == ["fr", "en"]


@pytest.mark.parametrize(("speakers", "common"), [((0, 0), "0"), ((0, 1), None)])
def test_speakers_are_labels(speakers: tuple[int, int], common: str | None) -> None:
    spoken = [*words(("a", 0.0, 0.4), speaker=speakers[0]), *words(("b", 0.4, 0.8), speaker=speakers[1])]
    (heard,) = hear(results("a b", alternative={"words": spoken}))
    assert [word.speaker for word in heard.words] == [str(speaker) for speaker in speakers]
    assert heard.speaker == common


def test_entities_follow_their_final_with_the_times_of_their_words() -> None:
    found = [
        {
            "label": "NAME",
            "value": "Ada Byron",
            "raw_value": "ada byron",
            "confidence": 0.97,
            "start_word": 1,
            "end_word": 3,
        },
        {"label": "DATE", "value": "today", "raw_value": "today", "confidence": 0.5, "start_word": 7, "end_word": 9},
    ]
    spoken = words(("call", 0.0, 0.4), ("ada", 0.5, 0.9), ("byron", 1.0, 1.5))
    heard = hear(
        results("Call Ada Byron", is_final=True, speech_final=True, entities=found, alternative={"words": spoken})
    )
    assert [type(event) for event in heard] == [Transcript, Acknowledged, Entities, TurnEnded]
    assert heard[2] == Entities(
        items=(
            Entity("NAME", "Ada Byron", 0.5, 1.5, 0.97, "ada byron"),
            Entity("DATE", "today", None, None, 0.5, "today"),
        )
    )
    assert not [event for event in hear(results("a", is_final=True, entities=[])) if isinstance(event, Entities)]


def test_what_a_search_found_is_told_with_finals() -> None:
    hit = {"confidence": 0.8, "start": 0.5, "end": 0.9, "snippet": "ada"}
    searched = [{"query": "Ada", "hits": [hit]}, {"query": "Kelda", "hits": []}]
    heard = hear(results("ada", is_final=True, channel={"search": searched}))
    assert heard[-1] == Insight(kind="search", text="Ada (1)", data=searched)
    assert [type(event) for event in hear(results("ada", channel={"search": searched}))] == [Transcript]
    more = [*searched, {"query": "byron", "hits": [hit, hit]}]
    assert hear(results("ada", is_final=True, channel={"search": more}))[-1].text == "Ada (1), byron (2)"
    nothing = [{"query": "Kelda", "hits": []}]
    assert not [e for e in hear(results("a", is_final=True, channel={"search": nothing})) if isinstance(e, Insight)]


# ------------------------------------------------------------------- everything else


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (
            '{"type":"Error","variant":"SchemaError","description":"unknown variant `Ping`","message":"{}"}',
            Notice(code="SchemaError", message="unknown variant `Ping`"),
        ),
        (
            '{"type":"Error","variant":"InvalidConfigureMessage","code":"KeytermsNotSupported","description":"d"}',
            Notice(code="KeytermsNotSupported", message="d"),
        ),
        (
            '{"type":"Error","variant":"InvalidConfigureMessage","description":"d"}',
            Notice(code="InvalidConfigureMessage", message="d"),
        ),
        ('{"type":"ConfigureSuccess","request_id":"r"}', Configured()),
        ('{"type":"ConfigureSuccess","request_id":"r","keyterms":["a"]}', Configured(options={"keyterm": ["a"]})),
        ('{"type":"ConfigureSuccess","request_id":"r","keyterms":[]}', Configured(options={"keyterm": []})),
        ('{"type":"Sync"}', Unknown(kind="Sync")),
    ],
)
def test_other_messages(frame: str, event: object) -> None:
    assert hear(frame) == [event]


@pytest.mark.parametrize(
    "code",
    [
        "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", "CONFIGURE_ALREADY_PENDING",
        "CONFIGURE_INTERNAL_ERROR",
    ],
)  # fmt: skip
def test_a_configuration_that_failed_is_a_notice(code: str) -> None:
    frame = json.dumps({"type": "ConfigureFailure", "request_id": "r", "code": code, "description": "why"})
    assert hear(frame) == [Notice(code=code, message="why")]


def test_what_may_be_absent_may_be_absent() -> None:
    bare = '{"type":"Results","start":0,"duration":1,"channel":{"alternatives":[{"transcript":"a"}]},"is_final":true}'
    assert hear(bare) == [
        Transcript(is_final=True, text="a", start=0.0, end=1.0),
        Acknowledged(until=1.0, settled=True),
    ]
    assert hear('{"type":"Results","start":0,"duration":1,"channel":{"alternatives":[]}}') == []


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e999", "12345678901234567890123", '"3"', "null", "[]", "true"])
@pytest.mark.parametrize("field", ["start", "duration"])
def test_times_that_make_no_sense_are_told_and_ignored(field: str, number: str) -> None:
    frame = results("a", is_final=True).replace(
        f'"{field}": {0.0 if field == "start" else 1.0}', f'"{field}": {number}'
    )
    assert number in frame
    (notice,) = hear(frame)
    assert (type(notice), notice.code) == (Notice, "malformed")


# ------------------------------------------------------------------- the client says


def test_commands_are_these_frames() -> None:
    end = client()
    assert list(end.send(Start(Settings(provider="deepgram")))) == []
    assert list(end.send(Audio(b"12"))) == [b"12"]
    assert list(end.send(KeepAlive())) == ['{"type":"KeepAlive"}']
    assert list(end.send(EndUtterance())) == ['{"type":"Finalize"}']
    assert list(end.send(EndUtterance(1))) == ['{"type":"Finalize","channel":1}']


@pytest.mark.parametrize(
    ("changes", "options", "frame"),
    [
        ({"key_terms": ("Fenwick Harbor", "b")}, {}, '{"type":"Configure","keyterms":["Fenwick Harbor","b"]}'),
        ({"key_terms": ()}, {}, '{"type":"Configure","keyterms":[]}'),
        ({"key_terms": ("a",)}, {"keyterm": "own"}, '{"type":"Configure","keyterms":["own"]}'),
        ({}, {"numerals": False}, '{"type":"Configure","features":{"numerals":false}}'),
        ({}, {"language_hint": ["en", "es"]}, '{"type":"Configure","language_hints":["en","es"]}'),
    ],
)
def test_a_change_in_mid_session_is_this_frame(changes: Any, options: Any, frame: str) -> None:
    assert list(client().send(Configure(changes, options))) == [frame]


def test_no_change_is_no_frame() -> None:
    assert list(client().send(Configure({"language": "fr"}, {"smart_format": True}))) == []
