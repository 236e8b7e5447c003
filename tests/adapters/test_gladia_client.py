"""What the client end of Gladia makes of the frames that the protocol page shows, and what it says."""

import json
from typing import Any

import pytest

from support.gladia import (
    FINAL,
    ID,
    PCM,
    RESULT,
    SAID,
    client,
    final,
    hear,
    message,
    partial,
    speech,
    stereo,
    told,
    transcript,
    utterance,
)
from voxport.codec import Closed, Opened
from voxport.commands import Audio, Configure, EndUtterance, Finish, KeepAlive
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Notice,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.settings import AudioSettings, Transcription
from voxport_adapters.gladia import Client


def test_the_upgrade_is_the_greeting() -> None:
    assert list(client().receive(Opened())) == [Begun(session_id=ID)]


@pytest.mark.parametrize("kind", ["start_session", "start_recording"])
def test_lifecycle_says_nothing_new(kind: str) -> None:
    assert hear(message(kind)) == []


def test_an_acknowledgement_counts_bytes() -> None:
    data = {"byte_range": [0, 3200], "time_range": [0, 0.1]}
    assert hear(message("audio_chunk", acknowledged=True, error=None, data=data)) == [Acknowledged(until=0.1)]
    bare = message("audio_chunk", acknowledged=True, data={"byte_range": [0, 9600]})
    assert hear(bare, audio=AudioSettings(encoding="mulaw", sample_rate=8000)) == [Acknowledged(until=1.2)]


@pytest.mark.parametrize("kind", ["audio_chunk", "stop_recording"])
def test_what_was_not_taken_is_a_notice(kind: str) -> None:
    refused = message(kind, acknowledged=False, error={"message": "Recording is already stopped"}, data=None)
    assert hear(refused) == [Notice(code=kind, message="Recording is already stopped")]
    conflict = {"status_code": 409, "exception": "ConflictError", "message": "Already stopped"}
    assert hear(message(kind, acknowledged=False, error=conflict)) == [Notice(code=kind, message="Already stopped")]
    silent = message(kind, acknowledged=False, error=None, data=None)
    assert hear(silent) == [Notice(code=kind, message="refused without a reason")]


def test_an_answer_without_the_data_that_it_should_have() -> None:
    assert hear(message("stop_recording", acknowledged=True, data={})) == []
    (notice,) = hear(message("audio_chunk", acknowledged=True, data=None))
    assert isinstance(notice, Notice)


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
            is_final=False, text="book a", start=1.05, end=1.51, confidence=0.71, language="en", utterance="00_00000003",
            words=(Word("book", 1.05, 1.3, 0.74), Word("a", 1.31, 1.51, 0.68)),
        ),
        SpeechEnded(at=2.3),
        SAID,
        TurnEnded(at=2.3, utterance="00_00000003"),
    ]  # fmt: skip


def ends(*frames: str, **changes: Any) -> list[str]:
    """Finals as their texts, ends of turns as ``|``."""
    return [
        "|" if isinstance(event, TurnEnded) else event.text
        for event in hear(*frames, **changes)
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
    one = final(" one", 1.0, 2.0, name="00_00000000")
    two = final(" two", 1.0, 2.0, name="01_00000000", channel=1)
    heard = hear(speech("end", 2.1, 1), one, two, **stereo())
    assert [(type(event).__name__, getattr(event, "channel", None)) for event in heard] == [
        ("SpeechEnded", 1), ("Transcript", 0), ("Transcript", 1), ("TurnEnded", 1),
    ]  # fmt: skip
    assert hear(speech("start", 1.0, 1), **stereo()) == [SpeechStarted(at=1.0, channel=1)]


def test_a_channel_may_be_a_float_and_one_too_many() -> None:
    frame = '{"type":"speech_start","data":{"time":1,"channel":1.0}}'
    assert hear(frame, **stereo()) == [SpeechStarted(at=1.0, channel=1)]
    assert hear(frame) == [SpeechStarted(at=1.0)]
    (heard,) = hear(final(" one", 1.0, 2.0, channel=7), **stereo())
    assert isinstance(heard, Transcript)
    assert heard.channel == 7


def test_an_empty_text_clears_a_partial_and_settles_what_is_final() -> None:
    names = {"first": "00_00000000", "second": "00_00000001"}
    heard = hear(
        partial(" a", 1.0, 1.2), final("", 1.0, 1.5, name=names["first"]), final(" ", 2.0, 2.5, name=names["second"]),
        partial("", 3.0, 3.1),
    )  # fmt: skip
    assert [type(event) for event in heard] == [Transcript, Transcript, Acknowledged, Acknowledged]
    cleared = Transcript(
        is_final=False, text="", start=1.0, end=1.5, confidence=0.93, language="en", utterance=names["first"]
    )
    assert heard[1] == cleared
    assert heard[2:] == [Acknowledged(until=1.5, settled=True), Acknowledged(until=2.5, settled=True)]
    assert hear(final("", 1.0, 1.5, channel=1), **stereo()) == [Acknowledged(until=1.5, settled=True, channel=1)]


def test_fields_that_clients_do_without() -> None:
    frame = '{"type":"transcript","data":{"id":"a","is_final":true,"utterance":{"text":"Hi","start":1,"end":2}}}'
    assert hear(frame) == [Transcript(is_final=True, text="Hi", start=1.0, end=2.0, utterance="a")]
    words = '[{"word":" Hi"}]'
    bare = f'{{"type":"transcript","data":{{"id":"a","is_final":true,"utterance":{{"text":"Hi","words":{words}}}}}}}'
    (heard,) = hear(bare)
    assert isinstance(heard, Transcript)
    assert heard.words == (Word("Hi"),)


def test_results_of_the_whole_session_repeat_nothing() -> None:
    assert hear(message("post_transcript", data=RESULT["transcription"])) == []
    assert hear(message("post_final_transcript", data=RESULT)) == []


@pytest.mark.parametrize(
    "frame",
    [
        message("transcript", data={"id": 7}),
        message("transcript", data={"id": "a", "is_final": True, "utterance": utterance(" a", 0, 1, channel=-1)}),
        message("transcript", data={"id": "a", "is_final": True, "utterance": utterance(" a", 0, 1, channel=1e300)}),
        message("speech_end", data={"time": "now"}),
        '{"type":"speech_end","data":{"time":1e999,"channel":0}}',
        '{"type":"speech_end","data":{"time":NaN,"channel":0}}',
        message("stop_recording", acknowledged=True, data={"recording_duration": "long"}),
        message("audio_chunk", acknowledged="yes"),
        message("audio_chunk", acknowledged=True, data={"byte_range": [1]}),
        message("translation", error="no"),
        message("translation", error=None, data={"utterance_id": "a"}),
        message("post_final_transcript", data=[]),
    ],
)
def test_nonsense_in_a_known_message_is_a_notice(frame: str) -> None:
    assert [(type(event), getattr(event, "code", "")) for event in hear(frame)] == [(Notice, "malformed")]


@pytest.mark.parametrize(
    "frame",
    [
        message("audio_chunk", acknowledged=True, data={"byte_range": [10**40, -(10**40)]}),
        message("audio_chunk", acknowledged=True, created_at="yesterday", data={"byte_range": [0, 3200]}),
        message("audio_chunk", acknowledged=True, created_at="9999-12-31T23:59:59+23:59", data={"byte_range": [0, 1]}),
        message("speech_end", data={"time": -1e300, "channel": 255}),
        message("post_chapterization", data={"results": [{"headline": [[]]}]}),
        message("error", data={"code": "x" * 10_000}),
    ],
)
def test_wild_values_raise_nothing(frame: str) -> None:
    assert hear(frame, frame)


@pytest.mark.parametrize("kind", ["final_transcript", "ready", "connected", "done", "speech_begin", "sentiment"])
def test_names_that_do_not_exist_are_unknown(kind: str) -> None:
    assert hear(message(kind, data={})) == [Unknown(kind=kind)]


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
    assert all(isinstance(piece, bytes) and len(piece) <= 1 << 19 for piece in pieces)
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
    assert told(end, *frames) == []
    assert told(end, message("end_session")) == [Ended(reported_audio_seconds=86.4)]
    assert list(end.receive(Closed(1000))) == []


@pytest.mark.parametrize(
    "frame",
    [
        message("stop_recording", acknowledged=True, data={"recording_duration": 86}),
        message("end_recording", data={"recording_duration": 86}),
        message("post_final_transcript", data={"metadata": {"audio_duration": 86}}),
    ],
)
def test_each_message_that_tells_the_duration_is_believed(frame: str) -> None:
    assert told(finishing(), frame, message("end_session")) == [Ended(reported_audio_seconds=86.0)]


def test_a_close_in_place_of_the_end_that_was_asked_for_has_lost_the_tail() -> None:
    assert list(finishing().receive(Closed(1000))) == [Ended(tail_lost=True)]


def test_without_lifecycle_the_close_is_the_end() -> None:
    end = client(options={"messages_config": {"receive_lifecycle_events": False}})
    list(end.send(Finish()))
    assert list(end.receive(Closed(1000))) == [Ended()]


def test_bytes_that_hold_json_are_heard_too() -> None:
    assert hear(json.dumps({"type": "speech_start", "data": {"time": 1.0, "channel": 0}}).encode()) == [
        SpeechStarted(at=1.0)
    ]
