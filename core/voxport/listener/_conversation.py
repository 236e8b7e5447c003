"""One conversation: a WebSocket on the event loop, its codec and backend in one ordered worker beside it.

What the client sends waits in a bounded queue. The worker takes all that waits in one hop, and takes more when what it
said has been written: a slow recogniser or a slow client holds back this conversation and no other.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from voxport.codec import Accepted, Closed, Frame, Opened, Signal, TimerKind
from voxport.commands import Start
from voxport.events import AnyEvent, Ended, Failed, Notice
from voxport.listener._sessions import Left
from voxport.listener._timers import Timers
from voxport.listener.backend import Backend, DroppedError, MakeBackend

MAX_MESSAGE = 1 << 20
"""Bytes. A longer message is answered by close 1009."""
HARD_LIMIT = 4 * MAX_MESSAGE
"""Bytes. aiohttp refuses more before it is read, and then the 1009 may be lost: the connection is reset."""
QUEUED = 64
"""Messages that wait for the worker before the socket is no longer read."""
CLOSE_WAIT = 1.0
"""Seconds that the far end has to answer a Close frame."""
PING_AFTER = 20.0
"""Seconds without any frame from the client until it is pinged; after as many more it counts as gone."""

Heard = Signal | Failed | Notice
"""What the worker takes: a signal of the client, or the answer of a timer."""


class Conversation:
    """Speaks for one ``Accepted``. ``report`` is told of an exception that the codec or the backend raised."""

    def __init__(
        self, accepted: Accepted, make_backend: MakeBackend, pool: Executor, report: Callable[[Exception], None]
    ) -> None:
        """Nothing is opened yet; needs a running event loop."""
        self._accepted = accepted
        self._resumable = accepted.session is not None
        self._resumed = False
        self._make_backend = make_backend
        self._backend: Backend | None = None
        self._pool = pool
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._socket = web.WebSocketResponse(
            protocols=(accepted.subprotocol,) if accepted.subprotocol else (),
            autoclose=False, autoping=False, compress=False, max_msg_size=HARD_LIMIT, timeout=CLOSE_WAIT,
        )  # fmt: skip
        self._socket.headers.update(accepted.headers)
        self._transport: asyncio.Transport | None = None
        self._heard: asyncio.Queue[Heard] = asyncio.Queue(QUEUED)
        self._said: asyncio.Queue[Frame | Closed | None] = asyncio.Queue()
        self._over = False  # what the client has sent no longer counts
        self._gives_way = False
        self._ended = False  # the backend has said its last
        self._failed = False
        self._closed = False  # the codec has said so
        self._unsent = 0  # messages that were said and found no connection
        self._in_doubt = 0  # the same, counting all that are said in this hop
        self._hung_up: asyncio.TimerHandle | None = None
        self._finished = asyncio.Event()
        self._timers = Timers(accepted.timers, self._loop.time())

    async def hold(self, request: web.BaseRequest, opened: Opened, before: Left | None = None) -> web.WebSocketResponse:
        """Grant the upgrade and talk until the connection is gone and the backend closed or, where the session goes on,
        ``left``. ``before`` is what the session has left so far.
        """
        if before:
            self._backend, self._resumed = before.backend, True
        await self._socket.prepare(request)
        self._transport = request.transport
        if self._gives_way:
            self._break()
        self._heard.put_nowait(opened)
        watching = asyncio.create_task(self._watch())
        working = asyncio.create_task(self._work())
        closed = await self._read()
        watching.cancel()
        self._over = self._over or not self._resumable
        self._break(abruptly=False)
        await self._heard.put(closed)
        await working
        self._finished.set()
        return self._socket

    @property
    def left(self) -> Left | None:
        """What the next conversation of the session goes on with; for when this one is over."""
        return Left(self._backend, self._accepted.server, self._report) if self._backend else None

    def give_way(self) -> None:
        """Break off, as if the client had dropped."""
        self._gives_way = True
        self._break()

    async def leave(self) -> None:
        """Close with 1001, and return when the conversation is over."""
        await self._hang_up(Closed(1001, "the server is going away"))
        await self._finished.wait()

    # ------------------------------------------------------------------- on the event loop

    async def _read(self) -> Closed:
        """Queue what the client sends until it closes, drops, or fails to answer our Close; returns how it ended."""
        while message := await self._receive():
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    await self._take_in(message.data)
                case WSMsgType.CLOSE:
                    closed = Closed(message.data or None, message.extra or "")
                    await self._hang_up(Closed(closed.code))
                    return closed
                case _:
                    return Closed()
        self._break()
        return Closed()

    async def _receive(self) -> WSMessage | None:
        """The next message, or ``None`` when the client is gone: no frame came, not even the answer to a ping.

        Only while it is waited for, as here and not with aiohttp's ``heartbeat``, can silence be the client's.
        """
        silent = False
        while True:
            try:
                async with asyncio.timeout(PING_AFTER):
                    if silent:
                        await self._socket.ping()
                    message = await self._socket.receive()
                    if message.type is WSMsgType.PING:
                        self._timers.restart(("gone",), self._loop.time())
                        await self._socket.pong(message.data)
            except TimeoutError:
                if silent:
                    return None
                silent = True
                continue
            except ConnectionError:
                return None
            if message.type not in {WSMsgType.PING, WSMsgType.PONG}:
                return message
            silent = False

    async def _take_in(self, frame: Frame) -> None:
        size = len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode())
        if size > MAX_MESSAGE:
            await self._hang_up(Closed(1009, f"a message may have {MAX_MESSAGE} bytes"))
        elif not (self._over or self._hung_up):
            came: tuple[TimerKind, ...] = ("gone", "idle", "no_audio") if isinstance(frame, bytes) else ("gone", "idle")
            self._timers.hold(came)  # who is held back is not idle
            await self._heard.put(frame)
            self._timers.restart(came, self._loop.time())

    async def _watch(self) -> None:
        """Have said what timers that run out say."""
        while self._accepted.timers:
            for answer in self._timers.run_out(self._loop.time()):
                await self._heard.put(answer)
            await asyncio.sleep(self._timers.pause(self._loop.time()))

    async def _work(self) -> None:
        """Answer all that is heard, the end included; then part from the backend."""
        ended = False
        while not ended:
            batch = [await self._heard.get()]
            while not self._heard.empty():
                batch.append(self._heard.get_nowait())
            ended = isinstance(batch[-1], Closed)
            await self._answer(batch)
        try:
            await self._loop.run_in_executor(self._pool, self._part)
        except Exception as error:  # noqa: BLE001 -- reported; a backend may raise anything
            await self._fail(error)

    async def _answer(self, batch: Sequence[Heard]) -> None:
        """Let the worker think, and write what it says as it says it."""
        thinking = self._loop.run_in_executor(self._pool, self._think, batch)
        while (signal := await self._said.get()) is not None:
            await self._write(signal)
        try:
            await thinking
        except DroppedError:
            self._over = True
            self._break(abruptly=True)
        except Exception as error:  # noqa: BLE001 -- reported; a codec or backend may raise anything
            await self._fail(error)

    async def _write(self, signal: Frame | Closed) -> None:
        if isinstance(signal, Closed):
            await self._hang_up(signal)
        elif not self._hung_up:
            if isinstance(signal, str):
                self._timers.restart(("quiet",), self._loop.time())
            try:
                await (self._socket.send_str(signal) if isinstance(signal, str) else self._socket.send_bytes(signal))
            except ConnectionError:  # lost for the reader too, who says so
                self._unsent += 1
        else:
            self._unsent += 1

    async def _hang_up(self, closed: Closed) -> None:
        """Send a Close frame, once. aiohttp's own ``close`` knows none without a code."""
        if self._hung_up:
            return
        self._over = self._over or not self._resumable
        self._hung_up = self._loop.call_later(CLOSE_WAIT, self._break)
        with contextlib.suppress(ConnectionError):
            await self._socket.send_frame(close_payload(closed), WSMsgType.CLOSE)

    def _break(self, *, abruptly: bool = True) -> None:
        """End the TCP connection, with what is not yet sent lost or still sent."""
        if self._hung_up:
            self._hung_up.cancel()
        if self._transport:
            (self._transport.abort if abruptly else self._transport.close)()

    async def _fail(self, error: Exception) -> None:
        """A bug: told once, however often it strikes."""
        if not self._failed:
            self._failed = self._over = True
            self._report(error)
            await self._hang_up(Closed(1011, "internal error"))

    # ------------------------------------------------------------------- in the worker

    def _think(self, batch: Sequence[Heard]) -> None:
        try:
            if self._backend is None:
                self._backend = self._make_backend()
            self._in_doubt = self._unsent
            for signal in batch:
                if not self._over or isinstance(signal, Closed):
                    self._hear(signal, self._backend)
        finally:
            self._loop.call_soon_threadsafe(self._said.put_nowait, None)

    def _hear(self, signal: Heard, backend: Backend) -> None:
        if isinstance(signal, Failed | Notice):
            self._say(signal)
            return
        if isinstance(signal, Closed):
            # The connection was gone before this hop began, so nothing that was said in it can have been sent.
            signal = msgspec.structs.replace(signal, unsent=self._in_doubt)
        for command in self._accepted.server.receive(signal):
            if not (self._resumed and isinstance(command, Start)):
                for event in backend.hear(command):
                    self._ended = self._ended or isinstance(event, Ended | Failed)
                    self._say(event)

    def _say(self, event: AnyEvent) -> None:
        for signal in self._accepted.server.send(event):
            if self._closed:
                return
            if isinstance(signal, Closed):
                self._closed = self._over = True
            else:
                self._in_doubt += 1
            self._loop.call_soon_threadsafe(self._said.put_nowait, signal)

    def _part(self) -> None:
        """Close the backend, unless the client may come back for it."""
        if self._backend and (not self._resumable or self._ended or self._failed):
            backend, self._backend = self._backend, None
            backend.close()


def close_payload(closed: Closed) -> bytes:
    """The payload of a Close frame: empty without a code, and the reason cut to whole characters in 123 bytes."""
    if closed.code is None:
        return b""
    return closed.code.to_bytes(2, "big") + closed.reason.encode()[:123].decode(errors="ignore").encode()
