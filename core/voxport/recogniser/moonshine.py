"""Moonshine tiny, English: the recogniser of choice.

Only public functions of ``moonshine_voice`` are called, and only the model inside the wheel is read. Each reading is
one call over the line's samples with the package's own segmentation off (see ``endpoint``), so it depends on nothing
else. Handing the samples over as a list of Python floats costs about three percent of a reading.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moonshine_voice import ModelArch, Transcriber, get_model_path

from voxport.errors import MissingExtraError
from voxport.events import Word
from voxport.recogniser.align import aligner
from voxport.recogniser.lines import BLOCK, Line, LineListening
from voxport.recogniser.repeats import collapsed

if TYPE_CHECKING:
    from voxport.recogniser import Samples

_WHOLE_LINE = {
    "vad_threshold": 0,
    "vad_max_segment_duration": 0,
    "vad_hop_size": BLOCK,
    "return_audio_data": "false",
}
"""Take all that is given for one line."""


class Moonshine:
    """Hears English. Texts have punctuation and capitals. Finals have word times, measured by ``align``, and no
    confidences. A phrase that the model repeats in a loop is said once (``repeats``).

    All of a process share one model (200 MB), which reads one line at a time on all cores.
    """

    name = "moonshine"

    def __init__(self, update_seconds: float = 0.5) -> None:
        """``update_seconds``: how much audio passes between two partials. Half a second costs about half a core for one
        stream, a second about a third.
        """
        self._update_seconds = update_seconds
        self._read = _model().read
        self._align = aligner().align

    def listen(self) -> LineListening:
        """See ``Recogniser``."""
        return LineListening(lambda: self, self._update_seconds)

    def partial(self, line: Line, /) -> str:
        """See ``Reader``."""
        return collapsed(self._read(line.samples))

    def final(self, line: Line, /) -> tuple[Word, ...]:
        """See ``Reader``."""
        text = collapsed(self._read(line.samples))
        return self._align(text, line) if text else ()


class _Model:
    """The model of this process. Readings take turns: the package keeps its last result in one place."""

    def __init__(self) -> None:
        path = get_model_path("tiny-en")
        if not path.is_dir():
            raise MissingExtraError("the local recogniser", "local", "this moonshine-voice has no model inside")
        self._transcriber: Any = Transcriber(path, ModelArch.TINY, options=_WHOLE_LINE)
        self._turn = threading.Lock()

    def read(self, samples: Samples) -> str:
        """The text of one line."""
        whole = [*samples.tolist(), *[0.0] * (-len(samples) % BLOCK)]
        with self._turn:
            transcript = self._transcriber.transcribe_without_streaming(whole)
        return " ".join(line.text for line in transcript.lines)


@lru_cache(maxsize=1)
def _model() -> _Model:
    return _Model()
