"""Word times. The clip says: he was not an ill disposed young man."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from voxport.audio.formats import Samples
from voxport.events import Word
from voxport.recogniser.align import _filled, aligner
from voxport.recogniser.estimate import spread
from voxport.recogniser.lines import Line

OFFSET = 16_000


@pytest.fixture(scope="module")
def line(clip: Callable[[str], Samples]) -> Line:
    samples = clip("austen-0880")
    return Line(samples, OFFSET, OFFSET + len(samples), OFFSET + 1600, OFFSET + len(samples) - 1600)


def test_words_are_spread_by_length() -> None:
    words = spread(["ab", "abcde"], 1.0, 2.8)
    assert words == (Word("ab", 1.0, 1.6, estimated=True), Word("abcde", 1.6, 2.8, estimated=True))


def test_each_word_is_found_where_it_was_said(line: Line) -> None:
    words = aligner().align("He was not an ill-disposed young man.", line)
    assert [word.text for word in words] == ["He", "was", "not", "an", "ill-disposed", "young", "man."]
    assert not any(word.estimated for word in words)
    assert all(word.confidence is None for word in words)
    middles = [(word.start + word.end) / 2 for word in words if word.start is not None and word.end is not None]
    assert middles == pytest.approx([1.25, 1.45, 1.9, 2.2, 2.65, 3.2, 3.6], abs=0.25)


def test_a_word_that_no_dictionary_has_gets_the_room_between_its_neighbours(line: Line) -> None:
    words = aligner().align("He was not an xyzzyqux young man.", line)
    estimated = [word.text for word in words if word.estimated]
    assert "xyzzyqux" in estimated
    assert len(estimated) <= 3
    assert all(earlier.end <= later.start for earlier, later in pairwise(words))  # type: ignore[operator]


def test_neighbours_that_were_stretched_over_a_missing_word_are_distrusted(line: Line) -> None:
    words = list(_filled(["so", "xyzzyqux", "it", "is"], [(1.2, 1.5), None, (1.52, 1.8), (1.8, 2.0)], line))
    assert [word.estimated for word in words] == [True, True, True, False]
    assert (words[0].start, words[2].end) == (1.1, 1.8)


@pytest.mark.parametrize("text", ["xyzzyqux", "...", "far more words than could be said in that time " * 20])
def test_what_cannot_be_found_is_estimated(line: Line, text: str) -> None:
    words = aligner().align(text, line)
    assert words
    assert all(word.estimated for word in words)
    assert words[0].start == 1.1


def test_a_line_aligns_the_same_whatever_came_before(line: Line, clip: Callable[[str], Samples]) -> None:
    text = "He was not an ill-sposed young man."
    first = aligner().align(text, line)
    other = clip("LJ001-0002")
    aligner().align("in being comparatively modern", Line(other, 0, len(other), 0, len(other)))
    assert aligner().align(text, line) == first
