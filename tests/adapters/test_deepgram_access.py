"""What both of Deepgram's protocols share: credentials, temporary tokens, refusals, and where to dial."""

import base64
import json
from typing import Any

import pytest

from support.deepgram import ID, NOW, RAW, front, upgrade
from voxport.codec import Adapter, Desk, Dial, HttpRequest, HttpResponse
from voxport.pair import dialled
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.wire import query_of
from voxport_adapters.deepgram import adapter, flux
from voxport_adapters.deepgram import server as nova_server
from voxport_adapters.deepgram.flux import server as flux_server

BOTH = [adapter, flux.adapter]
QUERY = f"model=flux-general-en&{RAW}"
"""Good for both."""


def ask(adapter: Adapter, query: str = QUERY, **headers: str) -> Any:
    asked = query.replace("flux-general-en", "nova-3") if adapter is not flux.adapter else query
    return upgrade(asked, adapter, **headers)


# ------------------------------------------------------------------- credentials


@pytest.mark.parametrize("service", BOTH)
@pytest.mark.parametrize(
    ("headers", "selected"),
    [
        ({"authorization": "Token k"}, None),
        ({"authorization": "token k"}, None),
        ({"sec_websocket_protocol": "token, k"}, "token"),
        ({"sec_websocket_protocol": "token,k,x-deepgram-session-id,0000"}, "token"),
        ({"sec_websocket_protocol": "mine, Token, k, x-deepgram-session-id, 0000"}, "Token"),
        ({"authorization": "Token k", "sec_websocket_protocol": "mine"}, None),
        ({"authorization": "Token k", "sec_websocket_protocol": "token, other"}, "token"),
    ],
)
def test_each_form_of_the_key_is_accepted(service: Adapter, headers: dict[str, str], selected: str | None) -> None:
    accepted = ask(service, **headers)
    assert accepted.headers == {"dg-request-id": ID}
    assert accepted.subprotocol == selected


@pytest.mark.parametrize("service", BOTH)
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer k"}, {"authorization": "Token x"}, {"authorization": "k"}, {"x": "y"},
        {"authorization": "Basic k"}, {"authorization": "Token \udcff"}, {"authorization": "Bearer \udcff.x"},
        {"authorization": "Bearer "}, {"authorization": "Bearer ."}, {"sec_websocket_protocol": "token"},
        {"sec_websocket_protocol": "bearer, k"}, {"sec_websocket_protocol": "k"},
    ],
)  # fmt: skip
def test_every_other_form_is_refused_before_the_upgrade(service: Adapter, headers: dict[str, str]) -> None:
    refused = ask(service, **headers)
    assert refused.status == 401
    assert (refused.headers["dg-error"], refused.headers["dg-request-id"]) == ("Invalid credentials.", ID)
    assert json.loads(refused.body) == {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": ID}


@pytest.mark.parametrize(("service", "timers"), [(adapter, nova_server.TIMERS), (flux.adapter, flux_server.TIMERS)])
def test_patience_has_its_limits(service: Adapter, timers: Any) -> None:
    assert ask(service).timers == timers
    assert timers


def test_credentials_are_checked_before_the_query() -> None:
    assert upgrade("encoding=nonsense", authorization="Token x").status == 401


def test_other_paths_are_not_its_business() -> None:
    assert front().accept(HttpRequest("GET", "http://h/v2/listen")) is None
    assert front(flux.adapter).accept(HttpRequest("GET", "http://h/v1/listen")) is None
    assert front().answer(HttpRequest("GET", "http://h/v1/listen")) is None


# ------------------------------------------------------------------- temporary tokens


def grant(desk: Any, body: bytes = b"", method: str = "POST", authorization: str = "Token k") -> HttpResponse:
    answer = desk.answer(HttpRequest(method, "http://h/v1/auth/grant", {"authorization": authorization}, body))
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"", 30),
        (b"{}", 30),
        (b'{"ttl_seconds":60}', 60),
        (b'{"ttl_seconds":1.5}', 1.5),
        (b'{"ttl_seconds":3600,"x":1}', 3600),
    ],
)
def test_a_token_is_granted_and_expires(body: bytes, seconds: float) -> None:
    clock = [NOW]
    desk = Desk(frozenset({"k"}), lambda: ID, lambda: clock[0])
    fronts = [service.front(desk) for service in BOTH]
    granted = grant(fronts[0], body)
    answer = json.loads(granted.body)
    assert granted.status == 200
    assert answer["expires_in"] == seconds
    assert type(answer["expires_in"]) is type(seconds)
    forms = [
        {"authorization": f"Bearer {answer['access_token']}"},
        {"authorization": f"bearer {answer['access_token']}"},
        {"sec-websocket-protocol": f"bearer, {answer['access_token']}"},
    ]
    urls = [f"ws://h/v1/listen?{RAW}", f"ws://h/v2/listen?{QUERY}"]
    requests = [(desk, HttpRequest("GET", url, form)) for desk, url in zip(fronts, urls, strict=True) for form in forms]
    clock[0] += seconds - 0.1
    accepted = [desk.accept(request) for desk, request in requests]
    assert not [refused for refused in accepted if isinstance(refused, HttpResponse)]
    assert [found.subprotocol for found in accepted] == [None, None, "bearer"] * 2  # type: ignore[union-attr]
    clock[0] += 0.2
    assert [desk.accept(request).status for desk, request in requests] == [401] * 6  # type: ignore[union-attr]


def test_a_token_is_no_key_and_cannot_be_forged() -> None:
    desk = front()
    token = json.loads(grant(desk).body)["access_token"]
    assert grant(desk, authorization=f"Bearer {token}").status == 401
    assert grant(desk, authorization=f"Token {token}").status == 401
    head, claims, signature = token.split(".")
    later = base64.urlsafe_b64encode(b'{"exp":99999999999,"jti":"x"}').decode().rstrip("=")
    for forged in (f"{head}.{later}.{signature}", f"{head}.{claims}.", f"{head}.{claims}", token[:-1], f"{token}x"):
        assert upgrade(RAW, authorization=f"Bearer {forged}").status == 401
    other = adapter.front(Desk(frozenset({"another"}), lambda: ID, lambda: NOW))
    refused = other.accept(HttpRequest("GET", f"ws://h/v1/listen?{RAW}", {"authorization": f"Bearer {token}"}))
    assert isinstance(refused, HttpResponse)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'{"ttl_seconds":0}',
        b'{"ttl_seconds":3601}',
        b'{"ttl_seconds":"60"}',
        b'{"ttl_seconds":true}',
        b"\xff",
    ],
)
def test_a_bad_request_for_a_token_is_refused(body: bytes) -> None:
    refused = grant(front(), body)
    assert refused.status == 400
    told = json.loads(refused.body)
    assert (told["err_code"], told["err_msg"]) == ("INVALID_JSON", refused.headers["dg-error"])
    assert told["err_msg"].startswith("ttl_seconds may be 1 to 3600: ")


def test_tokens_are_granted_by_post_to_keys_that_are_valid() -> None:
    assert grant(front(), method="GET").status == 405
    refused = grant(front(), authorization="Token x")
    assert (refused.status, json.loads(refused.body)["err_code"]) == (401, "INVALID_AUTH")


def test_a_key_can_be_checked() -> None:
    for key, status in (("k", 200), ("x", 401)):
        found = front().answer(HttpRequest("GET", "http://h/v1/auth/token", {"authorization": f"Token {key}"}))
        assert found.status == status
        assert json.loads(found.body).get("scopes") == (["usage:write"] if status == 200 else None)


# ------------------------------------------------------------------- dialling


def dial_of(service: Adapter, **asked: Any) -> Dial:
    dial = dialled(service.dial(Settings(provider=service.name, api_key=Secret("k"), **asked)), lambda _: None)
    assert isinstance(dial, Dial)
    return dial


def test_the_dial_is_this_url() -> None:
    dial = dial_of(
        adapter,
        model="nova-2",
        transcription=Transcription(
            language="en", key_terms=("a b", "c"), end_of_turn_silence_ms=300, redaction=True, diarization=True,
            entities=True, filler_words=True,
        ),
        audio=AudioSettings(encoding="mulaw", sample_rate=8000, channels=2),
        options={"tag": "x", "vad_events": None, "search": ["a", "b"]},
    )  # fmt: skip
    assert dial.headers == {"Authorization": "Token k"}
    assert dial.url.startswith("wss://api.deepgram.com/v1/listen?")
    assert query_of(dial.url) == {
        "model": ["nova-2"], "language": ["en"], "sample_rate": ["8000"], "encoding": ["mulaw"], "channels": ["2"],
        "multichannel": ["true"], "interim_results": ["true"], "keywords": ["a b", "c"], "endpointing": ["300"],
        "redact": ["pci", "ssn", "numbers"], "tag": ["x"], "search": ["a", "b"], "diarize": ["true"],
        "detect_entities": ["true"], "filler_words": ["true"],
    }  # fmt: skip


@pytest.mark.parametrize("service", BOTH)
@pytest.mark.parametrize(
    ("region", "host"),
    [
        (None, "api.deepgram.com"), ("us", "api.deepgram.com"), ("eu", "api.eu.deepgram.com"),
        ("au", "api.au.deepgram.com"), ("in", "api.in.deepgram.com"),
    ],
)  # fmt: skip
def test_a_region_is_a_host(service: Adapter, region: str | None, host: str) -> None:
    assert dial_of(service, region=region).url.startswith(
        f"wss://{host}/v{2 if service is flux.adapter else 1}/listen?"
    )


def test_a_service_of_ones_own_may_do_without_tls_and_have_a_prefix() -> None:
    assert dial_of(adapter, endpoint="http://host:8080/speech/v1/listen").url.startswith(
        "ws://host:8080/speech/v1/listen?"
    )


def test_a_temporary_token_is_fetched_from_the_same_region() -> None:
    steps = adapter.dial(Settings(provider="deepgram", api_key=Secret("k"), region="eu", temporary_token=True))
    asked = next(steps)
    assert (asked.method, asked.url, asked.body) == ("POST", "https://api.eu.deepgram.com/v1/auth/grant", b"{}")
    assert asked.headers == {"Authorization": "Token k", "Content-Type": "application/json"}
    with pytest.raises(StopIteration) as done:
        steps.send(HttpResponse(200, {}, b'{"access_token":"jwt","expires_in":30}'))
    assert done.value.value.headers == {"Authorization": "Bearer jwt"}


@pytest.mark.parametrize("service", BOTH)
def test_a_token_that_was_issued_elsewhere_is_used_as_it_is(service: Adapter) -> None:
    asked = Settings(provider=service.name, token=Secret("jwt"))
    dial = dialled(service.dial(asked), lambda _: None)
    assert isinstance(dial, Dial)
    assert dial.headers == {"Authorization": "Bearer jwt"}


# ------------------------------------------------------------------- what a refusal means

NO_CREDIT = "Project does not have enough credits for an ASR request and does not have an overage agreement."
REFUSALS = [
    (400, "INVALID_QUERY_PARAMETER", "Invalid 'utterance_end_ms' value of '999'.", "invalid", False),
    (400, "INVALID_QUERY_PARAMETER", "Failed to deserialize query parameters: missing field `model`", "invalid", False),
    (
        400,
        "INVALID_QUERY_PARAMETER",
        "Keywords are not supported for Nova-3. Please use `keyterm` instead.",
        "invalid",
        False,
    ),
    (400, "Bad Request", "Bad Request: No such model/version combination found.", "invalid", False),
    (401, "INVALID_AUTH", "Invalid credentials.", "refused", False),
    (401, "INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions.", "refused", False),
    (402, "ASR_PAYMENT_REQUIRED", NO_CREDIT, "refused", False),
    (403, "INSUFFICIENT_PERMISSIONS", "Project does not have access to the requested model.", "refused", False),
    (403, "FORBIDDEN", "Insufficient permissions.", "refused", False),
    (405, "", "Method Not Allowed", "invalid", False),
    (414, "", "URI Too Long", "invalid", False),
    (429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later", "refused", True),
    (500, "", "Internal Server Error", "provider", True),
    (502, "", "Bad Gateway", "provider", True),
    (503, "Service Unavailable", "Please try again later", "provider", True),
]


@pytest.mark.parametrize("service", BOTH)
@pytest.mark.parametrize(("status", "code", "message", "kind", "retryable"), REFUSALS)
def test_each_refusal_is_explained(
    service: Adapter, status: int, code: str, message: str, kind: str, *, retryable: bool
) -> None:
    name = "error_code" if status == 503 else "err_code"
    body = json.dumps({name: code, "err_msg": message, "request_id": ID} if code else message).encode()
    failed = service.explain(HttpResponse(status, {"dg-error": "other"}, body))
    assert (failed.kind, failed.code, failed.message) == (kind, f"{status} {code}".rstrip(), message)
    assert failed.retryable is retryable
    assert failed.remedy
    assert "\n" not in failed.remedy


def test_each_refusal_has_a_remedy_of_its_own_where_the_service_tells_more_than_the_status() -> None:
    told = {
        (status, code): adapter.explain(HttpResponse(status, {}, json.dumps({"err_code": code}).encode())).remedy
        for status, code, *_ in REFUSALS
        if status not in {400, 500, 502, 503}
    }
    permissions = [(401, "INSUFFICIENT_PERMISSIONS"), (403, "INSUFFICIENT_PERMISSIONS")]
    assert told[permissions[0]] == told[permissions[1]]
    assert len(set(told.values())) == len(told) - 1


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        ({}, b'{"category":"LIMIT","message":"too many","details":"of 50"}', "too many: of 50"),
        ({}, b'{"message":"too\\n many"}', "too many"),
        ({"dg-error": "Invalid credentials."}, b"", "Invalid credentials."),
        ({"dg-error": "in the header"}, b"<html>", "in the header"),
        ({}, b'"a bare string"', "a bare string"),
        ({}, b"[1]", "the provider refused without a reason"),
        ({}, b"[" * 100_000, "the provider refused without a reason"),
        ({}, json.dumps({"err_msg": "x" * 10_000}).encode(), "x" * 500),
    ],
)
def test_the_reason_is_found_in_whatever_shape_it_has(headers: dict[str, str], body: bytes, message: str) -> None:
    assert adapter.explain(HttpResponse(429, headers, body)).message == message


def test_a_wait_that_the_service_asks_for_is_passed_on() -> None:
    assert adapter.explain(HttpResponse(429, {"retry-after": "3"}, b"{}")).retry_after == 3.0
