"""What a client makes of transcripts, turns and acknowledgements."""

import json
from typing import Any

import pytest

from support.speechmatics import (
    FINAL,
    GUESS,
    ID,
    PARTIAL,
    SAID,
    SILENCE,
    STARTED,
    UTTERANCE,
    client,
    hear,
    mark,
    message,
    word,
)
from voxport.commands import Audio
from voxport.events import Acknowledged, Begun, Notice, Transcript, TurnEnded, Word
from voxport.timeline import texts


def test_begun_says_what_the_service_says_of_itself() -> None:
    (begun,) = client().receive(STARTED)
    assert begun == Begun(
        session_id=ID,
        details={
            "version": "2026.01.15+abc1234.15.3.0", "adapted": False, "itn": True, "language_description": "English",
            "word_delimiter": " ", "writing_direction": "left-to-right",
        },
    )  # fmt: skip


def test_the_shortest_greeting_will_do() -> None:
    (begun,) = client().receive('{"message":"RecognitionStarted","id":"x"}')
    assert begun.session_id == "x"


def test_a_second_greeting_begins_nothing() -> None:
    assert hear(STARTED) == [Notice(code="repeated", message="a second RecognitionStarted was ignored")]


def test_a_final_and_what_it_settles() -> None:
    assert hear(FINAL) == [SAID, Acknowledged(until=4.56, settled=True)]


def test_a_partial() -> None:
    assert hear(PARTIAL) == [GUESS]


def test_silence_settles_and_says_nothing() -> None:
    assert hear(*SILENCE) == [Acknowledged(until=5.8, settled=True)]


def test_an_empty_partial_clears_one_that_stands_and_only_then() -> None:
    heard = hear(PARTIAL, *SILENCE, SILENCE[1])
    assert heard == [
        GUESS,
        Acknowledged(until=5.8, settled=True),
        Transcript(is_final=False, text="", start=5.88, end=5.88),
    ]


def test_a_final_clears_the_partial_without_another_word() -> None:
    assert [type(event) for event in hear(PARTIAL, FINAL, SILENCE[1])] == [Transcript, Transcript, Acknowledged]


def test_what_is_settled_never_goes_back_and_covers_the_last_word() -> None:
    heard = hear(
        message("AddTranscript", word("a", 0.5, 1.0), until=1.0),
        message("AddTranscript", until=0.9),
        message("AddTranscript", until=1.2),
    )
    assert [event.until for event in heard if isinstance(event, Acknowledged)] == [1.0, 1.12]


def test_a_turn_ends_once() -> None:
    heard = hear(FINAL, SILENCE[1], UTTERANCE, UTTERANCE)
    assert [event for event in heard if isinstance(event, TurnEnded)] == [TurnEnded(at=4.72)]
    assert isinstance(heard[-1], TurnEnded)


def test_a_forced_end_is_told_even_where_nothing_was_said() -> None:
    forced = '{"message":"EndOfUtterance","metadata":{"start_time":1.5,"end_time":1.5},"forced":true}'
    assert hear(forced) == [TurnEnded(at=1.5, forced=True)]


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([word("one"), mark(","), word("two")], ["one,", "two"]),
        ([word("one"), mark("?"), mark("!", "previous")], ["one?!"]),
        ([mark("¿", "next"), word("Qué"), mark("?", "previous")], ["¿Qué?"]),
        ([word("AC"), mark("/", "both"), word("DC"), word("live")], ["AC/DC", "live"]),
        ([word("one"), mark("-", "none"), word("two")], ["one", "-", "two"]),
        ([{"type": "word", "start_time": 0, "end_time": 1}, word("a")], ["a"]),
    ],
)
def test_marks_join_the_words_that_they_attach_to(results: list[dict[str, Any]], words: list[str]) -> None:
    said = hear(message("AddTranscript", *results))[0]
    assert [w.text for w in said.words] == words
    assert said.text == " ".join(words)


def test_a_word_keeps_its_own_times_and_confidence() -> None:
    opening = mark("¿", "next", at=0.1)
    closing = mark("?", "previous", at=0.9) | {"alternatives": [{"content": "?", "confidence": 1.0}]}
    said = hear(message("AddTranscript", opening, word("Qué", 0.4, 0.9, confidence=0.7), closing))[0]
    assert said.words == (Word("¿Qué?", 0.4, 0.9, 0.7),)


def test_a_mark_that_comes_late_is_glued() -> None:
    late = message("AddTranscript", mark(".", "previous", 0.5), word("We", 0.7, 0.8))
    (_, _, said, *_) = hear(message("AddTranscript", word("speech"), until=0.5), late)
    assert (said.text, said.glued, [w.text for w in said.words]) == (". We", True, [".", "We"])


def test_a_mark_for_the_next_word_glues_the_next_final() -> None:
    opening = message("AddTranscript", mark("¿", "next"), until=0.5)
    heard = hear(opening, message("AddPartialTranscript", word("Qu")), message("AddTranscript", word("Qué")), FINAL)
    assert [(e.text, e.glued) for e in heard if isinstance(e, Transcript)] == [
        ("¿", False), ("Qu", True), ("Qué", True), ("Please call back.", False),
    ]  # fmt: skip


def test_no_spaces_where_the_language_has_none() -> None:
    end = client()
    list(end.receive('{"message":"RecognitionStarted","language_pack_info":{"word_delimiter":""}}'))
    (said, _) = end.receive(message("AddTranscript", word("你"), word("好"), mark("。")))
    assert (said.text, said.glued, [w.text for w in said.words]) == ("你好。", True, ["你", "好。"])


def test_a_delimiter_that_is_no_text_is_not_used() -> None:
    end = client()
    list(end.receive('{"message":"RecognitionStarted","language_pack_info":{"word_delimiter":7}}'))
    assert next(iter(end.receive(message("AddTranscript", word("a"), word("b"))))).text == "a b"


def test_an_unknown_speaker_is_none() -> None:
    said = hear(message("AddTranscript", word("a", speaker="UU"), word("b", speaker="Agent")))[0]
    assert ([w.speaker for w in said.words], said.speaker) == ([None, "Agent"], None)


def test_each_word_has_its_own_language() -> None:
    said = hear(message("AddTranscript", *(word("a", language=code) for code in ("en", "ar", "ar"))))[0]
    assert ([w.language for w in said.words], said.language) == (["en", "ar", "ar"], "ar")


def test_tags_and_volume() -> None:
    said = hear(message("AddTranscript", word("um", tags=["disfluency"]) | {"volume": 12.5}))[0]
    assert said.words == (Word("um", 0.1, 0.5, tags=("disfluency",), volume=12.5),)


# ------------------------------------------------------------------- acknowledgements


def test_about_one_acknowledgement_a_second() -> None:
    end = client()
    for _ in range(50):
        list(end.send(Audio(bytes(3200))))
    heard = hear(*(f'{{"message":"AudioAdded","seq_no":{number}}}' for number in range(1, 36)), end=end)
    assert heard == [Acknowledged(until=1.0), Acknowledged(until=2.0), Acknowledged(until=3.0)]


def test_chunks_are_measured_one_by_one() -> None:
    end = client()
    for size in (16_000, 24_000, 2):
        list(end.send(Audio(bytes(size))))
    added = '{"message":"AudioAdded","seq_no":1}'
    assert hear(added, added, added, added, end=end) == [Acknowledged(until=1.25)]


# ------------------------------------------------------------------- a session as production sends it


def group(start: float, end: float, *words: tuple[str, float, float], kind: str = "AddTranscript") -> str:
    """One message: words, and marks where there is nothing between start and end."""
    results = [
        {
            "type": "punctuation" if at == until else "word", "start_time": at, "end_time": until,
            **({"attaches_to": "previous", "is_eos": text in ".?!"} if at == until else {}),
            "alternatives": [{"content": text, "confidence": 1.0, "language": "en", "speaker": "S1"}],
        }
        for text, at, until in words
    ]  # fmt: skip
    said = " ".join(text for text, *_ in words).replace(" ,", ",").replace(" .", ".")
    said += " " if said and kind == "AddTranscript" else ""
    metadata = {"start_time": start, "end_time": end, "transcript": said}
    return json.dumps({"message": kind, "format": "2.9", "metadata": metadata, "results": results})


PART = "AddPartialTranscript"
PRODUCTION = [
    '{"message":"Info","type":"concurrent_session_usage","reason":"1 concurrent sessions active out of quota 150","usage":1,"quota":150,"last_updated":""}',
    STARTED,
    group(0.0, 0.28), group(0.28, 0.28, kind=PART),
    group(0.28, 0.64), group(0.64, 0.72, ("Wel", 0.64, 0.72), kind=PART),
    group(0.64, 0.96, ("Welcome", 0.64, 0.96)), group(0.96, 1.2, ("to", 0.96, 1.12), kind=PART),
    group(0.96, 1.12, ("to", 0.96, 1.12)), group(1.2, 1.52, ("the", 1.2, 1.36), ("show", 1.36, 1.52), kind=PART),
    group(1.04, 1.6, ("the", 1.2, 1.36), ("show", 1.36, 1.6)), group(1.6, 1.6, kind=PART),
    group(1.6, 1.96, (".", 1.6, 1.6)), group(1.96, 1.96, kind=PART),
    '{"message":"EndOfUtterance","format":"2.9","metadata":{"start_time":2.04,"end_time":2.04}}',
    group(2.04, 2.4), group(2.4, 2.48, kind=PART),
    group(2.4, 2.88, ("Hi", 2.48, 2.8), (",", 2.8, 2.8)), group(2.88, 2.88, kind=PART),
    '{"message":"EndOfTranscript"}',
]  # fmt: skip
"""Finals of few words, each followed by a partial; empty pairs in silence; a mark by itself; ranges that overlap."""


def test_a_session_as_production_sends_it() -> None:
    end = client()
    heard = [event for frame in PRODUCTION for event in end.receive(frame)]
    assert texts(heard) == "Welcome to the show. Hi,"
    assert [type(event) for event in heard[:2]] == [Notice, Begun]
    assert [event.at for event in heard if isinstance(event, TurnEnded)] == [2.04]
    settled = [event.until for event in heard if isinstance(event, Acknowledged)]
    assert settled == sorted(settled)
    assert settled[-1] == 2.8
    assert [e.text for e in heard if isinstance(e, Transcript) and not e.is_final] == ["Wel", "to", "the show"]
