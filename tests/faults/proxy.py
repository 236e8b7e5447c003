"""A proxy that stands between a session and a listener, passes what they say, and strikes once a moment has come.

It acts on what passes, never on the clock. A ``Trigger`` looks at each thing about to pass: a request of the handshake,
an upgrade, the 101, a frame. What a provider's frame means, it learns from that provider's own client end, which
listens beside the real one; so nothing here knows a protocol.
"""

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

import msgspec

from faults import frames
from faults.frames import BINARY, PING, PONG, TEXT, Frame, read_frame, read_head, server_frame
from voxport.codec import Adapter, Closed, Dial, Opened, Signal
from voxport.commands import Audio, Finish
from voxport.events import AnyEvent, Begun
from voxport.settings import Settings

WAIT = 10.0
"""Seconds; only what is broken waits for so long."""

Stage = Literal["request", "answer", "upgrade", "opened", "up", "down"]


class Moment(msgspec.Struct, frozen=True):
    """Something is about to pass: an HTTP request and its answer, the request for an upgrade and its answer
    (``opened``), or a frame to the server (``up``) or the client (``down``). ``count`` is how many frames have gone
    that way on this connection.
    """

    stage: Stage
    connection: int
    frame: Frame | None = None
    count: int = 0
    events: tuple[AnyEvent, ...] = ()
    """What the frame tells the client."""
    finishes: bool = False
    """It is the client's last message."""


Where = Literal["instead", "half", "after"]
"""The fault strikes when nothing, half or all of what passes has passed."""


class Trigger(msgspec.Struct, frozen=True):
    """When to strike: ``times`` in a row, on connections one after the other."""

    when: Callable[[Moment], bool]
    where: Where = "after"
    times: int = 1


class SeveredError(Exception):
    """The proxy has let go of this connection at both ends."""


class Lane:
    """One direction of a connection. ``mode`` says what becomes of what comes."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._released = asyncio.Event()
        self.mode: Literal["pass", "hold", "lose"] = "pass"
        self.piece = 0
        """Bytes that pass in one go; 0 for all."""

    async def put(self, data: bytes) -> None:
        """Pass ``data``, if that is what the lane does."""
        if self.mode == "hold":
            await self._released.wait()
        if self.mode == "lose":
            return
        await self.write(data)

    async def write(self, data: bytes) -> None:
        """Write ``data``, whatever the lane does."""
        step = self.piece or max(1, len(data))
        for at in range(0, len(data), step):
            self._writer.write(data[at : at + step])
            await self._writer.drain()
            await asyncio.sleep(0)

    def release(self) -> None:
        """Hold nothing back any more; what comes is lost."""
        if self.mode == "hold":
            self.mode = "lose"
            self._released.set()

    def finish(self) -> None:
        """FIN: nothing more comes this way; the other way is still read."""
        self.mode = "lose"
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def end(self) -> None:
        """Let go of the connection."""
        self._writer.close()

    def reset(self) -> None:
        """RST: what has not been read at the far end is lost."""
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


class Link:
    """One connection of the client, and the one to the server that belongs to it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.down = Lane(writer)
        self.up: Lane | None = None
        self.answers_pings = False
        """The proxy does so itself."""
        self.gone = asyncio.Event()
        """The client has let go of it, or the proxy has ended it."""

    def lanes(self) -> list[Lane]:
        """Both directions, as far as they are there."""
        return [lane for lane in (self.down, self.up) if lane]


class Blow(msgspec.Struct, frozen=True):
    """What a fault is told: on which connection it strikes, and all that was about to pass."""

    link: Link
    data: bytes


Fault = Callable[[Blow], Awaitable[None]]
"""Does what it does. What has not passed of ``data`` is offered to the lane afterwards."""


class Witness:
    """A client end that listens beside the real one: what has passed, in the words of ``voxport.events``."""

    def __init__(self, adapter: Adapter, settings: Settings) -> None:
        self._client = adapter.client(settings, Dial("ws://witness"))
        asked = adapter.client(settings, Dial("ws://witness")).send(Finish())
        self._last_words = [self._gist(frame) for frame in asked if isinstance(frame, str)]

    def hear(self, signal: Signal) -> tuple[AnyEvent, ...]:
        """The server says ``signal``."""
        return tuple(self._client.receive(signal))

    def hear_frame(self, frame: Frame) -> tuple[AnyEvent, ...]:
        """The same for a frame."""
        match frame.opcode:
            case frames.TEXT:
                return self.hear(frame.payload.decode())
            case frames.CLOSE:
                return self.hear(Closed(int.from_bytes(frame.payload[:2], "big") or 1005))
            case _:
                return ()

    def overhear(self, frame: Frame) -> bool:
        """The client says ``frame``; returns whether it is its last message."""
        if frame.opcode == BINARY:
            list(self._client.send(Audio(frame.payload)))
        finishes = frame.opcode == TEXT and self._gist(frame.payload.decode()) in self._last_words
        if finishes:
            list(self._client.send(Finish()))
        return finishes

    @staticmethod
    def _gist(text: str) -> dict[str, str]:
        """The words of a message, without its numbers."""
        return {name: value for name, value in json.loads(text).items() if isinstance(value, str)}


class Proxy:
    """Serves inside ``with``, on an event loop in a thread of its own."""

    def __init__(self, upstream: str, trigger: Trigger, fault: Fault, witness: Callable[[], Witness]) -> None:
        """``upstream`` is the listener's URL; ``witness`` is called once for each WebSocket."""
        place = urlsplit(upstream)
        self._upstream = (place.hostname, place.port)
        self._trigger = trigger
        self._fault = fault
        self._witness = witness
        self._links: list[Link] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fault-proxy", daemon=True)
        self._ready = threading.Event()
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self.strikes = 0
        self._struck_on = 0  # the connection struck last
        self.struck = [threading.Event() for _ in range(trigger.times)]
        """Set with each strike."""
        self.begun = 0
        """Connections on which the provider has accepted the session."""
        self.recovered = threading.Event()
        """After the last strike, the provider has accepted the session on another connection."""
        self.left_open = 0
        """Once closed: connections that the client had not let go of."""
        self.errors: list[BaseException] = []

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Bound and serving on return."""
        self._thread.start()
        assert self._ready.wait(WAIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until the client has let go of every connection; see ``left_open``."""
        self.let_go()
        if self._loop:
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive()

    def let_go(self) -> None:
        """Whoever waits for a moment need not any more."""
        for event in (*self.struck, self.recovered):
            event.set()

    # ------------------------------------------------------------------- serving

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._closing.wait()
        server.close()
        self.left_open = len(self._links) - await self._gone()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _gone(self) -> int:
        """How many links have ended, soon at the latest."""
        for link in self._links:
            for lane in link.lanes():
                lane.release()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT / 2):
                await asyncio.gather(*(link.gone.wait() for link in self._links))
        return sum(link.gone.is_set() for link in self._links)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        link = Link(len(self._links) + 1, reader, writer)
        self._links.append(link)
        try:
            with self._recorded():
                await self._relay(link)
        finally:
            link.gone.set()
            for lane in link.lanes():
                lane.end()
            self._tasks.discard(task)

    async def _relay(self, link: Link) -> None:
        asked = await read_head(link.reader)
        reader, writer = await asyncio.open_connection(*self._upstream)
        link.up = Lane(writer)
        moment = Moment("upgrade" if asked.upgrades else "request", link.number)
        await self._offer(link, moment, link.up, asked.raw)
        witness = self._witness()
        down = asyncio.create_task(self._down(link, reader, witness, upgrades=asked.upgrades))
        try:
            await self._up(link, witness)
        finally:
            down.cancel()
            await asyncio.gather(down, return_exceptions=True)

    async def _up(self, link: Link, witness: Witness) -> None:
        """Until the client is gone."""
        assert link.up
        count = 0
        while True:
            frame = await read_frame(link.reader)
            if link.answers_pings and frame.opcode == PING:
                await link.down.write(server_frame(PONG, frame.payload))
            moment = Moment("up", link.number, frame, count, finishes=witness.overhear(frame))
            await self._offer(link, moment, link.up, frame.raw)
            count += 1

    async def _down(self, link: Link, reader: asyncio.StreamReader, witness: Witness, *, upgrades: bool) -> None:
        """Until the server is gone, which the client then learns."""
        with self._recorded(), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            answer = await read_head(reader)
            granted = answer.first.startswith("HTTP/1.1 101")
            heard = witness.hear(Opened(answer.headers)) if granted else ()
            stage: Stage = "opened" if upgrades else "answer"
            await self._pass_down(link, Moment(stage, link.number, events=heard), answer.raw)
            count = 0
            while granted:
                frame = await read_frame(reader)
                heard = witness.hear_frame(frame)
                await self._pass_down(link, Moment("down", link.number, frame, count, heard), frame.raw)
                count += 1
        if link.down.mode == "pass":
            link.down.finish()

    async def _pass_down(self, link: Link, moment: Moment, data: bytes) -> None:
        passes = link.down.mode == "pass"
        await self._offer(link, moment, link.down, data)
        if passes and any(isinstance(event, Begun) for event in moment.events):
            self.begun += 1
            if self.strikes == self._trigger.times and link.number > self._struck_on:
                self.recovered.set()

    # ------------------------------------------------------------------- striking

    async def _offer(self, link: Link, moment: Moment, lane: Lane, data: bytes) -> None:
        """Pass ``data``, and strike if this is the moment."""
        struck_before = link.number <= self._struck_on
        if struck_before or self.strikes >= self._trigger.times or not self._trigger.when(moment):
            await lane.put(data)
            return
        self._struck_on = link.number
        passed = {"instead": 0, "half": len(data) // 2, "after": len(data)}[self._trigger.where]
        await lane.put(data[:passed])
        try:
            await self._fault(Blow(link, data))
        finally:
            self.strikes += 1
            self.struck[self.strikes - 1].set()
        if passed < len(data):
            await lane.put(data[passed:])

    @contextlib.contextmanager
    def _recorded(self) -> Iterator[None]:
        """What should not happen is told to the test."""
        try:
            yield
        except (SeveredError, asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001 -- told to the test
            self.errors.append(error)
