import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF

from voxport.transport import _AudioFrame


@given(st.binary(max_size=300))
def test_a_frame_is_what_the_library_would_make_of_it(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 125, 126, 127, 1600, 65_535, 65_536, 70_001])
def test_a_frame_of_any_size_is_well_formed(size: int) -> None:
    check(bytes(range(256)) * (size // 256) + bytes(range(size % 256)))


def check(data: bytes) -> None:
    made = _AudioFrame(data).format()
    key = made[len(made) - len(data) - 4 : len(made) - len(data)]
    theirs = ABNF.create_frame(data, ABNF.OPCODE_BINARY)
    theirs.get_mask_key = lambda _: key
    assert made == theirs.format()


def test_masking_keys_differ() -> None:
    assert len({_AudioFrame(bytes(4)).format() for _ in range(3000)}) > 2990
