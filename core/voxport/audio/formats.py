"""Samples and wire bytes.

Samples are float32 arrays of shape (frames, channels), full scale -1 to 1. Wire bytes are interleaved, in one of
``voxport.settings.Encoding``. Sixteen-bit samples pass through either direction bit exact.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import SAMPLE_BYTES, Encoding

if TYPE_CHECKING:
    import soxr

Samples: TypeAlias = npt.NDArray[np.float32]

_FULL_SCALE = 32768.0

# --------------------------------------------------------------------------- encodings


def encode(samples: Samples, encoding: Encoding) -> bytes:
    """The wire bytes of ``samples``. Integer encodings clip what lies beyond full scale and take NaN for silence."""
    return _ENCODERS[encoding](samples)


def decode(data: bytes, encoding: Encoding, channels: int) -> Samples:
    """The samples of ``data``, shape (frames, ``channels``).

    Raises ``AudioError`` when ``data`` does not consist of whole sample frames.
    """
    frame = SAMPLE_BYTES[encoding] * channels
    if len(data) % frame:
        raise AudioError(
            f"{len(data)} bytes are no whole number of {channels}-channel {encoding} frames of {frame} bytes"
        )
    return _DECODERS[encoding](data).reshape(-1, channels)


def _to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    scaled = np.rint(np.nan_to_num(np.clip(samples, -1.0, 1.0)) * np.float32(_FULL_SCALE))
    # Full scale is one step further away below zero than above.
    integers: npt.NDArray[np.int16] = np.minimum(scaled, 32767).astype("<i2")
    return integers


def _from_int16(samples: npt.NDArray[np.int16]) -> Samples:
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def _mulaw_encoding() -> npt.NDArray[np.uint8]:
    """The mu-law byte of each 16-bit sample, indexed by the sample's bits taken as unsigned (ITU-T G.711, table 2)."""
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    biased = np.minimum(np.abs(linear), 32635) + 132
    segment = np.frexp(biased.astype(np.float64))[1] - 8
    step = (biased >> (segment + 3)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    # G.711 transmits every bit inverted.
    table: npt.NDArray[np.uint8] = (~(sign | (segment << 4) | step) & 0xFF).astype(np.uint8)
    return table


def _mulaw_decoding() -> npt.NDArray[np.int16]:
    """The 16-bit sample of each mu-law byte (ITU-T G.711, table 2)."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 132) << ((code & 0x70) >> 4)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_TO_MULAW = _mulaw_encoding()
_FROM_MULAW = _from_int16(_mulaw_decoding())

_ENCODERS: Mapping[Encoding, Callable[[Samples], bytes]] = {
    "s16le": lambda samples: _to_int16(samples).tobytes(),
    "f32le": lambda samples: samples.astype("<f4", copy=False).tobytes(),
    "mulaw": lambda samples: _TO_MULAW[_to_int16(samples).astype(np.int16, copy=False).view(np.uint16)].tobytes(),
}
_DECODERS: Mapping[Encoding, Callable[[bytes], Samples]] = {
    "s16le": lambda data: _from_int16(np.frombuffer(data, "<i2")),
    "f32le": lambda data: np.frombuffer(data, "<f4").astype(np.float32),
    "mulaw": lambda data: _FROM_MULAW[np.frombuffer(data, np.uint8)],
}

# --------------------------------------------------------------------------- rate and channels


class Converter:
    """Changes sample rate (Hz) and channel count of a stream of samples, block by block.

    Where the blocks are cut makes no difference to the result, and equal formats cost nothing: the block itself comes
    back. One channel is copied to all; many are averaged into one; any other change raises ``AudioError``.
    """

    def __init__(self, from_rate: int, to_rate: int, from_channels: int, to_channels: int) -> None:
        if from_channels != to_channels and 1 not in {from_channels, to_channels}:
            raise AudioError(
                f"{from_channels} channels cannot become {to_channels}; set audio.channels to 1 or to {from_channels}"
            )
        self._averages = from_channels > to_channels
        self._copies = to_channels if from_channels < to_channels else 1
        self._resampler = (
            None if from_rate == to_rate else _resampler(from_rate, to_rate, min(from_channels, to_channels))
        )

    def convert(self, samples: Samples, *, last: bool = False) -> Samples:
        """What the stream so far yields of new samples, possibly none: the resampler looks ahead.

        ``last`` hands out the rest and ends the stream; ``samples`` may then be empty.
        """
        if self._averages:
            samples = samples.mean(axis=1, keepdims=True, dtype=np.float32)
        if self._resampler is not None:
            resampled: Samples = self._resampler.resample_chunk(np.ascontiguousarray(samples), last=last)
            samples = resampled
        return samples if self._copies == 1 else np.repeat(samples, self._copies, axis=1)


def _resampler(from_rate: int, to_rate: int, channels: int) -> "soxr.ResampleStream":
    import soxr  # noqa: PLC0415 -- most audio already has the right rate

    return soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32")


def converted(
    blocks: Iterable[Samples | Notice], converter: Converter, encoding: Encoding, channels: int
) -> Iterator[bytes | Notice]:
    """The wire bytes of a stream of ``channels``-channel blocks; notices pass.

    What the resampler still holds comes at the end, and before an ``AudioError`` that ends ``blocks``.
    """
    rest: Any = np.empty((0, channels), np.float32)
    try:
        for block in blocks:
            yield block if isinstance(block, Notice) else encode(converter.convert(block), encoding)
    except AudioError:
        yield encode(converter.convert(rest, last=True), encoding)
        raise
    yield encode(converter.convert(rest, last=True), encoding)
