"""No frame that a far end can send makes a decoder raise, hang, or say much; ``fuzz.py`` does the same at length."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults.fuzz import CASES, ENDS, MOST, End, Rig, fuzz
from faults.mutation import Frame, real
from voxport import registry

DECODERS = [(provider, end) for provider in CASES for end in ENDS]
each_decoder = pytest.mark.parametrize(("provider", "end"), DECODERS, ids=[" ".join(decoder) for decoder in DECODERS])


def frames_like(sent: list[Frame]) -> st.SearchStrategy[Frame]:
    """Any text, any bytes, and any JSON with the names and the tags of real frames."""
    trees = [json.loads(frame) for frame in sent if isinstance(frame, str)]
    names = sorted({name for tree in trees for name in names_in(tree)})
    tags = sorted({value for tree in trees for value in tree.values() if isinstance(value, str)})
    leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(tags))
    tree = st.recursive(
        leaf, lambda it: st.one_of(st.lists(it), st.dictionaries(st.sampled_from(names), it)), max_leaves=8
    )
    tagged = st.builds(
        lambda real, more: json.dumps({**real, **more}),
        st.sampled_from(trees),
        st.dictionaries(st.sampled_from(names), tree),
    )
    return st.one_of(st.text(), st.binary(), tree.map(json.dumps), tagged)


def names_in(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        return {*tree, *(name for value in tree.values() for name in names_in(value))}
    return {name for item in tree for name in names_in(item)} if isinstance(tree, list) else set()


@each_decoder
def test_mutated_frames_are_events_and_nothing_else(provider: str, end: End) -> None:
    report = fuzz(provider, end, 1000)
    assert report.broken == []
    assert not report.bad


@each_decoder
def test_whatever_is_sent_is_an_event(provider: str, end: End) -> None:
    rig = Rig(provider, end)

    @settings(max_examples=15)
    @given(st.lists(frames_like(rig.sent), max_size=4), st.integers(0, 99))
    def frames_are_taken(frames: list[Frame], way: int) -> None:
        take = rig.take(Random(way))  # noqa: S311 # no secret
        for frame in frames:
            made, _ = take(frame)
            assert made <= MOST

    frames_are_taken()


def test_every_provider_with_a_key_is_fuzzed() -> None:
    assert [name for name in registry.names() if registry.adapter(name).capabilities.needs_key] == sorted(CASES)


def test_a_decoder_that_raises_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(frame: object) -> tuple[int, bool]:
        raise KeyError("nobody")

    monkeypatch.setattr(Rig, "take", lambda self, random: raises)
    report = fuzz("deepgram", "client", 3)
    assert (report.exceptions, report.bad) == (3, True)
    assert report.broken[0].startswith("KeyError: 'nobody' for ")


def test_the_places_of_a_frame_are_found() -> None:
    frame = real('{"a": [1, {"b":"}\\""}], "c": null}')
    assert sorted(frame.text[start:end] for start, end in frame.members) == [
        '"a": [1, {"b":"}\\""}]',
        '"b":"}\\""',
        '"c": null',
    ]
    assert [frame.text[start:end] for start, end in frame.values] == [
        "1", '"}\\""', '{"b":"}\\""}', '[1, {"b":"}\\""}]', "null", frame.text,
    ]  # fmt: skip
