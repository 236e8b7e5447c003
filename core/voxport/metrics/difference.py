"""Two texts side by side, word by word, and what kind of thing each difference is.

Against a reference the differences are errors. Between two providers, where nobody knows the truth, they are
*disagreement*: no error rate, and none is made of it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from voxport.metrics.align import Block, matches
from voxport.metrics.text import Normaliser, Shown, plain_of, plain_words, shown

Kind = Literal["same", "formatting", "number", "name", "content", "missing", "extra"]
"""``formatting``: other case, punctuation or spelling of the same, so that the normaliser makes no difference of it.
``number``: words in place of others, and a number among them. ``name``: the same with a declared name, or a capital
letter inside a sentence. ``content``: other words. ``missing``: words only in the first text. ``extra``: only in the
second."""

KINDS: tuple[Kind, ...] = ("formatting", "number", "name", "content", "missing", "extra")


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of both texts, as displayed."""

    kind: Kind
    first: str
    second: str


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """How much two providers disagree. The counts are words; ``rate`` is all but formatting by ``words``.

    ``words`` is the mean of the words of both, by the normaliser ``plain``; ``items`` are those that both transcribed.
    """

    items: int
    identical: int
    """Items without any difference but formatting."""
    words: float
    formatting: int = 0
    number: int = 0
    name: int = 0
    content: int = 0
    missing: int = 0
    extra: int = 0
    rate: float | None = None


Pieces: TypeAlias = tuple[Piece, ...]


def compare(first: Shown, second: Shown, blocks: Sequence[Block], by: Normaliser, names: Iterable[str] = ()) -> Pieces:
    """The pieces of two texts whose plain words are aligned in ``blocks``, in order; none is lost.

    Words that are one plain word each and match are compared by themselves. What lies between two such words is looked
    at as a whole: "twenty two" and "22" differ in formatting only if ``by`` makes the same of them.
    """
    judge = _Judge(by, {plain for name in names for plain in shown(name.split()).plain})
    pieces: list[Piece] = []
    done = (0, 0)
    for (r, h), changes in _anchors(first, second, blocks):
        pieces += judge.gap(_Gap(first, second, (done[0], r), (done[1], h)), changes)
        if r < len(first.words):
            pieces.append(_pair(first.words[r], second.words[h]))
        done = (r + 1, h + 1)
    return tuple(_joined(pieces))


def tally(pieces: Iterable[Piece]) -> dict[Kind, int]:
    """Words by kind: displayed ones of formatting, plain ones of all else.

    Of words in place of others as many count as both sides have; the rest is missing or extra.
    """
    found = dict.fromkeys(KINDS, 0)
    for kind, first, second in map(msgspec.structs.astuple, pieces):
        if kind == "formatting":
            found[kind] += max(len(first.split()), len(second.split()))
        elif kind != "same":
            here, there = (sum(1 for _ in plain_words(side)) for side in (first, second))
            found[kind] += min(here, there)
            found["missing"] += max(0, here - there)
            found["extra"] += max(0, there - here)
    return found


def disagreement(pieces: Sequence[Pieces], words: float) -> Disagreement:
    """Over items; ``words`` as in ``Disagreement``."""
    found = tally(piece for item in pieces for piece in item)
    differing = sum(found.values()) - found["formatting"]
    same = sum(all(piece.kind in {"same", "formatting"} for piece in item) for item in pieces)
    return Disagreement(
        items=len(pieces), identical=same, words=words, rate=differing / words if words else None, **found
    )


def _anchors(first: Shown, second: Shown, blocks: Iterable[Block]) -> Iterable[tuple[tuple[int, int], Sequence[Block]]]:
    """The displayed words that match one to one, then the ends of both; each with the blocks before it."""
    before: list[Block] = []
    for block in blocks:
        if block.kind != "equal":
            before.append(block)
            continue
        for r, h in matches((block,)):
            if first.alone(r) and second.alone(h):
                yield (first.owners[r], second.owners[h]), before
                before = []
            else:
                before.append(Block("equal", r, r + 1, h, h + 1))
    yield (len(first.words), len(second.words)), before


class _Gap(msgspec.Struct, frozen=True):
    """Displayed words of both texts, from and to."""

    first: Shown
    second: Shown
    r: tuple[int, int]
    h: tuple[int, int]

    @property
    def here(self) -> tuple[str, ...]:
        return self.first.words[slice(*self.r)]

    @property
    def there(self) -> tuple[str, ...]:
        return self.second.words[slice(*self.h)]

    def split(self, blocks: Sequence[Block]) -> Iterable["_Gap"]:
        """The same by the blocks of the alignment, where each displayed word is one plain word; else as it is."""
        one_to_one = _one_to_one(self.first, self.r) and _one_to_one(self.second, self.h)
        if not one_to_one or not blocks:
            yield self
            return
        r, h = self.r[0] - blocks[0].r0, self.h[0] - blocks[0].h0
        for _, r0, r1, h0, h1 in blocks:
            yield _Gap(self.first, self.second, (r0 + r, r1 + r), (h0 + h, h1 + h))


def _one_to_one(side: Shown, span: tuple[int, int]) -> bool:
    return all(len(plain_of(word)) == 1 for word in side.words[slice(*span)])


class _Judge:
    """What kind of difference it is."""

    def __init__(self, by: Normaliser, names: set[str]) -> None:
        self._by = by
        self._names = names

    def gap(self, gap: _Gap, blocks: Sequence[Block]) -> Iterable[Piece]:
        """The pieces of what lies between two words that match."""
        if gap.here == gap.there:
            return (Piece("same", " ".join(gap.here), " ".join(gap.there)),) if gap.here else ()
        if self._words(gap.here) == self._words(gap.there):
            return (Piece("formatting", " ".join(gap.here), " ".join(gap.there)),)
        return (Piece(self._kind(part), " ".join(part.here), " ".join(part.there)) for part in gap.split(blocks))

    def _words(self, words: Iterable[str]) -> tuple[str, ...]:
        return self._by.words(" ".join(words))

    def _kind(self, gap: _Gap) -> Kind:
        here, there = self._words(gap.here), self._words(gap.there)
        if here == there:
            return "formatting"
        if not there:
            return "missing"
        if not here:
            return "extra"
        if any(character.isdigit() for word in (*here, *there) for character in word):
            return "number"
        sides = ((gap.first, gap.r), (gap.second, gap.h))
        named = any(self._is_name(side.words, at) for side, span in sides for at in range(*span))
        return "name" if named else "content"

    def _is_name(self, words: Sequence[str], at: int) -> bool:
        plain = shown((words[at],)).plain
        inside = at > 0 and words[at - 1][-1] not in ".?!:"
        capital = inside and words[at][0].isupper() and plain[:1] != ("i",) and not words[at].startswith("I'")
        return capital or any(one in self._names for one in plain)


def _pair(first: str, second: str) -> Piece:
    return Piece("same" if first == second else "formatting", first, second)


def _joined(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """Neighbours that are the same, or differ in formatting, as one."""
    last: Piece | None = None
    for piece in pieces:
        if last and last.kind == piece.kind and piece.kind in {"same", "formatting"}:
            last = Piece(last.kind, _join(last.first, piece.first), _join(last.second, piece.second))
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def _join(before: str, after: str) -> str:
    return f"{before} {after}" if before and after else before or after
