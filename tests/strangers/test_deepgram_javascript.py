from collections.abc import Callable
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, BREAKS_AT, OVERLOADED, breaking_once
from strangers.programs import Program, Told, names, values
from support.emulated import JFK, SAID, SECONDS, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("@deepgram/sdk", "deepgram", "async", pinned="tests/strangers/node/package.json")

OPTIONS = {
    "model": "nova-3", "encoding": "linear16", "sample_rate": 16_000, "punctuate": True,
    "interim_results": True, "vad_events": True, "reconnectAttempts": 3,
}  # fmt: skip


@pytest.fixture
def client(node: Callable[..., Program]) -> Program:
    return node("deepgram.mjs", OPTIONS, ("close", 1))


def results(told: Told) -> list[Any]:
    return [message for message in values(told, "message") if message["type"] == "Results"]


def text(result: Any) -> str:
    said: str = result["channel"]["alternatives"][0]["transcript"]
    return said


def finals(told: Told) -> list[str]:
    return [text(result) for result in results(told) if result["is_final"]]


@pytest.mark.judges("words", "turns", "metadata")
def test_words_turns_and_metadata(client: Program, emulated: Listener) -> None:
    told = client(emulated)
    assert names(told) == ["open", *["message"] * 10, "close"]
    assert [text(result) for result in results(told)] == [
        *["Good", "Good mourn", SAID[0]],
        *["Ask", "Ask not", SAID[1], SAID[1]],
    ]
    assert [result["speech_final"] for result in results(told)] == [False, False, True, False, False, False, True]
    assert [result["is_final"] for result in results(told)] == [False, False, True, False, False, False, True]
    assert results(told)[2]["channel"]["alternatives"][0]["words"] == [
        {"word": "good", "punctuated_word": "Good", "start": 0.2, "end": 0.5, "confidence": 0.98},
        {"word": "morning", "punctuated_word": "morning.", "start": 0.5, "end": 0.9, "confidence": 0.91},
    ]
    started = [message for message in values(told, "message") if message["type"] == "SpeechStarted"]
    assert [message["timestamp"] for message in started] == [0.2, 1.2]
    metadata = values(told, "message")[-1]
    assert (metadata["type"], metadata["duration"], metadata["channels"]) == ("Metadata", SECONDS, 1)
    assert {result["metadata"]["request_id"] for result in results(told)} == {metadata["request_id"]}
    assert told[-1] == ("close", {"type": "close", "code": 1000, "reason": ""})


@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    """The SDK tells the status, and a close that never was."""
    told = client(emulated, key="wrong", until=("thrown", 1))
    assert values(told, "error")[0] == {"name": "Error", "message": "Unexpected server response: 401"}
    assert values(told, "thrown") == [{"type": "error", "message": "Unexpected server response: 401"}]
    assert "open" not in names(told)


@pytest.mark.judges("bad setting")
def test_a_bad_setting(client: Program, emulated: Listener) -> None:
    told = client(emulated, options={**OPTIONS, "sample_rate": 7}, until=("thrown", 1))
    assert values(told, "thrown") == [{"type": "error", "message": "Unexpected server response: 400"}]


@pytest.mark.judges("idle")
def test_an_idle_client_is_closed_and_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(impatient=True), [], finish=False, until=("open", 2))
    assert names(told) == ["open", "message", "close", "open"]
    assert values(told, "message")[0]["type"] == "Metadata"
    (closed,) = values(told, "close")
    assert closed["code"] == 1011
    assert closed["reason"].endswith("See https://dpgr.am/net0001")


@pytest.mark.judges("error")
def test_a_server_error_is_told_and_the_client_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once(OVERLOADED)), BEFORE_THE_BREAK, finish=False, until=("open", 2))
    assert finals(told) == SAID[:1]
    assert values(told, "close") == [{"type": "close", "code": 1011, "reason": OVERLOADED.message}]


@pytest.mark.judges("drop")
def test_after_a_drop_the_client_comes_back_and_the_session_begins_anew(
    client: Program, emulate: Callable[..., Listener]
) -> None:
    """The SDK sends nothing again: what was said in between is lost, and times start at 0."""
    told = client(emulate(breaking_once()), hold=(len(BEFORE_THE_BREAK), "open", 2), until=("close", 2))
    assert [closed["code"] for closed in values(told, "close")] == [1006, 1000]
    assert finals(told) == [SAID[0], "Good"]
    metadata = values(told, "message")[-1]
    assert metadata["duration"] == pytest.approx(SECONDS - BREAKS_AT)


@pytest.mark.judges("temporary token")
def test_a_temporary_token(client: Program, emulated: Listener) -> None:
    assert finals(client(emulated, token=True)) == SAID


@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    told = client(listening, jfk())
    assert bare(finals(told)) == JFK
    assert values(told, "message")[-1]["duration"] == pytest.approx(11.0)
