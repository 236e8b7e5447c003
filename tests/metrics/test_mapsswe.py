import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.metrics.align import Counts, align, count, sclite
from voxport.metrics.mapsswe import Mapsswe, mapsswe, segments

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "words.json").read_text(encoding="utf-8"))
ROW = st.lists(st.sampled_from("abcd"), max_size=12)


def test_words_are_aligned_as_sclite_aligns_them() -> None:
    for reference, *heard in FIXTURE:
        for text, judged in zip(heard[:2], heard[2:], strict=True):
            assert count(sclite(reference.split(), text.split())) == Counts(*judged)


def test_the_test_says_what_sc_stats_says() -> None:
    pairs = [tuple(sclite(reference.split(), text.split()) for text in heard[:2]) for reference, *heard in FIXTURE]
    ours = mapsswe((first, second) for first, second in pairs)
    assert (ours.segments, round(ours.mean, 3), round(ours.z, 3)) == (280, -0.236, -1.635)
    assert round(abs(ours.mean / ours.z) * math.sqrt(ours.segments), 3) == 2.413
    assert ours.p == pytest.approx(0.102, abs=0.0005)  # of the standard normal distribution beyond 1.635, both sides


@pytest.mark.parametrize(
    ("reference", "first", "second", "found"),
    [
        ("a b c d", "a b c d", "a b c d", []),
        ("a b c d", "a x c d", "a b c d", [(1, 0)]),
        ("a b c d e f g", "a x c d e y g", "a b c d e f g", [(1, 0), (1, 0)]),
        ("a b c d e", "a x c y e", "a b c d e", [(2, 0)]),  # one good word does not part
        ("a b c d e f", "a x c d e f", "a b c d y f", [(1, 0), (0, 1)]),
        ("a b c d e f", "a x c d e f", "a b c y e f", [(1, 1)]),
        ("a b c d", "a x b c d", "a b c d x x", [(1, 0), (0, 2)]),
        ("a b c d e f", "x a b c d e f", "a x c d e f", [(1, 1)]),
        ("a b c d e", "a x c z d e", "a b c d e", [(2, 0)]),  # an insertion between good words does not part
        ("a b", "", "a b", [(2, 0)]),
        ("", "a", "", [(1, 0)]),
        ("", "", "", []),
    ],
)
def test_segments(reference: str, first: str, second: str, found: list[tuple[int, int]]) -> None:
    assert segments(*(align(reference.split(), text.split()) for text in (first, second))) == found


@given(ROW, ROW, ROW)
def test_segments_hold_every_error_and_exchange_with_the_systems(
    reference: list[str], first: list[str], second: list[str]
) -> None:
    one, other = align(reference, first), align(reference, second)
    found = segments(one, other)
    assert [sum(side) for side in zip(*found, strict=True)] == (
        [count(one).errors, count(other).errors] if found else []
    )
    assert [(b, a) for a, b in found] == segments(other, one)
    assert all(a or b for a, b in found)


def test_too_little_or_no_difference_is_no_finding() -> None:
    same = (align(["a"], ["x"]), align(["a"], ["y"]))
    assert mapsswe([]) == Mapsswe(segments=0)
    assert mapsswe([same]) == Mapsswe(segments=1)
    assert mapsswe([same] * 9) == Mapsswe(segments=9)


def test_by_hand() -> None:
    better, worse = (align(["a"], ["a"]), align(["a"], ["x"])), (align(["a"], ["x"]), align(["a"], ["a"]))
    found = mapsswe([worse, worse, worse, better])  # differences 1, 1, 1, -1: mean 0.5, deviation 1
    assert (found.mean, found.z) == (0.5, 1.0)
    assert found.p == pytest.approx(0.3173, abs=1e-4)
