"""Golden frames: what the protocol page shows, in both directions."""

import json
from typing import Any

import pytest

from voxport.codec import Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Failed,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.pair import dialled
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.wire import query_of
from voxport_adapters.deepgram import Client, Listen, Server, adapter

ID = "5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11"
FINAL = (
    '{"type":"Results","channel_index":[0,1],"duration":1.86,"start":3.2,"is_final":true,"speech_final":true,'
    '"channel":{"alternatives":[{"transcript":"Ship it on Tuesday.","confidence":0.9932,"words":['
    '{"word":"ship","start":3.36,"end":3.6,"confidence":0.98,"punctuated_word":"Ship"},'
    '{"word":"it","start":3.6,"end":3.76,"confidence":0.999,"punctuated_word":"it"},'
    '{"word":"on","start":3.76,"end":3.92,"confidence":0.9932,"punctuated_word":"on"},'
    '{"word":"tuesday","start":3.92,"end":4.42,"confidence":0.991,"punctuated_word":"Tuesday."}]}]},'
    '"metadata":{"request_id":"5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11",'
    '"model_info":{"name":"general-nova-3","version":"2025-04-17.21547","arch":"nova-3"},'
    '"model_uuid":"40bd3654-e622-47c4-a111-63a61b23bfe8"},"from_finalize":false}'
)
WORDS = (
    Word("Ship", 3.36, 3.6, 0.98), Word("it", 3.6, 3.76, 0.999), Word("on", 3.76, 3.92, 0.9932),
    Word("Tuesday.", 3.92, 4.42, 0.991),
)  # fmt: skip
SAID = Transcript(
    is_final=True, text="Ship it on Tuesday.", start=3.36, end=4.42, words=WORDS, confidence=0.9932
)  # fmt: skip
METADATA = (
    '{"type":"Metadata","transaction_key":"deprecated","request_id":"5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11",'
    '"sha256":"9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab","created":"2026-10-20T09:14:03.118Z",'
    '"duration":5.06,"channels":1,"models":["40bd3654-e622-47c4-a111-63a61b23bfe8"],'
    '"model_info":{"40bd3654-e622-47c4-a111-63a61b23bfe8":{"name":"general-nova-3","version":"2025-04-17.21547","arch":"nova-3"}}}'
)


def results(text: str = "", start: float = 0.0, duration: float = 1.0, **more: Any) -> str:
    channel = {"alternatives": [{"transcript": text, "confidence": 0.5 if text else 0.0, "words": []}]}
    return json.dumps(
        {"type": "Results", "channel": channel, "start": start, "duration": duration, "metadata": {}} | more
    )


def client() -> Client:
    return Client(Settings(provider="deepgram"), Dial("wss://h/v1/listen"))


def hear(*frames: str) -> list[Any]:
    end = client()
    return [event for frame in frames for event in end.receive(frame)]


# ------------------------------------------------------------------- the client hears


def test_the_upgrade_is_the_greeting() -> None:
    assert list(client().receive(Opened({"dg-request-id": ID}))) == [Begun(session_id=ID)]


def test_a_final_that_ends_a_turn() -> None:
    assert hear(FINAL) == [
        SAID,
        Acknowledged(until=pytest.approx(5.06), settled=True),  # type: ignore[arg-type] # 3.2 + 1.86
        TurnEnded(at=pytest.approx(5.06)),  # type: ignore[arg-type]
    ]


def test_speech_started_and_utterance_end() -> None:
    assert hear('{"type":"SpeechStarted","channel":[0,1],"timestamp":3.29}') == [SpeechStarted(at=3.29)]
    end = '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":4.42}'
    assert hear(results("a", is_final=True), end)[-1] == TurnEnded(at=4.42)
    assert TurnEnded(at=4.42) not in hear(FINAL, end)


def test_interims_replace_and_an_empty_one_only_clears() -> None:
    heard = hear(results(""), results("a"), results("a b"), results(""), results(""))
    assert [(event.text, event.is_final) for event in heard] == [("a", False), ("a b", False), ("", False)]


def test_an_empty_final_settles_its_range_and_clears_the_partial() -> None:
    heard = hear(results("a", duration=2.0), results("", duration=1.5, is_final=True))
    assert [type(event) for event in heard] == [Transcript, Transcript, Acknowledged]
    assert (heard[1].text, heard[1].is_final) == ("", False)
    assert heard[2] == Acknowledged(until=1.5, settled=True)


def test_an_empty_speech_final_ends_the_turn_that_finals_have_opened_and_no_other() -> None:
    end = results("", start=1.0, is_final=True, speech_final=True)
    assert hear(results("a", is_final=True), end)[-1] == TurnEnded(at=2.0)
    assert not [event for event in hear(end) if isinstance(event, TurnEnded)]


def test_the_answer_to_finalize_ends_the_turn_even_when_it_is_empty() -> None:
    assert hear(results("", is_final=True, from_finalize=True))[-1] == TurnEnded(at=1.0, forced=True)


def test_channels_are_kept_apart() -> None:
    heard = hear(
        results("left", channel_index=[0, 2]),
        results("right", channel_index=[1, 2], is_final=True),
        results("", channel_index=[1, 2], is_final=True, speech_final=True),
        results("", channel_index=[0, 2], is_final=True, speech_final=True),
    )
    said = [(event.channel, event.text) for event in heard if isinstance(event, Transcript)]
    assert said == [(0, "left"), (1, "right"), (0, "")]
    assert [event.channel for event in heard if isinstance(event, TurnEnded)] == [1]


def test_metadata_ends_the_session_only_after_close_stream() -> None:
    end = client()
    assert list(end.receive(METADATA)) == []
    assert list(end.send(Finish())) == ['{"type":"CloseStream"}']
    assert list(end.receive(METADATA)) == [Ended(reported_audio_seconds=5.06)]
    assert list(end.receive(Closed(1000))) == []


def test_a_close_after_close_stream_ends_the_session_too() -> None:
    end = client()
    end.send(Finish())
    assert list(end.receive(Closed(1000))) == [Ended(tail_lost=True)]


def test_an_error_message_is_no_end() -> None:
    frame = '{"type":"Error","variant":"SchemaError","description":"unknown variant `Ping`","message":"{}"}'
    assert hear(frame) == [Notice(code="SchemaError", message="unknown variant `Ping`")]
    assert hear(
        '{"type":"ConfigureFailure","request_id":"r","code":"CONFIGURE_ALREADY_PENDING","description":"d"}'
    ) == [Notice(code="CONFIGURE_ALREADY_PENDING", message="d")]
    assert hear('{"type":"Sync"}') == [Unknown(kind="Sync")]


@pytest.mark.parametrize(
    ("closed", "kind", "retryable"),
    [
        (Closed(1011, "Deepgram did not receive audio data. See https://dpgr.am/net0001"), "provider", True),
        (Closed(1008, "DATA-0000"), "invalid", False),
        (Closed(None), "network", True),
        (Closed(1000), "provider", True),
    ],
)
def test_what_a_close_means(closed: Closed, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a table
    (failed,) = client().receive(closed)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.retryable) == (kind, retryable)
    assert failed.message


def test_a_refusal_says_what_the_service_said() -> None:
    body = b'{"err_code":"INVALID_QUERY_PARAMETER","err_msg":"Invalid \'utterance_end_ms\' value of \'999\'.","request_id":"x"}'
    failed = adapter.explain(HttpResponse(400, {"dg-error": "other"}, body))
    assert (failed.kind, failed.message) == ("invalid", "Invalid 'utterance_end_ms' value of '999'.")
    assert adapter.explain(HttpResponse(401, {"dg-error": "Invalid credentials."})).message == "Invalid credentials."
    modern = b'{"category":"c","message":"too many","details":"d"}'
    assert adapter.explain(HttpResponse(429, {"retry-after": "3"}, modern)).retry_after == 3.0


# ------------------------------------------------------------------- the client says


def test_commands_are_these_frames() -> None:
    end = client()
    assert list(end.send(Audio(b"12"))) == [b"12"]
    assert list(end.send(KeepAlive())) == ['{"type":"KeepAlive"}']
    assert list(end.send(EndUtterance())) == ['{"type":"Finalize"}']
    assert list(end.send(Configure({"key_terms": ("Fenwick Harbor",)}))) == [
        '{"type":"Configure","keyterms":["Fenwick Harbor"]}'
    ]


def test_the_dial_is_this_url() -> None:
    asked = Settings(
        provider="deepgram",
        api_key=Secret("k"),
        model="nova-2",
        transcription=Transcription(language="en", key_terms=("a b", "c"), end_of_turn_silence_ms=300, redaction=True),
        audio=AudioSettings(encoding="mulaw", sample_rate=8000, channels=2),
        options={"tag": "x", "vad_events": None},
    )
    dial = dialled(adapter.dial(asked), lambda _: None)
    assert isinstance(dial, Dial)
    assert dial.headers == {"Authorization": "Token k"}
    assert dial.url.startswith("wss://api.deepgram.com/v1/listen?")
    assert query_of(dial.url) == {
        "model": ["nova-2"], "language": ["en"], "sample_rate": ["8000"], "encoding": ["mulaw"], "channels": ["2"],
        "multichannel": ["true"], "interim_results": ["true"], "keywords": ["a b", "c"], "endpointing": ["300"],
        "redact": ["pci", "ssn", "numbers"], "tag": ["x"],
    }  # fmt: skip


# ------------------------------------------------------------------- the server


def server(**query: Any) -> Server:
    return Server(Listen(encoding="linear16", sample_rate=16000, **query), ID, 1_792_487_643.118)


def said(end: Server, *events: Any) -> list[Any]:
    frames = [frame for event in events for frame in end.send(event)]
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in frames]


def test_a_turn_is_one_final_result() -> None:
    (frame,) = said(server(punctuate=True), SAID, TurnEnded(at=4.42))
    golden = json.loads(FINAL)
    assert set(frame) == set(golden)
    assert frame["channel"] == golden["channel"]
    assert (frame["is_final"], frame["speech_final"], frame["from_finalize"]) == (True, True, False)
    assert set(frame["metadata"]) == set(golden["metadata"])
    assert set(frame["metadata"]["model_info"]) == set(golden["metadata"]["model_info"])


def test_without_punctuation_words_are_bare() -> None:
    (frame,) = said(server(), SAID, TurnEnded(at=4.42))
    (heard,) = frame["channel"]["alternatives"]
    assert heard["transcript"] == "ship it on tuesday"
    assert all("punctuated_word" not in word for word in heard["words"])


def test_only_what_was_asked_for_is_sent() -> None:
    partial = Transcript(is_final=False, text="a", start=0.0, end=0.5)
    assert said(server(), SpeechStarted(at=0.1), partial, Acknowledged(until=1.0), Begun()) == []
    heard = said(server(vad_events=True, interim_results=True), SpeechStarted(at=3.29), partial)
    assert heard[0] == {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 3.29}
    assert (heard[1]["is_final"], heard[1]["speech_final"]) == (False, False)


def test_finals_tile_the_audio() -> None:
    end = server()
    later = Transcript(is_final=True, text="b", start=6.0, end=7.0)
    frames = said(end, SAID, TurnEnded(at=4.42), later, TurnEnded(at=7.0))
    assert [(frame["start"], round(frame["start"] + frame["duration"], 3)) for frame in frames] == [
        (0, 4.42),
        (4.42, 7.0),
    ]


def test_a_forced_end_without_text_is_an_empty_answer_to_finalize() -> None:
    (frame,) = said(server(), TurnEnded(at=2.0, forced=True))
    assert (frame["from_finalize"], frame["channel"]["alternatives"][0]["transcript"]) == (True, "")


def test_the_end_is_metadata_and_close_1000() -> None:
    end = server()
    end.receive(b"")
    metadata, closed = said(end, Ended(reported_audio_seconds=0.0))
    assert metadata["sha256"].startswith("e3b0c442")
    assert metadata["created"] == "2026-10-20T09:14:03.118Z"
    assert {key: metadata[key] for key in ("transaction_key", "request_id", "duration", "channels")} == {
        "transaction_key": "deprecated", "request_id": ID, "duration": 0.0, "channels": 0,
    }  # fmt: skip
    assert closed == Closed(1000)


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (b"12", Audio(b"12")),
        (b"", Finish()),
        ('{"type": "KeepAlive"}', KeepAlive()),
        ('{"type":"Finalize","channel":0}', EndUtterance()),
        ('{"type":"CloseStream"}', Finish()),
        ('{"type":"Configure","keyterms":["a"],"features":{"numerals":true}}', Configure({"key_terms": ("a",)})),
    ],
)
def test_the_server_hears(frame: str | bytes, command: object) -> None:
    assert list(server().receive(frame)) == [command]


@pytest.mark.parametrize("frame", ['{"type":"Ping"}', '{"type":"KeepAlive","x":1}', "{", '{"type":"ForceEndTurn"}'])
def test_a_message_that_is_not_understood_is_answered_and_the_stream_goes_on(frame: str) -> None:
    end = server()
    (invalid,) = end.receive(frame)
    assert isinstance(invalid, Invalid)
    (answer,) = said(end, invalid.answer)
    assert (answer["type"], answer["variant"], answer["message"]) == ("Error", "SchemaError", frame)


# ------------------------------------------------------------------- the front


def front() -> Any:
    return adapter.front(Desk(frozenset({"k"}), lambda: ID, lambda: 1000.0))


def upgrade(query: str, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return front().accept(HttpRequest("GET", f"http://h/v1/listen?{query}", sent or {"authorization": "Token k"}))


RAW = "encoding=linear16&sample_rate=16000"


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Token k"}, {"authorization": "token k"}, {"sec_websocket_protocol": "token, k, x, y"}],
)
def test_each_form_of_the_key_is_accepted(headers: dict[str, str]) -> None:
    accepted = upgrade(RAW, **headers)
    assert accepted.headers == {"dg-request-id": ID}
    assert accepted.subprotocol == ("token" if "sec_websocket_protocol" in headers else None)


@pytest.mark.parametrize("headers", [{"authorization": "Bearer k"}, {"authorization": "Token x"}, {"x": "y"}])
def test_every_other_form_is_refused_before_the_upgrade(headers: dict[str, str]) -> None:
    refused = upgrade(RAW, **headers)
    assert refused.status == 401
    assert refused.headers["dg-error"] == "Invalid credentials."
    assert json.loads(refused.body) == {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": ID}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (f"{RAW}&utterance_end_ms=999", "Invalid 'utterance_end_ms' value of '999'."),
        (f"{RAW}&interim_results=maybe", "Invalid 'interim_results' value of 'maybe'."),
        ("encoding=linear16&sample_rate=x", "Invalid 'sample_rate' value of 'x'."),
        (f"{RAW}&model=nova-3&keywords=a", "Keywords are not supported for Nova-3. Please use `keyterm` instead."),
        (f"{RAW}&channels=21", "Invalid 'channels' value of '21'."),
    ],
)
def test_a_bad_query_is_refused_with_the_services_words(query: str, reason: str) -> None:
    refused = upgrade(query)
    assert (refused.status, refused.headers["dg-error"]) == (400, reason)


def test_unknown_parameters_and_python_booleans_are_accepted() -> None:
    accepted = upgrade(f"{RAW}&model=nova-2&interim_results=True&is_final=true&endpointing=false&language=en")
    (start,) = accepted.server.receive(Opened())
    assert isinstance(start, Start)
    assert start.settings.transcription.partials
    assert start.settings.transcription.end_of_turn_silence_ms is None
    assert start.settings.transcription.language == "en"


def test_a_token_is_granted_and_expires() -> None:
    clock = [1000.0]
    desk = adapter.front(Desk(frozenset({"k"}), lambda: "token-1", lambda: clock[0]))
    headers = {"authorization": "Token k"}
    granted = desk.answer(HttpRequest("POST", "http://h/v1/auth/grant", headers, b'{"ttl_seconds":60}'))
    assert granted is not None
    assert json.loads(granted.body) == {"access_token": "token-1", "expires_in": 60}
    request = HttpRequest("GET", f"http://h/v1/listen?{RAW}", {"authorization": "bearer token-1"})
    assert not isinstance(desk.accept(request), HttpResponse)
    clock[0] = 1061.0
    assert isinstance(desk.accept(request), HttpResponse)


def test_other_paths_are_not_its_business() -> None:
    assert front().accept(HttpRequest("GET", "http://h/v2/listen")) is None
    assert front().answer(HttpRequest("GET", "http://h/v1/listen")) is None
