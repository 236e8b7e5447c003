import contextlib
import threading
from collections.abc import Callable, Sequence

import pytest
import websocket
from websocket import ABNF

from support.house import (
    TOO_LONG,
    TOO_QUIET,
    WAIT,
    PlainFront,
    close_frame,
    opened,
)
from voxport.codec import (
    Closed,
    Timer,
    TimerKind,
)
from voxport.listener import _conversation
from voxport.listener._timers import Timers


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
