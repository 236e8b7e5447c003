"""Each chunk holds 0.1 s and is sent as it has been spoken: the one that ends at 1.0 goes 1.0 s after the start."""

from typing import Any

import pytest

from metrics.streams import START, case, ended, item, names, paced, ratio, said, sample, take, words
from voxport.events import AnyEvent, Failed, TurnEnded
from voxport.metrics.case import Case
from voxport.metrics.heard import SendClock
from voxport.metrics.latency import scores
from voxport.take import Segment, Sent

SPOKEN = words("one two three", start=1.0)  # they end at 1.5, 2.0 and 2.5 s


def turn(at: float, position: float | None = None, *, forced: bool = False) -> TurnEnded:
    return TurnEnded(received_at=START + at, at=position, forced=forced)


def spoken(*events: AnyEvent, **fields: Any) -> Case:
    return case(item("one two three", words=SPOKEN), take(*events, **fields))


# --------------------------------------------------------------------------- the clock


def test_a_position_was_sent_with_the_chunk_that_holds_it() -> None:
    clock = SendClock(paced(0.3))
    assert [clock.at(position) for position in (0.0, 0.05, 0.1, 0.100001, 0.11, 0.3, 9.9)] == [
        START + 0.1, START + 0.1, START + 0.1, START + 0.1, START + 0.2, pytest.approx(START + 0.3), pytest.approx(START + 0.3),
    ]  # fmt: skip
    assert SendClock(()).at(1.0) is None


def test_how_much_had_been_sent_by_then() -> None:
    clock = SendClock((Sent(0.5, 10.0), Sent(1.0, 10.6)))
    assert [clock.position(at) for at in (9.0, 10.0, 10.5, 10.6, 99.0)] == [0.0, 0.5, 0.5, 1.0, 1.0]


# --------------------------------------------------------------------------- the session


def test_connect_and_close() -> None:
    found = list(scores(spoken(ended(10.25))))
    assert sample(found, "connect") == ([0.5], 0)
    assert sample(found, "close") == ([0.25], 0)


def test_a_session_that_never_began_is_missing_its_connect() -> None:
    assert sample(scores(spoken(begun=False)), "connect") == ([], 1)


@pytest.mark.parametrize(
    "last",
    [(), (ended(20.0, tail_lost=True),), (Failed(received_at=START + 11, kind="network", code="", message=""),)],
    ids=["nothing", "timed out", "failed"],
)
def test_a_close_that_never_came_is_missing_and_no_latency(last: tuple[AnyEvent, ...]) -> None:
    assert sample(scores(spoken(*last)), "close") == ([], 1)


def test_a_session_that_was_not_asked_to_end_has_no_close() -> None:
    found = names(scores(spoken(ended(3.0), finished_at=None)))
    assert not found & {"close", "words_after_finish"}


def test_words_that_come_only_at_the_close() -> None:
    found = scores(spoken(said(2.0, "one", final=True), said(10.2, "two three", final=True), ended(10.3)))
    assert ratio(found, "words_after_finish") == (2, 3)


# --------------------------------------------------------------------------- first and last


def test_the_first_partial_counts_from_the_beginning_of_speech() -> None:
    assert sample(scores(spoken(said(1.0, ""), said(1.3, "on"), said(1.6, "one"))), "first_partial") == ([0.3], 0)


def test_a_first_partial_before_speech_is_negative_and_stays() -> None:
    assert sample(scores(spoken(said(0.4, "uh"))), "first_partial") == ([-0.6], 0)


def test_a_first_partial_that_never_came_is_missing() -> None:
    assert sample(scores(spoken()), "first_partial") == ([], 1)


def test_the_final_after_speech() -> None:
    found = list(
        scores(spoken(said(2.0, "one", final=True), said(2.8, "two three", final=True), said(2.9, "", final=True)))
    )
    assert sample(found, "final_after_speech") == ([0.3], 0)


def test_a_last_final_before_the_end_of_speech_is_negative_and_stays() -> None:
    assert sample(scores(spoken(said(2.1, "one", final=True), said(9.0, "two"))), "final_after_speech") == ([-0.4], 0)


def test_without_word_times_all_audio_is_taken_for_speech() -> None:
    found = list(scores(case(item("one"), take(said(1.0, "one", final=True)))))
    assert sample(found, "first_partial") == ([0.9], 0)
    assert sample(found, "final_after_speech") == ([-9.0], 0)


def test_nothing_is_awaited_where_nothing_is_said() -> None:
    found = names(scores(case(item(""), take(said(1.0, "boo", final=True)))))
    assert not found & {"first_partial", "final_after_speech", "word_emission"}


# --------------------------------------------------------------------------- words


def test_words_are_shown_and_final() -> None:
    found = list(
        scores(spoken(said(1.2, "won"), said(1.7, "one"), said(2.1, "one too"), said(2.4, "one two three"), said(3.0, "One, two three.", final=True)))
    )  # fmt: skip
    assert sample(found, "word_emission") == ([0.2, 0.4, -0.1], 0)
    assert sample(found, "word_commit") == ([1.5, 1.0, 0.5], 0)


def test_a_word_counts_as_shown_when_it_first_stood_there_even_if_it_was_taken_back() -> None:
    found = scores(spoken(said(1.6, "one"), said(1.8, "won"), said(3.0, "one two three", final=True)))
    assert sample(found, "word_emission")[0][0] == 0.1


def test_a_word_is_shown_where_it_stands_not_where_another_like_it_does() -> None:
    truth = words("no no no", start=0.0)  # 0.5, 1.0 and 1.5
    made = take(said(0.7, "no"), said(1.1, "no no"), said(2.0, "no no no", final=True))
    assert sample(scores(case(item("no no no", words=truth), made)), "word_emission") == ([0.2, 0.1, 0.5], 0)


def test_finals_take_words_off_the_partials() -> None:
    events = (
        said(1.7, "one two"),
        said(1.8, "one", final=True),
        said(1.9, "two"),
        said(2.7, "two three"),
        said(3.0, "two three", final=True),
    )
    found = list(scores(spoken(*events)))
    assert sample(found, "word_emission") == ([0.2, -0.3, 0.2], 0)
    assert sample(found, "word_commit") == ([0.3, 1.0, 0.5], 0)


def test_words_that_never_came_are_missing() -> None:
    found = list(scores(spoken(said(3.0, "one tree", final=True))))
    assert sample(found, "word_emission") == ([1.5], 2)
    assert sample(found, "word_commit") == ([1.5], 2)
    assert sample(scores(spoken()), "word_commit") == ([], 3)


def test_a_word_of_two_plain_words_counts_once_with_its_last() -> None:
    made = take(said(0.6, "twenty"), said(0.9, "twenty two", final=True))
    assert sample(scores(case(item("twenty-two", words=words("twenty-two")), made)), "word_emission") == ([0.4], 0)


def test_words_without_times_are_not_awaited() -> None:
    assert not names(scores(case(item("one"), take(said(1.0, "one", final=True))))) & {"word_emission", "word_commit"}


def test_words_on_several_channels_are_not_told_apart() -> None:
    made = take(said(1.0, "one", final=True, channel=0), said(1.0, "two", final=True, channel=1), channels=2)
    assert "word_commit" not in names(scores(case(item("one two", words=SPOKEN), made)))


# --------------------------------------------------------------------------- cursor and finalise


def test_the_cursor_is_what_was_sent_less_what_the_partial_covers() -> None:
    found = scores(
        spoken(said(1.0, "a", end=0.75, audio_sent=1.0), said(2.0, "a b", words=words("a b"), audio_sent=2.0), said(3.0, "a b", final=True, end=1.0, audio_sent=3.0), said(4.0, "c"))
    )  # fmt: skip
    assert sample(found, "cursor") == ([0.25, 1.0], 0)


def test_nothing_is_said_of_the_cursor_where_the_provider_gives_no_times() -> None:
    assert "cursor" not in names(scores(spoken(said(1.0, "a"))))


def test_finalise_is_answered_by_a_final_or_by_a_forced_end_of_turn() -> None:
    asked = (START + 1.0, START + 3.0, START + 5.0, START + 7.0)
    found = scores(
        spoken(
            said(0.9, "x", final=True), said(1.1, "a"), said(1.2, "a b", final=True), said(1.4, "c", final=True),
            turn(3.3, forced=True), turn(5.1), said(6.0, "", final=True), said(7.0, "d", final=True), end_utterance_at=asked,
        )
    )  # fmt: skip
    assert sample(found, "finalise") == ([0.2, 0.3, 0.0], 1)


def test_what_was_not_asked_to_finalise_has_no_figure() -> None:
    assert "finalise" not in names(scores(spoken(said(1.2, "a", final=True))))


# --------------------------------------------------------------------------- turns

TURNS = item("a b", segments=(Segment(start=1.0, end=3.0), Segment(start=5.0, end=7.0)))


def ends(*events: AnyEvent, **fields: Any) -> tuple[tuple[list[float], int], tuple[float, float]]:
    found = list(scores(case(TURNS, take(*events, **fields))))
    return sample(found, "turn_end"), ratio(found, "false_turn_ends")


def test_ends_of_turns_by_the_providers_own_positions() -> None:
    assert ends(turn(3.4, 3.0), turn(7.5, 6.9)) == (([0.4, 0.5], 0), (0, 2))


def test_ends_of_turns_by_the_audio_sent() -> None:
    assert ends(turn(3.4), turn(7.5)) == (([0.4, 0.5], 0), (0, 2))


def test_an_end_inside_a_turn_is_false_and_no_latency() -> None:
    assert ends(turn(2.0, 1.8), turn(3.4, 3.0), turn(7.5, 7.0)) == (([0.4, 0.5], 0), (1, 2))
    assert ends(turn(2.0), turn(3.4), turn(6.0), turn(7.5)) == (([0.4, 0.5], 0), (2, 2))


def test_a_late_end_is_late_not_false() -> None:
    assert ends(turn(5.6), turn(7.5)) == (([2.6, 0.5], 0), (0, 2))
    assert ends(turn(5.6, 3.0), turn(7.5, 7.0)) == (([2.6, 0.5], 0), (0, 2))


def test_an_early_end_within_the_collar_is_negative_and_stays() -> None:
    assert ends(turn(2.9, 2.9), turn(7.5, 7.0)) == (([-0.1, 0.5], 0), (0, 2))


def test_an_end_that_is_told_twice_counts_once() -> None:
    assert ends(turn(3.4), turn(3.8), turn(7.5)) == (([0.4, 0.5], 0), (0, 2))


def test_an_end_within_the_collar_of_the_next_turn_still_ends_the_one_before() -> None:
    assert ends(turn(5.2, 5.2), turn(7.5)) == (([2.2, 0.5], 0), (0, 2))


def test_an_end_before_any_speech_is_false() -> None:
    assert ends(turn(0.5), turn(3.4), turn(7.5)) == (([0.4, 0.5], 0), (1, 2))


def test_a_turn_without_an_end_is_missing() -> None:
    assert ends(turn(7.5)) == (([0.5], 1), (0, 2))
    assert ends(turn(3.4)) == (([0.4], 1), (0, 2))


def test_ends_that_are_forced_or_come_at_the_close_tell_nothing() -> None:
    assert ends(turn(3.4, forced=True), turn(7.5)) == (([0.5], 0), (0, 2))
    assert ends(turn(3.4), turn(8.1), seconds=8.0) == (([0.4], 0), (0, 2))


def test_a_turn_at_the_very_end_of_the_audio_may_go_without_its_end() -> None:
    assert ends(turn(3.4), seconds=8.0) == (([0.4], 0), (0, 2))


def test_all_words_are_one_turn_where_there_are_no_segments() -> None:
    found = list(scores(spoken(turn(1.7, 1.6), turn(2.75, 2.5))))
    assert sample(found, "turn_end") == ([0.25], 0)
    assert ratio(found, "false_turn_ends") == (1, 1)


def test_a_provider_that_tells_no_ends_of_turns_has_no_figure() -> None:
    assert not names(scores(case(TURNS, take()))) & {"turn_end", "false_turn_ends"}
