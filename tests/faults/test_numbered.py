import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.numbered import LEVELS, Layout, Numbered, complaints, name, numbers, said, speech
from voxport.commands import Audio, Finish, Start
from voxport.ear import Ear
from voxport.events import AnyEvent, Transcript, Word
from voxport.recogniser import RATE, Heard
from voxport.settings import AudioSettings, Settings

LAYOUT = Layout()
SPEECH = speech(LAYOUT, 4, AudioSettings())


def hear(data: bytes, sizes: tuple[int, ...] = (1600,)) -> list[Heard]:
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    listening, heard, at = Numbered().listen(), [], 0
    while at < len(samples):
        size = sizes[at % len(sizes)]
        heard += listening.hear(samples[at : at + size])
        at += size
    return [*heard, *listening.finish()]


def finals(heard: list[Heard]) -> list[str]:
    return [one.text for one in heard if one.is_final]


def test_it_hears_each_word_once_and_in_turns() -> None:
    assert finals(hear(SPEECH)) == ["w0 w1 w2", "w3 w4 w5", "w6 w7 w8", "w9 w10 w11"]


def test_words_have_their_true_times() -> None:
    words = [word for one in hear(SPEECH) if one.is_final for word in one.words]
    assert complaints(words, LAYOUT, 12, tolerance=1e-4) == []


def test_each_word_that_ends_makes_a_partial() -> None:
    assert [one.text for one in hear(SPEECH) if not one.is_final][:4] == ["w0", "w0 w1", "w0 w1 w2", "w3"]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=9))
def test_it_makes_no_difference_how_the_audio_is_cut(sizes: list[int]) -> None:
    assert finals(hear(SPEECH, tuple(sizes))) == finals(hear(SPEECH))


@pytest.mark.parametrize(
    ("at", "first"), [(0.0, "w0"), (0.005, "w0"), (0.011, "w1"), (0.14, "w1"), (0.17, "w1"), (0.2, "w1"), (0.9, "w3")]
)
def test_a_stream_that_starts_anywhere_hears_the_words_whose_beginning_it_hears(at: float, first: str) -> None:
    assert finals(hear(SPEECH[round(at * RATE) * 2 :]))[0].split()[0] == first


def test_a_word_that_the_stream_ends_in_is_told_as_far_as_it_was_heard() -> None:
    (final,) = (one for one in hear(SPEECH[: round(0.25 * RATE) * 2]) if one.is_final)
    assert (final.text, final.end) == ("w0 w1", 0.25)


def test_channels_say_words_of_their_own() -> None:
    audio = AudioSettings(channels=2)
    ear, events = Ear(Numbered()), list[AnyEvent]()
    data = speech(LAYOUT, 2, audio)
    for command in (Start(Settings(provider="", audio=audio)), Audio(data), Finish()):
        events += ear.hear(command)
    told = {(e.channel, e.text) for e in events if isinstance(e, Transcript) and e.is_final}
    far = [name(number, 1) for number in range(6)]
    assert told == {(0, "w0 w1 w2"), (0, "w3 w4 w5"), (1, " ".join(far[:3])), (1, " ".join(far[3:]))}
    assert numbers(far[0]) == [LEVELS // 2]


def test_the_check_sees_what_is_lost_repeated_out_of_order_or_out_of_place() -> None:
    true = [LAYOUT.word_of(number) for number in range(6)]
    late = msgspec.structs.replace(true[3], start=(true[3].start or 0) + 0.1)
    wrong: dict[str, list[Word]] = {
        "lost": true[:2] + true[3:],
        "twice": [*true[:3], true[2], *true[3:]],
        "order": [true[1], true[0], *true[2:]],
        "moved": [*true[:3], late, *true[4:]],
        "untimed": [Word("w0"), *true[1:]],
        "made up": [*true, Word("w99", 9.0, 9.1)],
    }
    assert complaints(true, LAYOUT, 6) == []
    assert [case for case, words in wrong.items() if not complaints(words, LAYOUT, 6)] == []


def test_only_finals_are_said() -> None:
    word = Word("w0", 0.0, 0.1)
    events = [Transcript(is_final=is_final, text="w0", words=(word,)) for is_final in (False, True)]
    assert list(said(events)) == [word]
