"""A recording for the page: what it looks like, and what it sounds like at a few kilobits a second."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from voxport.audio import AudioFile, decode
from voxport.errors import AudioError
from voxport.settings import AudioSettings

if TYPE_CHECKING:
    from voxport.audio.formats import Samples

AUDIO = AudioSettings(chunk_ms=1000)
"""The format that the page's sound is made from."""
COMPRESSION = 0.99
"""Of libsndfile's Opus: about 10 kbit/s, at which speech is clear."""
LEVELS = 30
"""Steps from silence to the loudest."""


class Sound:
    """Speech that was read. ``peaks`` are 0 to ``LEVELS``, evenly over the time; the loudest moment is at the top."""

    def __init__(self, samples: Samples, columns: int) -> None:
        """``samples`` are mono, at the rate of ``AUDIO``, and at least one."""
        self._samples = samples
        self.seconds = len(samples) / AUDIO.sample_rate
        self.peaks = _peaks(samples, columns)

    def opus(self) -> bytes:
        """As Ogg Opus."""
        kept = io.BytesIO()
        with soundfile.SoundFile(
            kept, "w", AUDIO.sample_rate, 1, format="OGG", subtype="OPUS", compression_level=COMPRESSION
        ) as file:
            file.write(self._samples)
        return kept.getvalue()


def load(path: str, columns: int, columns_per_second: int) -> Sound | None:
    """The sound of a file, with ``columns`` peaks or as many as its seconds want; ``None`` if it cannot be read."""
    try:
        source = AudioFile(path, realtime=False)
        data = b"".join(chunk for chunk in source.chunks(AUDIO) if isinstance(chunk, bytes))
    except AudioError:
        return None
    samples = decode(data, AUDIO.encoding, 1)[:, 0]
    return Sound(samples, max(columns, round(source.duration * columns_per_second))) if len(samples) else None


def _peaks(samples: Samples, columns: int) -> tuple[int, ...]:
    size = -(-len(samples) // columns)
    padded = np.pad(np.abs(samples), (0, -len(samples) % size)).reshape(-1, size).max(axis=1)
    loudest = float(padded.max()) or 1.0
    return tuple(int(level) for level in np.rint(padded / loudest * LEVELS))
