import contextlib
import json
import logging
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import pytest
import requests
import websocket
from websocket import ABNF, WebSocketBadStatusException

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
    Timer,
    TimerKind,
)
from voxport.commands import Audio, Command, EndUtterance, Finish, Invalid, Start
from voxport.errors import MissingExtraError, SettingsError
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice, Transcript
from voxport.listener import DroppedError, Listener, _conversation, _http, _sessions
from voxport.listener._timers import Timers

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


# --------------------------------------------------------------------------- requests


def test_a_front_answers_an_ordinary_request() -> None:
    with opened() as house:
        url = f"{house.listener.url}/echo?a=1%202&b"
        answer = requests.put(url, data=b"abc", headers={"X-Thing": "One"}, timeout=WAIT)
        assert (answer.status_code, answer.content) == (201, b"cba")
        assert (answer.headers["x-method"], answer.headers["content-type"]) == ("PUT", "text/x-echo")
        (asked,) = house.fronts[0].asked
        assert (asked.method, asked.url, asked.body) == ("PUT", url, b"abc")
        assert asked.headers["x-thing"] == "One"


def test_urls_are_made_of_the_host_header() -> None:
    with opened() as house:
        requests.get(f"{house.listener.url}/echo", headers={"Host": "emulator.test:81"}, timeout=WAIT)
        house.dial(host="emulator.test:81").close()
        assert [asked.url for asked in house.fronts[0].asked] == [
            "http://emulator.test:81/echo",
            "ws://emulator.test:81/live",
        ]


def test_each_front_is_asked_until_one_knows_the_path() -> None:
    with opened(PlainFront("/a"), PlainFront("/b")) as house:
        assert requests.get(f"{house.listener.url}/b/echo", timeout=WAIT).status_code == 201
        house.dial("/b/live")
        assert [len(front.servers) for front in house.fronts] == [0, 1]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/live"])
def test_what_no_front_knows_is_a_404_in_json(path: str) -> None:
    with opened() as house:
        answer = requests.get(house.listener.url + path, timeout=WAIT)
        assert (answer.status_code, list(answer.json())) == (404, ["error"])


def test_an_upgrade_that_no_front_knows_is_a_404_in_json() -> None:
    with opened() as house, pytest.raises(WebSocketBadStatusException) as caught:
        house.dial("/nowhere")
    assert caught.value.status_code == 404
    assert list(json.loads(caught.value.resp_body or b"")) == ["error"]


def test_a_refusal_arrives_as_the_front_wrote_it() -> None:
    with opened() as house, pytest.raises(WebSocketBadStatusException) as caught:
        house.dial("/refused")
    assert (caught.value.status_code, caught.value.resp_body) == (402, b'{"why":"credit"}')
    assert cast("Mapping[str, str]", caught.value.resp_headers)["x-why"] == "credit"


def test_a_body_over_1_mib_is_refused() -> None:
    with opened() as house:
        url = f"{house.listener.url}/echo"
        assert requests.post(url, data=bytes(1 << 20), timeout=WAIT).status_code == 201
        assert requests.post(url, data=bytes((1 << 20) + 1), timeout=WAIT).status_code == 413
        assert len(house.fronts[0].asked) == 1


def test_a_front_that_raises_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    with opened() as house:
        assert requests.get(f"{house.listener.url}/bug?token={TOKEN}", timeout=WAIT).status_code == 500
        assert [type(error) for error in house.listener.failures()] == [ZeroDivisionError]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert TOKEN not in caplog.text


def test_what_is_not_http_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    with opened() as house, socket.create_connection(address(house)) as client:
        client.sendall(f"GET /live?token={TOKEN} HTTP/9.x\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.0 400")
    assert "BadStatusLine" in caplog.text
    assert TOKEN not in caplog.text


def test_adapters_are_lent_a_desk() -> None:
    adapter = FakeAdapter(PlainFront())
    Listener([cast("Adapter", adapter)], lambda: FakeBackend(polite), keys=[KEY])
    assert adapter.desk is not None
    assert adapter.desk.keys == {KEY}
    assert adapter.desk.new_id() != adapter.desk.new_id()
    assert adapter.desk.now() > 1_700_000_000


# --------------------------------------------------------------------------- upgrades


def test_the_101_carries_the_headers_granted() -> None:
    with opened(PlainFront(headers={"x-request-id": "r1"})) as house:
        assert (house.dial().getheaders() or {})["x-request-id"] == "r1"


@pytest.mark.parametrize("granted", ["token", None])
def test_the_subprotocol_granted_is_answered_and_an_offer_is_never_logged(
    granted: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    offer = f"token, {KEY}"
    with opened(PlainFront(subprotocol=granted)) as house:
        # As a header, because websocket-client itself fails, and logs the offer, when the server grants none.
        client = house.dial(header={"Sec-WebSocket-Protocol": offer})
        assert (client.getheaders() or {}).get("sec-websocket-protocol") == granted
        assert house.fronts[0].asked[0].headers["sec-websocket-protocol"] == offer
    assert KEY not in caplog.text


def test_the_codec_sees_the_headers_of_the_request() -> None:
    with opened() as house:
        client = house.dial(header={"X-Thing": "One"})
        assert client.recv() == "begun"
        (signal,) = house.fronts[0].servers[0].signals
        assert isinstance(signal, Opened)
        assert signal.headers["x-thing"] == "One"


# --------------------------------------------------------------------------- conversations


def test_a_conversation_goes_through_the_codec_and_the_backend() -> None:
    with opened() as house:
        client = house.dial()
        client.send_binary(b"abc")
        client.send("nonsense")
        client.send("finish")
        assert [client.recv() for _ in range(5)] == ["begun", "3", b"what?", "last", "ended"]
        assert close_frame(client) == (1000, "done")
        assert house.backends[0].closed.wait(WAIT)
        assert [type(command) for command in house.backends[0].heard] == [Start, Audio, Invalid, Finish]
        assert house.fronts[0].servers[0].signals[-1] == Closed(1000)


def test_order_is_kept_however_fast_the_client() -> None:
    with opened() as house:
        client = house.dial()
        sizes = [1 + number % 300 for number in range(2000)]
        sender = threading.Thread(target=lambda: [client.send_binary(bytes(size)) for size in sizes])
        sender.start()
        assert client.recv() == "begun"
        assert [client.recv() for _ in sizes] == [str(size) for size in sizes]
        sender.join()


def test_events_are_sent_as_they_come() -> None:
    first_arrived = threading.Event()

    def hear(command: Command) -> Iterator[AnyEvent]:
        yield Transcript(is_final=True, text="first")
        assert first_arrived.wait(WAIT)
        yield Transcript(is_final=True, text="second")

    with opened(hear=hear) as house:
        client = house.dial()
        assert client.recv() == "first"
        first_arrived.set()
        assert client.recv() == "second"


def test_a_slow_backend_delays_neither_pings_nor_other_conversations() -> None:
    release = threading.Event()

    def hear(command: Command) -> Iterable[AnyEvent]:
        if command == Audio(b"slow"):
            assert release.wait(WAIT)
        return polite(command)

    with opened(hear=hear) as house:
        slow, quick = house.dial(), house.dial()
        assert slow.recv() == "begun"
        slow.send_binary(b"slow")
        slow.ping("are you there")
        assert slow.recv_data(control_frame=True) == (ABNF.OPCODE_PONG, b"are you there")
        quick.send("finish")
        assert [quick.recv() for _ in range(3)] == ["begun", "last", "ended"]
        release.set()
        assert slow.recv() == "4"


def test_twenty_conversations_think_at_once() -> None:
    everyone = threading.Barrier(20)

    def hear(command: Command) -> Iterable[AnyEvent]:
        if isinstance(command, Audio):
            everyone.wait(WAIT)
        return polite(command)

    with opened(hear=hear) as house:
        clients = [house.dial() for _ in range(20)]
        for number, client in enumerate(clients):
            client.send_binary(bytes(number + 1))
            client.send("finish")
        for number, client in enumerate(clients):
            assert [client.recv() for _ in range(4)] == ["begun", str(number + 1), "last", "ended"]
        assert house.listener.failures() == ()


def test_a_client_faster_than_the_backend_is_held_back() -> None:
    release = threading.Event()

    def hear(command: Command) -> Iterable[AnyEvent]:
        assert release.wait(WAIT)
        return []

    with opened(hear=hear) as house:
        client = house.dial()
        sent = 0
        while sent < 1000 and select.select([], [client], [], 0.2)[1]:
            client.send_binary(bytes(1 << 16))
            sent += 1
        release.set()
        assert sent < 1000


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        ("1011", "why", (1011, "why")),
        ("4001", "é" * 100, (4001, "é" * 61)),
        ("", "no reason without a code", (None, "")),
    ],
)
def test_the_close_frame_says_what_the_codec_said(code: str, reason: str, expected: tuple[int | None, str]) -> None:
    def hear(command: Command) -> Iterable[AnyEvent]:
        return [Failed(kind="provider", code=code, message=reason)]

    with opened(hear=hear) as house:
        client = house.dial()
        assert close_frame(client) == expected
        assert house.backends[0].closed.wait(WAIT)
        assert rest(client) == b""  # one Close frame, then the end


def test_a_client_that_does_not_answer_a_close_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conversation, "CLOSE_WAIT", 0.01)
    with opened() as house:
        client = house.dial()
        client.send("finish")
        assert rest(client).endswith(b"\x88\x06\x03\xe8done")
        assert house.backends[0].closed.wait(WAIT)
        assert house.fronts[0].servers[0].signals[-1] == Closed(None)


@pytest.mark.parametrize(("status", "expected"), [(1000, 1000), (4321, 4321)])
def test_the_clients_close_is_answered_and_told_to_the_codec(status: int, expected: int) -> None:
    with opened() as house:
        client = house.dial()
        assert client.recv() == "begun"
        client.send_close(status, b"bye")
        assert close_frame(client) == (expected, "")
        assert house.backends[0].closed.wait(WAIT)
        assert house.fronts[0].servers[0].signals[-1] == Closed(expected, "bye")


def test_a_client_that_drops_closes_the_backend() -> None:
    with opened() as house:
        client = house.dial()
        client.send_binary(b"abc")
        assert [client.recv(), client.recv()] == ["begun", "3"]
        drop(client)
        assert house.backends[0].closed.wait(WAIT)
        assert house.fronts[0].servers[0].signals[-1] == Closed(None)
        assert house.listener.failures() == ()


@pytest.mark.parametrize("end", [websocket.WebSocket.send_close, drop])
def test_what_waited_is_forgotten_when_the_client_is_gone(end: Callable[[websocket.WebSocket], None]) -> None:
    busy, release = threading.Event(), threading.Event()

    def hear(command: Command) -> Iterable[AnyEvent]:
        if isinstance(command, EndUtterance):
            busy.set()
            assert release.wait(WAIT)
        return polite(command)

    with opened(hear=hear) as house:
        client = house.dial()
        client.send("heard")
        assert busy.wait(WAIT)
        for word in ("forgotten", "forgotten"):
            client.send(word)
        end(client)
        assert house.dial().recv() == "begun"  # so the listener has come to the end of the other by now
        release.set()
        assert house.backends[0].closed.wait(WAIT)
        assert [type(command) for command in house.backends[0].heard] == [Start, EndUtterance]


def test_the_codec_learns_how_much_of_what_it_said_found_no_connection() -> None:
    busy, release = threading.Event(), threading.Event()

    def hear(command: Command) -> Iterable[AnyEvent]:
        if command == Audio(b"slow"):
            busy.set()
            assert release.wait(WAIT)
            return [Transcript(is_final=True, text="lost")] * 2
        return polite(command)

    with opened(lasting(), hear=hear) as house:
        client = house.dial()
        client.send_binary(b"abc")
        assert [client.recv(), client.recv()] == ["begun", "3"]
        client.send_binary(b"slow")
        assert busy.wait(WAIT)
        client.send_binary(b"waits")
        drop(client)
        assert requests.get(f"{house.listener.url}/echo", timeout=WAIT).status_code == 201  # so it has been told by now
        release.set()
        second = house.dial()
        second.send("nonsense")
        assert second.recv() == b"what?"
        assert house.fronts[0].servers[0].signals[-1] == Closed(None, unsent=3)


def test_what_is_said_after_a_close_is_no_loss() -> None:
    with opened() as house:
        client = house.dial()
        client.send("finish")
        assert [client.recv() for _ in range(3)] == ["begun", "last", "ended"]
        assert close_frame(client) == (1000, "done")
        assert house.backends[0].closed.wait(WAIT)
        assert house.fronts[0].servers[0].signals[-1] == Closed(1000)


def test_a_message_over_1_mib_is_answered_by_1009() -> None:
    with opened() as house:
        client = house.dial()
        client.send_binary(bytes(1 << 20))
        assert [client.recv(), client.recv()] == ["begun", str(1 << 20)]
        client.send_binary(bytes((1 << 20) + 1))
        assert close_frame(client)[0] == 1009
        wide = house.dial()
        assert wide.recv() == "begun"
        wide.send("é" * (1 << 19) + "e")
        assert close_frame(wide)[0] == 1009


TOO_LONG = Failed(kind="invalid", code="4003", message="too long")
TOO_QUIET = Notice(code="idle", message="hello?")


def timed(*timers: Timer) -> PlainFront:
    return PlainFront(timers=timers)


def test_a_silent_client_is_told_so() -> None:
    with opened(timed(Timer("idle", 0.05, TOO_LONG))) as house:
        client = house.dial()
        assert client.recv() == "begun"
        assert close_frame(client) == (4003, "too long")


def test_pings_do_not_count_as_messages() -> None:
    with opened(timed(Timer("idle", 0.3, TOO_LONG))) as house:
        client = house.dial()
        assert client.recv() == "begun"
        pongs = 0
        client.ping()
        while client.recv_data(control_frame=True)[0] == ABNF.OPCODE_PONG:
            pongs += 1
            client.ping()
        assert pongs > 0


def test_a_warning_comes_once_for_each_silence() -> None:
    warning = Timer("idle", 0.05, TOO_QUIET)
    with opened(timed(warning, Timer("idle", 0.5, TOO_LONG))) as house:
        client = house.dial()
        assert [client.recv(), client.recv()] == ["begun", b"hello?"]
        client.send("here")
        assert client.recv() == b"hello?"
        assert close_frame(client) == (4003, "too long")


def talk(client: websocket.WebSocket, say: Callable[[websocket.WebSocket], object]) -> tuple[int | None, str]:
    """Say it again and again, until a Close frame comes."""
    over = threading.Event()

    def send() -> None:
        with contextlib.suppress(ConnectionError, websocket.WebSocketException):
            while not over.wait(0.01):
                say(client)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        while True:
            opcode, payload = client.recv_data(control_frame=True)
            if opcode == ABNF.OPCODE_CLOSE:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()
    finally:
        over.set()
        sender.join()


def test_a_session_has_its_time_whatever_is_said() -> None:
    with opened(timed(Timer("session", 0.2, TOO_LONG))) as house:
        assert talk(house.dial(), lambda client: client.send_binary(b"audio")) == (4003, "too long")


def test_what_restarts_which_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    class Told(Timers):
        def restart(self, kinds: Sequence[TimerKind], now: float) -> None:
            calls.append((*kinds, True))
            super().restart(kinds, now)

        def hold(self, kinds: Sequence[TimerKind]) -> None:
            calls.append((*kinds, False))
            super().hold(kinds)

    def told_by(say: Callable[[], object], answer: str | bytes) -> list[tuple[object, ...]]:
        calls.clear()
        say()
        assert client.recv() == answer
        return sorted(calls)

    monkeypatch.setattr(_conversation, "Timers", Told)
    with opened() as house:
        client = house.dial()
        assert client.recv() == "begun"
        audio = told_by(lambda: client.send_binary(b"abc"), "3")
        came = ("gone", "idle", "no_audio")
        assert audio == [(*came, False), (*came, True), ("quiet", True)]
        text = told_by(lambda: client.send("nonsense"), b"what?")
        assert text == [("gone", "idle", False), ("gone", "idle", True)]
        calls.clear()
        client.ping()
        assert client.recv_data_frame(control_frame=True)[0] == ABNF.OPCODE_PONG
        assert calls == [("gone", True)]


def test_timers_run_out_one_after_the_other() -> None:
    timers = Timers(
        [Timer("idle", 5.0, TOO_QUIET), Timer("idle", 8.0, TOO_LONG), Timer("session", 20.0, TOO_LONG)], 100
    )
    assert (timers.run_out(104.9), timers.pause(103.0)) == ([], 2.0)
    assert (timers.run_out(105.0), timers.pause(105.0)) == ([TOO_QUIET], 3.0)
    assert timers.run_out(107.9) == []
    assert timers.run_out(120.0) == [TOO_LONG, TOO_LONG]
    assert timers.run_out(999.0) == []


def test_timers_say_again_what_they_say_after_a_restart() -> None:
    timers = Timers([Timer("idle", 5.0, TOO_QUIET)], 100)
    assert timers.run_out(105.0) == [TOO_QUIET]
    timers.restart(["no_audio", "quiet"], 106.0)
    assert timers.run_out(112.0) == []
    timers.restart(["idle"], 106.0)
    assert timers.run_out(111.0) == [TOO_QUIET]


def test_timers_that_are_held_do_not_run() -> None:
    timers = Timers([Timer("idle", 5.0, TOO_QUIET)], 100)
    timers.hold(["idle"])
    assert (timers.run_out(999.0), timers.pause(999.0)) == ([], 5.0)
    timers.restart(["idle"], 1000.0)
    assert (timers.run_out(1004.0), timers.pause(1004.0)) == ([], 1.0)


# --------------------------------------------------------------------------- signs of life


def test_a_silent_client_is_pinged_and_its_answer_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conversation, "PING_AFTER", 0.1)
    with opened() as house:
        client = house.dial()
        assert client.recv() == "begun"
        for _ in range(4):
            assert client.recv_data(control_frame=True)[0] == ABNF.OPCODE_PING  # answered by websocket-client
        client.send("finish")
        while client.recv_data(control_frame=True)[1] != b"last":
            pass


def test_a_client_that_does_not_answer_pings_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conversation, "PING_AFTER", 0.05)
    with opened() as house:
        house.dial()
        assert house.made.acquire(timeout=WAIT)
        assert house.backends[0].closed.wait(WAIT)
        assert house.fronts[0].servers[0].signals[-1] == Closed(None)


# --------------------------------------------------------------------------- sessions that outlive a connection


def kinds(backend: FakeBackend) -> list[type[Command]]:
    return [type(command) for command in backend.heard]


def lasting() -> PlainFront:
    return PlainFront(session="7c2f")


def test_what_was_heard_before_a_drop_goes_on_to_be_heard() -> None:
    with opened(lasting()) as house:
        first = house.dial()
        first.send_binary(b"abc")
        assert [first.recv(), first.recv()] == ["begun", "3"]
        drop(first)
        second = house.dial()
        second.send_binary(b"de")
        second.send("finish")
        assert [second.recv(), second.recv(), second.recv()] == ["2", "last", "ended"]
        (backend,) = house.backends
        assert backend.closed.wait(WAIT)
        assert kinds(backend) == [Start, Audio, Audio, Finish]


@pytest.mark.parametrize("end", [websocket.WebSocket.send_close, drop])
def test_what_waited_when_the_connection_dropped_is_still_heard(end: Callable[[websocket.WebSocket], None]) -> None:
    busy, release = threading.Event(), threading.Event()

    def hear(command: Command) -> Iterable[AnyEvent]:
        if isinstance(command, EndUtterance):
            busy.set()
            assert release.wait(WAIT)
        return polite(command)

    with opened(lasting(), hear=hear) as house:
        first = house.dial()
        first.send("heard")
        assert busy.wait(WAIT)
        first.send_binary(b"waits")
        end(first)
        assert requests.get(f"{house.listener.url}/echo", timeout=WAIT).status_code == 201  # so it has been told by now
        release.set()
        second = house.dial()
        second.send_binary(b"de")
        assert second.recv() == "2"
        assert kinds(house.backends[0]) == [Start, EndUtterance, Audio, Audio]


def test_a_client_that_is_back_takes_over_from_its_own_dead_connection() -> None:
    busy, release = threading.Event(), threading.Event()
    together: list[bool] = []

    def hear(command: Command) -> Iterable[AnyEvent]:
        if command == Audio(b"slow"):
            busy.set()
            assert release.wait(WAIT)
        together.append(busy.is_set() != release.is_set())
        return polite(command)

    with opened(lasting(), hear=hear) as house:
        first = house.dial()
        first.send_binary(b"slow")
        assert busy.wait(WAIT)
        threading.Timer(0.1, release.set).start()
        second = house.dial()
        second.send_binary(b"de")
        assert second.recv() == "2"
        assert together == [False] * 3
        assert [type(signal) for signal in house.fronts[0].servers[0].signals] == [Opened, bytes, Closed]
        with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
            while first.recv():
                pass


def test_a_session_that_has_ended_is_not_gone_on_with() -> None:
    with opened(lasting()) as house:
        first = house.dial()
        first.send("finish")
        assert [first.recv() for _ in range(3)] == ["begun", "last", "ended"]
        assert house.backends[0].closed.wait(WAIT)
        assert house.dial().recv() == "begun"
        assert len(house.backends) == 2


def test_a_session_whose_backend_has_a_bug_is_not_gone_on_with() -> None:
    with opened(
        lasting(), hear=lambda command: bug(command) if isinstance(command, Audio) else polite(command)
    ) as house:
        first = house.dial()
        first.send_binary(b"abc")
        assert house.made.acquire(timeout=WAIT)
        assert house.backends[0].closed.wait(WAIT)
        assert house.dial().recv() == "begun"


def test_an_answer_of_a_timer_does_not_end_a_session() -> None:
    front = PlainFront(session="7c2f", timers=(Timer("idle", 0.05, TOO_LONG),))
    with opened(front) as house:
        first = house.dial()
        assert first.recv() == "begun"
        assert close_frame(first) == (4003, "too long")
        second = house.dial()
        second.send_binary(b"de")
        assert second.recv() == "2"


def leave_behind(house: House) -> FakeBackend:
    client = house.dial()
    assert client.recv() == "begun"
    drop(client)
    return house.backends[-1]


def test_a_session_to_which_nobody_comes_back_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "KEPT_FOR", 0.01)
    with opened(lasting()) as house:
        backend = leave_behind(house)
        assert backend.closed.wait(WAIT)
        assert kinds(backend) == [Start, Finish]
        assert house.fronts[0].servers[0].said == [Begun(), Transcript(is_final=True, text="last"), Ended()]
        assert house.dial().recv() == "begun"


def test_only_so_many_sessions_wait_for_their_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "KEPT", 1)
    with opened(PlainFront("/a", session="a"), PlainFront("/b", session="b")) as house:
        backends = []
        for path in ("/a/live", "/b/live"):
            client = house.dial(path)
            assert client.recv() == "begun"
            drop(client)
            backends.append(house.backends[-1])
        assert backends[0].closed.wait(WAIT)
        assert not backends[1].closed.is_set()


def test_closing_lets_go_of_what_waits_without_a_word() -> None:
    house = House([lasting()])
    with house.listener:
        backend = leave_behind(house)
    assert backend.closed.is_set()
    assert kinds(backend) == [Start]


def test_a_bug_in_a_session_that_was_given_up_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "KEPT_FOR", 0.01)
    with opened(
        lasting(), hear=lambda command: bug(command) if isinstance(command, Finish) else polite(command)
    ) as house:
        assert leave_behind(house).closed.wait(WAIT)
        house.listener.close()
        assert [type(error) for error in house.listener.failures()] == [ZeroDivisionError]


# --------------------------------------------------------------------------- faults


def bug(command: Command) -> Iterable[AnyEvent]:
    raise ZeroDivisionError(command)


@pytest.mark.parametrize(("word", "hear"), [("bug in the codec", polite), ("any", bug)])
def test_a_bug_closes_with_1011_and_is_logged_once(word: str, hear: Hear, caplog: pytest.LogCaptureFixture) -> None:
    with opened(hear=hear) as house:
        client = house.dial(f"/live?token={TOKEN}", header={"Authorization": KEY})
        for _ in range(3):
            client.send(word)
        while client.recv_data(control_frame=True) != (ABNF.OPCODE_CLOSE, b"\x03\xf3internal error"):
            pass
        assert house.backends[0].closed.wait(WAIT)
        assert [type(error) for error in house.listener.failures()] == [ZeroDivisionError]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("voxport", "ERROR")
    assert "ZeroDivisionError" in caplog.text
    assert TOKEN not in caplog.text
    assert KEY not in caplog.text


def test_a_backend_that_only_raises_is_one_failure() -> None:
    class Broken:
        def hear(self, command: Command) -> Iterable[AnyEvent]:
            raise ZeroDivisionError

        def close(self) -> None:
            raise KeyError

    with Listener([fake(PlainFront())], Broken, keys=[]) as listener:
        client = websocket.create_connection(f"{listener.ws_url}/live", timeout=WAIT)
        assert close_frame(client) == (1011, "internal error")
        assert rest(client) == b""
        listener.close()
        assert [type(error) for error in listener.failures()] == [ZeroDivisionError]
        drop(client)


def test_a_backend_that_cannot_be_made_closes_with_1011() -> None:
    def broken() -> FakeBackend:
        raise MissingExtraError("recognition", "local")

    with Listener([fake(PlainFront())], broken, keys=[]) as listener:
        client = websocket.create_connection(f"{listener.ws_url}/live", timeout=WAIT)
        assert close_frame(client) == (1011, "internal error")
        assert [type(error) for error in listener.failures()] == [MissingExtraError]
        drop(client)


def test_a_backend_may_drop_the_connection() -> None:
    def hear(command: Command) -> Iterable[AnyEvent]:
        if isinstance(command, Audio):
            raise DroppedError
        return polite(command)

    with opened(hear=hear) as house:
        client = house.dial()
        assert client.recv() == "begun"
        client.send_binary(b"abc")
        with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
            client.recv()
        assert house.backends[0].closed.wait(WAIT)
        assert house.listener.failures() == ()


# --------------------------------------------------------------------------- its own life


def test_close_ends_open_conversations_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    house = House([PlainFront()])
    house.listener.start()
    clients = [house.dial() for _ in range(3)]
    assert [client.recv() for client in clients] == ["begun"] * 3
    answers: list[tuple[int | None, str]] = []
    readers = [threading.Thread(target=lambda c=client: answers.append(last_word(c))) for client in clients]
    for reader in readers:
        reader.start()
    house.listener.close()
    house.listener.close()
    for reader in readers:
        reader.join()
    assert [code for code, _ in answers] == [1001] * 3
    assert all(backend.closed.is_set() for backend in house.backends)
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        house.dial()


def last_word(client: websocket.WebSocket) -> tuple[int | None, str]:
    try:
        return close_frame(client)
    finally:
        drop(client)


def test_close_does_not_wait_for_a_request_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "LINGER", 0.01)
    with opened() as house, socket.create_connection(address(house)) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: emulator.test\r\nContent-Length: 9\r\n\r\nabc")
        assert requests.get(f"{house.listener.url}/echo", timeout=WAIT).status_code == 201  # the other has arrived too
        closer = threading.Thread(target=house.listener.close)
        closer.start()
        closer.join(WAIT)
        assert not closer.is_alive()


def test_close_before_start_is_harmless() -> None:
    House([PlainFront()]).listener.close()


def test_a_port_in_use_is_said_in_one_line() -> None:
    with opened() as house:
        host, port = address(house)
        second = Listener([], house.make, keys=[], port=port)
        with pytest.raises(SettingsError, match=f"^cannot listen on {host}:{port}: address already in use; .+$"):
            second.start()
        second.close()


def test_urls() -> None:
    with opened() as house:
        host, port = address(house)
        assert house.listener.url == f"http://{host}:{port}"
        assert house.listener.ws_url == f"ws://{host}:{port}"


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtraError, match=r"the emulator needs the extra 'local'"):
        House([PlainFront()]).listener.start()


def test_importing_the_listener_does_not_import_aiohttp() -> None:
    code = "import sys, voxport.listener; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def address(house: House) -> tuple[str, int]:
    host, _, port = house.listener.url.removeprefix("http://").rpartition(":")
    return host, int(port)
