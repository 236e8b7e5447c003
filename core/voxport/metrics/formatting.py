"""How the text looks, apart from its words: punctuation and capital letters."""

import re
import unicodedata
from collections.abc import Iterable

from voxport.metrics.align import matches
from voxport.metrics.case import Case, View
from voxport.metrics.measure import Measure, Ratio, Score

MEASURES = (
    Measure(
        name="punctuation_error_rate", title="Punctuation wrong", kind="ratio", unit="share",
        definition="Marks that follow a word (. , ? ! ; :), compared where the word itself was heard: (changed + "
        "missing + added) / marks of the reference; pooled. Told only where the reference is punctuated. After "
        "Picovoice's punctuation error rate.",
    ),
    Measure(
        name="capital_error_rate", title="Capital letters wrong", kind="ratio", unit="share",
        definition="Words that were heard and differ from the reference in the case of a letter / words that were "
        "heard; pooled. Told only where the reference has capital letters.",
    ),
)  # fmt: skip

MARKS = re.compile(r"[.,?!;:]+$")
_CLOSING = "\"'\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK})]}"


def punctuated(text: str) -> bool:
    """Some word is followed by a mark."""
    return any(_mark(word) for word in text.split())


def cased(text: str) -> bool:
    """Some letters are capital and some are not."""
    return text not in {text.lower(), text.upper()}


def scores(case: Case, *, marks: bool, capitals: bool) -> Iterable[Score]:
    """What a take with a reference adds; whether the corpus has ``marks`` and ``capitals`` is known to the caller."""
    pairs = [(r, h) for view in case.views for r, h in _same_words(view)]
    if marks:
        expected = [(_mark(reference), _mark(heard)) for reference, heard in pairs]
        wrong = sum(reference != heard for reference, heard in expected)
        yield Ratio("punctuation_error_rate", wrong, sum(bool(reference) for reference, _ in expected))
    if capitals:
        wrong = sum(_letters(reference) != _letters(heard) for reference, heard in pairs)
        yield Ratio("capital_error_rate", wrong, len(pairs))


def _same_words(view: View) -> Iterable[tuple[str, str]]:
    """The displayed words that are one plain word each and were heard."""
    reference, heard = view.reference.shown, view.shown
    for r, h in matches(view.blocks):
        if reference.alone(r) and heard.alone(h):
            yield reference.words[reference.owners[r]], heard.words[heard.owners[h]]


def _mark(word: str) -> str:
    """The marks that follow it; an abbreviation's full stop is one of them."""
    found = MARKS.search(unicodedata.normalize("NFKC", word).rstrip(_CLOSING))
    return found[0] if found else ""


def _letters(word: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", word) if character.isalnum())
