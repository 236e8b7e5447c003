"""A corpus as a file: one piece of audio a line, and what is known of it.

JSON lines, each an object with the fields of ``voxport.take.Item``::

    {"audio": "calls/17.wav", "text": "Good morning.", "speaker": "anna", "language": "en", "tags": ["phone"]}

or CSV with a header of the same names; there ``tags``, ``names`` and ``key_terms`` are divided by ``;``, and ``words``
and ``segments`` are JSON. ``audio`` is a path from the manifest's own folder; ``id`` is that path without its suffix
unless another is given. All other fields may be missing.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from voxport.errors import SettingsError
from voxport.settings import unknown_name
from voxport.take import Item

LISTS = ("tags", "names", "key_terms")
"""Fields that hold several values, which CSV divides by a semicolon."""

Row = tuple[str, Mapping[str, Any]]
"""Where it stands, for errors, and its fields."""


def load_manifest(path: str | os.PathLike[str]) -> tuple[Item, ...]:
    """Read a manifest; the ``audio`` of each item is then a path that can be opened.

    Raises ``SettingsError``, with file and line, for what cannot be read, for a field that is unknown or does not fit,
    for audio that is not there, and for an ``id`` that stands twice.
    """
    file = Path(path)
    rows = _csv(file) if file.suffix.lower() == ".csv" else _json_lines(file)
    items = tuple(_item(where, fields, file.parent) for where, fields in rows)
    if not items:
        raise SettingsError(f"{file}: holds no audio; give a line for each piece of it")
    _require_unique(file, items)
    return items


def write_manifest(path: Path, items: Iterable[Item]) -> None:
    """Write JSON lines, which ``load_manifest`` reads."""
    path.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{file}: no such file; give a manifest, JSON lines or CSV") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: is no UTF-8 text; give a manifest, JSON lines or CSV") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}; give a manifest, JSON lines or CSV") from None


def _json_lines(file: Path) -> Iterator[Row]:
    for number, line in enumerate(_text(file).splitlines(), 1):
        if line.strip():
            where = f"{file}: line {number}"
            try:
                fields = msgspec.json.decode(line)
            except msgspec.DecodeError as error:
                raise SettingsError(f"{where}: is no JSON: {error}") from None
            if not isinstance(fields, dict):
                raise SettingsError(f"{where}: expected an object with 'audio', got {line[:40]}")
            yield where, fields


def _csv(file: Path) -> Iterator[Row]:
    reader = csv.DictReader(_text(file).splitlines(keepends=True))
    for fields in reader:
        where = f"{file}: line {reader.line_num}"
        if None in fields or None in fields.values():
            raise SettingsError(f"{where}: does not have the {len(reader.fieldnames or ())} fields of the header")
        yield where, {name: _cell(name, value) for name, value in fields.items() if value or name == "text"}


def _cell(name: str, value: str) -> Any:
    if name in LISTS:
        return [part.strip() for part in value.split(";") if part.strip()]
    return msgspec.json.decode(value) if name in {"words", "segments"} else value


def _item(where: str, fields: Mapping[str, Any], folder: Path) -> Item:
    unknown = next((name for name in fields if name not in Item.__struct_fields__), None)
    if unknown is not None:
        raise SettingsError(f"{where}: {unknown}: {unknown_name('field', unknown, Item.__struct_fields__)}")
    if not fields.get("audio"):
        raise SettingsError(f"{where}: has no 'audio'; give the path of the recording")
    named = {"id": str(PurePath(str(fields["audio"])).with_suffix("")), **fields}
    try:
        item = msgspec.convert(named, Item, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {error}") from None
    audio = folder / item.audio
    if not audio.is_file():
        raise SettingsError(f"{where}: {audio}: no such file; paths are taken from the manifest's folder")
    return msgspec.structs.replace(item, audio=str(audio))


def _require_unique(file: Path, items: Iterable[Item]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise SettingsError(f"{file}: the id {item.id!r} stands twice; give each piece of audio its own")
        seen.add(item.id)
