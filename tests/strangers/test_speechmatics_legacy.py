import asyncio
import dataclasses
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from speechmatics.client import WebsocketClient
from speechmatics.exceptions import TranscriptionError
from speechmatics.models import (
    AudioSettings,
    ConnectionSettings,
    ConversationConfig,
    ServerMessageType,
    TranscriptionConfig,
)
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from strangers.emulators import OVERLOADED, breaking_once
from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, bare, jfk
from voxport.listener import Listener

pytestmark = pytest.mark.stranger("speechmatics-python", "speechmatics", "sync")

AUDIO = AudioSettings(encoding="pcm_s16le", sample_rate=RATE, chunk_size=len(CHUNKS[0]))


def config(**asked: Any) -> TranscriptionConfig:
    silence = ConversationConfig(end_of_utterance_silence_trigger=0.5)
    wanted = {"language": "en", "enable_partials": True, "max_delay": 1.0, "conversation_config": silence}
    return TranscriptionConfig(**(wanted | asked))


Told = list[dict[str, Any]]


def run(
    listener: Listener,
    source: Any = CHUNKS,
    asked: TranscriptionConfig | None = None,
    use: Callable[[WebsocketClient, Told], None] = lambda *_: None,
    **connection: Any,
) -> Told:
    """All that the client hears, added to ``heard``; the SDK appends the language to the path."""
    settings = {"auth_token": KEY, **connection}
    client = WebsocketClient(ConnectionSettings(url=f"{listener.ws_url}/v2", ssl_context=None, **settings))
    heard: Told = []
    client.add_event_handler("all", heard.append)
    use(client, heard)
    stream = io.BytesIO(b"".join(source)) if isinstance(source, list) else source
    client.run_synchronously(stream, asked or config(), AUDIO, timeout=60)
    return heard


def only(heard: Told, kind: str) -> Told:
    return [message for message in heard if message["message"] == kind]


def texts(heard: Told, kind: str = "AddTranscript") -> list[str]:
    said = (message["metadata"]["transcript"].strip() for message in only(heard, kind))
    return [text for text in said if text]


@pytest.mark.judges("words", "turns", "metadata")
def test_transcribing_a_stream(emulated: Listener) -> None:
    heard = run(emulated)
    kinds = [message["message"] for message in heard]
    assert (kinds[0], kinds[-1]) == ("RecognitionStarted", "EndOfTranscript")
    assert heard[0]["language_pack_info"]["word_delimiter"] == " "
    assert [message["seq_no"] for message in only(heard, "AudioAdded")] == list(range(1, len(CHUNKS) + 1))
    assert texts(heard) == SAID
    assert texts(heard, "AddPartialTranscript") == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]
    results = only(heard, "AddTranscript")[0]["results"]
    assert [(r["type"], r["start_time"], r["end_time"], r["alternatives"][0]["content"]) for r in results] == [
        ("word", 0.2, 0.5, "Good"), ("word", 0.5, 0.9, "morning"), ("punctuation", 0.9, 0.9, "."),
    ]  # fmt: skip
    assert [message["metadata"]["end_time"] for message in only(heard, "EndOfUtterance")] == [0.9, 1.9]


def test_more_chunks_than_it_sends_without_an_acknowledgement(emulated: Listener) -> None:
    """It gives up on one too few as on one too many."""
    assert len(only(run(emulated, CHUNKS * 5, message_buffer_size=3), "AudioAdded")) == 100


def changing(client: WebsocketClient, heard: Told) -> None:
    """Ask for no partials once the session has begun."""
    quiet = dataclasses.replace(config(), enable_partials=False)
    client.add_event_handler(
        ServerMessageType.RecognitionStarted, lambda _: client.update_transcription_config(quiet)
    )  # fmt: skip


def test_changing_the_configuration(emulated: Listener) -> None:
    heard = run(emulated, use=changing)
    assert texts(heard) == SAID
    assert texts(heard, "AddPartialTranscript") == []


def streams() -> dict[str, io.BytesIO]:
    return {name: io.BytesIO(b"".join(CHUNKS)) for name in ("agent", "customer")}


def channels() -> TranscriptionConfig:
    return config(diarization="channel", channel_diarization_labels=["agent", "customer"])


@pytest.mark.parametrize("buffered", [512, 2])
def test_two_channels(emulated: Listener, buffered: int) -> None:
    """It may send all of one channel before it begins with the other."""
    heard = run(emulated, streams(), channels(), message_buffer_size=buffered)
    for name in ("agent", "customer"):
        own = [message for message in heard if message.get("channel") == name]
        assert [m["seq_no"] for m in only(own, "ChannelAudioAdded")] == list(range(1, len(CHUNKS) + 1))
        assert texts(own) == SAID


def test_a_change_that_it_encodes_twice(emulated: Listener) -> None:
    def change(client: WebsocketClient, heard: Told) -> None:
        quiet = dataclasses.replace(channels(), enable_partials=False)
        client.add_event_handler(
            ServerMessageType.RecognitionStarted, lambda _: client.update_transcription_config(quiet)
        )  # fmt: skip

    heard = run(emulated, streams(), channels(), change)
    assert sorted(texts(heard)) == sorted(SAID * 2)
    assert texts(heard, "AddPartialTranscript") == []


@pytest.mark.judges("wrong key")
@pytest.mark.parametrize("key", ["wrong", None])
def test_a_wrong_key(emulated: Listener, key: str | None) -> None:
    with pytest.raises(InvalidStatus, match="HTTP 401"):
        run(emulated, auth_token=key)


@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener) -> None:
    with pytest.raises(TranscriptionError, match=r"max_delay: Expected `float` <= 4\.0"):
        run(emulated, asked=config(max_delay=60))


class Silent:
    """A stream that has nothing yet."""

    async def read(self, _: int) -> bytes:
        return await asyncio.Future()


@pytest.mark.judges("idle")
def test_an_idle_client(emulate: Callable[..., Listener]) -> None:
    with pytest.raises(TranscriptionError, match="no audio sent within the last 60m"):
        run(emulate(impatient=True), Silent())


@pytest.mark.judges("error")
def test_a_server_error(emulate: Callable[..., Listener]) -> None:
    with pytest.raises(TranscriptionError, match=OVERLOADED.message):
        run(emulate(breaking_once(OVERLOADED)))


@pytest.mark.judges("drop")
def test_a_drop(emulate: Callable[..., Listener]) -> None:
    with pytest.raises(ConnectionClosedError):
        run(emulate(breaking_once()))


@pytest.mark.judges("temporary token")
def test_a_temporary_key(emulated: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_MANAGEMENT_PLATFORM_URL", raising=False)
    assert texts(run(emulated, generate_temp_token=True, mp_url=emulated.url)) == SAID
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        run(emulated, auth_token="wrong", generate_temp_token=True, mp_url=emulated.url)


@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener) -> None:
    assert bare(texts(run(listening, jfk()))) == JFK
