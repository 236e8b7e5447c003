"""What a server of ``/v2/listen`` hears and says."""

import json
from typing import Any

import pytest

from support.deepgram import END_OF_TURN, ID, flux_server, said
from voxport.codec import Closed
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid
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
    Word,
)
from voxport_adapters.deepgram.flux.request import Listen
from voxport_adapters.deepgram.flux.server import TIMERS, Server


def heard(text: str, until: float, *, is_final: bool = False, **more: Any) -> Transcript:
    parts = text.split()
    words = tuple(
        Word(part, until - 0.1 * (len(parts) - at), until - 0.1 * (len(parts) - at - 1), 0.9)
        for at, part in enumerate(parts)
    )
    return Transcript(is_final=is_final, text=text, start=0.0, end=until, words=words, **more)


def final(text: str, until: float, **more: Any) -> Transcript:
    return heard(text, until, is_final=True, **more)


def turns(frames: list[Any]) -> list[Any]:
    """Of turns the event and the text, else the type."""
    return [
        frame
        if isinstance(frame, Closed)
        else (frame["event"], frame["transcript"])
        if frame["type"] == "TurnInfo"
        else frame["type"]
        for frame in frames
    ]


OVER = TurnEnded(at=1.0)


# ------------------------------------------------------------------- messages


def test_connected_comes_first_and_messages_are_counted() -> None:
    end = Server(Listen(model="flux-general-en"), ID)
    early = Notice(code="setting dropped", message="m")
    frames = said(end, early, Begun(), heard("a", 0.5), Notice(code="x", message="y"))
    assert [(frame["type"], frame["sequence_id"]) for frame in frames] == [
        ("Connected", 0), ("Warning", 1), ("TurnInfo", 2), ("Warning", 3)
    ]  # fmt: skip
    assert frames[0] == {"type": "Connected", "request_id": ID, "sequence_id": 0}
    assert frames[1] == {
        "type": "Warning",
        "request_id": ID,
        "sequence_id": 1,
        "code": "SETTING_DROPPED",
        "description": "m",
    }


def test_an_end_of_turn_has_every_field_in_the_services_order() -> None:
    golden = json.loads(END_OF_TURN)
    words = tuple(Word(word["word"], word["start"], word["end"], word["confidence"]) for word in golden["words"])
    said_so = Transcript(is_final=True, text=golden["transcript"], start=8.8, end=10.32, words=words)
    frame = said(flux_server(), said_so, TurnEnded(at=10.4, confidence=0.83))[-1]
    assert list(frame) == list(golden)
    same = ("event", "transcript", "words", "end_of_turn_confidence", "trigger")
    assert {name: frame[name] for name in same} == {name: golden[name] for name in same}
    assert frame["turn_index"] == 0


def test_a_turn_is_told_whole_again_and_again() -> None:
    end = flux_server()
    frames = said(
        end, SpeechStarted(at=0.1), heard("Good", 0.3), heard("Good day", 0.6), heard("Good day", 0.7),
        final("Good day.", 0.8), TurnEnded(at=0.8), heard("Then", 2.0), final("Then that.", 2.5), TurnEnded(at=2.5),
    )  # fmt: skip
    assert turns(frames) == [
        ("StartOfTurn", "Good"), ("Update", "Good day"), ("Update", "Good day."), ("EndOfTurn", "Good day."),
        ("StartOfTurn", "Then"), ("Update", "Then that."), ("EndOfTurn", "Then that."),
    ]  # fmt: skip
    assert [frame["turn_index"] for frame in frames] == [0, 0, 0, 0, 1, 1, 1]
    assert [frame["audio_window_start"] for frame in frames] == [0, 0, 0, 0, 0.8, 0.8, 0.8]
    assert [frame.get("trigger") for frame in frames] == [None, None, None, "model", None, None, "model"]
    assert [frame["end_of_turn_confidence"] for frame in frames] == [0, 0, 0, 1, 0, 0, 1]


def test_several_finals_are_one_turn() -> None:
    frames = said(
        flux_server(),
        final("Good day", 0.8),
        final(".", 0.9, glued=True),
        heard("And", 1.2),
        final("And bye", 1.4),
        OVER,
    )
    assert turns(frames)[-1] == ("EndOfTurn", "Good day. And bye")
    assert [word["word"] for word in frames[-1]["words"]] == ["Good", "day.", "And", "bye"]
    assert [(round(word["start"], 3), round(word["end"], 3)) for word in frames[-1]["words"][:2]] == [
        (0.6, 0.7),
        (0.7, 0.9),
    ]


def test_text_without_words_has_words_without_times() -> None:
    (frame,) = said(flux_server(), Transcript(is_final=False, text="Good day"))
    assert frame["words"] == [{"word": "Good", "confidence": 1.0}, {"word": "day", "confidence": 1.0}]


def test_every_quarter_of_a_second_of_audio_is_told() -> None:
    end = flux_server()
    passing = [Acknowledged(until=at / 20) for at in range(21)]
    frames = said(end, *passing)
    assert turns(frames) == [("Update", "")] * 4
    assert [frame["audio_window_end"] for frame in frames] == [0.25, 0.5, 0.75, 1.0]
    assert turns(said(end, heard("Good", 0.9), Acknowledged(until=1.2), Acknowledged(until=1.25))) == [
        ("StartOfTurn", "Good"), ("Update", "Good")
    ]  # fmt: skip


def test_the_window_of_a_turn_ends_with_its_words_for_more_may_follow_in_what_was_taken() -> None:
    frames = said(flux_server(), Acknowledged(until=5.0), final("Good day.", 0.8), OVER, heard("Then", 4.9))
    assert [(frame["event"], frame["audio_window_start"], frame["audio_window_end"]) for frame in frames] == [
        ("Update", 0, 5.0), ("StartOfTurn", 0, 5.0), ("EndOfTurn", 0, 0.8), ("StartOfTurn", 0.8, 5.0)
    ]  # fmt: skip


# ------------------------------------------------------------------- ends of turns


def test_a_probable_end_is_told_only_when_it_was_asked_for() -> None:
    turn = [heard("Good", 0.5), EagerTurnEnd(at=0.5, confidence=0.4), TurnResumed(at=0.6), heard("Good day", 0.8)]
    assert turns(said(flux_server(), *turn)) == [("StartOfTurn", "Good"), ("Update", "Good day")]
    frames = said(flux_server(eager_eot_threshold=0.4), *turn, final("Good day", 0.8), OVER)
    assert turns(frames) == [
        ("StartOfTurn", "Good"), ("EagerEndOfTurn", "Good"), ("TurnResumed", "Good"), ("Update", "Good day"),
        ("EagerEndOfTurn", "Good day"), ("EndOfTurn", "Good day"),
    ]  # fmt: skip
    assert frames[1]["end_of_turn_confidence"] == 0.4


def test_text_that_changes_resumes_the_turn() -> None:
    eager = flux_server(eager_eot_threshold=0.4)
    frames = said(
        eager, heard("Good", 0.5), EagerTurnEnd(), EagerTurnEnd(), final("Good day", 0.8), TurnResumed(), OVER
    )
    assert turns(frames) == [
        ("StartOfTurn", "Good"), ("EagerEndOfTurn", "Good"), ("TurnResumed", "Good day"), ("EagerEndOfTurn", "Good day"),
        ("EndOfTurn", "Good day"),
    ]  # fmt: skip
    assert said(eager, EagerTurnEnd(), TurnResumed()) == []


def test_an_end_that_is_forced_is_manual_and_not_eager() -> None:
    frames = said(
        flux_server(eager_eot_threshold=0.4), heard("Good", 0.5), final("Good", 0.6), TurnEnded(at=0.6, forced=True)
    )
    assert turns(frames) == [("StartOfTurn", "Good"), ("EndOfTurn", "Good")]
    assert (frames[-1]["trigger"], frames[-1]["end_of_turn_confidence"]) == ("manual", 0)


def test_an_end_without_a_turn_is_a_warning_when_it_was_forced_and_nothing_else() -> None:
    end = flux_server()
    (warning,) = said(end, TurnEnded(forced=True))
    assert (warning["type"], warning["code"]) == ("Warning", "FORCE_END_TURN_NO_ACTIVE_TURN")
    assert said(end, TurnEnded(at=1.0)) == []
    assert turns(said(end, heard("a", 0.5), heard("", 0.6), OVER)) == [("StartOfTurn", "a"), ("Update", "")]


def test_a_threshold_of_one_leaves_ends_to_the_client_and_to_the_clock() -> None:
    end = flux_server(eot_threshold=1.0, eot_timeout_ms=1000)
    assert turns(said(end, final("Good day", 0.8), TurnEnded(at=0.8))) == [("StartOfTurn", "Good day")]
    assert turns(said(end, heard("and", 1.0), Acknowledged(until=2.5))) == [("Update", "Good day and")] * 2
    frames = said(end, final("and bye", 2.0), Acknowledged(until=2.9), Acknowledged(until=3.0))
    assert turns(frames) == [
        ("Update", "Good day and bye"),
        ("Update", "Good day and bye"),
        ("EndOfTurn", "Good day and bye"),
    ]
    assert (frames[-1]["trigger"], frames[-1]["audio_window_end"]) == ("timeout", 2.0)
    assert turns(said(end, final("a", 4.0), TurnEnded(at=4.0, forced=True)))[-1] == ("EndOfTurn", "a")


# ------------------------------------------------------------------- what is told when asked for


def test_languages_are_told_by_the_multilingual_model() -> None:
    words = (
        Word("hola", 0.0, 0.4, language="es"),
        Word("my", 0.4, 0.6, language="en"),
        Word("pal", 0.6, 1.0, language="en"),
    )
    spoken = Transcript(is_final=False, text="hola my pal", end=1.0, words=words)
    (frame,) = said(flux_server(model="flux-general-multi", language_hint=["en"]), spoken)
    assert (frame["languages"], frame["languages_hinted"]) == (["en", "es"], ["en"])
    assert not {"languages", "languages_hinted"} & set(said(flux_server(), spoken)[0])
    (frame,) = said(flux_server(model="flux-general-multi"), heard("a", 0.5))
    assert not {"languages", "languages_hinted"} & set(frame)


# ------------------------------------------------------------------- the end


def test_after_close_stream_the_last_update_is_the_final_text() -> None:
    end = flux_server()
    assert turns(said(end, heard("Good", 0.5))) == [("StartOfTurn", "Good")]
    assert list(end.receive('{"type":"CloseStream"}')) == [Finish()]
    frames = said(end, final("Good day.", 0.8), TurnEnded(at=0.8), Ended(reported_audio_seconds=1.0))
    assert turns(frames) == [("Update", "Good day."), ("Update", "Good day."), Closed(None)]
    assert turns(said(flux_server(), final("a", 0.8), OVER, Ended())) == [
        ("StartOfTurn", "a"), ("EndOfTurn", "a"), Closed(None)
    ]  # fmt: skip


def test_a_forced_end_and_a_close_are_taken_in_order() -> None:
    end = flux_server()
    said(end, heard("Good", 0.5))
    assert list(end.receive('{"type":"ForceEndTurn"}')) == [EndUtterance()]
    assert turns(said(end, final("Good", 0.5), TurnEnded(at=0.5, forced=True))) == [("EndOfTurn", "Good")]
    list(end.receive('{"type":"CloseStream"}'))
    assert said(end, Ended()) == [Closed(None)]


def test_a_failure_is_an_error_and_a_close() -> None:
    error, closed = said(flux_server(), Failed(kind="provider", code="500", message="why"))
    assert error == {"type": "Error", "sequence_id": 1, "code": "INTERNAL_SERVER_ERROR", "description": "why"}
    assert closed == Closed(1011)


def test_only_a_client_that_is_gone_is_timed_out() -> None:
    ((kind, after, answer),) = [(timer.kind, timer.after, timer.answer) for timer in TIMERS]
    assert (kind, after) == ("gone", 60.0)
    (closed,) = said(flux_server(), answer)
    assert (closed.code, "net0001" in closed.reason) == (1011, True)


# ------------------------------------------------------------------- what it hears


def test_audio_and_an_empty_frame() -> None:
    assert list(flux_server().receive(b"12")) == [Audio(b"12")]
    assert list(flux_server().receive(b"")) == []


@pytest.mark.parametrize(
    "frame",
    ['{"type":"KeepAlive"}', '{"type":"Finalize"}', "{", "[]", '{"type":"ForceEndTurn","x":1}', "[" * 100_000,
     '{"type":"Configure","thresholds":{"eot_threshold":"high"}}', '{"type":"Configure","language_hints":[""]}'],
)  # fmt: skip
def test_what_is_not_understood_ends_the_session(frame: str) -> None:
    end = flux_server()
    (invalid,) = end.receive(frame)
    assert isinstance(invalid, Invalid)
    error, closed = said(end, invalid.answer)
    assert (error["type"], error["code"]) == ("Error", "UNPARSABLE_CLIENT_MESSAGE")
    assert closed == Closed(None)


@pytest.mark.parametrize(
    ("asked", "command", "told"),
    [
        ({}, Configure(), {}),
        ({"thresholds": {}, "keyterms": None, "numerals": None}, Configure(), {}),
        ({"keyterms": ["a"]}, Configure({"key_terms": ("a",)}), {"keyterms": ["a"]}),
        ({"keyterms": []}, Configure({"key_terms": ()}), {"keyterms": []}),
        ({"language_hints": ["es"]}, Configure({"languages": ("es",)}), {"language_hints": ["es"]}),
        ({"language_hints": []}, Configure({"languages": ()}), {"language_hints": []}),
        ({"numerals": True}, Configure({}, {"numerals": True}), {"numerals": True}),
        ({"profanity_filter": True}, Configure(), {}),
        (
            {"thresholds": {"eot_threshold": 0.9, "eager_eot_threshold": 0.3, "eot_timeout_ms": 700}},
            Configure({"end_of_turn_silence_ms": 700}, {"eot_threshold": 0.9, "eager_eot_threshold": 0.3}),
            {"thresholds": {"eot_threshold": 0.9, "eager_eot_threshold": 0.3, "eot_timeout_ms": 700}},
        ),
    ],
)
def test_a_configuration_is_answered_with_all_that_is_in_force(asked: Any, command: Configure, told: Any) -> None:
    end = flux_server(model="flux-general-multi", keyterm=["old"], language_hint=["en"])
    assert list(end.receive(json.dumps({"type": "Configure"} | asked))) == [command]
    assert said(end, Configured()) == [
        {
            "type": "ConfigureSuccess", "request_id": ID, "sequence_id": 1,
            "thresholds": {"eot_threshold": 0.7, "eot_timeout_ms": 5000}, "keyterms": ["old"], "language_hints": ["en"],
            "numerals": False,
        }
        | told
    ]  # fmt: skip
    assert said(end, Configured()) == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"thresholds": {"eot_threshold": 0.49}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_threshold": 1.1}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eager_eot_threshold": 0.29}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eager_eot_threshold": 0.8}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_timeout_ms": 499}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_timeout_ms": 60_001}}, "INVALID_THRESHOLD"),
        ({"keyterms": ["a"] * 101}, "INVALID_KEYTERMS"),
        ({"language_hints": ["en"]}, "INVALID_LANGUAGE_HINTS"),
    ],
)
def test_a_configuration_that_cannot_be_changes_nothing(asked: Any, code: str) -> None:
    end = flux_server(keyterm=["old"])
    (invalid,) = end.receive(json.dumps({"type": "Configure", "numerals": True} | asked))
    assert isinstance(invalid, Invalid)
    (failure,) = said(end, invalid.answer)
    assert failure.pop("description")
    assert failure == {"type": "ConfigureFailure", "request_id": ID, "sequence_id": 1, "code": code}
    list(end.receive('{"type":"Configure"}'))
    (success,) = said(end, Configured())
    assert (success["thresholds"], success["keyterms"], success["numerals"]) == (
        {"eot_threshold": 0.7, "eot_timeout_ms": 5000}, ["old"], False
    )  # fmt: skip


def test_a_backend_that_cannot_change_it_is_a_failure() -> None:
    end = flux_server()
    list(end.receive('{"type":"Configure","keyterms":["a"]}'))
    (failure,) = said(end, Notice(code="not_supported", message="no"))
    assert (failure["type"], failure["code"]) == ("ConfigureFailure", "CONFIGURE_FAILED")
    assert said(end, Configured()) == []


def test_thresholds_hold_from_when_they_were_asked_for() -> None:
    end = flux_server()
    list(end.receive('{"type":"Configure","thresholds":{"eager_eot_threshold":0.4}}'))
    assert turns(said(end, final("a", 0.5), OVER)) == [
        ("StartOfTurn", "a"),
        ("EagerEndOfTurn", "a"),
        ("EndOfTurn", "a"),
    ]
