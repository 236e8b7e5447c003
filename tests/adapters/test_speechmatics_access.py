"""Keys, paths, timers, and how the service is dialled."""

import base64
import json
from typing import Any

import pytest

from support.speechmatics import answered, desk, server, told
from voxport.codec import Accepted, Closed, Dial, HttpRequest, HttpResponse, Opened
from voxport.pair import dialled, lower
from voxport.settings import Secret, Settings
from voxport_adapters.speechmatics import adapter


def upgrade(path: str, key: str | None = "key", front: Any = None) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return (front or adapter.front(desk())).accept(HttpRequest("GET", f"ws://h{path}", headers))


# ------------------------------------------------------------------- paths


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/en", "/v2/cmn_en", "/v2?sm-sdk=python-rt-sdk-v1.2.1&sm-app=a"])
def test_its_paths(path: str) -> None:
    assert isinstance(upgrade(path), Accepted)


@pytest.mark.parametrize(
    "path", ["/v2/live", "/v2/listen", "/v2/multi", "/v2/en/en", "/v1/listen", "/v3/ws", "/v2x", "/"]
)
def test_the_paths_of_others(path: str) -> None:
    assert upgrade(path) is None
    assert adapter.front(desk()).answer(HttpRequest("GET", f"http://h{path}")) is None


def test_the_path_tells_the_language() -> None:
    accepted = upgrade("/v2/de")
    start = {
        "message": "StartRecognition", "transcription_config": {"language": "en"},
        "audio_format": {"type": "raw", "encoding": "mulaw", "sample_rate": 8000},
    }  # fmt: skip
    assert answered(accepted.server, json.dumps(start))[0]["type"] == "invalid_config"


@pytest.mark.parametrize(("method", "status"), [("GET", 400), ("POST", 405), ("DELETE", 405)])
@pytest.mark.parametrize("path", ["/v2", "/v2/en"])
def test_what_is_no_upgrade(path: str, method: str, status: int) -> None:
    answer: Any = adapter.front(desk()).answer(HttpRequest(method, f"http://h{path}"))
    assert answer.status == status


# ------------------------------------------------------------------- keys


def test_a_bad_header_is_refused_before_the_upgrade() -> None:
    for key in ("wrong", "None", "a.b.c", "\udcff", None):
        refused = upgrade("/v2", key)
        assert isinstance(refused, HttpResponse)
        assert refused.status == 401
        failed = adapter.explain(refused)
        assert (failed.kind, failed.retryable, failed.message) == ("refused", False, "Unauthorized")


def is_refused_in_band(accepted: Accepted) -> bool:
    return answered(accepted.server, Opened()) == [
        {"message": "Error", "type": "not_authorised", "reason": "Not Authorized"}, Closed(4001, "not_authorised"),
    ]  # fmt: skip


def test_a_bad_jwt_is_refused_after_it() -> None:
    assert not is_refused_in_band(upgrade("/v2?jwt=key", None))
    assert is_refused_in_band(upgrade("/v2?jwt=wrong", None))
    assert is_refused_in_band(upgrade("/v2?jwt=", "key")) is False


def test_a_long_lived_key_does_not_travel_in_the_query() -> None:
    assert upgrade("/v2?api_key=key", None).status == 401


def fetch(front: Any, query: str = "?type=rt", key: str = "key", body: bytes = b'{"ttl":60,"region":"eu"}') -> Any:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return front.answer(HttpRequest("POST", f"http://h/v1/api_keys{query}", headers, body))


def issued(front: Any, query: str = "?type=rt") -> str:
    tree = json.loads(fetch(front, query).body)
    assert tree["apikey_id"] is None
    return str(tree["key_value"])


def test_a_temporary_key_lives_as_long_as_asked() -> None:
    clock = [1000.0]
    front = adapter.front(desk(lambda: clock[0]))
    assert fetch(front).status == 201, "some clients take nothing else"
    key = issued(front)
    _, claims, _ = key.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (told["iat"], told["exp"]) == (1000, 1060)
    assert isinstance(upgrade("/v2", key, front), Accepted)
    assert not is_refused_in_band(upgrade(f"/v2?jwt={key}", None, front))
    assert upgrade("/v2", key[:-1], front).status == 401
    clock[0] += 61
    assert upgrade("/v2", key, front).status == 401
    assert is_refused_in_band(upgrade(f"/v2?jwt={key}", None, front))


def test_a_temporary_key_is_good_for_every_connection_and_front() -> None:
    key = issued(adapter.front(desk()))
    for _ in range(2):
        assert isinstance(upgrade("/v2", key), Accepted)


@pytest.mark.parametrize("query", ["", "?type=batch", "?type=tts"])
def test_a_key_of_another_type_opens_nothing(query: str) -> None:
    front = adapter.front(desk())
    assert is_refused_in_band(upgrade("/v2", issued(front, query), front)), "opaque, and after the upgrade"


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        (b'{"ttl":59}', "greater than or equal to 60"), (b'{"ttl":86401}', "less than or equal to 86400"),
        (b"{}", "greater than or equal to 60"), (b'{"ttl":"60"}', "greater than or equal to 60"),
        (b'{"ttl":true}', "greater than or equal to 60"), (b"nonsense", "greater than or equal to 60"),
    ],
)  # fmt: skip
def test_bounds_of_a_temporary_key(body: bytes, bound: str) -> None:
    front = adapter.front(desk())
    assert fetch(front, body=b'{"ttl":86400}').status == 201
    refused = fetch(front, body=body)
    assert (refused.status, json.loads(refused.body)["message"]) == (422, f"ttl in body should be {bound}")


def test_temporary_keys_that_are_refused() -> None:
    front: Any = adapter.front(desk())
    assert fetch(front, key="wrong").status == 403
    assert front.answer(HttpRequest("GET", "http://h/v1/api_keys?type=rt")).status == 405
    assert front.answer(HttpRequest("POST", "http://h/v1/elsewhere")) is None


# ------------------------------------------------------------------- timers


def test_warnings_come_before_the_end() -> None:
    timers = upgrade("/v2").timers
    found = [(timer.kind, timer.after / 60, timer.answer.code) for timer in timers]
    assert found == [
        ("no_audio", 45, "idle_timeout"), ("no_audio", 50, "idle_timeout"), ("no_audio", 55, "idle_timeout"),
        ("no_audio", 60, "idle_timeout"), ("session", 2835, "session_timeout"), ("session", 2850, "session_timeout"),
        ("session", 2865, "session_timeout"), ("session", 2880, "session_timeout"),
    ]  # fmt: skip
    end = server()
    assert told(end, timers[0].answer) == [
        {
            "message": "Warning", "type": "idle_timeout",
            "reason": "Session will timeout in 15m due to inactivity, no audio sent within the last 45m",
        }
    ]  # fmt: skip
    assert told(end, timers[4].answer)[0]["reason"] == (
        "Session will timeout in 45m due to max duration, session has been active for 2835m"
    )
    for timer in (timers[3], timers[7]):
        error, close = told(end, timer.answer)
        assert (error["type"], close) == (timer.answer.code, Closed(1008, "policy_violation"))


def test_channels_whose_audio_is_text_are_not_taken_for_silent() -> None:
    end = server(diarization="channel", channel_diarization_labels=["a"])
    idle, over = upgrade("/v2").timers[0], upgrade("/v2").timers[3]
    assert told(end, idle.answer) == told(end, over.answer) == []
    assert len(told(end, upgrade("/v2").timers[7].answer)) == 2


# ------------------------------------------------------------------- dialling


def dial(**asked: Any) -> Any:
    return adapter.dial(Settings(provider="speechmatics", **asked))


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ({}, "wss://eu.rt.speechmatics.com/v2"),
        ({"region": "us"}, "wss://us.rt.speechmatics.com/v2"),
        ({"region": "global"}, "wss://global.rt.speechmatics.com/v2"),
        ({"region": "us", "endpoint": "ws://h:9000"}, "ws://h:9000/v2"),
    ],
)
def test_how_the_upgrade_is_dialled(asked: Any, url: str) -> None:
    with pytest.raises(StopIteration) as done:
        next(dial(api_key=Secret("key"), **asked))
    assert done.value.value == Dial(url, {"Authorization": "Bearer key"})


def test_a_token_that_was_issued_elsewhere() -> None:
    with pytest.raises(StopIteration) as done:
        next(dial(token=Secret("eyJ")))
    assert done.value.value.headers == {"Authorization": "Bearer eyJ"}


@pytest.mark.parametrize(
    ("endpoint", "url", "host"),
    [
        (None, "wss://eu.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("wss://us.rt.speechmatics.com/v2", "wss://us.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("wss://neu.rt.speechmatics.com/v2/en", "wss://neu.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/v2", "http://127.0.0.1:9000"),
        ("ws://127.0.0.1:9000/v2/", "ws://127.0.0.1:9000/v2", "http://127.0.0.1:9000"),
        (
            "wss://x.speechmatics.com.evil.test",
            "wss://x.speechmatics.com.evil.test/v2",
            "https://x.speechmatics.com.evil.test",
        ),
    ],
)
def test_where_temporary_keys_come_from(endpoint: str | None, url: str, host: str) -> None:
    steps = dial(api_key=Secret("key"), temporary_token=True, endpoint=endpoint)
    request = next(steps)
    assert (request.method, request.url, request.body) == ("POST", f"{host}/v1/api_keys?type=rt", b'{"ttl":60}')
    assert lower(request).headers == {"authorization": "Bearer key", "content-type": "application/json"}
    with pytest.raises(StopIteration) as done:
        steps.send(HttpResponse(201, {}, b'{"apikey_id":null,"key_value":"eyJ"}'))
    assert done.value.value == Dial(url, {"Authorization": "Bearer eyJ"})
    assert "eyJ" not in repr(done.value.value)


def test_a_refused_key_is_explained() -> None:
    asked = Settings(provider="speechmatics", api_key=Secret("wrong"), temporary_token=True, endpoint="ws://h")
    refused = dialled(adapter.dial(asked), adapter.front(desk()).answer)
    assert isinstance(refused, HttpResponse)
    assert adapter.explain(refused).kind == "refused"
