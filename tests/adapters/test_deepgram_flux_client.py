"""What a client of ``/v2/listen`` hears and says: frames as production sends them."""

import json
from typing import Any

import pytest

from support.deepgram import END_OF_TURN, ID, flux_client, turn_info
from voxport.codec import Closed, Opened
from voxport.commands import Audio, Configure, EndUtterance, Finish, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    Begun,
    Configured,
    EagerTurnEnd,
    Ended,
    Failed,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    TurnResumed,
    Unknown,
    Word,
)
from voxport.settings import Settings


def hear(*signals: Any, finishing: bool = False) -> list[Any]:
    end = flux_client()
    if finishing:
        end.send(Finish())
    return [event for signal in signals for event in end.receive(signal)]


def brief(heard: list[Any]) -> list[Any]:
    """Transcripts as text and finality, other events as their type; without acknowledgements."""
    return [
        (event.text, event.is_final) if isinstance(event, Transcript) else type(event).__name__
        for event in heard
        if not isinstance(event, Acknowledged)
    ]


# ------------------------------------------------------------------- beginning and end


def test_connected_is_the_greeting() -> None:
    assert hear(Opened({"dg-request-id": ID})) == []
    assert hear(json.dumps({"type": "Connected", "request_id": ID, "sequence_id": 0})) == [Begun(session_id=ID)]


@pytest.mark.parametrize("code", [1000, 1005])
def test_after_close_stream_the_last_text_is_the_final_and_nothing_is_lost(code: int) -> None:
    heard = hear(
        turn_info("StartOfTurn", "Book the"), turn_info("Update", "Book the train", 2.0), Closed(code), finishing=True
    )
    assert brief(heard) == [
        "SpeechStarted",
        ("Book the", False),
        ("Book the train", False),
        ("Book the train", True),
        "TurnEnded",
        "Ended",
    ]
    assert heard[-3].utterance == "0"
    assert heard[-2] == TurnEnded(at=2.0, utterance="0")
    assert heard[-1] == Ended()
    assert hear(Closed(code), finishing=True) == [Ended()]


def test_after_close_stream_a_turn_that_has_ended_is_not_said_again() -> None:
    assert brief(hear(turn_info("Update", "a"), END_OF_TURN, Closed(1005), finishing=True))[-3:] == [
        ("Book the late train, please.", True), "TurnEnded", "Ended"
    ]  # fmt: skip


def test_older_services_end_with_metadata() -> None:
    metadata = '{"type":"Metadata","request_id":"r","duration":5.5,"channels":1}'
    assert hear(turn_info("Update", "a"), metadata, Closed(1000), finishing=True)[-3:] == [
        Transcript(is_final=True, text="a", start=0.0, end=0.1, words=(Word("a", 0.0, 0.1, 0.9),), utterance="0"),
        TurnEnded(at=1.0, utterance="0"),
        Ended(reported_audio_seconds=5.5),
    ]
    assert [type(event) for event in hear(metadata)] == [Notice]


@pytest.mark.parametrize("finishing", [False, True])
@pytest.mark.parametrize(
    ("closed", "code"),
    [
        (Closed(None), "dropped"),
        (Closed(1001), "1001"),
        (Closed(1011, "x net0001"), "1011 NET-0001"),
        (Closed(1011), "1011"),
    ],
)
def test_a_connection_that_breaks_is_tried_again(closed: Closed, code: str, *, finishing: bool) -> None:
    (_, failed) = (
        e for e in hear(turn_info("Update", "a"), closed, finishing=finishing) if not isinstance(e, Acknowledged)
    )
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retryable) == (code, True)


def test_a_close_without_a_code_that_nobody_asked_for_is_a_failure() -> None:
    (failed,) = hear(Closed(1005))
    assert isinstance(failed, Failed)
    assert failed.retryable


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("INTERNAL_SERVER_ERROR", "provider", True),
        ("UNPARSABLE_CLIENT_MESSAGE", "protocol", False),
        ("NEW_ONE", "provider", True),
    ],
)
def test_an_error_is_fatal_once(code: str, kind: str, *, retryable: bool) -> None:
    error = json.dumps({"type": "Error", "sequence_id": 3, "code": code, "description": "why"})
    (failed,) = hear(error, Closed(1011))
    assert (failed.kind, failed.code, failed.message, failed.retryable) == (kind, code, "why", retryable)
    assert failed.remedy


# ------------------------------------------------------------------- turns


def test_an_end_of_turn_is_its_final() -> None:
    words = (
        Word("Book", 8.8, 9.04, 0.99), Word("the", 9.04, 9.12, 0.98), Word("late", 9.12, 9.44, 0.97),
        Word("train,", 9.44, 9.84, 0.98), Word("please.", 9.92, 10.32, 0.99),
    )  # fmt: skip
    assert hear(END_OF_TURN) == [
        Transcript(
            is_final=True, text="Book the late train, please.", start=8.8, end=10.32, words=words, utterance="2"
        ),
        Acknowledged(until=10.88, settled=True),
        TurnEnded(at=10.88, confidence=0.83, utterance="2"),
    ]


def test_partials_are_cumulative_and_told_only_when_they_are_new() -> None:
    heard = hear(
        turn_info("Update", "", 0.25), turn_info("StartOfTurn", "Good", 0.5), turn_info("Update", "Good", 0.75),
        turn_info("Update", "Good day", 1.0), turn_info("Update", "", 1.25), turn_info("Update", "", 1.5),
    )  # fmt: skip
    assert brief(heard) == ["SpeechStarted", ("Good", False), ("Good day", False), ("", False)]
    assert [event.until for event in heard if isinstance(event, Acknowledged)] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert heard[1] == SpeechStarted(at=0.0)


def test_an_end_that_is_probable_and_a_turn_that_goes_on() -> None:
    heard = hear(
        turn_info("StartOfTurn", "Good", 0.5), turn_info("EagerEndOfTurn", "Good day", 1.0, end_of_turn_confidence=0.5),
        turn_info("TurnResumed", "Good day to", 1.25), turn_info("EagerEndOfTurn", "Good day to", 2.0),
        turn_info("EndOfTurn", "Good day to", 2.25, trigger="model"), turn_info("Update", "", 2.5, turn_index=1),
    )  # fmt: skip
    assert brief(heard) == [
        "SpeechStarted", ("Good", False), ("Good day", False), "EagerTurnEnd", "TurnResumed", ("Good day to", False),
        "EagerTurnEnd", ("Good day to", True), "TurnEnded",
    ]  # fmt: skip
    assert next(event for event in heard if isinstance(event, EagerTurnEnd)) == EagerTurnEnd(
        at=1.0, confidence=0.5, utterance="0"
    )
    assert [event for event in heard if isinstance(event, TurnResumed)] == [TurnResumed(at=1.25, utterance="0")]


@pytest.mark.parametrize(
    ("trigger", "forced"), [("manual", True), ("model", False), ("timeout", False), ("new", False), (None, False)]
)
def test_an_end_is_forced_when_it_was_asked_for(trigger: str | None, *, forced: bool) -> None:
    assert hear(turn_info("EndOfTurn", "a", trigger=trigger))[-1] == TurnEnded(
        at=1.0, confidence=0.25, forced=forced, utterance="0"
    )


def test_an_end_without_text_clears_what_stood() -> None:
    assert brief(hear(turn_info("Update", "a"), turn_info("EndOfTurn", ""))) == [("a", False), ("", False), "TurnEnded"]
    assert brief(hear(turn_info("EndOfTurn", ""))) == ["TurnEnded"]


def test_a_turn_whose_end_is_never_told_loses_no_word() -> None:
    heard = hear(turn_info("Update", "a"), turn_info("StartOfTurn", "b", turn_index=1))
    assert brief(heard) == [("a", False), ("a", True), "TurnEnded", "SpeechStarted", ("b", False)]


def test_a_turn_event_that_is_new_is_unknown_and_its_text_is_not_lost() -> None:
    assert hear(turn_info("Musing", "a"))[:1] == [Unknown(kind="TurnInfo Musing")]
    assert brief(hear(turn_info("Musing", "a"))) == ["Unknown", ("a", False)]


def test_silence_is_settled_once_the_model_cannot_be_behind_any_more() -> None:
    silence = [turn_info("Update", "", at / 4) for at in range(33)]
    settled = [event.until for event in hear(*silence) if isinstance(event, Acknowledged) and event.settled]
    assert settled == [1.0, 2.0, 3.0]
    spoken = [turn_info("Update", "a", at / 4) for at in range(100)]
    assert not [event for event in hear(*spoken) if isinstance(event, Acknowledged) and event.settled]
    after = [
        turn_info("EndOfTurn", "a", 10.0),
        *(turn_info("Update", "", 10 + at / 4, turn_index=1) for at in range(30)),
    ]
    settled = [event.until for event in hear(*after) if isinstance(event, Acknowledged) and event.settled]
    assert settled == [10.0, 11.0, 12.0]


def test_words_without_times_take_those_of_the_window() -> None:
    words = [{"word": "Hi.", "confidence": 0.9}]
    (heard,) = (
        e
        for e in hear(turn_info("EndOfTurn", "Hi.", 2.0, words=words, audio_window_start=1.0))
        if isinstance(e, Transcript)
    )
    assert (heard.start, heard.end, heard.words) == (1.0, 2.0, (Word("Hi.", None, None, 0.9),))


def test_the_language_is_the_most_frequent_one() -> None:
    told = turn_info("Update", "hola", languages=["es", "en"], languages_hinted=["en"])
    assert hear(told)[0].language == "es"


@pytest.mark.parametrize("number", ["1e308", "1e999", '"1"', "null"])
def test_times_that_make_no_sense_are_told_and_ignored(number: str) -> None:
    frame = turn_info("Update", "a", 4.75).replace("4.75", number)
    (notice,) = hear(frame)
    assert (type(notice), notice.code) == (Notice, "malformed")


# ------------------------------------------------------------------- configuration, warnings


@pytest.mark.parametrize(
    ("told", "options"),
    [
        ({"thresholds": {}, "keyterms": []}, {"keyterm": []}),
        (
            {"thresholds": {"eot_threshold": 0.8, "eager_eot_threshold": 0.5, "eot_timeout_ms": 6000}, "keyterms": "a",
             "language_hints": ["en"], "numerals": True},
            {"eot_threshold": 0.8, "eager_eot_threshold": 0.5, "eot_timeout_ms": 6000, "keyterm": ["a"],
             "language_hint": ["en"], "numerals": True},
        ),
    ],
)  # fmt: skip
def test_a_configuration_that_succeeded_tells_what_is_in_force(told: Any, options: Any) -> None:
    frame = json.dumps({"type": "ConfigureSuccess", "request_id": ID, "sequence_id": 4} | told)
    assert hear(frame) == [Configured(options=options)]


@pytest.mark.parametrize(
    ("told", "notice"),
    [
        ({"code": "INVALID_THRESHOLD", "description": "why"}, Notice(code="INVALID_THRESHOLD", message="why")),
        ({"error_code": "INVALID_THRESHOLD", "description": "why"}, Notice(code="INVALID_THRESHOLD", message="why")),
        ({}, Notice(code="ConfigureFailure", message="the settings are what they were")),
    ],
)
def test_a_configuration_that_failed_is_a_notice(told: Any, notice: Notice) -> None:
    assert hear(json.dumps({"type": "ConfigureFailure", "request_id": ID, "sequence_id": 4} | told)) == [notice]


def test_a_warning_is_a_notice() -> None:
    told = {
        "type": "Warning",
        "request_id": ID,
        "sequence_id": 4,
        "code": "FORCE_END_TURN_NO_ACTIVE_TURN",
        "description": "d",
    }
    assert hear(json.dumps(told)) == [Notice(code="FORCE_END_TURN_NO_ACTIVE_TURN", message="d")]


# ------------------------------------------------------------------- the client says


def test_commands_are_these_frames_and_there_is_no_keep_alive() -> None:
    end = flux_client()
    assert list(end.send(Start(Settings(provider="deepgram-flux")))) == []
    assert list(end.send(Audio(b"12"))) == [b"12"]
    assert list(end.send(KeepAlive())) == []
    assert list(end.send(EndUtterance())) == ['{"type":"ForceEndTurn"}']
    assert list(end.send(Finish())) == ['{"type":"CloseStream"}']


@pytest.mark.parametrize(
    ("changes", "options", "frame"),
    [
        ({"key_terms": ("a b",)}, {}, '{"type":"Configure","keyterms":["a b"]}'),
        ({"key_terms": ()}, {}, '{"type":"Configure","keyterms":[]}'),
        ({"languages": ("en", "es")}, {}, '{"type":"Configure","language_hints":["en","es"]}'),
        ({"end_of_turn_silence_ms": 900}, {}, '{"type":"Configure","thresholds":{"eot_timeout_ms":900}}'),
        ({"end_of_turn_silence_ms": 100}, {}, '{"type":"Configure","thresholds":{"eot_timeout_ms":500}}'),
        (
            {"key_terms": ("a",), "languages": ("en",), "end_of_turn_silence_ms": 900},
            {"eot_threshold": 0.8, "eager_eot_threshold": 0.5, "eot_timeout_ms": 700, "keyterm": "own",
             "language_hint": "es", "numerals": True},
            '{"type":"Configure","thresholds":{"eager_eot_threshold":0.5,"eot_threshold":0.8,"eot_timeout_ms":700},"keyterms":["own"],"language_hints":["es"],"numerals":true}',
        ),
    ],
)  # fmt: skip
def test_a_change_in_mid_session_is_this_frame(changes: Any, options: Any, frame: str) -> None:
    assert list(flux_client().send(Configure(changes, options))) == [frame]


def test_no_change_is_no_frame() -> None:
    assert list(flux_client().send(Configure({"partials": True}))) == []
