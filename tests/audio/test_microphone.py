import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from voxport.audio.microphone import InputDevice, Microphone, microphones
from voxport.errors import AudioError, MissingExtraError
from voxport.events import Notice
from voxport.settings import AudioSettings

AUDIO = AudioSettings()
CHUNK = b"\1\0" * 800


class FakeStream:
    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.active = True
        self.closed = 0
        self.last_words = b""
        self.stop_error: OSError | None = None

    def deliver(self, data: bytes, *, overflow: bool = False) -> None:
        answer = self.options["stream_callback"](data, len(data) // 2, {}, 2 if overflow else 0)
        assert answer == (None, 0)

    def is_active(self) -> bool:
        return self.active

    def stop_stream(self) -> None:
        if self.last_words:
            self.deliver(self.last_words)
        self.active = False
        if self.stop_error:
            raise self.stop_error

    def close(self) -> None:
        self.closed += 1


class FakePyAudio(ModuleType):
    """PyAudio with these devices, as (name, rate, channels, sound system)."""

    paInt16 = 8  # noqa: N815 -- PyAudio's names
    paFloat32 = 1  # noqa: N815
    paInputOverflow = 2  # noqa: N815
    paContinue = 0  # noqa: N815

    def __init__(self) -> None:
        super().__init__("pyaudio")
        self.devices: list[tuple[str | bytes, int, int, int]] = [
            ("Loudspeaker", 48000, 0, 0),
            ("USB Microphone", 44100, 2, 0),
            ("Webcam Mic", 48000, 1, 0),
        ]
        self.default: int | None = 1
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _options: False
        self.streams: list[FakeStream] = []
        self.running = 0
        self.start_error: OSError | None = None

    def PyAudio(self) -> "FakePyAudio":  # noqa: N802 -- PyAudio's name
        if self.start_error:
            raise self.start_error
        os.write(2, b"ALSA lib: junk\n")
        self.running += 1
        return self

    def terminate(self) -> None:
        self.running -= 1

    def get_device_count(self) -> int:
        return len(self.devices)

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        name, rate, channels, api = self.devices[index]
        return {
            "index": index,
            "name": name,
            "defaultSampleRate": float(rate),
            "maxInputChannels": channels,
            "hostApi": api,
        }

    def get_default_input_device_info(self) -> dict[str, Any]:
        if self.default is None:
            raise OSError("No Default Input Device Available")
        return self.get_device_info_by_index(self.default)

    def get_host_api_info_by_index(self, index: int) -> dict[str, Any]:
        return {"name": ("ALSA", "JACK")[index]}

    def open(self, **options: Any) -> FakeStream:
        os.write(2, b"more junk\n")
        if self.refuses(options):
            raise OSError(-9997, "Invalid sample rate")
        self.streams.append(FakeStream(options))
        return self.streams[-1]


@pytest.fixture
def pyaudio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePyAudio]:
    fake = FakePyAudio()
    monkeypatch.setitem(sys.modules, "pyaudio", fake)
    yield fake
    assert fake.running == 0, "PortAudio was left running"
    assert all(stream.closed == 1 for stream in fake.streams), "a stream was left open"


def capture(
    pyaudio: FakePyAudio, audio: AudioSettings = AUDIO, **options: Any
) -> tuple[Microphone, Iterator[bytes | Notice], FakeStream]:
    microphone = Microphone(**options)
    chunks = microphone.chunks(audio)
    return microphone, chunks, pyaudio.streams[-1]


def fail(chunks: Iterator[bytes | Notice], words: str) -> list[bytes | Notice]:
    heard: list[bytes | Notice] = []
    with pytest.raises(AudioError, match=words) as caught:
        heard.extend(chunks)
    assert "\n" not in str(caught.value)
    return heard


# --------------------------------------------------------------------------- capture


def test_what_is_captured_comes_in_chunks_and_closing_ends_it(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio)
    stream.deliver(CHUNK[:1000])
    stream.deliver(CHUNK[1000:] + b"\2\0")
    assert next(chunks) == CHUNK
    stream.last_words = b"\3\0"
    microphone.close()
    microphone.close()
    assert list(chunks) == [b"\2\0\3\0"]
    assert list(microphone.chunks(AUDIO)) == []


def test_closing_from_another_thread_ends_a_wait(pyaudio: FakePyAudio) -> None:
    microphone, chunks, _ = capture(pyaudio, stall_seconds=60)
    closer = threading.Thread(target=microphone.close)
    closer.start()
    assert list(chunks) == []
    closer.join()


def test_an_iterator_that_never_ran_or_was_abandoned_releases_the_device(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio)
    stream.deliver(CHUNK)
    assert next(chunks) == CHUNK
    chunks.close()  # type: ignore[attr-defined]
    assert stream.closed == 1
    microphone.chunks(AUDIO)
    microphone.close()


def test_one_iterator_at_a_time(pyaudio: FakePyAudio) -> None:
    microphone, _, _ = capture(pyaudio)
    with pytest.raises(AudioError, match="microphone 1: USB Microphone is already being captured"):
        microphone.chunks(AUDIO)
    microphone.close()


def test_the_oldest_is_dropped_when_nobody_takes_it(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio, buffer_seconds=0.1)
    blocks = [bytes([number]) * 1600 for number in range(5)]
    for block in blocks:
        stream.deliver(block)
    notice = next(chunks)
    assert isinstance(notice, Notice)
    assert notice.code == "audio_dropped"
    assert notice.seconds == pytest.approx(0.15)
    assert [next(chunks), next(chunks)] == blocks[3:]
    stream.deliver(blocks[0])
    assert next(chunks) == blocks[0], "a loss is told once"
    microphone.close()


def test_an_overflow_of_the_sound_system_is_counted_and_told(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio)
    stream.deliver(CHUNK, overflow=True)
    stream.deliver(CHUNK, overflow=True)
    notice = next(chunks)
    assert isinstance(notice, Notice)
    assert (notice.code, notice.seconds) == ("input_overflow", None)
    assert "2 times" in notice.message
    microphone.close()
    assert list(chunks) == [CHUNK, CHUNK]


def test_an_unplugged_device_gives_all_it_had_and_then_an_error(pyaudio: FakePyAudio) -> None:
    _, chunks, stream = capture(pyaudio)
    for data in (CHUNK, CHUNK, b"\2\0"):
        stream.deliver(data)
    stream.active = False
    stream.stop_error = OSError(-9999, "Unanticipated host error")
    assert fail(chunks, "1: USB Microphone has failed or was pulled out") == [CHUNK, CHUNK, b"\2\0"]


def test_a_device_that_cannot_be_asked_has_failed(pyaudio: FakePyAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    _, chunks, stream = capture(pyaudio)

    def broken() -> bool:
        raise OSError(-9988, "Stream closed")

    monkeypatch.setattr(stream, "is_active", broken)
    assert fail(chunks, "has failed or was pulled out") == []


def test_a_device_that_delivers_nothing_is_an_error(pyaudio: FakePyAudio) -> None:
    _, chunks, stream = capture(pyaudio, stall_seconds=0.01)
    stream.deliver(CHUNK)
    assert fail(chunks, "has delivered nothing for 0.01 s") == [CHUNK]


def test_it_can_be_captured_again_after_a_failure(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio)
    stream.active = False
    fail(chunks, "pulled out")
    again = microphone.chunks(AUDIO)
    pyaudio.streams[-1].deliver(CHUNK)
    assert next(again) == CHUNK
    microphone.close()


# --------------------------------------------------------------------------- formats


@pytest.mark.parametrize(("encoding", "expected"), [("s16le", 8), ("mulaw", 8), ("f32le", 1)])
def test_it_opens_in_the_wanted_format(encoding: Any, expected: int, pyaudio: FakePyAudio) -> None:
    microphone, _, stream = capture(pyaudio, AudioSettings(encoding=encoding, channels=2, sample_rate=8000))
    del stream.options["stream_callback"]
    assert stream.options == {
        "rate": 8000, "channels": 2, "format": expected, "input": True, "input_device_index": 1,
        "frames_per_buffer": 400,
    }  # fmt: skip
    microphone.close()


def test_mulaw_is_encoded_from_16_bit(pyaudio: FakePyAudio) -> None:
    microphone, chunks, stream = capture(pyaudio, AudioSettings(encoding="mulaw"))
    stream.deliver(np.array([0, 8, -32768], "<i2").tobytes())
    microphone.close()
    assert list(chunks) == [b"\xff\xfe\x00"]


def test_a_refused_format_falls_back_to_the_devices_own(pyaudio: FakePyAudio) -> None:
    pyaudio.refuses = lambda options: (options["rate"], options["channels"]) != (44100, 2)
    microphone, chunks, stream = capture(pyaudio)
    assert stream.options["frames_per_buffer"] == 2205
    tone = np.rint(10000 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)).astype("<i2")
    stream.deliver(np.stack([tone, tone], axis=1).tobytes())
    microphone.close()
    heard = np.frombuffer(b"".join(chunk for chunk in chunks if isinstance(chunk, bytes)), "<i2")
    assert len(heard) == 16000
    wanted = 10000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert np.abs(heard - wanted)[100:-100].max() < 10


def test_only_formats_that_can_be_converted_are_tried(pyaudio: FakePyAudio) -> None:
    pyaudio.devices[1] = ("Mixer", 48000, 6, 0)
    tried = []

    def refuse(options: dict[str, Any]) -> bool:
        tried.append((options["rate"], options["channels"]))
        return True

    pyaudio.refuses = refuse
    with pytest.raises(AudioError, match="microphone 1: Mixer cannot be opened: Invalid sample rate"):
        Microphone().chunks(AudioSettings(channels=2))
    assert tried == [(16000, 2), (48000, 2)]


# --------------------------------------------------------------------------- devices


@pytest.mark.parametrize(
    ("wanted", "setting", "index"),
    [
        (None, None, 1), (None, 2, 2), (2, 1, 2), ("2", None, 2), ("webcam", None, 2), ("MICROPHONE", None, 1),
        ("default", None, 4), ("hdmi", None, 5), (None, "sysdef", 3),
    ],
)  # fmt: skip
def test_choice_of_device(
    wanted: int | str | None, setting: int | str | None, index: int, pyaudio: FakePyAudio
) -> None:
    pyaudio.devices += [
        ("sysdefault", 48000, 2, 0),
        ("default", 48000, 2, 0),
        ("HDMI", 48000, 2, 0),
        ("HDMI", 48000, 2, 1),
    ]
    microphone = Microphone(wanted)
    microphone.chunks(AudioSettings(device=setting))
    assert pyaudio.streams[-1].options["input_device_index"] == index
    microphone.close()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("mic", r"several microphones match 'mic'.*\(1: USB Microphone; 2: Webcam Mic\)"),
        ("", r"several microphones match ''"),
        ("loud", r"there is no microphone 'loud'.*\(1: USB Microphone; 2: Webcam Mic\)"),
        (0, r"there is no microphone 0.*\(1: USB Microphone; 2: Webcam Mic\)"),
        (-1, r"there is no microphone -1"),
    ],
)
def test_a_device_that_is_not_there_or_not_the_only_one(wanted: int | str, words: str, pyaudio: FakePyAudio) -> None:
    with pytest.raises(AudioError, match=words):
        Microphone(wanted).chunks(AUDIO)


def test_a_machine_without_microphones(pyaudio: FakePyAudio) -> None:
    pyaudio.devices, pyaudio.default = [("Loudspeaker", 48000, 0, 0)], None
    assert microphones() == []
    with pytest.raises(AudioError, match=r"there is no default microphone.*\(none: connect one\)"):
        Microphone().chunks(AUDIO)


def test_the_list_of_devices(pyaudio: FakePyAudio) -> None:
    pyaudio.devices[2] = ("Caf\xe9".encode("latin-1"), 48000, 1, 1)
    assert microphones() == [
        InputDevice(1, "USB Microphone", 44100, 2, "ALSA", default=True),
        InputDevice(2, "Caf\ufffd", 48000, 1, "JACK"),
    ]


def test_a_sound_system_that_does_not_start(pyaudio: FakePyAudio) -> None:
    pyaudio.start_error = OSError(-9999, "Unanticipated host error")
    with pytest.raises(AudioError, match="the sound system does not start: Unanticipated host error"):
        microphones()


def test_without_pyaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    for action in (Microphone, microphones):
        with pytest.raises(MissingExtraError, match=r"pip install 'voxport\[mic\]' .*portaudio19-dev"):
            action()


def test_chatter_of_initialising_is_silenced_and_no_other(
    pyaudio: FakePyAudio, capfd: pytest.CaptureFixture[str]
) -> None:
    microphone, _, _ = capture(pyaudio)
    os.write(2, b"a word of our own\n")
    microphone.close()
    assert capfd.readouterr().err == "a word of our own\n"


def test_silencing_needs_no_standard_error(pyaudio: FakePyAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_descriptor: int) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    assert len(microphones()) == 2
