"""Golden frames: what the protocol page shows, in both directions."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest

from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, Invalid, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    AnyEvent,
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
from voxport.wire import json_of
from voxport_adapters.gladia import Client, Front, adapter

KEY = "canary-key-5f1d"
ID = "7c2f9a44-6b1e-4f0a-9a57-0d0f3c1e2b11"
URL = f"wss://api.gladia.io/v2/live?token={ID}"
NOW = 1_772_619_072.345  # 2026-03-04T10:11:12.345Z
STAMP = "2026-03-04T10:11:12.345Z"
PCM = bytes(3200)


def message(kind: str, **fields: Any) -> str:
    """A message of the server, in the envelope that all have."""
    return json.dumps({"type": kind, "session_id": ID, "created_at": STAMP, **fields})


def utterance(text: str, start: float, end: float, words: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    plain = {"text": text, "start": start, "end": end, "language": "en", "confidence": 0.93, "channel": 0}
    return {
        **plain,
        "words": [dict(zip(("word", "start", "end", "confidence"), w, strict=True)) for w in words],
        **more,
    }


def transcript(said: dict[str, Any], *, is_final: bool, name: str = "00_00000003") -> str:
    return message("transcript", data={"id": name, "is_final": is_final, "utterance": said})


def final(text: str, start: float, end: float, **more: Any) -> str:
    return transcript(utterance(text, start, end, **more), is_final=True)


def partial(text: str, start: float, end: float, **more: Any) -> str:
    return transcript(utterance(text, start, end, **more), is_final=False)


def speech(kind: str, time: float, channel: int = 0) -> str:
    return message(f"speech_{kind}", data={"time": time, "channel": channel})


WORDS = ((" Book", 1.05, 1.3, 0.95), (" a", 1.31, 1.5, 0.9), (" table.", 1.52, 2.21, 0.94))
FINAL = transcript(utterance(" Book a table.", 1.05, 2.21, WORDS), is_final=True)
SAID = Transcript(
    is_final=True, text="Book a table.", start=1.05, end=2.21, confidence=0.93, language="en",
    words=(Word("Book", 1.05, 1.3, 0.95), Word("a", 1.31, 1.5, 0.9), Word("table.", 1.52, 2.21, 0.94)),
)  # fmt: skip
TRANSLATION = {
    "utterance_id": "00_00000003", "utterance": utterance(" Book a table.", 1.05, 2.21), "original_language": "en",
    "target_language": "fr", "translated_utterance": utterance("Réservez une table.", 1.05, 2.21),
}  # fmt: skip
METADATA = {"audio_duration": 86.4, "number_of_distinct_channels": 1, "billing_time": 86.4, "transcription_time": 87.9}
RESULT = {"metadata": METADATA, "transcription": {"full_transcript": "Book a table.", "languages": ["en"]}}


def settings(**changes: Any) -> Settings:
    return Settings(provider="gladia", api_key=Secret(KEY), endpoint="http://127.0.0.1:8000", **changes)


def client(**changes: Any) -> Client:
    return Client(settings(**changes), Dial(URL, session_id=ID))


def hear(*frames: str, **changes: Any) -> list[AnyEvent]:
    end = client(**changes)
    return [event for frame in frames for event in end.receive(frame)]


def stereo() -> dict[str, Any]:
    return {"audio": AudioSettings(channels=2)}


# ------------------------------------------------------------------- the client hears


def test_the_upgrade_is_the_greeting() -> None:
    assert list(client().receive(Opened())) == [Begun(session_id=ID)]


@pytest.mark.parametrize("kind", ["start_session", "start_recording"])
def test_lifecycle_says_nothing_new(kind: str) -> None:
    assert hear(message(kind)) == []


def test_an_acknowledgement_counts_bytes() -> None:
    data = {"byte_range": [0, 3200], "time_range": [0, 0.1]}
    assert hear(message("audio_chunk", acknowledged=True, error=None, data=data)) == [Acknowledged(until=0.1)]
    bare = message("audio_chunk", acknowledged=True, data={"byte_range": [3200, 9600]})
    assert hear(bare, audio=AudioSettings(encoding="mulaw", sample_rate=8000)) == [Acknowledged(until=1.2)]


@pytest.mark.parametrize("kind", ["audio_chunk", "stop_recording"])
def test_what_was_not_taken_is_a_notice(kind: str) -> None:
    refused = message(kind, acknowledged=False, error={"message": "Recording is already stopped"}, data=None)
    assert hear(refused) == [Notice(code=kind, message="Recording is already stopped")]
    assert hear(message(kind, acknowledged=False, error=None, data=None)) == [Notice(code=kind, message="refused")]


def test_a_turn_as_it_usually_comes() -> None:
    words = ((" book", 1.05, 1.3, 0.74), (" a", 1.31, 1.51, 0.68))
    heard = hear(
        speech("start", 1.02),
        transcript(utterance(" book a", 1.05, 1.51, words, confidence=0.71), is_final=False),
        speech("end", 2.3),
        FINAL,
    )
    assert heard == [
        SpeechStarted(at=1.02),
        Transcript(
            is_final=False, text="book a", start=1.05, end=1.51, confidence=0.71, language="en",
            words=(Word("book", 1.05, 1.3, 0.74), Word("a", 1.31, 1.51, 0.68)),
        ),
        SAID,
        TurnEnded(at=2.3),
    ]  # fmt: skip


def ends(*frames: str, **changes: Any) -> list[str]:
    """Finals as their texts, ends of turns as ``|``."""
    heard = hear(*frames, **changes)
    return [
        "|" if isinstance(event, TurnEnded) else event.text
        for event in heard
        if isinstance(event, TurnEnded) or (isinstance(event, Transcript) and event.is_final)
    ]


def test_a_final_before_its_speech_end_waits_for_it() -> None:
    assert ends(FINAL) == ["Book a table."]
    assert ends(FINAL, speech("end", 2.3)) == ["Book a table.", "|"]


def test_a_cut_at_the_maximum_duration_ends_no_turn() -> None:
    cut, rest = final(" one", 0.1, 4.9), final(" two", 5.0, 7.9)
    assert ends(cut, rest) == ["one", "two"]
    assert ends(cut, speech("end", 8.0), rest) == ["one", "two", "|"]
    assert ends(cut, partial(" tw", 5.0, 5.2), speech("end", 5.3), final(" two", 5.0, 5.2)) == ["one", "two", "|"]
    assert ends(cut, speech("end", 8.0), final("", 5.0, 7.9)) == ["one", "|"]


def test_a_final_that_comes_after_speech_went_on_still_ends_its_turn() -> None:
    late = [speech("end", 2.3), speech("start", 2.4), FINAL, speech("end", 4.0), final(" Now.", 2.45, 3.9)]
    assert ends(*late) == ["Book a table.", "|", "Now.", "|"]


def test_an_end_of_speech_before_the_words_is_not_theirs() -> None:
    assert ends(speech("end", 1.0), FINAL) == ["Book a table."]


def test_a_long_silence_that_ends_turns_is_allowed_for() -> None:
    frames = (FINAL, speech("end", 3.2))
    assert ends(*frames) == ["Book a table."]
    assert ends(*frames, transcription=Transcription(end_of_turn_silence_ms=800)) == ["Book a table.", "|"]


def test_an_end_of_turn_is_told_once_and_only_after_words() -> None:
    assert ends(speech("end", 2.3), FINAL, speech("end", 2.4)) == ["Book a table.", "|"]
    assert ends(speech("start", 1.0), speech("end", 2.0)) == []


def test_channels_are_kept_apart() -> None:
    one = final(" one", 1.0, 2.0)
    two = final(" two", 1.0, 2.0, channel=1)
    heard = hear(speech("end", 2.1, 1), one, two, **stereo())
    assert [(type(event).__name__, getattr(event, "channel", None)) for event in heard] == [
        ("Transcript", 0), ("Transcript", 1), ("TurnEnded", 1),
    ]  # fmt: skip
    assert hear(speech("start", 1.0, 1), **stereo()) == [SpeechStarted(at=1.0, channel=1)]


def test_an_empty_text_clears_a_partial_and_settles_what_is_final() -> None:
    heard = hear(partial(" a", 1.0, 1.2), final("", 1.0, 1.5), final(" ", 2.0, 2.5), partial("", 3.0, 3.1))
    assert [type(event) for event in heard] == [Transcript, Transcript, Acknowledged, Acknowledged]
    assert heard[1] == Transcript(is_final=False, text="", start=1.0, end=1.5, confidence=0.93, language="en")
    assert heard[2:] == [Acknowledged(until=1.5, settled=True), Acknowledged(until=2.5, settled=True)]
    assert hear(final("", 1.0, 1.5), **stereo()) == []


def test_fields_that_clients_do_without() -> None:
    frame = '{"type":"transcript","data":{"id":"a","is_final":true,"utterance":{"text":"Hi","start":1,"end":2}}}'
    assert hear(frame) == [Transcript(is_final=True, text="Hi", start=1.0, end=2.0)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("translation", TRANSLATION),
        ("named_entity_recognition", {"utterance_id": "00_00000007", "results": []}),
        ("sentiment_analysis", {"utterance_id": "00_00000009", "results": []}),
        ("post_summarization", {"results": "The caller wants to book a table."}),
        ("post_chapterization", {"results": []}),
    ],
)
def test_add_ons_are_kept_and_their_failures_told(kind: str, data: Any) -> None:
    assert hear(message(kind, error=None, data=data)) == [Unknown(kind=kind)]
    failed = message(kind, error={"message": "Translation failed"}, data=None)
    assert hear(failed) == [Notice(code=kind, message="Translation failed")]


def test_results_of_the_whole_session() -> None:
    assert hear(message("post_transcript", data=RESULT["transcription"])) == []
    assert hear(message("post_final_transcript", data=RESULT)) == []


def test_an_error_message_that_no_source_defines() -> None:
    frame = message("error", data={"code": "session_timeout", "message": "Too long"})
    assert hear(frame) == [Notice(code="session_timeout", message="Too long")]
    assert hear(message("error")) == [Unknown(kind="error")]


@pytest.mark.parametrize(
    "frame",
    [
        message("transcript", data={"id": 7}),
        message("speech_end", data={"time": "now"}),
        message("stop_recording", acknowledged=True, data={"recording_duration": "long"}),
        message("audio_chunk", acknowledged="yes"),
    ],
)
def test_nonsense_in_a_known_message_is_a_notice(frame: str) -> None:
    assert [(type(event), getattr(event, "code", "")) for event in hear(frame)] == [(Notice, "malformed")]


# ------------------------------------------------------------------- the client says


def test_what_the_client_says() -> None:
    end = client()
    assert list(end.send(Audio(PCM))) == [PCM]
    assert list(end.send(KeepAlive())) == ['{"type":"audio_chunk","data":{"chunk":""}}']
    assert list(end.send(EndUtterance())) == list(end.send(Configure({}))) == []
    assert list(end.send(Finish())) == ['{"type":"stop_recording"}']


def test_audio_is_cut_to_whole_frames_that_the_service_takes() -> None:
    audio = bytes(range(256)) * 8192
    pieces = list(client(audio=AudioSettings(channels=3)).send(Audio(audio)))
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == audio
    assert all(isinstance(piece, bytes) and len(piece) < 1 << 20 for piece in pieces)
    assert all(len(piece) % 6 == 0 for piece in pieces[:-1] if isinstance(piece, bytes))


# ------------------------------------------------------------------- the end


def finishing() -> Client:
    end = client()
    list(end.send(Finish()))
    return end


def test_the_end_of_the_session_ends_it_and_nothing_before_does() -> None:
    end = finishing()
    stopped = {"recording_duration": 86.4, "recording_left_to_process": 1.2}
    frames = (
        message("stop_recording", acknowledged=True, error=None, data=stopped),
        message("end_recording", data={"recording_duration": 86}),
        message("post_final_transcript", data=RESULT),
    )
    assert [event for frame in frames for event in end.receive(frame)] == []
    assert list(end.receive(message("end_session"))) == [Ended(reported_audio_seconds=86.4)]
    assert list(end.receive(Closed(1000))) == []


def test_without_lifecycle_the_close_is_the_end() -> None:
    end = finishing()
    assert [type(event) for event in end.receive(Closed(1000))] == [Ended]


def test_integers_are_durations_too() -> None:
    end = finishing()
    list(end.receive(message("end_recording", data={"recording_duration": 86})))
    assert list(end.receive(message("end_session"))) == [Ended(reported_audio_seconds=86.0)]


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [(None, "network", True), (1001, "network", True), (1009, "provider", True), (1011, "provider", True),
     (4408, "invalid", False), (4500, "provider", True)],
)  # fmt: skip
def test_close_codes(code: int | None, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a parameter of the table
    for end in (client(), finishing()):
        (failed,) = end.receive(Closed(code, "because"))
        assert isinstance(failed, Failed)
        assert (failed.kind, failed.retryable) == (kind, retryable)
        assert "because" in failed.message


# ------------------------------------------------------------------- dialling


def posted(**changes: Any) -> HttpRequest:
    return next(adapter.dial(settings(**changes)))


def dial(url: str, **changes: Any) -> Dial:
    body = json.dumps({"id": ID, "created_at": STAMP, "url": url}).encode()
    found = dialled(adapter.dial(settings(**changes)), lambda _: HttpResponse(201, {}, body))
    assert isinstance(found, Dial)
    return found


def test_the_post() -> None:
    request = posted(transcription=Transcription(language="en-US", partials=False))
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:8000/v2/live")
    assert request.headers == {"X-Gladia-Key": KEY, "Content-Type": "application/json"}
    assert json.loads(request.body) == {
        "model": "solaria-1", "encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1,
        "language_config": {"languages": ["en"]},
        "messages_config": {
            "receive_partial_transcripts": False, "receive_final_transcripts": True, "receive_speech_events": True,
            "receive_acknowledgments": True, "receive_lifecycle_events": True,
        },
    }  # fmt: skip


def test_every_setting_has_its_place_in_the_body() -> None:
    wanted = Transcription(languages=("en", "fr-CA"), key_terms=("Kelda",), end_of_turn_silence_ms=700)
    body = json.loads(posted(transcription=wanted, audio=AudioSettings(encoding="mulaw", sample_rate=8000)).body)
    assert body["language_config"] == {"languages": ["en", "fr"], "code_switching": True}
    vocabulary = {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": ["Kelda"]}}
    assert body["realtime_processing"] == vocabulary
    assert body["endpointing"] == 0.7
    assert (body["encoding"], body["bit_depth"], body["sample_rate"]) == ("wav/ulaw", 8, 8000)
    assert body["messages_config"]["receive_partial_transcripts"] is True


def test_the_callers_options_win_at_every_depth() -> None:
    options = {"model": "solaria-2", "messages_config": {"receive_speech_events": False}, "endpointing": 0.3}
    body = json.loads(posted(options=options, transcription=Transcription(end_of_turn_silence_ms=900)).body)
    assert (body["model"], body["endpointing"]) == ("solaria-2", 0.3)
    assert body["messages_config"]["receive_speech_events"] is False
    assert body["messages_config"]["receive_acknowledgments"] is True


def test_the_region_goes_to_the_query_and_never_into_the_body() -> None:
    request = posted(options={"region": "us-west"})
    assert request.url == "http://127.0.0.1:8000/v2/live?region=us-west"
    assert "region" not in json.loads(request.body)


def test_what_live_sessions_cannot_do_is_dropped_and_not_wanting_it_is_no_loss() -> None:
    asked = Transcription(diarization=True, redaction=True, profanity_filter=True, punctuation=False)
    dropped = {item.setting for item in adapter.translate(settings(transcription=asked)).of("dropped")}
    assert dropped == {"diarization", "redaction", "profanity_filter", "punctuation"}
    asked = Transcription(diarization=False, redaction=False, profanity_filter=False, punctuation=True)
    assert not adapter.translate(settings(transcription=asked)).of("dropped")
    floats = adapter.translate(settings(audio=AudioSettings(encoding="f32le"))).of("dropped")
    assert [item.setting for item in floats] == ["encoding"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (URL, URL),
        ("ws://10.0.0.1:9000/v2/live?token=a", "ws://10.0.0.1:9000/v2/live?token=a"),
        ("/v2/live?token=a", "ws://127.0.0.1:8000/v2/live?token=a"),
    ],
)
def test_the_address_is_taken_as_it_comes_or_relative_to_the_endpoint(said: str, meant: str) -> None:
    assert dial(said) == Dial(meant, session_id=ID)


def test_an_answer_without_an_address_leads_to_a_refusal() -> None:
    found = dialled(adapter.dial(settings()), lambda _: HttpResponse(201, {}, b"{}"))
    assert found == Dial("ws://127.0.0.1:8000/v2/live")


def test_the_token_does_not_show() -> None:
    assert ID not in repr(dial(URL)).replace(f"session_id={ID}", "")


def test_to_resume_is_to_dial_the_same_address_without_asking() -> None:
    known = Dial(URL, session_id=ID)
    with pytest.raises(StopIteration) as stopped:
        next(adapter.dial(settings(), known))
    assert stopped.value.value is known


def test_a_refusal_names_the_fields() -> None:
    body = {"statusCode": 400, "message": "Invalid request", "validation_errors": ["sample_rate must be one of 8000"]}
    failed = adapter.explain(HttpResponse(400, {}, json.dumps(body).encode()))
    assert failed == Failed(
        kind="invalid", code="400", message="Invalid request; sample_rate must be one of 8000",
        remedy="correct the setting that the provider names",
    )  # fmt: skip
    refused = adapter.explain(HttpResponse(401, {}, b'{"message":"gladia key not found"}'))
    assert (refused.kind, refused.retryable, refused.message) == ("refused", False, "gladia key not found")
    busy = adapter.explain(HttpResponse(429, {"retry-after": "7"}, b""))
    assert (busy.kind, busy.retryable, busy.retry_after) == ("refused", True, 7.0)


# ------------------------------------------------------------------- the server


class Account:
    """A front and what is asked of it; the session is that of ``post``."""

    def __init__(self, **body: Any) -> None:
        ids = (f"{number:08x}-0000-4000-8000-000000000000" for number in itertools.count(1))
        self.front = Front(Desk(frozenset({KEY}), lambda: next(ids), lambda: NOW))
        made = self.ask("POST", "/v2/live", body)
        assert made.status == 201
        assert made.headers["content-type"] == "application/json"
        self.made = json_of(made.body)
        self.id = self.made["id"]

    def ask(self, method: str, path: str, body: object = None, key: str = KEY) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = HttpRequest(method, f"http://127.0.0.1:8000{path}", {"x-gladia-key": key}, content)
        answer = self.front.answer(request)
        assert answer is not None
        return answer

    def socket(self) -> "Socket":
        accepted = self.front.accept(HttpRequest("GET", self.made["url"]))
        assert isinstance(accepted, Accepted), accepted
        return Socket(accepted)


class Socket:
    """One socket of a session; ``opened`` is what the server hears of the upgrade."""

    def __init__(self, accepted: Accepted) -> None:
        self.accepted = accepted
        self.server = accepted.server
        self.opened = self.hear(Opened())

    def hear(self, signal: Any) -> list[Command]:
        return list(self.server.receive(signal))

    def say(self, *all_said: AnyEvent) -> list[Any]:
        """The messages, without their envelope, which is checked; closes as they are."""
        frames = [signal for said in all_said for signal in self.server.send(said)]
        return [signal if isinstance(signal, Closed) else unwrapped(signal) for signal in frames]


def unwrapped(frame: str | bytes) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(frame)
    assert list(tree)[:3] == ["type", "session_id", "created_at"]
    assert tree.pop("session_id")
    assert tree.pop("created_at") == STAMP
    return tree


def types(frames: list[Any]) -> list[Any]:
    return [frame if isinstance(frame, Closed) else frame["type"] for frame in frames]


def ack(start: int, end: int, rate: int = 32_000) -> dict[str, Any]:
    data = {"byte_range": [start, end], "time_range": [start / rate, end / rate]}
    return {"type": "audio_chunk", "acknowledged": True, "error": None, "data": data}


STOP = '{"type":"stop_recording"}'
ALL = {"receive_partial_transcripts": True, "receive_lifecycle_events": True}
ALREADY = {"acknowledged": False, "error": {"message": "Recording is already stopped"}, "data": None}


def test_the_answer_to_the_post() -> None:
    account = Account()
    url = "ws://127.0.0.1:8000/v2/live?token=00000002-0000-4000-8000-000000000000"
    assert account.made == {"id": "00000001-0000-4000-8000-000000000000", "created_at": STAMP, "url": url}
    assert [(timer.kind, timer.after) for timer in account.socket().accepted.timers] == [("idle", 30.0)]


def test_an_empty_body_means_the_defaults() -> None:
    (start,) = Account().socket().opened
    assert isinstance(start, Start)
    assert start.settings.audio == AudioSettings()
    assert start.settings.transcription == Transcription(partials=False)
    assert start.settings.model == "solaria-1"


def test_the_body_becomes_settings() -> None:
    account = Account(
        encoding="wav/ulaw", bit_depth=8, sample_rate=8000, channels=2, endpointing=0.7, made_up_option=7, model=None,
        language_config={"languages": ["en", "fr"]}, messages_config={"receive_partial_transcripts": True},
        realtime_processing={
            "custom_vocabulary": True, "words_accurate_timestamps": False,
            "custom_vocabulary_config": {"vocabulary": ["Kelda", {"value": "Skye", "intensity": 0.4}]},
        },
    )  # fmt: skip
    (start,) = account.socket().opened
    assert isinstance(start, Start)
    assert start.settings.audio == AudioSettings(encoding="mulaw", sample_rate=8000, channels=2)
    assert start.settings.transcription == Transcription(
        languages=("en", "fr"), partials=True, key_terms=("Kelda", "Skye"), end_of_turn_silence_ms=700
    )
    (start,) = Account(language_config={"languages": ["de"]}).socket().opened
    assert isinstance(start, Start)
    assert start.settings.transcription.language == "de"


REFUSED = [
    ({"sample_rate": 11025}, "sample_rate must be one of the following values: 8000, 16000, 32000, 44100, 48000"),
    ({"bit_depth": 12}, "bit_depth must be one of the following values: 8, 16, 24, 32"),
    ({"encoding": "opus"}, "encoding must be one of the following values: wav/pcm, wav/alaw, wav/ulaw"),
    ({"channels": 9}, "channels must be one of the following values: 1, 2, 3, 4, 5, 6, 7, 8"),
    ({"channels": []}, "channels must be one of the following values: 1, 2, 3, 4, 5, 6, 7, 8"),
    ({"endpointing": "long"}, "endpointing must be like 0.05"),
    ({"endpointing": 99}, "Expected `int` <= 60000"),
    ({"messages_config": 7}, "messages_config must be like "),
    ({"language_config": []}, "language_config must be like "),
    ({"region": "us-west"}, "property region should not exist"),
    ({"bit_depth": 24}, "encoding must be wav/pcm of 16 bits or wav/ulaw of 8"),
    ({"encoding": "wav/alaw", "bit_depth": 8}, "encoding must be wav/pcm of 16 bits or wav/ulaw of 8"),
    (b"{", "Input data was truncated"),
    (b"[]", "Expected `object`, got `array`"),
    (b'{"a":' + b"[" * 100_000, "maximum recursion depth exceeded"),
]


@pytest.mark.parametrize(("body", "why"), REFUSED, ids=range(len(REFUSED)))
def test_a_body_that_is_refused(body: object, why: str) -> None:
    answer = Account().ask("POST", "/v2/live", body)
    tree = json_of(answer.body)
    (complaint,) = tree.pop("validation_errors")
    assert complaint.startswith(why)
    assert answer.status == 400
    assert tree == {
        "timestamp": STAMP, "path": "/v2/live", "request_id": "G-00000003", "statusCode": 400,
        "message": "Invalid request",
    }  # fmt: skip


def test_all_complaints_come_at_once() -> None:
    tree = json_of(Account().ask("POST", "/v2/live", {"sample_rate": 1, "bit_depth": 1}).body)
    assert [complaint.split()[0] for complaint in tree["validation_errors"]] == ["bit_depth", "sample_rate"]


def test_a_wrong_key() -> None:
    answer = Account().ask("POST", "/v2/live", {}, key="wrong")
    tree = json_of(answer.body)
    assert (answer.status, tree["statusCode"], tree["message"]) == (401, 401, "gladia key not found")
    assert "validation_errors" not in tree


@pytest.mark.parametrize("token", ["?token=unknown", "?token=", ""])
def test_an_unknown_token_is_refused_before_the_upgrade(token: str) -> None:
    answer = Account().front.accept(HttpRequest("GET", f"ws://127.0.0.1:8000/v2/live{token}"))
    assert isinstance(answer, HttpResponse)
    assert answer.status == 403


def test_other_paths_are_not_ours() -> None:
    front = Account().front
    for path in ("/v1/listen", "/v2/lively", "/"):
        request = HttpRequest("GET", f"http://127.0.0.1:8000{path}", {"x-gladia-key": KEY})
        assert front.answer(request) is None
        assert front.accept(request) is None


# ------------------------------------------------------------------- what the server hears


def test_audio_in_both_framings() -> None:
    socket = Account().socket()
    assert socket.hear(PCM) == [Audio(PCM)]
    assert socket.hear('{"type":"audio_chunk","data":{"chunk":"AAABAA=="}}') == [Audio(b"\0\0\1\0")]
    assert socket.hear('{"type":"audio_chunk","data":{"chunk":""}}') == [KeepAlive()]
    assert socket.hear(b"") == [KeepAlive()]
    assert socket.hear(STOP) == [Finish()]


@pytest.mark.parametrize(
    "frame", ["{", "[]", '{"type":"Finalize"}', '{"type":"audio_chunk","data":{"chunk":"!"}}', b"\0"]
)
def test_what_is_not_understood_is_a_refused_chunk(frame: str | bytes) -> None:
    socket = Account().socket()
    (invalid,) = socket.hear(frame)
    assert isinstance(invalid, Invalid)
    (refused,) = socket.say(invalid.answer)
    assert refused.pop("error")["message"]
    assert refused == {"type": "audio_chunk", "acknowledged": False, "data": None}


def test_after_the_stop_nothing_is_taken() -> None:
    socket = Account().socket()
    socket.hear(STOP)
    for frame, kind in ((PCM, "audio_chunk"), (STOP, "stop_recording")):
        (invalid,) = socket.hear(frame)
        assert isinstance(invalid, Invalid)
        assert socket.say(invalid.answer)[-1] == {"type": kind, **ALREADY}


# ------------------------------------------------------------------- what the server says


def test_recording_starts_once_where_lifecycle_is_asked_for() -> None:
    account = Account(messages_config=ALL)
    assert account.socket().say(Begun(), Begun()) == [{"type": "start_recording"}]
    assert account.socket().say(Begun()) == []
    assert Account().socket().say(Begun()) == []


def test_each_chunk_is_acknowledged_in_order() -> None:
    socket = Account().socket()
    for chunk in (PCM, bytes(6400)):
        socket.hear(chunk)
    assert socket.say(Acknowledged(until=0.1)) == [ack(0, 3200)]
    assert socket.say(Acknowledged(until=0.3), Acknowledged(until=0.3)) == [ack(3200, 9600)]
    socket.hear(PCM)
    assert socket.say(Acknowledged(until=0.3, settled=True)) == []
    assert Account(messages_config={"receive_acknowledgments": False}).socket().hear(PCM) == [Audio(PCM)]


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
    after = socket.say(SAID, Acknowledged(until=9.0), TurnEnded(at=2.3))
    assert [(frame["type"], frame["data"].get("id")) for frame in after] == [
        ("transcript", "00_00000001"), ("speech_end", None),
    ]  # fmt: skip


def test_a_final_waits_for_the_next_event_but_not_for_what_settles() -> None:
    socket = Account().socket()
    assert socket.say(SAID, Acknowledged(until=2.3, settled=True)) == []
    assert types(socket.say(TurnEnded(at=2.3))) == ["speech_end", "transcript"]
    assert types(socket.say(SAID, SAID)) == ["transcript"]


def test_what_the_recogniser_does_not_know_is_filled_in() -> None:
    socket = Account(language_config={"languages": ["fr", "de"]}, channels=2).socket()
    heard = Transcript(is_final=True, text="Oui", words=(Word("Oui"),), channel=1)
    assert socket.say(heard, TurnEnded(channel=0))[0]["data"] == {
        "id": "01_00000000", "is_final": True,
        "utterance": utterance(" Oui", 0.0, 0.0, [(" Oui", 0.0, 0.0, 1.0)], language="fr", confidence=1.0, channel=1),
    }  # fmt: skip
    glued = Transcript(is_final=True, text=".", glued=True, start=1.0, end=1.0, language="de-DE")
    said = socket.say(glued, SpeechStarted(at=1.0))[0]["data"]["utterance"]
    assert (said["text"], said["language"]) == (".", "de")


@pytest.mark.parametrize(
    ("flag", "kinds"),
    [
        ("receive_partial_transcripts", []),
        ("receive_final_transcripts", ["transcript"]),
        ("receive_speech_events", ["speech_start", "speech_end"]),
        ("receive_acknowledgments", ["audio_chunk", "stop_recording"]),
        ("receive_post_processing_events", ["post_transcript", "post_final_transcript"]),
        ("receive_lifecycle_events", []),
    ],
)
def test_each_flag_has_its_own_default(flag: str, kinds: list[str]) -> None:
    def said(**config: bool) -> list[str]:
        socket = Account(messages_config=config).socket()
        socket.hear(PCM)
        frames = socket.say(Begun(), Acknowledged(until=0.1), SpeechStarted(at=0.0))
        frames += socket.say(Transcript(is_final=False, text="a"), SAID, TurnEnded())
        socket.hear(STOP)
        return [frame["type"] for frame in [*frames, *socket.say(Ended())] if isinstance(frame, dict)]

    assert set(said()) - set(said(**{flag: False})) == set(kinds)
    assert len(said(**{flag: True})) >= len(said())


def test_the_end_in_the_order_of_the_page() -> None:
    account = Account(messages_config=ALL)
    socket = account.socket()
    socket.hear(PCM)
    socket.say(Begun(), Acknowledged(until=0.1))
    socket.hear(STOP)
    said = socket.say(SAID, TurnEnded(at=2.3), Ended(reported_audio_seconds=0.1))
    assert types(said) == [
        "stop_recording", "speech_end", "transcript", "end_recording", "post_transcript", "post_final_transcript",
        "end_session", Closed(1000),
    ]  # fmt: skip
    stopped = {"recording_duration": 0.1, "recording_left_to_process": 0.1}
    assert said[0] == {"type": "stop_recording", "acknowledged": True, "error": None, "data": stopped}
    assert said[3]["data"] == {"recording_duration": 0.1}
    whole = utterance(" Book a table.", 1.05, 2.21, WORDS)
    transcription = {"full_transcript": "Book a table.", "languages": ["en"], "utterances": [whole]}
    assert said[4]["data"] == transcription
    metadata = {"audio_duration": 0.1, "number_of_distinct_channels": 1, "billing_time": 0.1, "transcription_time": 0.0}
    assert said[5]["data"] == {"metadata": metadata, "transcription": transcription}


def test_failures_close() -> None:
    account = Account()
    again = Failed(kind="provider", code="x", message="no recogniser", retryable=True)
    assert account.socket().say(again) == [Closed(1011, "no recogniser")]
    fatal = Failed(kind="invalid", code="x", message="no such language")
    assert account.socket().say(fatal) == [Closed(4400, "no such language")]
    assert json_of(account.ask("GET", f"/v2/live/{account.id}").body)["status"] == "error"
    assert isinstance(account.front.accept(HttpRequest("GET", account.made["url"])), HttpResponse)


# ------------------------------------------------------------------- the session outlives its sockets


def test_ranges_and_times_go_on_after_the_last_acknowledged_byte() -> None:
    account = Account()
    first = account.socket()
    for _ in range(3):
        first.hear(PCM)
    assert len(first.say(Acknowledged(until=0.1), Acknowledged(until=0.2))) == 2
    assert first.hear(Closed(None)) == [EndUtterance()]
    assert first.say(Acknowledged(until=0.3)) == []
    second = account.socket()
    assert [type(command) for command in second.opened] == [Start]
    second.hear(PCM)
    assert second.say(Acknowledged(until=0.1)) == [ack(6400, 9600)]
    started, ended = second.say(SpeechStarted(at=0.05), TurnEnded(at=0.1))
    assert (started["data"]["time"], ended["data"]["time"]) == (0.25, 0.3)
    (said,) = second.say(SAID, SpeechStarted())[:1]
    heard = said["data"]["utterance"]
    assert (heard["start"], heard["end"], heard["words"][0]["start"]) == (1.25, 2.41, 1.25)


def test_what_is_said_while_nobody_listens_waits_for_the_next_socket() -> None:
    account = Account()
    first = account.socket()
    first.hear(Closed(1006))
    assert first.say(SAID, TurnEnded(at=2.3, forced=True)) == []
    assert types(account.socket().say(Begun())) == ["speech_end", "transcript"]
    assert account.socket().say(Begun()) == []


def test_a_final_that_waited_at_the_drop_is_not_lost() -> None:
    account = Account()
    first = account.socket()
    assert first.say(SAID) == []
    first.hear(Closed(None))
    assert types(account.socket().say(Begun())) == ["transcript"]


def test_a_stop_is_remembered_over_a_drop() -> None:
    account = Account()
    first = account.socket()
    first.hear(STOP)
    assert first.hear(Closed(None)) == []
    second = account.socket()
    assert [type(command) for command in second.opened] == [Start, Finish]
    assert types(second.say(Begun(), Ended()))[-2:] == ["post_final_transcript", Closed(1000)]


def test_a_client_that_leaves_with_1000_has_stopped_and_does_not_come_back() -> None:
    account = Account()
    socket = account.socket()
    assert socket.hear(Closed(1000)) == [Finish()]
    assert socket.say(SAID, TurnEnded(at=2.3), Ended()) == []
    job = json_of(account.ask("GET", f"/v2/live/{account.id}").body)
    assert job["result"]["transcription"]["full_transcript"] == "Book a table."
    assert isinstance(account.front.accept(HttpRequest("GET", account.made["url"])), HttpResponse)


def test_the_job_by_its_id() -> None:
    account = Account(sample_rate=8000, made_up_option=7)
    path = f"/v2/live/{account.id}"
    job = json_of(account.ask("GET", path).body)
    assert (job["id"], job["status"], job["result"], job["kind"]) == (account.id, "queued", None, "live")
    params = job["request_params"]
    assert (params["sample_rate"], params["encoding"], params["made_up_option"]) == (8000, "wav/pcm", 7)
    socket = account.socket()
    socket.say(Begun())
    assert json_of(account.ask("GET", path).body)["status"] == "processing"
    assert account.ask("DELETE", path).status == 403
    socket.say(SAID, Ended())
    job = json_of(account.ask("GET", path).body)
    assert (job["status"], job["result"]["transcription"]["languages"]) == ("done", ["en"])
    assert account.ask("DELETE", path) == HttpResponse(202)
    assert account.ask("GET", path).status == account.ask("DELETE", path).status == 404
    assert account.ask("GET", path, key="wrong").status == 401
    assert account.ask("PUT", "/v2/live").status == 404
