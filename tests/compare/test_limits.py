import math

from voxport.compare.jobs import Limit
from voxport.compare.limits import Limits


def test_a_provider_without_a_limit_is_not_held_back() -> None:
    limits = Limits({})
    limits.begin(["a"] * 1000, 0.0)
    assert limits.wait_for(["a"], 0.0) == 0


def test_sessions_at_once_wait_for_others_to_end() -> None:
    limits = Limits({"a": Limit(concurrency=2)})
    limits.begin(["a"], 0.0)
    assert limits.wait_for(["a"], 0.0) == 0
    assert limits.wait_for(["a", "a"], 0.0) == math.inf
    limits.end(["a"])
    assert limits.wait_for(["a", "a"], 0.0) == 0


def test_sessions_of_a_minute_wait_for_the_minute() -> None:
    limits = Limits({"a": Limit(per_minute=2)})
    limits.begin(["a"], 0.0)
    limits.begin(["a"], 10.0)
    limits.end(["a", "a"])
    assert limits.wait_for(["a"], 20.0) == 40.0
    assert limits.wait_for(["a", "a"], 20.0) == 50.0
    assert limits.wait_for(["a"], 60.0) == 0


def test_one_provider_is_not_held_back_by_another() -> None:
    limits = Limits({"a": Limit(concurrency=1), "b": Limit(concurrency=1)})
    limits.begin(["a"], 0.0)
    assert limits.wait_for(["b"], 0.0) == 0
    assert limits.wait_for(["a", "b"], 0.0) == math.inf
