import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

import httpx
import pytest
import websockets

from support.emulated import CHUNKS, JFK, KEY, SAID, SECONDS, bare, jfk
from voxport.listener import Listener

# deepgram-sdk 7.17.0 imports websockets.legacy and InvalidStatusCode, which websockets has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

QUERY: dict[str, Any] = {"model": "nova-3", "encoding": "linear16", "sample_rate": 16_000, "punctuate": True}
ALL: dict[str, Any] = {**QUERY, "interim_results": True, "vad_events": True}

Result = TypeVar("Result")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """For the SDK, which does not close the one that it makes itself."""
    with httpx.Client() as client:
        yield client


def options(listener: Listener, credentials: dict[str, str]) -> dict[str, Any]:
    from deepgram.environment import DeepgramClientEnvironment

    places = {"base": listener.url, "production": listener.ws_url, "agent": listener.ws_url, "agent_rest": listener.url}
    return {"environment": DeepgramClientEnvironment(**places), **(credentials or {"api_key": KEY})}


def client_of(listener: Listener, http: httpx.Client, **credentials: str) -> Any:
    from deepgram import DeepgramClient

    return DeepgramClient(**options(listener, credentials), httpx_client=http)


def run(listener: Listener, use: Callable[[Any], Awaitable[Result]], **credentials: str) -> Result:
    """What ``use`` makes of an asynchronous client."""
    from deepgram import AsyncDeepgramClient

    async def main() -> Result:
        async with httpx.AsyncClient() as http:
            return await use(AsyncDeepgramClient(**options(listener, credentials), httpx_client=http))

    return asyncio.run(main())


def transcribe(client: Any, chunks: Sequence[bytes], **query: Any) -> list[Any]:
    """Send it all, and return all that comes until the close."""
    with client.listen.v1.connect(**query) as socket:
        for chunk in chunks:
            socket.send_media(chunk)
        socket.send_close_stream()
        return list(socket)


def finals(messages: Sequence[Any]) -> list[str]:
    return [m.channel.alternatives[0].transcript for m in messages if m.type == "Results" and m.is_final]


def assert_whole(messages: Sequence[Any]) -> None:
    """The script, as Deepgram says it with everything asked for."""
    assert [message.type for message in messages] == [
        *["SpeechStarted", "Results", "Results", "Results"],
        *["SpeechStarted", "Results", "Results", "Results", "Results"],
        "Metadata",
    ]
    results = [message for message in messages if message.type == "Results"]
    texts = [result.channel.alternatives[0].transcript for result in results]
    assert texts == ["Good", "Good mourn", SAID[0], "Ask", "Ask not", SAID[1], SAID[1]]
    assert [result.is_final for result in results] == [False, False, True, False, False, False, True]
    assert [result.speech_final for result in results] == [result.is_final for result in results]
    assert [message.timestamp for message in messages if message.type == "SpeechStarted"] == [0.2, 1.2]
    words = [(w.word, w.punctuated_word, w.start, w.end, w.confidence) for w in words_of(results[2])]
    assert words == [("good", "Good", 0.2, 0.5, 0.98), ("morning", "morning.", 0.5, 0.9, 0.91)]
    assert (results[2].start, results[2].duration, results[6].start) == (0.0, 0.9, 0.9)
    metadata = messages[-1]
    assert (metadata.duration, metadata.channels) == (SECONDS, 1)
    assert {result.metadata.request_id for result in results} == {metadata.request_id}


def words_of(result: Any) -> list[Any]:
    words: list[Any] = result.channel.alternatives[0].words
    return words


# --------------------------------------------------------------------------- the synchronous client


def test_iterating(emulated: Listener, http: httpx.Client) -> None:
    assert_whole(transcribe(client_of(emulated, http), CHUNKS, **ALL))


def test_only_what_was_asked_for_is_said(emulated: Listener, http: httpx.Client) -> None:
    messages = transcribe(client_of(emulated, http), CHUNKS, **{**QUERY, "punctuate": False})
    assert [message.type for message in messages] == ["Results", "Results", "Metadata"]
    assert finals(messages) == ["good morning", "ask not what"]
    assert [word.punctuated_word for word in words_of(messages[0])] == [None, None]


def test_event_handlers(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.core.events import EventType

    heard: dict[str, list[Any]] = {kind.value: [] for kind in EventType}
    with client_of(emulated, http).listen.v1.connect(**ALL) as socket:
        for kind in EventType:
            socket.on(kind, heard[kind.value].append)
        for chunk in CHUNKS:
            socket.send_media(chunk)
        socket.send_close_stream()
        socket.start_listening()
        assert socket._websocket.close_code == 1000
        assert socket._websocket.response.headers["dg-request-id"] == heard["message"][-1].request_id
    assert_whole(heard["message"])
    assert (heard["open"], heard["error"], heard["close"]) == ([None], [], [None])


def test_control_messages(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.listen.v1.types import ListenV1Configure

    with client_of(emulated, http).listen.v1.connect(**QUERY) as socket:
        socket.send_keep_alive()
        socket.send_configure(ListenV1Configure(type="Configure", keyterms=["Kelda"]))
        for chunk in CHUNKS[:6]:
            socket.send_media(chunk)
        socket.send_finalize()
        result = socket.recv()
        assert (result.channel.alternatives[0].transcript, result.is_final) == ("Good", True)
        assert (result.speech_final, result.from_finalize) == (True, True)
        socket._send("{}")
        assert socket.recv().type == "Error"
        socket.send_close_stream()
        assert [message.type for message in socket] == ["Metadata"]


def test_a_wrong_key(emulated: Listener, http: httpx.Client) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(client_of(emulated, http, api_key="wrong"), CHUNKS, **QUERY)
    assert caught.value.response.status_code == 401
    assert caught.value.response.headers["dg-error"] == "Invalid credentials."
    assert b"INVALID_AUTH" in caught.value.response.body


def test_a_bad_setting(emulated: Listener, http: httpx.Client) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(client_of(emulated, http), CHUNKS, **{**QUERY, "sample_rate": 7})
    assert caught.value.response.status_code == 400
    assert caught.value.response.headers["dg-error"] == "Invalid 'sample_rate' value of '7'."


def test_a_temporary_token(emulated: Listener, http: httpx.Client) -> None:
    granted = client_of(emulated, http).auth.v1.tokens.grant(ttl_seconds=60)
    assert granted.expires_in == 60
    client = client_of(emulated, http, access_token=granted.access_token)
    assert finals(transcribe(client, CHUNKS, **QUERY)) == SAID


def test_no_token_for_a_wrong_key(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.core.api_error import ApiError

    with pytest.raises(ApiError) as caught:
        client_of(emulated, http, api_key="wrong").auth.v1.tokens.grant()
    assert (caught.value.status_code, caught.value.body["err_code"]) == (401, "INVALID_AUTH")


def test_real_speech(listening: Listener, http: httpx.Client) -> None:
    messages = transcribe(client_of(listening, http), jfk(), **ALL)
    assert bare(finals(messages)) == JFK
    assert messages[-1].type == "Metadata"
    assert messages[-1].duration == pytest.approx(11.0)


# --------------------------------------------------------------------------- the asynchronous client


def test_async_iterating(emulated: Listener) -> None:
    async def use(client: Any) -> list[Any]:
        async with client.listen.v1.connect(**ALL) as socket:
            for chunk in CHUNKS:
                await socket.send_media(chunk)
            await socket.send_close_stream()
            return [message async for message in socket]

    assert_whole(run(emulated, use))


def test_async_event_handlers(emulated: Listener) -> None:
    from deepgram.core.events import EventType

    heard: dict[str, list[Any]] = {kind.value: [] for kind in EventType}

    async def use(client: Any) -> None:
        async with client.listen.v1.connect(**ALL) as socket:
            for kind in EventType:
                socket.on(kind, heard[kind.value].append)
            listening = asyncio.create_task(socket.start_listening())
            for chunk in CHUNKS:
                await socket.send_media(chunk)
            await socket.send_close_stream()
            await listening

    run(emulated, use)
    assert_whole(heard["message"])
    assert (heard["open"], heard["error"], heard["close"]) == ([None], [], [None])


def test_async_wrong_key(emulated: Listener) -> None:
    from deepgram.core.api_error import ApiError

    async def use(client: Any) -> None:
        async with client.listen.v1.connect(**QUERY):
            pass

    with pytest.raises(ApiError) as caught:
        run(emulated, use, api_key="wrong")
    assert caught.value.status_code == 401


def test_async_temporary_token(emulated: Listener) -> None:
    async def grant(client: Any) -> Any:
        return await client.auth.v1.tokens.grant()

    async def use(client: Any) -> list[Any]:
        async with client.listen.v1.connect(**QUERY) as socket:
            for chunk in CHUNKS:
                await socket.send_media(chunk)
            await socket.send_close_stream()
            return [message async for message in socket]

    token = run(emulated, grant).access_token
    assert finals(run(emulated, use, access_token=token)) == SAID
