from typing import Any

import pytest

from metrics.streams import case, item, names, ratio, said, sample, take, words
from voxport.events import Word
from voxport.metrics.accuracy import scores
from voxport.metrics.case import Case
from voxport.take import Item, Segment

TEN = "one two three four five six seven eight nine ten"


def heard(text: str, truth: str = TEN, **fields: Any) -> Case:
    return case(item(truth, **fields), take(said(1.0, text, final=True)))


def test_errors_by_kind_raw_and_normalised() -> None:
    found = list(scores(heard("One two tree five six seven eight nine ten, eleven")))
    by_hand = {"plain": (1, 1, 1), "raw": (3, 1, 1)}
    for name, (changed, lost, made_up) in by_hand.items():
        assert ratio(found, "substitution_rate", name) == (changed, 10)
        assert ratio(found, "deletion_rate", name) == (lost, 10)
        assert ratio(found, "insertion_rate", name) == (made_up, 10)
        assert ratio(found, "word_error_rate", name) == (changed + lost + made_up, 10)


def test_characters_count_spaces() -> None:
    assert ratio(scores(heard("ab d", truth="abc d")), "character_error_rate", "plain") == (1, 5)
    assert ratio(scores(heard("abcd", truth="abc d")), "character_error_rate", "plain") == (1, 5)


def test_everything_lost() -> None:
    found = list(scores(case(item(TEN), take())))
    assert ratio(found, "word_error_rate", "plain") == (10, 10)
    assert sample(found, "longest_deletion_run") == ([10], 0)
    assert ratio(found, "head_recall") == ratio(found, "tail_recall") == (0, 5)


def test_everything_made_up() -> None:
    found = list(scores(heard("a b c", truth="")))
    assert ratio(found, "word_error_rate", "plain") == (3, 0)
    assert ratio(found, "character_error_rate", "plain") == (5, 0)
    assert sample(found, "longest_insertion_run") == ([3], 0)
    assert ratio(found, "tail_recall") == (0, 0)
    assert ratio(found, "words_over_silence") == (3, round(10 / 60, 9))


def test_nothing_said_and_nothing_heard() -> None:
    found = list(scores(case(item(""), take())))
    assert ratio(found, "word_error_rate", "plain") == (0, 0)
    assert ratio(found, "words_over_silence") == (0, round(10 / 60, 9))


def test_the_longest_runs() -> None:
    found = list(scores(heard("one two three eight nine ten")))
    assert sample(found, "longest_deletion_run") == ([4], 0)
    found = list(scores(heard(f"{TEN} x y z")))
    assert sample(found, "longest_insertion_run") == ([3], 0)


@pytest.mark.parametrize(
    ("text", "head", "tail"),
    [
        (TEN, (5, 5), (5, 5)),
        ("two three four five six seven eight nine ten", (4, 5), (5, 5)),
        ("one two three four five six seven eight nine", (5, 5), (4, 5)),
        ("one two x four five six seven eight nine ten and more", (4, 5), (5, 5)),
    ],
)
def test_recall_at_the_edges(text: str, head: tuple[int, int], tail: tuple[int, int]) -> None:
    found = list(scores(heard(text)))
    assert (ratio(found, "head_recall"), ratio(found, "tail_recall")) == (head, tail)


def test_a_short_reference_is_all_edge() -> None:
    found = list(scores(heard("yes it", truth="yes it is")))
    assert (ratio(found, "head_recall"), ratio(found, "tail_recall")) == ((2, 3), (2, 3))


# --------------------------------------------------------------------------- silence

SPOKEN = words("a b", start=4.0)  # from 4 to 5 s


def over(*more: Word, truth: Item | None = None) -> tuple[float, float]:
    every = sorted((*SPOKEN, *more), key=lambda word: word.start or 0.0)
    made = take(said(1.0, " ".join(word.text for word in every), final=True, words=tuple(every)))
    return ratio(scores(case(truth or item("a b", words=SPOKEN), made)), "words_over_silence")


SILENT = round(8.5 / 60, 9)
"""Ten seconds without the second of speech and the collar on both sides, in minutes."""


def test_words_made_up_over_silence() -> None:
    assert over() == (0, SILENT)
    assert over(Word("x", 0.0, 1.0), Word("y", 8.0, 9.0)) == (2, SILENT)


def test_a_word_made_up_within_speech_or_its_collar_is_not_over_silence() -> None:
    assert over(Word("x", 4.4, 4.6)) == (0, SILENT)
    assert over(Word("x", 5.0, 5.48)) == (0, SILENT)
    assert over(Word("x", 5.0, 5.5)) == (0, SILENT)
    assert over(Word("x", 5.1, 5.5)) == (1, SILENT)


def test_a_word_whose_time_is_a_guess_is_not_over_silence() -> None:
    assert over(Word("x", 8.0, 9.0, estimated=True)) == (0, SILENT)
    assert over(Word("x", 8.0)) == (0, SILENT)


def test_a_word_that_was_said_is_not_over_silence_whatever_its_time() -> None:
    made = take(said(1.0, "a b", final=True, words=(Word("a", 0.0, 1.0), Word("b", 8.0, 9.0))))
    assert ratio(scores(case(item("a b", words=SPOKEN), made)), "words_over_silence") == (0, SILENT)


def test_silence_is_not_judged_where_nobody_told_where_speech_is() -> None:
    assert "words_over_silence" not in names(scores(heard("a")))


# --------------------------------------------------------------------------- channels


def test_channels_are_scored_apart_where_the_reference_tells_them_apart() -> None:
    truth = item(
        "how are you fine",
        segments=(
            Segment(start=0.0, end=1.0, text="how are you", channel=0), Segment(start=0.5, end=1.0, text="fine", channel=1),
        ),
    )  # fmt: skip
    made = take(
        said(1.0, "how", final=True, channel=0), said(1.1, "fine", final=True, channel=1),
        said(1.2, "are you", final=True, channel=0), said(1.3, "thanks", final=True, channel=2), channels=3,
    )  # fmt: skip
    assert ratio(scores(case(truth, made)), "word_error_rate", "plain") == (1, 4)
    mixed = list(scores(case(item("how are you fine"), made)))
    assert ratio(mixed, "word_error_rate", "plain") == (2, 4)


def test_finals_are_joined_as_they_are_glued() -> None:
    made = take(said(1.0, "one", final=True), said(1.1, ",", final=True, glued=True), said(1.2, "two", final=True))
    assert ratio(scores(case(item("one, two"), made)), "word_error_rate", "raw") == (0, 2)


def test_partials_are_no_part_of_the_transcript() -> None:
    made = take(said(1.0, "one"), said(1.1, "one", final=True), said(1.2, "two"))
    assert ratio(scores(case(item("one"), made)), "word_error_rate", "raw") == (0, 1)
