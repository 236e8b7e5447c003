"""Sessions run side by side on one source of audio."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from voxport import registry
from voxport.audio.source import Source
from voxport.compare.fan import Fan, Tap
from voxport.errors import SessionFailedError, VoxportError
from voxport.events import AnyEvent, Begun
from voxport.opening import open as open_session
from voxport.settings import AudioSettings, Settings
from voxport.take import Take

replace = msgspec.structs.replace

CHUNKS_AT_ONCE = 20
"""Of a source without a pace: waiting for one another chunk by chunk would cost more than the sessions."""

Watch = Callable[[str, AnyEvent], None]
"""Told of each event of each session by its label, on that session's thread."""


class Line:
    """One session of several. ``settings`` are complete; ``label`` tells it from the others."""

    def __init__(self, label: str, settings: Settings, tap: Tap, watch: Watch) -> None:
        self._label = label
        self._settings = settings
        self._tap = tap
        self._watch = watch
        self._heard: list[AnyEvent] = []
        self._date = self._dialled_at = 0.0
        self._error: str | None = None

    def play(self) -> Line:
        """Run the session to its end, whatever that is; the audio of the others is not held up by it."""
        self._date, self._dialled_at = time.time(), time.monotonic()
        try:
            with open_session(self._settings) as session:
                session.feed(self._tap)
                for event in session:
                    self._heard.append(event)
                    self._watch(self._label, event)
                    if isinstance(event, Begun):
                        self._tap.ready()
        except SessionFailedError:
            pass  # its event is the last one heard
        except VoxportError as error:
            self._error = str(error)
        finally:
            self._tap.close()
        return self

    def take(self, item: str, *, realtime: bool) -> Take:
        """What the session left behind."""
        events = tuple(replace(heard, raw=None) for heard in self._heard)
        return replace(
            untaken(self._label, self._settings, item, self._error), date=self._date, dialled_at=self._dialled_at,
            events=events, sent=tuple(self._tap.sent), finished_at=self._tap.ended, realtime=realtime,
        )  # fmt: skip


def untaken(label: str, settings: Settings, item: str, error: str | None) -> Take:
    """The take of a session that never was, for the reason ``error``: what was asked for, and nothing heard."""
    adapter = registry.adapter(settings.provider)
    return Take(
        label=label, provider=settings.provider, item=item, date=time.time(), dialled_at=time.monotonic(), error=error,
        channels=settings.audio.channels, model=settings.model or adapter.capabilities.default_model,
        region=settings.region or "", billed_by=adapter.capabilities.billed_by, settings=adapter.translate(settings),
    )  # fmt: skip


class SideBySide:
    """``sessions`` by label, all on ``source``, which is read in the format of ``audio``."""

    def __init__(
        self,
        sessions: Mapping[str, Settings],
        source: Source,
        audio: AudioSettings,
        watch: Watch = lambda _label, _event: None,
        *,
        realtime: bool = True,
    ) -> None:
        """``realtime`` says that the source keeps the pace of speech.

        Raises what the source raises when it cannot start; nothing is dialled before ``play``.
        """
        self._realtime = realtime
        self._fan = Fan(source, audio, at_once=1 if realtime else CHUNKS_AT_ONCE)
        self._lines = [Line(label, settings, self._fan.tap(), watch) for label, settings in sessions.items()]
        self.stop = self._fan.close

    def play(self, item: str) -> Sequence[Take]:
        """Run all sessions to their ends. One that fails leaves a take that says so.

        ``stop``, from any thread, ends the audio; the sessions then finish. So does an interruption, which is raised
        once they have.
        """
        with ThreadPoolExecutor(len(self._lines), "voxport-compare") as pool:
            playing = [pool.submit(line.play) for line in self._lines]
            try:
                return [future.result().take(item, realtime=self._realtime) for future in playing]
            except BaseException:
                self.stop()
                raise
