"""The only sockets of a session: HTTP on ``requests``, WebSockets on ``websocket-client``.

Nothing here raises what a library raised: the libraries put URLs, and with them tokens, into their messages. What went
wrong is told anew, without them.
"""

import contextlib
import os
import selectors
import socket
import ssl
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from voxport.codec import Closed, Dial, HttpRequest, HttpResponse, Opened
from voxport.engine import Ping, Pong, Unreachable
from voxport.settings import Resilience

READ_BYTES = 65_536


class BrokenError(Exception):
    """The connection can carry nothing any more."""


class Connection(Protocol):
    """A connection that is up. ``receive`` and ``wait`` belong to one thread; ``send`` calls must not overlap."""

    opened: Opened

    def wait(self, timeout: float, *, to_send: bool) -> tuple[bool, bool]:
        """Wait until there is something to receive or, if ``to_send``, room to send; says which."""
        ...

    def receive(self) -> str | bytes | Closed | Pong | None:
        """The next message; ``None`` for what concerns nobody. A broken connection is a ``Closed`` without code."""
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
    return HttpResponse(answer.status_code, _lower(answer.headers), answer.content)


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
        return HttpResponse(error.status_code, _lower(error.resp_headers or {}), error.resp_body or b"")
    except (websocket.WebSocketException, OSError, ValueError, UnicodeError) as error:
        return Unreachable(f"no connection to {_host(dial.url)}: {_why(error)}")
    return WebSocket(link, patience.send_timeout)


class _Buffered:
    """A socket read in large pieces: a frame costs its share of one system call rather than two or three calls."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = b""
        self._at = 0
        self.send = sock.send
        self.gettimeout = sock.gettimeout
        self.settimeout = sock.settimeout
        self.shutdown = sock.shutdown
        self.close = sock.close
        self.fileno = sock.fileno

    def recv(self, size: int) -> bytes:
        if self._at == len(self._data):
            self._data = self._sock.recv(READ_BYTES)
            self._at = 0
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def has_data(self) -> bool:
        return self._at < len(self._data) or (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0)


class _AudioFrame:
    """A binary message as ``send_frame`` takes it, made at half the cost of the library's own.

    Masking keys are random, as RFC 6455 section 5.3 asks, but fetched a thousand at a time: a system call for each
    would cost more than the masking.
    """

    __slots__ = ("_data",)
    _keys: ClassVar[list[int]] = []

    def __init__(self, data: bytes) -> None:
        self._data = data

    def format(self) -> bytes:
        """The frame on the wire: header, key, masked data."""
        size = len(self._data)
        key = self._key()
        mask = key * _repeated(size)
        if size % 4:
            mask &= (1 << 8 * size) - 1
        masked = int.from_bytes(self._data, "little") ^ mask
        if size < 126:
            header = struct.pack("<BBI", 0x82, 0x80 | size, key)
        elif size < 65_536:
            header = struct.pack("<BB2sI", 0x82, 0xFE, size.to_bytes(2, "big"), key)
        else:
            header = struct.pack("<BB8sI", 0x82, 0xFF, size.to_bytes(8, "big"), key)
        return header + masked.to_bytes(size, "little")

    def _key(self) -> int:
        try:
            return self._keys.pop()
        except IndexError:
            self._keys.extend(struct.unpack("1024I", os.urandom(4096)))
            return self._key()


@lru_cache(maxsize=64)
def _repeated(size: int) -> int:
    """What a key of four bytes is multiplied by to stand once for each four of ``size`` bytes."""
    return int.from_bytes(b"\1\0\0\0" * ((size + 3) // 4), "little")


class WebSocket:
    """A ``Connection`` on websocket-client."""

    def __init__(self, link: Any, send_timeout: float) -> None:
        """Take over a ``websocket.WebSocket``; a send without progress for ``send_timeout`` seconds breaks it."""
        import websocket  # noqa: PLC0415 -- already loaded by ``connect``

        self._errors = (websocket.WebSocketException, OSError, ValueError)
        self._codes = websocket.ABNF
        self._link = link
        link.settimeout(send_timeout)
        self._sock = link.sock = _Buffered(link.sock)
        # Poll needs no descriptor of its own and, unlike select, knows no limit on their number.
        self._selector = getattr(selectors, "PollSelector", selectors.SelectSelector)()
        self._key = self._selector.register(self._sock, selectors.EVENT_READ)
        self.opened = Opened(_lower(link.getheaders() or {}))

    def wait(self, timeout: float, *, to_send: bool) -> tuple[bool, bool]:
        """See ``Connection``."""
        buffered = self._sock.has_data()
        if buffered and not to_send:
            return True, False
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if to_send else 0)
        if self._key.events != wanted:
            self._key = self._selector.modify(self._sock, wanted)
        ready = self._selector.select(0 if buffered else max(0.0, timeout))
        seen = ready[0][1] if ready else 0
        return buffered or bool(seen & selectors.EVENT_READ), bool(seen & selectors.EVENT_WRITE)

    def receive(self) -> str | bytes | Closed | Pong | None:
        """See ``Connection``."""
        try:
            code, frame = self._link.recv_data_frame(control_frame=True)
        except self._errors:
            return Closed(None)
        match code:
            case self._codes.OPCODE_TEXT:
                # Decoders take the bytes of a text as they are, and reject what is no UTF-8.
                return _text(frame.data)
            case self._codes.OPCODE_BINARY:
                return bytes(frame.data)
            case self._codes.OPCODE_CLOSE:
                return _closed(bytes(frame.data))
            case self._codes.OPCODE_PONG:
                return Pong()
            case _:
                return None

    def send(self, item: str | bytes | Closed | Ping) -> None:
        """See ``Connection``."""
        try:
            match item:
                case bytes():
                    self._link.send_frame(_AudioFrame(item))
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
        self._selector.close()
        self._sock.close()


def _text(data: bytes) -> str | bytes:
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
        reason = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = (
            reason or getattr(cause, "reason", None) if not isinstance(getattr(cause, "reason", None), str) else None
        )
        cause = cause if isinstance(cause, BaseException) else None
    return "it does not speak the expected protocol"
