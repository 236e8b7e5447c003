"""Errors, close codes and HTTP refusals: what each means, and whether it is worth another try."""

import json

import pytest

from support.assemblyai import DETAILS, client, hear, said, upgrade
from voxport.codec import Closed, HttpResponse
from voxport.events import Failed
from voxport_adapters.assemblyai import adapter

RATE = "Audio Transmission Rate Exceeded: Received 9 sec. audio in 1 sec"
IDLE = "Session terminated due to inactivity: No messages received for 5 seconds"
TERMS = "User Input Validation Error: Invalid 'keyterms_prompt': Value error, Max 100 items"
SHORT = "Input Duration Error: Input Duration Violation: 20.0 ms. Expected between 50 and 1000 ms"


@pytest.mark.parametrize(
    ("code", "text", "kind", "retryable"),
    [
        (1008, "Unauthorized Connection: Missing Authorization header", "refused", False),
        (1008, "Unauthorized Connection: Invalid API key", "refused", False),
        (1008, "Unauthorized Connection: Signature has expired", "refused", False),
        (1008, "Unauthorized Connection: Account disabled", "refused", False),
        (1008, "Unauthorized connection: Too many concurrent sessions", "refused", True),
        (1013, "", "provider", True),
        (3005, "Session Cancelled: An error occurred", "provider", True),
        (3006, TERMS, "invalid", False),
        (3006, "Invalid Message: []", "invalid", False),
        (3006, IDLE, "invalid", False),
        (3007, SHORT, "invalid", False),
        (3007, RATE, "invalid", True),
        (3008, "Session Expired: Maximum session duration exceeded", "provider", True),
        (3009, "Unauthorized Connection: Too many concurrent sessions", "refused", True),
        (4000, "", "invalid", False),
        (4001, "", "refused", False),
        (4002, "", "refused", False),
        (4003, "", "refused", False),
        (4004, "", "provider", True),
        (4008, "", "provider", True),
        (4010, "", "provider", True),
        (4029, "", "invalid", True),
        (4030, "", "provider", True),
        (4031, "", "invalid", False),
        (4032, "", "invalid", False),
        (4033, "", "invalid", False),
        (4034, "", "invalid", False),
        (4100, "", "invalid", False),
        (4101, "", "invalid", False),
        (4102, "", "refused", True),
        (4103, "", "provider", True),
        (4999, "", "provider", True),
    ],
)
def test_what_an_error_or_a_close_means(code: int, text: str, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a table
    error = json.dumps({"type": "Error", "error_code": code, "error": text})
    for signals in ((error, Closed(code, DETAILS)), (Closed(code, text),)):
        (failed,) = hear(*signals)
        assert (failed.kind, failed.code, failed.retryable) == (kind, str(code), retryable)
        assert text in failed.message
        assert failed.message
        assert failed.remedy


@pytest.mark.parametrize("code", [1008, 1013, 3005, 3006, 3007, 3008, 3009, 4029, 4103])
def test_a_close_that_points_to_an_error_has_words_of_ours(code: int) -> None:
    (failed,) = hear(Closed(code, DETAILS))
    assert failed.message
    assert DETAILS not in failed.message


@pytest.mark.parametrize(
    ("code", "kind"), [(None, "network"), (1001, "network"), (1005, "provider"), (1006, "network"), (1011, "provider")]
)
def test_a_close_without_a_meaning_is_worth_another_try(code: int | None, kind: str) -> None:
    (failed,) = hear(Closed(code))
    assert (failed.kind, failed.retryable) == (kind, True)


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("Session Cancelled: An error occurred", "provider", "3005"),
        ("Unauthorized Connection: Invalid API key", "refused", "1008"),
        (TERMS, "invalid", "3006"),
        ("Invalid Message Type: Bogus", "invalid", "3006"),
        (SHORT, "invalid", "3007"),
        ("Session Expired: Maximum session duration exceeded", "provider", "3008"),
    ],
)
def test_an_error_without_a_code_or_a_type_is_judged_by_its_words(text: str, kind: str, code: str) -> None:
    (typed,) = hear(json.dumps({"type": "Error", "error": text, "error_code": None}))
    (typeless,) = hear(json.dumps({"error": text}))
    assert typed == typeless
    assert (typed.kind, typed.code) == (kind, code)
    (old,) = hear(json.dumps({"type": "Error", "error": text, "error_code": 3005}))
    assert (old.kind, old.code) == (kind, "3005")


def test_a_typeless_error_keeps_its_code() -> None:
    (failed,) = hear('{"error":"Too many concurrent sessions","error_code":3009}')
    assert (failed.code, failed.retryable, failed.retry_after) == ("3009", True, 15.0)


def test_an_error_is_told_in_one_line_and_once() -> None:
    (failed,) = hear(
        '{"type":"Error","error_code":3006,"error":"a\\n  b"}', '{"type":"Error","error":"c"}', Closed(3006)
    )
    assert failed.message == "a b"


def test_the_limit_of_new_sessions_is_waited_for() -> None:
    failed = hear('{"type":"Error","error_code":1008,"error":"Too many concurrent sessions"}')[0]
    assert failed.retry_after == 15.0
    assert hear(Closed(3005))[0].retry_after is None


def test_an_error_while_finishing_is_an_error() -> None:
    end = client()
    (failed,) = hear('{"type":"Error","error_code":3005,"error":"Session Cancelled: An error occurred"}', end=end)
    assert failed.retryable
    assert hear(Closed(3005, DETAILS), end=end) == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable", "code", "message"),
    [
        (
            422,
            {"detail": [{"type": "missing", "loc": ["query", "expires_in_seconds"], "msg": "Field required"}]},
            "invalid", False, "422", "query.expires_in_seconds: Field required",
        ),
        (
            422,
            {"detail": [{"loc": ["header", "authorization"], "msg": "Field required"}, {"loc": 7}, "x"]},
            "invalid", False, "422", "header.authorization: Field required; {'loc': 7}; x",
        ),
        (401, {"error": "bad key", "code": "x", "details": {"a": 1}}, "refused", False, "401 x", "bad key"),
        (400, {"error": "bad request"}, "invalid", False, "400", "bad request"),
        (404, {"detail": "Not Found"}, "invalid", False, "404", "Not Found"),
        (429, {"error": "slow down"}, "refused", True, "429", "slow down"),
        (500, {"error": "oops"}, "provider", True, "500", "oops"),
        (403, [], "refused", False, "403", "the provider refused without a reason"),
    ],
)  # fmt: skip
def test_http_refusals_come_in_two_shapes(
    status: int,
    body: object,
    kind: str,
    retryable: bool,  # noqa: FBT001 -- a table
    code: str,
    message: str,
) -> None:
    failed = adapter.explain(HttpResponse(status, {}, json.dumps(body).encode()))
    assert (failed.kind, failed.retryable, failed.code, failed.message) == (kind, retryable, code, message)


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (Failed(kind="provider", code="1011", message="m"), 3005),
        (Failed(kind="network", code="dropped", message="m"), 3005),
        (Failed(kind="protocol", code="4029", message="m"), 3005),
        (Failed(kind="refused", code="401", message="m"), 1008),
        (Failed(kind="refused", code="429", message="m", retryable=True), 3009),
        (Failed(kind="invalid", code="400 BAD", message="m"), 3006),
        (Failed(kind="invalid", code="9" * 5000, message="m"), 3006),
        (Failed(kind="invalid", code="3007", message="m"), 3007),
        *(
            (Failed(kind="protocol", code=str(code), message="m"), code)
            for code in (1008, 3005, 3006, 3007, 3008, 3009)
        ),
    ],
)
def test_a_failure_is_an_error_and_a_close_with_a_code_of_the_service(failed: Failed, code: int) -> None:
    assert said(upgrade(), failed) == [{"type": "Error", "error_code": code, "error": "m"}, Closed(code, DETAILS)]
