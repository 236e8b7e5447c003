import socket
import subprocess
import sys
import threading
from collections.abc import Iterable

import pytest
import requests
import websocket
from websocket import ABNF

from support.house import (
    KEY,
    TOKEN,
    WAIT,
    FakeBackend,
    Hear,
    House,
    PlainFront,
    address,
    bug,
    close_frame,
    drop,
    fake,
    opened,
    polite,
    rest,
)
from voxport.commands import Audio, Command
from voxport.errors import MissingExtraError, SettingsError
from voxport.events import AnyEvent
from voxport.listener import DroppedError, Listener, _http

# --------------------------------------------------------------------------- faults


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
