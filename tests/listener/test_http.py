import http.client
import json
import logging
import socket
from collections.abc import Mapping
from contextlib import closing
from typing import cast

import pytest
import requests
from websocket import WebSocketBadStatusException

from support.house import KEY, TOKEN, WAIT, FakeAdapter, FakeBackend, PlainFront, address, opened, polite
from voxport.codec import (
    Adapter,
    Opened,
)
from voxport.listener import Listener, _http

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
    # Of the standard library, because urllib3 itself logs the query.
    with opened() as house, closing(http.client.HTTPConnection(*address(house), timeout=WAIT)) as client:
        client.request("GET", f"/bug?token={TOKEN}")
        assert client.getresponse().status == 500
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


def test_a_client_that_is_gone_before_its_answer_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    logger = _http._discreet_logger()
    for error in (ConnectionResetError("canary"), ValueError("canary")):
        try:
            raise error
        except (OSError, ValueError):
            logger.exception("Error handling request")
    assert [record.getMessage() for record in caplog.records] == ["Error handling request: ValueError"]
