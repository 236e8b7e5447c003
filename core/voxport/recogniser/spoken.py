"""How a displayed word is said: ``$2.50`` is ``two point five zero dollars``.

Good enough to find the word in audio; no attempt at style.
"""

from __future__ import annotations

import re

_ONES = (  # noqa: SIM905 -- a list of twenty literals says no more
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 -- likewise
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_UNITS = {"$": "dollars", "£": "pounds", "€": "euros", "%": "percent"}
_SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals"}
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip

_PIECE = re.compile(
    r"(?P<whole>\d[\d,]*)(?P<fraction>\.\d+)?(?P<ordinal>st|nd|rd|th)?|(?P<sign>[$£€%&@+=])|(?P<letters>[^\W\d_]+(?:'[^\W\d_]+)*)"
)


def spoken(word: str) -> list[str]:
    """The spoken words of one displayed word, in lower case and without punctuation; none for mere punctuation."""
    said: list[str] = []
    unit: list[str] = []
    for found in _PIECE.finditer(word.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        if found["letters"]:
            said.append(found["letters"])
        elif found["sign"] in _UNITS:
            unit.append(_UNITS[found["sign"]])
        elif found["sign"]:
            said.append(_SIGNS[found["sign"]])
        else:
            said += _number(found["whole"].replace(",", ""), found["fraction"] or "", ordinal=bool(found["ordinal"]))
    return said + unit


def _number(whole: str, fraction: str, *, ordinal: bool) -> list[str]:
    said = _digits(whole) if len(whole) > 12 or whole.startswith("0") else _year_or_cardinal(int(whole))
    if fraction:
        return [*said, "point", *_digits(fraction[1:])]
    return [*said[:-1], _ordinal(said[-1])] if ordinal else said


def _digits(digits: str) -> list[str]:
    return [_ONES[int(digit)] for digit in digits]


def _year_or_cardinal(number: int) -> list[str]:
    if 1100 <= number < 2000 and number % 100 >= 10:
        return _cardinal(number // 100) + _cardinal(number % 100)
    return _cardinal(number)


def _cardinal(number: int) -> list[str]:
    for size, name in _SCALES:
        if number >= size:
            return [*_cardinal(number // size), name, *(_cardinal(number % size) if number % size else [])]
    if number < 20:
        return [_ONES[number]]
    return [_TENS[number // 10], *([_ONES[number % 10]] if number % 10 else [])]


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (word[:-1] + "ieth" if word.endswith("y") else word + "th")
