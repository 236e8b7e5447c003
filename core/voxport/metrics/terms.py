"""What must not be wrong: numbers, names and declared terms."""

from collections.abc import Iterable, Sequence

from voxport.metrics.align import matches
from voxport.metrics.case import Case, Pair
from voxport.metrics.measure import Measure, Ratio, Score
from voxport.metrics.text import Normaliser

WHOLE = (
    "It counts as right when all of its words are matched in the alignment by the primary normaliser and nothing "
    "stands between them. (missed + wrong) / occurrences in the reference, pooled."
)

MEASURES = (
    Measure(
        name="number_error_rate", title="Numbers wrong", kind="ratio", unit="share",
        definition="A number is a row of words with a digit, after the primary normaliser, which may write number "
        f"words in digits. {WHOLE}",
    ),
    Measure(
        name="name_error_rate", title="Names wrong", kind="ratio", unit="share",
        definition=f"Of the names that the item declares. {WHOLE}",
    ),
    Measure(
        name="key_term_error_rate", title="Key terms wrong", kind="ratio", unit="share",
        definition=f"Of the key terms that the item declares. {WHOLE}",
    ),
    Measure(
        name="key_term_precision", title="Key terms heard that were said", kind="ratio", unit="share", better="higher",
        definition="Of the occurrences of declared key terms in the transcript, those that are matched by one in the "
        "reference; pooled. A recogniser that is pushed too hard towards its terms hears them where nobody said them.",
    ),
)  # fmt: skip


def scores(case: Case) -> Iterable[Score]:
    """What a take with a reference adds."""
    by = case.truth.primary
    pairs = case.pairs(by)
    yield _errors("number_error_rate", [(_right(pair, _numbers(pair.reference))) for pair in pairs])
    if case.item.names:
        yield _errors("name_error_rate", [_right(pair, _found(pair.reference, case.item.names, by)) for pair in pairs])
    if case.item.key_terms:
        said = [_right(pair, _found(pair.reference, case.item.key_terms, by)) for pair in pairs]
        heard = sum(len(_found(pair.hypothesis, case.item.key_terms, by)) for pair in pairs)
        right = sum(map(sum, said))
        yield _errors("key_term_error_rate", said)
        yield Ratio("key_term_precision", right, max(heard, right))


def _errors(measure: str, said: Iterable[list[bool]]) -> Ratio:
    every = [right for part in said for right in part]
    return Ratio(measure, every.count(False), len(every))


Run = tuple[int, int]
"""Words of a row, from and to."""


def _numbers(words: Sequence[str]) -> list[Run]:
    """The runs of words with a digit."""
    runs: list[Run] = []
    for at, word in enumerate(words):
        if any(character.isdigit() for character in word):
            runs.append((runs.pop()[0], at + 1) if runs and runs[-1][1] == at else (at, at + 1))
    return runs


def _found(words: Sequence[str], terms: Iterable[str], by: Normaliser) -> list[Run]:
    """Where the terms stand, the longest first where several begin at one word; none within another."""
    wanted = sorted({term for text in terms if (term := by.words(text))}, key=len, reverse=True)
    runs: list[Run] = []
    at = 0
    while at < len(words):
        length = next((len(term) for term in wanted if tuple(words[at : at + len(term)]) == term), 0)
        if length:
            runs.append((at, at + length))
        at += length or 1
    return runs


def _right(pair: Pair, runs: Iterable[Run]) -> list[bool]:
    """Which of the runs were heard as one piece."""
    place = dict(matches(pair.blocks))
    return [_in_one_piece([place.get(at) for at in range(*run)]) for run in runs]


def _in_one_piece(places: Sequence[int | None]) -> bool:
    first = places[0]
    return first is not None and list(places) == list(range(first, first + len(places)))
