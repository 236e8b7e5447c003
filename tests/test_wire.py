import msgspec
import pytest

from voxport import wire
from voxport.codec import HttpRequest, HttpResponse, Support
from voxport.events import Notice, Unknown
from voxport.settings import AudioSettings, Settings, Transcription


@pytest.mark.parametrize(
    ("endpoint", "scheme", "path", "url"),
    [
        ("wss://h", "ws", "/v1/listen", "wss://h/v1/listen"),
        ("ws://h:1", "http", "/v1/auth", "http://h:1/v1/auth"),
        ("h", "ws", "/v2", "wss://h/v2"),
        ("h:8080/pre", "ws", "/v2", "wss://h:8080/pre/v2"),
        ("https://h/v2/", "ws", "/v2/live", "wss://h/v2/live"),
        ("wss://h/v2/live", "http", "/v2/live", "https://h/v2/live"),
        ("http://h/?x=1", "ws", "/v3/ws", "ws://h/v3/ws"),
        ("wss://h/v3/ws", "http", "/v3/token", "https://h/v3/token"),
        ("wss://h/proxy/v2/en", "http", "/v1/api_keys", "https://h/proxy/v1/api_keys"),
    ],
)
def test_an_endpoint_is_completed(endpoint: str, scheme: str, path: str, url: str) -> None:
    assert wire.endpoint_url(endpoint, scheme, path) == url


class Ping(msgspec.Struct, tag=True, tag_field="type"):
    count: int


class Pong(msgspec.Struct, tag=True, tag_field="type"):
    count: int


MESSAGES = wire.Messages[Ping | Pong](Ping | Pong, "type")


def test_messages_are_told_by_their_tag() -> None:
    assert MESSAGES.decode('{"type":"Pong","count":1,"new_field":2}') == Pong(1)
    assert MESSAGES.decode('{"type":"Pang","count":1}') == Unknown(kind="Pang")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "3",
        "[" * 100_000,
        '{"count":1}',
        '{"type":1}',
        '{"type":"Ping","count":"x"}',
        b"\xff",
        '{"type":"\ud800"}',
    ],
)
def test_what_does_not_decode_is_a_notice(frame: str | bytes) -> None:
    heard = MESSAGES.decode(frame)
    assert isinstance(heard, Notice)
    assert heard.code == "malformed"


class Query(msgspec.Struct):
    rate: int = 1
    on: bool = False
    names: list[str] = []
    wait: int | bool | None = None


def test_a_query_is_typed_and_unknown_names_are_ignored() -> None:
    query = wire.query_of("ws://h/p?rate=8&on=True&names=a+b&names=c%2Cd&wait=false&else=1&rate=9")
    assert wire.typed_query(query, Query) == Query(9, on=True, names=["a b", "c,d"], wait=False)
    assert wire.typed_query(wire.query_of("ws://h?wait=300"), Query).wait == 300


@pytest.mark.parametrize("text", ["rate=x", "on=maybe", "rate="])
def test_a_bad_parameter_is_named(text: str) -> None:
    with pytest.raises(wire.BadParameterError) as caught:
        wire.typed_query(wire.query_of(f"ws://h?{text}"), Query)
    assert f"{caught.value.name}={caught.value.value}" == text


def test_a_query_is_written_as_it_is_read() -> None:
    options = {"rate": 8, "on": True, "names": ["a b", "ü&="], "gone": None}
    assert wire.typed_query(wire.query_of(f"ws://h?{wire.query_string(options)}"), Query) == Query(
        8, True, ["a b", "ü&="]
    )


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ({"authorization": "Token abc"}, ("token", "abc")),
        ({"authorization": "abc"}, ("", "abc")),
        ({"sec-websocket-protocol": "token, abc"}, ("token", "abc")),
        ({}, ("", "")),
    ],
)
def test_credentials_are_found(headers: dict[str, str], credential: tuple[str, str]) -> None:
    assert wire.credential_of(HttpRequest("GET", "ws://h", headers)) == credential


RULES = {
    "language": wire.rule("mapped", "lang"),
    "languages": wire.rule("dropped", note="no"),
    "model": wire.rule("mapped", "m"),
    "sample_rate": wire.rule("mapped", "rate"),
    "encoding": wire.rule("mapped", "enc", values={"s16le": "pcm", "mulaw": "ulaw"}),
    "channels": wire.rule("mapped", "ch", put=lambda n, _: {"ch": n, "multi": n > 1}),
    "partials": wire.rule("mapped", "interim"),
    "punctuation": wire.rule("approximated", "format", judge=lambda on, _: Support("mapped" if on else "dropped", "format")),
    "key_terms": wire.rule("mapped", "terms"),
}  # fmt: skip
ASKED = Settings(
    provider="x",
    model="big",
    transcription=Transcription(language="en", languages=("en", "fr"), punctuation=False, key_terms=("a",)),
    audio=AudioSettings(encoding="mulaw", channels=2),
    options={"interim": "maybe"},
)


def test_settings_become_options_and_each_is_accounted_for() -> None:
    translation = wire.translate(ASKED, RULES, {"lang": "xx", "base": 1})
    assert translation.options == {
        "lang": "en", "base": 1, "m": "big", "rate": 16000, "enc": "ulaw", "ch": 2, "multi": True, "interim": "maybe",
        "terms": ["a"],
    }  # fmt: skip
    assert [item.setting for item in translation.of("dropped")] == ["languages", "punctuation"]


def test_options_become_settings_again() -> None:
    options = dict(wire.translate(ASKED, RULES, {}).options, interim=False)
    found = wire.settings_of("x", options, RULES)
    assert found.model == "big"
    assert found.audio == ASKED.audio
    assert found.transcription == Transcription(language="en", partials=False, key_terms=("a",))


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "invalid", False), (401, "refused", False), (402, "refused", False), (403, "refused", False),
        (404, "invalid", False), (408, "network", True), (429, "refused", True), (503, "provider", True),
        (200, "protocol", False), (302, "protocol", False),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a table
    failed = wire.refusal(HttpResponse(status, {"retry-after": "7"}), "why", "CODE")
    assert (failed.kind, failed.retryable, failed.code, failed.retry_after) == (kind, retryable, f"{status} CODE", 7.0)
    assert failed.remedy


def test_a_value_that_the_provider_does_not_know_is_dropped() -> None:
    options, support = RULES["encoding"].carry("f32le", ASKED)
    assert (options, support.status) == ({}, "dropped")
    assert "s16le" in support.note


def test_a_list_nested_too_deeply_is_a_bad_parameter() -> None:
    with pytest.raises(wire.BadParameterError):
        wire.typed_query({"names": ["[" * 100_000]}, Query, lambda sent: msgspec.json.decode(sent[0]))
