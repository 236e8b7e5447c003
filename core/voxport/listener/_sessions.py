"""Sessions that outlive their conversations: what a dropped one leaves for the next with the same key."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from typing import Protocol

import msgspec

from voxport.codec import Server
from voxport.commands import Finish
from voxport.listener.backend import Backend

KEPT = 64
"""Backends that wait for a client at a time; one more, and the oldest is finished."""
KEPT_FOR = 120.0
"""Seconds that a backend waits for its client to come back."""


class Left(msgspec.Struct, frozen=True):
    """What a dropped conversation leaves: its backend, the codec that spoke for it, and who is told of bugs."""

    backend: Backend
    server: Server
    report: Callable[[Exception], None]


class Talk(Protocol):
    """A conversation."""

    @property
    def left(self) -> Left | None:
        """What the next one of the session goes on with, once this one is over."""
        ...

    def give_way(self) -> None:
        """Break off, as if the client had dropped."""
        ...


class _Nobody:
    """Talks while a session that was given up is finished."""

    left = None

    def give_way(self) -> None:
        """It is over as soon as it can be."""


class Sessions:
    """One conversation talks at a time for each key, and each backend belongs to one. For the event loop only."""

    def __init__(self, pool: Executor) -> None:
        """``pool`` runs the backends. Needs a running event loop."""
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._talks: dict[str, tuple[Talk, asyncio.Event]] = {}
        self._left: dict[str, tuple[Left, asyncio.TimerHandle]] = {}  # the oldest first
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @contextlib.asynccontextmanager
    async def talk(self, key: str | None, talk: Talk) -> AsyncIterator[Left | None]:
        """``talk`` is held inside; gives what the one before it has left. Without a ``key`` nothing is left.

        One that still talks gives way first: a client that is back has found its connection dead, which the server may
        learn much later.
        """
        if key is None:
            yield None
            return
        while before := self._talks.get(key):
            before[0].give_way()
            await before[1].wait()
        self._talks[key] = talk, asyncio.Event()
        left, timer = self._left.pop(key, (None, None))
        if timer:
            timer.cancel()
        try:
            yield left
        finally:
            self._fall_silent(key)
            self._keep(key, talk.left)

    async def close(self) -> None:
        """Let go of all that waits, and return when it is closed."""
        self._closing = True
        for key in list(self._left):
            self._expire(key)
        await asyncio.gather(*self._tasks)

    def _fall_silent(self, key: str) -> None:
        self._talks.pop(key)[1].set()

    def _keep(self, key: str, left: Left | None) -> None:
        if left:
            self._left[key] = left, self._loop.call_later(KEPT_FOR, self._expire, key)
            if self._closing or len(self._left) > KEPT:
                self._expire(next(iter(self._left)))

    def _expire(self, key: str) -> None:
        left, timer = self._left.pop(key)
        timer.cancel()
        self._talks[key] = _Nobody(), asyncio.Event()
        task = self._loop.create_task(self._end(key, left))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, key: str, left: Left) -> None:
        try:
            await self._loop.run_in_executor(self._pool, self._finish, left)
        except Exception as error:  # noqa: BLE001 -- reported; a codec or backend may raise anything
            left.report(error)
        finally:
            self._fall_silent(key)

    def _finish(self, left: Left) -> None:
        """In a worker: nobody comes back, but the session has its end."""
        with contextlib.closing(left.backend):
            for event in () if self._closing else left.backend.hear(Finish()):
                list(left.server.send(event))
