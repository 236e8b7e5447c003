"""The only sockets of a session: HTTP on ``requests``, WebSockets on ``websocket-client``.

Nothing here raises what a library raised: the libraries put URLs, and with them tokens, into their messages. What went
wrong is told anew, without them.
"""

import contextlib
import math
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from voxport.actions import Ping, Pong, Unreachable
from voxport.codec import Closed, Dial, HttpRequest, HttpResponse, Opened
from voxport.framing import binary_frame, text_in
from voxport.settings import Resilience

READ_BYTES = 65_536
POLL: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Poll needs no descriptor of its own and, unlike select, knows no limit on their number."""


class BrokenError(Exception):
    """The connection can carry nothing any more."""


class Connection(Protocol):
    """A connection that is up. ``receive`` and ``wait`` belong to one thread; ``send`` calls must not overlap."""

    opened: Opened

    def ready(self) -> bool:
        """There is something to receive, or the connection has broken."""
        ...

    def wait(self, timeout: float, *, to_send: bool) -> tuple[bool, bool]:
        """Wait until there is something to receive or, if ``to_send``, room to send; says which."""
        ...

    def receive(self) -> list[str | bytes | Closed | Pong]:
        """What has arrived, once ``wait`` has said that there is something; a ``Closed`` without code if it broke."""
        ...

    def send(self, item: str | bytes | Closed | Ping) -> None:
        """Send; blocks while there is no room. Raises ``BrokenError``."""
        ...

    def abort(self) -> None:
        """Break it, from any thread: whoever waits or receives finds it closed."""
        ...

    def close(self) -> None:
        """Let go of it, without another word; for the thread that receives. Idempotent."""
        ...


def request(asked: HttpRequest, timeout: float) -> HttpResponse | Unreachable:
    """Make an HTTP request. Redirects are not followed: they would carry the key to another host."""
    import requests  # noqa: PLC0415 -- costs more than the rest; two of four providers need no request

    try:
        answer = requests.request(
            asked.method, asked.url, headers=asked.headers, data=asked.body or None, timeout=timeout,
            allow_redirects=False, auth=lambda prepared: prepared,  # or ~/.netrc would replace the key
        )  # fmt: skip
    except (requests.RequestException, OSError) as error:
        return Unreachable(f"no answer from {_host(asked.url)}: {_why(error)}")
    return HttpResponse(answer.status_code, _told(answer.headers), answer.content)


def connect(dial: Dial, patience: Resilience) -> "WebSocket | HttpResponse | Unreachable":
    """Open a WebSocket; a refusal of the upgrade is returned as the response it was."""
    import websocket  # noqa: PLC0415 -- `import voxport` stays cheaper than it

    try:
        link = websocket.create_connection(
            dial.url, timeout=patience.connect_timeout, header=dict(dial.headers), subprotocols=list(dial.subprotocols),
            skip_utf8_validation=True, redirect_limit=0, suppress_origin=True, enable_multithread=True,
            sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )  # fmt: skip
    except websocket.WebSocketBadStatusException as error:
        return HttpResponse(error.status_code, _told(error.resp_headers or {}), error.resp_body or b"")
    except (websocket.WebSocketException, OSError, ValueError, UnicodeError) as error:
        return Unreachable(f"no connection to {_host(dial.url)}: {_why(error)}")
    return WebSocket(link, patience.send_timeout)


WANTS_READ = (BlockingIOError, ssl.SSLWantReadError)
WANTS_WRITE = (BlockingIOError, ssl.SSLWantWriteError)


class _Buffered:
    """A socket for one reader and one sender, as websocket-client takes it.

    It reads in large pieces and asks the system to wait only when there is nothing to do, which saves most of the
    system calls that each frame would cost. A TLS connection may not be used by two threads at a time, so calls that
    cannot block take turns.
    """

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        """``timeout`` bounds each wait, in seconds: for the rest of a frame, and for room to send."""
        sock.setblocking(False)
        self._sock = sock
        self._timeout = timeout
        self._turn = threading.Lock() if isinstance(sock, ssl.SSLSocket) else contextlib.nullcontext()
        self._data = b""
        self._at = 0
        self._ended = False
        self.shutdown = sock.shutdown
        self.close = sock.close
        self.fileno = sock.fileno

    def gettimeout(self) -> float:
        return self._timeout

    def fill(self) -> bool:
        """Read what there is, without waiting; false when there is nothing. The end counts as something."""
        if self._ended or self._at < len(self._data):
            return True
        try:
            with self._turn:
                self._data = self._sock.recv(READ_BYTES)
        except (*WANTS_READ, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._data = b""
        self._at = 0
        self._ended = not self._data
        return True

    def has_more(self) -> bool:
        """There is more of what was read last."""
        return self._at < len(self._data)

    def text(self) -> bytes | None:
        """The next message, if it is a text and has arrived whole; what else there is, the library reads."""
        found = text_in(self._data, self._at)
        if found is None:
            return None
        self._at = found[1]
        return self._data[found[0] : found[1]]

    def recv(self, size: int) -> bytes:
        while not self.fill():
            self._await(selectors.EVENT_READ)
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def send_all(self, data: bytes) -> None:
        sent = self.send(data)
        while sent < len(data):
            data = data[sent:]
            sent = self.send(data)

    def send(self, data: bytes) -> int:
        while True:
            try:
                with self._turn:
                    return self._sock.send(data)
            except WANTS_WRITE:
                self._await(selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self._await(selectors.EVENT_READ)

    def _await(self, event: int) -> None:
        with POLL() as poll:
            poll.register(self._sock, event)
            if not poll.select(self._timeout):
                raise TimeoutError


class WebSocket:
    """A ``Connection`` on websocket-client."""

    def __init__(self, link: Any, send_timeout: float) -> None:
        """Take over a ``websocket.WebSocket``; a send without progress for ``send_timeout`` seconds breaks it."""
        import websocket  # noqa: PLC0415 -- already loaded by ``connect``

        self._errors = (websocket.WebSocketException, OSError, ValueError)
        self._text = websocket.ABNF.OPCODE_TEXT
        self._controls: dict[int, Callable[[bytes], bytes | Closed | Pong]] = {
            websocket.ABNF.OPCODE_BINARY: bytes,
            websocket.ABNF.OPCODE_CLOSE: _closed,
            websocket.ABNF.OPCODE_PONG: lambda _: Pong(),
        }
        self._link = link
        self._sock = link.sock = _Buffered(link.sock, send_timeout)
        self._poll = POLL()
        self._key = self._poll.register(self._sock, selectors.EVENT_READ)
        self.opened = Opened(_lower(link.getheaders() or {}))

    def ready(self) -> bool:
        """See ``Connection``."""
        return self._sock.fill()

    def wait(self, timeout: float, *, to_send: bool) -> tuple[bool, bool]:
        """See ``Connection``."""
        arrived = self._sock.fill()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if to_send else 0)
        if self._key.events != wanted:
            self._key = self._poll.modify(self._sock, wanted)
        ready = self._poll.select(0 if arrived else max(0.0, timeout))
        seen = ready[0][1] if ready else 0
        return arrived or bool(seen & selectors.EVENT_READ), bool(seen & selectors.EVENT_WRITE)

    def receive(self) -> list[str | bytes | Closed | Pong]:
        """See ``Connection``."""
        arrived = [self._next()]
        while self._sock.has_more() and not isinstance(arrived[-1], Closed):
            arrived.append(self._next())
        return [arrival for arrival in arrived if arrival is not None]

    def _next(self) -> str | bytes | Closed | Pong | None:
        text = self._sock.text()
        if text is not None:
            return _decoded(text)
        try:
            code, frame = self._link.recv_data_frame(control_frame=True)
        except self._errors:
            return Closed(None)
        if code == self._text:
            return _decoded(frame.data)
        return self._controls[code](frame.data) if code in self._controls else None

    def send(self, item: str | bytes | Closed | Ping) -> None:
        """See ``Connection``."""
        try:
            match item:
                case bytes():
                    # Pongs go out from another thread, under the library's lock.
                    with self._link.lock:
                        self._sock.send_all(binary_frame(item))
                case str():
                    self._link.send(item)
                case Ping():
                    self._link.ping()
                case Closed(code=code, reason=reason):
                    self._link.send_close(code or 1000, reason.encode()[:123])
        except self._errors as error:
            raise BrokenError(_why(error)) from None

    def abort(self) -> None:
        """See ``Connection``."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """See ``Connection``."""
        self._poll.close()
        self._sock.close()


def _decoded(data: bytes) -> str | bytes:
    """A text message; one that is no UTF-8 stays bytes, which no decoder takes for JSON."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _closed(payload: bytes) -> Closed:
    if len(payload) < 2:
        return Closed(1005)
    return Closed(struct.unpack("!H", payload[:2])[0], payload[2:].decode(errors="replace"))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _told(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer; a ``Retry-After`` that is a date becomes the seconds until then, RFC 9110 10.2.3."""
    lower = _lower(headers)
    wait = lower.get("retry-after", "")
    if wait and not wait.isdecimal():
        with contextlib.suppress(ValueError):
            until = parsedate_to_datetime(wait).timestamp() - time.time()
            lower["retry-after"] = str(max(0, math.ceil(until)))
    return lower


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _why(error: BaseException) -> str:
    """The reason in plain words, never a library's own message: it may hold a URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError) or "timed out" in str(cause):
            return "it did not answer in time"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS as expected; is the scheme right?"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        within = (*cause.args, getattr(cause, "reason", None), cause.__cause__)
        cause = next((inner for inner in within if isinstance(inner, BaseException)), None)
    return "it does not speak the expected protocol"
