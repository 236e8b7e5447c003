"""From takes and items to a summary."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import median

from voxport.errors import SettingsError
from voxport.metrics import accuracy, cost, formatting, latency, speakers, stability, terms, timing
from voxport.metrics.align import Counts, count
from voxport.metrics.board import Board, Entry, Pool
from voxport.metrics.case import Case, Method, Truth
from voxport.metrics.contrast import beside, contrast, ranking
from voxport.metrics.cost import Price, PriceList
from voxport.metrics.difference import Pieces, compare
from voxport.metrics.measure import Measure, Ratio, Score, table
from voxport.metrics.summary import (
    Failure,
    ItemSummary,
    ItemWords,
    LabelSummary,
    NormaliserUsed,
    Summary,
    TagSummary,
    TakeSummary,
)
from voxport.metrics.text import normaliser
from voxport.take import Item, Take

MEASURES: Mapping[str, Measure] = table(
    accuracy.MEASURES, terms.MEASURES, formatting.MEASURES, latency.MEASURES, stability.MEASURES, timing.MEASURES,
    speakers.MEASURES, cost.MEASURES,
)  # fmt: skip
"""Every measure, by name, in the order to show."""


def summarise(takes: Iterable[Take], items: Iterable[Item], method: Method, prices: PriceList | None = None) -> Summary:
    """All figures of a comparison. Labels come in the order of their first takes, items as given.

    Raises ``SettingsError`` for a take of an unknown item or an unknown normaliser, ``MissingExtraError`` without the
    extra ``compare``.
    """
    truths = {item.id: Truth(item, method) for item in items}
    cases = list(_cases(truths, takes, method))
    score = _Scorer(list(truths.values()), prices)
    labels = dict.fromkeys(case.take.label for case in cases)
    entries = {
        label: [Entry(case, tuple(score(case))) for case in cases if case.take.label == label and measured(case.take)]
        for label in labels
    }
    return _Assembly(cases, entries, Board(entries, method), method, prices).summary()


def values(take: Take, item: Item, method: Method, prices: PriceList | None = None) -> dict[str, float]:
    """The figures of one take by itself, as ``TakeSummary.values`` has them. Raises as ``summarise``."""
    truth = Truth(item, method)
    case = Case(truth, take, method)
    return dict(_values(tuple(_Scorer([truth], prices)(case)), truth.primary.name))


def measured(take: Take) -> bool:
    """It counts: the provider had accepted the session, and nothing else than the provider stopped it."""
    return take.begun_at is not None and take.outcome != "error"


def _cases(truths: Mapping[str, Truth], takes: Iterable[Take], method: Method) -> Iterable[Case]:
    """In the order of the items, of one item in the order of the takes."""
    by_item: dict[str, list[Take]] = {name: [] for name in truths}
    for take in takes:
        if take.item not in by_item:
            raise SettingsError(f"a take of {take.label} is of item {take.item!r}, which is not among the items given")
        by_item[take.item].append(take)
    return (Case(truths[name], take, method) for name, own in by_item.items() for take in own)


class _Scorer:
    """What a take adds to each measure that it has something for."""

    def __init__(self, truths: Sequence[Truth], prices: PriceList | None) -> None:
        """Formatting is judged where the corpus has any."""
        texts = [truth.item.text or "" for truth in truths]
        self._marks = any(map(formatting.punctuated, texts))
        self._capitals = any(map(formatting.cased, texts))
        self._prices = prices

    def __call__(self, case: Case) -> Iterable[Score]:
        """Where there is a reference, where audio went at the pace of speech, and in any case."""
        if case.item.text is not None:
            yield from accuracy.scores(case)
            yield from terms.scores(case)
            yield from formatting.scores(case, marks=self._marks, capitals=self._capitals)
        if case.take.realtime:
            yield from latency.scores(case)
        yield from stability.scores(case)
        yield from timing.scores(case)
        yield from speakers.scores(case)
        yield from cost.scores(case, self._prices)


class _Assembly:
    """Puts the summary together."""

    def __init__(
        self, cases: Sequence[Case], entries: Mapping[str, Sequence[Entry]], board: Board, method: Method,
        prices: PriceList | None,
    ) -> None:  # fmt: skip
        self._cases = cases
        self._entries = entries
        self._board = board
        self._method = method
        self._prices = prices

    def summary(self) -> Summary:
        """All of it."""
        labels = tuple(map(self._label, self._entries))
        both = combinations(self._entries, 2)
        pairs = tuple(contrast(self._board, *pair, self._method, MEASURES) for pair in both)
        return Summary(
            method=self._method, normalisers=tuple(self._normalisers()), measures=self._measures(), labels=labels,
            currency=self._prices.currency if self._prices else "", pairs=pairs, tags=tuple(self._tags()),
            ranking=ranking(labels, pairs, self._method.primary), items=tuple(self._items()),
        )  # fmt: skip

    def _label(self, label: str) -> LabelSummary:
        takes = [case.take for case in self._cases if case.take.label == label]
        pool, drawn = self._board.pool(label, self._board.items(label))
        return LabelSummary(
            label=label, provider=takes[0].provider, model=takes[0].model, takes=len(takes),
            failures=tuple(Failure(take.item, take.outcome, take.why) for take in takes if take.why),
            prices=tuple(dict.fromkeys(self._priced(takes))), figures=pool.figures(drawn),
        )  # fmt: skip

    def _priced(self, takes: Iterable[Take]) -> Iterable[Price]:
        for take in takes:
            price = self._prices.of(take.provider, take.model) if self._prices else None
            if price:
                yield price

    def _normalisers(self) -> Iterable[NormaliserUsed]:
        for name in self._method.normalisers:
            yield NormaliserUsed(name, normaliser(name).version)

    def _measures(self) -> dict[str, Measure]:
        every = (entry for entries in self._entries.values() for entry in entries)
        found = {score.measure for entry in every for score in entry.scores}
        return {name: measure for name, measure in MEASURES.items() if name in found}

    def _tags(self) -> Iterable[TagSummary]:
        tags = dict.fromkeys(tag for case in self._cases for tag in case.item.tags)
        for tag in tags:
            for label, entries in self._entries.items():
                own = [entry for entry in entries if tag in entry.case.item.tags]
                if own:
                    yield TagSummary(tag=tag, label=label, figures=Pool(own).figures())

    # ----------------------------------------------------------------- items

    def _items(self) -> Iterable[ItemSummary]:
        scores = {id(entry.case): entry.scores for entries in self._entries.values() for entry in entries}
        by_item: dict[str, list[Case]] = {}
        for case in self._cases:
            by_item.setdefault(case.item.id, []).append(case)
        for name, cases in by_item.items():
            item = cases[0].item
            yield ItemSummary(
                id=name, reference=item.text, against=cases[0].take.label if item.text is None else "reference",
                takes=tuple(_take(case, cases[0], scores.get(id(case), ())) for case in cases),
            )  # fmt: skip


def _take(case: Case, first: Case, scores: Sequence[Score]) -> TakeSummary:
    told = case.item.text is not None
    return TakeSummary(
        label=case.take.label, outcome=case.take.outcome, why=case.take.why, text=case.heard.text(),
        words=tuple(_words(case)) if told else (), values=dict(_values(scores, case.truth.primary.name)),
        pieces=_against_reference(case) if told else beside(case, first.spoken, case.spoken),
    )  # fmt: skip


def _words(case: Case) -> Iterable[ItemWords]:
    for by in case.truth.normalisers:
        yield ItemWords(by.name, sum((count(pair.blocks) for pair in case.pairs(by)), Counts()))


def _values(scores: Iterable[Score], primary: str) -> Iterable[tuple[str, float]]:
    for score in scores:
        if not isinstance(score, Ratio):
            if score.values:
                yield score.measure, median(score.values)
        elif score.denominator and score.normaliser in {"", primary}:
            yield score.measure, score.numerator / score.denominator


def _against_reference(case: Case) -> Pieces:
    by, names = case.truth.primary, case.item.names
    return tuple(
        piece for view in case.views for piece in compare(view.reference.shown, view.shown, view.blocks, by, names)
    )
