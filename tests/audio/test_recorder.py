import os
import resource
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voxport.audio import recorder as module
from voxport.audio.file import AudioFile
from voxport.audio.recorder import Recording, WavRecorder
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings, Encoding

AUDIO = AudioSettings()
TAGS: dict[Encoding, tuple[int, str]] = {"s16le": (1, "PCM_16"), "f32le": (3, "FLOAT"), "mulaw": (7, "ULAW")}


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: to the writer the same as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def riff(path: Path) -> dict[str, bytes]:
    """The chunks of a WAV file, checked to fill it exactly."""
    data = path.read_bytes()
    assert data[:4] == b"RIFF"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    assert data[8:12] == b"WAVE"
    chunks, at = {}, 12
    while at < len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        chunks[data[at : at + 4].decode()] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(data)
    return chunks


@pytest.mark.parametrize("encoding", TAGS)
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("frames", [0, 1, 801])
def test_a_recording_is_a_valid_file_of_its_encoding(
    encoding: Encoding, channels: int, frames: int, tmp_path: Path
) -> None:
    audio = AudioSettings(encoding=encoding, channels=channels, sample_rate=8000)
    data = os.urandom(frames * audio.frame_bytes)
    with WavRecorder(tmp_path / "a.wav", audio) as recorder:
        recorder.write(data)
    chunks = riff(tmp_path / "a.wav")
    tag, subtype = TAGS[encoding]
    assert chunks["data"] == data
    assert struct.unpack("<HHII", chunks["fmt "][:12]) == (tag, channels, 8000, audio.bytes_per_second)
    assert ("fact" in chunks) == (tag != 1)
    assert struct.unpack("<I", chunks.get("fact", struct.pack("<I", frames)))[0] == frames
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.subtype, info.frames, info.channels, info.samplerate) == (subtype, frames, channels, 8000)


def test_speech_is_saved_bit_exact(speech_bytes: bytes, clip: Path, tmp_path: Path) -> None:
    recording = Recording(AudioFile(clip, realtime=False), WavRecorder(tmp_path / "a.wav", AUDIO))
    assert b"".join(chunk for chunk in recording.chunks(AUDIO) if isinstance(chunk, bytes)) == speech_bytes
    assert soundfile.read(tmp_path / "a.wav", dtype="int16")[0].tobytes() == speech_bytes
    assert not recording.failed


def test_a_recording_that_is_never_closed_is_short_of_a_second_at_most(tmp_path: Path) -> None:
    recorder = WavRecorder(tmp_path / "a.wav", AUDIO)
    heard = []
    for _ in range(70):
        heard.append(soundfile.info(tmp_path / "a.wav").frames)
        recorder.write(b"\1\0" * 800)
    assert all(0 <= 800 * index - frames < 16000 for index, frames in enumerate(heard))
    # As after a crash: the header is read back with the audio beyond it in place.
    assert soundfile.read(tmp_path / "a.wav", dtype="int16")[0].tolist() == [1] * 48000
    recorder.close()


def test_closing_twice_and_writing_after_it_do_nothing(tmp_path: Path) -> None:
    recorder = WavRecorder(tmp_path / "a.wav", AUDIO)
    recorder.write(b"\1\0")
    recorder.close()
    recorder.close()
    recorder.write(b"\2\0")
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0"


def test_an_interrupted_write_leaves_whole_frames(tmp_path: Path) -> None:
    recorder = WavRecorder(tmp_path / "a.wav", AUDIO)
    recorder.write(b"\1\0" * 10 + b"\1")
    recorder.close()
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0" * 10


# --------------------------------------------------------------------------- disks that fail


@pytest.mark.parametrize("name", ["", "missing/a.wav"])
def test_a_file_that_cannot_be_created(name: str, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"the recording cannot be created: .*; save it elsewhere"):
        WavRecorder(tmp_path / name, AUDIO)


def test_a_device_that_takes_nothing() -> None:
    with pytest.raises(AudioError, match=r"^/dev/full: the recording cannot be created: No space left on device"):
        WavRecorder("/dev/full", AUDIO)
    assert Path("/dev/full").exists()


def test_a_disk_without_room_for_the_header_gets_no_file(tmp_path: Path) -> None:
    with disk_of(20), pytest.raises(AudioError, match="the recording cannot be created: File too large"):
        WavRecorder(tmp_path / "a.wav", AUDIO)
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize(("encoding", "room"), [("s16le", 5001), ("f32le", 5001), ("mulaw", 5001), ("mulaw", 5000)])
def test_a_full_disk_leaves_a_valid_file_of_what_fitted(encoding: Encoding, room: int, tmp_path: Path) -> None:
    audio = AudioSettings(encoding=encoding)
    data = os.urandom(audio.chunk_bytes * 20)
    recorder = WavRecorder(tmp_path / "a.wav", audio)
    chunks = (data[start : start + audio.chunk_bytes] for start in range(0, len(data), audio.chunk_bytes))
    with disk_of(room), pytest.raises(AudioError, match="the recording cannot be written on: File too large") as caught:
        deque(map(recorder.write, chunks))
    assert "\n" not in str(caught.value)
    recorder.write(data)
    recorder.close()
    saved = riff(tmp_path / "a.wav")["data"]
    assert data.startswith(saved)
    assert room - 64 < len(saved) <= room - 44


def test_a_wav_file_ends_before_its_sizes_overflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST", 2000)
    recorder = WavRecorder(tmp_path / "a.wav", AUDIO)
    recorder.write(b"\1\0" * 900)
    with pytest.raises(AudioError, match="a WAV file holds no more than 4 GiB"):
        recorder.write(b"\1\0" * 900)
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0" * 900


def test_a_full_disk_is_one_notice_and_the_audio_goes_on(clip: Path, speech_bytes: bytes, tmp_path: Path) -> None:
    recording = Recording(AudioFile(clip, realtime=False), WavRecorder(tmp_path / "a.wav", AUDIO))
    with disk_of(100_000):
        items = list(recording.chunks(AUDIO))
    notices = [item for item in items if isinstance(item, Notice)]
    assert [notice.code for notice in notices] == ["save_failed"]
    assert "a.wav: the recording cannot be written on" in notices[0].message
    assert b"".join(item for item in items if isinstance(item, bytes)) == speech_bytes
    assert recording.failed
    assert speech_bytes.startswith(riff(tmp_path / "a.wav")["data"])


# --------------------------------------------------------------------------- the wrapped source


class Scripted:
    def __init__(self, *items: bytes | Notice | AudioError) -> None:
        self.items = items
        self.closed = 0

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        for item in self.items:
            if isinstance(item, AudioError):
                raise item
            yield item

    def close(self) -> None:
        self.closed += 1


def test_notices_and_errors_of_the_source_pass_and_the_file_is_complete(tmp_path: Path) -> None:
    notice = Notice(code="audio_dropped", message="lost", seconds=1.0)
    source = Scripted(b"\1\0", notice, b"\2\0", AudioError("unplugged"))
    recording = Recording(source, WavRecorder(tmp_path / "a.wav", AUDIO))
    heard: list[bytes | Notice] = []
    with pytest.raises(AudioError, match="unplugged"):
        heard.extend(recording.chunks(AUDIO))
    assert heard == [b"\1\0", notice, b"\2\0"]
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0\2\0"


def test_closing_closes_the_source_and_keeps_saving_what_it_still_yields(tmp_path: Path) -> None:
    source = Scripted(b"\1\0", b"\2\0")
    recording = Recording(source, WavRecorder(tmp_path / "a.wav", AUDIO))
    chunks = recording.chunks(AUDIO)
    next(chunks)
    recording.close()
    assert source.closed == 1
    assert list(chunks) == [b"\2\0"]
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0\2\0"


def test_closing_before_the_start_completes_the_file(tmp_path: Path) -> None:
    Recording(Scripted(), WavRecorder(tmp_path / "a.wav", AUDIO)).close()
    assert riff(tmp_path / "a.wav")["data"] == b""


def test_an_abandoned_iterator_completes_the_file(tmp_path: Path) -> None:
    chunks = Recording(Scripted(b"\1\0", b"\2\0"), WavRecorder(tmp_path / "a.wav", AUDIO)).chunks(AUDIO)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert riff(tmp_path / "a.wav")["data"] == b"\1\0"


def test_float_speech_keeps_its_values(tmp_path: Path) -> None:
    audio = AudioSettings(encoding="f32le")
    values = np.linspace(-1, 1, 999, dtype="<f4")
    with WavRecorder(tmp_path / "a.wav", audio) as recorder:
        recorder.write(values.tobytes())
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="float32")[0], values)
