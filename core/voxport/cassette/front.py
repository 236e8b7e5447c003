"""A cassette that answers as its provider did, to any client: the requests, the upgrade, every message, in time.

A message is told once the client has sent the audio (in bytes, however it cuts them) and the messages that came before
it in the recording. What the client asks for in another way, and what it never comes to, is found in ``complaints``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from voxport import codec, commands
from voxport.cassette import lines
from voxport.cassette.reading import Cassette
from voxport.events import AnyEvent, Failed, Notice
from voxport.listener.backend import DroppedError
from voxport.wire import json_response, path_of

TAGS = ("type", "message", "event")
"""Members that tell JSON messages apart."""
NOT_RECORDED = 501
"""The status for what the cassette has no answer to."""


class Tape:
    """One cassette on offer. It is an ``Adapter`` as far as a ``Listener`` needs one, and is played once."""

    def __init__(self, cassette: Cassette) -> None:
        """Nothing is played yet."""
        self._lock = threading.Lock()
        self._requests = deque(_exchanges(cassette))
        self._connections = deque(_connections(cassette))
        self._playing: list[_Side] = []
        self._complaints: list[str] = []

    def front(self, desk: codec.Desk) -> Tape:
        """See ``Adapter.front``; any credential is good."""
        return self

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """See ``Front.answer``."""
        with self._lock:
            if not self._requests or _place(request) != self._requests[0][0]:
                self._complaints.append(f"{request.method} {path_of(request.url)} was not recorded, or not here")
                return json_response(NOT_RECORDED, {"error": "not recorded"})
            _, said = self._requests.popleft()
            return codec.HttpResponse(said.status, _plain(said.headers), _at_home(said.body, request.url).encode())

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """See ``Front.accept``."""
        with self._lock:
            if not self._connections or path_of(self._connections[0].url) != path_of(request.url):
                self._complaints.append(f"a connection to {path_of(request.url)} was not recorded, or not here")
                return json_response(NOT_RECORDED, {"error": "not recorded"})
            connection = self._connections.popleft()
            if connection.refusal is not None:
                refusal = connection.refusal
                return codec.HttpResponse(refusal.status, _plain(refusal.headers), refusal.body.encode())
            side = _Side(connection)
            self._playing.append(side)
        offered = request.headers.get("sec-websocket-protocol", "").replace(",", " ").split()
        return codec.Accepted(side, _plain(connection.headers), offered[0] if offered else None)

    def complaints(self) -> list[str]:
        """What was asked for in another way than recorded, and what was not played; a line each."""
        with self._lock:
            left = [f"{place} was not asked for" for place, _ in self._requests]
            left += [f"a connection to {path_of(connection.url)} was not made" for connection in self._connections]
            return [*self._complaints, *left, *(line for side in self._playing for line in side.complaints())]


class Playback:
    """The backend of a listener that serves a ``Tape``: it keeps the time. ``speed`` 0 does not wait at all."""

    def __init__(self, speed: float = 1.0, sleep: Callable[[float], object] = time.sleep) -> None:
        """``speed`` 2 plays twice as fast."""
        self._speed = speed
        self._sleep = sleep

    def hear(self, command: commands.Command) -> Iterator[AnyEvent]:
        """See ``Backend``; a ``_Side`` says everything by ``Invalid``."""
        if isinstance(command, commands.Invalid):
            pause = command.answer.seconds if isinstance(command.answer, Notice) else None
            if self._speed and pause:
                self._sleep(pause / self._speed)
            if isinstance(command.answer, Failed):
                raise DroppedError
            yield command.answer

    def close(self) -> None:
        """See ``Backend``."""


class _Connection(msgspec.Struct):
    """What was recorded of one connection, or of the attempt."""

    url: str
    headers: dict[str, str] = {}
    refusal: lines.Response | None = None
    lines: list[lines.AnyLine] = []


class _Side:
    """A ``Server`` that says what was recorded."""

    def __init__(self, connection: _Connection) -> None:
        self._left = deque(connection.lines)
        self._audio = 0  # bytes that the client is ahead of the recording
        self._texts: deque[str] = deque()  # messages of the client that the recording has not come to
        self._now = connection.lines[0].at if connection.lines else 0.0
        self._complaints: list[str] = []
        self._closed = False

    def receive(self, signal: codec.Signal) -> Iterable[commands.Command]:
        """See ``Codec``."""
        match signal:
            case bytes():
                self._audio += len(signal)
            case str():
                self._texts.append(signal)
            case codec.Closed():
                self._closed = True
                return ()
        return tuple(self._play())

    def send(self, event: AnyEvent) -> Iterable[str | bytes | codec.Closed]:
        """See ``Codec``."""
        return () if event.raw is None else (event.raw,)

    def _play(self) -> Iterator[commands.Command]:
        """All that the recording has next and that waits for nothing more of the client's."""
        while self._left and not self._closed:
            line = self._left[0]
            pause = max(0.0, line.at - self._now)
            match line:
                case lines.Audio(sizes=sizes):
                    if self._audio < sum(sizes):
                        return
                    self._audio -= sum(sizes)
                case lines.Sent(text=text):
                    if not self._texts:
                        return
                    self._compare(text, self._texts.popleft())
                case lines.Received(text=text, data=data):
                    yield _said(text if data is None else data, pause)
                case lines.Closed(by_us=True) | lines.Closed(code=None):
                    # Where the client had given the connection up, this one must learn of that in some way.
                    yield commands.Invalid(Failed(kind="network", code="", message=""))
                case lines.Closed(code=code, reason=reason):
                    # 1005 is how a Close frame without a code is told; it cannot be sent.
                    yield _said(codec.Closed(None if code == 1005 else code, reason), pause)
            self._left.popleft()
            self._now = line.at

    def _compare(self, recorded: str, sent: str) -> None:
        then, now = _tag(recorded), _tag(sent)
        if then != now:
            self._complaints.append(f"the client said {now}, the recording has {then}")

    def complaints(self) -> list[str]:
        """See ``Tape.complaints``."""
        kinds = [type(line).__name__.lower() for line in self._left if not isinstance(line, lines.Closed)]
        left = [f"{kinds.count(kind)} lines of kind {kind} were not played" for kind in dict.fromkeys(kinds)]
        extra = [f"the client said {_tag(text)}, which was not recorded" for text in self._texts]
        return [*self._complaints, *left, *extra]


def _said(frame: str | bytes | codec.Closed, pause: float) -> commands.Invalid:
    return commands.Invalid(Notice(code="recorded", message="", seconds=pause, raw=frame))


def _tag(text: str) -> str:
    try:
        tree: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return "what is no JSON"
    tags = [str(tree[name]) for name in TAGS if isinstance(tree, dict) and name in tree]
    return tags[0] if tags else "an unnamed message"


Place = str


def _place(request: codec.HttpRequest | lines.Request) -> Place:
    return f"{request.method} {path_of(request.url)}"


def _exchanges(cassette: Cassette) -> Iterator[tuple[Place, lines.Response]]:
    asked: lines.Request | None = None
    for line in cassette.lines:
        if isinstance(line, lines.Request):
            asked = line
        elif isinstance(line, lines.Response) and asked is not None:
            yield _place(asked), line
            asked = None


def _connections(cassette: Cassette) -> Iterator[_Connection]:
    current: _Connection | None = None
    for line in cassette.lines:
        match line:
            case lines.Dialled(url=url):
                if current:
                    yield current
                current = _Connection(url)
            case lines.Upgraded(headers=headers) if current:
                current.headers = dict(headers)
            case lines.Response() if current and not current.headers and not current.lines:
                current.refusal = line
            case lines.Unreached() if current:
                current = None  # no server can play that there is none
            case lines.Closed(by_us=True, code=1000):
                pass  # the client's own end
            case lines.Audio() | lines.Sent() | lines.Received() | lines.Closed() if current:
                current.lines.append(line)
    if current:
        yield current


HOP = {
    "connection", "upgrade", "sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions", "date",
    "server", "content-length", "transfer-encoding", "content-encoding",
}  # fmt: skip
"""Headers that are made anew for each answer."""


def _plain(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP}


def _at_home(body: str, url: str) -> str:
    """The body with the addresses in it leading to this server, which ``url`` was asked of."""
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body
    home = urlsplit(url)

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        if isinstance(value, str) and value.startswith(("ws://", "wss://")):
            secure = "s" if home.scheme == "https" else ""
            return urlsplit(value)._replace(scheme=f"ws{secure}", netloc=home.netloc).geturl()
        return value

    return msgspec.json.encode(moved(tree)).decode()
