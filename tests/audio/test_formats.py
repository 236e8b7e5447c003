from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voxport.audio.formats import Converter, Samples, converted, decode, encode
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import Encoding

EVERY_INT16 = np.arange(-32768, 32768, dtype="<i2")


def tone(rate: int, seconds: float, channels: int = 1) -> Samples:
    wave = np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate).astype(np.float32) / 2
    return np.repeat(wave[:, None], channels, axis=1)


def resampled(samples: Samples, converter: Converter, cuts: list[int]) -> Samples:
    edges = sorted({0, len(samples), *cuts})
    parts = [converter.convert(samples[start:stop]) for start, stop in pairwise(edges)]
    return np.concatenate([*parts, converter.convert(samples[:0], last=True)])


def test_every_16_bit_sample_passes_both_ways_bit_exact() -> None:
    data = EVERY_INT16.tobytes()
    assert encode(decode(data, "s16le", 1), "s16le") == data
    assert encode(decode(data, "s16le", 4), "s16le") == data


def test_s16le_is_full_scale_32768_little_endian() -> None:
    assert encode(np.array([[0.5], [-1.0]], np.float32), "s16le") == b"\x00\x40\x00\x80"


@pytest.mark.parametrize("encoding", ["s16le", "mulaw"])
def test_beyond_full_scale_is_clipped_and_nan_is_silence(encoding: Encoding) -> None:
    wild = np.array([[2.0], [np.inf], [-2.0], [-np.inf], [np.nan]], np.float32)
    tame = np.array([[1.0], [1.0], [-1.0], [-1.0], [0.0]], np.float32)
    assert encode(wild, encoding) == encode(tame, encoding)
    assert decode(encode(wild, "s16le"), "s16le", 1)[:, 0].tolist() == pytest.approx([1, 1, -1, -1, 0], abs=1 / 32767)


@given(st.lists(st.floats(-1, 1, width=32), max_size=64))
def test_f32le_round_trips_exactly(values: list[float]) -> None:
    samples = np.array(values, np.float32).reshape(-1, 1)
    assert np.array_equal(decode(encode(samples, "f32le"), "f32le", 1), samples)


@given(st.integers(1, 8), st.binary(max_size=256))
def test_mulaw_bytes_round_trip_but_for_negative_zero(channels: int, data: bytes) -> None:
    data = data[: len(data) // channels * channels].replace(b"\x7f", b"\xff")
    assert encode(decode(data, "mulaw", channels), "mulaw") == data


@pytest.mark.parametrize(
    ("code", "sample"),
    [
        (0x00, -32124),
        (0x80, 32124),
        (0xFF, 0),
        (0x7F, 0),
        (0xFE, 8),
        (0x7E, -8),
        (0x8F, 16764),
        (0xF0, 120),
        (0xEF, 132),
    ],
)
def test_mulaw_has_the_values_of_g711(code: int, sample: int) -> None:
    assert decode(bytes([code]), "mulaw", 1)[0, 0] * 32768 == sample


def test_mulaw_agrees_with_libsndfile_on_every_sample(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "all.raw", EVERY_INT16, 8000, subtype="ULAW")
    theirs = (tmp_path / "all.raw").read_bytes()
    assert encode(decode(EVERY_INT16.tobytes(), "s16le", 1), "mulaw") == theirs
    heard, _ = soundfile.read(
        tmp_path / "all.raw", dtype="float32", always_2d=True, samplerate=8000, channels=1, subtype="ULAW"
    )
    assert np.array_equal(decode(theirs, "mulaw", 1), heard)


@pytest.mark.parametrize(("encoding", "size"), [("s16le", 3), ("f32le", 6), ("mulaw", 1)])
def test_a_partial_frame_is_refused(encoding: Encoding, size: int) -> None:
    with pytest.raises(AudioError, match=f"{size} bytes are no whole number of 2-channel {encoding}"):
        decode(b"\0" * size, encoding, 2)


def test_equal_formats_pass_untouched() -> None:
    samples = tone(16000, 0.1)
    assert Converter(16000, 16000, 1, 1).convert(samples) is samples


def test_one_channel_is_copied_and_many_are_averaged() -> None:
    two = np.array([[0.5, 0.25], [-1.0, 1.0]], np.float32)
    assert Converter(8000, 8000, 2, 1).convert(two).tolist() == [[0.375], [0.0]]
    assert Converter(8000, 8000, 1, 3).convert(two[:, :1]).tolist() == [[0.5] * 3, [-1.0] * 3]


def test_other_changes_of_channels_are_refused() -> None:
    with pytest.raises(AudioError, match="6 channels cannot become 2"):
        Converter(8000, 8000, 6, 2)


def test_resampling_keeps_duration_and_content() -> None:
    heard = resampled(tone(44100, 2.0, 2), Converter(44100, 16000, 2, 1), list(range(0, 88200, 2205)))
    assert heard.shape == (32000, 1)
    assert np.abs(heard - tone(16000, 2.0))[100:-100].max() < 1e-3


@given(st.lists(st.integers(0, 9000), max_size=12))
def test_where_the_blocks_are_cut_makes_no_difference(cuts: list[int]) -> None:
    samples = np.random.default_rng(7).uniform(-1, 1, (9000, 2)).astype(np.float32)
    cuts = [cut for cut in cuts if cut < len(samples)]
    whole = resampled(samples, Converter(44100, 16000, 2, 1), [])
    assert np.array_equal(resampled(samples, Converter(44100, 16000, 2, 1), cuts), whole)


@pytest.mark.parametrize("channels", [(1, 1), (2, 1), (1, 2)])
def test_a_failing_stream_still_gives_what_the_resampler_holds(channels: tuple[int, int]) -> None:
    def failing() -> Iterator[Samples | Notice]:
        yield tone(44100, 0.5, channels[0])
        yield Notice(code="x", message="y")
        raise AudioError("unplugged")

    heard: list[bytes | Notice] = []
    stream = converted(failing(), Converter(44100, 16000, *channels), "s16le", channels[0])
    with pytest.raises(AudioError, match="unplugged"):
        heard.extend(stream)
    assert sum(len(item) for item in heard if isinstance(item, bytes)) == 8000 * 2 * channels[1]
    assert [item.code for item in heard if isinstance(item, Notice)] == ["x"]
