"""PocketSphinx, US English: a second opinion, six times as often wrong as Moonshine."""

from __future__ import annotations

from typing import Any

from voxport.audio.formats import encode
from voxport.events import Word
from voxport.recogniser.align import Span, begin, decode, decoder, inside, segments
from voxport.recogniser.lines import Line, LineListening


class PocketSphinx:
    """Hears US English. Texts are lower case without punctuation. Finals have measured word times; no confidences: the
    posteriors that PocketSphinx gives are not calibrated.

    Each stream has a decoder of its own (about 100 MB, 0.3 s to load).
    """

    name = "pocketsphinx"

    def __init__(self, update_seconds: float = 0.3) -> None:
        """``update_seconds``: how much audio passes between two partials; it costs nothing here."""
        self._update_seconds = update_seconds

    def listen(self) -> LineListening:
        """See ``Recogniser``."""
        own = decoder()
        return LineListening(lambda: _Reader(own), self._update_seconds)


class _Reader:
    """Decodes as the line grows, for partials; and once more as a whole, which is more accurate, for the final."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._read = 0

    def partial(self, line: Line, /) -> str:
        """See ``Reader``."""
        if not self._read:
            begin(self._decoder)
        self._decoder.process_raw(encode(line.samples[self._read :], "s16le"))
        self._read = len(line.samples)
        best = self._decoder.hyp()
        return best.hypstr if best else ""

    def final(self, line: Line, /) -> tuple[Word, ...]:
        """See ``Reader``."""
        if self._read:
            self._decoder.end_utt()
        decode(self._decoder, encode(line.samples, "s16le"))
        return tuple(_word(text, span, line) for text, span in segments(self._decoder))


def _word(text: str, span: Span, line: Line) -> Word:
    return Word(text, *inside(span, line))
