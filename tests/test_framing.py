import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF

from voxport.framing import binary_frame, text_in


@given(st.binary(max_size=300))
def test_a_frame_is_what_the_library_would_make_of_it(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 125, 126, 127, 1600, 65_535, 65_536, 70_001])
def test_a_frame_of_any_size_is_well_formed(size: int) -> None:
    check(bytes(range(256)) * (size // 256) + bytes(range(size % 256)))


def check(data: bytes) -> None:
    made = binary_frame(data)
    key = made[len(made) - len(data) - 4 : len(made) - len(data)]
    theirs = ABNF.create_frame(data, ABNF.OPCODE_BINARY)
    theirs.get_mask_key = lambda _: key
    assert made == theirs.format()


def test_masking_keys_differ() -> None:
    assert len({binary_frame(bytes(4)) for _ in range(3000)}) > 2990


def server_frame(opcode: int, data: bytes, *, fin: int = 1) -> bytes:
    return ABNF(fin, 0, 0, 0, opcode, 0, data).format()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535])
@pytest.mark.parametrize("before", [b"", b"xyz"])
def test_a_whole_text_is_found(size: int, before: bytes) -> None:
    data = b"t" * size
    found = text_in(before + server_frame(ABNF.OPCODE_TEXT, data) + b"more", len(before))
    assert found is not None
    assert (before + server_frame(ABNF.OPCODE_TEXT, data))[found[0] : found[1]] == data


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x81",
        server_frame(ABNF.OPCODE_TEXT, b"abc")[:-1],
        server_frame(ABNF.OPCODE_TEXT, b"a" * 200)[:3],
        server_frame(ABNF.OPCODE_TEXT, b"a" * 200)[:-1],
        server_frame(ABNF.OPCODE_TEXT, b"a" * 65_536),
        server_frame(ABNF.OPCODE_TEXT, b"abc", fin=0),
        server_frame(ABNF.OPCODE_BINARY, b"abc"),
        server_frame(ABNF.OPCODE_CLOSE, b"\x03\xe8"),
        ABNF(1, 1, 0, 0, ABNF.OPCODE_TEXT, 0, b"abc").format(),
        b"\x81\x83keysabc",
    ],
    ids=range(11),
)
def test_everything_else_is_left_to_the_library(frame: bytes) -> None:
    assert text_in(frame, 0) is None
