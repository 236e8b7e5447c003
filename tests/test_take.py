import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.codec import Support, Translated, Translation
from voxport.events import AnyEvent, Begun, Ended, Failed, Transcript, Usage, Word
from voxport.take import Item, Segment, Sent, Take, decode_item, decode_take, encode

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    float: FINITE,
    str: st.text(),
    int: st.integers(0, 99),
    bool: st.booleans(),
    types.NoneType: st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may hold."""
    inside = typing.get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    match typing.get_origin(kind):
        case typing.Union | types.UnionType:
            return st.one_of([values(one) for one in inside])
        case origin if origin is tuple:
            return st.lists(values(inside[0]), max_size=2).map(tuple)
        case origin if origin is Literal:
            return st.sampled_from(inside)
        case origin if origin is Mapping:
            return st.dictionaries(st.text(), JSON, max_size=2)
    assert kind is Any
    return JSON


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    fields = {field.name: values(field.type) for field in msgspec.structs.fields(kind)}
    if "raw" in fields:
        fields["raw"] = st.none() | st.text() | st.binary()
    return st.builds(kind, **fields)


def take(*events: AnyEvent, error: str | None = None, sent: tuple[Sent, ...] = ()) -> Take:
    return Take(
        label="a", provider="toy", item="1", date=1.0, dialled_at=10.0, events=events, sent=sent, error=error
    )  # fmt: skip


@given(structs(Take))
def test_a_take_survives_json(kept: Take) -> None:
    again = decode_take(encode(kept))
    assert again == kept
    assert [event.raw for event in again.events] == [event.raw for event in kept.events]
    assert [type(event.raw) for event in again.events] == [type(event.raw) for event in kept.events]


@given(structs(Item))
def test_an_item_survives_json(kept: Item) -> None:
    assert decode_item(encode(kept)) == kept


def test_json_is_short_and_names_events_by_their_tag() -> None:
    text = encode(take(Begun(raw=b"\xff"), sent=(Sent(0.05, 10.1),))).decode()
    assert '"event":"begun"' in text
    assert '"raw":{"base64":"/w=="}' in text
    assert '"sent":[[0.05,10.1]]' in text
    assert "error" not in text


@pytest.mark.parametrize("broken", [b"", b"{}", b"[1]", b'{"label": 1}'])
def test_what_is_no_take_is_refused(broken: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_take(broken)


def test_an_item_is_resampled_by_its_call_else_its_speaker_else_alone() -> None:
    assert Item(id="1", audio="a.wav", group="call", speaker="anna").block == "call"
    assert Item(id="1", audio="a.wav", speaker="anna").block == "anna"
    assert Item(id="1", audio="a.wav").block == "1"


def test_a_take_tells_how_it_ended() -> None:
    usage = (Usage(provider="toy", connection=1, audio_seconds=1.0, session_seconds=2.0),)
    well = take(Begun(received_at=11.0), Ended(usage=usage), sent=(Sent(0.5, 10.1), Sent(1.0, 10.6)))
    assert (well.outcome, well.why, well.begun_at, well.usage, well.audio_seconds) == ("ended", "", 11.0, usage, 1.0)
    failed = take(Failed(kind="refused", code="401", message="no such key"))
    assert (failed.outcome, failed.why, failed.begun_at, failed.usage) == ("failed", "no such key (401)", None, ())
    stopped = take(Begun(), error="a.wav: no such file")
    assert (stopped.outcome, stopped.why, stopped.last) == ("error", "a.wav: no such file", None)
    assert take(Begun(), Ended(), error="interrupted").outcome == "error"
    nothing = take()
    assert (nothing.outcome, nothing.why, nothing.audio_seconds) == ("error", "the session left no last event", 0.0)


def test_settings_and_words_are_kept_as_they_are() -> None:
    settings = Translation({"model": "m"}, (Translated("model", "m", Support("mapped", "model")),))
    heard = Transcript(is_final=True, text="hi", words=(Word("hi", 0.0, 1.0),))
    kept = msgspec.structs.replace(take(heard), settings=settings)
    assert decode_take(encode(kept)).settings == settings
    item = Item(id="1", audio="a", words=(Word("hi"),), segments=(Segment(start=0.0, end=1.0, text="hi"),))
    assert decode_item(encode(item)) == item
