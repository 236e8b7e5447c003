"""Refusals, errors and closes: what each means, and whether dialling again can help."""

import json
from typing import Any

import pytest

from support.gladia import client, hear, message
from voxport.codec import Closed, HttpResponse
from voxport.commands import Finish
from voxport.events import AnyEvent, Ended, Failed, Notice
from voxport_adapters.gladia import Client, adapter

CLOSED = [  # code, kind, retryable
    (None, "network", True),
    (1000, "provider", True),
    (1001, "network", True),
    (1005, "provider", True),
    (1006, "network", True),
    (1009, "provider", True),
    (1011, "provider", True),
    (3008, "provider", True),
    (4000, "provider", True),
    (4399, "provider", True),
    (4400, "invalid", False),
    (4401, "invalid", False),
    (4403, "invalid", False),
    (4404, "invalid", False),
    (4408, "invalid", False),
    (4429, "invalid", False),
    (4499, "invalid", False),
    (4500, "provider", True),
]


def close(end: Client, code: int | None, reason: str = "because") -> AnyEvent:
    (event,) = end.receive(Closed(code, reason))
    return event


def finishing() -> Client:
    end = client()
    list(end.send(Finish()))
    return end


@pytest.mark.parametrize(("code", "kind", "retryable"), CLOSED)
def test_close_codes(code: int | None, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a parameter of the table
    ends = (client(),) if code == 1000 else (client(), finishing())
    for end in ends:
        failed = close(end, code)
        assert isinstance(failed, Failed)
        assert (failed.kind, failed.retryable) == (kind, retryable)
        assert "because" in failed.message
        assert failed.remedy
        assert "\n" not in failed.message + failed.remedy


def error(code: str, text: str = "Too long") -> str:
    return message("error", data={"code": code, "message": text})


ERRORS = [  # code, kind, retryable
    ("invalid_audio_format", "invalid", False),
    ("session_timeout", "provider", True),
    ("rate_limit_exceeded", "refused", True),
    ("internal_error", "provider", True),
]


@pytest.mark.parametrize(("code", "kind", "retryable"), ERRORS)
def test_an_error_is_told_at_once_and_is_what_the_close_after_it_means(
    code: str, kind: str, retryable: bool  # noqa: FBT001 -- a parameter of the table
) -> None:  # fmt: skip
    for status in (None, 1000, 1011, 4400):
        end = client()
        assert list(end.receive(error(code))) == [Notice(code=code, message="Too long")]
        failed = close(end, status)
        assert isinstance(failed, Failed)
        assert (failed.kind, failed.code, failed.message, failed.retryable) == (kind, code, "Too long", retryable)
        assert failed.remedy


def test_an_error_that_nobody_knows_means_what_the_close_means() -> None:
    end = client()
    list(end.receive(error("odd")))
    failed = close(end, 4403)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code, failed.message, failed.retryable) == ("invalid", "odd", "Too long", False)


def test_an_error_that_nobody_knows_does_not_explain_a_broken_network() -> None:
    end = client()
    list(end.receive(error("odd")))
    failed = close(end, None, "")
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code) == ("network", "dropped")


def test_an_error_does_not_explain_a_close_that_was_asked_for() -> None:
    end = finishing()
    list(end.receive(error("internal_error")))
    assert close(end, 1000) == Ended(tail_lost=True)


def test_after_the_last_word_an_error_and_a_close_say_nothing() -> None:
    end = finishing()
    assert [type(event) for event in end.receive(message("end_session"))] == [Ended]
    list(end.receive(error("internal_error")))
    assert list(end.receive(Closed(1011, "because"))) == []


@pytest.mark.parametrize("data", [{}, {"message": ""}, {"code": "odd"}])
def test_an_error_says_something_whatever_it_lacks(data: dict[str, str]) -> None:
    (notice,) = hear(message("error", data=data))
    assert isinstance(notice, Notice)
    assert notice.message
    assert hear(message("error"))


def body(status: int, text: str, **more: Any) -> bytes:
    base = {"timestamp": "t", "path": "/v2/live", "request_id": "G-821fe9df", "statusCode": status, "message": text}
    return json.dumps({**base, **more}).encode()


REFUSED = [  # status, body, kind, retryable, message
    (400, body(400, "Invalid request", validation_errors=["sample_rate must be 8000", "x is required"]), "invalid", False,
     "Invalid request; sample_rate must be 8000; x is required"),
    (400, body(400, "Invalid request", validation_errors="odd"), "invalid", False, "Invalid request"),
    (401, body(401, "gladia key not found"), "refused", False, "gladia key not found"),
    (402, b"", "refused", False, "the provider refused without a reason"),
    (403, body(403, "Unknown token"), "refused", False, "Unknown token"),
    (404, body(404, "Not found"), "invalid", False, "Not found"),
    (413, body(413, "payload too large"), "invalid", False, "payload too large"),
    (422, body(422, "Unprocessable"), "invalid", False, "Unprocessable"),
    (429, body(429, "Too many\nsessions"), "refused", True, "Too many sessions"),
    (408, b"", "network", True, "the provider refused without a reason"),
    (500, b"upstream\nfailed", "provider", True, "upstream failed"),
    (502, b"<html><h1>Bad gateway</h1></html>", "provider", True, "the provider refused without a reason"),
    (503, b"\xff\xfe", "provider", True, "\ufffd\ufffd"),
    (302, b"", "protocol", False, "the provider refused without a reason"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "content", "kind", "retryable", "text"), REFUSED)
def test_refusals(
    status: int, content: bytes, kind: str, retryable: bool, text: str  # noqa: FBT001 -- a parameter of the table
) -> None:  # fmt: skip
    failed = adapter.explain(HttpResponse(status, {}, content))
    assert (failed.kind, failed.retryable, failed.message) == (kind, retryable, text)
    assert failed.code == str(status)
    assert failed.remedy


def test_a_busy_service_says_when_to_come_again() -> None:
    busy = adapter.explain(HttpResponse(429, {"retry-after": "7"}, b""))
    assert (busy.kind, busy.retryable, busy.retry_after) == ("refused", True, 7.0)
