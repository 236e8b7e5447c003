"""The real recognisers on one short clip each."""

import re
from collections.abc import Callable

import jiwer
import numpy as np
import pytest

from voxport.audio.formats import Samples
from voxport.recogniser import Heard, Listening, recogniser

SAID = "he was not an ill disposed young man"

Stream = Callable[[Listening, Samples, int], list[Heard]]


def plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


@pytest.mark.parametrize(("name", "errors"), [("moonshine", 0.26), ("pocketsphinx", 0.51)])
def test_a_clip_is_heard(name: str, errors: float, clip: Callable[[str], Samples], stream: Stream) -> None:
    samples = clip("austen-0880")
    heard = stream(recogniser(name).listen(), samples, 800)
    (final,) = [item for item in heard if item.is_final]
    assert heard[-1] is final
    assert jiwer.wer(SAID, plain(final.text)) < errors
    partials = [item for item in heard if not item.is_final]
    assert len(partials) >= 3
    assert 3 <= len(partials[-1].words) <= 12
    times = [edge for word in final.words for edge in (word.start, word.end)]
    assert times == sorted(times, key=lambda edge: edge or 0)
    assert final.start == times[0]
    assert final.end == times[-1]
    assert 0 <= final.start < final.end <= len(samples) / 16_000
    assert [word.estimated for word in final.words].count(True) <= len(final.words) // 2


def test_what_one_stream_hears_depends_on_no_other(clip: Callable[[str], Samples], stream: Stream) -> None:
    moonshine = recogniser("moonshine")
    samples = clip("LJ001-0002")
    alone = stream(moonshine.listen(), samples, 10**6)
    first, second = moonshine.listen(), moonshine.listen()
    noise = np.random.default_rng(7).standard_normal(1600).astype(np.float32) * 0.3
    heard: list[Heard] = []
    for at in range(0, len(samples), 1600):
        second.hear(noise)
        heard += first.hear(samples[at : at + 1600])
    second.close()
    assert heard + first.finish() == alone
