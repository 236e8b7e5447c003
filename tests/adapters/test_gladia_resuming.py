"""The server end of a Gladia session over several sockets: counted once, said until it has arrived, finished anyway."""

from typing import Any

import pytest

from support.gladia import PCM, SAID, STOP, Account, Socket, ack, types
from voxport.codec import Closed, HttpResponse
from voxport.commands import Audio, Finish, Invalid, KeepAlive, Start
from voxport.events import Acknowledged, Begun, Ended, SpeechStarted, Transcript, TurnEnded
from voxport.settings import AudioSettings
from voxport_adapters.gladia.intake import Intake
from voxport_adapters.gladia.server import PLACED

SILENCE = bytes(3200)


def chunk(number: int) -> bytes:
    """A tenth of a second like no other."""
    return bytes((number * 7 + place * 13 + place // 200) % 251 for place in range(3200))


def begun(account: Account, chunks: int = 0) -> Socket:
    socket = account.socket()
    socket.say(Begun())
    for number in range(chunks):
        send(socket, chunk(number))
    return socket


def send(socket: Socket, data: bytes) -> list[Any]:
    """What is said to a chunk, by whoever has it to say: the ear that hears it, or the server end alone."""
    heard = [Acknowledged(until=0.0) if isinstance(command, Audio) else PLACED for command in socket.hear(data)]
    return socket.say(*heard)


def dropped(account: Account, socket: Socket, unsent: int = 0) -> Socket:
    """The next socket, after this one is gone."""
    assert socket.hear(Closed(None, unsent=unsent)) == []
    return account.socket()


def test_ranges_go_on_after_what_the_client_has_had_acknowledged() -> None:
    account = Account()
    second = dropped(account, begun(account, 3))
    assert [type(command) for command in second.opened] == [Start]
    assert send(second, chunk(3)) == [ack(9600, 12_800)]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_what_was_heard_is_acknowledged_again_and_not_heard_again(lost: int) -> None:
    account = Account()
    second = dropped(account, begun(account, 3))
    for number in range(3 - lost, 3):
        assert second.answer(chunk(number)) == [ack(number * 3200, (number + 1) * 3200)]
    assert second.hear(chunk(3)) == [Audio(chunk(3))]
    assert second.say(Acknowledged(until=0.1)) == [ack(9600, 12_800)]


def test_a_piece_that_was_heard_in_part_is_heard_in_part() -> None:
    account = Account()
    second = dropped(account, begun(account, 3))
    piece = chunk(1) + chunk(2) + chunk(3) + chunk(4)
    assert second.hear(piece) == [Audio(chunk(3) + chunk(4))]
    assert second.say(Acknowledged(until=0.1)) == [ack(3200, 16_000)]


def test_what_a_client_sends_instead_is_heard() -> None:
    account = Account()
    second = dropped(account, begun(account, 4))
    assert send(second, chunk(1)) == [ack(3200, 6400)]
    assert second.hear(chunk(9)) == [Audio(chunk(9))]
    assert second.say(Acknowledged(until=0.1)) == [ack(6400, 9600)]
    # The ear has heard 0.5 s, which is 0.3 s of the client's audio.
    (started,) = second.say(SpeechStarted(at=0.45))
    assert started["data"]["time"] == pytest.approx(0.25)


@pytest.mark.parametrize("data", [SILENCE, b"\x10\x20" * 1600])
def test_what_repeats_itself_shows_nothing_and_counts_as_new(data: bytes) -> None:
    account = Account()
    first = begun(account)
    for _ in range(3):
        send(first, data)
    second = dropped(account, first)
    assert second.hear(data) == [Audio(data)]
    assert second.say(Acknowledged(until=0.1)) == [ack(9600, 12_800)]


def test_audio_that_is_like_two_places_shows_nothing() -> None:
    account = Account()
    first = begun(account)
    for number in (1, 2, 1, 2):
        send(first, chunk(number))
    second = dropped(account, first)
    assert second.hear(chunk(1)) == [Audio(chunk(1))]


def test_an_acknowledgement_that_was_not_sent_does_not_count() -> None:
    account = Account()
    first = begun(account)
    for _ in range(3):
        send(first, SILENCE)
    second = dropped(account, first, unsent=2)
    assert send(second, SILENCE) == [ack(3200, 6400)]
    assert send(second, SILENCE) == [ack(6400, 9600)]
    assert second.hear(SILENCE) == [Audio(SILENCE)]


def test_other_messages_that_were_not_sent_acknowledge_nothing() -> None:
    account = Account()
    first = begun(account)
    send(first, SILENCE)
    first.say(SpeechStarted(at=0.0))
    assert send(dropped(account, first, unsent=1), SILENCE)[-1] == ack(3200, 6400)


def test_audio_that_nobody_has_said_to_have_heard_was_not() -> None:
    account = Account()
    first = begun(account, 2)
    assert first.hear(chunk(2)) == [Audio(chunk(2))]
    second = dropped(account, first)
    assert second.hear(chunk(2)) == [Audio(chunk(2))]
    assert second.say(Acknowledged(until=0.1)) == [ack(6400, 9600)]
    (started,) = second.say(SpeechStarted(at=0.25))
    assert started["data"]["time"] == 0.25


def test_an_ear_that_has_heard_nothing_begins_where_the_session_stands() -> None:
    account = Account()
    second = dropped(account, begun(account, 3))
    second.say(Begun())
    send(second, chunk(3))
    started, ended = second.say(SpeechStarted(at=0.05), TurnEnded(at=0.1))
    assert (started["data"]["time"], ended["data"]["time"]) == pytest.approx((0.35, 0.4))


def test_the_memory_of_what_was_heard_has_an_end() -> None:
    taken = Intake(AudioSettings())
    for number in range(400):
        taken.take(chunk(number % 251) + chunk(number // 251))
        taken.acknowledge()
    assert len(taken._marks) <= 30 * 32_000 / 6400 + 2
    taken.reopen()
    taken.place(chunk(100) + chunk(1))  # heard 9.8 s ago
    assert taken.taken == 351 * 6400
    taken.reopen()
    taken.place(chunk(0) + chunk(0))  # heard 80 s ago
    assert taken.taken == 351 * 6400


# ------------------------------------------------------------------- what was said


@pytest.mark.parametrize(
    ("shown", "again"), [(3, ["speech_end", "transcript"]), (2, ["speech_start", "speech_end", "transcript"])]
)
def test_what_was_said_after_the_last_acknowledgement_that_arrived_is_said_again(shown: int, again: list[str]) -> None:
    account = Account(messages_config={"receive_partial_transcripts": True})
    first = begun(account, 2)
    first.say(SpeechStarted(at=0.0), Transcript(is_final=False, text="Book"))
    send(first, chunk(2))
    first.say(SAID, TurnEnded(at=0.3))
    assert types(send(dropped(account, first), chunk(shown))) == [*again, "audio_chunk"]


def test_it_is_said_again_until_it_has_arrived_and_no_longer() -> None:
    account = Account()
    first = begun(account, 1)
    first.say(SAID, TurnEnded(at=0.3))
    second = dropped(account, first)
    assert types(send(second, chunk(1))) == ["speech_start", "speech_end", "transcript", "audio_chunk"]
    third = dropped(account, second)
    assert types(send(third, chunk(1))) == ["speech_start", "speech_end", "transcript", "audio_chunk"]
    assert types(send(dropped(account, third), chunk(2))) == ["audio_chunk"]


@pytest.mark.parametrize("shown", [b"", '{"type":"audio_chunk","data":{"chunk":""}}'])
def test_a_client_that_keeps_the_socket_is_told_too(shown: str | bytes) -> None:
    account = Account()
    first = begun(account)
    first.say(SAID, TurnEnded(at=0.3))
    second = dropped(account, first)
    keep, answer = second.hear(shown)
    assert keep == KeepAlive()
    assert isinstance(answer, Invalid)
    assert types(second.say(answer.answer)) == ["speech_start", "speech_end", "transcript"]
    assert second.hear(b"") == [KeepAlive()]


def test_a_client_that_is_silent_is_told_after_half_a_second() -> None:
    account = Account()
    first = begun(account)
    first.say(SAID, TurnEnded(at=0.3))
    second = dropped(account, first)
    timer = second.accepted.timers[-1]
    assert (timer.kind, timer.after) == ("idle", 0.5)
    assert types(second.say(timer.answer)) == ["speech_start", "speech_end", "transcript"]
    assert second.say(timer.answer) == []


def test_what_came_before_a_close_that_was_answered_has_arrived() -> None:
    account = Account()
    first = begun(account, 1)
    first.say(SAID, TurnEnded(at=0.3))
    assert first.say(first.accepted.timers[0].answer) == [Closed(1011, "no message came for 30 s")]
    assert first.hear(Closed(1011)) == []
    assert types(send(account.socket(), chunk(1))) == ["audio_chunk"]

    account = Account()
    first = begun(account, 1)
    first.say(SAID, TurnEnded(at=0.3))
    assert first.hear(Closed(1001)) == []
    assert "transcript" in types(send(account.socket(), chunk(1)))


def test_a_close_of_the_clients_own_answers_none() -> None:
    account = Account()
    first = begun(account, 1)
    first.say(SAID, TurnEnded(at=0.3))
    first.hear(STOP)
    assert first.say(Ended())[-1] == Closed(1000)
    assert first.hear(Closed(1001)) == []
    assert "transcript" in types(account.socket().answer(STOP))


def test_a_final_that_waited_at_the_drop_is_not_lost() -> None:
    account = Account()
    first = begun(account, 1)
    assert types(first.say(SAID)) == ["speech_start"]
    second = dropped(account, first)
    assert types(second.say(TurnEnded(at=2.3))) == ["speech_start", "speech_end", "transcript"]


# ------------------------------------------------------------------- the stop


def test_a_stop_that_nobody_has_heard_is_remembered() -> None:
    account = Account()
    first = begun(account)
    assert first.hear(STOP) == [Finish()]
    second = dropped(account, first)
    assert [type(command) for command in second.opened] == [Start, Finish]
    assert types(second.say(Begun(), Ended()))[-2:] == ["post_final_transcript", Closed(1000)]


def stopped(account: Account) -> Socket:
    first = begun(account, 2)
    first.say(SAID)
    first.hear(STOP)
    assert types(first.say(TurnEnded(at=2.3), Ended()))[-1] == Closed(1000)
    return first


@pytest.mark.parametrize("shown", [chunk(1), STOP, b""])
def test_after_the_end_a_client_that_is_back_has_the_rest_and_the_end(shown: str | bytes) -> None:
    account = Account()
    second = dropped(account, stopped(account))
    assert [type(command) for command in second.opened] == [Start]
    assert second.say(Begun()) == []
    assert types(second.answer(shown)) == [
        "speech_start", "stop_recording", "speech_end", "transcript", "post_transcript", "post_final_transcript",
        Closed(1000),
    ]  # fmt: skip


def test_after_the_end_a_client_that_says_nothing_has_it_too() -> None:
    account = Account()
    second = dropped(account, stopped(account))
    assert types(second.say(second.accepted.timers[-1].answer))[-1] == Closed(1000)


def test_a_client_may_take_two_minutes_to_come_back() -> None:
    account = Account()
    first = begun(account)
    first.hear(Closed(None))
    account.now += 119
    second = account.socket()
    account.now += 1000
    second.hear(Closed(1006))
    account.now += 121
    assert isinstance(account.upgrade(), HttpResponse)


def test_what_is_said_while_nobody_listens_is_in_the_result() -> None:
    account = Account()
    first = begun(account, 1)
    first.hear(Closed(1006))
    assert first.say(SAID, TurnEnded(at=2.3), Ended()) == []
    assert account.job()["result"]["transcription"]["full_transcript"] == "Book a table."
    second = account.socket()
    assert types(second.answer(PCM))[-1] == Closed(1000)
