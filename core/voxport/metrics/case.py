"""A take beside the truth, with what several measures need of them made once."""

import os
from collections.abc import Iterable
from functools import cached_property

import msgspec

from voxport.metrics.align import Alignment, align
from voxport.metrics.files import read_as
from voxport.metrics.heard import Heard, HeardWord, SendClock
from voxport.metrics.text import Normaliser, Shown, normaliser, shown
from voxport.take import Item, Segment, Take

Stretch = tuple[float, float]
"""Seconds of audio, from and to."""


class Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is measured. What the figures depend on is all here, and goes with them."""

    normalisers: tuple[str, ...]
    """Under which texts are compared, in the order to show; see ``voxport.metrics.text``."""
    primary: str
    """The one of them that ranks, and by which recalls, terms and runs are told; ``plain`` takes its place for items in
    a language that it does not serve."""
    edge_words: int = 5
    """How many words are the head and the tail."""
    collar: float = 0.25
    """Seconds around each boundary of reference speech in which no speaker, silence or turn end is judged."""
    off_by: float = 0.1
    """Seconds from which a word's time counts as off."""
    turn_patience: float = 2.0
    """Seconds of audio after a turn within which its end must be told, else it is missing."""
    resamples: int = 10_000
    seed: int = 1
    confidence: float = 0.95
    """Of every interval."""


class Reference(msgspec.Struct, frozen=True):
    """A text that is true, and its words as displayed."""

    text: str
    shown: Shown


def read_method(path: str | os.PathLike[str]) -> Method:
    """A file such as ``config/measure.yaml``. Raises ``SettingsError`` when it is missing or does not fit."""
    return read_as(path, Method)


class Truth:
    """An item with what measuring needs of it; made once and used for all its takes."""

    def __init__(self, item: Item, method: Method) -> None:
        """Nothing is computed before it is asked for."""
        self.item = item
        self.normalisers = tuple(
            found for name in method.normalisers if (found := normaliser(name, item.language)).serves(item.language)
        )
        ranks = normaliser(method.primary, item.language)
        self.primary = ranks if ranks.serves(item.language) else normaliser("plain")

    @cached_property
    def speech(self) -> tuple[Stretch, ...] | None:
        """Where speech is, merged and in order; ``None`` if nobody told."""
        told = [(segment.start, segment.end) for segment in self.item.segments] or [
            (word.start, word.end) for word in self.item.words if word.start is not None and word.end is not None
        ]
        if not told and self.item.text != "":
            return None
        return merged(told)

    @cached_property
    def turns(self) -> tuple[Stretch, ...]:
        """Whose ends are to be told: the segments, or else all speech as one."""
        if self.item.segments:
            return tuple(sorted((segment.start, segment.end) for segment in self.item.segments))
        return ((self.speech[0][0], self.speech[-1][1]),) if self.speech else ()

    @cached_property
    def timed(self) -> Shown:
        """The words that have times."""
        return shown(word.text for word in self.item.words)

    def texts(self, channels: int) -> dict[int | None, Reference]:
        """What is said: on each channel, if the audio has several and segments tell; else of all, under ``None``."""
        segments = self.item.segments
        told = channels > 1 and segments and all(s.channel is not None and s.text is not None for s in segments)
        return self._by_channel if told else self._as_one

    @cached_property
    def _as_one(self) -> dict[int | None, Reference]:
        return {None: _reference(self.item.text or "")}

    @cached_property
    def _by_channel(self) -> dict[int | None, Reference]:
        channels = sorted({segment.channel or 0 for segment in self.item.segments})
        return {channel: _reference(_said(self.item.segments, channel)) for channel in channels}


def _reference(text: str) -> Reference:
    return Reference(text, shown(text.split()))


def _said(segments: Iterable[Segment], channel: int) -> str:
    own = sorted((segment.start, segment.text or "") for segment in segments if segment.channel == channel)
    return " ".join(text for _, text in own)


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same, in order, those that touch made one."""
    whole: list[Stretch] = []
    for start, end in sorted(stretches):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return tuple(whole)


def overlap(stretch: Stretch, others: Iterable[Stretch]) -> float:
    """How many seconds of ``stretch`` lie in ``others``, which do not overlap each other."""
    return sum(max(0.0, min(stretch[1], end) - max(stretch[0], start)) for start, end in others)


class Case:
    """One take on one item."""

    def __init__(self, truth: Truth, take: Take, method: Method) -> None:
        """Nothing is computed before it is asked for."""
        self.truth = truth
        self.item = truth.item
        self.take = take
        self.method = method
        self._pairs: dict[str, tuple[Pair, ...]] = {}

    @cached_property
    def heard(self) -> Heard:
        """What it heard."""
        return Heard(self.take)

    @cached_property
    def clock(self) -> SendClock:
        """When what had been sent."""
        return SendClock(self.take.sent)

    @cached_property
    def views(self) -> tuple["View", ...]:
        """The displayed words against those heard: by channel, if the reference tells channels apart, else as one."""
        known = self.truth.texts(self.take.channels)
        told = {channel for channel in known if channel is not None}
        channels = sorted(told | set(self.heard.channels)) if told else [None]
        return tuple(self._view(channel, known.get(channel, _reference(""))) for channel in channels)

    @cached_property
    def spoken(self) -> dict[int, Shown]:
        """The words of all finals as displayed, by channel."""
        return {channel: shown(word.text for word in self.heard.words(channel)) for channel in self.heard.channels}

    def _view(self, channel: int | None, reference: Reference) -> "View":
        words = self.heard.words(channel)
        heard = shown(word.text for word in words)
        text = self.heard.text(channel)
        return View(channel, reference, text, words, heard, align(reference.shown.plain, heard.plain))

    @cached_property
    def seconds(self) -> float:
        """Length of the audio."""
        return self.take.audio_seconds if self.item.seconds is None else self.item.seconds

    @property
    def speech(self) -> tuple[Stretch, ...]:
        """Where speech is; where nobody told, all of the audio is taken for speech."""
        known = self.truth.speech
        return ((0.0, self.seconds),) if known is None else known

    def pairs(self, by: Normaliser) -> tuple["Pair", ...]:
        """The same of words as ``by`` makes them comparable."""
        found = self._pairs.get(by.name)
        if found is None:
            found = self._pairs[by.name] = tuple(_pair(view, by) for view in self.views)
        return found


class View(msgspec.Struct, frozen=True):
    """What is said and what was heard, as displayed, and the alignment of the plain words."""

    channel: int | None
    reference: Reference
    text: str
    words: tuple[HeardWord, ...]
    shown: Shown
    blocks: Alignment


class Pair(msgspec.Struct, frozen=True):
    """Two rows of comparable words, and their alignment."""

    reference: tuple[str, ...]
    hypothesis: tuple[str, ...]
    blocks: Alignment


def _pair(view: View, by: Normaliser) -> Pair:
    reference, hypothesis = by.words(view.reference.text), by.words(view.text)
    return Pair(reference, hypothesis, align(reference, hypothesis))
