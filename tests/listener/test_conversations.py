import select
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
import websocket
from websocket import ABNF

from support.house import WAIT, close_frame, drop, opened, polite, rest
from voxport.codec import (
    Closed,
)
from voxport.commands import Audio, Command, EndUtterance, Finish, Invalid, Start
from voxport.events import AnyEvent, Failed, Transcript
from voxport.listener import _conversation


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
