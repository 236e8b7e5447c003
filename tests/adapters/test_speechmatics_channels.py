"""Several channels, both ends: sent apart, heard apart, acknowledged apart."""

import base64
import json
from typing import Any

import pytest

from support.speechmatics import RAW, STARTED, answered, client, hear, refused, sent, server, start, told, word
from voxport.commands import Audio, EndUtterance, Finish, Start, Taken
from voxport.events import Acknowledged, AudioEvent, Begun, Ended, Transcript, TurnEnded, Word
from voxport.settings import AudioSettings, Transcription
from voxport_adapters.speechmatics.channels import Joiner, split
from voxport_adapters.speechmatics.server import Server

STEREO = AudioSettings(channels=2)
LABELS = ["agent", "customer"]


def stereo(**asked: Any) -> Any:
    return client(audio=STEREO, options={"channel_diarization_labels": LABELS}, **asked)


def listening(**config: Any) -> Any:
    return server(diarization="channel", channel_diarization_labels=LABELS, **config)


def chunk(label: str, data: bytes) -> str:
    return json.dumps({"message": "AddChannelAudio", "channel": label, "data": base64.b64encode(data).decode()})


def added(label: str, number: int) -> str:
    return f'{{"message":"ChannelAudioAdded","channel":"{label}","seq_no":{number}}}'


# ------------------------------------------------------------------- apart and together


@pytest.mark.parametrize(
    ("data", "width", "parts"),
    [
        (b"a1b2a3b4", 2, [b"a1a3", b"b2b4"]),
        (b"abab", 1, [b"aa", b"bb"]),
        (b"aaaabbbbAAAABBBB", 4, [b"aaaaAAAA", b"bbbbBBBB"]),
        (b"", 2, [b"", b""]),
    ],
)
def test_splitting_and_joining_are_inverse(data: bytes, width: int, parts: list[bytes]) -> None:
    assert split(data, 2, width) == parts
    joiner = Joiner(2, width, b"\0")
    assert joiner.add(0, parts[0]) + joiner.add(1, parts[1]) == data


def test_what_is_ahead_waits() -> None:
    joiner = Joiner(2, 2, b"\0")
    assert joiner.add(0, b"a1a2a") == b""
    assert joiner.add(1, b"b1b") == b"a1b1"
    assert joiner.add(1, b"2b3") == b"a2b2"
    assert joiner.add(0, b"3") == b"a3b3"


def test_a_channel_that_has_ended_is_silent() -> None:
    joiner = Joiner(2, 1, b"\xff")
    joiner.add(0, b"abc")
    assert joiner.add(1, b"x") == b"ax"
    assert joiner.end([1]) == b"b\xffc\xff"
    assert joiner.add(0, b"d") == b"d\xff"
    assert not joiner.over
    assert joiner.end([0]) == b""
    assert joiner.over


def test_the_end_of_all_fills_the_shorter_one_up() -> None:
    joiner = Joiner(2, 2, b"\0")
    joiner.add(0, b"a1a2a")
    assert joiner.end([0, 1]) == b"a1\0\0a2\0\0", "half a sample is no audio"


# ------------------------------------------------------------------- the client


def test_the_client_says_which_channels_there_are() -> None:
    (asked,) = sent(stereo(transcription=Transcription(diarization=True)), Start(None))
    assert asked["transcription_config"]["diarization"] == "channel_and_speaker"
    assert asked["transcription_config"]["channel_diarization_labels"] == LABELS
    (asked,) = sent(client(audio=STEREO), Start(None))
    assert asked["transcription_config"]["diarization"] == "channel"
    assert asked["transcription_config"]["channel_diarization_labels"] == ["channel_1", "channel_2"]


def test_each_channel_travels_apart() -> None:
    assert sent(stereo(), Audio(b"a1b1a2b2")) == [
        {"message": "AddChannelAudio", "channel": "agent", "data": base64.b64encode(b"a1a2").decode()},
        {"message": "AddChannelAudio", "channel": "customer", "data": base64.b64encode(b"b1b2").decode()},
    ]


def test_one_channel_may_travel_by_name() -> None:
    end = client(options={"diarization": "channel", "channel_diarization_labels": ["agent"]})
    assert [frame["channel"] for frame in sent(end, Audio(b"\1\2"))] == ["agent"]


def test_labels_that_are_none_are_replaced() -> None:
    end = client(audio=STEREO, options={"channel_diarization_labels": 7})
    assert [frame["channel"] for frame in sent(end, Audio(bytes(4)))] == ["channel_1", "channel_2"]


def test_every_channel_ends() -> None:
    end = stereo()
    list(end.send(Audio(bytes(64_000))))
    assert sent(end, EndUtterance(1)) == [{"message": "ForceEndOfUtterance", "timestamp": 1.0, "channel": "customer"}]
    assert [frame["channel"] for frame in sent(end, EndUtterance())] == LABELS
    assert sent(end, Finish()) == [
        {"message": "EndOfChannel", "channel": label, "last_seq_no": 1} for label in LABELS
    ]  # fmt: skip


def test_each_channel_is_acknowledged() -> None:
    end = stereo()
    list(end.send(Audio(bytes(64_000))))
    heard = hear(
        added("customer", 1), added("agent", 1), added("nobody", 1), '{"message":"AudioAdded","seq_no":1}', end=end
    )
    assert heard == [Acknowledged(until=1.0, channel=1), Acknowledged(until=1.0, channel=0)]


def transcript(label: str | None, *results: Any, kind: str = "AddTranscript", until: float = 0.5) -> str:
    channel = {"channel": label} if label else {}
    metadata = {"start_time": 0.0, "end_time": until, "transcript": ""}
    return json.dumps({"message": kind, **channel, "metadata": metadata, "results": results})


def test_labels_become_numbers() -> None:
    over = '{"message":"EndOfUtterance","channel":"customer","metadata":{"start_time":0.6,"end_time":0.6}}'
    sound = '{"message":"AudioEventStarted","channel":"agent","event":{"type":"music","start_time":1,"confidence":1}}'
    heard = hear(transcript("customer", word("hello")), over, sound, end=stereo())
    assert [(type(event), event.channel) for event in heard] == [
        (Transcript, 1), (Acknowledged, 1), (TurnEnded, 1), (AudioEvent, 0),
    ]  # fmt: skip


def test_the_older_place_of_the_label() -> None:
    said, _ = hear(transcript(None, word("hello") | {"channel": "customer"}), end=stereo())
    assert said.channel == 1
    said, _ = hear(transcript("nobody", word("hello")), end=stereo())
    assert said.channel is None
    said, _ = hear(transcript("anybody", word("hello")))
    assert said.channel is None


def test_channels_do_not_disturb_each_other() -> None:
    part = "AddPartialTranscript"
    heard = hear(
        transcript("agent", word("one"), kind=part),
        transcript("customer", kind=part),
        transcript("customer", word("two")),
        transcript("agent", kind=part),
        end=stereo(),
    )
    assert [(e.channel, e.is_final, e.text) for e in heard if isinstance(e, Transcript)] == [
        (0, False, "one"), (1, True, "two"), (0, False, ""),
    ]  # fmt: skip


def test_begun_tells_the_channels_by_either_name() -> None:
    for name in ("channel_ids", "channels"):
        greeting = json.loads(STARTED) | {name: LABELS}
        (begun,) = stereo().receive(json.dumps(greeting))
        assert isinstance(begun, Begun)
        assert begun.details["channels"] == LABELS


# ------------------------------------------------------------------- the server


def test_the_server_hears_how_many() -> None:
    frame = start(diarization="channel_and_speaker", channel_diarization_labels=LABELS)
    (command,) = Server("x").receive(frame)
    assert isinstance(command, Start)
    assert command.settings.audio.channels == 2
    assert command.settings.transcription.diarization is True
    end = server(begun=False, diarization="channel", channel_diarization_labels=LABELS)
    greeting = told(end, Begun())[0]
    assert (greeting["channel_ids"], greeting["channels"]) == (LABELS, LABELS)
    assert "channel_ids" not in told(server(begun=False, channel_diarization_labels=LABELS), Begun())[0]


def obeyed(end: Any, *frames: str) -> Any:
    return [command for frame in frames for command in end.receive(frame)]


def test_channels_are_put_together() -> None:
    end = listening()
    heard = obeyed(end, chunk("agent", b"a1a2"), chunk("customer", b"b1b2b3"), chunk("agent", b"a3"))
    assert [command for command in heard if isinstance(command, Audio)] == [Audio(b"a1b1a2b2"), Audio(b"a3b3")]


def test_every_chunk_is_acknowledged_at_once() -> None:
    end = listening()
    acknowledged = []
    for label in ("agent", "agent", "customer"):
        (taken, *_) = obeyed(end, chunk(label, bytes(32_000)))
        assert isinstance(taken, Taken)
        acknowledged += told(end, taken.answer)
    assert acknowledged == [json.loads(added(*said)) for said in (("agent", 1), ("agent", 2), ("customer", 1))]
    assert taken.answer == Acknowledged(until=1.0, channel=1)
    assert told(end, Acknowledged(until=1.0)) == told(end, Acknowledged(until=1.0, channel=1)) == []


def ending(label: str) -> str:
    return json.dumps({"message": "EndOfChannel", "channel": label, "last_seq_no": 0})


def test_the_last_channel_to_end_ends_the_session() -> None:
    end = listening()
    obeyed(end, chunk("agent", b"a1a2"))
    assert obeyed(end, ending("customer")) == [Audio(b"a1\0\0a2\0\0")]
    assert [frame["type"] for frame in answered(end, chunk("customer", b"xx"))] == ["add_audio_after_eos"]
    assert obeyed(end, ending("agent")) == [Finish()]
    assert obeyed(end, ending("agent"), '{"message":"EndOfStream"}') == []


def test_the_end_of_the_stream_ends_all_channels() -> None:
    end = server(
        diarization="channel", channel_diarization_labels=LABELS, audio=RAW | {"encoding": "mulaw"}
    )  # fmt: skip
    obeyed(end, chunk("agent", b"ab"))
    assert obeyed(end, '{"message":"EndOfStream"}') == [Audio(b"a\xffb\xff"), Finish()]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (chunk("nobody", b"\0\0"), "invalid_message"),
        ('{"message":"AddChannelAudio","channel":"agent","data":"*"}', "invalid_message"),
        ('{"message":"AddChannelAudio","channel":"agent"}', "invalid_message"),
        (ending("nobody"), "invalid_message"),
        ('{"message":"ForceEndOfUtterance","channel":"nobody"}', "invalid_message"),
        (b"\0\0", "protocol_error"),
    ],
)
def test_what_breaks_the_rules_of_channels(frame: str | bytes, kind: str) -> None:
    assert refused(listening(), frame)[0] == kind


def test_no_channels_where_none_were_asked_for() -> None:
    assert refused(server(), chunk("agent", b"\0\0"))[0] == "protocol_error"


def test_what_is_said_carries_its_label() -> None:
    end = listening(conversation_config={"end_of_utterance_silence_trigger": 0.5}, beside={"audio_events_config": {}})
    said = Transcript(is_final=True, text="hello", end=1.0, words=(Word("hello", 0.5, 1.0),), channel=1)
    frames = (
        told(end, said)
        + told(end, TurnEnded(at=1.2, channel=1))
        + told(end, AudioEvent(kind="music", at=1.0, channel=1))
    )
    assert [(frame["message"], frame["channel"]) for frame in frames] == [
        (name, "customer") for name in ("AddTranscript", "AddPartialTranscript", "EndOfUtterance", "AudioEventStarted")
    ]
    frames = told(end, Acknowledged(until=0.5, settled=True))
    assert [(frame["message"], frame["channel"]) for frame in frames] == [
        ("AddTranscript", "agent"), ("AddPartialTranscript", "agent"),
    ]  # fmt: skip
    frames = told(end, Acknowledged(until=2.0, settled=True, channel=1))
    assert {frame["channel"] for frame in frames} == {"customer"}


def test_one_channel_can_be_forced() -> None:
    end = listening()
    assert obeyed(end, '{"message":"ForceEndOfUtterance","channel":"customer"}') == [EndUtterance(1)]
    said = Transcript(is_final=True, text="hello", words=(Word("hello"),), channel=1)
    other = Transcript(is_final=True, text="hello", words=(Word("hello"),), channel=0)
    assert (told(end, said)[0].get("forced"), told(end, other)[0].get("forced")) == (True, None)
    assert obeyed(end, '{"message":"ForceEndOfUtterance"}') == [EndUtterance()]
    assert told(end, other)[0].get("forced") is True


def test_the_end() -> None:
    assert told(listening(), Ended())[0] == {"message": "EndOfTranscript"}
