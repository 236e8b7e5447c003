from collections.abc import Callable
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once
from strangers.programs import Program, Told, names, values
from support.emulated import JFK, RATE, SAID, SECONDS, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("@gladiaio/sdk", "gladia", "async", pinned="tests/strangers/node/package.json")

OPTIONS = {
    "encoding": "wav/pcm",
    "bit_depth": 16,
    "sample_rate": RATE,
    "channels": 1,
    "messages_config": {
        "receive_partial_transcripts": True,
        "receive_speech_events": True,
        "receive_lifecycle_events": True,
    },
}
HELD = (len(BEFORE_THE_BREAK), "connected", 2)


@pytest.fixture
def client(node: Callable[..., Program]) -> Program:
    return node("gladia.mjs", OPTIONS, ("ended", 1))


def messages(told: Told, kind: str) -> list[Any]:
    return [message for message in values(told, "message") if message["type"] == kind]


def utterances(told: Told, *, final: bool) -> list[Any]:
    said = (message["data"] for message in messages(told, "transcript"))
    return [data["utterance"] for data in said if data["is_final"] == final]


def texts(told: Told, *, final: bool) -> list[str]:
    return [utterance["text"].strip() for utterance in utterances(told, final=final)]


@pytest.mark.judges("words", "turns", "metadata")
def test_words_turns_and_metadata(client: Program, emulated: Listener) -> None:
    told = client(emulated)
    assert [name for name in names(told) if name != "message"] == ["started", "connected", "ending", "ended"]
    assert texts(told, final=True) == SAID
    assert texts(told, final=False) == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]
    assert utterances(told, final=True)[0]["words"] == [
        {"word": " Good", "start": 0.2, "end": 0.5, "confidence": 0.98},
        {"word": " morning.", "start": 0.5, "end": 0.9, "confidence": 0.91},
    ]
    assert [message["data"]["time"] for message in messages(told, "speech_start")] == [0.2, 1.2]
    assert [message["data"]["time"] for message in messages(told, "speech_end")] == [0.9, 1.9]
    assert messages(told, "end_recording")[0]["data"]["recording_duration"] == SECONDS
    assert messages(told, "post_final_transcript")[0]["data"]["metadata"]["audio_duration"] == SECONDS
    assert {message["session_id"] for message in values(told, "message")} == {values(told, "started")[0]["id"]}
    assert told[-1] == ("ended", {"code": 1000, "reason": ""})


def assert_refused(told: Told, status: int) -> Any:
    """The body of the refusal, which the SDK tells before it gives up."""
    assert names(told) == ["error", "ending", "ended"]
    (error,) = values(told, "error")
    assert error["status"] == status
    assert told[-1] == ("ended", {"code": 1006, "reason": "Couldn't start a new session"})
    return error["responseBody"]


@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    assert assert_refused(client(emulated, key="wrong"), 401)["message"] == "gladia key not found"


@pytest.mark.judges("bad setting")
def test_a_bad_setting(client: Program, emulated: Listener) -> None:
    body = assert_refused(client(emulated, options={**OPTIONS, "sample_rate": 7}), 400)
    assert body["validation_errors"][0].startswith("sample_rate must be one of the following values: 8000")


@pytest.mark.judges("idle")
def test_an_idle_client_is_dropped_and_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(impatient=True), [], finish=False, until=("connected", 2))
    assert values(told, "connected") == [{"attempt": 1}, {"attempt": 2}]
    assert values(told, "error") == []


@pytest.mark.judges("error")
def test_a_server_error_is_survived(client: Program, emulate: Callable[..., Listener]) -> None:
    """The SDK tells nobody: it connects again. The recogniser that failed is another then, which hears the script anew."""
    told = client(emulate(breaking_once(OVERLOADED)), hold=HELD)
    assert_survived(told)
    assert texts(told, final=True)[0] == SAID[0]


@pytest.mark.judges("drop")
def test_a_drop_is_survived(client: Program, emulate: Callable[..., Listener]) -> None:
    """Nothing is lost or told twice: what was not acknowledged is sent again."""
    told = client(emulate(breaking_once()), hold=HELD)
    assert_survived(told)
    assert texts(told, final=True) == SAID
    starts = [utterance["start"] for utterance in utterances(told, final=True)]
    assert starts == pytest.approx([0.2, 1.2], abs=0.15)


def assert_survived(told: Told) -> None:
    assert values(told, "connected") == [{"attempt": 1}, {"attempt": 2}]
    assert values(told, "error") == []
    assert messages(told, "end_recording")[0]["data"]["recording_duration"] == SECONDS
    assert told[-1] == ("ended", {"code": 1000, "reason": ""})


@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    assert bare(texts(client(listening, jfk()), final=True)) == JFK
