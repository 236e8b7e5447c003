"""Deepgram's own Python SDK, synchronous and asynchronous, on ``/v2/listen``."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
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
from voxport.events import Acknowledged, AnyEvent, EagerTurnEnd, Failed, Transcript, TurnEnded, Word
from voxport.listener import DroppedError, Listener
from voxport_adapters.deepgram import flux
from voxport_adapters.deepgram.closes import timed_out

pytestmark = [pytest.mark.stranger("deepgram-sdk", "deepgram-flux", "sync"), pytest.mark.filterwarnings(FILTER)]

QUERY: dict[str, Any] = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": RATE}
EAGER = {**QUERY, "eager_eot_threshold": 0.4, "eot_threshold": 0.8}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """For the SDK, which does not close the one that it makes itself."""
    with httpx.Client() as client:
        yield client


def connection(
    listener: Listener, http: httpx.Client, *, credentials: dict[str, str] | None = None, **query: Any
) -> Any:
    return client_of(listener, http, **(credentials or {})).listen.v2.connect(**(query or QUERY))


def turns(messages: Sequence[Any]) -> list[Any]:
    """Of turns the event, which turn, and the text; each once, as updates repeat."""
    told = [(m.event, m.turn_index, m.transcript) if m.type == "TurnInfo" else m.type for m in messages]
    return [item for at, item in enumerate(told) if at == 0 or item != told[at - 1]]


def assert_whole(messages: Sequence[Any]) -> None:
    """The script, as Flux says it: the second turn is open when the stream is closed."""
    assert [message.sequence_id for message in messages] == list(range(len(messages)))
    assert len({message.request_id for message in messages}) == 1
    assert turns(messages) == [
        "Connected",
        ("Update", 0, ""),
        ("StartOfTurn", 0, "Good"),
        ("Update", 0, "Good mourn"),
        ("Update", 0, SAID[0]),
        ("EagerEndOfTurn", 0, SAID[0]),
        ("EndOfTurn", 0, SAID[0]),
        ("Update", 1, ""),
        ("StartOfTurn", 1, "Ask"),
        ("Update", 1, "Ask not"),
        ("Update", 1, SAID[1]),
    ]
    (end,) = (message for message in messages if message.type == "TurnInfo" and message.event == "EndOfTurn")
    assert [(w.word, w.start, w.end, w.confidence) for w in end.words] == [
        ("Good", 0.2, 0.5, 0.98),
        ("morning.", 0.5, 0.9, 0.91),
    ]
    assert (end.trigger, end.audio_window_start, end.audio_window_end) == ("model", 0.0, 0.9)
    assert messages[-1].audio_window_end == SECONDS
    assert [word.word for word in messages[-1].words] == ["Ask", "not", "what."]


# --------------------------------------------------------------------------- the synchronous client


@pytest.mark.judges("words", "turns", "metadata")
def test_iterating(emulated: Listener, http: httpx.Client) -> None:
    assert_whole(transcribe(connection(emulated, http, **EAGER), CHUNKS))


@both
@pytest.mark.judges("words", "turns", "metadata")
def test_event_handlers(emulated: Listener, use: Use) -> None:
    heard = use(emulated, "v2", EAGER, CHUNKS)
    assert_whole(heard.messages)
    assert (heard.opens, heard.errors, heard.closes) == ([None], [], [None])


def test_the_stream_is_closed_without_a_code(emulated: Listener, http: httpx.Client) -> None:
    with connection(emulated, http) as socket:
        socket.send_close_stream()
        assert [message.type for message in socket] == ["Connected"]
        assert socket._websocket.protocol.close_rcvd.code == 1005


def test_what_was_not_asked_for_is_not_said(emulated: Listener, http: httpx.Client) -> None:
    told = turns(transcribe(connection(emulated, http), CHUNKS))
    assert not [item for item in told if item[0] in {"EagerEndOfTurn", "TurnResumed"}]


def test_a_turn_that_goes_on(http: httpx.Client) -> None:
    def heard(text: str, until: float, *, is_final: bool = False) -> Transcript:
        return Transcript(
            is_final=is_final, text=text, start=0.0, end=until, words=(Word(text, 0.0, until, 0.9, None, "es"),)
        )

    said: list[AnyEvent] = [heard("Hola", 0.5), EagerTurnEnd(at=0.5, confidence=0.45), heard("Hola, si", 0.9), heard("Hola, si.", 1.0, is_final=True),
            TurnEnded(at=1.0, confidence=0.85)]  # fmt: skip
    asked = {**EAGER, "model": "flux-general-multi", "language_hint": ["es", "en"]}
    with telling(flux.adapter, *said) as listener:
        messages = transcribe(connection(listener, http, **asked), CHUNKS[:1])
    assert turns(messages) == [
        "Connected", ("StartOfTurn", 0, "Hola"), ("EagerEndOfTurn", 0, "Hola"), ("TurnResumed", 0, "Hola, si"),
        ("Update", 0, "Hola, si."), ("EagerEndOfTurn", 0, "Hola, si."), ("EndOfTurn", 0, "Hola, si."),
    ]  # fmt: skip
    assert [m.end_of_turn_confidence for m in messages[1:]] == [0, 0.45, 0, 0, 0.85, 0.85]
    assert [(m.languages, m.languages_hinted) for m in messages[1:]] == [(["es"], ["es", "en"])] * 6


def test_a_turn_that_is_ended_by_force(emulated: Listener, http: httpx.Client) -> None:
    with connection(emulated, http, **EAGER) as socket:
        for chunk in CHUNKS[:6]:
            socket.send_media(chunk)
        socket.send_force_end_turn()
        socket.send_force_end_turn()
        socket.send_close_stream()
        messages = list(socket)
    assert turns(messages) == [
        "Connected",
        ("Update", 0, ""),
        ("StartOfTurn", 0, "Good"),
        ("EndOfTurn", 0, "Good"),
        "Warning",
    ]
    assert messages[-2].trigger == "manual"
    assert messages[-1].code == "FORCE_END_TURN_NO_ACTIVE_TURN"


def test_configuration(emulated: Listener, http: httpx.Client) -> None:
    from deepgram.listen.v2.types import ListenV2Configure, ListenV2ConfigureThresholds

    with connection(emulated, http) as socket:
        assert socket.recv().type == "Connected"
        thresholds = ListenV2ConfigureThresholds(eager_eot_threshold=0.5, eot_timeout_ms=700)
        socket.send_configure(
            ListenV2Configure(type="Configure", thresholds=thresholds, keyterms=["Kelda"], numerals=True)
        )
        success = socket.recv()
        in_force = success.thresholds
        assert (success.type, success.keyterms, success.numerals) == ("ConfigureSuccess", ["Kelda"], True)
        assert (in_force.eot_threshold, in_force.eager_eot_threshold, in_force.eot_timeout_ms) == (0.7, 0.5, 700)
        socket.send_configure(ListenV2Configure(thresholds=ListenV2ConfigureThresholds(eager_eot_threshold=0.8)))
        failure = socket.recv()
        assert (failure.type, failure.code) == ("ConfigureFailure", "INVALID_THRESHOLD")
        socket.send_close_stream()
        assert list(socket) == []


@both
@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener, use: Use) -> None:
    messages = use(listening, "v2", QUERY, jfk()).messages
    ends = [message.transcript for message in messages if message.type == "TurnInfo" and message.event == "EndOfTurn"]
    last = messages[-1]
    assert bare([*ends, *([last.transcript] if last.event == "Update" else [])]) == JFK
    updates = [message.audio_window_end for message in messages[1:] if message.event != "EndOfTurn"]
    assert (
        max(after - before for before, after in pairwise(updates)) < 0.51
    )  # twice, where an end took the place of one


# --------------------------------------------------------------------------- credentials and refusals


@both
@pytest.mark.judges("temporary token")
def test_a_temporary_token(emulated: Listener, http: httpx.Client, use: Use) -> None:
    token = client_of(emulated, http).auth.v1.tokens.grant().access_token
    assert_whole(use(emulated, "v2", EAGER, CHUNKS, access_token=token).messages)


@both
@pytest.mark.judges("wrong key", "bad setting")
def test_refusals(emulated: Listener, use: Use) -> None:
    assert status_refused(use, emulated, "v2", QUERY, api_key="wrong") == 401
    assert status_refused(use, emulated, "v2", {**QUERY, "eot_threshold": 0.2}) == 400


@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener, http: httpx.Client) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(connection(emulated, http, credentials={"api_key": "wrong"}), CHUNKS)
    assert caught.value.response.status_code == 401
    assert caught.value.response.headers["dg-error"] == "Invalid credentials."


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"eot_threshold": 0.2}, "Invalid 'eot_threshold' value of '0.2'."),
        ({"model": "nova-3"}, "Bad Request: No such model/version combination found."),
    ],
)
@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener, http: httpx.Client, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        transcribe(connection(emulated, http, **{**QUERY, **wrong}), CHUNKS)
    assert (caught.value.response.status_code, caught.value.response.headers["dg-error"]) == (400, reason)


# --------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("message", ["KeepAlive", "Finalize"])
def test_a_message_of_the_other_protocol_ends_the_session(emulated: Listener, http: httpx.Client, message: str) -> None:
    with connection(emulated, http) as socket:
        socket._send({"type": message})
        messages = list(socket)
        assert [m.type for m in messages] == ["Connected", "Error"]
        assert messages[-1].code == "UNPARSABLE_CLIENT_MESSAGE"
        assert socket._websocket.protocol.close_rcvd.code == 1005


@both
@pytest.mark.judges("idle")
def test_a_client_that_is_gone(emulated: Listener, monkeypatch: pytest.MonkeyPatch, use: Use) -> None:
    monkeypatch.setattr(flux.Front, "timers", (Timer("gone", 0.2, timed_out("1011 NET-0001")),))
    heard = use(emulated, "v2", QUERY, close=False)
    assert ([message.type for message in heard.messages], heard.closes) == (["Connected"], [None])
    (error,) = heard.errors
    assert (error.rcvd.code, "net0001" in error.rcvd.reason) == (1011, True)


def test_pings_keep_a_client_that_sends_nothing(
    emulated: Listener, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flux.Front, "timers", (Timer("gone", 2.0, timed_out("1011 NET-0001")),))
    with connection(emulated, http) as socket:
        assert socket.recv().type == "Connected"
        for _ in range(12):
            assert socket._websocket.ping().wait(10.0)
            with pytest.raises(TimeoutError):
                socket._websocket.recv(timeout=0.2)
        socket.send_close_stream()
        assert list(socket) == []


@both
@pytest.mark.judges("error")
def test_a_failure_of_the_service(use: Use) -> None:
    failed = Failed(kind="provider", code="x", message="internal error")
    with telling(flux.adapter, failed) as listener:
        heard = use(listener, "v2", QUERY, CHUNKS[:1], close=False)
    assert [message.type for message in heard.messages] == ["Connected", "Error"]
    assert (heard.messages[-1].code, heard.messages[-1].description) == ("INTERNAL_SERVER_ERROR", "internal error")
    (error,) = heard.errors
    assert (error.rcvd.code, heard.closes) == (1011, [None])


@both
@pytest.mark.judges("drop")
def test_a_connection_that_drops(use: Use) -> None:
    with telling(flux.adapter, Acknowledged(until=0.3), DroppedError()) as listener:
        heard = use(listener, "v2", QUERY, CHUNKS[:1], close=False)
    assert turns(heard.messages) == ["Connected", ("Update", 0, "")]
    (error,) = heard.errors
    assert isinstance(error, websockets.ConnectionClosedError)
    assert (error.rcvd, heard.closes) == (None, [None])


# --------------------------------------------------------------------------- the asynchronous client


@pytest.mark.judges("words", "turns", "metadata")
def test_async_iterating(emulated: Listener) -> None:
    assert_whole(run(emulated, lambda client: transcribe_async(client.listen.v2.connect(**EAGER), CHUNKS)))


def test_async_control_messages(emulated: Listener) -> None:
    async def use(client: Any) -> list[Any]:
        async with client.listen.v2.connect(**QUERY) as socket:
            for chunk in CHUNKS[:6]:
                await socket.send_media(chunk)
            await socket.send_force_end_turn()
            await socket.send_configure({"type": "Configure", "keyterms": []})
            await socket.send_close_stream()
            return [message async for message in socket]

    told = turns(run(emulated, use))
    assert told[-2:] == [("EndOfTurn", 0, "Good"), "ConfigureSuccess"]
