import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from speechmatics import rt

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once
from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, SCRIPT, bare, jfk
from voxport.commands import Audio, Command, IdentifySpeakers, Start
from voxport.ear import Ear
from voxport.events import (
    Acknowledged,
    AnyEvent,
    AudioEvent,
    Entities,
    Entity,
    Notice,
    Speaker,
    SpeakersIdentified,
    Transcript,
    Translation,
    TurnEnded,
    Word,
)
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


# ------------------------------------------------------------------- what breaks


async def until_the_end(client: Any, chunks: Sequence[bytes]) -> None:
    """Send audio, and wait for whatever ends the session."""
    over = asyncio.Event()
    client.on(rt.ServerMessageType.ERROR, lambda _: over.set())
    await client.start_session(transcription_config=ENGLISH, audio_format=FORMAT)
    for chunk in chunks:
        await client.send_audio(chunk)
    await asyncio.wait_for(over.wait(), 60)


@pytest.mark.judges("idle")
def test_an_idle_client(emulate: Callable[..., Listener]) -> None:
    messages = run(emulate(impatient=True), lambda client: until_the_end(client, ()))
    assert messages[-1] == {
        "message": "Error", "type": "idle_timeout", "reason": "no audio sent within the last 60m",
    }  # fmt: skip


@pytest.mark.judges("error")
def test_a_server_error(emulate: Callable[..., Listener]) -> None:
    messages = run(emulate(breaking_once(OVERLOADED)), lambda client: until_the_end(client, BEFORE_THE_BREAK))
    assert texts(messages) == SAID[:1]
    assert messages[-1] == {"message": "Error", "type": "job_error", "reason": OVERLOADED.message}


@pytest.mark.judges("drop")
def test_a_drop(emulate: Callable[..., Listener]) -> None:
    """The SDK takes it for the end."""
    messages = run(emulate(breaking_once()), transcribe)
    assert texts(messages) == SAID[:1]
    assert "EndOfTranscript" not in [message["message"] for message in messages]


# ------------------------------------------------------------------- what is told beside


class Telling(Ear):
    """Hears the script, and tells ``events`` with the first audio; speakers it knows."""

    def __init__(self, *events: AnyEvent) -> None:
        super().__init__(SCRIPT)
        self._told = list(events)

    def hear(self, command: Command) -> list[AnyEvent]:
        match command:
            case IdentifySpeakers():
                return [SpeakersIdentified(speakers=(Speaker("S1", ("c3BrMQ==",)),))]
            case Audio() if self._told:
                told, self._told = self._told, []
                return [*super().hear(command), *told]
            case Start(settings=settings):
                assert settings.provider == "speechmatics"
        return super().hear(command)


def only(messages: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["message"] in kinds]


def test_translations_sounds_and_information(emulate: Callable[..., Listener]) -> None:
    events = (
        Translation(is_final=False, text="Guten", language="de", start=0.2, end=0.5),
        Translation(is_final=True, text="Guten Morgen.", language="de", start=0.2, end=0.9),
        AudioEvent(kind="music", at=0.1, confidence=0.8), AudioEvent(kind="music", at=0.4, ended=True),
        Notice(code="concurrent_session_usage", message="1 of 2"), Notice(code="speaker_id", message="Ignored."),
    )  # fmt: skip

    async def use(client: Any) -> None:
        await client.transcribe(
            io.BytesIO(b"".join(CHUNKS)), transcription_config=ENGLISH, audio_format=FORMAT,
            translation_config=rt.TranslationConfig(target_languages=["de"], enable_partials=True),
            audio_events_config=rt.AudioEventsConfig(types=["music"]),
        )  # fmt: skip

    messages = run(emulate(lambda: Telling(*events)), use)
    kinds = [
        message["message"]
        for message in messages
        if message["message"] not in {"AudioAdded", "AddTranscript", "AddPartialTranscript"}
    ]
    assert kinds == [
        "RecognitionStarted", "AddPartialTranslation", "AddTranslation", "AudioEventStarted", "AudioEventEnded", "Info",
        "Warning", "EndOfTranscript",
    ]  # fmt: skip
    (translation,) = only(messages, "AddTranslation")
    assert translation["results"] == [{"content": "Guten Morgen.", "start_time": 0.2, "end_time": 0.9}]


def test_speakers(emulate: Callable[..., Listener]) -> None:
    config = rt.TranscriptionConfig(language="en", diarization="speaker")

    async def use(client: Any) -> None:
        await client.start_session(transcription_config=config, audio_format=FORMAT)
        for final in (False, True, True):
            await client.send_message({"message": "GetSpeakers", "final": final})
        await client.stop_session()

    messages = only(run(emulate(Telling), use), "SpeakersResult", "EndOfTranscript")
    told = {"message": "SpeakersResult", "speakers": [{"label": "S1", "speaker_identifiers": ["c3BrMQ=="]}]}
    assert messages == [told, told, {"message": "EndOfTranscript"}]


def test_entities(emulate: Callable[..., Listener]) -> None:
    words = (Word("20", 0.0, 0.02, 0.9), Word("dollars.", 0.02, 0.04, 0.8))
    events = (
        Transcript(is_final=True, text="20 dollars.", start=0.0, end=0.04, words=words),
        Entities(items=(Entity("money", "20 dollars", 0.0, 0.04, 0.8, "twenty dollars"),)),
    )
    config = rt.TranscriptionConfig(language="en", enable_entities=True)
    messages = run(emulate(lambda: Telling(*events)), lambda client: transcribe(client, config=config))
    first = rt.TranscriptResult.from_message(only(messages, "AddTranscript")[0])
    assert first.metadata.transcript == "20 dollars. "
    assert [(result.type, result.alternatives[0].content) for result in first.results] == [
        ("entity", "20 dollars"), ("punctuation", "."),
    ]  # fmt: skip


def test_changing_the_configuration(emulated: Listener) -> None:
    async def use(client: Any) -> None:
        await client.start_session(transcription_config=ENGLISH, audio_format=FORMAT)
        change = {"language": "en", "enable_partials": False}
        await client.send_message({"message": "SetRecognitionConfig", "transcription_config": change})
        for chunk in CHUNKS:
            await client.send_audio(chunk)
        await client.stop_session()

    messages = run(emulated, use)
    assert texts(messages) == SAID
    assert only(messages, "AddPartialTranscript") == []


def test_two_channels(emulated: Listener) -> None:
    messages: list[dict[str, Any]] = []
    sources = {name: io.BytesIO(b"".join(CHUNKS)) for name in ("agent", "customer")}

    async def main() -> None:
        done = asyncio.Event()
        async with rt.AsyncMultiChannelClient(url=f"{emulated.ws_url}/v2", api_key=KEY) as client:
            for kind in rt.ServerMessageType:
                client.on(kind, messages.append)
            client.on(rt.ServerMessageType.END_OF_TRANSCRIPT, lambda _: done.set())
            config = rt.TranscriptionConfig(language="en", enable_partials=True)  # which the SDK changes
            await client.transcribe(sources, transcription_config=config, audio_format=FORMAT)
            await asyncio.wait_for(done.wait(), 60)

    asyncio.run(main())
    assert messages[0]["channel_ids"] == messages[0]["channels"] == ["agent", "customer"]
    for name in sources:
        own = [message for message in messages if message.get("channel") == name]
        assert [m["seq_no"] for m in only(own, "ChannelAudioAdded")] == list(range(1, len(CHUNKS) + 1))
        assert texts(own) == SAID


def test_silence_is_told(emulate: Callable[..., Listener]) -> None:
    events = (Acknowledged(until=0.05, settled=True), TurnEnded(at=0.05))
    messages = run(emulate(lambda: Telling(*events)), transcribe)
    first = rt.TranscriptResult.from_message(only(messages, "AddTranscript")[0])
    assert (first.metadata.transcript, first.metadata.end_time, first.results) == ("", 0.05, [])
