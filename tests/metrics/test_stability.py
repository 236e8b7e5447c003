from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.streams import case, item, names, ratio, said, sample, take, words
from voxport.events import Transcript
from voxport.metrics.measure import Score
from voxport.metrics.stability import scores
from voxport.take import Segment


def found(*messages: Transcript, **fields: Any) -> list[Score]:
    return list(scores(case(item("x"), take(*messages, **fields))))


def stream(*texts: str) -> tuple[Transcript, ...]:
    """Partials; one that ends in "|" is a final."""
    return tuple(said(1.0 + at / 10, text.rstrip("|"), final=text.endswith("|")) for at, text in enumerate(texts))


@pytest.mark.parametrize(
    ("texts", "unstable", "erased", "final"),
    [
        (("a", "a b", "a b c", "a b c|"), 0, 0, 3),
        (("a", "x", "a b|"), 2, 2, 2),
        (("hey", "hey good", "hey google", "hey google|"), 1, 1, 2),
        (("i scream", "ice cream is", "ice cream is good|"), 2, 2, 4),
        (("b c d", "a b c d", "a b c d|"), 0, 3, 4),  # one word pushed in: three words have to be written again
        (("a b c", "a c", "a c|"), 1, 2, 2),
        (("a b", "", "c|"), 2, 2, 1),
        (("Hello there", "Hello, there.|"), 0, 0, 2),  # formatting is no change of mind
        (("twenty two", "22|"), 2, 2, 1),
        (("a b c", "a|", "b c", "b c|"), 0, 0, 3),  # finals take words off the partials
        (("a b c", "a|", "x c", "x c|"), 1, 2, 3),
        (("a b c", "a b|"), 1, 1, 2),  # nobody confirms the last word
        (("a b c", "x|", "b c|"), 1, 1, 3),
        (("a b", "a b|", "c", "c d|"), 0, 0, 4),
        (("a", "b"), 2, 2, 0),
    ],
)  # fmt: skip
def test_partials_that_change_their_mind(texts: tuple[str, ...], unstable: int, erased: int, final: int) -> None:
    both = found(*stream(*texts))
    assert ratio(both, "unstable_partial_words") == (unstable, final)
    assert ratio(both, "normalised_erasure") == (erased, final)


def test_without_partials_there_is_nothing_to_be_stable() -> None:
    assert names(found(*stream("a b|"))) & {"unstable_partial_words", "normalised_erasure"} == set()


def test_channels_do_not_change_each_others_minds() -> None:
    both = found(
        said(1.0, "a b", channel=0), said(1.1, "x", channel=1), said(1.2, "a b c", channel=0),
        said(1.3, "x y", final=True, channel=1), said(1.4, "a b c", final=True, channel=0), channels=2,
    )  # fmt: skip
    assert ratio(both, "unstable_partial_words") == (0, 5)


@given(st.lists(st.tuples(st.text("abc ", max_size=8), st.booleans()), max_size=8))
def test_words_that_change_must_be_erased_and_growing_alone_erases_nothing(told: list[tuple[str, bool]]) -> None:
    messages = [said(float(at), text, final=final) for at, (text, final) in enumerate(told)]
    if all(final for _, final in told):
        return
    both = found(*messages)
    assert ratio(both, "unstable_partial_words")[0] <= ratio(both, "normalised_erasure")[0]
    grown = stream(*(" ".join("abcdef"[: at + 1]) for at in range(6)), "a b c d e f|")
    assert ratio(found(*grown), "normalised_erasure") == (0, 6)


# --------------------------------------------------------------------------- dead air


def dead_air(*messages: Transcript, **fields: Any) -> float:
    values, missing = sample(
        scores(case(item("a", words=words("a", start=1.0, each=8.0)), take(*messages, **fields))), "dead_air"
    )
    assert missing == 0
    return values[0]


def test_dead_air_is_speech_without_news() -> None:
    assert dead_air() == 8.0
    assert dead_air(said(3.0, "a"), said(7.0, "a b")) == 4.0
    assert dead_air(said(2.0, "a")) == 7.0


def test_a_message_without_change_is_no_news() -> None:
    assert dead_air(said(3.0, "a"), said(6.0, "a"), said(8.0, "a", final=True)) == 6.0
    assert dead_air(said(3.0, "a b"), said(6.0, "a", final=True), said(6.5, "b")) == 6.0
    assert dead_air(said(3.0, "a b"), said(6.0, "A", final=True), said(6.5, "b")) == 3.0


def test_silence_is_no_dead_air() -> None:
    truth = item("a b", segments=(Segment(start=0.0, end=1.0), Segment(start=6.0, end=7.0)))
    assert sample(scores(case(truth, take(said(0.5, "a"), said(6.5, "b")))), "dead_air") == ([1.0], 0)


def test_dead_air_counts_from_the_beginning_of_the_audio() -> None:
    truth = item("a b", segments=(Segment(start=0.0, end=2.0),))
    assert sample(scores(case(truth, take(said(1.5, "a"), said(1.8, "b")))), "dead_air") == ([1.5], 0)


def test_without_speech_or_pace_there_is_no_dead_air() -> None:
    assert "dead_air" not in names(scores(case(item(""), take())))
    assert "dead_air" not in names(found(realtime=False))


def test_any_channel_brings_news() -> None:
    assert dead_air(said(3.0, "a", channel=0), said(6.0, "a", channel=1), channels=2) == 3.0
