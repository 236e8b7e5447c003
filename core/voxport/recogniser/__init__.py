"""Speech recognition on this machine: what stands behind emulated providers and behind the provider ``local``.

A ``Recogniser`` hears any number of streams; each is a ``Listening``. Audio is mono float32 at 16 kHz (``RATE``). What
is heard depends on the samples alone: not on how they were cut into calls, nor on the clock, nor on other streams.

One utterance (between pauses) is one line: partials that replace each other, then one final that ends the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from voxport.errors import MissingExtraError, SettingsError
from voxport.events import Word
from voxport.settings import unknown_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples: TypeAlias = npt.NDArray[np.float32]

RATE = 16_000
"""Hz of all audio that a recogniser hears."""


class Heard(msgspec.Struct, frozen=True):
    """What a recogniser makes of the current utterance, all of it.

    ``start`` and ``end`` are seconds of this stream's audio. A final ends the utterance and the turn. A final without
    words takes back partials that turned out to be nothing.
    """

    text: str
    start: float
    end: float
    words: tuple[Word, ...]
    is_final: bool

    @classmethod
    def of(cls, words: tuple[Word, ...], *, is_final: bool) -> Heard:
        """What these words, which have times and are at least one, amount to."""
        start, end = words[0].start, words[-1].end
        assert start is not None
        assert end is not None
        return cls(" ".join(word.text for word in words), start, end, words, is_final)


class Listening(Protocol):
    """One stream of audio being heard. Not for several threads at once. Call ``finish`` or ``close`` in the end."""

    def hear(self, samples: Samples, /) -> list[Heard]:
        """Hear the next samples, any number of them."""
        ...

    def flush(self) -> list[Heard]:
        """End the current utterance now; listening goes on."""
        ...

    def finish(self) -> list[Heard]:
        """No more audio: the finals that are left. The ``Listening`` is then closed."""
        ...

    def close(self) -> None:
        """Give up without finishing; does nothing when closed already."""
        ...


class Recogniser(Protocol):
    """Hears streams of audio; ``listen`` may be called from any thread."""

    @property
    def name(self) -> str:
        """What it is called in settings and reports."""
        ...

    def listen(self) -> Listening:
        """Begin to hear one more stream, at second 0."""
        ...


_RECOGNISERS = {"moonshine": ("moonshine", "Moonshine"), "pocketsphinx": ("sphinx", "PocketSphinx")}
"""Name: module here, and class in it."""

RECOGNISERS = tuple(_RECOGNISERS)
"""The names that ``recogniser`` knows; the default first."""


def recogniser(name: str = RECOGNISERS[0]) -> Recogniser:
    """The recogniser called ``name``, its model loaded.

    Raises ``SettingsError`` for a name that is not known and ``MissingExtraError`` when its packages are missing. Loads
    from the installed packages alone: nothing is ever downloaded.
    """
    if name not in _RECOGNISERS:
        raise SettingsError(f"recogniser {name!r}: {unknown_name('recogniser', name, _RECOGNISERS)}")
    module, kind = _RECOGNISERS[name]
    try:
        make: Callable[[], Recogniser] = getattr(import_module(f"{__name__}.{module}"), kind)
        return make()
    except ImportError as error:
        raise MissingExtraError("the local recogniser", "local") from error
