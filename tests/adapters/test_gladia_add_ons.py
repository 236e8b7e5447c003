"""Translations, entities, sentiments, summaries and chapters of Gladia, at both ends."""

from typing import Any

import pytest

from support.gladia import FINAL, METADATA, RESULT, SAID, TABLE, Account, Socket, hear, message, stereo, utterance
from voxport.codec import Closed
from voxport.events import (
    Begun,
    Ended,
    Entities,
    Entity,
    Feeling,
    Insight,
    Notice,
    Sentiments,
    SpeechStarted,
    Transcript,
    Translation,
    TurnEnded,
    Word,
)

TRANSLATED = {
    "utterance_id": "00_00000003", "utterance": utterance(" Book a table.", 1.05, 2.21), "original_language": "en",
    "target_language": "fr",
    "translated_utterance": utterance("Réservez une table.", 1.05, 2.21, [(" Réservez", 1.05, 1.4, 0.9)], language="fr"),
}  # fmt: skip


# ------------------------------------------------------------------- the client hears


def test_a_translation() -> None:
    assert hear(message("translation", error=None, data=TRANSLATED)) == [
        Translation(
            is_final=True, text="Réservez une table.", language="fr", source_language="en", start=1.05, end=2.21,
            utterance="00_00000003", words=(Word("Réservez", 1.05, 1.4, 0.9),),
        )
    ]  # fmt: skip


def entities(*named: dict[str, Any], said: dict[str, Any]) -> str:
    return message(
        "named_entity_recognition", error=None, data={"utterance_id": "a", "utterance": said, "results": list(named)}
    )


LENA = {"entity_type": "NAME_GIVEN", "text": "Lena", "start": 16.6, "end": 17.0}
I_AM = utterance(" I am Lena.", 16.2, 17.0)


def test_entities() -> None:
    found = Entities(items=(Entity("NAME_GIVEN", "Lena", 16.6, 17.0),), utterance="a")
    assert hear(entities(LENA, said=I_AM)) == [found]


def test_times_of_entities_may_count_from_their_utterance() -> None:
    (found,) = hear(entities({**LENA, "start": 0.4, "end": 0.8}, said=I_AM))
    assert isinstance(found, Entities)
    (item,) = found.items
    assert [item.start, item.end] == pytest.approx([16.6, 17.0])
    (none,) = hear(entities({"entity_type": "NAME", "text": "Lena"}, said=I_AM))
    assert none == Entities(items=(Entity("NAME", "Lena"),), utterance="a")


def test_sentiments() -> None:
    felt = {"sentiment": "positive", "emotion": "amusement", "text": "That was quick!", "start": 24.0, "end": 25.1}
    said = utterance(" That was quick!", 24.0, 25.1, channel=1)
    data = {"utterance_id": "a", "utterance": said, "results": [{**felt, "channel": 1}]}
    assert hear(message("sentiment_analysis", error=None, data=data), **stereo()) == [
        Sentiments(
            items=(Feeling("positive", "That was quick!", "amusement", 24.0, 25.1, 1),), utterance="a", channel=1
        )
    ]


def test_summary_and_chapters() -> None:
    assert hear(message("post_summarization", error=None, data={"results": "A table."})) == [
        Insight(kind="summary", text="A table.")
    ]
    chapters = [{"headline": "Booking", "start": 0.0}, {"headline": "Paying", "start": 9.0}]
    assert hear(message("post_chapterization", error=None, data={"results": chapters})) == [
        Insight(kind="chapters", text="Booking\nPaying", data=chapters)
    ]


ADD_ONS = ("translation", "named_entity_recognition", "sentiment_analysis", "post_summarization", "post_chapterization")


@pytest.mark.parametrize("kind", ADD_ONS)
def test_an_add_on_that_failed_is_a_notice(kind: str) -> None:
    failed = message(kind, error={"message": "It failed"}, data=None)
    assert hear(failed) == [Notice(code=kind, message="It failed")]
    assert hear(message(kind)) == [Notice(code=kind, message="failed without a reason")]


def test_the_totals_are_told_when_there_are_add_ons_without_the_transcript_again() -> None:
    block = {"success": True, "is_empty": False, "exec_time": 0.3, "error": None, "results": "A table."}
    (total,) = hear(message("post_final_transcript", data={**RESULT, "summarization": block}))
    assert isinstance(total, Insight)
    assert (total.kind, total.data) == ("totals", {"metadata": METADATA, "summarization": {**block, "error": None}})


def test_totals_of_add_ons_that_failed() -> None:
    error = {"status_code": 500, "exception": "Boom", "message": "It failed"}
    block = {"success": False, "is_empty": True, "exec_time": 0, "error": error, "results": []}
    (total,) = hear(message("post_final_transcript", data={**RESULT, "translation": block}))
    assert isinstance(total, Insight)
    assert total.data["translation"]["error"] == {"message": "It failed", "status_code": 500, "exception": "Boom"}


# ------------------------------------------------------------------- the server says

LIVE = {
    "translation": True, "translation_config": {"target_languages": ["fr", "de"]}, "named_entity_recognition": True,
    "sentiment_analysis": True,
}  # fmt: skip
POST = {"summarization": True, "chapterization": True}


def socket(**body: Any) -> Socket:
    made = Account(**body).socket()
    made.say(Begun(), SpeechStarted(at=1.02), SAID, TurnEnded(at=2.3))
    return made


FRENCH = Translation(is_final=True, text="Réservez une table.", language="fr-FR", source_language="en-US")
NAMES = Entities(items=(Entity("NAME_GIVEN", "Lena", 1.1, 1.4),))
MOOD = Sentiments(items=(Feeling("positive", "Book a table.", None, 1.05, 2.21),))
NAME = "00_00000000"


def test_what_the_recogniser_tells_beside_in_the_services_words() -> None:
    made = socket(realtime_processing=LIVE)
    french = utterance(" Réservez une table.", 1.05, 2.21, language="fr")
    assert made.say(FRENCH) == [
        {"type": "translation", "error": None, "data": {
            "utterance_id": NAME, "utterance": TABLE, "original_language": "en", "target_language": "fr",
            "translated_utterance": french,
        }}
    ]  # fmt: skip
    assert made.say(NAMES) == [
        {"type": "named_entity_recognition", "error": None, "data": {
            "utterance_id": NAME, "utterance": TABLE,
            "results": [{"entity_type": "NAME_GIVEN", "text": "Lena", "start": 1.1, "end": 1.4}],
        }}
    ]  # fmt: skip
    felt = {
        "sentiment": "positive",
        "emotion": "neutral",
        "text": "Book a table.",
        "start": 1.05,
        "end": 2.21,
        "channel": 0,
    }
    assert made.say(MOOD) == [
        {"type": "sentiment_analysis", "error": None,
         "data": {"utterance_id": NAME, "utterance": TABLE, "results": [felt]}}
    ]  # fmt: skip


def test_what_was_not_asked_for_is_not_said() -> None:
    assert socket().say(FRENCH, NAMES, MOOD, Insight(kind="summary", text="x")) == []
    spanish = Translation(is_final=True, text="Reserva una mesa.", language="es")
    guess = Translation(is_final=False, text="Réservez", language="fr")
    assert socket(realtime_processing=LIVE).say(spanish, guess) == []
    assert Account(realtime_processing=LIVE).socket().say(FRENCH) == []


def test_an_add_on_names_the_utterance_that_it_is_about() -> None:
    made = Account(realtime_processing=LIVE).socket()
    for number, name in enumerate(("b-1", "b-2")):
        made.say(Transcript(is_final=True, text=f"{number}", utterance=name), TurnEnded())

    def about(utterance: str | None) -> str:
        (frame,) = made.say(Entities(items=(), utterance=utterance))
        name: str = frame["data"]["utterance_id"]
        return name

    assert [about(name) for name in ("b-1", "b-2", "00_00000000", None, "unheard of")] == [
        "00_00000000", "00_00000001", "00_00000000", "00_00000001", "00_00000001",
    ]  # fmt: skip


def test_a_final_that_waits_comes_before_what_is_about_it() -> None:
    made = Account(realtime_processing=LIVE).socket()
    made.say(SpeechStarted(at=1.02), SAID)
    assert [frame["type"] for frame in made.say(NAMES)] == ["transcript", "named_entity_recognition"]


def ending(made: Socket) -> dict[str, dict[str, Any]]:
    return {frame["type"]: frame for frame in made.say(Ended()) if not isinstance(frame, Closed)}


def test_the_end_has_all_that_was_told() -> None:
    made = socket(realtime_processing=LIVE, post_processing=POST)
    made.say(FRENCH, NAMES, MOOD)
    made.say(Insight(kind="summary", text="A table."), Insight(kind="chapters", data=[{"headline": "Booking"}]))
    said = ending(made)
    assert list(said) == ["post_transcript", "post_summarization", "post_chapterization", "post_final_transcript"]
    assert said["post_summarization"]["data"] == {"results": "A table."}
    assert said["post_chapterization"]["data"] == {"results": [{"headline": "Booking"}]}
    result = said["post_final_transcript"]["data"]
    good = {"success": True, "is_empty": False, "exec_time": 0.0, "error": None}
    assert {name: {key: result[name][key] for key in good} for name in result if name not in {"metadata", "transcription"}} == {
        "translation": good, "summarization": good, "named_entity_recognition": good, "sentiment_analysis": good,
    }  # fmt: skip
    (french,) = result["translation"]["results"]
    assert (french["error"], french["full_transcript"], french["languages"]) == (None, "Réservez une table.", ["fr"])
    assert result["named_entity_recognition"]["results"][0]["text"] == "Lena"
    assert result["summarization"]["results"] == "A table."
    assert result["sentiment_analysis"]["results"].startswith('[{"sentiment":"positive","emotion":"neutral"')


def test_chapters_may_be_told_in_words() -> None:
    made = socket(post_processing=POST)
    made.say(Insight(kind="chapters", text="Booking"))
    assert ending(made)["post_chapterization"]["data"] == {"results": [{"headline": "Booking"}]}


def test_what_was_asked_for_and_never_told_has_failed() -> None:
    account = Account(realtime_processing=LIVE, post_processing=POST)
    made = account.socket()
    said = ending(made)
    why = {"message": "the recogniser behind this emulator has none"}
    for kind in ADD_ONS:
        assert said[kind] == {"type": kind, "error": why, "data": None}
    result = said["post_final_transcript"]["data"]
    for name in ("translation", "named_entity_recognition", "sentiment_analysis", "summarization"):
        assert result[name]["success"] is False
        assert result[name]["is_empty"] is True
        assert result[name]["error"] == {**why, "status_code": 501, "exception": "NotImplemented"}
    assert account.job()["result"]["translation"]["success"] is False


def test_a_final_is_about_nothing_else() -> None:
    assert [type(event) for event in hear(FINAL)] == [Transcript]
