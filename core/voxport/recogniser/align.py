"""When each word was said: PocketSphinx finds a known text in its audio (forced alignment).

A time that could not be measured is spread over the room between its neighbours, and the word says so (``estimated``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxport.audio.formats import encode
from voxport.events import Word
from voxport.recogniser import RATE
from voxport.recogniser.estimate import spread
from voxport.recogniser.spoken import spoken

if TYPE_CHECKING:
    from voxport.recogniser.lines import Line

FRAMES_PER_SECOND = 100
"""PocketSphinx's clock."""

_LEAST_PER_LETTER = 0.03
"""Seconds. A word that was given less room than this has been swallowed by its neighbours."""

Span = tuple[float, float]
"""Start and end, seconds."""


class Aligner:
    """Finds words in audio. One serves the whole process (``aligner()``); calls take turns."""

    def __init__(self) -> None:
        """Loads the acoustic model and the dictionary of the installed package; no language model."""
        self._decoder = decoder(lm=None)
        self._turn = threading.Lock()

    def align(self, text: str, line: Line) -> tuple[Word, ...]:
        """The words of ``text``, which is what was said in ``line``.

        Their times are seconds of the stream, inside the line, in order, rounded to milliseconds.
        """
        texts = text.split()
        with self._turn:
            said = [self._pronounceable(word) for word in texts]
            found = self._find([token for tokens in said for token in tokens], line)
        if found is None:
            return line.spread(text)
        spans = list(_per_word(said, [inside(span, line) for span in found]))
        return tuple(_filled(texts, spans, line))

    def _pronounceable(self, word: str) -> list[str]:
        """What the dictionary has for ``word``; nothing, when a part of it is missing."""
        pieces = [self._known(piece, acronym=word.isupper()) for piece in spoken(word)]
        return [token for piece in pieces for token in piece] if all(pieces) else []

    def _known(self, piece: str, *, acronym: bool) -> list[str]:
        if self._has(piece):
            return [piece]
        if acronym:
            return list(piece) if all(map(self._has, piece)) else []
        splits = ([piece[:at], piece[at:]] for at in range(3, len(piece) - 2))
        return next((halves for halves in splits if all(map(self._has, halves))), [])

    def _has(self, token: str) -> bool:
        return self._decoder.lookup_word(token) is not None

    def _find(self, tokens: list[str], line: Line) -> list[Span] | None:
        """Where each token is, in seconds of the line; ``None`` when they cannot all be found."""
        if not tokens:
            return None
        decoder = self._decoder
        decoder.set_align_text(" ".join(tokens))
        decode(decoder, encode(line.samples, "s16le"))
        found = [span for _, span in segments(decoder)]
        return found if len(found) == len(tokens) else None


@lru_cache(maxsize=1)
def aligner() -> Aligner:
    """The aligner of this process."""
    return Aligner()


def inside(span: Span, line: Line) -> Span:
    """A span in seconds of the line as seconds of the stream, in milliseconds, no more than the line."""
    low, high = line.start / RATE, line.end / RATE
    start, end = (round(min(low + edge, high), 3) for edge in span)
    return start, end


def _per_word(said: Sequence[Sequence[str]], found: Sequence[Span]) -> Iterator[Span | None]:
    """The span of each word from those of its tokens."""
    at = 0
    for tokens in said:
        spans = found[at : at + len(tokens)]
        at += len(tokens)
        yield (spans[0][0], spans[-1][1]) if spans else None


def _filled(texts: Sequence[str], spans: list[Span | None], line: Line) -> Iterator[Word]:
    """Words with their spans, those without one in the room between the others."""
    low, high = line.voice_start / RATE, line.voice_end / RATE
    _widen(texts, spans, low, high)
    estimates: dict[int, Word] = {}
    for run in _missing_runs(spans):
        room = _room(spans, run, low, high)
        estimates |= zip(run, spread([texts[at] for at in run], *room), strict=True)
    for at, (text, span) in enumerate(zip(texts, spans, strict=True)):
        yield Word(text, *span) if span else estimates[at]


def _missing_runs(spans: Sequence[Span | None]) -> list[list[int]]:
    """The positions without a span, neighbours together."""
    return [list(run) for missing, run in groupby(range(len(spans)), key=lambda at: spans[at] is None) if missing]


def _room(spans: Sequence[Span | None], run: Sequence[int], low: float, high: float) -> Span:
    before = spans[run[0] - 1] if run[0] else None
    after = spans[run[-1] + 1] if run[-1] + 1 < len(spans) else None
    start = before[1] if before else min(low, after[0]) if after else low
    return start, after[0] if after else max(high, start)


def _widen(texts: Sequence[str], spans: list[Span | None], low: float, high: float) -> None:
    """Where missing words have no room, their neighbours were stretched over them: distrust those times as well."""
    for run in _missing_runs(spans):
        start, end = _room(spans, run, low, high)
        if end - start < _LEAST_PER_LETTER * sum(len(texts[at]) for at in run):
            for at in (run[0] - 1, run[-1] + 1):
                if 0 <= at < len(spans):
                    spans[at] = None


# --------------------------------------------------------------------------- PocketSphinx, as others here use it too


def decoder(**options: Any) -> Any:
    """A PocketSphinx decoder with the US English model that the package carries; ``options`` are its own."""
    import pocketsphinx  # noqa: PLC0415 -- an optional package, 30 MB

    model = Path(pocketsphinx.get_model_path("en-us"))
    files = {"hmm": model / "en-us", "dict": model / "cmudict-en-us.dict", "lm": model / "en-us.lm.bin"}
    paths = {name: str(path) for name, path in files.items()}
    return pocketsphinx.Decoder(**{**paths, "samprate": RATE, "loglevel": "FATAL", **options})


def begin(decoder: Any) -> None:
    """Begin an utterance, the channel that earlier ones were heard over forgotten: each must sound the same wherever it
    comes.
    """
    decoder.reinit_feat()
    decoder.start_utt()


def decode(decoder: Any, pcm: bytes) -> None:
    """Decode one whole utterance of 16-bit samples."""
    begin(decoder)
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def segments(decoder: Any) -> list[tuple[str, Span]]:
    """The words just decoded, silence and noises left out, with their spans in seconds of the utterance."""
    return [
        (
            segment.word.partition("(")[0],
            (segment.start_frame / FRAMES_PER_SECOND, (segment.end_frame + 1) / FRAMES_PER_SECOND),
        )
        for segment in decoder.seg() or ()
        if segment.word[0] not in "<[+"
    ]
