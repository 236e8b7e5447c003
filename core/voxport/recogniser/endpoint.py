"""Where speech begins and ends: the same rule for every recogniser.

Moonshine's own detector cannot be used: it is one recurrent network for the whole process, so that what one stream
hears depends on what all others said. This one is WebRTC's, as PocketSphinx carries it, with a state for each stream.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pocketsphinx import Vad

from voxport.audio.formats import encode
from voxport.recogniser import RATE

if TYPE_CHECKING:
    from voxport.recogniser import Samples

FRAME = RATE // 50
"""Samples of one decision, voice or not: 20 ms."""

_ON_FRAMES, _ON_WINDOW = 11, 15
"""Speech begins when so many of the last 0.3 s are voice."""

_OFF_FRAMES, _OFF_WINDOW = 2, 25
"""Speech ends when no more than so many of the last 0.5 s are voice."""

_WORD_FRAMES = 5
"""The least voice that may be a word, when the audio ends there: 0.1 s."""


class Endpointer:
    """Tells voice from silence, frame by frame, and from that whether someone is speaking."""

    def __init__(self) -> None:
        """Nobody speaks, to begin with."""
        self._vad = Vad(mode=Vad.MEDIUM_STRICT, sample_rate=RATE, frame_length=FRAME / RATE)
        self._voices: deque[bool] = deque(maxlen=_OFF_WINDOW)
        self.speaking = False

    def hear(self, samples: Samples) -> bool:
        """Hear samples (what is no whole frame at their end is passed over); return whether someone speaks now."""
        pcm = encode(samples, "s16le")
        size = FRAME * 2
        for start in range(0, len(pcm) - size + 1, size):
            self._voices.append(self._vad.is_speech(pcm[start : start + size]))
        self.speaking = self._goes_on() if self.speaking else self._recent(_ON_WINDOW) >= _ON_FRAMES
        return self.speaking

    def interrupt(self) -> None:
        """Nobody speaks, whatever was heard last."""
        self._voices.clear()
        self.speaking = False

    @property
    def may_have_begun(self) -> bool:
        """Whether what was heard last may be a short word, too short yet to count as speech."""
        return self._recent(_ON_WINDOW) >= _WORD_FRAMES

    @property
    def lead(self) -> int:
        """Samples from the first voice of the window in which speech begins to now."""
        recent = list(self._voices)[-_ON_WINDOW:]
        return (len(recent) - recent.index(True)) * FRAME if True in recent else 0

    @property
    def trail(self) -> int:
        """Samples of silence since the last voice, 0.5 s at most."""
        voices = list(self._voices)
        return voices[::-1].index(True) * FRAME if True in voices else len(voices) * FRAME

    def _recent(self, window: int) -> int:
        return sum(list(self._voices)[-window:])

    def _goes_on(self) -> bool:
        return len(self._voices) < _OFF_WINDOW or sum(self._voices) > _OFF_FRAMES
