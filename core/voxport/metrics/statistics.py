"""How sure a figure is: percentiles, and intervals by resampling whole blocks.

Items of one call or one speaker resemble each other, so what is drawn again and again is the block, with all that
belongs to it. Two providers are compared on the same draws: what makes an item hard for both cancels out. (Bisani & Ney
2004; Liu & Peng 2019, arXiv:1912.09508.) The seed is fixed: equal takes give equal intervals.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Single: TypeAlias = NDArray[np.float32]
Whole: TypeAlias = NDArray[np.int64]

PERCENTILES = (50, 90, 95)
"""Those of which differences are told."""
ENOUGH_FOR_P99 = 100
"""With fewer values the 99th percentile is but the maximum, and is not told."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Values and what is missing among them; percentiles are interpolated linearly between the values (Hyndman & Fan's
    type 7, as NumPy's default). ``p99`` is ``None`` below 100 values: look at ``maximum``.
    """

    n: int
    missing: int
    negative: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    minimum: float | None = None
    maximum: float | None = None


def distribution(values: Sequence[float], missing: int = 0) -> Distribution:
    """What there is to say of values."""
    if not values:
        return Distribution(n=0, missing=missing)
    row = np.asarray(values, dtype=np.float64)
    median, p90, p95, p99 = (float(value) for value in np.percentile(row, (50, 90, 95, 99)))
    return Distribution(
        n=len(values), missing=missing, negative=int((row < 0).sum()), mean=float(row.mean()), median=median, p90=p90,
        p95=p95, p99=p99 if len(values) >= ENOUGH_FOR_P99 else None, minimum=float(row.min()), maximum=float(row.max()),
    )  # fmt: skip


# --------------------------------------------------------------------------- resampling

CHUNK = 2000
"""Resamples at a time."""
KEEP_BYTES = 1 << 28
"""Draws up to this size are kept, larger ones are drawn again each time."""
ROUNDING = 1e-9
"""The share by which figures differ that were added up in another order."""
EXACT = 200
"""More values than this are grouped by rank when their percentiles are resampled: finely around each percentile, so far
as it can wander, and coarsely elsewhere. Within a group they count as spread evenly."""
REACH, STEPS = 5.0, 25
"""How many standard errors around a percentile are grouped finely, and by how many cuts."""


class Resampler:
    """Draws of ``blocks`` blocks with replacement, the same for every question."""

    def __init__(self, blocks: int, resamples: int, seed: int) -> None:
        """Nothing is drawn yet."""
        self.blocks = blocks
        self._resamples = resamples
        self._seed = seed

    def sums(self, amounts: Floats, counts: Single) -> Iterator[tuple[Floats, Single]]:
        """Of each column, which has one value a block, the sum in each draw: arrays of some draws by columns.

        Counts are whole and far below 2**24, so that single precision adds them exactly, in half the time.
        """
        for draws in self._kept if self._resamples * self.blocks * 4 <= KEEP_BYTES else self._drawn():
            yield draws.astype(np.float64) @ amounts, draws @ counts

    @cached_property
    def _kept(self) -> tuple[Single, ...]:
        return tuple(self._drawn())

    def _drawn(self) -> Iterator[Single]:
        """How often each block is drawn."""
        source = np.random.default_rng(self._seed)
        for start in range(0, self._resamples, CHUNK):
            size = min(CHUNK, self._resamples - start)
            drawn = source.integers(self.blocks, size=(size, self.blocks))
            drawn += np.arange(size)[:, None] * self.blocks
            counts = np.bincount(drawn.ravel(), minlength=size * self.blocks)
            yield counts.reshape(size, self.blocks).astype(np.float32)


class Ranked:
    """Values of blocks in groups next in rank, so that how often each block is drawn tells the percentiles.

    ``counts`` has a row for each block and a column for each group: how many of the block's values fall into it.
    """

    def __init__(self, values: Sequence[float], block_of: Sequence[int], blocks: int) -> None:
        """``block_of`` says of each value to which block it belongs."""
        row = np.asarray(values, dtype=np.float64)
        order = np.argsort(row, kind="stable")
        owners = np.asarray(block_of)[order]
        self._exact = len(row) <= EXACT
        group = np.arange(len(row)) if self._exact else _groups(owners, blocks)
        groups = int(group[-1]) + 1
        self._centres = np.bincount(group, weights=row[order]) / np.bincount(group)
        counts = np.bincount(owners * groups + group, minlength=blocks * groups).reshape(blocks, groups)
        self.counts = counts.astype(np.float32)

    def percentiles(self, weights: Single) -> Floats:
        """The percentiles of ``PERCENTILES`` in each draw: an array of draws by percentiles, NaN for no values.

        ``weights`` has how many values of each group are in each draw.
        """
        upto = np.cumsum(weights, axis=1, dtype=np.float64)
        size = upto[:, -1]
        ranks = [np.maximum(size - 1, 0) * (percent / 100) for percent in PERCENTILES]
        found = [self._between(upto, rank) if self._exact else self._within(upto, weights, rank) for rank in ranks]
        return np.where(size[:, None] > 0, np.stack(found, axis=1), np.nan)

    def _between(self, upto: Floats, rank: Floats) -> Floats:
        """Between the two values next to the rank; each group is one value."""
        low = np.floor(rank)
        before, after = (
            self._centres[_first(upto > at[:, None])] for at in (low, np.minimum(low + 1, upto[:, -1] - 1))
        )
        return before + (rank - low) * (after - before)

    def _within(self, upto: Floats, weights: Single, rank: Floats) -> Floats:
        """Between the middles of the two groups next to the rank."""
        middle = upto - (weights + 1) / 2
        after = np.maximum(_first(middle >= rank[:, None]), 1)
        rows = np.arange(len(rank))
        start, width = middle[rows, after - 1], middle[rows, after] - middle[rows, after - 1]
        share = np.divide(rank - start, width, out=np.ones_like(rank), where=width > 0)
        low, high = self._centres[after - 1], self._centres[after]
        between: Floats = low + np.clip(share, 0, 1) * (high - low)
        return between


def _first(holds: NDArray[np.bool_]) -> Whole:
    """Where it first holds in each row; the last place where it never does."""
    found: Whole = np.where(holds.any(axis=1), holds.argmax(axis=1), holds.shape[1] - 1)
    return found


def _groups(owners: Whole, blocks: int) -> Whole:
    """The group of each value, in rising order; ``owners`` are the blocks of the values in that order."""
    size = len(owners)
    each = np.bincount(owners, minlength=blocks)
    cuts = []
    for percent in PERCENTILES:
        share = percent / 100
        below = np.bincount(owners[: round(share * size)], minlength=blocks)
        error = np.sqrt(np.square(below - share * each).sum()) / size
        cuts.append(np.linspace(share - REACH * error, share + REACH * error, STEPS))
    places = np.searchsorted(np.sort(np.concatenate(cuts)) * size, np.arange(size), side="right")
    return np.unique(places, return_inverse=True)[1]


class Interval(msgspec.Struct, frozen=True):
    """Between these the figure lies with the confidence of the method."""

    low: float
    high: float

    @property
    def covers_zero(self) -> bool:
        """A difference of which this is the interval may be none."""
        return self.low <= 0 <= self.high


def interval(resampled: Floats, confidence: float) -> Interval | None:
    """The percentile interval of a figure over its resamples; ``None`` where too few of them have it."""
    finite = resampled[np.isfinite(resampled)]
    if len(finite) < len(resampled) * confidence or not len(finite):
        return None
    low, high = np.quantile(finite, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Interval(float(low), float(high))


def differences(first: Floats, second: Floats) -> Floats:
    """Of each the first less the second; what only rounding tells apart is equal."""
    found = first - second
    return np.where(np.abs(found) <= ROUNDING * (np.abs(first) + np.abs(second)), 0.0, found)


def ratios(numerators: Floats, denominators: Floats) -> Floats:
    """Each by each; NaN where the denominator is 0."""
    return np.divide(numerators, denominators, out=np.full_like(numerators, np.nan), where=denominators != 0)
