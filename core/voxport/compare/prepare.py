"""Corpora that come in packages: speech and its text, made into a manifest.

``asterisk``: the announcements of the Asterisk telephone exchange, as Debian packages them, read by professional
speakers; 16 kHz (G.722), CC BY-SA 3.0. Texts that begin or end in the middle of a sentence have dots there, which are
left out; noises are left out; recordings of silence are kept, with an empty text, since words heard in them are errors
too.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voxport.compare.manifest import write_manifest
from voxport.errors import MissingExtraError, SettingsError
from voxport.take import Item

if TYPE_CHECKING:
    from voxport.audio.formats import Samples

RATE = 16_000
"""Hz of the recordings."""
BYTES_PER_SECOND = 8_000
"""Of G.722 at 64 kbit/s."""

_NOISE = re.compile(r"[\[<(]")
_DOTS = re.compile(r"^\s*\.{3}\s*|\s*\.{3}\s*$")
_SILENCE = "silence"


def asterisk(to: Path, *, language: str = "en", at_least: float = 2.0, root: Path = Path("/")) -> tuple[Path, int]:
    """Make the folder ``to`` a corpus of the announcements of ``at_least`` so many seconds.

    Returns its manifest and the number of items. ``root`` is where the packages are unpacked. Raises ``SettingsError``
    when they are not there, and ``MissingExtraError`` without the extra ``compare``.
    """
    sounds = root / "usr/share/asterisk/sounds" / language
    package = f"asterisk-core-sounds-{language}"
    texts = root / "usr/share/doc" / package / f"core-sounds-{language}.txt.gz"
    found = [
        (name, text, sound)
        for name, text in (_texts(texts) if texts.is_file() else ())
        if (sound := sounds / f"{name}.g722").is_file() and sound.stat().st_size >= at_least * BYTES_PER_SECOND
    ]
    if not found:
        raise SettingsError(
            f"no recordings of {package} under {root}: on Debian or Ubuntu, apt-get install {package} {package}-g722"
        )
    to.mkdir(parents=True, exist_ok=True)
    manifest = to / "manifest.jsonl"
    write_manifest(manifest, [_item(to, name, text, sound, language) for name, text, sound in found])
    return manifest, len(found)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each recording of speech or silence."""
    for line in gzip.decompress(path.read_bytes()).decode("utf-8", errors="replace").splitlines():
        name, divided, text = line.partition(": ")
        if name.startswith(f"{_SILENCE}/"):
            yield name, ""
        elif divided and not line.startswith(";") and not _NOISE.search(text):
            yield name, _DOTS.sub("", text).strip()


def _item(to: Path, name: str, text: str, sound: Path, language: str) -> Item:
    import soundfile  # noqa: PLC0415 -- brings numpy

    audio = f"{name.replace('/', '-')}.flac"
    samples = _decoded(sound.read_bytes())
    soundfile.write(to / audio, samples, RATE)
    family = re.split(r"[-/]", name)[0]
    return Item(id=name, audio=audio, text=text, seconds=len(samples) / RATE, language=language, tags=(family,))


def _decoded(data: bytes) -> Samples:
    import numpy as np  # noqa: PLC0415 -- costs more than the rest of this module

    try:
        from G722 import G722  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise MissingExtraError("reading G.722", "compare") from error
    return np.asarray(G722(RATE, BYTES_PER_SECOND * 8).decode(data), np.int16).astype(np.float32) / np.float32(32768)
