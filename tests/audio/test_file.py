import os
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voxport.audio.file import AudioFile
from voxport.audio.source import Pacer
from voxport.errors import AudioError
from voxport.settings import AudioSettings

CLIPS = sorted((Path(__file__).parents[1] / "clips").glob("*.flac"))


def read(file: AudioFile, audio: AudioSettings | None = None) -> list[bytes]:
    chunks = list(file.chunks(audio or AudioSettings()))
    return [chunk for chunk in chunks if isinstance(chunk, bytes)]


def noise(path: Path, rate: int, channels: int, seconds: float, **options: Any) -> Path:
    samples = np.random.default_rng(3).uniform(-0.5, 0.5, (int(rate * seconds), channels))
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.stem)
def test_16_bit_speech_comes_bit_exact_in_exact_chunks(clip: Path) -> None:
    samples, rate = soundfile.read(clip, dtype="int16")
    file = AudioFile(clip, realtime=False)
    chunks = read(file)
    assert b"".join(chunks) == samples.tobytes()
    assert {len(chunk) for chunk in chunks[:-1]} == {AudioSettings().chunk_bytes}
    assert 0 < len(chunks[-1]) <= AudioSettings().chunk_bytes
    assert file.duration == len(samples) / rate


def test_a_second_reading_starts_from_the_beginning(clip: Path) -> None:
    file = AudioFile(clip, realtime=False)
    assert read(file) == read(file)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_each_container_is_read_to_its_end(suffix: str, tmp_path: Path) -> None:
    file = AudioFile(noise(tmp_path / f"a.{suffix}", 44100, 2, 2.0), realtime=False)
    audio = AudioSettings()
    chunks = read(file, audio)
    assert file.duration == 2.0
    assert abs(len(b"".join(chunks)) - 2 * audio.bytes_per_second) < audio.chunk_bytes
    assert len(b"".join(chunks)) % audio.frame_bytes == 0


def test_mono_becomes_stereo_in_another_encoding(clip: Path, speech: npt.NDArray[np.int16]) -> None:
    data = b"".join(read(AudioFile(clip, realtime=False), AudioSettings(channels=2, encoding="f32le")))
    assert np.array_equal(np.frombuffer(data, "<f4").reshape(-1, 2) * 32768, np.stack([speech, speech], axis=1))


def test_an_impossible_change_of_channels_is_refused_by_chunks(tmp_path: Path) -> None:
    file = AudioFile(noise(tmp_path / "a.wav", 8000, 3, 0.1), realtime=False)
    with pytest.raises(AudioError, match="3 channels cannot become 2"):
        file.chunks(AudioSettings(channels=2))


def test_realtime_takes_as_long_as_the_speech(clip: Path) -> None:
    waits: list[float] = []
    file = AudioFile(clip, pacer=Pacer(clock=lambda: sum(waits), wait=waits.append))
    read(file)
    assert sum(waits) == pytest.approx(file.duration)


@pytest.mark.parametrize("realtime", [True, False])
def test_closing_ends_it_with_the_chunk_in_hand(clip: Path, realtime: bool) -> None:  # noqa: FBT001 -- a parameter
    file = AudioFile(clip, realtime=realtime)
    chunks = file.chunks(AudioSettings(chunk_ms=10))
    assert next(chunks)
    file.close()
    file.close()
    assert list(chunks) == []
    assert list(file.chunks(AudioSettings())) == []


def test_a_long_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 16000, 1) as out:
        for _ in range(60):
            out.write(np.zeros(16000 * 10, np.int16))
    import tracemalloc

    tracemalloc.start()
    try:
        assert sum(map(len, AudioFile(path, realtime=False).chunks(AudioSettings()))) == 600 * 32000  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


# --------------------------------------------------------------------------- what cannot be read


def refuse(path: Path, words: str) -> None:
    with pytest.raises(AudioError, match=re.escape(words)) as caught:
        AudioFile(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    refuse(tmp_path / "no.wav", "no such file")


def test_directory(tmp_path: Path) -> None:
    refuse(tmp_path, "Is a directory")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    refuse(tmp_path / "a.wav", "is empty")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.raw", "a.txt", "a"])
def test_no_audio(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("provider: deepgram\n" * 100)
    refuse(tmp_path / name, "is not audio that can be read")


def test_no_frames(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 1)), 16000)
    refuse(tmp_path / "a.wav", "has no audio in it")


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_cut_short(suffix: str, part: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = noise(tmp_path / f"a.{suffix}", 16000, 1, 5.0)
    os.truncate(path, int(path.stat().st_size * part))
    refuse(path, "is cut short")
    assert capfd.readouterr().err == ""


def test_damage_inside_ends_the_iterator_after_what_was_good(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", 16000, 1, 5.0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = b"\0" * 20_000
    path.write_bytes(data)
    heard: list[object] = []
    with pytest.raises(AudioError, match=r"is damaged after \d\.\d s"):
        heard.extend(AudioFile(path, realtime=False).chunks(AudioSettings()))
    assert len(heard) >= 20


# --------------------------------------------------------------------------- files that do not tell their length


@pytest.mark.parametrize("stated", [0xFFFF_FFFF, 0x7FFF_F000, 0x8000_0000])
def test_wav_from_a_pipe(stated: int, tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 16000, 1, 1.0)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", stated)
    path.write_bytes(data)
    assert AudioFile(path).duration == 1.0


def test_flac_from_a_pipe(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", 16000, 1, 3.0)
    data = bytearray(path.read_bytes())
    # The frame count is the 36 bits from byte 21: "fLaC", a block header of 4 bytes, 13 bytes and a half of STREAMINFO.
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])
    path.write_bytes(data)
    file = AudioFile(path, realtime=False)
    assert file.duration == 3.0
    assert len(b"".join(read(file))) == 3 * 32000


def without_table(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[data.index(data[:2], 2) :])
    return path


def test_mp3_without_an_encoders_table(
    tmp_path: Path, speech: npt.NDArray[np.int16], capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.mp3", speech, 16000)
    file = AudioFile(without_table(tmp_path / "a.mp3"), realtime=False)
    assert file.duration == pytest.approx(11.0, abs=0.2)
    assert len(b"".join(read(file))) == file.duration * 32000


def test_mp3_whose_length_is_guessed_too_short_is_refused_rather_than_cut(tmp_path: Path) -> None:
    refuse(without_table(noise(tmp_path / "a.mp3", 16000, 1, 3.0)), "only 1.5 s of it can be read; convert it")


def test_mp3_behind_an_id3_tag(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.mp3", 16000, 1, 3.0)
    tag = b"ID3\x03\0\0" + bytes([0, 0, 0x4E, 0x10])
    path.write_bytes(tag + bytes(0x4E << 7 | 0x10) + path.read_bytes())
    assert AudioFile(path).duration == 3.0
    os.truncate(path, int(path.stat().st_size * 0.7))
    refuse(path, "is cut short")
