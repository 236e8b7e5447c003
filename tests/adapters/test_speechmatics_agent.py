"""Speech-to-text for agents, both ends: segments, speech and turns."""

import json
from typing import Any

import pytest

from support.speechmatics import RAW, STARTED, desk, message, refused, sent, told, word
from voxport.codec import Accepted, Dial, HttpRequest
from voxport.commands import Audio, EndUtterance, Finish, IdentifySpeakers, Invalid, Start
from voxport.events import (
    Acknowledged,
    AudioEvent,
    Begun,
    Ended,
    Failed,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.settings import Secret, Settings, Transcription
from voxport_adapters.speechmatics.agent import adapter
from voxport_adapters.speechmatics.agent.client import Client
from voxport_adapters.speechmatics.agent.server import Server

SEGMENT = (
    '{"message":"AddSegment","segment":{"transcript":"Please call back.","speaker":"S1"},'
    '"metadata":{"start_time":0.8,"end_time":1.6}}'
)
PARTIAL = (
    '{"message":"AddPartialSegment","segment":{"transcript":"Please"},"metadata":{"start_time":0.8,"end_time":1.0}}'
)
SAID = Transcript(is_final=True, text="Please call back.", start=0.8, end=1.6, speaker="S1")


def moment(kind: str, at: float) -> str:
    field = "start_time" if kind in {"SpeechStarted", "StartOfTurn"} else "end_time"
    return json.dumps({"message": kind, "metadata": {field: at}})


# ------------------------------------------------------------------- the client


def client(**asked: Any) -> Any:
    return Client(Settings(provider="speechmatics-agent", **asked), Dial("wss://h/v2/agent"))


EXTERNAL = {"turn_config": {"turn_detection_mode": "external"}}


def hear(*frames: str, end: Any = None) -> list[Any]:
    end = end or client()
    return [event for frame in (STARTED, *frames) for event in end.receive(frame)][1:]


def test_segments() -> None:
    assert hear(PARTIAL, SEGMENT) == [Transcript(is_final=False, text="Please", start=0.8, end=1.0), SAID]


def test_an_empty_segment_says_nothing_and_an_empty_partial_clears() -> None:
    empty = '{"message":"AddSegment","segment":{"transcript":""},"metadata":{"start_time":0,"end_time":1}}'
    assert hear(empty) == []
    assert [event.text for event in hear(empty.replace("AddSeg", "AddPartialSeg"))] == [""]


def test_a_turn() -> None:
    frames = (moment("SpeechStarted", 0.7), moment("StartOfTurn", 0.8), moment("SpeechEnded", 1.6))
    assert hear(*frames, SEGMENT, moment("EndOfTurn", 1.8)) == [
        SpeechStarted(at=0.7), SpeechEnded(at=1.6), SAID, TurnEnded(at=1.8), Acknowledged(until=1.8, settled=True),
    ]  # fmt: skip


def test_a_pause_ends_speech_and_no_turn() -> None:
    frames = [moment("SpeechStarted", 0.7), moment("SpeechStarted", 0.7), moment("SpeechEnded", 1.0)]
    assert hear(*frames, moment("SpeechStarted", 1.4)) == [
        SpeechStarted(at=0.7), SpeechEnded(at=1.0), SpeechStarted(at=1.4),
    ]  # fmt: skip


def test_where_the_application_ends_turns_their_start_is_that_of_speech() -> None:
    assert hear(moment("StartOfTurn", 0.8), end=client(options=EXTERNAL)) == [SpeechStarted(at=0.8)]


def test_a_turn_that_was_asked_to_end_is_forced() -> None:
    end = client(options=EXTERNAL)
    list(end.send(EndUtterance()))
    assert hear(moment("EndOfTurn", 1.8), end=end)[0] == TurnEnded(at=1.8, forced=True)
    assert hear(moment("EndOfTurn", 2.8), end=end)[-2] == TurnEnded(at=2.8)


def test_words_where_they_are_let_through() -> None:
    words = (
        message("AddTranscript", word("Please", 0.8, 1.0), word("call", 1.0, 1.2)),
        message("AddPartialTranscript", word("back")),
        message("AddTranscript", word("back", 1.2, 1.5)),
        message("AddTranscript", {**word(".", 1.5, 1.5), "type": "punctuation"}),
        '{"message":"EndOfUtterance","metadata":{"start_time":1.5,"end_time":1.5}}',
    )
    (said,) = hear(*words, SEGMENT)
    assert [(w.text, w.start, w.end) for w in said.words] == [
        ("Please", 0.8, 1.0),
        ("call", 1.0, 1.2),
        ("back.", 1.2, 1.5),
    ]
    (said, again) = hear(words[0], SEGMENT, SEGMENT)
    assert said.words == again.words == (), "words of another text are none of this one"


def test_sounds() -> None:
    start = '{"message":"AudioEventStarted","event":{"type":"music","start_time":4.2,"confidence":0.8}}'
    end = '{"message":"AudioEventEnded","event":{"type":"music","end_time":10.2}}'
    assert hear(start, end) == [
        AudioEvent(kind="music", at=4.2, confidence=0.8),
        AudioEvent(kind="music", at=10.2, ended=True),
    ]


def added(end: Any, seconds: int) -> list[Any]:
    """What the client hears when so many seconds are acknowledged."""
    heard = []
    for _ in range(seconds):
        list(end.send(Audio(bytes(32_000))))
        heard += end.receive('{"message":"AudioAdded","seq_no":1}')
    return [(event.until, event.settled) for event in heard]


def test_long_silence_is_settled_and_only_that() -> None:
    end = client()
    assert added(end, 12) == [*((n, False) for n in range(1, 12)), (1.0, True), (12, False), (2.0, True)]
    list(end.receive(moment("SpeechStarted", 11.0)))
    assert added(end, 2) == [(13.0, False), (14.0, False)]
    list(end.receive(moment("SpeechEnded", 14.0)))
    assert added(end, 1) == [(15.0, False), (5.0, True)]
    list(end.receive(moment("StartOfTurn", 11.0)))
    assert added(end, 1) == [(16.0, False)]
    assert not any(settled for _, settled in added(client(options=EXTERNAL), 12))


def test_what_the_client_says() -> None:
    wanted = Transcription(
        language="en-GB", partials=False, punctuation=False, diarization=True, key_terms=("a",), filler_words=False
    )
    end = client(transcription=wanted, options={**EXTERNAL, "emit_sentences": True})
    assert sent(end, Start(None)) == [
        {
            "message": "StartRecognition", "audio_format": RAW, **EXTERNAL,
            "transcription_config": {
                "language": "en", "output_locale": "en-GB", "model": "linden-1", "enable_partials": False,
                "punctuation_overrides": {"permitted_marks": []}, "diarization": "speaker", "additional_vocab": ["a"],
                "transcript_filtering_config": {"remove_disfluencies": True}, "emit_sentences": True,
            },
        }
    ]  # fmt: skip
    list(end.send(Audio(bytes(3200))))
    assert sent(end, EndUtterance()) == [{"message": "ForceEndOfUtterance", "timestamp": 0.1}]
    assert sent(end, IdentifySpeakers(final=True)) == [{"message": "GetSpeakers", "final": True}]
    assert sent(end, Finish()) == [{"message": "EndOfStream", "last_seq_no": 1}]


def test_the_first_frame_is_what_the_sdk_sends() -> None:
    from speechmatics import agent_stt

    (asked,) = sent(client(), Start(None))
    config = agent_stt.TranscriptionConfig(language="en", enable_partials=True).to_dict()
    assert asked["transcription_config"] == json.loads(json.dumps(config))


def test_what_cannot_be_carried() -> None:
    wanted = Transcription(
        language="en", end_of_turn_silence_ms=500, entities=True, translate_to=("de",), profanity_filter=True,
        redaction=True, sentiment=True,
    )  # fmt: skip
    found = adapter.translate(Settings(provider="speechmatics-agent", transcription=wanted))
    assert {item.setting for item in found.of("dropped")} == {
        "end_of_turn_silence_ms", "entities", "translate_to", "profanity_filter", "redaction", "sentiment",
    }  # fmt: skip
    options = adapter.translate(Settings(provider="x", options={"operating_point": "linden-1"})).options
    assert "model" not in options


def test_errors_and_what_nobody_knows() -> None:
    (failed,) = hear('{"message":"Error","type":"not_authorised","reason":"Not Authorized"}')
    assert isinstance(failed, Failed)
    assert hear('{"message":"SessionMetrics"}') == [Unknown(kind="SessionMetrics")]
    assert [e.code for e in hear('{"message":"AddSegment"}', '{"message":"SpeechStarted","metadata":{}}')] == [
        "malformed"
    ] * 2


# ------------------------------------------------------------------- the server


def start(audio: Any = RAW, turns: Any = None, **config: Any) -> str:
    beside = {} if turns is None else {"turn_config": turns}
    tree = {"message": "StartRecognition", "audio_format": audio, "transcription_config": {"language": "en"} | config}
    return json.dumps(tree | beside)


def server(turns: Any = None, **config: Any) -> Any:
    end: Any = Server("x")
    assert any(isinstance(command, Start) for command in end.receive(start(turns=turns, **config)))
    told(end, Begun())
    return end


def final(*texts: str, at: float = 0.0, speaker: str | None = None) -> Transcript:
    words = tuple(Word(text, at + n, at + n + 0.5, speaker=speaker) for n, text in enumerate(texts))
    return Transcript(is_final=True, text=" ".join(texts), start=at, end=words[-1].end, words=words)


def kinds(frames: list[Any]) -> list[str]:
    return [frame["message"] for frame in frames]


def segments(frames: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (frame["segment"]["transcript"], *frame["metadata"].values())
        for frame in frames
        if frame["message"] == "AddSegment"
    ]


def test_a_turn_is_told_in_order() -> None:
    end = server(enable_partials=False)
    frames = told(end, SpeechStarted(at=0.2)) + told(end, SpeechStarted(at=0.2)) + told(end, final("Good", at=0.3))
    frames += told(end, final("morning.", at=1.3)) + told(end, TurnEnded(at=1.8))
    assert kinds(frames) == ["SpeechStarted", "StartOfTurn", "SpeechEnded", "AddSegment", "EndOfTurn"]
    assert [next(iter(frame["metadata"].values())) for frame in frames] == [0.2, 0.3, 1.8, 0.3, 1.8]
    assert segments(frames) == [("Good morning.", 0.3, 1.8)]
    assert kinds(told(end, TurnEnded(at=2.0))) == []


def test_a_partial_shows_all_of_the_segment() -> None:
    end = server()
    guess = Transcript(is_final=False, text="morn", words=(Word("morn", 1.0, 1.2),))
    frames = told(end, final("Good")) + told(end, guess) + told(end, TurnEnded())
    assert [(frame["message"], frame["segment"]["transcript"]) for frame in frames if "segment" in frame] == [
        ("AddPartialSegment", "Good"), ("AddPartialSegment", "Good morn"), ("AddSegment", "Good"),
    ]  # fmt: skip
    assert told(end, Transcript(is_final=False, text="")) == []


def test_a_text_without_words_is_a_segment_too() -> None:
    end = server()
    told(end, Transcript(is_final=True, text="Ask not.", start=0.5, end=1.0))
    assert segments(told(end, TurnEnded())) == [("Ask not.", 0.5, 1.0)]


def test_another_speaker_is_another_segment() -> None:
    end = server(diarization="speaker", enable_partials=False)
    frames = told(end, final("Hi.", speaker="S1")) + told(end, final("Yes.", at=1.0)) + told(end, TurnEnded())
    assert [frame["segment"] for frame in frames if "segment" in frame] == [
        {"transcript": "Hi.", "speaker": "S1"}, {"transcript": "Yes.", "speaker": "UU"},
    ]  # fmt: skip


def test_a_sentence_is_a_segment_where_that_is_wanted() -> None:
    end = server(emit_sentences=True)
    frames = told(end, final("Hi.", "How", "are")) + told(end, final("you?", "Good.", at=3.0))
    assert segments(frames) == [("Hi.", 0.0, 0.5), ("How are you?", 1.0, 3.5), ("Good.", 4.0, 4.5)]
    assert kinds(told(end, TurnEnded(at=5.0))) == ["EndOfTurn"]


def test_a_segment_covers_two_minutes_at_most() -> None:
    end = server()
    told(end, final("a"))
    assert segments(told(end, final("b", at=119.0))) == []
    assert segments(told(end, final("c", at=120.0))) == [("a b", 0.0, 119.5)]


def test_only_the_application_ends_turns_where_it_says_so() -> None:
    end = server(turns={"turn_detection_mode": "external"}, enable_partials=False)
    frames = told(end, SpeechStarted(at=0.0)) + told(end, final("Good")) + told(end, SpeechEnded(at=0.5))
    frames += told(end, TurnEnded(at=0.5)) + told(end, final("day.", at=1.0))
    assert kinds(frames) == ["StartOfTurn"]
    assert list(end.receive('{"message":"ForceEndOfUtterance","timestamp":1.5}')) == [EndUtterance()]
    assert kinds(told(end, TurnEnded(at=1.5, forced=True))) == ["AddSegment", "EndOfTurn"]
    assert told(end, TurnEnded(at=1.5, forced=True)) == []


def test_what_is_left_is_said_at_the_end() -> None:
    end = server(turns={"turn_detection_mode": "external"}, enable_partials=False)
    told(end, final("Bye."))
    assert list(end.receive('{"message":"EndOfStream","last_seq_no":0}')) == [Finish()]
    frames = [frame for frame in told(end, Ended()) if isinstance(frame, dict)]
    assert kinds(frames) == ["AddSegment", "EndOfTurn", "EndOfTranscript"]


def test_partials_come_unless_they_are_refused() -> None:
    (command,) = (c for c in Server("x").receive(start()) if isinstance(c, Start))
    assert command.settings.transcription.partials
    (command,) = (c for c in Server("x").receive(start(enable_partials=False)) if isinstance(c, Start))
    assert not command.settings.transcription.partials


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (start(model="enhanced"), "invalid_model"),
        (start(operating_point="standard"), "invalid_model"),
        (start(model="melia-1", language="multi"), "invalid_model"),
        (start(audio=RAW | {"sample_rate": 48_000}), "invalid_config"),
        (start(audio=RAW | {"encoding": "mulaw", "sample_rate": 8000}), "invalid_config"),
        (start(audio={"type": "file"}), "invalid_audio_type"),
        (start(turns={"turn_detection_mode": "smart"}), "invalid_config"),
        (start(max_delay=1.0), "invalid_config"),
        (start(conversation_config={}), "invalid_config"),
        (start(diarization="channel", channel_diarization_labels=["a"]), "invalid_config"),
        (start(emit_sentences="yes"), "invalid_config"),
    ],
)
def test_what_is_refused(frame: str, kind: str) -> None:
    assert refused(Server("x"), frame)[0] == kind


@pytest.mark.parametrize("audio", [RAW, RAW | {"sample_rate": 8000}, RAW | {"encoding": "pcm_f32le"}])
def test_audio_that_is_taken(audio: Any) -> None:
    assert any(isinstance(command, Start) for command in Server("x").receive(start(audio)))


@pytest.mark.parametrize("name", ["SetRecognitionConfig", "AddChannelAudio", "EndOfChannel"])
def test_messages_of_the_other_service_are_not_understood(name: str) -> None:
    frame = json.dumps({"message": name, "transcription_config": {}, "channel": "a", "data": "AAAA"})
    (command,) = server().receive(frame)
    assert isinstance(command, Invalid)
    assert command.answer.code == "unsupported"


# ------------------------------------------------------------------- the way in


def upgrade(path: str, key: str | None = "key") -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return adapter.front(desk()).accept(HttpRequest("GET", f"ws://h{path}", headers))


def test_its_path() -> None:
    assert isinstance(upgrade("/v2/agent?sm-app=livekit%2F1.8.9"), Accepted)
    assert isinstance(upgrade("/v2/agent/"), Accepted)
    assert isinstance(upgrade("/v2/agent?api_key=key", None), Accepted)
    assert len(upgrade("/v2/agent").timers) == 8
    assert upgrade("/v2/agent", "wrong").status == 401
    for path in ("/v2", "/v2/en", "/v2/agent/profile"):
        assert upgrade(path) is None
    front: Any = adapter.front(desk())
    assert front.answer(HttpRequest("GET", "http://h/v2/agent")).status == 400
    assert front.answer(HttpRequest("GET", "http://h/v2")) is None


def test_a_temporary_key_that_the_other_service_issued() -> None:
    from voxport_adapters import speechmatics

    headers = {"authorization": "Bearer key"}
    request = HttpRequest("POST", "http://h/v1/api_keys?type=rt", headers, b'{"ttl":60}')
    issued: Any = speechmatics.adapter.front(desk()).answer(request)
    assert isinstance(upgrade("/v2/agent", json.loads(issued.body)["key_value"]), Accepted)


def test_where_it_is_dialled() -> None:
    with pytest.raises(StopIteration) as done:
        next(adapter.dial(Settings(provider="speechmatics-agent", api_key=Secret("key"))))
    assert done.value.value == Dial("wss://eu.rt.speechmatics.com/v2/agent", {"Authorization": "Bearer key"})
