"""The HTTP of a listener, on aiohttp: requests and upgrades are offered to each front in turn."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor

import msgspec
from aiohttp import web

from voxport.codec import Accepted, Front, HttpRequest, HttpResponse, Opened
from voxport.listener._conversation import Conversation
from voxport.listener._sessions import Sessions
from voxport.listener.backend import MakeBackend
from voxport.wire import json_response

MAX_BODY = 1 << 20
"""Bytes; more is refused with 413."""
LINGER = 1.0
"""Seconds that ordinary requests have to be answered in when the listener closes."""


class Place(msgspec.Struct, frozen=True):
    """Where to listen; ``port`` 0 lets the system choose."""

    host: str
    port: int
    tls: ssl.SSLContext | None


Offer = Callable[[HttpRequest], Accepted | HttpResponse | None]


class Reception:
    """Answers HTTP. ``report`` is told of an exception that a front, codec or backend raised, and at what request."""

    def __init__(
        self,
        fronts: Sequence[Front],
        make_backend: MakeBackend,
        pool: Executor,
        report: Callable[[HttpRequest, Exception], None],
    ) -> None:
        """Nothing listens yet."""
        self._fronts = fronts
        self._make_backend = make_backend
        self._pool = pool
        self._report = report
        self._open: set[Conversation] = set()

    async def serve(self, place: Place, ready: Callable[[int], None], closing: asyncio.Event) -> None:
        """Listen, tell ``ready`` the port, and serve until ``closing``; then end what is open.

        Raises ``OSError`` when it cannot listen there.
        """
        self._sessions = sessions = Sessions(self._pool)
        server = web.Server(self._respond, access_log=None, logger=_discreet_logger())
        runner = web.ServerRunner(server, shutdown_timeout=LINGER)
        await runner.setup()
        try:
            site = web.TCPSite(runner, place.host, place.port, ssl_context=place.tls)
            await site.start()
            ready(runner.addresses[0][1])
            await closing.wait()
            await asyncio.gather(*(conversation.leave() for conversation in self._open))
            await sessions.close()
        finally:
            await runner.cleanup()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        try:
            asked = await _read(request, upgrade=upgrade)
        except web.HTTPRequestEntityTooLarge:
            return _response(_refusal(413, f"a body may have {MAX_BODY} bytes"))
        offers: Iterable[Offer] = (front.accept if upgrade else front.answer for front in self._fronts)
        try:
            found = next((answer for offer in offers if (answer := offer(asked)) is not None), None)
        except Exception as error:  # noqa: BLE001 -- reported; an adapter may raise anything
            self._report(asked, error)
            found = _refusal(500, "internal error")
        if isinstance(found, Accepted):
            return await self._converse(request, asked, found)
        return _response(found or _refusal(404, "no provider emulated here has this path"))

    async def _converse(self, request: web.BaseRequest, asked: HttpRequest, accepted: Accepted) -> web.StreamResponse:
        # Shown only the subprotocol that is granted, aiohttp has none to complain of: keys travel there, and it logs.
        name = "Sec-WebSocket-Protocol"
        headers = {key: value for key, value in request.headers.items() if key.lower() != name.lower()}
        granted = {name: accepted.subprotocol} if accepted.subprotocol else {}
        conversation = Conversation(accepted, self._make_backend, self._pool, lambda error: self._report(asked, error))
        async with self._sessions.talk(accepted.session, conversation) as before:
            self._open.add(conversation)
            try:
                shown = request.clone(headers={**headers, **granted})
                return await conversation.hold(shown, Opened(asked.headers), before)
            finally:
                self._open.discard(conversation)


async def _read(request: web.BaseRequest, *, upgrade: bool) -> HttpRequest:
    """The request as a front wants it; ``url`` is absolute, from the Host header, and ``ws`` for an upgrade."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    scheme = ("ws" if upgrade else "http") + ("s" if request.secure else "")
    body = b"" if upgrade else await request.clone(client_max_size=MAX_BODY).read()
    return HttpRequest(request.method, f"{scheme}://{request.host}{request.raw_path}", headers, body)


def _response(answer: HttpResponse) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _refusal(status: int, message: str) -> HttpResponse:
    return json_response(status, {"error": message})


def _discreet_logger() -> logging.Logger:
    """For aiohttp, whose exceptions quote what a stranger sent: only their type may be told."""
    logger = logging.getLogger("voxport.listener")
    logger.addFilter(_without_quotes)
    return logger


def _without_quotes(record: logging.LogRecord) -> bool:
    if record.exc_info:
        kind = record.exc_info[0]
        if kind and issubclass(kind, ConnectionError):
            return False  # a client that is gone is no error of the server's
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {kind and kind.__name__}", (), None
    return True
