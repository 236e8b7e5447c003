"""A corpus: what is missing is done, within the limits, and what has ended is kept."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.command import PROVIDERS
from voxport.compare.campaign import Campaign, Progress, Unit, play
from voxport.compare.jobs import Job, Limit, Plan
from voxport.compare.store import Kept, Store
from voxport.emulator import KEY
from voxport.errors import SettingsError
from voxport.events import Ended, Failed
from voxport.settings import AudioSettings
from voxport.take import Item, Take

ONE, OTHER = sorted(PROVIDERS)[:2]


def job(label: str, provider: str, **section: Any) -> Job:
    tree = {"provider": provider, "providers": {provider: {"api_key": KEY, **section}}}
    return Job(label, provider, tree, "test")


PLAN = Plan((job("one", ONE), job("other", OTHER)), {}, AudioSettings())


class Recorded(Executor):
    """Does a unit when it is handed out, or later; keeps an account of what was under way together."""

    def __init__(self, fail: frozenset[str] = frozenset(), *, later: bool = False) -> None:
        self.units: list[Unit] = []
        self.together: list[int] = []
        self._fail = fail
        self._later = later
        self._waiting: list[Callable[[], None]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert fn is play
        (unit,) = args
        self.units.append(unit)
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self._waiting.append(lambda: future.set_result([self._take(unit, asked) for asked in unit.jobs]))
        self.together.append(len(self._waiting))
        if not self._later or len(self._waiting) > 1:
            self.release()
        return future

    def release(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()

    def _take(self, unit: Unit, asked: Job) -> Kept:
        failed = Failed(kind="network", code="0", message="m") if asked.label in self._fail else Ended()
        take = Take(
            label=asked.label, provider=asked.provider, item=unit.item.id, date=0, dialled_at=0, events=(failed,)
        )
        return Kept.of(take, unit.asked[asked.label])


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    found = [Item(id=str(number), audio=str(tmp_path / f"{number}.wav")) for number in range(4)]
    for item in found:
        Path(item.audio).write_bytes(item.id.encode())
    return found


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store(tmp_path / "results") as opened:
        yield opened


def run(items: list[Item], store: Store, executor: Executor, plan: Plan = PLAN, **options: Any) -> bool:
    return Campaign(plan, items, store, **{"jobs": 2, "realtime": True, **options}).run(executor)


def asked(executor: Recorded) -> list[tuple[str, list[str]]]:
    return [(unit.item.id, [job.label for job in unit.jobs]) for unit in executor.units]


def test_every_item_goes_to_all_jobs_at_once(items: list[Item], store: Store) -> None:
    executor = Recorded()
    assert run(items, store, executor)
    assert asked(executor) == [(item.id, ["one", "other"]) for item in items]
    assert len(store.known()) == 8


def test_a_rerun_does_only_what_is_missing(items: list[Item], store: Store) -> None:
    run(items[:2], store, Recorded())
    run(items[2:3], store, Recorded(), plan=PLAN.only(["one"]))
    executor = Recorded()
    assert run(items, store, executor)
    assert asked(executor) == [("2", ["other"]), ("3", ["one", "other"])]
    assert run(items, store, Recorded())


def test_a_rerun_tries_again_what_failed(items: list[Item], store: Store) -> None:
    run(items, store, Recorded(frozenset({"other"})))
    executor = Recorded()
    run(items, store, executor)
    assert asked(executor) == [(item.id, ["other"]) for item in items]


def test_what_was_asked_otherwise_is_asked_again(items: list[Item], store: Store) -> None:
    run(items, store, Recorded())
    other = msgspec.structs.replace(PLAN, jobs=(job("one", ONE, model="another"), PLAN.jobs[1]))
    executor = Recorded()
    run(items, store, executor, plan=other)
    assert asked(executor) == [(item.id, ["one"]) for item in items]


def test_audio_that_has_changed_is_heard_again(items: list[Item], store: Store) -> None:
    run(items, store, Recorded())
    Path(items[1].audio).write_bytes(b"something else")
    executor = Recorded()
    run(items, store, executor)
    assert [unit.item.id for unit in executor.units] == ["1"]


def test_no_more_are_under_way_than_wanted(items: list[Item], store: Store) -> None:
    executor = Recorded(later=True)
    run(items, store, executor)
    assert max(executor.together) == 2
    one_by_one = Recorded()
    run(items, store, one_by_one, jobs=1, realtime=False)
    assert max(one_by_one.together) == 1


def test_a_limit_holds_units_back(items: list[Item], store: Store) -> None:
    executor = Recorded()
    limited = msgspec.structs.replace(PLAN, limits={ONE: Limit(concurrency=1)})
    assert run(items, store, executor, plan=limited, jobs=4)
    assert set(executor.together) == {1}
    assert len(executor.units) == 4


def test_a_limit_that_never_lets_an_item_begin_is_told(items: list[Item], store: Store) -> None:
    plan = Plan((job("one", ONE), job("two", ONE)), {ONE: Limit(concurrency=1)}, AudioSettings())
    with pytest.raises(SettingsError, match="fewer sessions at once"):
        run(items, store, Recorded(), plan=plan)


def test_stopping_keeps_what_is_under_way_and_begins_nothing(items: list[Item], store: Store) -> None:
    campaign = Campaign(PLAN, items, store, jobs=1, realtime=True)

    class Stopping(Recorded):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            campaign.stop()
            return super().submit(fn, *args, **kwargs)

    executor = Stopping()
    assert not campaign.run(executor)
    assert [unit.item.id for unit in executor.units] == ["0"]
    assert len(store.known()) == 2
    assert run(items, store, Recorded())


def test_a_bug_ends_it_once_the_others_are_kept(items: list[Item], store: Store) -> None:
    class Buggy(Recorded):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(fn, *args, **kwargs)
            if len(self.units) == 1:
                future = Future()
                future.set_exception(ZeroDivisionError())
            return future

    with pytest.raises(ZeroDivisionError):
        run(items, store, Buggy())
    assert {item for item, _ in store.known()} <= {"1"}


def test_how_far_it_is_can_be_watched(items: list[Item], store: Store) -> None:
    told: list[Progress] = []
    run(items[:1], store, Recorded())
    Campaign(PLAN, items, store, jobs=1, realtime=True).run(Recorded(frozenset({"one"})), told.append)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert told[-1] == Progress(done=4, total=4, failed=3)


def test_audio_that_cannot_be_read_is_in_every_take(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    unit = Unit(
        Item(id="bad", audio=str(tmp_path / "bad.wav")), PLAN.jobs, PLAN.audio, False, {"one": "x", "other": "y"}
    )
    kept = play(unit)
    assert [(take.label, take.ending, take.asked) for take in kept] == [("one", "error", "x"), ("other", "error", "y")]


def test_only_what_answers_the_present_question_is_shown(items: list[Item], store: Store) -> None:
    run(items, store, Recorded())
    other = msgspec.structs.replace(PLAN, jobs=(job("one", ONE, model="another"), PLAN.jobs[1]))
    campaign = Campaign(other, items, store, jobs=1, realtime=True)
    assert [set(campaign.takes(item.id)) for item in items] == [{"other"}] * 4
    assert list(campaign.endings()) == ["ended"] * 4
