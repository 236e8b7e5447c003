"""Two rows of words side by side: which were heard, which were changed, lost or made up.

An alignment is a row of blocks. Two are to be had. ``align`` finds the fewest errors: each substitution, deletion and
insertion costs 1, as in ``jiwer``. ``sclite`` finds the cheapest way at 4, 3 and 3, as NIST's scoring tool SCTK does
by default, which prefers a word lost and one made up to two that are changed into nothing like them; it may count more
errors, never fewer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxport.errors import MissingExtraError

Kind = Literal["equal", "replace", "delete", "insert"]


class Block(NamedTuple):
    """Words ``r0`` to ``r1`` of the reference against ``h0`` to ``h1`` of the hypothesis; ends are exclusive.

    In a block ``equal`` or ``replace`` both sides are of equal length.
    """

    kind: Kind
    r0: int
    r1: int
    h0: int
    h1: int


Alignment: TypeAlias = tuple[Block, ...]

_KINDS: Mapping[str, Kind] = {"equal": "equal", "replace": "replace", "delete": "delete", "insert": "insert"}


class Counts(msgspec.Struct, frozen=True):
    """Words heard, and errors apart."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference(self) -> int:
        """Words of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float | None:
        """Errors by words of the reference; ``None`` for a reference without words."""
        return self.errors / self.reference if self.reference else None

    def __add__(self, other: "Counts") -> "Counts":
        """Both, pooled."""
        return Counts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Alignment:
    """The alignment with the fewest errors. Raises ``MissingExtraError`` without the extra ``compare``."""
    try:
        from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise MissingExtraError("measuring", "compare") from error
    return tuple(
        Block(_KINDS[op.tag], op.src_start, op.src_end, op.dest_start, op.dest_end)
        for op in Levenshtein.opcodes(reference, hypothesis)
    )


def count(blocks: Iterable[Block]) -> Counts:
    """The words and errors of an alignment."""
    found = {"equal": 0, "replace": 0, "delete": 0, "insert": 0}
    for kind, r0, r1, h0, h1 in blocks:
        found[kind] += max(r1 - r0, h1 - h0)
    return Counts(found["equal"], found["replace"], found["delete"], found["insert"])


def matches(blocks: Iterable[Block]) -> Iterable[tuple[int, int]]:
    """The places, in reference and hypothesis, of each word that was heard."""
    for kind, r0, r1, h0, h1 in blocks:
        if kind == "equal":
            yield from zip(range(r0, r1), range(h0, h1), strict=True)


def longest(blocks: Iterable[Block], kind: Kind) -> int:
    """The most words in a row that were all deleted, or all inserted."""
    return max((max(r1 - r0, h1 - h0) for found, r0, r1, h0, h1 in blocks if found == kind), default=0)


# --------------------------------------------------------------------------- as NIST's tool aligns

SUBSTITUTION, DELETION, INSERTION = 4, 3, 3
"""The costs; see https://github.com/usnistgov/SCTK, doc/sclite.htm."""


def sclite(reference: Sequence[str], hypothesis: Sequence[str]) -> Alignment:
    """The alignment of the least weighted cost."""
    steps: list[Kind] = []
    costs = _costs(reference, hypothesis)
    r, h = len(reference), len(hypothesis)
    while r or h:
        here = costs[r][h]
        same = r and h and reference[r - 1] == hypothesis[h - 1]
        if r and h and here == costs[r - 1][h - 1] + (0 if same else SUBSTITUTION):
            steps.append("equal" if same else "replace")
            r, h = r - 1, h - 1
        elif h and here == costs[r][h - 1] + INSERTION:
            steps.append("insert")
            h -= 1
        else:
            steps.append("delete")
            r -= 1
    return _blocks(reversed(steps))


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    """The least cost of each beginning of the reference against each beginning of the hypothesis."""
    rows = [[at * INSERTION for at in range(len(hypothesis) + 1)]]
    for at, word in enumerate(reference, start=1):
        above = rows[-1]
        row = [at * DELETION]
        for place, other in enumerate(hypothesis):
            diagonal = above[place] + (0 if word == other else SUBSTITUTION)
            row.append(min(diagonal, above[place + 1] + DELETION, row[place] + INSERTION))
        rows.append(row)
    return rows


def _blocks(steps: Iterable[Kind]) -> Alignment:
    """Steps of one word each, like ones in one block."""
    blocks: list[Block] = []
    r = h = 0
    for kind in steps:
        last = blocks.pop() if blocks and blocks[-1].kind == kind else Block(kind, r, r, h, h)
        r, h = r + (kind != "insert"), h + (kind != "delete")
        blocks.append(last._replace(r1=r, h1=h))
    return tuple(blocks)
