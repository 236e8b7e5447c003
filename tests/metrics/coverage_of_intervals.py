"""How often 95 % intervals hold the truth, by simulation: ``python tests/metrics/coverage_of_intervals.py``.

Two systems transcribe the same calls. How hard a call is, is common to both; its items resemble each other. The true
difference is known: by construction for the rate, from 135,000 values for percentiles.
"""

import sys
from functools import cache

import numpy as np

from voxport.metrics.statistics import (
    PERCENTILES,
    Floats,
    Ranked,
    Resampler,
    differences,
    interval,
    ratios,
)

WORDS, RATES, DELAYS = 20, (0.10, 0.12), (0.30, 0.35)
"""Words of each item, and of both systems the mean error rate and the scale of the latency in seconds."""


def covered(statistic: str, *, comparisons: int, blocks: int, resamples: int) -> float:
    """The share of simulated comparisons whose interval holds the true difference."""
    resampler = Resampler(blocks, resamples, seed=1)
    hits = 0
    for number in range(comparisons):
        dice = np.random.default_rng((number, blocks))
        if statistic == "rate":
            drawn, truth = _rates(dice, resampler), RATES[0] - RATES[1]
        else:
            at = PERCENTILES.index(int(statistic[1:]))
            drawn, truth = _percentiles(dice, resampler)[:, at], _true_percentiles()[at]
        around = interval(drawn, 0.95)
        hits += around is not None and around.low <= truth <= around.high
    return hits / comparisons


def _hardness(dice: np.random.Generator, blocks: int) -> Floats:
    """Of each call, with mean 1."""
    return dice.gamma(4.0, 0.25, blocks)


def _rates(dice: np.random.Generator, resampler: Resampler) -> Floats:
    blocks = resampler.blocks
    words = dice.integers(1, 9, blocks) * WORDS
    hard = _hardness(dice, blocks)
    errors = np.stack([dice.binomial(words, np.minimum(1.0, rate * hard)) for rate in RATES], axis=1)
    columns = np.column_stack([errors, words]).astype(np.float64)
    sums = np.concatenate([part for part, _ in resampler.sums(columns, np.zeros((blocks, 0), np.float32))])
    return differences(ratios(sums[:, 0], sums[:, 2]), ratios(sums[:, 1], sums[:, 2]))


def _delays(dice: np.random.Generator, blocks: int) -> tuple[list[int], Floats, Floats]:
    """Calls, and what both systems take for each item."""
    calls = np.repeat(np.arange(blocks), dice.integers(1, 9, blocks))
    hard = _hardness(dice, blocks)[calls]
    first, second = (scale * (0.5 + hard) * dice.gamma(3.0, 1 / 3, len(calls)) for scale in DELAYS)
    return list(calls), first, second


def _percentiles(dice: np.random.Generator, resampler: Resampler) -> Floats:
    calls, *both = _delays(dice, resampler.blocks)
    drawn = []
    for values in both:
        ranked = Ranked(list(values), calls, resampler.blocks)
        weights = (part for _, part in resampler.sums(np.zeros((resampler.blocks, 1)), ranked.counts))
        drawn.append(np.concatenate([ranked.percentiles(part) for part in weights]))
    return differences(drawn[0], drawn[1])


@cache
def _true_percentiles() -> Floats:
    _, first, second = _delays(np.random.default_rng(99), 30_000)
    found: Floats = np.percentile(first, PERCENTILES) - np.percentile(second, PERCENTILES)
    return found


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or ("30", "100", "300")):
        for name in ("rate", "p50", "p90", "p95"):
            print(
                f"{size} calls, {name}: {covered(name, comparisons=2000, blocks=size, resamples=2000):.1%} of 2,000 intervals"
            )
