from typing import Any

import pytest
from msgspec.structs import replace

from metrics.streams import METHOD, case, item, names, ratio, said, take
from voxport.metrics.measure import Score
from voxport.metrics.terms import scores

ENGLISH = replace(METHOD, normalisers=("whisper-english",), primary="whisper-english")


def found(truth: str, heard: str, **fields: Any) -> list[Score]:
    return list(scores(case(item(truth, **fields), take(said(1.0, heard, final=True)), ENGLISH)))


@pytest.mark.parametrize(
    ("truth", "heard", "wrong"),
    [
        ("call 555 1234 now", "call 555 1234 now", (0, 1)),
        ("call 555 1234 now", "call 555 1243 now", (1, 1)),
        ("call 555 1234 now", "call 555 x 1234 now", (1, 1)),
        ("I have twenty two cats and 3 dogs", "I have 22 cats and 4 dogs", (1, 2)),
        ("nothing here", "9 here", (0, 0)),
        ("take 5", "", (1, 1)),
    ],
)
def test_numbers(truth: str, heard: str, wrong: tuple[int, int]) -> None:
    assert ratio(found(truth, heard), "number_error_rate") == wrong


def test_names_are_those_that_the_item_declares() -> None:
    truth = "Elinor Dashwood wrote to Marianne and Elinor"
    declared = ("Elinor", "Elinor Dashwood", "Marianne", "Willoughby")
    assert ratio(found(truth, truth, names=declared), "name_error_rate") == (0, 3)
    heard = "Eleanor Dashwood wrote to Marian and Elinor"
    assert ratio(found(truth, heard, names=declared), "name_error_rate") == (2, 3)
    assert "name_error_rate" not in names(found(truth, heard))


def test_key_terms_that_are_missed_and_that_are_made_up() -> None:
    truth, heard = "the solaria model runs", "solaria the solaria model runs nova"
    both = found(truth, heard, key_terms=("Solaria", "Nova"))
    assert ratio(both, "key_term_error_rate") == (0, 1)
    assert ratio(both, "key_term_precision") == (1, 3)
    missed = found(truth, "the solar area model runs", key_terms=("Solaria", "Nova"))
    assert ratio(missed, "key_term_error_rate") == (1, 1)
    assert ratio(missed, "key_term_precision") == (0, 0)


def test_a_term_without_words_is_none() -> None:
    assert ratio(found("a b", "a b", key_terms=("...",)), "key_term_error_rate") == (0, 0)
