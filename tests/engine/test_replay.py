from hypothesis import given
from hypothesis import strategies as st

from voxport.engine.replay import AudioLog
from voxport.settings import AudioSettings

AUDIO = AudioSettings(encoding="s16le", sample_rate=8000, chunk_ms=10)
SIZE = AUDIO.chunk_bytes
SECOND = AUDIO.bytes_per_second


def log(limit: float = 100.0) -> AudioLog:
    return AudioLog(AUDIO, limit)


@given(st.lists(st.binary(max_size=4 * SIZE), max_size=20))
def test_cutting_loses_no_byte_and_makes_chunks_of_one_size(pieces: list[bytes]) -> None:
    audio = log()
    for piece in pieces:
        audio.append(piece)
    odd = audio.flush()
    chunks = list(audio.take())
    everything = b"".join(pieces)
    assert b"".join(chunks) == everything[: len(everything) - odd]
    assert odd < AUDIO.frame_bytes
    assert all(len(chunk) == SIZE for chunk in chunks[:-1])
    assert all(chunks)


@given(st.integers(0, 40), st.floats(0, 0.5), st.integers(0, 20))
def test_a_rewind_sends_all_that_is_not_settled_from_a_whole_chunk(chunks: int, settled: float, more: int) -> None:
    audio = log()
    audio.append(bytes(chunks * SIZE))
    sent = sum(map(len, audio.take()))
    audio.settle(settled)
    start, lost = audio.rewind()
    audio.append(bytes(more * SIZE))
    again = sum(map(len, audio.take()))
    assert lost == 0
    assert start <= settled
    assert start > min(settled, sent / SECOND) - 0.01 - 1e-9
    assert again == sent + more * SIZE - round(start * SECOND)


def test_audio_beyond_the_limit_is_given_up_and_the_loss_is_told() -> None:
    audio = log(limit=0.5)
    audio.append(bytes(2 * SECOND))
    list(audio.take())
    audio.settle(0.25)
    assert audio.rewind() == (1.5, 1.25)


def test_unsent_audio_is_never_given_up() -> None:
    audio = log(limit=0.1)
    audio.append(bytes(SECOND))
    assert audio.rewind() == (0.0, 0.0)
    assert sum(map(len, audio.take())) == SECOND


def test_the_furthest_point_never_goes_back() -> None:
    audio = log()
    audio.append(bytes(SECOND))
    list(audio.take())
    audio.rewind()
    assert audio.furthest == 1.0
    assert audio.unsent == 1.0


def test_nothing_is_settled_that_was_not_sent() -> None:
    audio = log()
    audio.append(bytes(SECOND))
    audio.settle(5.0)
    assert sum(map(len, audio.take())) == SECOND
    assert audio.rewind() == (0.0, 0.0)


def test_a_position_may_be_any_number() -> None:
    audio = log()
    audio.append(bytes(SECOND))
    audio.take()
    for absurd in (-1e308, -1.0, 1.7e308, float("inf")):
        audio.settle(absurd)
        audio.acknowledge(absurd)
    assert audio.rewind() == (1.0, 0.0)
