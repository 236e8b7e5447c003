from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strangers.emulators import BEFORE_THE_BREAK, PAUSED, SPOKEN_TURNS, UNFINISHED, breaking_once, spoken
from strangers.programs import Companion, Program, Told, names, values
from support.emulated import JFK, SAID, bare
from voxport.listener import Listener


def service(provider: str, make: str, place: str, settings: dict[str, Any] | None = None, **options: Any) -> Any:
    marks = pytest.mark.stranger("pipecat-ai", provider, "async", pinned="tests/strangers/frameworks/pipecat.txt")
    request = {"make": make, "place": place, "settings": settings or {}, "options": options}
    return pytest.param(request, id=make, marks=marks)


GLADIA_SETTINGS = {
    "enable_vad": True,
    "messages_config": {
        "receive_partial_transcripts": True, "receive_speech_events": True, "receive_acknowledgments": True,
    },
}  # fmt: skip
SERVICES = {
    "assemblyai": service(
        "assemblyai", "AssemblyAISTTService", "{ws}/v3/ws", {"model": "u3-rt-pro"}, vad_force_turn_endpoint=False
    ),
    "deepgram": service("deepgram", "DeepgramSTTService", "{ws}"),
    "deepgram-flux": service("deepgram-flux", "DeepgramFluxSTTService", "{ws}/v2/listen"),
    "gladia": service("gladia", "GladiaSTTService", "{http}/v2/live", GLADIA_SETTINGS),
    "speechmatics-agent": service(
        "speechmatics-agent", "SpeechmaticsSTTService", "{ws}/v2/agent", {"turn_detection_mode": "vad"}
    ),
}


@pytest.fixture(scope="module")
def pipecat(framework: Callable[[str], Companion]) -> Companion:
    return framework("pipecat")


@pytest.fixture
def client(request: pytest.FixtureRequest, pipecat: Companion, tmp_path: Path) -> Program:
    return Program(pipecat.ask, tmp_path, **request.param, until=("final", 2))


def each(*providers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [SERVICES[provider] for provider in providers or SERVICES], indirect=True)


def texts(told: Told, name: str) -> list[str]:
    return [text.strip() for text in values(told, name)]


@each()
@pytest.mark.judges("words")
def test_words(client: Program, emulated: Listener) -> None:
    told = client(emulated, PAUSED)
    assert texts(told, "final") == SAID
    partials = [text.removesuffix(UNFINISHED) for text in texts(told, "interim")]
    assert "Good mourn" in partials
    assert "Ask not" in partials
    assert values(told, "error") == []


@each("assemblyai", "deepgram-flux", "gladia", "speechmatics-agent")
@pytest.mark.judges("turns")
def test_turns(client: Program, emulated: Listener) -> None:
    """The services of the others leave turns to Pipecat."""
    told = client(emulated, PAUSED)
    assert [name for name in names(told) if name in {"started", "stopped"}] == ["started", "stopped"] * 2


@each()
@pytest.mark.judges("real speech")
def test_real_speech(client: Program, listening: Listener) -> None:
    told = client(listening, spoken(), until=("final", SPOKEN_TURNS))
    assert bare(texts(told, "final")) == JFK


@each()
@pytest.mark.judges("wrong key")
def test_a_wrong_key(client: Program, emulated: Listener) -> None:
    """AssemblyAI's refusal is a message, which Pipecat does not know."""
    told = client(emulated, BEFORE_THE_BREAK, key="wrong", until=("error", 1))
    error = values(told, "error")[0]
    assert "401" in error or "Unknown message type: Error" in error


@each("assemblyai", "gladia")
@pytest.mark.judges("drop")
def test_after_a_drop_the_service_comes_back(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once()), BEFORE_THE_BREAK, until=("on_connected", 2))
    assert texts(told, "final")[0] == SAID[0]
    assert names(told).index("on_disconnected") < len(told) - 1 - names(told)[::-1].index("on_connected")


@each("deepgram")
@pytest.mark.judges("drop")
def test_a_drop_is_told(client: Program, emulate: Callable[..., Listener]) -> None:
    told = client(emulate(breaking_once()), BEFORE_THE_BREAK, until=("error", 1))
    assert texts(told, "final") == SAID[:1]
    assert values(told, "error") == ["no close frame received or sent"]
