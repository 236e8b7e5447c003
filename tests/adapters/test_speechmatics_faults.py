"""Every error and close code, both ends, and what cannot be read."""

import json
from typing import Any

import pytest

from support.speechmatics import client, hear, server, told
from voxport.codec import Closed, HttpResponse
from voxport.commands import Finish
from voxport.events import Ended, Failed
from voxport_adapters.speechmatics import adapter

ERRORS: list[tuple[str, int, str, str, float | None]] = [
    # type, close code, its reason, kind, seconds before dialling again
    ("invalid_message", 1003, "protocol_error", "invalid", None),
    ("invalid_model", 4004, "invalid_model", "invalid", None),
    ("invalid_language", 1003, "protocol_error", "invalid", None),
    ("invalid_config", 1003, "protocol_error", "invalid", None),
    ("invalid_audio_type", 1003, "protocol_error", "invalid", None),
    ("invalid_output_format", 1003, "protocol_error", "invalid", None),
    ("not_authorised", 4001, "not_authorised", "refused", None),
    ("not_allowed", 4003, "not_allowed", "refused", None),
    ("job_error", 4013, "job_error", "provider", 5.0),
    ("protocol_error", 1003, "protocol_error", "invalid", None),
    ("quota_exceeded", 4005, "quota_exceeded", "refused", 5.0),
    ("timelimit_exceeded", 4006, "timelimit_exceeded", "refused", None),
    ("idle_timeout", 1008, "policy_violation", "provider", 0.0),
    ("session_timeout", 1008, "policy_violation", "provider", 0.0),
    ("unknown_error", 1011, "internal_error", "provider", 5.0),
    ("insufficient_funds", 4006, "timelimit_exceeded", "refused", None),
    ("data_error", 1003, "protocol_error", "invalid", None),
    ("buffer_error", 1011, "internal_error", "provider", 5.0),
]


@pytest.mark.parametrize(("code", "close", "name", "kind", "pause"), ERRORS)
def test_every_error_there_and_back(code: str, close: int, name: str, kind: str, pause: float | None) -> None:
    error, closed = told(server(), Failed(kind="provider", code=code, message="Why."))
    assert error == {"message": "Error", "type": code, "reason": "Why."}
    assert closed == Closed(close, name)
    end = client()
    (failed,) = hear(json.dumps(error), end=end)
    assert (failed.kind, failed.code, failed.message) == (kind, code, "Why.")
    assert (failed.retryable, failed.retry_after) == (pause is not None, pause or None)
    assert failed.remedy
    assert "\n" not in failed.remedy
    assert list(end.receive(closed)) == [], "one failure"


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        (Failed(kind="refused", code="401", message="x"), "not_allowed"),
        (Failed(kind="invalid", code="400", message="x"), "invalid_config"),
        (Failed(kind="network", code="dropped", message="x"), "job_error"),
        (Failed(kind="provider", code="1011", message="x"), "job_error"),
    ],
)
def test_failures_of_others_get_the_nearest_name(failed: Failed, kind: str) -> None:
    assert told(server(), failed)[0]["type"] == kind


def test_an_error_that_nobody_knows_is_the_servers_fault() -> None:
    (failed,) = hear('{"message":"Error","type":"unheard_of","reason":"Why.","code":7,"seq_no":1}')
    assert (failed.kind, failed.code, failed.retry_after) == ("provider", "unheard_of", 5.0)
    (failed,) = hear('{"message":"Error"}')
    assert failed.code == "unknown_error"


@pytest.mark.parametrize(
    ("code", "reason", "found"),
    [
        (1003, "protocol_error", ("invalid", "protocol_error", False)),
        (1008, "policy_violation", ("provider", "policy_violation", True)),
        (1011, "internal_error", ("provider", "internal_error", True)),
        (4001, "not_authorised", ("refused", "not_authorised", False)),
        (4003, "not_allowed", ("refused", "not_allowed", False)),
        (4004, "invalid_model", ("invalid", "invalid_model", False)),
        (4005, "quota_exceeded", ("refused", "quota_exceeded", True)),
        (4006, "timelimit_exceeded", ("refused", "timelimit_exceeded", False)),
        (4013, "job_error", ("provider", "job_error", True)),
        (1000, "", ("provider", "1000", True)),
        (None, "", ("network", "dropped", True)),
    ],
)
def test_closes_without_an_error(code: int | None, reason: str, found: tuple[str, str, bool]) -> None:
    (failed,) = client().receive(Closed(code, reason))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code, failed.retryable) == found
    assert failed.retry_after == (5.0 if code in {1011, 4005, 4013} else None)
    assert reason in failed.message


def test_end_of_transcript_ends_it() -> None:
    end = client()
    list(end.send(Finish()))
    assert hear('{"message":"EndOfTranscript"}', end=end) == [Ended()]
    assert list(end.receive(Closed(1000))) == []


def test_a_close_instead_of_it_has_lost_the_tail() -> None:
    end = client()
    list(end.send(Finish()))
    assert list(end.receive(Closed(1000))) == [Ended(tail_lost=True)]


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (400, "", ("invalid", False, "the provider refused without a reason")),
        (401, '{"code":401,"error":"Unauthorized"}', ("refused", False, "Unauthorized")),
        (403, '{"code":403,"error":"Forbidden","detail":"No."}', ("refused", False, "Forbidden: No.")),
        (404, "<html>", ("invalid", False, "the provider refused without a reason")),
        (405, '{"message":"GET only"}', ("invalid", False, "GET only")),
        (422, '{"code":422,"message":"ttl in body should be greater than or equal to 60"}',
         ("invalid", False, "ttl in body should be greater than or equal to 60")),
        (429, "", ("refused", True, "the provider refused without a reason")),
        (500, '{"error":{"a":1}}', ("provider", True, "{'a': 1}")),
    ],
)  # fmt: skip
def test_refusals_before_the_upgrade(status: int, body: str, found: Any) -> None:
    failed = adapter.explain(HttpResponse(status, {}, body.encode()))
    assert (failed.kind, failed.retryable, failed.message) == found
    assert ("type rt" in failed.remedy) == (status == 401)
