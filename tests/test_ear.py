"""The server-side conversation, with a script for a recogniser."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from voxport.audio.formats import encode
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid, KeepAlive, Start
from voxport.ear import Ear
from voxport.events import (
    Acknowledged,
    AnyEvent,
    Begun,
    Configured,
    Ended,
    Failed,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Word,
)
from voxport.recogniser import Heard
from voxport.recogniser.script import Script
from voxport.settings import AudioSettings, Settings, Transcription

SCRIPT = Script.of(
    [
        {"text": "Good", "start": 0.2, "end": 0.5, "confidence": 0.9, "speaker": "A", "language": "en"},
        {
            "text": "day",
            "start": 0.5,
            "end": 0.8,
            "confidence": 0.8,
            "speaker": "A",
            "language": "en",
            "ends_turn": True,
        },
        {"text": "Bye", "start": 1.2, "end": 1.5},
    ]
)


def started(audio: AudioSettings | None = None, *, partials: bool = True, recogniser: Any = SCRIPT) -> Ear:
    ear = Ear(recogniser)
    settings = Settings(
        provider="local", audio=audio or AudioSettings(), transcription=Transcription(partials=partials)
    )
    assert ear.hear(Start(settings)) == [Begun(session_id=None)]
    return ear


def seconds(length: float, audio: AudioSettings | None = None) -> bytes:
    audio = audio or AudioSettings()
    return bytes(round(length * audio.sample_rate) * audio.frame_bytes)


def brief(events: Iterable[AnyEvent]) -> list[Any]:
    return [(event.text, event.is_final) if isinstance(event, Transcript) else type(event).__name__ for event in events]


def test_a_conversation() -> None:
    ear = started()
    events = ear.hear(Audio(seconds(1.0)))
    words = (Word("Good", 0.2, 0.5, 0.9, "A", "en"), Word("day", 0.5, 0.8, 0.8, "A", "en"))
    assert events == [
        Acknowledged(until=1.0),
        SpeechStarted(at=0.2),
        Transcript(
            is_final=False, text="Good", start=0.2, end=0.5, words=words[:1], confidence=0.9, language="en", speaker="A"
        ),
        Transcript(
            is_final=True, text="Good day", start=0.2, end=0.8, words=words, confidence=0.85, language="en", speaker="A"
        ),
        TurnEnded(at=0.8),
    ]
    assert brief(ear.hear(Audio(seconds(0.6)))) == ["Acknowledged", "SpeechStarted", ("Bye", False)]
    assert ear.hear(KeepAlive()) == []
    assert ear.hear(Finish())[-2:] == [TurnEnded(at=1.5), Ended(reported_audio_seconds=1.6)]


def test_without_partials_only_finals_come() -> None:
    ear = started(partials=False)
    assert brief(ear.hear(Audio(seconds(1.6)))) == [
        "Acknowledged", "SpeechStarted", ("Good day", True), "TurnEnded",
    ]  # fmt: skip
    assert brief(ear.hear(Finish())) == ["SpeechStarted", ("Bye", True), "TurnEnded", "Ended"]


def test_partials_may_be_asked_for_later() -> None:
    ear = started(partials=False)
    ear.hear(Audio(seconds(1.0)))
    assert ear.hear(Configure({"partials": True}, {"own": 1})) == [Configured(options={"own": 1})]
    assert brief(ear.hear(Audio(seconds(0.6)))) == ["Acknowledged", "SpeechStarted", ("Bye", False)]


def test_a_text_has_a_confidence_only_when_all_its_words_have() -> None:
    words = [{"text": "a", "start": 0, "end": 0.1, "confidence": 0.9}, {"text": "b", "start": 0.1, "end": 0.2}]
    ear = started(recogniser=Script.of(words))
    ear.hear(Audio(seconds(0.2)))
    final = ear.hear(Finish())[0]
    assert isinstance(final, Transcript)
    assert final.confidence is None


def test_the_end_of_an_utterance_is_forced() -> None:
    ear = started()
    ear.hear(Audio(seconds(0.6)))
    final, ended = ear.hear(EndUtterance())
    assert isinstance(final, Transcript)
    assert (final.text, final.is_final) == ("Good", True)
    assert ended == TurnEnded(at=0.5, forced=True)
    assert ear.hear(EndUtterance()) == [TurnEnded(forced=True)]


def test_what_is_invalid_gets_its_answer() -> None:
    answer = Failed(kind="invalid", code="1", message="no")
    assert Ear(SCRIPT).hear(Invalid(answer)) == [answer]


def test_after_the_end_nothing_is_answered() -> None:
    ear = started()
    ear.hear(Audio(seconds(0.6)))
    ear.close()
    ear.close()
    for command in (Audio(seconds(1)), EndUtterance(), Finish()):
        assert ear.hear(command) == []


class Tape:
    """A recogniser that keeps what it is given, and hears nothing."""

    name = "tape"

    def __init__(self) -> None:
        self.streams: list[Tape] = []
        self.blocks: list[npt.NDArray[np.float32]] = []
        self.closed = 0

    def listen(self) -> "Tape":
        self.streams.append(Tape())
        return self.streams[-1]

    def hear(self, samples: npt.NDArray[np.float32]) -> list[Heard]:
        self.blocks.append(samples)
        return []

    def flush(self) -> list[Heard]:
        return []

    def finish(self) -> list[Heard]:
        return []

    def close(self) -> None:
        self.closed += 1

    @property
    def all(self) -> npt.NDArray[np.float32]:
        return np.concatenate(self.blocks)


def tone(rate: int, length: float = 0.55) -> npt.NDArray[np.float32]:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * length)) / rate)
    return wave.astype(np.float32)


def taped(audio: AudioSettings, data: bytes, size: int) -> Tape:
    tape = Tape()
    ear = started(audio, recogniser=tape)
    for at in range(0, len(data), size):
        ear.hear(Audio(data[at : at + size]))
    assert ear.hear(Finish()) == [Ended(reported_audio_seconds=len(data) / audio.bytes_per_second)]
    return tape


FORMATS: list[Mapping[str, Any]] = [
    {"encoding": "s16le", "sample_rate": 16_000},
    {"encoding": "f32le", "sample_rate": 48_000},
    {"encoding": "mulaw", "sample_rate": 8000},
    {"encoding": "s16le", "sample_rate": 11_025},
]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form['encoding']}-{form['sample_rate']}")
def test_every_format_comes_to_the_recogniser_as_the_same_sound(form: Mapping[str, Any]) -> None:
    audio = AudioSettings(**form)
    data = encode(tone(audio.sample_rate), audio.encoding)
    (stream,) = taped(audio, data, 10**6).streams
    expected = tone(16_000)
    assert len(stream.all) == pytest.approx(len(expected), abs=2)
    middle = slice(2000, 6000)
    assert np.abs(stream.all[middle] - expected[middle]).max() < 0.03


@pytest.mark.parametrize("size", [2, 1114, 3332])
def test_it_makes_no_difference_how_the_bytes_were_cut(size: int) -> None:
    audio = AudioSettings(sample_rate=44_100)
    data = encode(tone(44_100), "s16le")
    whole, cut = (taped(audio, data, size).streams[0] for size in (10**6, size))
    assert np.array_equal(whole.all, cut.all)
    assert [len(block) for block in whole.blocks] == [len(block) for block in cut.blocks]


def test_channels_are_heard_apart() -> None:
    audio = AudioSettings(channels=2)
    samples = np.stack((tone(16_000), np.zeros(8800, np.float32)), axis=1)
    left, right = taped(audio, encode(samples, "s16le"), 6400).streams
    assert np.abs(left.all).max() > 0.4
    assert not right.all.any()
    assert left.closed == right.closed == 1

    events = started(audio).hear(Audio(seconds(1, audio)))
    for channel in (0, 1):
        own = [event for event in events if getattr(event, "channel", None) == channel]
        assert brief(own) == ["SpeechStarted", ("Good", False), ("Good day", True), "TurnEnded"]


def test_numbers_that_are_none_do_not_spoil_the_rest() -> None:
    audio = AudioSettings(encoding="f32le", sample_rate=48_000)
    samples = tone(48_000)
    samples[100:102] = (np.nan, np.inf)
    (stream,) = taped(audio, encode(samples, "f32le"), 10**6).streams
    assert np.isfinite(stream.all).all()


def test_half_a_frame_at_the_end_is_told() -> None:
    ear = started()
    ear.hear(Audio(bytes(321)))
    notice, ended = ear.hear(Finish())
    assert isinstance(notice, Notice)
    assert notice.code == "partial_frame"
    assert ended == Ended(reported_audio_seconds=0.01)


class Mistaken(Tape):
    """Takes noise for speech and then thinks better of it."""

    def listen(self) -> "Mistaken":
        return Mistaken()

    def hear(self, samples: npt.NDArray[np.float32]) -> list[Heard]:
        return [Heard.of((Word("hm", 0.0, 0.1),), is_final=False)]

    def finish(self) -> list[Heard]:
        return [Heard("", 0.0, 0.1, (), is_final=True)]


def test_partials_that_were_nothing_are_cleared() -> None:
    ear = started(recogniser=Mistaken())
    ear.hear(Audio(seconds(0.02)))
    assert brief(ear.hear(Finish()))[-3:] == [("", False), "TurnEnded", "Ended"]
    silent = started(recogniser=Mistaken(), partials=False)
    silent.hear(Audio(seconds(0.02)))
    assert brief(silent.hear(Finish())) == ["Ended"]


def test_one_channel_can_be_ended_without_the_others() -> None:
    ear = Ear(SCRIPT)
    ear.hear(Start(Settings(provider="any", audio=AudioSettings(channels=2))))
    ear.hear(Audio(bytes(2 * 2 * 16_000 // 2)))
    ended = [event for event in ear.hear(EndUtterance(1)) if isinstance(event, Transcript | TurnEnded)]
    assert [(event.channel, getattr(event, "text", "")) for event in ended] == [(1, "Good"), (1, "")]
