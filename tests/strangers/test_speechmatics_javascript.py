from collections.abc import Callable
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once
from strangers.programs import Program, Told, names, values
from support.emulated import CHUNKS, JFK, RATE, SAID, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger(
    "@speechmatics/real-time-client", "speechmatics", "async", pinned="tests/strangers/node/package.json"
)

ENGLISH = {"language": "en", "enable_partials": True, "max_delay": 1.0}
OPTIONS = {
    "audio_format": {"type": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
    "transcription_config": ENGLISH,
}


@pytest.fixture
def client(node: Callable[..., Program]) -> Program:
    return node("speechmatics.mjs", OPTIONS, ("closed", 1))


def messages(told: Told, kind: str) -> list[Any]:
    return [message for message in values(told, "message") if message["message"] == kind]


def texts(told: Told, kind: str = "AddTranscript") -> list[str]:
    """What messages of one kind say; empty partials, which clear another, left out."""
    said = (message["metadata"]["transcript"].strip() for message in messages(told, kind))
    return [text for text in said if text]


@pytest.mark.judges("words", "turns", "metadata")
def test_words_turns_and_metadata(client: Program, emulated: Listener) -> None:
    silence = {"conversation_config": {"end_of_utterance_silence_trigger": 0.5}}
    told = client(emulated, options={**OPTIONS, "transcription_config": {**ENGLISH, **silence}})
    assert [name for name in names(told) if name != "message"] == ["connecting", "closed"]
    heard = values(told, "message")
    assert (heard[0]["message"], heard[-1]) == ("RecognitionStarted", {"message": "EndOfTranscript"})
    assert heard[0]["language_pack_info"]["word_delimiter"] == " "
    assert [message["seq_no"] for message in messages(told, "AudioAdded")] == list(range(1, len(CHUNKS) + 1))
    assert texts(told) == SAID
    assert texts(told, "AddPartialTranscript") == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]
    results = messages(told, "AddTranscript")[0]["results"]
    assert [(r["type"], r["start_time"], r["end_time"], *r["alternatives"][0].values()) for r in results] == [
        ("word", 0.2, 0.5, "Good", 0.98, "en"),
        ("word", 0.5, 0.9, "morning", 0.91, "en"),
        ("punctuation", 0.9, 0.9, ".", 1.0, "en"),
    ]
    assert [message["metadata"]["end_time"] for message in messages(told, "EndOfUtterance")] == [0.9, 1.9]


def assert_refused(told: Told, kind: str) -> str:
    """The reason. The SDK also throws ``kind``, unless the error overtakes its listening, or the close comes first."""
    (error,) = messages(told, "Error")
    assert error["type"] == kind
    assert values(told, "thrown") in ([], [{"name": "Error", "message": kind}])
    reason: str = error["reason"]
    return reason


@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    assert assert_refused(client(emulated, key="wrong"), "not_authorised") == "Not Authorized"


@pytest.mark.judges("bad setting")
def test_a_bad_setting(client: Program, emulated: Listener) -> None:
    patient = {**OPTIONS, "transcription_config": {**ENGLISH, "max_delay": 60}}
    assert "max_delay" in assert_refused(client(emulated, options=patient), "invalid_config")


@pytest.mark.judges("idle")
def test_an_idle_client_is_closed(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(impatient=True), [], finish=False)
    assert [message["type"] for message in messages(told, "Error")] == ["idle_timeout"]
    assert told[-1] == ("closed", None)


@pytest.mark.judges("error")
def test_a_server_error_ends_the_session(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once(OVERLOADED)), BEFORE_THE_BREAK, finish=False)
    assert texts(told) == SAID[:1]
    (error,) = messages(told, "Error")
    assert (error["type"], error["reason"]) == ("job_error", OVERLOADED.message)
    assert told[-1] == ("closed", None)


@pytest.mark.judges("drop")
def test_a_drop_ends_the_session(client: Program, emulate: Callable[..., Listener]) -> None:
    """The SDK tells no more of it than that the socket is closed."""
    told = client(emulate(breaking_once()), BEFORE_THE_BREAK, finish=False)
    assert texts(told) == SAID[:1]
    assert messages(told, "Error") == []
    assert told[-1] == ("closed", None)


@pytest.mark.judges("temporary token")
def test_a_temporary_key(client: Program, emulated: Listener) -> None:
    assert texts(client(emulated, token=True)) == SAID


@pytest.mark.judges("temporary token")
def test_no_temporary_key_for_a_wrong_key(client: Program, emulated: Listener) -> None:
    ((name, error),) = client(emulated, token=True, key="wrong", until=("thrown", 1))
    assert (name, error["name"], error["type"]) == ("thrown", "SpeechmaticsJWTError", "Unauthorized")


@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    told = client(listening, jfk())
    assert bare(texts(told)) == JFK
    assert values(told, "message")[-1] == {"message": "EndOfTranscript"}
