import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.audio.source import Pacer, rechunk
from voxport.errors import AudioError
from voxport.events import Notice

NOTICE = Notice(code="x", message="y")


class FakeTime:
    """A clock that sleeping moves, a little too far each time as real ones do."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 1000.0
        self.late = late

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.late


@given(st.lists(st.binary(max_size=40)), st.integers(1, 16))
def test_rechunking_loses_no_byte(blocks: list[bytes], size: int) -> None:
    chunks = [chunk for chunk in rechunk(blocks, size) if isinstance(chunk, bytes)]
    assert b"".join(chunks) == b"".join(blocks)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_notices_pass_between_chunks() -> None:
    assert list(rechunk([b"abc", NOTICE, b"d"], 2)) == [b"ab", NOTICE, b"cd"]


def test_what_came_before_a_fault_comes_before_it() -> None:
    def failing() -> Iterator[bytes]:
        yield b"abc"
        raise AudioError("unplugged")

    chunks = rechunk(failing(), 2)
    assert [next(chunks), next(chunks)] == [b"ab", b"c"]
    with pytest.raises(AudioError, match="unplugged"):
        next(chunks)


def test_a_chunk_passes_when_its_last_sample_would_have_been_spoken() -> None:
    time = FakeTime()
    paced = Pacer(clock=time.clock, wait=time.wait).pace([b"x" * 50, b"x" * 50, NOTICE, b"x" * 20], 1000)
    assert [round(time.now - 1000.0, 9) for _ in paced] == [0.05, 0.1, 0.1, 0.12]


def test_an_hour_does_not_drift() -> None:
    time = FakeTime(late=0.003)
    chunks = 3600 * 20
    for _ in Pacer(clock=time.clock, wait=time.wait).pace((b"x" * 1600 for _ in range(chunks)), 32000):
        pass
    assert 3600.0 <= time.now - 1000.0 <= 3600.0 + 0.0031


def test_a_consumer_that_was_held_up_catches_up_at_once() -> None:
    time = FakeTime()
    paced = Pacer(clock=time.clock, wait=time.wait).pace([b"x" * 50] * 4, 1000)
    next(paced)
    time.now += 0.12
    assert [round(time.now - 1000.0, 9) for _ in paced] == [0.17, 0.17, 0.2]


def test_without_realtime_nothing_waits() -> None:
    time = FakeTime()
    assert len(list(Pacer(realtime=False, clock=time.clock, wait=time.wait).pace([b"x"] * 9, 1))) == 9
    assert time.now == 1000.0


def test_closing_interrupts_the_wait() -> None:
    pacer = Pacer()
    heard: list[object] = []
    reader = threading.Thread(target=lambda: heard.extend(pacer.pace([b"x" * 3600], 1)), daemon=True)
    reader.start()
    pacer.close()
    pacer.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert heard == [b"x" * 3600]
