from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, PAUSED, SPOKEN_TURNS, UNFINISHED, breaking_once, spoken
from strangers.programs import Companion, Program, Told, names, values
from support.emulated import JFK, SAID, bare
from voxport.listener import Listener

PINNED = "tests/strangers/frameworks/livekit.txt"


def plugin(provider: str, make: str, place: str, **options: Any) -> Any:
    name = provider.partition("-")[0]
    marks = pytest.mark.stranger(f"livekit-plugins-{name}", provider, "async", pinned=PINNED)
    return pytest.param({"make": make, "place": place, "options": options}, id=make, marks=marks)


PLUGINS = {
    "assemblyai": plugin("assemblyai", "assemblyai.STT", "{ws}", model="u3-rt-pro"),
    "deepgram": plugin("deepgram", "deepgram.STT", "{http}/v1/listen"),
    "deepgram-flux": plugin("deepgram-flux", "deepgram.STTv2", "{ws}/v2/listen"),
    "gladia": plugin("gladia", "gladia.STT", "{http}/v2/live"),
    "speechmatics-agent": plugin("speechmatics-agent", "speechmatics.STT", "{ws}/v2/agent", turn_detection_mode="vad"),
}


@pytest.fixture(scope="module")
def livekit(framework: Callable[[str], Companion]) -> Companion:
    return framework("livekit")


@pytest.fixture
def client(request: pytest.FixtureRequest, livekit: Companion, tmp_path: Path) -> Program:
    return Program(livekit.ask, tmp_path, **request.param, until=("end_of_speech", 2))


def each(*providers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [PLUGINS[provider] for provider in providers or PLUGINS], indirect=True)


def texts(told: Told, name: str) -> list[str]:
    return [event["text"] for event in values(told, f"{name}_transcript")]


def outline(told: Told) -> list[str]:
    """What happened in which order: partials, and what LiveKit adds of its own, left out."""
    spoken = {"start_of_speech", "final_transcript", "end_of_speech"}
    return [name for name in names(told) if name in spoken]


TURN = ["start_of_speech", "final_transcript", "end_of_speech"]


@each()
@pytest.mark.judges("words", "turns")
def test_words_and_turns(client: Program, emulated: Listener) -> None:
    told = client(emulated, PAUSED)
    assert outline(told) == TURN * 2
    assert texts(told, "final") == SAID
    partials = [text.removesuffix(UNFINISHED) for text in texts(told, "interim")]
    assert partials[:2] == ["Good", "Good mourn"]
    assert {"Ask", "Ask not"} <= set(partials[2:])
    words = [(text.strip(), start) for text, start in values(told, "final_transcript")[0]["words"]]
    assert words in ([], [("Good", 0.2), ("morning.", 0.5)])  # agents are told segments
    assert names(told)[-1] == "ended"


@each()
@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    told = client(listening, spoken(), until=("end_of_speech", SPOKEN_TURNS))
    assert outline(told) == TURN * SPOKEN_TURNS
    assert bare(texts(told, "final")) == JFK


@each()
@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    told = client(emulated, PAUSED, key="wrong")
    _, message = values(told, "thrown")[0]
    assert "401" in message or "status_code=1008" in message


@each("assemblyai", "deepgram")
@pytest.mark.judges("drop")
def test_after_a_drop_a_new_session_begins(client: Program, emulate: Callable[..., Listener]) -> None:
    """LiveKit dials again, and sends nothing again."""
    told = client(emulate(breaking_once()), PAUSED, hold=(len(BEFORE_THE_BREAK), "error", 1))
    ((kind, message),) = values(told, "error")
    assert kind == "APIStatusError"
    assert "status_code=1006" in message
    assert texts(told, "final")[:2] == [SAID[0], SAID[0]]


@each("gladia")
@pytest.mark.judges("drop")
def test_a_drop_ends_the_stream_without_a_word(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once()), PAUSED)
    assert outline(told) == TURN
    assert texts(told, "final") == SAID[:1]
    assert values(told, "error") == values(told, "thrown") == []
    assert names(told)[-1] == "ended"
