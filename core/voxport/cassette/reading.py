"""A cassette read back. It may come from anywhere: it is data, bounded, and every fault has its line number."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voxport.cassette import lines
from voxport.cassette.lines import AnyLine, End
from voxport.errors import VoxportError

MAX_LINE = 4 << 20
"""Bytes of one line."""
MAX_LINES = 2_000_000
"""Lines of one cassette: days of speech."""


class CassetteError(VoxportError):
    """A cassette that cannot be read: which file, which line, what is wrong."""


class Cassette(msgspec.Struct, frozen=True):
    """All lines between the head and the end. ``end`` is ``None`` when the recording was broken off."""

    path: Path
    head: lines.Head
    lines: tuple[AnyLine, ...]
    end: End | None


def read(path: str | os.PathLike[str]) -> Cassette:
    """Read a cassette. Raises ``CassetteError``."""
    place = Path(path)
    read_lines = _lines(place)
    head = next(read_lines, None)
    if not isinstance(head, lines.Head):
        raise CassetteError(f"{place}:1: this is no cassette; the first line must be its head")
    rest = list(read_lines)
    last = rest[-1] if rest else None
    end = last if isinstance(last, lines.End) else None
    return Cassette(place, head, tuple(rest[:-1] if end else rest), end)


def _lines(path: Path) -> Iterator[AnyLine]:
    try:
        with path.open("rb") as file:
            for number in range(1, MAX_LINES + 2):
                line = file.readline(MAX_LINE + 1)
                if not line:
                    return
                if len(line) > MAX_LINE or number > MAX_LINES:
                    raise CassetteError(f"{path}:{number}: too long for a cassette")
                yield _line(line, f"{path}:{number}")
    except OSError as error:
        raise CassetteError(f"{path}: cannot be read: {error.strerror or error}") from None


def _line(line: bytes, place: str) -> AnyLine:
    try:
        found: AnyLine = lines.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _require_known_version(line, place)
        raise CassetteError(f"{place}: {error}") from None
    if isinstance(found, lines.Head) and found.version != lines.VERSION:
        _require_known_version(line, place)
    return found


def _require_known_version(line: bytes, place: str) -> None:
    """A head of another version may not decode; say that rather than why."""
    try:
        tree = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    version = tree.get("version") if isinstance(tree, dict) and tree.get("kind") == "head" else lines.VERSION
    if version != lines.VERSION:
        known = lines.VERSION
        raise CassetteError(f"{place}: a cassette of format {version}; this voxport reads {known}: record it anew")
