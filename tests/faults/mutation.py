"""Frames that no provider sends: real ones with a wrong value, a missing or doubled member, bytes cut, spliced or flipped;
and ones that were never real.

All comes from the ``Random`` that is given: the same seed makes the same frames.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random

import msgspec

Frame = str | bytes

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
JUNK = (
    "null", "true", "false", "0", "-1", "1", "7", "1.5", "-0.0", "1e-320", "1e308", "-1e308", "1e400", "1" + "0" * 30,
    "-1" + "0" * 30, str(2**63), str(2**64), "1" * 5000, "NaN", "-Infinity", '""', '"NaN"', '"inf"', '"1e309"', '"-1"', r'"\ud800"',
    r'"\udc00\ud800"', r'"\u0000"', '"\U0001f600\u202e"', '"%s%n{}{0}"', '"a b"', '"' + "x" * 1000 + '"', "[]", "{}",
    "[[]]", "[null]", "[{}]", '{"":null}', "[0,0]", "[-1,2]", "[1,99999999999]", "[" + "0," * 999 + "0]", '[""]',
)  # fmt: skip
"""In the place of a value; some of it is no JSON."""
LIKE = {
    kind: tuple(junk for junk in JUNK if re.match(first, junk))
    for kind, first in (("number", r"-?\d"), ("string", '"'), ("list", r"\["), ("object", "{"), ("word", "[tfn]"))
}
"""The same by kind: a decoder that looks at types alone takes it for a value of its kind."""
KINDS = {'"': "string", "[": "list", "{": "object", "t": "word", "f": "word", "n": "word"}
DEEP = 100_000
HUGE = 1_000_000
RARE = 0.002
"""How much of the frames and of the junk is deeply nested or huge."""


class Real(msgspec.Struct, frozen=True):
    """A frame as it was sent, and where in it values and members (name and value) stand."""

    text: str
    values: Sequence[tuple[int, int]]
    members: Sequence[tuple[int, int]]


def real(text: str) -> Real:
    """``text``, which is JSON, with the places at which it can be changed."""
    values: list[tuple[int, int]] = []
    members: list[tuple[int, int]] = []
    opened: list[int] = []
    names: list[int | None] = []
    name: int | None = None
    for token in TOKEN.finditer(text):
        start, end, mark = token.start(), token.end(), token.group()
        if mark == ":":
            name, _ = values.pop()
        elif mark in "{[":
            opened.append(start)
            names.append(name)
            name = None
        elif mark != ",":
            closes = mark in "}]"
            begin = opened.pop() if closes else start
            name = names.pop() if closes else name
            values.append((begin, end))
            if name is not None:
                members.append((name, end))
            name = None
    return Real(text, values, members)


class Mutator:
    """Makes frames of those that were ``sent``; at an end to which ``binary`` frames are text too, of either kind."""

    def __init__(self, sent: Sequence[Frame], random: Random, *, binary: bool) -> None:
        """Reads the frames once."""
        self.reals = [real(frame) for frame in dict.fromkeys(frame for frame in sent if isinstance(frame, str))]
        self._audio = [frame for frame in sent if isinstance(frame, bytes)][:4] or [b"\0\0"]
        self._random = random
        self._binary = binary
        self._ways = (
            self._unchanged,
            self._unchanged,
            self._likely_value,
            self._likely_value,
            self._likely_value,
            self._likely_value,
            self._likely_value, self._wrong_value, self._wrong_value, self._wrong_value, self._wrong_values,
            self._foreign_value, self._without_member, self._doubled_member, self._cut, self._spliced, self._flipped,
            self._noise, self._bytes,
        )  # fmt: skip

    def frames(self, count: int) -> Iterator[Frame]:
        """So many."""
        draw, ways = self._random.random, self._ways
        for _ in range(count):
            yield self._monster() if draw() < RARE else ways[int(draw() * len(ways))]()

    def _pick(self) -> Real:
        return self.reals[int(self._random.random() * len(self.reals))]

    def _of(self, places: Sequence[tuple[int, int]]) -> tuple[int, int]:
        return places[int(self._random.random() * len(places))] if places else (0, 0)

    def _junk(self) -> str:
        if self._random.random() < RARE:
            return self._random.choice(("[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, f'"{"x" * HUGE}"'))
        return JUNK[int(self._random.random() * len(JUNK))]

    def _unchanged(self) -> Frame:
        return self._pick().text

    def _wrong_value(self) -> Frame:
        frame = self._pick()
        start, end = self._of(frame.values)
        return frame.text[:start] + self._junk() + frame.text[end:]

    def _likely_value(self) -> Frame:
        frame = self._pick()
        start, end = self._of(frame.values)
        kind = KINDS.get(frame.text[start : start + 1], "number")
        return frame.text[:start] + self._random.choice(LIKE[kind]) + frame.text[end:]

    def _wrong_values(self) -> Frame:
        """From the last to the first, so that those before stay where they are."""
        frame = self._pick()
        text, before = frame.text, len(frame.text)
        for start, end in sorted((self._of(frame.values) for _ in range(3)), reverse=True):
            if end <= before:
                text, before = text[:start] + self._junk() + text[end:], start
        return text

    def _foreign_value(self) -> Frame:
        frame, other = self._pick(), self._pick()
        (start, end), (first, last) = self._of(frame.values), self._of(other.values)
        return frame.text[:start] + other.text[first:last] + frame.text[end:]

    def _without_member(self) -> Frame:
        text, (start, end) = (frame := self._pick()).text, self._of(frame.members)
        if text[end : end + 1] == ",":
            return text[:start] + text[end + 1 :]
        return text[:start].rstrip().removesuffix(",") + text[end:]

    def _doubled_member(self) -> Frame:
        text, (start, end) = (frame := self._pick()).text, self._of(frame.members)
        doubled = (
            text[start:end] if self._random.random() < 0.5 else text[start:end].partition(":")[0] + ":" + self._junk()
        )
        return f"{text[:start]}{doubled},{text[start:]}"

    def _cut(self) -> Frame:
        text = self._pick().text
        return text[: self._random.randrange(len(text) + 1)]

    def _spliced(self) -> Frame:
        text, other = self._pick().text, self._pick().text
        return text[: self._random.randrange(len(text) + 1)] + other[self._random.randrange(len(other) + 1) :]

    def _flipped(self) -> Frame:
        """As bytes, so that it may be no UTF-8; as text, with what is none replaced or, as no decoder of a socket would
        have it, as lone surrogates.
        """
        flipped = bytearray(self._pick().text.encode())
        for _ in range(self._random.randrange(1, 4)):
            flipped[self._random.randrange(len(flipped))] ^= 1 << self._random.randrange(8)
        if self._binary and self._random.random() < 0.5:
            return bytes(flipped)
        return flipped.decode(errors=self._random.choice(("replace", "surrogateescape")))

    def _noise(self) -> Frame:
        if self._random.random() < 0.5:
            return "".join(
                self._random.choices('{}[]":,\\u0-1e. \ntruefalsn\ud800\U0001f600', k=self._random.randrange(40))
            )
        return self._junk()

    def _bytes(self) -> Frame:
        if self._random.random() < 0.5:
            return self._random.choice(self._audio)
        return self._random.randbytes(self._random.randrange(64))

    def _monster(self) -> Frame:
        """Deeply nested or huge."""
        kind = self._random.randrange(5)
        if kind == 0:
            return "[" * DEEP
        if kind == 1:
            return "x" * HUGE
        if kind == 2:
            return b"\xff" * HUGE
        frame = self._pick()
        start, end = self._of(frame.values)
        many = "[" + frame.text[start:end] + f",{frame.text[start:end]}" * (HUGE // 4 // max(1, end - start)) + "]"
        return f"{frame.text[:start]}{many}{frame.text[end:]}" if kind == 3 else frame.text[:start] + '[{"a":' * DEEP
