import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from speechmatics import rt

from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("speechmatics-rt", "speechmatics", "async")

FORMAT = rt.AudioFormat(encoding=rt.AudioEncoding.PCM_S16LE, sample_rate=RATE, chunk_size=len(CHUNKS[0]))
ENGLISH = rt.TranscriptionConfig(language="en", enable_partials=True, max_delay=1.0)

Use = Callable[[Any], Awaitable[None]]


def run(listener: Listener, use: Use, **credentials: Any) -> list[dict[str, Any]]:
    """All messages that come while ``use`` has a client; the SDK has an asynchronous one only."""
    messages: list[dict[str, Any]] = []

    async def main() -> None:
        async with rt.AsyncClient(url=f"{listener.ws_url}/v2", **(credentials or {"api_key": KEY})) as client:
            for kind in rt.ServerMessageType:
                client.on(kind, messages.append)
            await use(client)

    asyncio.run(main())
    return messages


async def transcribe(client: Any, chunks: Sequence[bytes] = CHUNKS, config: Any = ENGLISH) -> None:
    await client.transcribe(io.BytesIO(b"".join(chunks)), transcription_config=config, audio_format=FORMAT)


def texts(messages: Sequence[dict[str, Any]], kind: str = "AddTranscript") -> list[str]:
    """What the SDK itself makes of the messages of one kind; empty partials, which clear another, left out."""
    said = (rt.TranscriptResult.from_message(m).metadata.transcript.strip() for m in messages if m["message"] == kind)
    return [text for text in said if text]


@pytest.mark.judges("words", "metadata")
def test_transcribing_a_stream(emulated: Listener) -> None:
    messages = run(emulated, transcribe)
    kinds = [message["message"] for message in messages]
    assert (kinds[0], kinds[-1]) == ("RecognitionStarted", "EndOfTranscript")
    assert [m["seq_no"] for m in messages if m["message"] == "AudioAdded"] == list(range(1, len(CHUNKS) + 1))
    assert texts(messages) == SAID
    assert texts(messages, "AddPartialTranscript") == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]


@pytest.mark.judges("words")
def test_words(emulated: Listener) -> None:
    first = next(message for message in run(emulated, transcribe) if message["message"] == "AddTranscript")
    heard = [
        (result["type"], result["start_time"], result["end_time"], *result["alternatives"][0].values())
        for result in first["results"]
    ]
    assert heard == [
        ("word", 0.2, 0.5, "Good", 0.98, "en"),
        ("word", 0.5, 0.9, "morning", 0.91, "en"),
        ("punctuation", 0.9, 0.9, ".", 1.0, "en"),
    ]


def test_no_partials_unless_asked_for(emulated: Listener) -> None:
    async def use(client: Any) -> None:
        await transcribe(client, config=rt.TranscriptionConfig(language="en"))

    messages = run(emulated, use)
    assert texts(messages, "AddPartialTranscript") == []
    assert texts(messages) == SAID


@pytest.mark.judges("turns")
def test_ending_an_utterance(emulated: Listener) -> None:
    async def use(client: Any) -> None:
        await client.start_session(transcription_config=ENGLISH, audio_format=FORMAT)
        for chunk in CHUNKS[:6]:
            await client.send_audio(chunk)
        await client.force_end_of_utterance()
        await client.stop_session()

    messages = run(emulated, use)
    assert texts(messages) == ["Good"]
    assert "EndOfUtterance" in [message["message"] for message in messages]


@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener) -> None:
    with pytest.raises(rt.ConnectionError, match="HTTP 401"):
        run(emulated, transcribe, api_key="wrong")


@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener) -> None:
    async def use(client: Any) -> None:
        await transcribe(client, config=rt.TranscriptionConfig(language="en", max_delay=60))

    with pytest.raises(rt.TranscriptionError, match="max_delay"):
        run(emulated, use)


@pytest.mark.judges("temporary token")
def test_a_temporary_key(emulated: Listener) -> None:
    assert texts(run(emulated, transcribe, auth=rt.JWTAuth(KEY, ttl=60, mp_url=emulated.url))) == SAID


@pytest.mark.judges("temporary token")
def test_no_temporary_key_for_a_wrong_key(emulated: Listener) -> None:
    with pytest.raises(rt.AuthenticationError, match="HTTP 403"):
        run(emulated, transcribe, auth=rt.JWTAuth("wrong", mp_url=emulated.url))


@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener) -> None:
    async def use(client: Any) -> None:
        await transcribe(client, jfk())

    messages = run(listening, use)
    assert bare(texts(messages)) == JFK
    assert messages[-1] == {"message": "EndOfTranscript"}
