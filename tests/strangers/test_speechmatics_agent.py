import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from speechmatics import agent_stt as sdk

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once
from support.emulated import CHUNKS, JFK, KEY, SAID, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("speechmatics-agent-stt", "speechmatics-agent", "async")

Use = Callable[[sdk.AgentSttAsyncClient], Awaitable[None]]
EXTERNAL = sdk.TurnConfig(turn_detection_mode=sdk.TurnDetectionMode.EXTERNAL)


def run(listener: Listener, use: Use, path: str = "/v2", **asked: Any) -> sdk.AgentSttAsyncClient:
    """The client after ``use``, with all that it has gathered."""
    credentials = asked if {"api_key", "auth"} & asked.keys() else {"api_key": KEY, **asked}

    async def main() -> sdk.AgentSttAsyncClient:
        client = sdk.AgentSttAsyncClient(url=f"{listener.ws_url}{path}", **credentials)
        async with client:
            await use(client)
        return client

    return asyncio.run(main())


def sending(chunks: Sequence[bytes] = CHUNKS) -> Use:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        for chunk in chunks:
            await client.send_audio(chunk)

    return use


async def heard(client: sdk.AgentSttAsyncClient, kind: str, times: int = 1) -> None:
    """Return when so many messages of this kind have come."""
    over = asyncio.Event()
    found: list[dict[str, Any]] = []

    def hear(message: dict[str, Any]) -> None:
        found.append(message)
        if len(found) == times:
            over.set()

    client.on(kind, hear)
    await asyncio.wait_for(over.wait(), 60)


def kinds(client: sdk.AgentSttAsyncClient) -> list[str]:
    """What came, acknowledgements and partials left out."""
    left_out = {"AudioAdded", "AddPartialSegment"}
    return [event["message"] for event in client.events if event["message"] not in left_out]


TURN = ["SpeechStarted", "StartOfTurn", "SpeechEnded", "AddSegment", "EndOfTurn"]


@pytest.mark.judges("words", "turns", "metadata")
def test_segments_and_turns(emulated: Listener) -> None:
    client = run(emulated, sending())
    assert kinds(client) == ["RecognitionStarted", *TURN, *TURN, "EndOfTranscript"]
    assert [(s.transcript, s.start_time, s.end_time, s.speaker) for s in client.segments] == [
        (SAID[0], 0.2, 0.9, None), (SAID[1], 1.2, 1.9, None),
    ]  # fmt: skip
    assert client.transcript == " ".join(SAID)
    assert [(event.message, event.time) for event in client.timeline] == [
        ("SpeechStarted", 0.2), ("StartOfTurn", 0.2), ("SpeechEnded", 0.9), ("EndOfTurn", 0.9),
        ("SpeechStarted", 1.2), ("StartOfTurn", 1.2), ("SpeechEnded", 1.9), ("EndOfTurn", 1.9),
    ]  # fmt: skip
    assert client.session_info.session_id
    assert client.session_info.language_pack_info.language_description == "English"
    partials = [event["segment"]["transcript"] for event in client.events if event["message"] == "AddPartialSegment"]
    assert partials == ["Good", "Good mourn", "Good morning.", "Ask", "Ask not", "Ask not what.", "Ask not what."]
    assert [event["seq_no"] for event in client.events if event["message"] == "AudioAdded"] == list(range(1, 21))


def test_no_partials_where_they_are_not_wanted(emulated: Listener) -> None:
    client = run(emulated, sending(), transcription_config=sdk.TranscriptionConfig(enable_partials=False))
    assert not [event for event in client.events if event["message"] == "AddPartialSegment"]
    assert client.transcript == " ".join(SAID)


def test_either_spelling_of_the_url(emulated: Listener) -> None:
    assert run(emulated, sending(), "/v2/agent").transcript == " ".join(SAID)


def test_the_application_ends_turns(emulated: Listener) -> None:
    """The recogniser hears two turns; the application ends one, and the end of the stream the other."""

    async def use(client: sdk.AgentSttAsyncClient) -> None:
        for chunk in CHUNKS[:14]:
            await client.send_audio(chunk)
        await client.force_end_of_utterance()
        for chunk in CHUNKS[14:]:
            await client.send_audio(chunk)

    client = run(emulated, use, turn_config=EXTERNAL)
    turn = ["StartOfTurn", "AddSegment", "EndOfTurn"]
    assert kinds(client) == ["RecognitionStarted", *turn, *turn, "EndOfTranscript"]
    assert [segment.transcript for segment in client.segments] == ["Good morning. Ask", "not what."]
    assert client.last_finalize_latency > 0


def test_a_segment_for_each_sentence(emulated: Listener) -> None:
    config = sdk.TranscriptionConfig(emit_sentences=True)
    client = run(emulated, sending(), turn_config=EXTERNAL, transcription_config=config)
    assert [segment.transcript for segment in client.segments] == SAID


def test_speakers(emulated: Listener) -> None:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        await sending()(client)
        await client.send_message({"message": sdk.ClientMessageType.GET_SPEAKERS})

    config = sdk.TranscriptionConfig(diarization="speaker")
    client = run(emulated, use, transcription_config=config)
    assert {segment.speaker for segment in client.segments} == {"UU"}
    assert [event["speakers"] for event in client.events if event["message"] == "SpeakersResult"] == [[]]


def test_transcribing_a_file(emulated: Listener) -> None:
    client = sdk.AgentSttAsyncClient(api_key=KEY, url=f"{emulated.ws_url}/v2")
    asyncio.run(client.transcribe(io.BytesIO(b"".join(CHUNKS))))
    assert client.transcript == " ".join(SAID)


@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener) -> None:
    with pytest.raises(sdk.ConnectionError, match="HTTP 401"):
        run(emulated, sending(), api_key="wrong")


@pytest.mark.judges("bad setting")
@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"model": "enhanced"}, "Model enhanced is not available"),
        ({"language": "xx"}, "Language xx is not available"),
        ({"max_delay": 1.0}, "max_delay is not allowed"),
        ({"diarization": "channel"}, "channel is not allowed"),
        ({"additional_vocab": [sdk.AdditionalVocabEntry("x", [])]}, "sounds_like"),
    ],
)
def test_a_bad_setting(emulated: Listener, config: dict[str, Any], complaint: str) -> None:
    with pytest.raises(sdk.TranscriptionError, match=complaint):
        run(emulated, sending(), transcription_config=sdk.TranscriptionConfig(**config))


@pytest.mark.judges("idle")
def test_an_idle_client(emulate: Callable[..., Listener]) -> None:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        await heard(client, "Error")

    client = run(emulate(impatient=True), use)
    assert client.session_error == "no audio sent within the last 60m"


@pytest.mark.judges("error")
def test_a_server_error(emulate: Callable[..., Listener]) -> None:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        await asyncio.gather(heard(client, "Error"), sending(BEFORE_THE_BREAK)(client))

    client = run(emulate(breaking_once(OVERLOADED)), use)
    assert client.transcript == SAID[0]
    assert client.session_error == OVERLOADED.message


@pytest.mark.judges("drop")
def test_a_drop(emulate: Callable[..., Listener]) -> None:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        for _ in range(1000):
            if client.is_ready_for_audio:
                await client.send_audio(CHUNKS[0])
                await asyncio.sleep(0.01)

    client = run(emulate(breaking_once()), use)
    assert (client.transcript, client.session_error) == (SAID[0], None)


@pytest.mark.judges("temporary token")
def test_a_temporary_key(emulated: Listener) -> None:
    assert run(emulated, sending(), auth=sdk.JWTAuth(KEY, ttl=60, mp_url=emulated.url)).transcript == " ".join(SAID)


@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener) -> None:
    async def use(client: sdk.AgentSttAsyncClient) -> None:
        # The client waits 5 s for the end, too short for all of it on a busy machine.
        chunks = jfk()
        await asyncio.gather(heard(client, "AudioAdded", len(chunks)), sending(chunks)(client))

    assert bare([run(listening, use).transcript]) == JFK
