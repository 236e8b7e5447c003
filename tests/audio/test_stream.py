import io
import os
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.audio.source import Pacer
from voxport.audio.stream import RawStream
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings

AUDIO = AudioSettings()


class Dribble(io.RawIOBase):
    """A file without ``read1`` that gives what it likes, as an unbuffered pipe does."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts
        self.asked: list[int] = []

    def read(self, size: int = -1) -> bytes:
        self.asked.append(size)
        return self.parts.pop(0) if self.parts else b""


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as far, os.fdopen(writing, "wb", buffering=0) as near:
        yield far, cast("BinaryIO", near)


def test_speech_passes_untouched(speech_bytes: bytes) -> None:
    chunks = list(RawStream(io.BytesIO(speech_bytes)).chunks(AUDIO))
    assert b"".join(cast("list[bytes]", chunks)) == speech_bytes
    assert {len(cast("bytes", chunk)) for chunk in chunks} == {AUDIO.chunk_bytes}


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_short_reads_lose_nothing(sizes: list[int]) -> None:
    parts = [bytes([index]) * size * 2 for index, size in enumerate(sizes)]
    file = Dribble(parts.copy())
    chunks = cast("list[bytes]", list(RawStream(cast("BinaryIO", file)).chunks(AUDIO)))
    assert b"".join(chunks) == b"".join(parts)
    assert set(file.asked) == {AUDIO.chunk_bytes}


def test_it_never_waits_for_a_full_buffer_where_the_file_can_give_less() -> None:
    class Buffered(Dribble):
        def read1(self, size: int = -1) -> bytes:
            return super().read(size)

        def read(self, size: int = -1) -> bytes:
            raise AssertionError("would wait until there are that many bytes")

    chunks = RawStream(cast("BinaryIO", Buffered([b"x" * 100, b"x" * 1500]))).chunks(AUDIO)
    assert next(chunks) == b"x" * 1600


def test_a_chunk_passes_as_soon_as_it_is_there(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    far, near = pipe
    chunks = RawStream(far).chunks(AUDIO)
    near.write(b"a" * 1000)
    near.write(b"b" * 600)
    assert next(chunks) == b"a" * 1000 + b"b" * 600
    near.close()
    assert list(chunks) == []


def test_a_partial_frame_at_the_end_is_dropped_with_a_notice() -> None:
    *chunks, notice = RawStream(io.BytesIO(b"x" * 1603)).chunks(AUDIO)
    assert chunks == [b"x" * 1600, b"x" * 2]
    assert isinstance(notice, Notice)
    assert notice.code == "partial_frame"
    assert "1 of 2 bytes dropped" in notice.message


@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_stream_without_audio_is_an_error(data: bytes) -> None:
    with pytest.raises(AudioError, match="the audio stream is empty"):
        list(RawStream(io.BytesIO(data)).chunks(AUDIO))


def test_a_failing_read_comes_after_what_was_read() -> None:
    class Failing(Dribble):
        def read(self, size: int = -1) -> bytes:
            return super().read(size) or self._fail()

        def _fail(self) -> bytes:
            raise OSError(5, "Input/output error")

    chunks = RawStream(cast("BinaryIO", Failing([b"x" * 1700]))).chunks(AUDIO)
    assert [next(chunks), next(chunks)] == [b"x" * 1600, b"x" * 100]
    with pytest.raises(AudioError, match=r"cannot be read: .*Input/output error"):
        next(chunks)


def test_a_closed_file_is_an_error() -> None:
    file = io.BytesIO(b"xx")
    file.close()
    with pytest.raises(AudioError, match="closed file"):
        list(RawStream(file).chunks(AUDIO))


def test_closing_ends_a_wait_for_data_and_yields_what_was_read(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    far, near = pipe
    source = RawStream(far)
    near.write(b"x" * 1700)
    chunks = source.chunks(AUDIO)
    assert next(chunks) == b"x" * 1600
    heard: list[object] = []
    reader = threading.Thread(target=lambda: heard.extend(chunks), daemon=True)
    reader.start()
    source.close()
    source.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    # The rest may have been read or not; what was read is not lost.
    assert b"".join(cast("list[bytes]", heard)) + _unread(far) == b"x" * 100
    assert not far.closed


def _unread(far: BinaryIO) -> bytes:
    os.set_blocking(far.fileno(), False)
    return cast("io.BufferedReader", far).read1(4096)


def test_realtime_takes_as_long_as_the_audio(speech_bytes: bytes) -> None:
    waits: list[float] = []
    pacer = Pacer(clock=lambda: sum(waits), wait=waits.append)
    list(RawStream(io.BytesIO(speech_bytes), pacer=pacer).chunks(AUDIO))
    assert sum(waits) == pytest.approx(11.0)
