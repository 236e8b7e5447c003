import pytest

from metrics.streams import case, item, names, ratio, said, take
from voxport.metrics.formatting import cased, punctuated, scores
from voxport.metrics.measure import Score


def found(truth: str, heard: str) -> list[Score]:
    return list(scores(case(item(truth), take(said(1.0, heard, final=True))), marks=True, capitals=True))


@pytest.mark.parametrize(
    ("truth", "heard", "marks", "capitals"),
    [
        ("Hello, world. Yes?", "Hello, world. Yes?", (0, 3), (0, 3)),
        ("Hello, world. Yes?", "hello world yes", (3, 3), (2, 3)),
        ("Hello world yes", "Hello, world! Yes", (2, 0), (1, 3)),
        ("Hello, world.", "Hello; wood.", (1, 1), (0, 1)),  # only where the word was heard
        ("It cost twenty-two.", "It cost twenty two.", (0, 0), (0, 2)),  # only words that are one and the same
        ('He said "yes."', "He said yes.", (0, 1), (0, 3)),
        ("Wait...", "Wait.", (1, 1), (0, 1)),
        ("", "Hello.", (0, 0), (0, 0)),
        ("Hello.", "", (0, 0), (0, 0)),
    ],
)
def test_marks_and_capitals(truth: str, heard: str, marks: tuple[int, int], capitals: tuple[int, int]) -> None:
    both = found(truth, heard)
    assert ratio(both, "punctuation_error_rate") == marks
    assert ratio(both, "capital_error_rate") == capitals


def test_what_the_corpus_does_not_have_is_not_judged() -> None:
    plain = case(item("hello"), take(said(1.0, "Hello.", final=True)))
    assert names(scores(plain, marks=False, capitals=False)) == set()
    assert (punctuated("a b"), punctuated("a, b"), punctuated("a.")) == (False, True, True)
    assert (cased("a b"), cased("A B"), cased("A b"), cased("")) == (False, False, True, False)
