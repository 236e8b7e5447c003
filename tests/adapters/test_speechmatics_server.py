"""What a server says."""

import json
from typing import Any

import pytest

from support.speechmatics import (
    FINAL,
    GUESS,
    ID,
    PARTIAL,
    SAID,
    UTTERANCE,
    WORDS,
    hear,
    server,
    told,
)
from voxport.codec import Closed
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)


def test_the_greeting_has_five_keys() -> None:
    assert told(server(begun=False), Begun()) == [
        {
            "message": "RecognitionStarted", "id": ID,
            "language_pack_info": {
                "adapted": False, "itn": True, "language_description": "English", "word_delimiter": " ",
                "writing_direction": "left-to-right",
            },
        }
    ]  # fmt: skip
    (greeting,) = told(server(begun=False, language="he", additional_vocab=["x"]), Begun())
    assert greeting["language_pack_info"]["writing_direction"] == "right-to-left"
    assert greeting["language_pack_info"]["adapted"] is True
    (greeting,) = told(server(begun=False, language="ja"), Begun())
    assert greeting["language_pack_info"]["word_delimiter"] == ""


@pytest.mark.parametrize("code", ["recognition_quality", "concurrent_session_usage"])
def test_information_is_no_warning(code: str) -> None:
    assert told(server(), Notice(code=code, message="So.")) == [{"message": "Info", "type": code, "reason": "So."}]


def test_one_acknowledgement_for_each_chunk() -> None:
    end = server()
    for chunk in (b"\1\2", b"", b"\3\4"):
        list(end.receive(chunk))
    added = [{"message": "AudioAdded", "seq_no": number} for number in (1, 2, 3, 4)]
    assert told(end, Acknowledged(until=0.1)) == added[:3]
    assert told(end, Acknowledged(until=0.1)) == [], "one too many breaks a client that counts"
    list(end.receive(b"\1\2"))
    assert told(end, Acknowledged(until=0.2)) == added[3:]


def test_a_final_as_the_page_shows_it() -> None:
    end = server(diarization="speaker")
    told(end, Transcript(is_final=True, text="Well", end=3.2))
    final, rest = told(end, Transcript(is_final=True, text=SAID.text, start=3.32, end=4.64, words=WORDS))
    assert final == json.loads(FINAL)
    assert rest == {
        "message": "AddPartialTranscript", "format": "2.9", "results": [],
        "metadata": {"start_time": 4.64, "end_time": 4.64, "transcript": ""},
    }  # fmt: skip
    assert told(end, GUESS) == [json.loads(PARTIAL)]


def test_what_is_settled_is_an_empty_final() -> None:
    end = server()
    settled = Acknowledged(until=4.0, settled=True)
    final, rest = told(end, settled)
    assert (final["message"], final["results"], final["metadata"]) == (
        "AddTranscript", [], {"start_time": 0.0, "end_time": 4.0, "transcript": ""},
    )  # fmt: skip
    assert rest["message"] == "AddPartialTranscript"
    assert told(end, settled) == [], "once"
    assert hear(json.dumps(final)) == [Acknowledged(until=3.92, settled=True)]


def test_what_is_settled_clears_no_partial_that_stands() -> None:
    end = server()
    told(end, GUESS)
    _, rest = told(end, Acknowledged(until=4.0, settled=True))
    assert rest["metadata"]["transcript"] == "about the"
    told(end, SAID)
    _, rest = told(end, Acknowledged(until=5.0, settled=True))
    assert rest["results"] == []


def test_no_partials_unless_asked_for() -> None:
    end = server(enable_partials=False)
    assert told(end, GUESS) == []
    assert [frame["message"] for frame in told(end, SAID)] == ["AddTranscript"]


def test_no_speakers_unless_asked_for() -> None:
    (final, _) = told(server(), SAID)
    assert all("speaker" not in result["alternatives"][0] for result in final["results"])
    (final, _) = told(server(diarization="speaker"), Transcript(is_final=True, text="a", words=(Word("a"),)))
    assert final["results"][0]["alternatives"][0]["speaker"] == "UU"


@pytest.mark.parametrize(("config", "volume"), [(None, None), ({}, 12.5), ({"volume_threshold": 3}, 12.5)])
def test_no_volume_unless_asked_for(config: Any, volume: float | None) -> None:
    (final, _) = told(
        server(audio_filtering_config=config), Transcript(is_final=True, text="a", words=(Word("a.", volume=12.5),))
    )
    assert [result.get("volume") for result in final["results"]] == [volume, None]


def contents(end: Any, *texts: str) -> tuple[str, list[tuple[str, str]]]:
    (final, *_) = told(end, Transcript(is_final=True, text=" ".join(texts), words=tuple(map(Word, texts))))
    found = [(result["alternatives"][0]["content"], result.get("attaches_to", "")) for result in final["results"]]
    return final["metadata"]["transcript"], found


def test_marks_are_results_of_their_own() -> None:
    text, found = contents(server(), "Well,", "really?!", "3.5", "¿Qué?")
    assert text == "Well, really?! 3.5 ¿Qué? "
    assert found == [
        ("Well", ""), (",", "previous"), ("really", ""), ("?", "previous"), ("!", "previous"), ("3.5", ""),
        ("¿", "next"), ("Qué", ""), ("?", "previous"),
    ]  # fmt: skip
    assert contents(server(), ".") == (". ", [(".", "previous")])


@pytest.mark.parametrize(
    ("permitted", "text"), [([], "Well no "), (["."], "Well no. "), (["all"], "Well, no. "), ([",", "§"], "Well, no ")]
)
def test_only_the_marks_that_are_permitted(permitted: list[str], text: str) -> None:
    assert contents(server(punctuation_overrides={"permitted_marks": permitted}), "Well,", "no.")[0] == text


def test_no_spaces_in_a_language_without() -> None:
    assert contents(server(language="cmn"), "你", "好。")[0] == "你好。"


def test_words_are_replaced_and_disfluencies_removed() -> None:
    config = {"remove_disfluencies": True, "replacements": [{"from": "damn", "to": "****"}, {"from": "/x/", "to": "y"}]}
    words = (Word("Um,", tags=("disfluency",)), Word("damn!"), Word("Damn"), Word("x"))
    final, _ = told(server(transcript_filtering_config=config), Transcript(is_final=True, text="...", words=words))
    assert final["metadata"]["transcript"] == "****! Damn x "
    final, _ = told(server(), Transcript(is_final=True, text="...", words=words))
    assert final["metadata"]["transcript"] == "Um, damn! Damn x "
    assert [r["alternatives"][0].get("tags") for r in final["results"][:2]] == [["disfluency"], None]


def test_only_a_comma_ends_no_sentence() -> None:
    (final, _) = told(server(), Transcript(is_final=True, text="a, b.", words=(Word("a,"), Word("b."))))
    assert [r["is_eos"] for r in final["results"] if r["type"] == "punctuation"] == [False, True]


def test_a_final_without_words_is_one_result() -> None:
    (final, _) = told(server(), Transcript(is_final=True, text="Ask not.", start=0.5, end=1.0))
    assert [(r["start_time"], r["end_time"]) for r in final["results"]] == [(0.5, 1.0), (1.0, 1.0)]
    assert final["metadata"]["transcript"] == "Ask not. "
    assert all(r["alternatives"][0]["confidence"] == 1.0 for r in final["results"])


# ------------------------------------------------------------------- turns


def test_the_end_of_a_turn_only_where_it_was_asked_for() -> None:
    assert told(server(), TurnEnded(at=4.72)) == []
    asking = server(conversation_config={"end_of_utterance_silence_trigger": 0.5})
    assert told(asking, TurnEnded(at=4.72)) == [json.loads(UTTERANCE)]
    told(asking, SAID)
    assert told(asking, TurnEnded())[0]["metadata"] == {"start_time": 4.32, "end_time": 4.32}


def test_a_forced_end_is_forced_all_through() -> None:
    end = server()
    list(end.receive('{"message":"ForceEndOfUtterance"}'))
    final, rest = told(end, SAID)
    assert (final["forced"], rest.get("forced")) == (True, None)
    assert told(end, TurnEnded(at=4.72, forced=True)) == [json.loads(UTTERANCE) | {"forced": True}]
    assert "forced" not in told(end, SAID)[0]


def test_a_forced_end_has_a_final_even_where_nothing_was_said() -> None:
    end = server()
    told(end, SAID)
    told(end, TurnEnded(at=4.5))
    list(end.receive('{"message":"ForceEndOfUtterance"}'))
    final, rest, over = told(end, TurnEnded(at=4.72, forced=True))
    assert (final["message"], final["results"], final["forced"]) == ("AddTranscript", [], True)
    assert (rest["message"], over["message"], over["forced"]) == ("AddPartialTranscript", "EndOfUtterance", True)


# ------------------------------------------------------------------- the end


def test_the_last_message() -> None:
    assert told(server(), Ended(reported_audio_seconds=2.0)) == [{"message": "EndOfTranscript"}, Closed(1000)]


def test_warnings() -> None:
    assert told(server(), Notice(code="session_timeout", message="Soon.")) == [
        {"message": "Warning", "type": "session_timeout", "reason": "Soon."}
    ]


def test_what_the_protocol_has_no_words_for() -> None:
    assert told(server(), SpeechStarted(at=1.0)) == []
    assert told(server(), Unknown(kind="x")) == []
