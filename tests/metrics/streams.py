"""Takes and items made by hand, and whole corpora made by dice with a fixed seed."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from voxport.events import AnyEvent, Begun, Ended, Transcript, Usage, Word
from voxport.metrics import Method
from voxport.metrics.case import Case, Truth
from voxport.metrics.measure import Ratio, Sampled, Score
from voxport.take import Item, Sent, Take

START = 100.0
"""When the first chunk of audio goes, on the clock of the takes made here."""
METHOD = Method(normalisers=("raw", "plain"), primary="plain", resamples=400)


def paced(seconds: float, chunk: float = 0.1) -> tuple[Sent, ...]:
    """Chunks in real time: the one that ends at 0.1 has been sent at START + 0.1."""
    return tuple(Sent(round(at * chunk, 9), START + at * chunk) for at in range(1, round(seconds / chunk) + 1))


def take(*events: AnyEvent, seconds: float = 10.0, begun: bool = True, **fields: Any) -> Take:
    """Dialled 1 s before the audio, accepted 0.5 s after that; finish is said at the end of the audio."""
    first = (Begun(received_at=START - 0.5),) if begun else ()
    made = {
        "label": "a", "provider": "toy", "item": "1", "date": 0.0, "dialled_at": START - 1.0, "sent": paced(seconds),
        "finished_at": START + seconds,
    }  # fmt: skip
    return Take(events=(*first, *events), **{**made, **fields})


def said(at: float, text: str, *, final: bool = False, **fields: Any) -> Transcript:
    """A transcript that came ``at`` seconds after the first chunk."""
    return Transcript(received_at=START + at, is_final=final, text=text, **fields)


def ended(at: float, **fields: Any) -> Ended:
    return Ended(received_at=START + at, **fields)


def words(text: str, start: float = 0.0, each: float = 0.5) -> tuple[Word, ...]:
    """Words of equal length, one after the other."""
    return tuple(Word(word, start + at * each, start + (at + 1) * each) for at, word in enumerate(text.split()))


def item(text: str | None = None, **fields: Any) -> Item:
    return Item(**{"id": "1", "audio": "1.wav", "text": text, **fields})


def case(truth: Item, made: Take, method: Method = METHOD) -> Case:
    return Case(Truth(truth, method), made, method)


def ratio(scores: Iterable[Score], measure: str, normaliser: str | None = None) -> tuple[float, float]:
    """Numerator and denominator of the one ratio of this name, to nine places."""
    (found,) = (
        (round(score.numerator, 9), round(score.denominator, 9))
        for score in scores
        if isinstance(score, Ratio) and score.measure == measure and normaliser in {None, score.normaliser}
    )
    return found


def sample(scores: Iterable[Score], measure: str) -> tuple[list[float], int]:
    """Values, to the microsecond, and how many are missing."""
    (found,) = (score for score in scores if isinstance(score, Sampled) and score.measure == measure)
    return [round(value, 6) for value in found.values], found.missing


def names(scores: Iterable[Score]) -> set[str]:
    return {score.measure for score in scores}


# --------------------------------------------------------------------------- corpora

VOCABULARY = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "I",
    "this",
    "are",
    "or",
    "his",
    "from",
    "at",
    "which",
    "but",
    "have",
    "an",
    "had",
    "they",
    "you",
    "were",
    "their",
    "one",
    "all",
    "we",
    "can",
    "her",
    "has",
    "there",
    "been",
    "if",
    "more",
    "when",
    "will",
    "would",
    "who",
    "so",
    "no",
    "Elinor",
    "Marianne",
    "London",
    "sister",
    "mother",
    "nothing",
    "twenty",
    "three",
    "hundred",
    "happiness",
    "affection",
    "cottage",
    "Devonshire",
]


def corpus(
    labels: Sequence[str], items: int, *, length: int = 13, wrong: float = 0.08, seed: int = 1
) -> tuple[list[Item], list[Take]]:
    """Items with word times, and one take of each label on each; ``wrong`` is the share of words that go wrong."""
    dice = random.Random(seed)  # noqa: S311 -- a corpus, no secret
    truths = [_item(dice, number, length) for number in range(items)]
    return truths, [_take(dice, truth, label, wrong) for truth in truths for label in labels]


def _item(dice: random.Random, number: int, length: int) -> Item:
    spoken = dice.choices(VOCABULARY, k=dice.randint(length // 2, length + length // 2))
    text = " ".join(spoken).capitalize() + "."
    timed = words(text, start=0.3, each=0.4)
    seconds = round(0.6 + 0.4 * len(spoken), 1)
    return Item(
        id=f"item-{number}", audio=f"{number}.wav", text=text, words=timed, seconds=seconds, group=f"call-{number // 2}",
        tags=("even" if number % 2 == 0 else "odd",), names=("Elinor", "Marianne"),
    )  # fmt: skip


def _take(dice: random.Random, truth: Item, label: str, wrong: float) -> Take:
    heard = [word for word in truth.words if dice.random() > wrong / 2]
    heard = [Word(dice.choice(VOCABULARY), w.start, w.end) if dice.random() < wrong / 2 else w for w in heard]
    events: list[AnyEvent] = []
    for upto in range(1, len(heard) + 1):
        text = " ".join(word.text for word in heard[:upto]).lower()
        at = (heard[upto - 1].end or 0.0) + dice.uniform(0.2, 0.6)
        events.append(said(at, text, start=0.3, end=heard[upto - 1].end, audio_sent=at))
    seconds = truth.seconds or 0.0
    closing = " ".join(word.text for word in heard)
    events.append(said(seconds + dice.uniform(0.1, 0.4), closing, final=True, words=tuple(heard)))
    usage = Usage(
        provider=label,
        connection=1,
        audio_seconds=seconds,
        session_seconds=seconds + 1,
        billed_by="audio",
        billed_seconds=seconds,
    )
    events.append(ended(seconds + 0.6, usage=(usage,)))
    return take(*events, seconds=seconds, label=label, provider=label, item=truth.id, billed_by="audio")
