"""Takes kept in a file, each as soon as it ends, so that a run can go on where it was ended, by whatever.

The file is SQLite's. A take is there whole or not at all.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

import msgspec

from voxport.errors import SettingsError
from voxport.events import Ended, Failed, FailureKind
from voxport.take import Take, decode_take, encode

MARK = int.from_bytes(b"voxp")
FORMAT = 1
"""What marks the file, and tells how the tables below are."""

_TABLES = """
CREATE TABLE takes (
    item TEXT NOT NULL, label TEXT NOT NULL,
    asked TEXT NOT NULL,  -- fingerprint of audio and settings
    ending TEXT NOT NULL,
    body BLOB NOT NULL,   -- the take as JSON, deflated
    PRIMARY KEY (item, label)
) WITHOUT ROWID
"""


Ending = Literal["ended", "tail_lost", "error"] | FailureKind
"""``ended`` as it should, without the end of the transcript, failed, or by something else than the provider."""

DONE: frozenset[Ending] = frozenset({"ended", "tail_lost"})
"""The endings after which nothing is to be tried again."""


class Kept(msgspec.Struct, frozen=True):
    """A take as it is kept. ``asked`` says of what audio and settings it is the result."""

    item: str
    label: str
    asked: str
    ending: Ending
    body: bytes

    @classmethod
    def of(cls, take: Take, asked: str) -> Kept:
        """Pack a take."""
        return cls(take.item, take.label, asked, ending(take), zlib.compress(encode(take), 1))


def ending(take: Take) -> Ending:
    """How a take ended."""
    if isinstance(take.last, Failed):
        return take.last.kind
    if take.outcome == "error":
        return "error"
    return "tail_lost" if isinstance(take.last, Ended) and take.last.tail_lost else "ended"


class Store:
    """The takes of one comparison, by item and label; for one thread. ``path`` ``:memory:`` keeps nothing."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Opens the file, or makes it. Raises ``SettingsError`` when it cannot, or when the file is something else."""
        self._path = os.fspath(path)
        try:
            self._base = sqlite3.connect(self._path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise SettingsError(f"{self._path}: cannot hold results: {error}; name another with --results") from None

    def _prepare(self) -> None:
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        is_new = not self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        marks = ("application_id", "user_version")
        made_as = tuple(self._base.execute(f"PRAGMA {name}").fetchone()[0] for name in marks)
        if is_new:
            self._base.executescript(
                f"BEGIN IMMEDIATE; {_TABLES}; PRAGMA application_id = {MARK}; PRAGMA user_version = {FORMAT}; COMMIT"
            )
        elif made_as != (MARK, FORMAT):
            raise sqlite3.DatabaseError("it is not, or not of this format, a comparison's results")

    def __enter__(self) -> Self:
        """Nothing more."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._base.close()

    def put(self, takes: Sequence[Kept]) -> None:
        """Keep these takes, all or none; older ones of the same item and label go."""
        rows = [msgspec.structs.astuple(kept) for kept in takes]
        with self._base:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("INSERT OR REPLACE INTO takes VALUES (?, ?, ?, ?, ?)", rows)

    def known(self) -> dict[tuple[str, str], tuple[str, Ending]]:
        """What was asked and how it ended, by item and label."""
        rows = self._base.execute("SELECT item, label, asked, ending FROM takes")
        return {(item, label): (asked, how) for item, label, asked, how in rows}

    def takes(self, item: str, asked: Mapping[str, str]) -> dict[str, Take]:
        """What is kept of an item and answers what is ``asked``, by label."""
        rows = self._base.execute("SELECT label, asked, body FROM takes WHERE item = ?", (item,))
        return {label: decode_take(zlib.decompress(body)) for label, found, body in rows if asked.get(label) == found}

    def __iter__(self) -> Iterator[Take]:
        """All takes, item by item."""
        for (body,) in self._base.execute("SELECT body FROM takes ORDER BY item, label"):
            yield decode_take(zlib.decompress(body))
