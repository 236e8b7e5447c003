import threading
from collections.abc import Callable, Iterable

import pytest
import requests
import websocket

from support.house import (
    TOO_LONG,
    WAIT,
    FakeBackend,
    House,
    PlainFront,
    bug,
    close_frame,
    drop,
    lasting,
    opened,
    polite,
)
from voxport.codec import (
    Closed,
    Opened,
    Timer,
)
from voxport.commands import Audio, Command, EndUtterance, Finish, Start
from voxport.events import AnyEvent, Begun, Ended, Transcript
from voxport.listener import _sessions


def kinds(backend: FakeBackend) -> list[type[Command]]:
    return [type(command) for command in backend.heard]


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
