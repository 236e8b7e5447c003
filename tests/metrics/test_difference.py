import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.metrics.align import align
from voxport.metrics.difference import KINDS, Piece, Pieces, compare, disagreement, tally
from voxport.metrics.text import normaliser, shown

ENGLISH = normaliser("whisper-english")
TEXT = st.lists(
    st.sampled_from(
        ["a", "b", "c", "—", "twenty-two", "22", "Hello,", "hello", ".", "I'm", "don't", "x/y", "Anna", "um"]
    ),
    max_size=9,
).map(" ".join)

SIMPLE = st.lists(st.sampled_from(["a", "b", "c", "d", "Hello,", "hello", "—"]), max_size=9).map(" ".join)


def pieces(first: str, second: str, names: tuple[str, ...] = ()) -> Pieces:
    here, there = shown(first.split()), shown(second.split())
    return compare(here, there, align(here.plain, there.plain), ENGLISH, names)


def kinds(first: str, second: str, names: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    return [(piece.kind, piece.first, piece.second) for piece in pieces(first, second, names) if piece.kind != "same"]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("a b", "a b", []),
        ("Hello, there", "hello there", [("formatting", "Hello,", "hello")]),
        ("twenty two cats", "22 cats", [("formatting", "twenty two", "22")]),
        ("do not go", "don't go", [("formatting", "do not", "don't")]),
        ("um yes", "yes", [("formatting", "um", "")]),
        ("at 22 today", "at 23 today", [("number", "22", "23")]),
        ("at twenty today", "at plenty today", [("number", "twenty", "plenty")]),
        ("we met Anna there", "we met Hannah there", [("name", "Anna", "Hannah")]),
        ("Anna came", "Hannah came", [("content", "Anna", "Hannah")]),  # a sentence begins with a capital anyway
        ("so. Anna came", "so. Hannah came", [("content", "Anna", "Hannah")]),
        ("then I came", "then we came", [("content", "I", "we")]),
        ("the cat sat", "the hat sat", [("content", "cat", "hat")]),
        ("the big cat sat", "the cat sat", [("missing", "big", "")]),
        ("the cat sat", "the cat sat down", [("extra", "", "down")]),
        ("", "what is this", [("extra", "", "what is this")]),
        ("a twenty-two b", "a thirty two b", [("number", "twenty-two", "thirty two")]),
    ],
)  # fmt: skip
def test_what_kind_of_thing_a_difference_is(first: str, second: str, found: list[tuple[str, str, str]]) -> None:
    assert kinds(first, second) == found


def test_declared_names_are_names_in_any_case() -> None:
    assert kinds("elinor came", "eleanor came", ("Elinor Dashwood",)) == [("name", "elinor", "eleanor")]


def test_differences_next_to_each_other_are_told_apart() -> None:
    assert kinds("p q r s", "p x r s t") == [("content", "q", "x"), ("extra", "", "t")]
    assert kinds("p q r s t u", "p x u") == [("content", "q", "x"), ("missing", "r s t", "")]


@given(TEXT, TEXT)
def test_no_word_of_either_text_is_lost(first: str, second: str) -> None:
    found = pieces(first, second)
    assert " ".join(piece.first for piece in found if piece.first) == first
    assert " ".join(piece.second for piece in found if piece.second) == second
    assert all((piece.first == piece.second) == (piece.kind == "same") for piece in found)


@given(SIMPLE, SIMPLE)
def test_exchanging_the_texts_exchanges_missing_and_extra(first: str, second: str) -> None:
    there, back = tally(pieces(first, second)), tally(pieces(second, first))
    assert sum(there.values()) - there["formatting"] == sum(back.values()) - back["formatting"]
    same = tally(pieces(first, first))
    assert set(same.values()) == {0}


def test_words_are_counted_by_kind() -> None:
    found = tally((Piece("same", "a b", "a b"), Piece("formatting", "twenty two", "22"), Piece("content", "a b c", "x"), Piece("number", "1", "2 3"), Piece("extra", "", "y")))  # fmt: skip
    assert found == {"formatting": 2, "number": 1, "name": 0, "content": 1, "missing": 2, "extra": 2}
    assert tuple(found) == KINDS


def test_disagreement_leaves_formatting_out_of_its_rate() -> None:
    told = [pieces("Hello there", "hello there"), pieces("a b", "a c"), pieces("", "")]
    found = disagreement(told, words=4.0)
    assert (found.items, found.identical, found.formatting, found.content) == (3, 2, 1, 1)
    assert found.rate == 0.25
    assert disagreement([], 0.0).rate is None
