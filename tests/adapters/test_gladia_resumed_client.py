"""A client that comes back to its Gladia session: one clock, nothing told twice, nothing lost in silence."""

from typing import Any

import pytest

from support.gladia import (
    FINAL,
    METADATA,
    SECOND,
    client,
    final,
    hear,
    message,
    partial,
    settings,
    speech,
    taken,
    told,
    utterance,
)
from voxport.events import Acknowledged, Entities, Notice, SpeechStarted, Transcript, TurnEnded
from voxport_adapters.gladia import Client
from voxport_adapters.gladia.memory import Clock, Memory

TENTH = SECOND // 10


def memory(**changes: Any) -> Memory:
    return Memory(settings(**changes))


def acknowledged(heard: list[Any]) -> list[float]:
    return [round(event.until, 6) for event in heard if isinstance(event, Acknowledged) and not event.settled]


def finals(heard: list[Any]) -> list[Any]:
    return [event for event in heard if isinstance(event, Transcript) and event.is_final]


def test_what_was_acknowledged_goes_on_to_count() -> None:
    session = memory()
    assert acknowledged(told(client(session), taken(0, TENTH))) == [0.1]
    assert acknowledged(told(client(session), taken(TENTH, 2 * TENTH))) == [0.2]


def resumed(lost: int) -> Client:
    """Back at a session that was sent a second of audio, of which ``lost`` bytes were taken and not acknowledged."""
    session = memory()
    told(client(session), taken(0, SECOND - lost))
    end = client(session)
    # What is sent again comes first, and the service counts it after all that it has taken.
    assert acknowledged(told(end, taken(SECOND, SECOND + lost))) == [1.0]
    return end


def test_audio_whose_acknowledgement_was_lost_is_not_counted_twice() -> None:
    end = resumed(2 * TENTH)
    assert acknowledged(told(end, taken(SECOND + 2 * TENTH, SECOND + 3 * TENTH))) == [1.1]


def test_the_clock_goes_on_where_the_services_has_run_ahead() -> None:
    end = resumed(2 * TENTH)
    (early, late) = finals(told(end, final(" a", 0.2, 0.5), final(" b", 2.2, 2.7, name="00_00000004")))
    assert (early.start, early.end) == (0.2, 0.5)
    assert (late.start, late.end) == pytest.approx((2.0, 2.5))
    (started,) = told(end, speech("start", 3.2))
    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(3.0)


def test_time_never_goes_back_where_the_clocks_part() -> None:
    end = resumed(2 * TENTH)
    words = [(" a", 0.8, 1.0, 0.9), (" b", 1.0, 1.1, 0.9), (" c", 1.1, 1.2, 0.9), (" d", 1.2, 1.4, 0.9)]
    frame = message(
        "transcript", data={"id": "a", "is_final": True, "utterance": utterance(" a b c d", 0.8, 1.4, words)}
    )
    (heard,) = finals(told(end, frame))
    times = [time for word in heard.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-2:] == pytest.approx([1.0, 1.2])


def test_clocks_may_part_more_than_once() -> None:
    session = memory()
    told(client(session), taken(0, 8 * TENTH))
    told(client(session), taken(SECOND, SECOND + 5 * TENTH))  # 0.2 s were lost: the audio up to 1.3 s is taken
    end = client(session)
    told(end, taken(SECOND + 6 * TENTH, SECOND + 7 * TENTH))  # 0.1 s more
    assert [session.clock.at(time) for time in (0.5, 1.4, 3.0)] == pytest.approx([0.5, 1.2, 2.7])
    assert acknowledged(told(end, taken(SECOND + 7 * TENTH, SECOND + 8 * TENTH))) == [1.5]


def test_a_service_that_counts_from_0_again_is_understood() -> None:
    session = memory()
    told(client(session), taken(0, SECOND))
    end = client(session)
    assert acknowledged(told(end, taken(0, TENTH))) == [1.1]
    assert session.clock.at(0.5) == pytest.approx(1.5)


def test_the_first_acknowledgement_of_a_session_may_be_late() -> None:
    clock = Clock(SECOND)
    assert clock.took(0, TENTH, first=True) == 0.1
    assert clock.took(TENTH, 2 * TENTH, first=False) == 0.2
    assert clock.at(12.5) == 12.5


# ------------------------------------------------------------------- said twice


def test_what_another_socket_has_told_is_not_told_again() -> None:
    session = memory()
    frames = (
        speech("start", 1.02), FINAL, speech("end", 2.3),
        message("named_entity_recognition", error=None, data={
            "utterance_id": "00_00000003", "utterance": utterance(" Book", 1.0, 2.0), "results": [],
        }),
        message("post_summarization", error=None, data={"results": "A table."}),
    )  # fmt: skip
    assert len(told(client(session), *frames)) == 6
    assert told(client(session), *frames) == []


def test_ids_alone_do_not_make_two_finals_one() -> None:
    heard = hear(final(" one", 1.0, 2.0), final(" two", 3.0, 4.0))
    assert [event.text for event in finals(heard)] == ["one", "two"]


def test_partials_may_repeat() -> None:
    session = memory()
    for _ in range(2):
        assert len(told(client(session), partial(" a", 1.0, 1.1))) == 1


def test_a_turn_goes_over_a_drop() -> None:
    session = memory()
    told(client(session), speech("start", 1.0), FINAL)
    assert [type(event) for event in told(client(session), speech("end", 2.3))][-1] is TurnEnded


def test_two_utterances_of_entities_are_two() -> None:
    for name in ("a", "b"):
        data: dict[str, Any] = {"utterance_id": name, "utterance": utterance(" Book", 1.0, 2.0), "results": []}
        assert [type(event) for event in hear(message("named_entity_recognition", error=None, data=data))] == [Entities]


# ------------------------------------------------------------------- lost with a socket


def whole(*said: dict[str, Any]) -> str:
    return message("post_transcript", data={"full_transcript": "", "languages": ["en"], "utterances": list(said)})


def test_a_final_that_no_socket_has_carried_is_told_of_at_the_end() -> None:
    session = memory()
    told(client(session), final(" one", 1.0, 2.0))
    end = client(session)
    told(end, final(" three", 5.0, 6.0, name="00_00000005"))
    frame = whole(utterance(" one", 1.0, 2.0), utterance(" two", 3.0, 4.5), utterance(" three", 5.1, 6.0))
    assert told(end, frame) == [
        Notice(
            code="final_missed", message="a final from 3.00 to 4.50 s was lost with the connection: two", seconds=1.5
        )
    ]
    assert told(end, frame) == []


def test_utterances_that_were_put_together_afterwards_are_not_missed() -> None:
    session = memory()
    told(client(session), final(" one", 1.0, 2.0))
    end = client(session)
    told(end, final(" two", 2.1, 3.0, name="00_00000004"))
    assert told(end, whole(utterance(" one two", 1.0, 3.0))) == []


def test_a_final_on_one_channel_does_not_make_up_for_one_on_another() -> None:
    session = memory()
    told(client(session), final(" one", 1.0, 2.0))
    (notice,) = told(client(session), whole(utterance(" one", 1.0, 2.0, channel=1)))
    assert isinstance(notice, Notice)


def test_nothing_is_missed_where_no_connection_was_lost() -> None:
    assert hear(whole(utterance(" two", 3.0, 4.5))) == []


def test_what_the_service_says_last_counts_whatever_socket_said_it() -> None:
    session = memory()
    told(client(session), message("post_final_transcript", data={"metadata": METADATA}))
    (ended,) = told(client(session), message("end_session"))
    assert getattr(ended, "reported_audio_seconds", None) == 86.4
