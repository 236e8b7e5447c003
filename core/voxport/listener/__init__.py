"""Answers as a provider, for any number of adapters on one port: the emulator and the gateway stand on it.

Each adapter's ``Front`` answers requests and grants upgrades; the first that knows a path has it. An accepted upgrade
becomes a conversation between the adapter's server codec and a ``Backend``.
"""

import asyncio
import importlib.util
import logging
import ssl
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from voxport.codec import Desk, HttpRequest, Served
from voxport.errors import MissingExtraError, SettingsError
from voxport.listener.backend import Backend, DroppedError, MakeBackend

__all__ = ["Backend", "DroppedError", "Listener", "MakeBackend"]

THREADS = 256
"""Conversations that think at the same time; threads are made as they are needed."""

_logger = logging.getLogger("voxport")


class Listener:
    """Serves from ``start`` to ``close``, or inside ``with``, on an event loop in a thread of its own.

    Messages and bodies may have 1 MiB. ``keys`` are the API keys that are valid here, for every adapter.
    """

    def __init__(
        self,
        adapters: Iterable[Served],
        backend: MakeBackend,
        *,
        keys: Iterable[str],
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``backend`` is called once for each session; ``port`` 0 lets the system choose."""
        desk = Desk(frozenset(keys), lambda: str(uuid.uuid4()), time.time)
        self._fronts = [adapter.front(desk) for adapter in adapters]
        self._make_backend = backend
        self._host = host
        self._port = port
        self._tls = tls
        self._failures: list[Exception] = []
        self._ready: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="voxport-listener", daemon=True)

    def start(self) -> None:
        """Bound and serving on return.

        Raises ``SettingsError`` when it cannot listen there, ``MissingExtraError`` without the extra ``local``.
        """
        if importlib.util.find_spec("aiohttp") is None:
            raise MissingExtraError("the emulator", "local")
        self._thread.start()
        try:
            self._port = self._ready.result()
        except OSError as error:
            self._thread.join()
            # asyncio writes a sentence around the system's own words.
            why = (error.strerror or str(error)).rpartition(": ")[2]
            where = f"{self._host}:{self._port}"
            raise SettingsError(f"cannot listen on {where}: {why}; choose another host or port") from None

    @property
    def url(self) -> str:
        """``http://HOST:PORT``, with ``https`` under TLS."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{self._port}"

    @property
    def ws_url(self) -> str:
        """The same for WebSocket clients: ``ws://HOST:PORT``."""
        return f"ws{self.url.removeprefix('http')}"

    def failures(self) -> tuple[Exception, ...]:
        """What fronts, codecs and backends have raised so far: bugs, which the log tells too."""
        return tuple(self._failures)

    def close(self) -> None:
        """End open conversations with 1001 and join all threads. May be called again, and before ``start``."""
        if self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
        if self._thread.ident:
            self._thread.join()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    # ------------------------------------------------------------------- in the thread

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        from voxport.listener._http import Place, Reception  # noqa: PLC0415 -- aiohttp is optional and heavy

        self._loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(THREADS, "voxport-conversation") as pool:
            reception = Reception(self._fronts, self._make_backend, pool, self._report)
            await reception.serve(Place(self._host, self._port, self._tls), self._ready.set_result, self._closing)

    def _report(self, asked: HttpRequest, error: Exception) -> None:
        self._failures.append(error)
        _logger.error("%r failed; this is a bug of its adapter or of what stands behind it", asked, exc_info=error)
