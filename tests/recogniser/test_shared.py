"""One recognition for many sessions, with a recogniser that counts what it hears."""

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from voxport.recogniser import Heard, Listening
from voxport.recogniser.shared import BLOCK, Shared

Samples = npt.NDArray[np.float32]


class Sums:
    """Hears the sum of all samples so far, at each block; shows how often it was called and what is open."""

    name = "sums"

    def __init__(self, hook: Callable[[float], None] = lambda _: None) -> None:
        self.hook = hook
        self.blocks = 0
        self.open = 0

    def listen(self) -> "Summing":
        self.open += 1
        return Summing(self)


class Summing:
    def __init__(self, owner: Sums) -> None:
        self._owner = owner
        self._total = 0.0
        self._closed = False

    def hear(self, samples: Samples) -> list[Heard]:
        assert not self._closed
        self._owner.blocks += 1
        self._owner.hook(float(samples[0]))
        self._total += float(samples.sum())
        return [Heard(f"{self._total:.0f}", 0, 1, (), is_final=False)]

    def flush(self) -> list[Heard]:
        total, self._total = self._total, 0.0
        return [Heard(f"{total:.0f}", 0, 1, (), is_final=True)]

    def finish(self) -> list[Heard]:
        heard = self.flush()
        self.close()
        return heard

    def close(self) -> None:
        self._owner.open -= not self._closed
        self._closed = True


def blocks(*values: int) -> Samples:
    return np.repeat(np.array(values, np.float32) / BLOCK, BLOCK)


def alone(samples: Samples) -> list[Heard]:
    return run(Sums().listen(), samples, BLOCK)


def run(listening: Listening, samples: Samples, size: int) -> list[Heard]:
    heard = [item for at in range(0, len(samples), size) for item in listening.hear(samples[at : at + size])]
    return heard + listening.finish()


def test_the_same_audio_is_heard_once_however_it_is_cut() -> None:
    sums = Sums()
    shared = Shared(sums)
    audio = blocks(1, 2, 3)
    sessions = [shared.listen() for _ in range(3)]
    results = [run(session, audio, size) for session, size in zip(sessions, (77, BLOCK, 10**6), strict=True)]
    assert results == [alone(audio)] * 3
    assert sums.blocks == 3
    assert sums.open == 0


def test_threads_share_too() -> None:
    sums = Sums()
    shared = Shared(sums)
    audio = blocks(*range(50))
    results: list[list[Heard]] = []
    sessions = [shared.listen() for _ in range(4)]
    threads = [threading.Thread(target=lambda s=s: results.append(run(s, audio, 700))) for s in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == [alone(audio)] * 4
    assert sums.blocks == 50


def test_a_session_that_parts_hears_what_it_would_have_heard_alone() -> None:
    sums = Sums()
    shared = Shared(sums)
    first, second = shared.listen(), shared.listen()
    common = first.hear(blocks(1, 2))
    assert second.hear(blocks(1, 2)) == common
    assert common + run(first, blocks(3), BLOCK) == alone(blocks(1, 2, 3))
    assert common + run(second, blocks(4), BLOCK) == alone(blocks(1, 2, 4))
    assert sums.blocks == 2 + 1 + 3


def test_the_end_of_an_utterance_is_a_way_of_its_own() -> None:
    sums = Sums()
    shared = Shared(sums)
    first, second, third = shared.listen(), shared.listen(), shared.listen()
    for session in (first, second, third):
        session.hear(np.concatenate((blocks(5), blocks(7)[:100])))
    assert [item.text for item in first.flush()] == ["5", "5"]
    assert [item.text for item in second.flush()] == ["5", "5"]
    assert [item.text for item in first.hear(blocks(1))] == ["1"]
    assert [item.text for item in third.hear(blocks(1))] == ["6"]


def test_one_session_may_end_where_another_goes_on() -> None:
    shared = Shared(Sums())
    ending, going = shared.listen(), shared.listen()
    for session in (ending, going):
        session.hear(blocks(5))
    assert [item.text for item in ending.finish()] == ["5"]
    assert [item.text for item in going.flush()] == ["5"]
    assert [item.text for item in going.hear(blocks(2))] == ["2"]


def test_a_branch_that_nobody_is_on_or_on_the_way_to_is_forgotten() -> None:
    sums = Sums()
    shared = Shared(sums)
    ahead, behind, elsewhere = shared.listen(), shared.listen(), shared.listen()
    elsewhere.hear(blocks(9))
    behind.hear(blocks(1))
    ahead.hear(blocks(1, 2, 3))
    ahead.close()
    assert [item.text for item in behind.hear(blocks(2))] == ["3"]
    assert sums.blocks == 4, "what was heard ahead waits for who comes behind"
    behind.close()
    behind.close()
    assert sums.open == 1
    again = shared.listen()
    again.hear(blocks(1))
    assert sums.blocks == 5
    for session in (again, elsewhere):
        session.close()
    assert sums.open == 0


def test_branches_do_not_wait_for_each_other_and_a_node_is_heard_once() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def hold(value: float) -> None:
        if value == np.float32(1 / BLOCK):
            entered.set()
            assert go_on.wait(10)

    sums = Sums(hold)
    shared = Shared(sums)
    results: list[list[Heard]] = []
    sessions = [shared.listen(), shared.listen()]
    held, waiting = (
        threading.Thread(target=lambda s=session: results.append(s.hear(blocks(1)))) for session in sessions
    )
    other = shared.listen()
    held.start()
    assert entered.wait(10)
    waiting.start()
    assert [item.text for item in other.hear(blocks(2))] == ["2"]
    assert results == []
    go_on.set()
    held.join(10)
    waiting.join(10)
    assert [[item.text for item in result] for result in results] == [["1"], ["1"]]
    assert sums.blocks == 2


def test_a_failure_is_raised_in_every_session_that_comes_there() -> None:
    def fail(_: float) -> None:
        raise ValueError("no model")

    shared = Shared(Sums(fail))
    for session in [shared.listen(), shared.listen()]:
        with pytest.raises(ValueError, match="no model"):
            session.hear(blocks(1))
        session.close()


def test_old_audio_is_forgotten_and_newcomers_share_among_themselves() -> None:
    sums = Sums()
    shared = Shared(sums, keep_seconds=0.2)
    first, second = shared.listen(), shared.listen()
    for session in (first, second):
        session.hear(blocks(1, 2, 3, 4))
    assert sums.blocks == 4
    assert [item.text for item in first.hear(blocks(5))] == ["15"]
    assert [item.text for item in second.hear(blocks(6))] == ["10"], "4 is kept, 1 to 3 are silence"
    late, later = shared.listen(), shared.listen()
    before = sums.blocks
    assert late.hear(blocks(1)) == later.hear(blocks(1))
    assert sums.blocks == before + 1
