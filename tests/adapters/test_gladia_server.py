"""The server end of one Gladia socket: what it hears and says."""

import json
from typing import Any

import pytest

from support.gladia import (
    ALL,
    PCM,
    SAID,
    STAMP,
    STOP,
    WORDS,
    Account,
    ack,
    transcript,
    types,
    utterance,
)
from voxport.codec import Closed, HttpRequest, HttpResponse
from voxport.commands import Audio, Finish, Invalid, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Failed,
    Notice,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Word,
)

ALREADY = {"acknowledged": False, "error": {"message": "Recording is already stopped"}, "data": None}


def test_the_answer_to_the_post() -> None:
    account = Account()
    url = "ws://127.0.0.1:8000/v2/live?token=00000002-0000-4000-8000-000000000000"
    assert account.made == {"id": "00000001-0000-4000-8000-000000000000", "created_at": STAMP, "url": url}


@pytest.mark.parametrize("token", ["?token=unknown", "?token=", ""])
def test_an_unknown_token_is_refused_before_the_upgrade(token: str) -> None:
    answer = Account().front.accept(HttpRequest("GET", f"ws://127.0.0.1:8000/v2/live{token}"))
    assert isinstance(answer, HttpResponse)
    assert answer.status == 403


# ------------------------------------------------------------------- hearing


def test_audio_in_both_framings() -> None:
    socket = Account().socket()
    assert [type(command) for command in socket.opened] == [Start]
    assert socket.hear(PCM) == [Audio(PCM)]
    assert socket.hear('{"type":"audio_chunk","data":{"chunk":"AAABAA=="}}') == [Audio(b"\0\0\1\0")]
    assert socket.hear('{"type":"audio_chunk","data":{"chunk":""}}') == [KeepAlive()]
    assert socket.hear(b"") == [KeepAlive()]
    assert socket.hear(STOP) == [Finish()]


REFUSED = [
    ("{", "A message was not understood"),
    ("[]", "A message was not understood"),
    ("[" * 100_000, "A message was not understood"),
    ('{"type":"Finalize"}', "A message was not understood"),
    ('{"type":"audio_chunk","data":{"chunk":"!"}}', "A message was not understood"),
    ('{"type":"audio_chunk"}', "data.chunk is required"),
    ('{"type":"audio_chunk","data":{"chunk":"AA=="}}', "A chunk must hold whole sample frames"),
    (b"\0", "A chunk must hold whole sample frames"),
]


@pytest.mark.parametrize(("frame", "why"), REFUSED)
def test_what_is_not_understood_is_a_refused_chunk(frame: str | bytes, why: str) -> None:
    (refused,) = Account().socket().answer(frame)
    assert refused.pop("error")["message"].startswith(why)
    assert refused == {"type": "audio_chunk", "acknowledged": False, "data": None}


def test_whole_frames_are_those_of_all_channels() -> None:
    socket = Account(channels=3).socket()
    assert socket.hear(bytes(12)) == [Audio(bytes(12))]
    assert isinstance(socket.hear(bytes(10))[0], Invalid)


def test_after_the_stop_nothing_is_taken() -> None:
    socket = Account().socket()
    socket.hear(STOP)
    socket.say(Notice(code="placed", message=""))
    for frame, kind in ((PCM, "audio_chunk"), (STOP, "stop_recording")):
        assert socket.answer(frame) == [{"type": kind, **ALREADY}]


def test_a_socket_has_half_a_minute_without_a_message_and_a_session_three_hours() -> None:
    account = Account()
    timers = [(timer.kind, timer.after) for timer in account.socket().accepted.timers]
    assert timers == [("idle", 30.0), ("session", 10_800.0)]
    account.now += 1000
    assert account.socket().accepted.timers[1].after == 9800.0


# ------------------------------------------------------------------- saying


def test_recording_starts_once_where_lifecycle_is_asked_for() -> None:
    account = Account(messages_config=ALL)
    assert account.socket().say(Begun(), Begun()) == [{"type": "start_recording"}]
    assert account.socket().say(Begun()) == []
    assert Account().socket().say(Begun()) == []


def test_each_chunk_is_acknowledged_in_order() -> None:
    socket = Account().socket()
    for chunk in (PCM, PCM * 2):
        socket.hear(chunk)
    assert socket.say(Acknowledged(until=0.1)) == [ack(0, 3200)]
    assert socket.say(Acknowledged(until=0.3), Acknowledged(until=0.3)) == [ack(3200, 9600)]
    socket.hear(PCM)
    assert socket.say(Acknowledged(until=0.3, settled=True)) == []


def test_a_turn_as_the_page_shows_it() -> None:
    socket = Account(messages_config=ALL).socket()
    interim = Transcript(
        is_final=False, text="book a", start=1.05, end=1.51, confidence=0.71,
        words=(Word("book", 1.05, 1.3, 0.74), Word("a", 1.31, 1.51, 0.68)),
    )  # fmt: skip
    words = ((" book", 1.05, 1.3, 0.74), (" a", 1.31, 1.51, 0.68))
    said = utterance(" book a", 1.05, 1.51, words, confidence=0.71)
    name = "00_00000000"
    assert socket.say(SpeechStarted(at=1.02), interim, SAID, TurnEnded(at=2.3)) == [
        {"type": "speech_start", "data": {"time": 1.02, "channel": 0}},
        {"type": "transcript", "data": {"id": name, "is_final": False, "utterance": said}},
        {"type": "speech_end", "data": {"time": 2.3, "channel": 0}},
        {"type": "transcript", "data": json.loads(transcript(
            utterance(" Book a table.", 1.05, 2.21, WORDS), is_final=True, name=name))["data"]},
    ]  # fmt: skip
    after = socket.say(SpeechStarted(at=2.9), SAID, Acknowledged(until=9.0), TurnEnded(at=2.3))
    assert [(frame["type"], frame["data"].get("id")) for frame in after] == [
        ("speech_start", None), ("transcript", "00_00000001"), ("speech_end", None),
    ]  # fmt: skip


def test_a_final_waits_for_the_next_event_but_not_for_what_settles() -> None:
    socket = Account().socket()
    assert types(socket.say(SAID, Acknowledged(until=2.3, settled=True))) == ["speech_start"]
    assert types(socket.say(TurnEnded(at=2.3))) == ["speech_end", "transcript"]
    assert types(socket.say(SAID, SAID)) == ["speech_start", "transcript"]


def test_speech_starts_and_ends_in_pairs_whatever_the_recogniser_says() -> None:
    def said(*heard: Any) -> list[Any]:
        return types(Account().socket().say(*heard, Notice(code="placed", message="")))

    assert said(TurnEnded(at=1.0, forced=True), SpeechEnded(at=1.0)) == []
    assert said(SAID, TurnEnded(at=2.3)) == ["speech_start", "speech_end", "transcript"]
    started, ended = SpeechStarted(at=1.0), SpeechEnded(at=2.3)
    assert said(started, ended, SAID, TurnEnded(at=2.3)) == ["speech_start", "speech_end", "transcript"]
    assert said(started, SAID, SAID, TurnEnded(at=9.0)) == ["speech_start", "transcript", "speech_end", "transcript"]
    empty = Transcript(is_final=False, text="")
    assert said(empty) == []


def test_what_the_recogniser_does_not_know_is_filled_in() -> None:
    socket = Account(language_config={"languages": ["fr", "de"]}, channels=2).socket()
    heard = Transcript(is_final=True, text="Oui", words=(Word("Oui"),), channel=1)
    assert socket.say(heard, TurnEnded(channel=0))[-1]["data"] == {
        "id": "01_00000000", "is_final": True,
        "utterance": utterance(" Oui", 0.0, 0.0, [(" Oui", 0.0, 0.0, 1.0)], language="fr", confidence=1.0, channel=1),
    }  # fmt: skip
    glued = Transcript(is_final=True, text=".", glued=True, start=1.0, end=1.0, language="de-DE", channel=1)
    said = socket.say(glued, SpeechStarted(at=1.0))[0]["data"]["utterance"]
    assert (said["text"], said["language"]) == (".", "de")


FLAGS = [
    ("receive_partial_transcripts", set(), {"transcript"}),
    ("receive_final_transcripts", {"transcript"}, set()),
    ("receive_speech_events", {"speech_start", "speech_end"}, set()),
    ("receive_pre_processing_events", set(), set()),
    ("receive_realtime_processing_events", {"translation", "sentiment_analysis", "named_entity_recognition"}, set()),
    ("receive_post_processing_events",
     {"post_transcript", "post_summarization", "post_chapterization", "post_final_transcript"}, set()),
    ("receive_acknowledgments", {"audio_chunk", "stop_recording"}, set()),
    ("receive_errors", {"error"}, set()),
    ("receive_lifecycle_events", set(), {"start_recording", "end_recording", "end_session"}),
]  # fmt: skip
ADD_ONS = {
    "realtime_processing": {
        "translation": True, "translation_config": {"target_languages": ["fr"]}, "sentiment_analysis": True,
        "named_entity_recognition": True,
    },
    "post_processing": {"summarization": True, "chapterization": True},
}  # fmt: skip


@pytest.mark.parametrize(("flag", "by_default", "on_request"), FLAGS)
def test_each_flag_has_its_own_default(flag: str, by_default: set[str], on_request: set[str]) -> None:
    def said(**config: bool) -> list[str]:
        socket = Account(messages_config=config, **ADD_ONS).socket()
        socket.hear(PCM)
        frames = socket.say(Begun(), Acknowledged(until=0.1), SpeechStarted(at=0.0), Notice(code="odd", message="odd"))
        frames += socket.say(Transcript(is_final=False, text="a"), SAID, TurnEnded())
        socket.hear(STOP)
        return [frame["type"] for frame in [*frames, *socket.say(Ended())] if isinstance(frame, dict)]

    assert set(said()) - set(said(**{flag: False})) == by_default
    more = said(**{flag: True})
    for kind in said():
        more.remove(kind)
    assert set(more) == on_request


def test_what_the_recogniser_says_beside_is_an_error_message_and_no_end() -> None:
    socket = Account().socket()
    assert socket.say(Notice(code="partial_frame", message="the audio ended inside a sample frame")) == [
        {"type": "error", "data": {"code": "partial_frame", "message": "the audio ended inside a sample frame"}}
    ]


FAILURES = [
    (
        Failed(kind="provider", code="x", message="no recogniser", retryable=True),
        1011,
        "internal_error",
        "queued",
        None,
    ),
    (Failed(kind="invalid", code="x", message="no such language"), 4400, "internal_error", "error", 400),
    (Failed(kind="provider", code="x", message="broken"), 4400, "internal_error", "error", 500),
]


@pytest.mark.parametrize(("failed", "code", "error", "status", "error_code"), FAILURES)
def test_failures_close(failed: Failed, code: int, error: str, status: str, error_code: int | None) -> None:
    account = Account()
    assert account.socket().say(failed) == [
        {"type": "error", "data": {"code": error, "message": failed.message}}, Closed(code, failed.message),
    ]  # fmt: skip
    job = account.job()
    assert (job["status"], job["error_code"], job["completed_at"] is None) == (status, error_code, failed.retryable)
    assert isinstance(account.upgrade(), HttpResponse) is not failed.retryable


def test_a_client_that_is_idle_is_dropped_and_may_come_back() -> None:
    account = Account()
    socket = account.socket()
    assert socket.say(socket.accepted.timers[0].answer) == [Closed(1011, "no message came for 30 s")]
    account.socket()


def test_a_session_that_has_lasted_too_long_is_over_and_has_its_result() -> None:
    account = Account()
    socket = account.socket()
    said = socket.say(Begun(), SAID, socket.accepted.timers[1].answer)
    assert types(said) == ["speech_start", "transcript", "error", Closed(4408, "a session lasts 3 hours")]
    assert said[2]["data"]["code"] == "session_timeout"
    job = account.job()
    assert (job["status"], job["error_code"]) == ("done", None)
    assert job["result"]["transcription"]["full_transcript"] == "Book a table."
    account.now += 10_801
    assert isinstance(account.upgrade(), HttpResponse)


# ------------------------------------------------------------------- the end


def test_the_end_in_the_order_of_the_page() -> None:
    account = Account(messages_config=ALL)
    socket = account.socket()
    socket.hear(PCM)
    socket.say(Begun(), Acknowledged(until=0.1))
    socket.hear(STOP)
    account.now += 2.5
    said = socket.say(SpeechStarted(at=1.02), SAID, TurnEnded(at=2.3), Ended(reported_audio_seconds=0.1))
    assert types(said) == [
        "stop_recording", "speech_start", "speech_end", "transcript", "end_recording", "post_transcript",
        "post_final_transcript", "end_session", Closed(1000),
    ]  # fmt: skip
    stopped = {"recording_duration": 0.1, "recording_left_to_process": 0.1}
    assert said[0] == {"type": "stop_recording", "acknowledged": True, "error": None, "data": stopped}
    assert said[4]["data"] == {"recording_duration": 0.1}
    whole = utterance(" Book a table.", 1.05, 2.21, WORDS)
    transcription = {"full_transcript": "Book a table.", "languages": ["en"], "utterances": [whole]}
    assert said[5]["data"] == transcription
    metadata = {"audio_duration": 0.1, "number_of_distinct_channels": 1, "billing_time": 0.1, "transcription_time": 2.5}
    assert said[6]["data"] == {"metadata": metadata, "transcription": transcription}


def test_audio_of_several_channels_is_billed_for_each() -> None:
    account = Account(channels=2)
    socket = account.socket()
    socket.hear(PCM * 2)
    metadata = socket.say(Begun(), Acknowledged(until=0.1), Ended())[-2]["data"]["metadata"]
    assert (metadata["audio_duration"], metadata["billing_time"]) == (0.1, 0.2)


@pytest.mark.parametrize(("finals", "kept"), [(10, "words"), (2_000, "utterances"), (8_000, "text")])
def test_no_message_is_longer_than_clients_take(finals: int, kept: str) -> None:
    socket = Account().socket()
    words = tuple(Word("abcdefghij", 1.0, 2.0, 0.9) for _ in range(8))
    final = Transcript(is_final=True, text=" ".join(word.text for word in words), start=1.0, end=2.0, words=words)
    socket.say(*[final] * finals)
    frames = [frame for frame in socket.server.send(Ended()) if isinstance(frame, str)][-2:]
    assert all(len(frame) <= 1 << 20 for frame in frames)
    told = json.loads(frames[0])["data"]
    assert len(told["full_transcript"]) == 88 * finals - 1
    assert len(told["utterances"]) == (0 if kept == "text" else finals)
    assert bool(told["utterances"] and told["utterances"][0]["words"]) == (kept == "words")


def test_a_client_that_leaves_with_1000_has_stopped_and_does_not_come_back() -> None:
    account = Account()
    socket = account.socket()
    assert socket.hear(Closed(1000)) == [Finish()]
    assert socket.say(SAID, TurnEnded(at=2.3), Ended()) == []
    assert account.job()["result"]["transcription"]["full_transcript"] == "Book a table."
    assert isinstance(account.upgrade(), HttpResponse)
