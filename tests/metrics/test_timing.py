from typing import Any

import pytest

from metrics.streams import case, item, names, ratio, said, sample, take, words
from voxport.events import Word
from voxport.metrics.measure import Score
from voxport.metrics.timing import scores

TRUTH = item("one two three", words=words("one two three"))


def found(*heard: Word, **fields: Any) -> list[Score]:
    message = said(3.0, " ".join(word.text for word in heard), final=True, words=heard, **fields)
    return list(scores(case(TRUTH, take(message))))


def test_how_far_words_are_off() -> None:
    both = found(Word("One,", 0.05, 0.5), Word("two", 0.5, 1.25), Word("three", 0.9, 1.5))
    assert sample(both, "word_start_error") == ([0.05, 0.0, 0.1], 0)
    assert sample(both, "word_end_error") == ([0.0, 0.25, 0.0], 0)
    assert ratio(both, "words_off") == (1, 3)


def test_only_words_that_match_and_are_measured_are_compared() -> None:
    both = found(Word("one", 0.0, 0.5, estimated=True), Word("too", 0.5, 1.0), Word("three", 1.0, 1.5))
    assert sample(both, "word_end_error") == ([0.0], 0)
    assert ratio(both, "times_backwards") == (0, 2)
    assert names(found(Word("one"), Word("two"))) == set()


def test_a_word_that_is_two_plain_words_has_no_times_of_its_own() -> None:
    twenty = item("twenty-two", words=words("twenty-two"))
    made = take(said(1.0, "twenty two", final=True, words=words("twenty two")))
    assert names(scores(case(twenty, made))) == {"times_backwards"}


@pytest.mark.parametrize(
    ("times", "backwards"),
    [
        (((0, 1), (1, 2), (2, 3)), 0), (((0, 1), (0, 2), (0.5, 3)), 0), (((5, 6), (1, 2), (2, 3)), 1),
        (((0, 1), (2, 1), (3, 4)), 1), (((0, 1), (2, 2), (3, 4)), 0), (((3, 4), (2, 3), (1, 0)), 2),
    ],
)  # fmt: skip
def test_times_that_run_backwards(times: tuple[tuple[float, float], ...], backwards: int) -> None:
    heard = (Word(text, *both) for text, both in zip("abc", times, strict=True))
    assert ratio(found(*heard), "times_backwards") == (backwards, 3)


def test_a_clock_that_jumps_between_finals_runs_backwards_but_not_between_channels() -> None:
    first, second = Word("a", 5.0, 6.0), Word("b", 0.0, 1.0)
    jump = take(said(1.0, "a", final=True, words=(first,)), said(2.0, "b", final=True, words=(second,)))
    assert ratio(scores(case(TRUTH, jump)), "times_backwards") == (1, 2)
    apart = take(
        said(1.0, "a", final=True, words=(first,), channel=0), said(2.0, "b", final=True, words=(second,), channel=1)
    )
    assert ratio(scores(case(TRUTH, apart)), "times_backwards") == (0, 2)


def test_words_are_paired_with_the_text_where_they_are_equally_many() -> None:
    spelled = take(said(3.0, "One, two three.", final=True, words=words("one two three")))
    assert sample(scores(case(TRUTH, spelled)), "word_start_error") == ([0.0, 0.0, 0.0], 0)
    other = take(said(3.0, "one two three", final=True, words=words("one two")))
    assert names(scores(case(TRUTH, other))) == set()
