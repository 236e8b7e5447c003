"""A whole corpus: every item to every job, what is done already left out.

A unit of work is one item and the jobs that it still lacks, which run side by side. Units go to an executor: threads
of this process, or a cluster's. Whoever hands them out is one loop on one thread, which also keeps what comes back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import msgspec

from voxport.audio import AudioFile
from voxport.compare.jobs import Job, Plan
from voxport.compare.limits import Limits
from voxport.compare.runner import SideBySide, untaken
from voxport.compare.store import DONE, Ending, Kept, Store
from voxport.errors import AudioError, SettingsError
from voxport.settings import AudioSettings
from voxport.take import Item, Take

LOOK = 0.25
"""Seconds after which the loop looks whether it was told to stop."""


class Unit(msgspec.Struct, frozen=True):
    """One item for some jobs. ``asked`` is, by label, what a take of it answers; see ``Store``."""

    item: Item
    jobs: tuple[Job, ...]
    audio: AudioSettings
    realtime: bool
    asked: Mapping[str, str]

    @property
    def providers(self) -> list[str]:
        """One for each session."""
        return [job.provider for job in self.jobs]


def play(unit: Unit) -> list[Kept]:
    """Run the sessions of a unit; on whatever machine. Audio that cannot be read leaves takes that say so."""
    sessions = {job.label: job.ready() for job in unit.jobs}
    try:
        source = AudioFile(unit.item.audio, realtime=unit.realtime)
        takes = SideBySide(sessions, source, unit.audio, realtime=unit.realtime).play(unit.item.id)
    except AudioError as error:
        takes = [untaken(label, settings, unit.item.id, str(error)) for label, settings in sessions.items()]
    return [Kept.of(take, unit.asked[take.label]) for take in takes]


class Progress(msgspec.Struct, frozen=True):
    """How far a campaign is, in items; ``failed`` counts sessions."""

    done: int
    total: int
    failed: int


class Campaign:
    """``items`` for all jobs of ``plan``; ``jobs`` is how many items are under way at once."""

    def __init__(self, plan: Plan, items: Sequence[Item], store: Store, *, jobs: int, realtime: bool) -> None:
        """Raises ``SettingsError`` when a limit does not let the jobs of one item run side by side."""
        self._plan = plan
        self._items = items
        self._store = store
        self._jobs = jobs
        self._realtime = realtime
        self._limits = Limits(plan.limits)
        self._stopped = False
        self._trouble: BaseException | None = None
        self._failed = 0
        self._done = 0
        if math.isinf(self._limits.wait_for([job.provider for job in plan.jobs], 0.0)):
            raise SettingsError("limits: fewer sessions at once are allowed than jobs run side by side; use --only")

    def stop(self) -> None:
        """Begin nothing more; what is under way is finished and kept. From any thread."""
        self._stopped = True

    def run(self, executor: Executor, watch: Callable[[Progress], None] = lambda _: None) -> bool:
        """Do what is missing, and say whether all is done now.

        An error in a unit ends the campaign once the others under way have ended and been kept; it is then raised.
        """
        waiting = self._units()
        unit = next(waiting, None)
        under_way: dict[Future[list[Kept]], Unit] = {}
        while under_way or (unit and not self._over):
            watch(Progress(self._done, len(self._items), self._failed))
            if unit and not self._over and len(under_way) < self._jobs and self._may_begin(unit):
                under_way[executor.submit(play, unit)] = unit
                unit = next(waiting, None)
                continue
            for future in self._finished(under_way, unit):
                self._keep(under_way.pop(future), future)
        watch(Progress(self._done, len(self._items), self._failed))
        if self._trouble is not None:
            raise self._trouble
        return unit is None

    @property
    def _over(self) -> bool:
        return self._stopped or self._trouble is not None

    def takes(self, item: str) -> dict[str, Take]:
        """What is kept of an item, by label; not what was asked otherwise once."""
        return self._store.takes(item, self._asked[item])

    def endings(self) -> Iterator[Ending]:
        """How each session of what is kept has ended."""
        known = self._store.known()
        for item, asked in self._asked.items():
            for label, wanted in asked.items():
                found, how = known.get((item, label), ("", None))
                if how is not None and found == wanted:
                    yield how

    @cached_property
    def _asked(self) -> dict[str, dict[str, str]]:
        """By item and label, what a take answers: the content of the audio, and all that the job is asked."""
        jobs = {job.label: job.fingerprint(realtime=self._realtime) for job in self._plan.jobs}
        heard = {item.id: _digest(item.audio) for item in self._items}
        return {item: {label: f"{audio}:{job}" for label, job in jobs.items()} for item, audio in heard.items()}

    def _units(self) -> Iterator[Unit]:
        """What is missing, item by item."""
        done = {place: asked for place, (asked, how) in self._store.known().items() if how in DONE}
        for item in self._items:
            asked = self._asked[item.id]
            lacking = tuple(job for job in self._plan.jobs if done.get((item.id, job.label)) != asked[job.label])
            if lacking:
                yield Unit(item, lacking, self._plan.audio, self._realtime, asked)
            else:
                self._done += 1

    def _may_begin(self, unit: Unit) -> bool:
        now = time.monotonic()
        if self._limits.wait_for(unit.providers, now) > 0:
            return False
        self._limits.begin(unit.providers, now)
        return True

    def _finished(self, under_way: Mapping[Future[list[Kept]], Unit], unit: Unit | None) -> set[Future[list[Kept]]]:
        """Those that have finished, after a while in which one may have, or another may begin."""
        pause = LOOK
        if unit and len(under_way) < self._jobs:
            pause = min(pause, self._limits.wait_for(unit.providers, time.monotonic()))
        if not under_way:
            time.sleep(pause)
            return set()
        return wait(under_way, timeout=pause, return_when=FIRST_COMPLETED).done

    def _keep(self, unit: Unit, future: Future[list[Kept]]) -> None:
        self._limits.end(unit.providers)
        error = future.exception()
        if error is not None:
            self._trouble = self._trouble or error
            return
        takes = future.result()
        self._store.put(takes)
        self._done += 1
        self._failed += sum(kept.ending not in DONE for kept in takes)


def _digest(path: str) -> str:
    """Of the file's content; of nothing where there is none, which the unit then tells."""
    file = Path(path)
    return blake2b(file.read_bytes() if file.is_file() else b"", digest_size=16).hexdigest()
