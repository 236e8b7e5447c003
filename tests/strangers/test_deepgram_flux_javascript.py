from collections.abc import Callable
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, PAUSED, SPOKEN_TURNS, breaking_once, spoken
from strangers.programs import Program, Told, names, values
from support.emulated import JFK, SAID, bare
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("@deepgram/sdk", "deepgram-flux", "async", pinned="tests/strangers/node/package.json")

OPTIONS = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": 16_000, "reconnectAttempts": 3}


@pytest.fixture
def client(node: Callable[..., Program]) -> Program:
    return node("deepgram.mjs", OPTIONS, ("close", 1))


def turns(told: Told, event: str) -> list[Any]:
    infos = [message for message in values(told, "message") if message["type"] == "TurnInfo"]
    return [info for info in infos if info["event"] == event]


def finals(told: Told) -> list[str]:
    return [turn["transcript"] for turn in turns(told, "EndOfTurn")]


@pytest.mark.judges("words", "turns", "metadata")
def test_words_turns_and_metadata(client: Program, emulated: Listener) -> None:
    told = client(emulated, PAUSED, version="v2")
    assert set(names(told)) == {"open", "message", "close"}
    heard = values(told, "message")
    assert heard[0]["type"] == "Connected"
    assert [message["sequence_id"] for message in heard] == list(range(len(heard)))
    assert len({message["request_id"] for message in heard}) == 1
    assert [turn["turn_index"] for turn in turns(told, "StartOfTurn")] == [0, 1]
    assert finals(told) == SAID
    assert turns(told, "EndOfTurn")[0]["words"] == [
        {"word": "Good", "start": 0.2, "end": 0.5, "confidence": 0.98},
        {"word": "morning.", "start": 0.5, "end": 0.9, "confidence": 0.91},
    ]
    assert told[-1] == ("close", {"type": "close", "code": 1005, "reason": ""})


@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    told = client(emulated, version="v2", key="wrong", until=("thrown", 1))
    assert values(told, "thrown") == [{"type": "error", "message": "Unexpected server response: 401"}]


@pytest.mark.judges("bad setting")
def test_a_bad_setting(client: Program, emulated: Listener) -> None:
    told = client(emulated, version="v2", options={**OPTIONS, "eot_threshold": 0.2}, until=("thrown", 1))
    assert values(told, "thrown") == [{"type": "error", "message": "Unexpected server response: 400"}]


@pytest.mark.judges("error")
def test_a_server_error_is_told_and_the_client_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    broken = emulate(breaking_once(OVERLOADED))
    told = client(broken, BEFORE_THE_BREAK, version="v2", finish=False, until=("open", 2))
    assert finals(told) == SAID[:1]
    (error,) = [message for message in values(told, "message") if message["type"] == "Error"]
    assert (error["code"], error["description"]) == ("INTERNAL_SERVER_ERROR", OVERLOADED.message)
    assert [closed["code"] for closed in values(told, "close")] == [1011]


@pytest.mark.judges("drop")
def test_after_a_drop_the_client_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once()), BEFORE_THE_BREAK, version="v2", finish=False, until=("open", 2))
    assert finals(told) == SAID[:1]
    assert [closed["code"] for closed in values(told, "close")] == [1006]


@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    told = client(listening, spoken(), version="v2")
    assert bare(finals(told)) == JFK
    assert len(finals(told)) == SPOKEN_TURNS
