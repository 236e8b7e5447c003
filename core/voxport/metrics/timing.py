"""How right the providers' word times are."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from voxport.metrics.align import align, matches
from voxport.metrics.case import Case
from voxport.metrics.heard import HeardWord
from voxport.metrics.measure import Measure, Ratio, Sampled, Score
from voxport.metrics.text import shown

MEASURED = "Times that the provider estimated are left out."

MEASURES = (
    Measure(
        name="word_start_error", title="Word start off by", kind="samples", unit="seconds",
        definition="|start - start of the reference| of each word with times that is matched in the plain alignment. "
        f"{MEASURED}",
    ),
    Measure(
        name="word_end_error", title="Word end off by", kind="samples", unit="seconds",
        definition=f"The same of ends. {MEASURED}",
    ),
    Measure(
        name="words_off", title="Words off by over 100 ms", kind="ratio", unit="share",
        definition="Words whose start or end is off by more than 0.1 s / words compared; pooled.",
    ),
    Measure(
        name="times_backwards", title="Word times that run backwards", kind="ratio", unit="share",
        definition="Words of finals that end before they start, or start before the word before them on the same "
        f"channel / words with times; pooled. A clock that jumps after a reconnect shows here. {MEASURED}",
    ),
)  # fmt: skip


def scores(case: Case) -> Iterable[Score]:
    """What a take adds."""
    rows = [[word for word in case.heard.words(channel) if word.timed] for channel in case.heard.channels]
    if any(rows):
        yield Ratio("times_backwards", sum(map(_backwards, rows)), sum(map(len, rows)))
    if len(case.heard.channels) == 1:
        yield from _errors(case, case.heard.words())


def _backwards(words: Sequence[HeardWord]) -> int:
    starts = [word.start or 0.0 for word in words]
    wrong = [(word.end or 0.0) < (word.start or 0.0) for word in words]
    for at, (before, after) in enumerate(pairwise(starts), start=1):
        wrong[at] = wrong[at] or after < before
    return sum(wrong)


def _errors(case: Case, words: Sequence[HeardWord]) -> Iterable[Score]:
    truth, heard = case.truth.timed, shown(word.text for word in words)
    starts, ends = [], []
    for r, h in matches(align(truth.plain, heard.plain)):
        expected, found = case.item.words[truth.owners[r]], words[heard.owners[h]]
        if not (truth.alone(r) and heard.alone(h) and found.timed):
            continue
        if expected.start is not None and expected.end is not None:
            starts.append(abs((found.start or 0.0) - expected.start))
            ends.append(abs((found.end or 0.0) - expected.end))
    if starts:
        off = sum(max(both) > case.method.off_by for both in zip(starts, ends, strict=True))
        yield Sampled("word_start_error", tuple(starts))
        yield Sampled("word_end_error", tuple(ends))
        yield Ratio("words_off", off, len(starts))
