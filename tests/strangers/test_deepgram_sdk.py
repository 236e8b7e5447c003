"""Deepgram's own Python SDK, synchronous and asynchronous, on ``/v1/listen``."""

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
import websockets

from support.deepgram_sdk import (
    FILTER,
    Use,
    both,
    client_of,
    run,
    status_refused,
    telling,
    transcribe,
    transcribe_async,
)
from support.emulated import CHUNKS, JFK, RATE, SAID, SECONDS, bare, jfk
from voxport.codec import Timer
from voxport.events import Acknowledged, AnyEvent, Entities, Entity, Failed, Transcript, TurnEnded, Word
from voxport.listener import DroppedError, Listener
from voxport_adapters import deepgram
from voxport_adapters.deepgram.closes import timed_out

pytestmark = [pytest.mark.stranger("deepgram-sdk", "deepgram", "sync"), pytest.mark.filterwarnings(FILTER)]

QUERY: dict[str, Any] = {"model": "nova-3", "encoding": "linear16", "sample_rate": RATE, "punctuate": True}
ALL: dict[str, Any] = {**QUERY, "interim_results": True, "vad_events": True}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """For the SDK, which does not close the one that it makes itself."""
    with httpx.Client() as client:
        yield client


def connection(
    listener: Listener, http: httpx.Client, *, credentials: dict[str, str] | None = None, **query: Any
) -> Any:
    return client_of(listener, http, **(credentials or {})).listen.v1.connect(**(query or QUERY))


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


@pytest.mark.judges("words", "turns", "metadata")
def test_iterating(emulated: Listener, http: httpx.Client) -> None:
    assert_whole(transcribe(connection(emulated, http, **ALL), CHUNKS))


def test_only_what_was_asked_for_is_said(emulated: Listener, http: httpx.Client) -> None:
    messages = transcribe(connection(emulated, http, **{**QUERY, "punctuate": False}), CHUNKS)
    assert [message.type for message in messages] == ["Results", "Results", "Metadata"]
    assert finals(messages) == ["good morning", "ask not what"]
    assert [word.punctuated_word for word in words_of(messages[0])] == [None, None]


@both
@pytest.mark.judges("words", "turns", "metadata")
def test_event_handlers(emulated: Listener, use: Use) -> None:
    heard = use(emulated, "v1", ALL, CHUNKS)
    assert_whole(heard.messages)
    assert (heard.opens, heard.errors, heard.closes) == ([None], [], [None])


def test_the_close_and_the_name_of_the_session(emulated: Listener, http: httpx.Client) -> None:
    with connection(emulated, http) as socket:
        socket.send_close_stream()
        (metadata,) = list(socket)
        assert socket._websocket.protocol.close_rcvd.code == 1000
        assert socket._websocket.response.headers["dg-request-id"] == metadata.request_id


def test_control_messages(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.listen.v1.types import ListenV1Configure

    with client_of(emulated, http).listen.v1.connect(**QUERY) as socket:
        socket.send_keep_alive()
        socket.send_configure(ListenV1Configure(type="Configure", keyterms=["Kelda"], features={"numerals": True}))
        configured = socket.recv()
        assert (configured.type, configured.keyterms) == ("ConfigureSuccess", ["Kelda"])
        for chunk in CHUNKS[:6]:
            socket.send_media(chunk)
        socket.send_finalize()
        result = socket.recv()
        assert (result.channel.alternatives[0].transcript, result.is_final) == ("Good", True)
        assert (result.speech_final, result.from_finalize) == (False, True)
        socket._send("{}")
        assert socket.recv().type == "Error"
        socket.send_close_stream()
        assert [message.type for message in socket] == ["Metadata"]


@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener, http: httpx.Client) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(connection(emulated, http, credentials={"api_key": "wrong"}), CHUNKS)
    assert caught.value.response.status_code == 401
    assert caught.value.response.headers["dg-error"] == "Invalid credentials."
    assert b"INVALID_AUTH" in caught.value.response.body


@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener, http: httpx.Client) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(connection(emulated, http, **{**QUERY, "sample_rate": 7}), CHUNKS)
    assert caught.value.response.status_code == 400
    assert caught.value.response.headers["dg-error"] == "Invalid 'sample_rate' value of '7'."


@both
@pytest.mark.judges("wrong key", "bad setting")
def test_refusals(emulated: Listener, use: Use) -> None:
    assert status_refused(use, emulated, "v1", QUERY, api_key="wrong") == 401
    assert status_refused(use, emulated, "v1", {**QUERY, "sample_rate": 7}) == 400


@pytest.mark.judges("temporary token")
def test_a_temporary_token(emulated: Listener, http: httpx.Client) -> None:
    granted = client_of(emulated, http).auth.v1.tokens.grant(ttl_seconds=60)
    assert granted.expires_in == 60
    credentials = {"access_token": granted.access_token}
    assert finals(transcribe(connection(emulated, http, credentials=credentials), CHUNKS)) == SAID


@pytest.mark.judges("temporary token")
def test_no_token_for_a_wrong_key(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.core.api_error import ApiError

    with pytest.raises(ApiError) as caught:
        client_of(emulated, http, api_key="wrong").auth.v1.tokens.grant()
    assert (caught.value.status_code, caught.value.body["err_code"]) == (401, "INVALID_AUTH")


def test_a_configuration_that_is_refused(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.listen.v1.types import ListenV1Configure

    with connection(emulated, http, **{**QUERY, "model": "nova-2"}) as socket:
        socket.send_configure(ListenV1Configure(type="Configure", keyterms=["Kelda"]))
        failure = socket.recv()
        assert (failure.type, failure.code) == ("ConfigureFailure", "CONFIGURE_KEYTERMS_NOT_SUPPORTED")
        assert failure.description


def test_the_gap_after_words(emulated: Listener, http: httpx.Client) -> None:
    asked = {**ALL, "utterance_end_ms": 1000}
    messages = transcribe(connection(emulated, http, **asked), [*CHUNKS, *CHUNKS])
    (gap,) = (message for message in messages if message.type == "UtteranceEnd")
    assert (gap.channel, gap.last_word_end) == ([0, 1], 1.9)
    at = messages.index(gap)
    texts = [m.channel.alternatives[0].transcript if m.type == "Results" else m.type for m in messages]
    assert texts[at - 1 : at + 2] == [SAID[1], "UtteranceEnd", SAID[1]]
    assert finals(messages) == SAID
    assert texts[at + 2 :] == [SAID[1], "", "Metadata"]


def test_two_channels(emulated: Listener, http: httpx.Client) -> None:
    messages = transcribe(connection(emulated, http, **QUERY, channels=2, multichannel=True), [*CHUNKS, *CHUNKS])
    for channel in (0, 1):
        assert finals([m for m in messages if m.type == "Results" and m.channel_index == [channel, 2]]) == SAID
    assert messages[-1].channels == 2


def test_what_is_found_in_a_transcript(http: httpx.Client) -> None:
    words = (Word("Call", 0.0, 0.4, 0.9, "A", "en"), Word("Ada.", 0.5, 0.9, 0.8, "B", "en"))
    said: list[AnyEvent] = [
        Transcript(is_final=True, text="Call Ada.", start=0.0, end=0.9, words=words),
        Entities(items=(Entity("NAME", "Ada", 0.5, 0.9, 0.7),)),
        TurnEnded(at=0.9),
    ]
    asked = {
        **QUERY, "language": "multi", "detect_entities": True, "diarize_model": "latest", "search": ["Ada"],
        "extra": ["session:7"], "language_hint": "en",
    }  # fmt: skip
    with telling(deepgram.adapter, *said) as listener:
        result, metadata = transcribe(connection(listener, http, **asked), CHUNKS[:1])
    (entity,) = result.entities
    assert (entity.label, entity.value, entity.confidence, entity.start_word, entity.end_word) == (
        "NAME",
        "Ada",
        0.7,
        1,
        2,
    )
    (heard,) = result.channel.alternatives
    assert (heard.languages, heard.languages_hinted) == (["en"], ["en"])
    assert [(word.speaker, word.language) for word in heard.words] == [(0, "en"), (1, "en")]
    assert result.channel.search == [
        {"query": "Ada", "hits": [{"confidence": 0.8, "start": 0.5, "end": 0.9, "snippet": "ada"}]}
    ]
    assert result.metadata.diarize_info.arch == "latest"
    assert result.metadata.extra == {"session": "7"}
    assert metadata.type == "Metadata"


# --------------------------------------------------------------------------- what goes wrong


@both
@pytest.mark.judges("idle")
@pytest.mark.parametrize(("kind", "code"), [("idle", "1011 NET-0001"), ("quiet", "1011 NET-0000")])
def test_a_session_on_which_nothing_comes(
    emulated: Listener, monkeypatch: pytest.MonkeyPatch, kind: Any, code: str, use: Use
) -> None:
    monkeypatch.setattr(deepgram.Front, "timers", (Timer(kind, 0.2, timed_out(code)),))
    heard = use(emulated, "v1", QUERY, close=False)
    assert [(message.type, message.duration, message.channels) for message in heard.messages] == [("Metadata", 0, 0)]
    (error,) = heard.errors
    assert (error.rcvd.code, error.rcvd.reason) == (1011, timed_out(code).message)
    assert heard.closes == [None]


@both
@pytest.mark.judges("error")
def test_a_failure_of_the_service(use: Use) -> None:
    failed = Failed(kind="provider", code="x", message="internal error")
    with telling(deepgram.adapter, Acknowledged(until=0.1), failed) as listener:
        heard = use(listener, "v1", QUERY, CHUNKS[:1], close=False)
    assert (heard.messages, heard.closes) == ([], [None])
    (error,) = heard.errors
    assert (error.rcvd.code, error.rcvd.reason) == (1011, "internal error")


@both
@pytest.mark.judges("drop")
def test_a_connection_that_drops(use: Use) -> None:
    said = Transcript(is_final=False, text="Good", start=0.0, end=0.1)
    with telling(deepgram.adapter, said, DroppedError()) as listener:
        heard = use(listener, "v1", ALL, CHUNKS[:1], close=False)
    assert [message.channel.alternatives[0].transcript for message in heard.messages] == ["Good"]
    (error,) = heard.errors
    assert isinstance(error, websockets.ConnectionClosedError)
    assert error.rcvd is None
    assert heard.closes == [None]


@both
@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener, use: Use) -> None:
    messages = use(listening, "v1", ALL, jfk()).messages
    assert bare(finals(messages)) == JFK
    assert messages[-1].type == "Metadata"
    assert messages[-1].duration == pytest.approx(11.0)


# --------------------------------------------------------------------------- the asynchronous client


@pytest.mark.judges("words", "turns", "metadata")
def test_async_iterating(emulated: Listener) -> None:
    assert_whole(run(emulated, lambda client: transcribe_async(client.listen.v1.connect(**ALL), CHUNKS)))


@pytest.mark.judges("temporary token")
def test_async_temporary_token(emulated: Listener) -> None:
    async def grant(client: Any) -> Any:
        return await client.auth.v1.tokens.grant()

    token = run(emulated, grant).access_token
    messages = run(emulated, lambda c: transcribe_async(c.listen.v1.connect(**QUERY), CHUNKS), access_token=token)
    assert finals(messages) == SAID
