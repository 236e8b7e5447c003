"""Where lines begin and end, on human speech, with a reader that only says how much audio it was given."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from voxport.audio.formats import Samples
from voxport.events import Word
from voxport.recogniser import RATE, Heard, Listening
from voxport.recogniser.lines import Line, LineListening

Stream = Callable[[Listening, Samples, int], list[Heard]]


class Counter:
    """Says how many samples it was given and remembers the lines."""

    def __init__(self, final: str = "done") -> None:
        self._final = final
        self.lines: list[Line] = []

    def partial(self, line: Line) -> str:
        return f"{len(line.samples)} so far"

    def final(self, line: Line) -> tuple[Word, ...]:
        self.lines.append(line)
        return line.spread(self._final)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def listening(reader: Counter) -> LineListening:
    return LineListening(lambda: reader, 0.5)


@pytest.fixture(scope="module")
def two_lines(clip: Callable[[str], Samples]) -> Samples:
    return np.concatenate((silence(1), clip("austen-0880"), silence(1), clip("austen-0930"), silence(1)))


def test_a_pause_ends_a_line_and_silence_is_none(two_lines: Samples, stream: Stream) -> None:
    reader = Counter()
    stream(listening(reader), two_lines, 800)
    first, second = reader.lines
    assert 0.7 <= first.start / RATE < first.voice_start / RATE < 1.3
    assert 3.6 < first.voice_end / RATE <= 4.2
    assert first.end <= second.start
    assert np.array_equal(first.samples, two_lines[first.start : first.end])


def test_partials_come_by_the_time_of_the_audio(two_lines: Samples, stream: Stream) -> None:
    heard = stream(listening(Counter()), two_lines, 800)
    sizes = [int(item.text.split()[0]) for item in heard if not item.is_final]
    steps = {later - earlier for earlier, later in pairwise(sizes) if later > earlier}
    assert steps == {RATE // 2}
    assert all(word.estimated for item in heard if not item.is_final for word in item.words)


@pytest.mark.parametrize("size", [160, 1237, 10**6])
def test_it_makes_no_difference_how_the_audio_was_cut(two_lines: Samples, stream: Stream, size: int) -> None:
    assert stream(listening(Counter()), two_lines, size) == stream(listening(Counter()), two_lines, 800)


def test_a_flush_ends_the_line_with_silence_added_and_listening_goes_on(two_lines: Samples) -> None:
    reader = Counter()
    ears = listening(reader)
    ears.hear(two_lines[: 2 * RATE + 77])
    assert [item.is_final for item in ears.flush()] == [True]
    (line,) = reader.lines
    assert line.end == line.voice_end == 2 * RATE + 77
    assert np.array_equal(line.samples[line.end - line.start :], silence(0.3))
    assert ears.flush() == []
    ears.hear(two_lines[2 * RATE + 77 :])
    assert len(reader.lines) == 3
    assert all(earlier.end <= later.start for earlier, later in pairwise(reader.lines))


def test_a_word_that_had_only_begun_is_heard_at_the_end(clip: Callable[[str], Samples]) -> None:
    reader = Counter()
    ears = listening(reader)
    # Voice begins 0.1 s into the clip; 0.3 s of it is too little to count as speech.
    assert ears.hear(np.concatenate((silence(0.5), clip("austen-0880")[: RATE * 3 // 10]))) == []
    assert [item.is_final for item in ears.finish()] == [True]
    assert reader.lines[0].voice_start < reader.lines[0].voice_end


def test_a_line_of_twenty_seconds_is_cut_and_no_audio_lost(clip: Callable[[str], Samples], stream: Stream) -> None:
    speech = clip("LJ001-0004")
    loud = speech[: len(speech) // 160 * 160].reshape(-1, 160)
    unbroken = np.tile(loud[np.abs(loud).max(axis=1) > 0.05].ravel(), 8)
    reader = Counter()
    stream(listening(reader), unbroken, 1600)
    assert len(reader.lines) >= 2
    assert all(len(line.samples) <= 20 * RATE for line in reader.lines[:-1])
    assert all(earlier.end == later.start for earlier, later in pairwise(reader.lines))


def test_partials_that_turn_out_to_be_nothing_are_taken_back(two_lines: Samples, stream: Stream) -> None:
    reader = Counter()
    reader.final = lambda line: ()  # type: ignore[method-assign]
    finals = [item for item in stream(listening(reader), two_lines, 800) if item.is_final]
    assert [(item.text, item.words) for item in finals] == [("", ()), ("", ())]


def test_a_partial_that_says_nothing_new_does_not_come(two_lines: Samples, stream: Stream) -> None:
    reader = Counter()
    reader.partial = lambda line: "well"  # type: ignore[method-assign]
    heard = stream(listening(reader), two_lines, 800)
    assert [item.text for item in heard] == ["well", "done", "well", "done"]


def test_silence_is_nothing_and_a_closed_listening_has_nothing_left(two_lines: Samples) -> None:
    ears = listening(Counter())
    assert ears.hear(silence(3)) == []
    assert ears.finish() == []
    ears = listening(Counter())
    ears.hear(two_lines[: 2 * RATE])
    ears.close()
    ears.close()
    assert ears.finish() == []
