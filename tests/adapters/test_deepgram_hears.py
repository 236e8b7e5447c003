"""What a server of ``/v1/listen`` hears, and its answers to configuration and to what it does not understand."""

import json
from typing import Any

import pytest

from support.deepgram import ID, decoded, said, server
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid, KeepAlive
from voxport.events import Configured, Notice


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (b"12", Audio(b"12")),
        (b"", Finish()),
        ('{"type":"CloseStream"}', Finish()),
        ('{"type": "KeepAlive"}', KeepAlive()),
        (b'{"type":"KeepAlive"}', Audio(b'{"type":"KeepAlive"}')),
        ('{"type":"Sync"}', KeepAlive()),
        ('{"type":"Finalize"}', EndUtterance()),
        ('{"type":"Finalize","channel":0}', EndUtterance(0)),
        ('{"type":"Finalize","channel":null}', EndUtterance()),
    ],
)
def test_the_server_hears(frame: str | bytes, command: object) -> None:
    assert list(server().receive(frame)) == [command]


WHAT = "Could not deserialize last text message: "
NAMES = "`CloseStream`, `Configure`, `Sync`, `KeepAlive`, `Finalize`"


@pytest.mark.parametrize(
    ("frame", "description"),
    [
        ('{"type":"Ping"}', f"unknown variant `Ping`, expected one of {NAMES} at line 1 column 14"),
        ('{\n "type": "ForceEndTurn"}', f"unknown variant `ForceEndTurn`, expected one of {NAMES} at line 2 column 23"),
        (r'{"type":"P\u0069ng"}', f"unknown variant `Ping`, expected one of {NAMES}"),
        (
            '{"type":"Configure","model":"nova-3"}',
            "unknown field `model`, expected one of `features`, `processors`, `keyterms`, `language_hints`",
        ),
        ('{"type":"Finalize","x":1}', "unknown field `x`, expected one of `channel`"),
        ('{"type":"KeepAlive","x":1}', "unknown field `x`, there are no fields"),
        ('{"type":["Ping"]}', "Expected `str` - at `$.type`"),
        ("{}", "Object missing required field `type`"),
    ],
)
def test_a_message_that_is_not_understood_is_answered_and_the_stream_goes_on(frame: str, description: str) -> None:
    end = server()
    (invalid,) = end.receive(frame)
    assert isinstance(invalid, Invalid)
    assert said(end, invalid.answer) == [
        {"type": "Error", "variant": "SchemaError", "description": WHAT + description, "message": frame}
    ]


@pytest.mark.parametrize(
    "frame", ["{", '{"type":"\ud800"}', "[" * 100_000, '{"type":' * 50_000, "", "7", '{"type":"' + "x" * 900_000 + '"}']
)
def test_the_answer_to_nonsense_stays_small(frame: str) -> None:
    end = server()
    (invalid,) = end.receive(frame)
    assert isinstance(invalid, Invalid)
    (answer,) = end.send(invalid.answer)
    assert isinstance(answer, str)
    assert len(answer) < 200_000
    assert decoded([answer])[0]["variant"] == "SchemaError"


# ------------------------------------------------------------------- configuration in mid-session


@pytest.mark.parametrize(
    ("frame", "command", "told"),
    [
        ('{"type":"Configure","keyterms":["a","b"]}', Configure({"key_terms": ("a", "b")}), {"keyterms": ["a", "b"]}),
        ('{"type":"Configure","keyterms":[]}', Configure({"key_terms": ()}), {"keyterms": []}),
        ('{"type":"Configure","keyterms":null}', Configure(), {}),
        ('{"type":"Configure"}', Configure(), {}),
        ('{"type":"Configure","features":{"numerals":true}}', Configure({}, {"numerals": True}), {}),
        ('{"type":"Configure","processors":{"numerals":true}}', Configure({}, {"numerals": True}), {}),
        ('{"type":"Configure","language_hints":["en"]}', Configure({}, {"language_hint": ["en"]}), {}),
    ],
)
def test_a_configuration_is_answered_once_it_is_taken(frame: str, command: Configure, told: dict[str, Any]) -> None:
    end = server(model="nova-3")
    assert list(end.receive(frame)) == [command]
    assert said(end, Configured()) == [{"type": "ConfigureSuccess", "request_id": ID} | told]
    assert said(end, Configured()) == []


def refused(end: Any, frame: str) -> Any:
    (invalid,) = end.receive(frame)
    assert isinstance(invalid, Invalid)
    (answer,) = said(end, invalid.answer)
    assert answer.pop("description")
    return answer


@pytest.mark.parametrize(
    ("model", "terms", "code"),
    [
        ("nova-2", ["a"], "CONFIGURE_KEYTERMS_NOT_SUPPORTED"), ("nova-2", [], "CONFIGURE_KEYTERMS_NOT_SUPPORTED"),
        ("nova-3", ["a b"] * 251, "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_is_refused(model: str, terms: list[str], code: str) -> None:
    end = server(model=model)
    answer = refused(end, json.dumps({"type": "Configure", "keyterms": terms}))
    assert answer == {"type": "ConfigureFailure", "request_id": ID, "code": code}
    assert [type(command) for command in end.receive('{"type":"Configure","features":{"numerals":true}}')] == [
        Configure
    ]


def test_one_configuration_waits_for_its_answer_at_a_time() -> None:
    end, frame = server(model="nova-3"), '{"type":"Configure","keyterms":["a"]}'
    list(end.receive(frame))
    assert refused(end, frame)["code"] == "CONFIGURE_ALREADY_PENDING"
    assert said(end, Configured())[0]["type"] == "ConfigureSuccess"
    assert [type(command) for command in end.receive(frame)] == [Configure]


def test_a_backend_that_cannot_change_it_is_an_internal_error() -> None:
    end = server(model="nova-3")
    list(end.receive('{"type":"Configure","keyterms":["a"]}'))
    (answer,) = said(end, Notice(code="not_supported", message="no"))
    assert (answer["type"], answer["code"]) == ("ConfigureFailure", "CONFIGURE_INTERNAL_ERROR")
    assert said(end, Configured()) == []


def test_nothing_is_said_that_the_client_did_not_provoke() -> None:
    assert said(server(), Notice(code="partial_frame", message="m"), Notice(code="not_supported", message="m")) == []
