import ssl
from collections.abc import Callable
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once, ears
from strangers.programs import Program, Told, names, values
from support.emulated import JFK, RATE, SAID, bare, jfk
from voxport.listener import Listener
from voxport.recogniser import recogniser

pytestmark = pytest.mark.stranger("assemblyai", "assemblyai", "async", pinned="tests/strangers/node/package.json")

OPTIONS = {
    "sampleRate": RATE, "encoding": "pcm_s16le", "speechModel": "universal-streaming-english", "formatTurns": True,
    "connectTimeout": 20_000, "connectionRetryDelay": 0,
}  # fmt: skip
CLOSED = {"reason": "See Error message for details"}
"""What the service says with the code of a close, the error having come before it."""


@pytest.fixture
def client(node: Callable[..., Program]) -> Program:
    return node("assemblyai.mjs", OPTIONS, ("closed", 1))


@pytest.fixture
def over_tls(emulate: Callable[..., Listener], tls: ssl.SSLContext) -> Callable[..., Listener]:
    """The SDK opens no session without TLS."""
    return lambda *args, **options: emulate(*args, tls=tls, **options)


def finals(told: Told) -> list[str]:
    return [turn["transcript"] for turn in values(told, "turn") if turn["end_of_turn"]]


@pytest.mark.judges("words", "turns", "metadata")
def test_words_turns_and_metadata(client: Program, over_tls: Callable[..., Listener]) -> None:
    """Of the end, the SDK tells nothing but that ``close`` returned. A transcript has the words that are finished."""
    told = client(over_tls())
    assert names(told) == ["open", *["turn"] * 9, "closed"]
    (begun,) = values(told, "open")
    assert begun["type"] == "Begin"
    assert begun["configuration"]["model"] == OPTIONS["speechModel"]
    turns = values(told, "turn")
    assert [turn["transcript"] for turn in turns] == [
        *["", "Good", SAID[0], SAID[0]],
        *["", "Ask", "Ask not", SAID[1], SAID[1]],
    ]
    assert [turn["turn_order"] for turn in turns] == [0] * 4 + [1] * 5
    assert finals(told) == SAID
    assert turns[3]["words"] == [
        {"text": "Good", "start": 200, "end": 500, "confidence": 0.98, "word_is_final": True},
        {"text": "morning.", "start": 500, "end": 900, "confidence": 0.91, "word_is_final": True},
    ]


def assert_refused(told: Told, code: int, message: str) -> None:
    """The SDK has tried three times, since it holds every refusal but a few for a passing one."""
    ((name, error),) = told
    assert (name, error["code"], error["retryable"]) == ("thrown", code, True)
    assert message in error["message"]


@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, over_tls: Callable[..., Listener]) -> None:
    assert_refused(client(over_tls(), key="wrong"), 1008, "Unauthorized Connection")


@pytest.mark.judges("bad setting")
def test_a_bad_setting(client: Program, over_tls: Callable[..., Listener]) -> None:
    assert_refused(client(over_tls(), options={**OPTIONS, "sampleRate": 7}), 3006, "Invalid 'sample_rate'")


@pytest.mark.judges("idle")
def test_an_idle_client_is_closed(client: Program, over_tls: Callable[..., Listener]) -> None:
    limited: dict[str, Any] = {**OPTIONS, "inactivityTimeout": 5}
    told = client(over_tls(impatient=True), [], options=limited, finish=False, until=("close", 1))
    assert names(told) == ["open", "error", "close"]
    (error,) = values(told, "error")
    assert (error["code"], error["message"].partition(":")[0]) == (3006, "Session terminated due to inactivity")
    assert values(told, "close") == [{"code": 3006, **CLOSED}]


@pytest.mark.judges("error")
def test_a_server_error_ends_the_session(client: Program, over_tls: Callable[..., Listener]) -> None:
    told = client(over_tls(breaking_once(OVERLOADED)), BEFORE_THE_BREAK, finish=False, until=("close", 1))
    assert finals(told) == SAID[:1]
    assert values(told, "error") == [{"code": 3005, "name": "Error", "message": OVERLOADED.message}]
    assert values(told, "close") == [{"code": 3005, **CLOSED}]


@pytest.mark.judges("drop")
def test_a_drop_ends_the_session(client: Program, over_tls: Callable[..., Listener]) -> None:
    """The SDK dials again only before the session has begun."""
    told = client(over_tls(breaking_once()), BEFORE_THE_BREAK, finish=False, until=("close", 1))
    assert finals(told) == SAID[:1]
    assert told[-1] == ("close", {"code": 1006, "reason": ""})
    assert names(told).count("open") == 1


@pytest.mark.judges("temporary token")
def test_a_temporary_token(client: Program, over_tls: Callable[..., Listener]) -> None:
    assert finals(client(over_tls(), token=True)) == SAID


@pytest.mark.judges("real speech")
def test_real_speech(client: Program, over_tls: Callable[..., Listener]) -> None:
    assert bare(finals(client(over_tls(ears(recogniser)), jfk()))) == JFK
