"""A listener with what stands before and behind it, and its clients; for the tests of the listener."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import websocket
from websocket import ABNF

from voxport.codec import (
    Accepted,
    Adapter,
    Closed,
    Desk,
    Front,
    HttpRequest,
    HttpResponse,
    Opened,
    Signal,
)
from voxport.commands import Audio, Command, EndUtterance, Finish, Invalid, Start
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice, Transcript
from voxport.listener import Listener

KEY = "canary-key-91c2"
TOKEN = "canary-token-77ab"
WAIT = 10.0  # seconds; only a failing test waits for so long

Hear = Callable[[Command], Iterable[AnyEvent]]


class Plain:
    """A protocol of words: what the server's codec does is told by the text that it is sent."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.said: list[AnyEvent] = []

    def receive(self, signal: Signal) -> Iterable[Command]:
        self.signals.append(signal)
        match signal:
            case Opened():
                return [Start(None)]
            case bytes():
                return [Audio(signal)]
            case "finish":
                return [Finish()]
            case "nonsense":
                return [Invalid(Notice(code="nonsense", message="what?"))]
            case "bug in the codec":
                raise ZeroDivisionError(signal)
            case str():
                return [EndUtterance()]
            case _:
                return []

    def send(self, event: AnyEvent) -> Iterable[str | bytes | Closed]:
        self.said.append(event)
        match event:
            case Begun():
                return ["begun"]
            case Transcript(text=text):
                return [text]
            case Notice(message=message):
                return [message.encode()]
            case Failed(code=code, message=reason):
                return [Closed(int(code) if code else None, reason)]
            case Ended():
                return ["ended", Closed(1000, "done"), "never said"]
            case _:
                return []


class PlainFront:
    """Grants ``/live`` under its prefix, with what the test put into ``grants``."""

    def __init__(self, prefix: str = "", **grants: Any) -> None:
        self.prefix = prefix
        self.grants = grants
        self.servers: list[Plain] = []
        self.asked: list[HttpRequest] = []

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        self.asked.append(request)
        path = request.url.partition("?")[0]
        if path.endswith(f"{self.prefix}/bug"):
            raise ZeroDivisionError(path)
        if not path.endswith(f"{self.prefix}/echo"):
            return None
        return HttpResponse(201, {"content-type": "text/x-echo", "x-method": request.method}, request.body[::-1])

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        self.asked.append(request)
        path = request.url.partition("?")[0]
        if path.endswith(f"{self.prefix}/refused"):
            return HttpResponse(402, {"content-type": "application/json", "x-why": "credit"}, b'{"why":"credit"}')
        if not path.endswith(f"{self.prefix}/live"):
            return None
        self.servers.append(Plain())
        return Accepted(self.servers[-1], **self.grants)


class FakeAdapter:
    def __init__(self, front: PlainFront) -> None:
        self._front = front
        self.desk: Desk | None = None

    def front(self, desk: Desk) -> Front:
        self.desk = desk
        return self._front


class FakeBackend:
    """Answers by ``hear``, and keeps what it heard."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self.heard: list[Command] = []
        self.closed = threading.Event()

    def hear(self, command: Command) -> Iterable[AnyEvent]:
        self.heard.append(command)
        return self._hear(command)

    def close(self) -> None:
        assert not self.closed.is_set(), "closed twice"
        self.closed.set()


def polite(command: Command) -> Iterable[AnyEvent]:
    match command:
        case Start():
            return [Begun()]
        case Audio(data=data):
            return [Transcript(is_final=True, text=f"{len(data)}")]
        case Invalid(answer=answer):
            return [answer]
        case Finish():
            return [Transcript(is_final=True, text="last"), Ended()]
        case _:
            return []


class House:
    """A listener with what stands before and behind it, and its clients."""

    def __init__(self, fronts: Iterable[PlainFront], hear: Hear = polite) -> None:
        self.fronts = list(fronts)
        self.backends: list[FakeBackend] = []
        self.made = threading.Semaphore(0)
        self.clients: list[websocket.WebSocket] = []
        self._hear = hear
        self.listener = Listener(map(fake, self.fronts), self.make, keys=[KEY])

    def make(self) -> FakeBackend:
        self.backends.append(FakeBackend(self._hear))
        self.made.release()
        return self.backends[-1]

    def dial(self, path: str = "/live", **options: Any) -> websocket.WebSocket:
        client = websocket.create_connection(self.listener.ws_url + path, timeout=WAIT, **options)
        self.clients.append(client)
        return client


def fake(front: PlainFront) -> Adapter:
    return cast("Adapter", FakeAdapter(front))


@contextlib.contextmanager
def opened(*fronts: PlainFront, hear: Hear = polite) -> Iterator[House]:
    house = House(fronts or [PlainFront()], hear)
    try:
        with house.listener:
            yield house
            for client in house.clients:
                client.close(timeout=0)
    finally:
        for client in house.clients:
            drop(client)


def drop(client: websocket.WebSocket) -> None:
    """End the TCP connection without a Close frame."""
    client.shutdown()  # type: ignore[no-untyped-call] # websocket-client leaves this one untyped


def close_frame(client: websocket.WebSocket) -> tuple[int | None, str]:
    """Code and reason of the Close frame that comes next."""
    opcode, payload = client.recv_data(control_frame=True)
    assert opcode == ABNF.OPCODE_CLOSE, payload
    return (int.from_bytes(payload[:2], "big") if payload else None), payload[2:].decode()


def rest(client: websocket.WebSocket) -> bytes:
    """All bytes that come until the connection ends."""
    sock = client.sock
    assert sock
    return b"".join(iter(lambda: sock.recv(1000), b""))


def address(house: House) -> tuple[str, int]:
    host, _, port = house.listener.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def lasting() -> PlainFront:
    return PlainFront(session="7c2f")


def bug(command: Command) -> Iterable[AnyEvent]:
    raise ZeroDivisionError(command)


TOO_LONG = Failed(kind="invalid", code="4003", message="too long")
TOO_QUIET = Notice(code="idle", message="hello?")
