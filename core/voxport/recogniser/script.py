"""A recogniser that hears what a script says: exact words, times and confidences, whatever the audio is.

A script is a YAML list, one mapping for each word, in order of time::

    - {text: Good,    start: 0.2, end: 0.5, confidence: 0.98}
    - {text: morning, start: 0.5, end: 0.9, confidence: 0.91, partials: [more, mourning], ends_turn: true}
    - {text: Bonjour, start: 1.4, end: 1.8, speaker: B, language: fr}

``text``, ``start`` and ``end`` (seconds) are required; ``confidence`` (0 to 1), ``speaker`` and ``language`` are what
the final says. ``partials`` are what partials show before the word is over, at even steps between its start and end.
``ends_turn`` ends the turn with this word; so does a gap of 1.0 s after it, and the end of the audio.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from voxport.errors import SettingsError
from voxport.events import Word
from voxport.recogniser import RATE, Heard
from voxport.settings import read_yaml, unknown_name

if TYPE_CHECKING:
    from voxport.recogniser import Samples

GAP = 1.0
"""Seconds without a word that end a turn."""

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)

Seconds = Annotated[float, Meta(ge=0)]


class ScriptedWord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One word of a script; see the module."""

    text: Annotated[str, Meta(min_length=1)]
    start: Seconds
    end: Seconds
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    speaker: str | None = None
    language: str | None = None
    partials: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    ends_turn: bool = False

    def word(self) -> Word:
        """The word as a final has it."""
        return Word(self.text, self.start, self.end, self.confidence, self.speaker, self.language)


class Script:
    """A ``Recogniser`` that plays a script as the audio's time passes. Every stream hears it from the beginning.

    A word is heard when the audio has come to its end: in a partial or, with the last word of a turn, the final. Words
    that end after the audio does are never heard.
    """

    name = "script"

    def __init__(self, words: Sequence[ScriptedWord]) -> None:
        """``words`` in order of time; see ``load`` for what is checked in a file."""
        self._cues = tuple(_cues(words))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Script:
        """Read a script.

        Raises ``SettingsError`` when the file cannot be read or does not fit, with the file, the place in it and what
        was expected.
        """
        return cls.of(read_yaml(path), os.fspath(path))

    @classmethod
    def of(cls, tree: Sequence[Mapping[str, Any]], origin: str = "script") -> Script:
        """The same for a list that is already in memory; ``origin`` names it in errors."""
        try:
            words = msgspec.convert(tree, tuple[ScriptedWord, ...])
        except msgspec.ValidationError as error:
            raise SettingsError(f"{origin}: {_explain(str(error))}") from None
        for at, (before, word) in enumerate(pairwise((None, *words))):
            _require_order(before, word, f"{origin}: [{at}]")
        return cls(words)

    def listen(self) -> _Playing:
        """See ``Recogniser``."""
        return _Playing(self._cues)


class _Cue(msgspec.Struct, frozen=True):
    """What happens at one time: ``shown`` is what partials have of the current word, ``word`` what it is once over."""

    at: float
    shown: Word | None = None
    word: Word | None = None
    ends_turn: bool = False


class _Playing:
    """One stream of audio passing by."""

    def __init__(self, cues: Sequence[_Cue]) -> None:
        self._cues = deque(cues)
        self._words: list[Word] = []
        self._passed = 0

    def hear(self, samples: Samples, /) -> list[Heard]:
        self._passed += len(samples)
        heard: list[Heard] = []
        while self._cues and self._cues[0].at <= self._passed / RATE:
            heard += self._play(self._cues.popleft())
        return heard

    def flush(self) -> list[Heard]:
        words, self._words = tuple(self._words), []
        return [Heard.of(words, is_final=True)] if words else []

    def finish(self) -> list[Heard]:
        heard = self.flush()
        self.close()
        return heard

    def close(self) -> None:
        self._cues.clear()
        self._words.clear()

    def _play(self, cue: _Cue) -> list[Heard]:
        if cue.word is not None:
            self._words.append(cue.word)
        if cue.ends_turn:
            return self.flush()
        shown = tuple(self._words) if cue.shown is None else (*self._words, cue.shown)
        return [Heard.of(shown, is_final=False)]


def _cues(words: Sequence[ScriptedWord]) -> Iterator[_Cue]:
    """All that happens, in order of time."""
    for scripted, following in pairwise((*words, None)):
        assert scripted is not None
        steps = len(scripted.partials) + 1
        for step, text in enumerate(scripted.partials, 1):
            at = scripted.start + (scripted.end - scripted.start) * step / steps
            yield _Cue(at, shown=Word(text, scripted.start, at, estimated=True))
        yield _Cue(scripted.end, word=scripted.word(), ends_turn=scripted.ends_turn)
        gap = following is None or following.start - scripted.end >= GAP
        if gap and not scripted.ends_turn:
            yield _Cue(scripted.end + GAP, ends_turn=True)


def _explain(error: str) -> str:
    """A complaint of msgspec, with the place first and the nearest key."""
    what, _, path = error.partition(" - at `$")
    if unknown := _UNKNOWN_FIELD.fullmatch(what):
        name = unknown[1]
        what = f"{name!r}: {unknown_name('key', name, ScriptedWord.__struct_fields__)}"
    said = what[:1].lower() + what[1:]
    return f"{path.removesuffix('`')}: {said}" if path else said


def _require_order(before: ScriptedWord | None, word: ScriptedWord | None, place: str) -> None:
    assert word is not None
    if word.end < word.start:
        raise SettingsError(f"{place}.end: {word.end} is before the word's start, {word.start}")
    if before is not None and word.start < before.end:
        raise SettingsError(f"{place}.start: {word.start} is before the end of the word before, {before.end}")
