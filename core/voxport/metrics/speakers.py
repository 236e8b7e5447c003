"""Who spoke when: errors of speaker labels, in time and in words."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter

from voxport.metrics.align import align, count
from voxport.metrics.assignment import best
from voxport.metrics.case import Case, Stretch, merged
from voxport.metrics.heard import HeardWord
from voxport.metrics.measure import Measure, Ratio, Score

MEASURES = (
    Measure(
        name="diarisation_error_rate", title="Diarisation error", kind="ratio", unit="share",
        definition="(missed speech + speech of nobody + speech of the wrong speaker) / reference speech, in seconds "
        "of speaker time, overlapping speech included, under the assignment of labels to speakers that has the most "
        "speech right. Within the collar (0.25 s) of each boundary of the reference nothing is judged. Pooled. As "
        "NIST's md-eval scores. A provider's speech is the stretch of each run of words of one speaker in one final.",
    ),
    Measure(
        name="speaker_word_error_rate", title="Word error with speakers", kind="ratio", unit="share",
        definition="The word error rate of the words of each speaker joined, under the assignment of labels to "
        "speakers that has the fewest errors; the words of a label without a speaker are insertions, those of a "
        "speaker without a label deletions. Pooled. cpWER of Watanabe et al. 2020 (arXiv:2004.09249), by the primary "
        "normaliser.",
    ),
)  # fmt: skip

Track = Mapping[str, Sequence[Stretch]]
"""The speech of each speaker: stretches in order that do not overlap."""


def scores(case: Case) -> Iterable[Score]:
    """What a take adds whose reference tells speakers and whose provider told them apart."""
    segments = [segment for segment in case.item.segments if segment.speaker]
    words = [word for channel in case.heard.channels for word in case.heard.words(channel)]
    if not segments or not any(word.speaker for word in words):
        return
    reference = tracks((segment.speaker, (segment.start, segment.end)) for segment in segments)
    errors, speech = diarisation_errors(reference, tracks(_runs(words)), case.method.collar)
    yield Ratio("diarisation_error_rate", errors, speech)
    if all(segment.text is not None for segment in segments):
        said = _texts((segment.speaker, segment.text or "") for segment in sorted(segments, key=lambda one: one.start))
        heard = _texts((word.speaker or "", word.text) for word in words)
        by = case.truth.primary
        wrong, total = speaker_word_errors([by.words(text) for text in said], [by.words(text) for text in heard])
        yield Ratio("speaker_word_error_rate", wrong, total, by.name)


def tracks(told: Iterable[tuple[str, Stretch]]) -> Track:
    """The speech of each speaker, from stretches of any."""
    by_speaker: dict[str, list[Stretch]] = {}
    for speaker, stretch in told:
        by_speaker.setdefault(speaker, []).append(stretch)
    return {speaker: merged(stretches) for speaker, stretches in by_speaker.items()}


def _runs(words: Iterable[HeardWord]) -> Iterable[tuple[str, Stretch]]:
    """Each run of words of one speaker in one final, from the first word's start to the last one's end."""
    run: tuple[str, float, float, float] | None = None
    for word in words:
        if word.start is None or word.end is None or word.speaker is None:
            continue
        if run and (word.speaker, word.at) == (run[0], run[1]):
            run = (*run[:3], max(run[3], word.end))
            continue
        if run:
            yield run[0], run[2:]
        run = (word.speaker, word.at, word.start, word.end)
    if run:
        yield run[0], run[2:]


def _texts(told: Iterable[tuple[str, str]]) -> list[str]:
    by_speaker: dict[str, list[str]] = {}
    for speaker, text in told:
        by_speaker.setdefault(speaker, []).append(text)
    return [" ".join(texts) for texts in by_speaker.values()]


def diarisation_errors(reference: Track, heard: Track, collar: float) -> tuple[float, float]:
    """Seconds of speaker time that are wrong, and seconds of reference speech, both outside the collar."""
    edges = [edge for stretches in reference.values() for stretch in stretches for edge in stretch]
    shut = merged((edge - collar, edge + collar) for edge in edges)
    speakers, labels = list(reference), list(heard)
    pieces = list(_pieces(reference, heard, shut))
    right = [
        [sum(length for length, spoken, told in pieces if one in spoken and label in told) for label in labels]
        for one in speakers
    ]
    assigned = {speakers[row]: labels[column] for row, column in best([[-time for time in row] for row in right])}
    wrong = speech = 0.0
    for length, spoken, told in pieces:
        agreed = sum(assigned.get(one) in told for one in spoken)
        wrong += length * (max(len(spoken), len(told)) - agreed)
        speech += length * len(spoken)
    return wrong, speech


def _pieces(
    reference: Track, heard: Track, shut: Sequence[Stretch]
) -> Iterable[tuple[float, frozenset[str], frozenset[str]]]:
    """The audio cut where anything changes: length, who speaks, who is told to; without what is shut out."""
    every = [*reference.values(), *heard.values(), shut]
    cuts = sorted({edge for stretches in every for stretch in stretches for edge in stretch})
    for start, end in pairwise(cuts):
        middle = (start + end) / 2
        if not _covers(shut, middle):
            yield end - start, _speaking(reference, middle), _speaking(heard, middle)


def _covers(stretches: Sequence[Stretch], at: float) -> bool:
    before = bisect_right(stretches, at, key=itemgetter(0))
    return bool(before) and at < stretches[before - 1][1]


def _speaking(track: Track, at: float) -> frozenset[str]:
    return frozenset(speaker for speaker, stretches in track.items() if _covers(stretches, at))


def speaker_word_errors(reference: Sequence[Sequence[str]], heard: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Word errors under the best assignment, and words of the reference; one row of words for each speaker."""
    size = max(len(reference), len(heard))
    rows = [*reference, *[()] * (size - len(reference))]
    columns = [*heard, *[()] * (size - len(heard))]
    errors = [[count(align(row, column)).errors for column in columns] for row in rows]
    return sum(errors[row][column] for row, column in best(errors)), sum(map(len, reference))
