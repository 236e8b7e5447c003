"""How the server end says turns: each family of models in its own shape."""

import json
from typing import Any

import pytest

from support.assemblyai import (
    FINAL,
    MULTI,
    PARTIAL,
    SAID,
    U3,
    U35,
    US,
    US_PARTIAL,
    US_UTTERANCE,
    WHISPER,
    finished,
    guess,
    said,
    upgrade,
)
from voxport.events import EagerTurnEnd, SpeechStarted, Transcript, TurnEnded, TurnResumed, Word

DASH = "\u2014"


def words(frame: Any, name: str = "text") -> list[Any]:
    return [word[name] for word in frame["words"]]


def test_a_turn_of_the_universal_3_family_is_said_as_the_page_shows_it() -> None:
    partial = Transcript(
        is_final=False, text="Please move my booking to", words=(
            Word("Please", 0.64, 0.98, 0.981), Word("move", 1.01, 1.24, 0.996), Word("my", 1.262, 1.4, 0.998),
            Word("booking", 1.422, 1.905, 0.993), Word("to", 1.93, 2.11, 0.71),
        ),
    )  # fmt: skip
    accepted = upgrade(f"speech_model={U3}&language_detection=true")
    assert said(accepted, SpeechStarted(at=0.64, confidence=0.97), partial, SAID, TurnEnded(at=3.42)) == [
        {"type": "SpeechStarted", "timestamp": 640, "confidence": 0.97},
        json.loads(PARTIAL),
        json.loads(FINAL),
    ]
    onset, frame = upgrade().server.send(partial)
    assert '"timestamp":0,' in str(onset)
    assert '"start":640,"end":980,' in str(frame)


def test_a_partial_that_is_not_cut_in_mid_sentence_has_no_dash() -> None:
    for text in ("Well,", "No.", f"Ask{DASH}"):
        *_, partial = said(upgrade(), guess(text))
        assert (partial["transcript"], words(partial)) == (text, [text])
    *_, partial = said(upgrade(), Transcript(is_final=False, text="Ask", start=1.0, end=1.2))
    assert (partial["transcript"], partial["words"]) == (f"Ask{DASH}", [])


def test_the_latest_models_call_partials_formatted_too() -> None:
    for model, formatted in ((U3, False), (U35, True)):
        *_, partial, last = said(upgrade(f"speech_model={model}"), guess("Ask"), finished("Ask."), TurnEnded())
        assert (partial["turn_is_formatted"], last["turn_is_formatted"]) == (formatted, True)
        assert (words(partial, "word_is_final"), words(last, "word_is_final")) == ([False], [True])
        *_, again = said(upgrade(f"speech_model={model}"), guess("Ask", "not"), guess("Ask", "not"))
        assert words(again, "word_is_final") == [False, False]


@pytest.mark.parametrize("model", [US, MULTI])
def test_a_turn_of_the_older_models_is_said_as_the_page_shows_it(model: str) -> None:
    """One word after the other becomes final; the pending one is not in the transcript."""
    accepted = upgrade(f"speech_model={model}")
    said(accepted, *[event for _ in range(3) for event in (finished("x"), TurnEnded())])
    the = (Word("cancel", 9.12, 9.44, 0.97), Word("the", 9.52, 9.6, 0.99))
    pending = Transcript(is_final=False, text="cancel the ord", words=(*the, Word("ord", 9.68, 9.76, 0.62)))
    whole = Transcript(is_final=True, text="cancel the order", words=(*the, Word("order", 9.68, 10.08, 0.95)))
    said(accepted, pending)
    partial, uttered, last = said(accepted, pending, whole, TurnEnded(confidence=0.43))
    assert {**partial, "end_of_turn_confidence": 0.0021} == json.loads(US_PARTIAL)
    assert {**uttered, "end_of_turn_confidence": 0.18} == json.loads(US_UTTERANCE)
    assert last == {**json.loads(US_UTTERANCE), "end_of_turn": True, "end_of_turn_confidence": 0.43, "utterance": ""}


def test_a_word_is_final_once_it_was_guessed_twice_and_another_came_after_it() -> None:
    accepted = upgrade(f"speech_model={US}")
    told = said(accepted, guess("Good"), guess("Good", "mourn"), guess("God", "mourning", "all"), guess("God", "be"))
    assert [(frame["transcript"], words(frame, "word_is_final")) for frame in told] == [
        ("", [False]), ("good", [True, False]), ("", [False, False, False]), ("god", [True, False]),
    ]  # fmt: skip
    (alone,) = said(accepted, Transcript(is_final=False, text="God be"))
    assert (alone["transcript"], alone["words"]) == ("god be", [])


def test_each_final_of_a_turn_is_an_utterance_of_the_older_models() -> None:
    accepted = upgrade(f"speech_model={US}")
    told = said(accepted, finished("Ask"), guess("not", at=1.0), finished("not", "what.", at=1.0), TurnEnded())
    assert [(frame["transcript"], frame["utterance"], frame["end_of_turn"]) for frame in told] == [
        ("ask", "ask", False), ("ask", "", False), ("ask not what", "not what", False), ("ask not what", "", True),
    ]  # fmt: skip


def test_an_eager_end_is_an_utterance_of_the_older_models() -> None:
    accepted = upgrade(f"speech_model={US}")
    _, eager = said(accepted, guess("Cancel", "it"), EagerTurnEnd(confidence=0.6))
    assert (eager["utterance"], eager["end_of_turn"], eager["end_of_turn_confidence"]) == ("cancel it", False, 0.6)
    assert said(accepted, TurnResumed()) == []
    *_, last = said(accepted, guess("Cancel", "it", "please"), finished("Cancel", "it", "please"), TurnEnded())
    assert last["utterance"] == "cancel it please"
    assert said(upgrade(), EagerTurnEnd()) == said(upgrade(f"speech_model={US}"), EagerTurnEnd()) == []
    assert [frame["type"] for frame in said(upgrade(), guess("a"), EagerTurnEnd())] == ["SpeechStarted", "Turn"]


def test_without_partials_a_turn_is_said_as_a_whole() -> None:
    for asked in ("include_partial_turns=false", "redact_pii=true"):
        (turn,) = said(upgrade(f"speech_model={US}&{asked}"), guess("a"), EagerTurnEnd(), finished("a"), TurnEnded())
        assert (turn["end_of_turn"], turn["utterance"]) == (True, "a")
        told = said(upgrade(f"speech_model={U3}&{asked}"), guess("a"), finished("a"), TurnEnded())
        assert [frame["type"] for frame in told] == ["SpeechStarted", "Turn"]


@pytest.mark.parametrize("model", [US, MULTI, WHISPER])
def test_these_models_do_not_punctuate_unless_asked_to(model: str) -> None:
    *_, turn = said(upgrade(f"speech_model={model}"), SAID, TurnEnded())
    assert (turn["transcript"], turn["turn_is_formatted"]) == ("please move my booking to friday", False)
    assert turn["words"][-1]["text"] == "friday"
    accepted = upgrade(f"speech_model={model}&format_turns=true")
    told = said(accepted, guess("Please"), SAID, TurnEnded())
    assert {frame["turn_is_formatted"] for frame in told} == {True}
    assert [frame["transcript"] for frame in told if frame["end_of_turn"]] == [SAID.text]
    accepted.server.receive('{"type":"UpdateConfiguration","format_turns":false}')
    *_, turn = said(accepted, SAID, TurnEnded())
    assert (turn["transcript"], turn["turn_is_formatted"]) == ("please move my booking to friday", False)


def test_whisper_tells_segments_in_which_no_word_is_final() -> None:
    partial, last = said(upgrade(f"speech_model={WHISPER}"), guess("Ask", "not"), finished("Ask", "not"), TurnEnded())
    assert (partial["transcript"], words(partial, "word_is_final")) == ("ask not", [False, False])
    assert (partial["utterance"], last["utterance"], last["end_of_turn_confidence"]) == ("", "ask not", 1.0)


def test_a_mark_that_stands_alone_is_no_word_without_punctuation() -> None:
    dash = Transcript(is_final=True, text=f"Well {DASH}", start=1.0, words=(Word("Well"), Word(DASH, 2.0)))
    *_, turn = said(upgrade(f"speech_model={US}"), dash, TurnEnded())
    assert [(word["text"], word["start"], word["end"]) for word in turn["words"]] == [("well", 1000, 1000)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (f"speech_model={US}&language_detection=true", False),
        (f"speech_model={MULTI}", False),
        (f"speech_model={MULTI}&language_detection=true", True),
        (f"speech_model={U35}", False),
        (f"speech_model={U35}&language_detection=true", True),
        (f"speech_model={WHISPER}", True),
    ],
)
def test_which_finals_say_their_language(asked: str, told: bool) -> None:  # noqa: FBT001 -- a table
    *_, partial, turn = said(upgrade(asked), guess("Ask", language="en"), SAID, TurnEnded())[-3:]
    assert ("language_code" in turn, turn.get("language_confidence")) == (told, 0.94 if told else None)
    assert "language_code" not in said(upgrade(asked), guess("Ask", language="en"))[-1]
    assert partial.get("language_code") == (turn.get("language_code") if partial["utterance"] else None)
    *_, turn = said(upgrade(asked), finished("Ask"), TurnEnded())
    assert "language_code" not in turn
    *_, turn = said(upgrade(asked), finished("Ask", language="fr"), finished("not"), TurnEnded())
    assert turn.get("language_confidence") == (1.0 if told else None)


def test_speakers_are_told_on_finals_where_asked_for() -> None:
    spoken = (
        Word("Yes,", 20.48, 20.81, 0.98, "B", speaker_confidence=0.93), Word("it", 20.87, 21.09, 0.99, "A"),
        Word("works.", 21.12, 21.64, 0.99, "B", speaker_confidence=0.96),
    )  # fmt: skip
    heard = Transcript(is_final=True, text="Yes, it works.", words=spoken)
    partial = Transcript(is_final=False, text="Yes,", words=spoken[:1])
    _, unlabelled, turn = said(upgrade("speaker_labels=true"), partial, heard, TurnEnded())
    assert (turn["speaker_label"], turn["speaker_confidence"]) == ("B", 0.945)
    assert words(turn, "speaker") == ["B", "A", "B"]
    assert (turn["words"][0]["speaker_confidence"], "speaker_confidence" in turn["words"][1]) == (0.93, False)
    assert "speaker" not in unlabelled["words"][0]
    assert "speaker_label" not in unlabelled
    *_, turn = said(upgrade(), heard, TurnEnded())
    assert not {"speaker_label", "speaker_confidence"} & turn.keys()
    assert not {"speaker", "speaker_confidence"} & turn["words"][0].keys()
    *_, turn = said(upgrade("speaker_labels=true"), Transcript(is_final=True, text="Yes."), TurnEnded())
    assert (turn["speaker_label"], turn["words"], "speaker_confidence" in turn) == ("UNKNOWN", [], False)


def test_finals_gather_until_the_turn_ends_and_turns_are_counted() -> None:
    accepted = upgrade()
    one = Transcript(is_final=True, text="Ask", start=1.0, end=1.2, words=(Word("Ask", 1.0, 1.2),))
    two = Transcript(is_final=True, text="not", start=1.3, end=1.4, words=(Word("not", 1.3, 1.4),))
    mark = Transcript(is_final=True, text=".", glued=True)
    maybe = Transcript(is_final=False, text="no", start=1.3, end=1.4, words=(Word("no", 1.3, 1.4),))
    onset, partial, turn = said(accepted, one, maybe, two, mark, TurnEnded(at=1.4, confidence=0.7))
    assert onset == {"type": "SpeechStarted", "timestamp": 1000, "confidence": 1.0}
    assert (partial["transcript"], words(partial)) == (f"Ask no{DASH}", ["Ask", f"no{DASH}"])
    assert (partial["utterance"], partial["end_of_turn_confidence"], partial["turn_order"]) == ("", 0, 0)
    assert (turn["transcript"], turn["utterance"], turn["turn_order"]) == ("Ask not.", "Ask not.", 0)
    assert (turn["end_of_turn_confidence"], turn["words"][0]["confidence"]) == (0.7, 1.0)
    assert words(turn) == ["Ask", "not."]
    assert said(accepted, TurnEnded(forced=True)) == []
    _, turn = said(accepted, two, TurnEnded())
    assert (turn["transcript"], turn["turn_order"]) == ("not", 1)


def test_what_is_glued_to_a_word_is_part_of_it() -> None:
    half = Transcript(is_final=True, text="book", words=(Word("book", 1.0, 1.2, 0.5),))
    rest = Transcript(is_final=True, text="ing now", glued=True, words=(Word("ing", 1.2, 1.4), Word("now", 1.5, 1.6)))
    *_, turn = said(upgrade(), half, rest, TurnEnded())
    assert turn["transcript"] == "booking now"
    told = [(word["text"], word["start"], word["end"]) for word in turn["words"]]
    assert told == [("booking", 1000, 1400), ("now", 1500, 1600)]
    *_, turn = said(upgrade(), rest, TurnEnded())
    assert words(turn) == ["ing", "now"]


def test_a_turn_that_came_to_nothing_leaves_its_number_to_the_next() -> None:
    accepted = upgrade()
    told = said(accepted, guess("uh"), Transcript(is_final=False, text=""), TurnEnded(), guess("Ask", at=3.0))
    assert [frame["type"] for frame in told] == ["SpeechStarted", "Turn", "Turn", "SpeechStarted", "Turn"]
    assert [frame["turn_order"] for frame in told if frame["type"] == "Turn"] == [0, 0, 0]


def test_an_onset_is_told_once_in_a_turn_and_before_it() -> None:
    accepted = upgrade(f"speech_model={U3}&redact_pii=true")
    maybe = Transcript(is_final=False, text="a", start=2.0, end=2.1)
    events = (SpeechStarted(at=1.0), SpeechStarted(at=1.5), maybe, SAID, SpeechStarted(at=3.0), TurnEnded(), maybe)
    assert [frame["type"] for frame in said(accepted, *events)] == ["SpeechStarted", "Turn", "SpeechStarted"]
    for model in (US, MULTI, WHISPER):
        assert {frame["type"] for frame in said(upgrade(f"speech_model={model}"), *events)} == {"Turn"}


def test_an_empty_partial_is_said_only_to_clear_another() -> None:
    empty = Transcript(is_final=False, text="")
    assert said(upgrade(), empty) == []
    *_, cleared = said(upgrade(), Transcript(is_final=False, text="a"), empty)
    assert (cleared["transcript"], cleared["words"], cleared["end_of_turn"]) == ("", [], False)
