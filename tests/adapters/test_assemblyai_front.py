"""The far side's doors: tokens, credentials, and what the clock alone says."""

import json
from typing import Any

import pytest

from support.assemblyai import DETAILS, ID, NOW, refusal, said, started, upgrade
from voxport.codec import Accepted, Closed, Desk, HttpRequest, HttpResponse, Opened
from voxport.commands import Start
from voxport.events import Begun
from voxport_adapters.assemblyai import adapter


class Door:
    """A front with a clock of its own, whose tokens are named token-1, token-2 and so on."""

    def __init__(self) -> None:
        self.now = 1000.0
        ids = (f"token-{number}" for number in range(1, 99))
        self.front = adapter.front(Desk(frozenset({"k"}), lambda: next(ids), lambda: self.now))

    def ask(self, query: str, method: str = "GET", path: str = "/v3/token", **headers: str) -> HttpResponse | None:
        return self.front.answer(HttpRequest(method, f"http://h{path}?{query}", headers))

    def token(self, query: str = "expires_in_seconds=60") -> str:
        granted = self.ask(query, authorization="k")
        assert granted is not None
        assert granted.status == 200
        return str(json.loads(granted.body)["token"])

    def enter(self, query: str = "", **headers: str) -> Accepted:
        accepted = self.front.accept(HttpRequest("GET", f"http://h/v3/ws?{query}", headers))
        assert isinstance(accepted, Accepted)
        return accepted


@pytest.mark.parametrize("key", ["k", "Bearer k"])
def test_a_token_is_granted(key: str) -> None:
    granted = Door().ask("expires_in_seconds=60", authorization=key)
    assert granted is not None
    assert (granted.status, granted.headers["content-type"]) == (200, "application/json")
    assert json.loads(granted.body) == {"token": "token-1", "expires_in_seconds": 60}


def detail(name: str, kind: str, message: str, sent: str | None, **bounds: int) -> dict[str, Any]:
    found = {"type": kind, "loc": ["query", name], "msg": message, "input": sent}
    return {**found, "ctx": bounds} if bounds else found


WINDOW, CAP = "expires_in_seconds", "max_session_duration_seconds"


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("", [detail(WINDOW, "missing", "Field required", None)]),
        (
            "expires_in_seconds=0",
            [detail(WINDOW, "greater_than_equal", "Input should be greater than or equal to 1", "0", ge=1)],
        ),
        (
            "expires_in_seconds=-5",
            [detail(WINDOW, "greater_than_equal", "Input should be greater than or equal to 1", "-5", ge=1)],
        ),
        (
            "expires_in_seconds=601",
            [detail(WINDOW, "less_than_equal", "Input should be less than or equal to 600", "601", le=600)],
        ),
        (
            "expires_in_seconds=x",
            [
                detail(
                    WINDOW, "int_parsing", "Input should be a valid integer, unable to parse string as an integer", "x"
                )
            ],
        ),
        (
            "max_session_duration_seconds=59",
            [
                detail(WINDOW, "missing", "Field required", None),
                detail(CAP, "greater_than_equal", "Input should be greater than or equal to 60", "59", ge=60),
            ],
        ),
        (
            "expires_in_seconds=1&max_session_duration_seconds=10801",
            [detail(CAP, "less_than_equal", "Input should be less than or equal to 10800", "10801", le=10_800)],
        ),
    ],
)
def test_a_token_that_is_asked_for_wrongly_is_refused(query: str, details: list[Any]) -> None:
    refused = Door().ask(query, authorization="k")
    assert refused is not None
    assert (refused.status, json.loads(refused.body)) == (422, {"detail": details})


@pytest.mark.parametrize("query", ["expires_in_seconds=1", "expires_in_seconds=600"])
@pytest.mark.parametrize("more", ["", "&max_session_duration_seconds=60", "&max_session_duration_seconds=10800"])
def test_the_bounds_of_a_token_are_taken(query: str, more: str) -> None:
    assert Door().token(query + more) == "token-1"


def test_every_refusal_of_a_token_is_one_that_the_client_explains() -> None:
    door = Door()
    missing: Any = door.ask("expires_in_seconds=60")
    assert (missing.status, json.loads(missing.body)["detail"][0]["loc"]) == (422, ["header", "authorization"])
    wrong: Any = door.ask("expires_in_seconds=60", authorization="x")
    assert (wrong.status, json.loads(wrong.body)) == (401, {"error": "Invalid API key"})
    posted: Any = door.ask("expires_in_seconds=60", "POST", authorization="k")
    assert (posted.status, posted.headers["allow"]) == (405, "GET")
    huge: Any = door.ask("expires_in_seconds=" + "9" * 5000, authorization="k")
    failures = [adapter.explain(response) for response in (missing, wrong, posted, huge)]
    assert [(failed.kind, failed.message) for failed in failures] == [
        ("invalid", "header.authorization: Field required"),
        ("refused", "Invalid API key"),
        ("invalid", "Method Not Allowed"),
        ("invalid", "query.expires_in_seconds: Input should be less than or equal to 600"),
    ]


@pytest.mark.parametrize("place", ["header", "query"])
def test_a_token_opens_sessions_until_it_expires(place: str) -> None:
    door = Door()
    token = door.token()
    credentials: dict[str, str] = {"authorization": token} if place == "header" else {}
    query = f"token={token}" if place == "query" else ""
    for door.now in (1000.0, 1059.0):
        (start,) = door.enter(query, **credentials).server.receive(Opened())
        assert isinstance(start, Start)
    door.now = 1061.0
    assert refusal(door.enter(query, **credentials)).message == "Unauthorized Connection: Signature has expired"


def test_a_token_caps_the_session_that_it_opens() -> None:
    door = Door()
    token = door.token("expires_in_seconds=60&max_session_duration_seconds=90")
    accepted = door.enter(f"token={token}")
    (begin,) = said(accepted, Begun())
    assert begin["expires_at"] == 1090
    (last,) = accepted.timers
    assert (last.kind, last.after) == ("session", 90)
    assert said(accepted, last.answer) == [
        {"type": "Error", "error_code": 3008, "error": "Session Expired: Maximum session duration exceeded"},
        Closed(3008, DETAILS),
    ]
    assert door.enter(f"token={door.token()}").timers[0].after == 10_800
    assert door.enter(authorization="k").timers[0].after == 10_800


@pytest.mark.parametrize(
    ("headers", "query"), [({"authorization": "k"}, ""), ({"x": "y"}, "token=k"), ({"authorization": ""}, "token=k")]
)
@pytest.mark.parametrize("path", ["/v3/ws", "/eu/v3/ws/", "/", ""])
def test_the_key_is_accepted_in_either_place(headers: dict[str, Any], query: str, path: str) -> None:
    (start,) = upgrade(query, path, **headers).server.receive(Opened())
    assert isinstance(start, Start)


@pytest.mark.parametrize(
    ("headers", "query", "why"),
    [
        ({"authorization": "Bearer k"}, "", "Invalid API key"),
        ({"authorization": "token k"}, "", "Invalid API key"),
        ({"authorization": "x"}, "", "Invalid API key"),
        ({"x": "y"}, "token=x", "Invalid API key"),
        ({"x": "y"}, "", "Missing Authorization header"),
    ],
)
def test_every_other_form_is_refused_after_the_upgrade(headers: dict[str, Any], query: str, why: str) -> None:
    accepted = upgrade(f"sample_rate=7&inactivity_timeout=5&{query}", **headers)
    failed = refusal(accepted)
    assert (failed.code, failed.message) == ("1008", f"Unauthorized Connection: {why}")
    assert accepted.timers == ()


def test_other_paths_are_not_its_business() -> None:
    front = adapter.front(Desk(frozenset({"k"}), lambda: ID, lambda: NOW))
    assert front.accept(HttpRequest("GET", "http://h/v2/listen")) is None
    assert front.answer(HttpRequest("GET", "http://h/v3/ws")) is None


def test_a_self_hosted_service_is_asked_for_its_health() -> None:
    healthy = Door().ask("", path="/v3/ws/health")
    assert healthy is not None
    assert healthy.status == 200


def test_the_version_is_the_one_that_the_client_asks_for() -> None:
    (begin,) = said(upgrade(authorization="k", assemblyai_version="2025-05-13"), Begun())
    assert begin["configuration"]["api_version"] == "2025-05-13"


def test_an_idle_session_ends_only_where_that_was_asked_for() -> None:
    assert [timer.kind for timer in upgrade().timers] == ["session"]
    accepted = upgrade("inactivity_timeout=5")
    _, idle = accepted.timers
    assert (idle.kind, idle.after) == ("idle", 5)
    why = "Session terminated due to inactivity: No messages received for 5 seconds"
    assert said(accepted, idle.answer) == [
        {"type": "Error", "error_code": 3006, "error": why},
        Closed(3006, DETAILS),
    ]


def test_heartbeats_go_on_where_no_audio_comes() -> None:
    clock = [NOW]
    accepted = upgrade("session_heartbeat=true", clock=lambda: clock[0])
    _, beat = accepted.timers
    assert (beat.kind, 5.0 < beat.after < 5.1) == ("quiet", True)
    for _ in range(2):
        clock[0] += beat.after
        assert [frame["type"] for frame in said(accepted, beat.answer)] == ["Heartbeat"]
    assert started("session_heartbeat=true") == started("")
    assert len(upgrade("session_heartbeat=false").timers) == 1
