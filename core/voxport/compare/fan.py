"""One source of audio, heard by many sessions at once.

Whoever comes first for a chunk takes it from the source and waits out its time; all who wait for that chunk then get it
together. What some have had and others not is kept, so that nobody is held up by a slower one, and nothing is read
ahead of the fastest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from voxport.audio.source import Source, rechunk
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings
from voxport.take import Sent

if TYPE_CHECKING:
    from collections.abc import Callable

KEEP_SECONDS = 300.0
"""How far a session may fall behind the audio before it is given up: what it has not had is held in memory."""
OPEN_WITHIN = 10.0
"""Seconds that those who are ready wait for the others before the audio starts."""


class Fan:
    """``source`` for any number of taps, all made before the first chunk is taken.

    The audio starts when every tap is ready or closed, and at the latest ``open_within`` seconds after the first was.
    """

    def __init__(
        self,
        source: Source,
        audio: AudioSettings,
        *,
        keep_seconds: float = KEEP_SECONDS,
        open_within: float = OPEN_WITHIN,
        at_once: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``audio`` is the format that the source is read in. Raises what the source raises when it cannot start.

        ``at_once`` chunks are taken from the source in one go: more than one is for a source without a pace.
        """
        self.audio = audio
        self.clock = clock
        self._source = source
        self._items = source.chunks(audio)
        self._keep_seconds = keep_seconds
        self._open_within = open_within
        self._at_once = at_once
        self._changed = threading.Condition()
        self._taps: set[Tap] = set()
        self._waiting: set[Tap] = set()  # taps that are not ready yet
        self._opens_at: float | None = None  # when the audio starts whoever is ready; None while nobody is
        self._kept: deque[bytes | Notice] = deque()
        self._first = 0  # number of the first item kept
        self._pulling = False
        self._over = False
        self._error: Exception | None = None

    def tap(self) -> Tap:
        """One more listener."""
        tap = Tap(self)
        self._taps.add(tap)
        self._waiting.add(tap)
        return tap

    def close(self) -> None:
        """End the audio for all taps. Any thread may call it, any number of times."""
        self._source.close()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    # ------------------------------------------------------------------- for taps

    def ready(self, tap: Tap) -> None:
        """``tap`` could take audio."""
        with self._changed:
            if self._opens_at is None:
                self._opens_at = self.clock() + self._open_within
            self._waiting.discard(tap)
            self._changed.notify_all()

    def leave(self, tap: Tap) -> None:
        """``tap`` wants no more."""
        with self._changed:
            self._taps.discard(tap)
            self._waiting.discard(tap)
            self._forget()
            self._changed.notify_all()

    def next_for(self, tap: Tap) -> list[bytes | Notice]:
        """What there is for ``tap``; nothing when it is closed or the audio over. Raises what ended the source."""
        with self._changed:
            self._wait_for_all(tap)
            while tap in self._taps and not self._over and not self._has(tap):
                if self._pulling:
                    self._changed.wait()
                else:
                    self._pull()
            if tap.lagged:
                raise AudioError(f"the session fell {self._keep_seconds:g} s behind the audio and was given up")
            if tap in self._taps and self._has(tap):
                return self._hand(tap)
            if tap in self._taps and self._error is not None:
                raise self._error
        return []

    def _wait_for_all(self, tap: Tap) -> None:
        while self._waiting and tap in self._taps:
            left = None if self._opens_at is None else self._opens_at - self.clock()
            if left is not None and left <= 0:
                self._waiting.clear()
                self._changed.notify_all()
            else:
                self._changed.wait(left)

    def _has(self, tap: Tap) -> bool:
        return tap.position < self._first + len(self._kept)

    def _hand(self, tap: Tap) -> list[bytes | Notice]:
        items = list(islice(self._kept, tap.position - self._first, None))
        tap.position += len(items)
        self._forget()
        return items

    def _pull(self) -> None:
        """Take items from the source, which may take its time: the lock that the caller holds is lent to others."""
        self._pulling = True
        self._changed.release()
        items: list[bytes | Notice] = []
        try:
            items.extend(islice(self._items, self._at_once))
        except Exception as error:  # noqa: BLE001 -- raised again for every tap
            self._error = error
        finally:
            self._changed.acquire()
            self._pulling = False
            self._over = len(items) < self._at_once
            self._changed.notify_all()
        self._kept.extend(items)
        self._give_up_laggards()

    def _give_up_laggards(self) -> None:
        if len(self._kept) * self.audio.chunk_ms > self._keep_seconds * 1000:
            for tap in [tap for tap in self._taps if tap.position == self._first]:
                tap.lagged = True
                self._taps.discard(tap)
            self._forget()

    def _forget(self) -> None:
        """What all have had is kept no longer."""
        needed = min((tap.position for tap in self._taps), default=self._first + len(self._kept))
        while self._first < needed:
            self._kept.popleft()
            self._first += 1


class Tap:
    """One session's share of a ``Fan``: a ``Source`` that notes when each chunk was handed over.

    ``sent`` has every chunk as it was handed to the session: the instant before it, so that a connection that takes no
    more shows as a delay. ``ended`` is when the audio was over.
    """

    def __init__(self, fan: Fan) -> None:
        """For ``Fan.tap``."""
        self.position = 0
        self.lagged = False
        self.sent: list[Sent] = []
        self.ended: float | None = None
        self._fan = fan

    def ready(self) -> None:
        """Audio may come: the provider has accepted the session."""
        self._fan.ready(self)

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """All chunks, in the format of ``audio``; see ``Source``."""
        items = self._items()
        if _form(audio) != _form(self._fan.audio):
            items = rechunk(_converted(items, self._fan.audio, audio), audio.chunk_bytes)
        return self._noted(items, audio)

    def close(self) -> None:
        """End this tap alone; see ``Source``."""
        self._fan.leave(self)

    def _items(self) -> Iterator[bytes | Notice]:
        while items := self._fan.next_for(self):
            yield from items

    def _noted(self, chunks: Iterator[bytes | Notice], audio: AudioSettings) -> Iterator[bytes | Notice]:
        handed = 0
        try:
            for chunk in chunks:
                if isinstance(chunk, bytes):
                    handed += len(chunk)
                    self.sent.append(Sent(handed / audio.bytes_per_second, self._fan.clock()))
                yield chunk
        finally:
            self.ended = self._fan.clock()
            self.close()


def _form(audio: AudioSettings) -> tuple[int, str, int]:
    return audio.sample_rate, audio.encoding, audio.channels


def _converted(items: Iterator[bytes | Notice], of: AudioSettings, to: AudioSettings) -> Iterator[bytes | Notice]:
    """``items`` in another format."""
    from voxport.audio.formats import Converter, converted, decode  # noqa: PLC0415 -- brings numpy

    blocks = (item if isinstance(item, Notice) else decode(item, of.encoding, of.channels) for item in items)
    converter = Converter(of.sample_rate, to.sample_rate, of.channels, to.channels)
    return converted(blocks, converter, to.encoding, of.channels)
