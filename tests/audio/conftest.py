from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

import voxport

CLIP = Path(voxport.__file__).parent / "clips" / "jfk.flac"
"""Eleven seconds of speech, 16 kHz, mono, 16 bit."""


@pytest.fixture
def clip() -> Path:
    return CLIP


@pytest.fixture(scope="session")
def speech() -> npt.NDArray[np.int16]:
    samples: npt.NDArray[np.int16] = soundfile.read(CLIP, dtype="int16")[0]
    return samples


@pytest.fixture(scope="session")
def speech_bytes(speech: npt.NDArray[np.int16]) -> bytes:
    return speech.astype("<i2").tobytes()
