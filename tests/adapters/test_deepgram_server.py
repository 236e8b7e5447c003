"""What a server of ``/v1/listen`` says: everything that was asked for, and nothing else."""

import json
from typing import Any

import pytest

from support.deepgram import FINAL, ID, METADATA, said, server
from voxport.codec import Closed
from voxport.commands import Finish
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Entities,
    Entity,
    Failed,
    Insight,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Word,
)
from voxport_adapters.deepgram.server import TIMERS

WORDS = (
    Word("Ship", 3.36, 3.6, 0.98), Word("it", 3.6, 3.76, 0.999), Word("on", 3.76, 3.92, 0.9932),
    Word("Tuesday.", 3.92, 4.42, 0.991),
)  # fmt: skip
SAID = Transcript(is_final=True, text="Ship it on Tuesday.", start=3.36, end=4.42, words=WORDS, confidence=0.9932)
PARTIAL = Transcript(is_final=False, text="Ship", start=3.36, end=3.6, words=WORDS[:1], confidence=0.98)
OVER = TurnEnded(at=4.42)


def final(text: str, start: float, end: float, channel: int | None = None, **word: Any) -> Transcript:
    spoken = tuple(Word(part, start, end, **word) for part in text.split())
    return Transcript(is_final=True, text=text, start=start, end=end, words=spoken, channel=channel)


def kinds(frames: list[Any]) -> list[Any]:
    """A message's type, and of results the text and whether it is final."""
    return [
        (frame["channel"]["alternatives"][0]["transcript"], frame["is_final"])
        if isinstance(frame, dict) and frame["type"] == "Results"
        else frame["type"]
        if isinstance(frame, dict)
        else frame
        for frame in frames
    ]


# ------------------------------------------------------------------- results


def test_a_turn_is_one_final_result_with_every_field_in_the_services_order() -> None:
    (frame,) = said(server(punctuate=True, model="nova-3", version="2025-04-17.21547"), SAID, OVER)
    golden = json.loads(FINAL)
    assert list(frame) == list(golden)
    assert frame["channel"] == golden["channel"]
    assert (frame["is_final"], frame["speech_final"], frame["from_finalize"]) == (True, True, False)
    assert frame["metadata"]["model_info"] == golden["metadata"]["model_info"]
    assert list(frame["metadata"]) == list(golden["metadata"])
    assert len(frame["metadata"]["model_uuid"]) == len(ID)


def test_without_punctuation_words_are_bare() -> None:
    (frame,) = said(server(), SAID, OVER)
    (heard,) = frame["channel"]["alternatives"]
    assert heard["transcript"] == "ship it on tuesday"
    assert all(set(word) == {"word", "start", "end", "confidence"} for word in heard["words"])


@pytest.mark.parametrize("option", ["punctuate", "smart_format", "detect_entities"])
def test_each_option_that_punctuates_does(option: str) -> None:
    (frame,) = said(server(**{option: True}), SAID, OVER)
    assert frame["channel"]["alternatives"][0]["transcript"] == SAID.text


def test_a_final_that_ends_no_turn_is_no_speech_final() -> None:
    first, second = said(server(), SAID, final("b", 6.0, 7.0), TurnEnded(at=7.0))
    assert (first["is_final"], first["speech_final"]) == (True, False)
    assert (second["is_final"], second["speech_final"]) == (True, True)


def test_an_end_that_comes_late_is_an_empty_speech_final() -> None:
    first, second = said(server(), SAID, Acknowledged(until=4.5), OVER)
    assert (first["speech_final"], second["speech_final"]) == (False, True)
    assert kinds([second]) == [("", True)]
    assert second["channel"]["alternatives"] == [{"transcript": "", "confidence": 0.0, "words": []}]


def test_with_endpointing_off_no_end_is_told_unless_it_is_forced() -> None:
    off = server(endpointing=False)
    (frame,) = said(off, SAID, OVER)
    assert (frame["is_final"], frame["speech_final"]) == (True, False)
    assert said(off, TurnEnded(at=5.0)) == []
    assert said(off, TurnEnded(at=5.0, forced=True))[0]["from_finalize"] is True


def test_finals_tile_the_audio() -> None:
    frames = said(server(), SAID, OVER, final("b", 6.0, 7.0), TurnEnded(at=7.0), final("c", 6.9, 6.95), OVER)
    tiles = [(frame["start"], round(frame["start"] + frame["duration"], 6)) for frame in frames]
    assert tiles == [(0, 4.42), (4.42, 7.0), (7.0, 7.0)]


def test_the_answer_to_finalize_is_no_speech_final_and_may_be_empty() -> None:
    (frame,) = said(server(), SAID, TurnEnded(at=4.42, forced=True))
    assert (frame["from_finalize"], frame["speech_final"], frame["is_final"]) == (True, False, True)
    (frame,) = said(server(), TurnEnded(forced=True))
    assert (frame["from_finalize"], kinds([frame])) == (True, [("", True)])


# ------------------------------------------------------------------- only what was asked for


def test_only_what_was_asked_for_is_sent() -> None:
    nothing = [SpeechStarted(at=3.3), PARTIAL, Acknowledged(until=1.0), Begun(), Insight(kind="summary", text="a")]
    assert said(server(), *nothing) == []
    heard = said(server(vad_events=True, interim_results=True), SpeechStarted(at=3.29), PARTIAL)
    assert heard[0] == {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 3.29}
    assert (heard[1]["is_final"], heard[1]["speech_final"]) == (False, False)
    assert (heard[1]["start"], heard[1]["duration"]) == (0, 3.6)


def test_diarization_numbers_the_speakers_and_names_the_diarizer() -> None:
    turns = [final("a", 0.0, 0.5, speaker="B"), final("b", 0.5, 1.0, speaker="A"), final("c", 1.0, 1.5, speaker="B"),
             final("d", 1.5, 2.0, speaker="7"), final("e", 2.0, 2.5)]  # fmt: skip
    for asked in ({"diarize": True}, {"diarize_model": "latest"}):
        frames = said(server(**asked), *turns, Begun())
        words = [frame["channel"]["alternatives"][0]["words"][0] for frame in frames]
        assert [word["speaker"] for word in words] == [0, 1, 0, 7, 0]
        assert [set(frame["metadata"].get("diarize_info", ())) for frame in frames] == [
            {"model_uuid", "arch"} if "diarize_model" in asked else set()
        ] * 5
    assert "speaker" not in said(server(), turns[0], Begun())[0]["channel"]["alternatives"][0]["words"][0]


def test_languages_are_told_by_those_who_hear_many() -> None:
    spoken = (
        Word("hola", 0.0, 0.4, language="es"),
        Word("my", 0.4, 0.6, language="en"),
        Word("friend", 0.6, 1.0, language="en"),
    )
    heard = Transcript(is_final=True, text="hola my friend", start=0.0, end=1.0, words=spoken, language="en")
    asked: dict[str, Any] = {"language": "multi", "model": "nova-3", "language_hint": ["en", "es"]}
    (alternative,) = said(server(**asked), heard, OVER)[0]["channel"]["alternatives"]
    assert (alternative["languages"], alternative["languages_hinted"]) == (["en", "es"], ["en", "es"])
    assert [word["language"] for word in alternative["words"]] == ["es", "en", "en"]
    (alternative,) = said(server(language="multi", model="nova-3"), final("a", 0.0, 1.0), OVER)[0]["channel"][
        "alternatives"
    ]
    assert (alternative.get("languages"), alternative["languages_hinted"]) == (None, [])
    (alternative,) = said(server(language="multi", model="nova-2"), heard, OVER)[0]["channel"]["alternatives"]
    assert "languages_hinted" not in alternative
    (alternative,) = said(server(language="en", model="nova-3", language_hint=["en"]), heard, OVER)[0]["channel"][
        "alternatives"
    ]
    assert not {"languages", "languages_hinted"} & set(alternative)
    assert all("language" not in word for word in alternative["words"])


def test_extra_is_echoed_with_results_and_metadata() -> None:
    end = server(extra=["session:7", "note:a:b", "session:8"])
    results, metadata, _ = said(end, SAID, OVER, Ended())
    assert results["metadata"]["extra"] == metadata["extra"] == {"session": "8", "note": "a:b"}


def test_a_search_is_answered_with_every_result() -> None:
    (last,) = said(server(search=["tuesday"]), SAID, OVER)
    assert [hit["snippet"] for hit in last["channel"]["search"][0]["hits"]] == ["tuesday"]
    end = server(search=["it on", "Kelda"], interim_results=True)
    partial, whole = said(end, PARTIAL, SAID, OVER)
    nothing = {"query": "Kelda", "hits": []}
    hit = {"confidence": 0.9932, "start": 3.6, "end": 3.92, "snippet": "it on"}
    assert partial["channel"]["search"] == [{"query": "it on", "hits": []}, nothing]
    assert whole["channel"]["search"] == [{"query": "it on", "hits": [hit]}, nothing]


def test_what_a_backend_found_wins_and_what_it_found_late_comes_with_an_empty_final() -> None:
    found = [{"query": "it", "hits": [{"confidence": 0.4, "start": 1.0, "end": 1.5, "snippet": "eat"}]}]
    end = server(search=["it"])
    (frame,) = said(end, SAID, Insight(kind="search", data=found), OVER)
    assert frame["channel"]["search"] == found
    (late,) = said(end, Insight(kind="search", data=found))
    assert (kinds([late]), late["channel"]["search"], late["duration"]) == ([("", True)], found, 0)
    (odd,) = said(end, Insight(kind="search", data="nonsense"))
    assert odd["channel"]["search"] == []
    assert said(server(), Insight(kind="search", data=found)) == []


def test_entities_stand_in_finals_alone_and_are_none_rather_than_absent() -> None:
    end = server(detect_entities=True, interim_results=True)
    found = Entities(items=(Entity("DATE", "Tuesday", 3.9, 4.5, 0.7), Entity("NAME", "Ada")))
    partial, whole = said(end, PARTIAL, SAID, found, OVER)
    assert "entities" not in partial
    assert whole["entities"] == [
        {
            "label": "DATE",
            "value": "Tuesday",
            "raw_value": "Tuesday",
            "confidence": 0.7,
            "start_word": 3,
            "end_word": 4,
        },
        {"label": "NAME", "value": "Ada", "raw_value": "Ada", "confidence": 1.0, "start_word": 0, "end_word": 0},
    ]
    assert whole["speech_final"] is True
    assert said(end, final("b", 6.0, 7.0), OVER)[0]["entities"] == []
    (late,) = said(end, found)
    assert (kinds([late]), [entity["value"] for entity in late["entities"]]) == ([("", True)], ["Tuesday", "Ada"])
    assert said(server(), SAID, found, OVER)[0].get("entities") is None


# ------------------------------------------------------------------- as audio passes


def until(*seconds: float, **more: Any) -> list[Acknowledged]:
    return [Acknowledged(until=at, **more) for at in seconds]


def test_a_gap_after_words_is_told_once() -> None:
    end = server(utterance_end_ms=1000, interim_results=True)
    frames = said(end, PARTIAL, SAID, OVER, *until(5.41, 5.43, 7.0, 9.0))
    told = [frame for frame in frames if frame["type"] == "UtteranceEnd"]
    assert told == [{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 4.42}]
    assert kinds(frames)[:3] == [("ship", False), ("ship it on tuesday", True), "UtteranceEnd"]
    more = said(end, final("b", 9.0, 9.5), OVER, *until(10.5))
    assert kinds(more)[:2] == [("b", True), "UtteranceEnd"]


@pytest.mark.parametrize("asked", [{"utterance_end_ms": 1000}, {"interim_results": True}])
def test_gaps_are_told_only_with_both_options(asked: dict[str, Any]) -> None:
    assert "UtteranceEnd" not in kinds(said(server(**asked), SAID, OVER, *until(*range(5, 30))))


def test_silence_is_told_every_second_where_interims_are_wanted() -> None:
    frames = said(server(interim_results=True), *until(*(at / 10 for at in range(31))))
    assert [(*kinds([frame]), frame["start"], frame["duration"]) for frame in frames] == [
        (("", False), 0, at) for at in (1, 2, 3)
    ]


def test_what_stands_is_told_again_and_again() -> None:
    frames = said(server(interim_results=True), PARTIAL, *until(4.0, 4.7, 5.8), SAID, OVER, *until(6.9))
    assert kinds(frames) == [
        ("ship", False),
        ("ship", False),
        ("ship", False),
        ("ship it on tuesday", True),
        ("", False),
    ]
    assert [frame["duration"] for frame in frames] == [3.6, 4.7, 5.8, 4.42, 2.48]


def test_silence_without_interims_is_told_by_finals_that_cover_nothing_unless_it_is_settled() -> None:
    frames = said(server(), *until(4.9, 5.0, 9.9, 10.0))
    assert [(*kinds([frame]), frame["start"], frame["duration"]) for frame in frames] == [(("", True), 0, 0)] * 2
    frames = said(server(), *until(4.9, 5.0, 9.9, 10.0, settled=True))
    assert [(frame["start"], frame["duration"]) for frame in frames] == [(0, 5), (5, 5)]
    assert kinds(said(server(interim_results=True), *until(4.9, 5.0, settled=True))) == [("", True)]


# ------------------------------------------------------------------- channels


def test_channels_have_clocks_of_their_own() -> None:
    end = server(channels=2, multichannel=True, interim_results=True, vad_events=True, utterance_end_ms=1000)
    right = final("b", 1.0, 2.0, channel=1)
    frames = said(
        end, SpeechStarted(at=0.5, channel=1), final("a", 0.0, 4.0, channel=0), TurnEnded(at=4.0, channel=0),
        right, TurnEnded(at=2.0, channel=1), *until(4.5),
    )  # fmt: skip
    assert frames[0]["channel"] == [1, 2]
    assert [(frame["channel_index"], frame["start"], frame["duration"]) for frame in frames[1:3]] == [
        ([0, 2], 0, 4.0), ([1, 2], 0, 2.0)
    ]  # fmt: skip
    assert frames[3] == {"type": "UtteranceEnd", "channel": [1, 2], "last_word_end": 2.0}
    assert [frame["channel_index"] for frame in frames[4:]] == [[1, 2]]
    assert [frame["channel_index"] for frame in said(end, *until(7.0, channel=1))] == [[1, 2]]


def test_a_final_of_one_channel_does_not_end_the_turn_of_another() -> None:
    end = server(channels=2, multichannel=True)
    first, second = said(end, final("a", 0.0, 1.0, channel=0), TurnEnded(at=1.0, channel=1))
    assert (first["channel_index"], first["speech_final"]) == ([0, 2], False)
    assert (second["channel_index"], second["speech_final"], kinds([second])) == ([1, 2], True, [("", True)])


# ------------------------------------------------------------------- the end


def test_the_end_is_metadata_and_close_1000() -> None:
    end = server(model="nova-3", version="2025-04-17.21547")
    list(end.receive(b"12"))
    metadata, closed = said(end, Ended(reported_audio_seconds=5.06))
    golden = json.loads(METADATA)
    assert set(metadata) == set(golden)
    assert list(metadata["model_info"].values()) == list(golden["model_info"].values())
    assert list(metadata["model_info"]) == metadata["models"]
    same = ("type", "transaction_key", "request_id", "duration", "channels")
    assert {name: metadata[name] for name in same} == {name: golden[name] for name in same}
    assert metadata["sha256"] == "6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918"
    assert closed == Closed(1000)


def test_without_audio_there_are_no_channels_and_no_models() -> None:
    end = server(channels=2, multichannel=True)
    assert list(end.receive(b"")) == [Finish()]
    metadata, closed = said(end, Ended(reported_audio_seconds=0.0))
    assert metadata == {
        "type": "Metadata", "transaction_key": "deprecated", "request_id": ID, "duration": 0.0, "channels": 0,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "created": "2026-10-20T09:14:03.118Z",
    }  # fmt: skip
    assert closed == Closed(1000)


def test_an_end_without_a_figure_tells_what_was_taken() -> None:
    metadata, _ = said(server(channels=3, multichannel=True), Acknowledged(until=2.5), Ended())
    assert (metadata["duration"], metadata["channels"]) == (2.5, 3)


def test_the_timers_are_those_of_the_service() -> None:
    assert [(timer.kind, timer.after) for timer in TIMERS] == [("idle", 12.0), ("quiet", 30.0)]
    for timer, reason in zip(TIMERS, ("net0001", "net0000"), strict=True):
        metadata, closed = said(server(), timer.answer)
        assert (metadata["type"], metadata["duration"], metadata["channels"]) == ("Metadata", 0, 0)
        assert closed == Closed(1011, f"{timer.answer.message.partition('See')[0]}See https://dpgr.am/{reason}")


@pytest.mark.parametrize(("kind", "code"), [("invalid", 1008), ("provider", 1011), ("network", 1011)])
def test_other_failures_are_closes(kind: Any, code: int) -> None:
    assert said(server(), Failed(kind=kind, code="x", message="why")) == [Closed(code, "why")]
