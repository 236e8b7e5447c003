"""How many words are right: error rates, what is lost at the edges, long runs, and words that nobody said."""

from collections.abc import Iterable

from voxport.metrics.align import Counts, align, count, longest, matches
from voxport.metrics.case import Case, Pair, Stretch, View, merged, overlap
from voxport.metrics.heard import HeardWord
from voxport.metrics.measure import Measure, Ratio, Sampled, Score

POOLED = "pooled over the corpus, never a mean of rates"

MEASURES = (
    Measure(
        name="word_error_rate", title="Word error rate", kind="ratio", unit="share",
        definition="(substitutions + deletions + insertions) / words of the reference, of the alignment with the "
        f"fewest errors; {POOLED}. Where the reference is empty, every word heard is an insertion. Levenshtein, as "
        "jiwer counts.",
    ),
    Measure(
        name="substitution_rate", title="Words changed", kind="ratio", unit="share",
        definition=f"substitutions / words of the reference; {POOLED}.",
    ),
    Measure(
        name="deletion_rate", title="Words lost", kind="ratio", unit="share",
        definition=f"deletions / words of the reference; {POOLED}.",
    ),
    Measure(
        name="insertion_rate", title="Words made up", kind="ratio", unit="share",
        definition=f"insertions / words of the reference; {POOLED}.",
    ),
    Measure(
        name="character_error_rate", title="Character error rate", kind="ratio", unit="share",
        definition="The same over characters, of the normalised words joined by single spaces, the spaces counted: "
        f"the one to look at in scripts without spaces; {POOLED}.",
    ),
    Measure(
        name="longest_deletion_run", title="Longest run of lost words", kind="samples", unit="words",
        definition="The most words of the reference in a row that were all deleted, of each take: audio that was "
        "lost shows here, not in the error rate.",
    ),
    Measure(
        name="longest_insertion_run", title="Longest run of invented words", kind="samples", unit="words",
        definition="The most words in a row that were all inserted, of each take: invented text shows here.",
    ),
    Measure(
        name="head_recall", title="First words heard", kind="ratio", unit="share", better="higher",
        definition="Of the first k words of each reference (k = 5, or all of a shorter one), the share that is "
        f"matched in the alignment; {POOLED}.",
    ),
    Measure(
        name="tail_recall", title="Last words heard", kind="ratio", unit="share", better="higher",
        definition=f"The same of the last k words; {POOLED}.",
    ),
    Measure(
        name="words_over_silence", title="Words invented over silence", kind="ratio", unit="words per minute",
        definition="Words that are insertions by the plain alignment and whose middle lies in silence, per minute of "
        "silence. Silence is what is further than the collar from all reference speech. A word without measured "
        "times counts only where all of the audio is silence. Needs to know where speech is.",
    ),
)  # fmt: skip


def scores(case: Case) -> Iterable[Score]:
    """What a take with a reference adds."""
    for by in case.truth.normalisers:
        pairs = case.pairs(by)
        words = sum((count(pair.blocks) for pair in pairs), Counts())
        yield Ratio("word_error_rate", words.errors, words.reference, by.name)
        yield Ratio("substitution_rate", words.substitutions, words.reference, by.name)
        yield Ratio("deletion_rate", words.deletions, words.reference, by.name)
        yield Ratio("insertion_rate", words.insertions, words.reference, by.name)
        characters = sum((_characters(pair) for pair in pairs), Counts())
        yield Ratio("character_error_rate", characters.errors, characters.reference, by.name)
    pairs = case.pairs(case.truth.primary)
    yield Sampled("longest_deletion_run", (max(longest(pair.blocks, "delete") for pair in pairs),))
    yield Sampled("longest_insertion_run", (max(longest(pair.blocks, "insert") for pair in pairs),))
    yield from _edges(pairs, case.method.edge_words)
    yield from _over_silence(case)


def _characters(pair: Pair) -> Counts:
    if pair.reference == pair.hypothesis:
        return Counts(len(" ".join(pair.reference)))
    return count(align(" ".join(pair.reference), " ".join(pair.hypothesis)))


def _edges(pairs: Iterable[Pair], words: int) -> Iterable[Score]:
    head = tail = edge = 0
    for pair in pairs:
        length = len(pair.reference)
        found = [at for at, _ in matches(pair.blocks)]
        edge += min(words, length)
        head += sum(at < words for at in found)
        tail += sum(at >= length - words for at in found)
    yield Ratio("head_recall", head, edge)
    yield Ratio("tail_recall", tail, edge)


def _over_silence(case: Case) -> Iterable[Score]:
    if case.truth.speech is None:
        return
    collar = case.method.collar
    near = merged((start - collar, end + collar) for start, end in case.truth.speech)
    silence = case.seconds - overlap((0.0, case.seconds), near)
    over = sum(_is_over(word, near) for view in case.views for word in _inserted(view))
    yield Ratio("words_over_silence", over, silence / 60)


def _inserted(view: View) -> Iterable[HeardWord]:
    places = {at for kind, _, _, h0, h1 in view.blocks if kind == "insert" for at in range(h0, h1)}
    return (view.words[owner] for owner in sorted({view.shown.owners[at] for at in places}))


def _is_over(word: HeardWord, near: tuple[Stretch, ...]) -> bool:
    if not word.timed:
        return not near
    middle = ((word.start or 0.0) + (word.end or 0.0)) / 2
    return not any(first <= middle <= last for first, last in near)
