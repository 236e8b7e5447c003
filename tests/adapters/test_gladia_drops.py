"""Numbered words over drops: engine, both ends of Gladia and an ear, joined in memory. None is lost, none comes twice."""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from support.gladia import SECOND, settings
from support.gladia_rig import Rig
from support.gladia_words import speech, told
from voxport.events import Ended, Failed, Notice, SpeechEnded, SpeechStarted, TurnEnded
from voxport.settings import Resilience

UTTERANCES = 3
AUDIO, SPOKEN = speech(UTTERANCES)
CHUNK = 1600
STEPS = len(AUDIO) // CHUNK


def play(drops: list[int], delay: int, *, drop_at_the_end: bool = False, **patience: float) -> Rig:
    """The speech, with drops after the chunks of these numbers."""
    # Back at once, or words would be over before.
    asked = Resilience(**{"backoff": 0.01, **patience})  # type: ignore[arg-type] # all that a test wants are numbers
    rig = Rig(delay, settings(resilience=asked))
    for number in range(STEPS + 1):
        rig.feed(AUDIO[number * CHUNK : (number + 1) * CHUNK])
        if number in drops:
            rig.drop()
    rig.finish(drop=drop_at_the_end)
    return rig


def assert_said(rig: Rig) -> None:
    heard = told(rig.finals)
    assert [word for word, _, _ in heard] == [word for word, _, _ in SPOKEN]
    times, right = ([time for _, *both in words for time in both] for words in (heard, SPOKEN))
    assert times == pytest.approx(right, abs=0.021)
    assert isinstance(rig.events[-1], Ended)


def assert_whole(rig: Rig) -> None:
    assert_said(rig)
    assert not [event for event in rig.events if isinstance(event, Failed)]
    assert sum(isinstance(event, TurnEnded) for event in rig.events) == UTTERANCES
    for kind in (SpeechStarted, SpeechEnded):
        assert sum(isinstance(event, kind) for event in rig.events) == UTTERANCES


def test_without_a_drop() -> None:
    rig = play([], 0)
    assert_whole(rig)
    assert [event.code for event in rig.events if isinstance(event, Notice)] == []


@pytest.mark.parametrize("delay", [0, 1, 4, 30])
def test_one_drop_anywhere_whatever_was_on_its_way(delay: int) -> None:
    for number in range(delay, STEPS, 9):
        rig = play([number], delay)
        assert_whole(rig)
        assert rig.posts == 1


@pytest.mark.parametrize("delay", [0, 1, 10])
def test_a_drop_after_the_stop(delay: int) -> None:
    rig = play([], delay, drop_at_the_end=True)
    assert_whole(rig)
    assert rig.posts == 1


def test_a_session_that_cannot_be_resumed_is_followed_by_another_from_the_last_final() -> None:
    for number in range(0, STEPS, 9):
        rig = play([number], 2, backoff=400.0, backoff_max=400.0, drain_timeout=500.0)
        assert_said(rig)
        assert rig.posts == 2


def test_silence_does_not_fill_the_memory_for_replay() -> None:
    rig = Rig()
    silence = bytes(CHUNK) * 20
    for _ in range(60):
        rig.feed(silence)
    assert sum(map(len, rig.engine._log._chunks)) < 6 * SECOND


@examples(max_examples=30)
@given(drops=st.lists(st.integers(0, STEPS), min_size=2, max_size=6, unique=True), delay=st.sampled_from([0, 2, 7, 25]))
def test_drops_upon_drops(drops: list[int], delay: int) -> None:
    assert_whole(play(drops, delay, max_retries=20))
