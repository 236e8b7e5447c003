from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from voxport.audio.formats import Samples
from voxport.recogniser import Heard, Listening

CLIPS = Path(__file__).parent.parent / "clips"


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Samples]:
    """The samples of a clip, 16 kHz."""

    def load(name: str) -> Samples:
        samples: Samples = soundfile.read(CLIPS / f"{name}.flac", dtype="float32")[0]
        return samples

    return load


@pytest.fixture(scope="session")
def stream() -> Callable[[Listening, Samples, int], list[Heard]]:
    """All that is heard of samples that come in messages of a size."""

    def run(listening: Listening, samples: Samples, size: int) -> list[Heard]:
        heard = [item for at in range(0, len(samples), size) for item in listening.hear(samples[at : at + size])]
        return heard + listening.finish()

    return run
