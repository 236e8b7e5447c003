"""The scores of all takes, kept so that they can be pooled over any of them, and drawn again by block."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from voxport.metrics.case import Case, Method
from voxport.metrics.measure import Ratio, Score
from voxport.metrics.statistics import Floats, Interval, Ranked, Resampler, distribution, interval, ratios
from voxport.metrics.summary import Figure, Figures, Spread


class Key(NamedTuple):
    """What a ratio is of."""

    measure: str
    normaliser: str = ""


class Entry(NamedTuple):
    """A take that is measured, and what it adds."""

    case: Case
    scores: tuple[Score, ...]


class Pool:
    """Some entries of one label."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """In the order of the items."""
        self.entries = entries

    @cached_property
    def ratios(self) -> dict[Key, tuple[float, float]]:
        """Numerator and denominator of each ratio."""
        found: dict[Key, tuple[float, float]] = {}
        for entry in self.entries:
            for key, above, below in _ratios(entry.scores):
                before = found.get(key, (0.0, 0.0))
                found[key] = (before[0] + above, before[1] + below)
        return found

    @cached_property
    def samples(self) -> dict[str, tuple[list[float], int]]:
        """Values of each sample measure, and how many are missing."""
        found: dict[str, tuple[list[float], int]] = {}
        for entry in self.entries:
            for score in entry.scores:
                if not isinstance(score, Ratio):
                    values, missing = found.get(score.measure, ([], 0))
                    values += score.values
                    found[score.measure] = (values, missing + score.missing)
        return found

    def figures(self, resampled: "Resampled | None" = None) -> Figures:
        """All of it in figures, with intervals if it was resampled."""
        return Figures(
            takes=len(self.entries),
            audio_seconds=sum(entry.case.take.audio_seconds for entry in self.entries),
            ratios=tuple(_figure(key, *sums, resampled) for key, sums in self.ratios.items()),
            spreads=tuple(
                Spread(measure=name, distribution=distribution(*found)) for name, found in self.samples.items()
            ),
        )


def _ratios(scores: Iterable[Score]) -> Iterable[tuple[Key, float, float]]:
    for score in scores:
        if isinstance(score, Ratio):
            yield Key(score.measure, score.normaliser), score.numerator, score.denominator


def _figure(key: Key, above: float, below: float, resampled: "Resampled | None") -> Figure:
    return Figure(
        measure=key.measure, normaliser=key.normaliser, value=above / below if below else None, numerator=above,
        denominator=below, interval=resampled.interval(key) if resampled else None,
    )  # fmt: skip


class Resampled:
    """The figures of a pool, drawn again and again by block."""

    def __init__(self, pool: Pool, blocks: Mapping[str, int], resampler: Resampler, confidence: float) -> None:
        """``blocks`` numbers the blocks that there are; nothing is drawn before it is asked for."""
        self._pool = pool
        self._blocks = blocks
        self._resampler = resampler
        self._confidence = confidence

    @property
    def rates(self) -> dict[Key, Floats]:
        """Each ratio in each draw."""
        return self._drawn[0]

    @property
    def percentiles(self) -> dict[str, Floats]:
        """Of each sample measure that has values, the percentiles in each draw: draws by ``PERCENTILES``."""
        return self._drawn[1]

    def interval(self, key: Key) -> Interval | None:
        """Of a ratio."""
        return interval(self.rates[key], self._confidence)

    @cached_property
    def _drawn(self) -> tuple[dict[Key, Floats], dict[str, Floats]]:
        """All at once: one product of matrices is many times faster than one for each measure."""
        keys, ranked = list(self._pool.ratios), self._ranked()
        counts = np.hstack([np.zeros((len(self._blocks), 0), np.float32), *(one.counts for one in ranked.values())])
        ends = np.cumsum([one.counts.shape[1] for one in ranked.values()])
        rates: list[Floats] = []
        percentiles: dict[str, list[Floats]] = {measure: [] for measure in ranked}
        for sums, weights in self._resampler.sums(np.hstack(list(self._sums(keys))), counts):
            rates.append(ratios(sums[:, : len(keys)], sums[:, len(keys) :]))
            for (measure, one), weight in zip(ranked.items(), np.split(weights, ends, axis=1), strict=False):
                percentiles[measure].append(one.percentiles(weight))
        whole = np.concatenate(rates)
        return (
            {key: whole[:, at] for at, key in enumerate(keys)},
            {measure: np.concatenate(parts) for measure, parts in percentiles.items()},
        )

    def _sums(self, keys: Sequence[Key]) -> Floats:
        """Numerators and denominators, by block and ratio."""
        places = {key: at for at, key in enumerate(keys)}
        sums = np.zeros((2, len(self._blocks), len(keys)))
        for entry in self._pool.entries:
            row = self._blocks[entry.case.item.block]
            for key, *both in _ratios(entry.scores):
                sums[:, row, places[key]] += both
        return sums

    def _ranked(self) -> dict[str, Ranked]:
        values: dict[str, list[float]] = {}
        owners: dict[str, list[int]] = {}
        for entry in self._pool.entries:
            row = self._blocks[entry.case.item.block]
            for score in entry.scores:
                if not isinstance(score, Ratio) and score.values:
                    values.setdefault(score.measure, []).extend(score.values)
                    owners.setdefault(score.measure, []).extend([row] * len(score.values))
        return {measure: Ranked(row, owners[measure], len(self._blocks)) for measure, row in values.items()}


class Board:
    """All entries, by label and item."""

    def __init__(self, entries: Mapping[str, Sequence[Entry]], method: Method) -> None:
        """``entries`` of each label in the order of the items."""
        self._entries = entries
        self._method = method
        self._resamplers: dict[int, Resampler] = {}
        self._known: dict[tuple[str, frozenset[str]], tuple[Pool, Resampled | None]] = {}

    def items(self, *labels: str) -> frozenset[str]:
        """The items that all of these labels have."""
        every = [frozenset(entry.case.item.id for entry in self._entries[label]) for label in labels]
        return frozenset.intersection(*every)

    def blocks(self, items: frozenset[str]) -> dict[str, int]:
        """The blocks of some items, numbered."""
        every = (entry.case.item for entries in self._entries.values() for entry in entries)
        return {name: at for at, name in enumerate(sorted({item.block for item in every if item.id in items}))}

    def pool(self, label: str, items: frozenset[str]) -> tuple[Pool, Resampled | None]:
        """The entries of a label on some items; with a single block there is nothing to resample."""
        known = self._known.get((label, items))
        if known is None:
            pool = Pool([entry for entry in self._entries[label] if entry.case.item.id in items])
            blocks = self.blocks(items)
            resampled = self._resampled(pool, blocks) if len(blocks) > 1 else None
            known = self._known[label, items] = (pool, resampled)
        return known

    def _resampled(self, pool: Pool, blocks: Mapping[str, int]) -> Resampled:
        size = len(blocks)
        if size not in self._resamplers:
            self._resamplers[size] = Resampler(size, self._method.resamples, self._method.seed)
        return Resampled(pool, blocks, self._resamplers[size], self._method.confidence)
