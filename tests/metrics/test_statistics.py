import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.coverage_of_intervals import covered
from voxport.metrics.statistics import (
    PERCENTILES,
    Distribution,
    Floats,
    Interval,
    Ranked,
    Resampler,
    differences,
    distribution,
    interval,
    ratios,
)

VALUE = st.floats(-1e3, 1e3)


# --------------------------------------------------------------------------- distributions


def test_percentiles_are_interpolated_between_the_values() -> None:
    found = distribution([4.0, -1.0, 2.0, 3.0, 1.0], missing=2)
    assert (found.n, found.missing, found.negative) == (5, 2, 1)
    assert (found.mean, found.median, found.minimum, found.maximum) == (1.8, 2.0, -1.0, 4.0)
    assert [found.p90, found.p95] == pytest.approx([3.6, 3.8])
    assert found.p99 is None


@pytest.mark.parametrize(("n", "p99"), [(1, None), (99, None), (100, 98.01), (101, 99.0)])
def test_the_99th_percentile_is_told_from_a_hundred_values_on(n: int, p99: float | None) -> None:
    assert distribution([float(at) for at in range(n)]).p99 == (None if p99 is None else pytest.approx(p99))
    assert distribution([float(at) for at in range(n)]).maximum == n - 1


def test_of_no_values_only_the_missing_are_told() -> None:
    assert distribution([], missing=3) == Distribution(n=0, missing=3)


# --------------------------------------------------------------------------- draws


def counts(resampler: Resampler) -> Floats:
    """How often each block is drawn, all draws."""
    eye = np.eye(resampler.blocks)
    return np.concatenate([sums for sums, _ in resampler.sums(eye, eye.astype(np.float32))])


def test_each_draw_is_of_as_many_blocks_as_there_are_and_the_seed_decides_it() -> None:
    drawn = counts(Resampler(7, 2500, seed=1))
    assert drawn.shape == (2500, 7)
    assert set(drawn.sum(axis=1)) == {7.0}
    assert drawn.mean() == 1.0
    assert (drawn == counts(Resampler(7, 2500, seed=1))).all()
    assert (drawn != counts(Resampler(7, 2500, seed=2))).any()
    # The multinomial's own mean, variance and covariance.
    assert drawn.mean(axis=0) == pytest.approx([1.0] * 7, abs=0.08)
    assert np.cov(drawn.T)[0, :2] == pytest.approx([6 / 7, -1 / 7], abs=0.08)


def test_draws_that_are_not_kept_are_drawn_again_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = counts(Resampler(5, 4100, seed=3))
    monkeypatch.setattr("voxport.metrics.statistics.KEEP_BYTES", 0)
    resampler = Resampler(5, 4100, seed=3)
    assert (counts(resampler) == kept).all()
    assert (counts(resampler) == kept).all()


def drawn_percentiles(values: list[float], owners: list[int], blocks: int, resamples: int) -> tuple[Floats, Floats]:
    """Ours, and NumPy's of each draw written out."""
    ranked, resampler = Ranked(values, owners, blocks), Resampler(blocks, resamples, seed=1)
    ours, theirs = [], []
    for drawn, weights in resampler.sums(np.eye(blocks), ranked.counts):
        ours.append(ranked.percentiles(weights))
        for row in drawn.astype(int):
            sample = np.repeat(values, row[owners])
            theirs.append(np.percentile(sample, PERCENTILES) if len(sample) else [np.nan] * len(PERCENTILES))
    return np.concatenate(ours), np.asarray(theirs)


@settings(max_examples=25)
@given(st.lists(st.tuples(VALUE, st.integers(0, 4)), min_size=1, max_size=40))
def test_few_values_have_exactly_the_percentiles_of_each_draw(told: list[tuple[float, int]]) -> None:
    ours, theirs = drawn_percentiles([value for value, _ in told], [owner for _, owner in told], 5, 40)
    assert ours == pytest.approx(theirs, nan_ok=True, abs=1e-6)


@pytest.mark.parametrize(("blocks", "each"), [(400, 1), (100, 13), (20, 60)])
def test_many_values_have_nearly_the_percentiles_of_each_draw(blocks: int, each: int) -> None:
    dice = np.random.default_rng(0)
    values = np.concatenate([dice.gamma(2, 0.2, each) + dice.normal(0, 0.1) for _ in range(blocks)])
    ours, theirs = drawn_percentiles(list(values), list(np.repeat(np.arange(blocks), each)), blocks, 1000)
    spread = theirs.std(axis=0)
    assert np.abs((ours - theirs).mean(axis=0) / spread).max() < 0.05
    assert np.sqrt(np.square(ours - theirs).mean(axis=0) / spread**2).max() < 0.25
    assert ours.std(axis=0) / spread == pytest.approx([1, 1, 1], abs=0.04)


# --------------------------------------------------------------------------- intervals


def test_an_interval_holds_the_middle_of_the_draws() -> None:
    drawn = np.arange(1001.0)
    for confidence, (low, high) in {0.95: (25.0, 975.0), 0.9: (50.0, 950.0)}.items():
        found = interval(drawn, confidence)
        assert found
        assert [found.low, found.high] == pytest.approx([low, high])


def test_a_figure_that_too_few_draws_have_has_no_interval() -> None:
    drawn = np.arange(100.0)
    drawn[:4] = np.nan
    assert interval(drawn, 0.95) is not None
    drawn[:6] = np.nan
    assert interval(drawn, 0.95) is None
    assert interval(np.full(10, np.nan), 0.95) is None


@pytest.mark.parametrize(
    ("low", "high", "covers"), [(-1, 1, True), (0, 1, True), (-1, 0, True), (0.1, 1, False), (-1, -0.1, False)]
)
def test_an_interval_that_touches_zero_covers_it(low: float, high: float, covers: bool) -> None:  # noqa: FBT001
    assert Interval(low, high).covers_zero is covers


def test_what_only_rounding_tells_apart_is_equal() -> None:
    first, second = np.array([0.1 + 0.2, 1.0, 0.0]), np.array([0.3, 1.0 + 1e-6, 0.0])
    assert list(differences(first, second)[[0, 2]]) == [0.0, 0.0]
    assert differences(first, second)[1] == pytest.approx(-1e-6)


def test_a_ratio_of_nothing_is_no_number() -> None:
    assert np.array_equal(
        ratios(np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, 0.0])), [0.5, np.nan, np.nan], equal_nan=True
    )


@pytest.mark.parametrize("statistic", ["rate", "p50"])
def test_intervals_cover_the_true_difference_about_as_often_as_they_say(statistic: str) -> None:
    """Of 150 simulated comparisons; ``coverage_of_intervals.py`` by itself simulates thousands."""
    assert 0.90 <= covered(statistic, comparisons=150, blocks=50, resamples=300) <= 0.99
