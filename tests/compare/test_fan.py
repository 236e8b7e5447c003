"""One source for many: nobody waits for a slower one, and nothing is read ahead of the fastest."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from voxport.compare.fan import Fan
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings

AUDIO = AudioSettings(sample_rate=16_000, chunk_ms=100)
CHUNKS = [bytes([number]) * AUDIO.chunk_bytes for number in range(5)]
LONG = 20.0
"""Seconds; only a failing test waits for so long."""


class Scripted:
    """A source of these items; ``read`` counts what was taken."""

    def __init__(self, *items: bytes | Notice | Exception) -> None:
        self._items = items
        self.read = 0
        self.closed = False

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        for item in self._items:
            if self.closed:
                return
            self.read += 1
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self) -> None:
        self.closed = True


def fan_of(*items: bytes | Notice | Exception, **options: Any) -> tuple[Fan, Scripted]:
    source = Scripted(*items)
    return Fan(source, AUDIO, clock=lambda: 0.0, open_within=LONG, **options), source


def test_all_get_all() -> None:
    notice = Notice(code="late", message="late")
    fan, source = fan_of(CHUNKS[0], notice, CHUNKS[1])
    taps = [fan.tap(), fan.tap()]
    for tap in taps:
        tap.ready()
    assert [list(tap.chunks(AUDIO)) for tap in taps] == [[CHUNKS[0], notice, CHUNKS[1]]] * 2
    assert source.read == 3


def test_nothing_is_read_ahead_of_the_fastest_and_the_slow_miss_nothing() -> None:
    fan, source = fan_of(*CHUNKS)
    fast, slow = fan.tap(), fan.tap()
    fast.ready()
    slow.ready()
    first = fast.chunks(AUDIO)
    assert [next(first), next(first)] == CHUNKS[:2]
    assert source.read == 2
    assert list(slow.chunks(AUDIO)) == CHUNKS
    assert list(first) == CHUNKS[2:]


def test_one_that_waits_for_the_source_holds_nobody_up() -> None:
    reached, go_on = threading.Event(), threading.Event()

    class Slow(Scripted):
        def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
            yield CHUNKS[0]
            reached.set()
            go_on.wait(LONG)
            yield CHUNKS[1]

    fan = Fan(Slow(), AUDIO)
    ahead, behind = fan.tap(), fan.tap()
    ahead.ready()
    behind.ready()
    heard: list[bytes | Notice] = []
    reading = threading.Thread(target=lambda: heard.extend(ahead.chunks(AUDIO)))
    reading.start()
    assert reached.wait(LONG)
    later = behind.chunks(AUDIO)
    assert next(later) == CHUNKS[0]
    go_on.set()
    assert list(later) == [CHUNKS[1]]
    reading.join(LONG)
    assert heard == CHUNKS[:2]


def test_the_audio_starts_when_all_are_ready_or_closed() -> None:
    fan, source = fan_of(*CHUNKS)
    taps = [fan.tap(), fan.tap(), fan.tap()]
    heard: list[bytes | Notice] = []
    reading = threading.Thread(target=lambda: heard.extend(taps[0].chunks(AUDIO)))
    reading.start()
    taps[0].ready()
    taps[1].ready()
    assert source.read == 0
    taps[2].close()
    reading.join(LONG)
    assert heard == CHUNKS


def test_nobody_is_waited_for_too_long() -> None:
    now = iter([0.0, 4.0, 10.0])
    fan = Fan(Scripted(*CHUNKS), AUDIO, open_within=10.0, clock=lambda: next(now, 10.0))
    prompt, _late = fan.tap(), fan.tap()
    prompt.ready()
    fan._changed.wait = lambda timeout=None: True  # type: ignore[method-assign] # time is passed in
    assert list(prompt.chunks(AUDIO)) == CHUNKS


def test_one_that_falls_too_far_behind_is_given_up_and_the_others_go_on() -> None:
    fan, _ = fan_of(*CHUNKS, keep_seconds=0.2)
    fast, slow = fan.tap(), fan.tap()
    fast.ready()
    slow.ready()
    stuck = slow.chunks(AUDIO)
    assert next(stuck) == CHUNKS[0]
    assert list(fast.chunks(AUDIO)) == CHUNKS
    with pytest.raises(AudioError, match=r"fell 0\.2 s behind"):
        next(stuck)


def test_what_ends_the_source_is_raised_for_all() -> None:
    fan, _ = fan_of(CHUNKS[0], AudioError("damaged"))
    taps = [fan.tap(), fan.tap()]
    for tap in taps:
        tap.ready()
    for tap in taps:
        heard: list[bytes | Notice] = []
        with pytest.raises(AudioError, match="damaged"):
            heard.extend(tap.chunks(AUDIO))


def test_closing_ends_it_for_all() -> None:
    fan, source = fan_of(*CHUNKS)
    tap, other = fan.tap(), fan.tap()
    tap.ready()
    other.ready()
    chunks = tap.chunks(AUDIO)
    assert next(chunks) == CHUNKS[0]
    fan.close()
    assert list(chunks) == []
    assert list(other.chunks(AUDIO)) == CHUNKS[:1]
    assert source.closed


def test_closing_one_ends_only_that_one() -> None:
    fan, source = fan_of(*CHUNKS)
    tap, other = fan.tap(), fan.tap()
    tap.ready()
    other.ready()
    chunks = tap.chunks(AUDIO)
    next(chunks)
    tap.close()
    assert list(chunks) == []
    assert list(other.chunks(AUDIO)) == CHUNKS
    assert not source.closed


def test_send_times_are_noted_on_one_clock() -> None:
    now = iter(range(100))
    fan = Fan(Scripted(*CHUNKS[:2]), AUDIO, clock=lambda: float(next(now)))
    tap = fan.tap()
    tap.ready()
    list(tap.chunks(AUDIO))
    assert [sent.until for sent in tap.sent] == [0.1, 0.2]
    assert tap.sent[0].at < tap.sent[1].at
    assert tap.ended is not None
    assert tap.ended > tap.sent[1].at


def test_each_has_the_format_that_it_asks_for() -> None:
    fan, _ = fan_of(*CHUNKS)
    narrow = AudioSettings(sample_rate=8_000, encoding="mulaw", chunk_ms=50)
    tap = fan.tap()
    tap.ready()
    chunks = [chunk for chunk in tap.chunks(narrow) if isinstance(chunk, bytes)]
    assert {len(chunk) for chunk in chunks[:-1]} == {narrow.chunk_bytes}
    assert sum(map(len, chunks)) == pytest.approx(0.5 * narrow.bytes_per_second, rel=0.02)
    assert tap.sent[-1].until == pytest.approx(0.5, rel=0.02)


def test_without_a_pace_several_are_taken_in_one_go() -> None:
    fan, source = fan_of(*CHUNKS, at_once=2)
    tap = fan.tap()
    tap.ready()
    chunks = tap.chunks(AUDIO)
    assert next(chunks) == CHUNKS[0]
    assert source.read == 2
    assert list(chunks) == CHUNKS[1:]


def test_what_came_before_a_fault_is_handed_out() -> None:
    fan, _ = fan_of(*CHUNKS[:3], AudioError("damaged"), at_once=20)
    tap = fan.tap()
    tap.ready()
    heard: list[bytes | Notice] = []
    with pytest.raises(AudioError, match="damaged"):
        heard.extend(tap.chunks(AUDIO))
    assert heard == CHUNKS[:3]
