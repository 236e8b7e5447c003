"""How steady what one reads is: partials that change their mind, and speech with nothing new on the screen.

Everything is over plain words: a capital letter or a full stop that comes with the final is no change of mind. A final
that says only the beginning of the partial before it leaves the rest standing for the next message to confirm or
change; what nobody confirms until the end counts as changed.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from voxport.events import Transcript
from voxport.metrics.align import align
from voxport.metrics.case import Case, overlap
from voxport.metrics.heard import Screen, screens
from voxport.metrics.measure import Measure, Ratio, Sampled, Score

MEASURES = (
    Measure(
        name="unstable_partial_words", title="Unstable partial words", kind="ratio", unit="ratio",
        definition="Words of partials that the next message changes or drops, by the alignment of the two, / words "
        "of finals; pooled. The unstable partial word ratio, after Shangguan et al. 2020 (arXiv:2006.01416). A "
        "provider whose partials never change has 0; one that sent no partials has none.",
    ),
    Measure(
        name="normalised_erasure", title="Normalised erasure", kind="ratio", unit="ratio",
        definition="Words that must be wiped off the screen before the next message can be written, which is all of "
        "a partial behind the first word that differs, / words of finals; pooled. Arivazhagan et al. 2020 "
        "(arXiv:1912.03393).",
    ),
    Measure(
        name="dead_air", title="Longest speech without news", kind="samples", unit="seconds",
        definition="The most speech that was sent between two changes of what is displayed (or its beginning and the "
        "first, or the last and its end), of each take. Where nobody told where speech is, all audio is taken for "
        "speech.",
    ),
)  # fmt: skip


def scores(case: Case) -> Iterable[Score]:
    """What a take adds."""
    rows = [case.heard.screens(channel) for channel in case.heard.channels]
    if any(not screen.is_final for row in rows for screen in row):
        changes = [change for row in rows for change in _changes(row)]
        words = sum(len(screen.final) for row in rows for screen in row)
        yield Ratio("unstable_partial_words", sum(unstable for unstable, _ in changes), words)
        yield Ratio("normalised_erasure", sum(erased for _, erased in changes), words)
    if case.speech and case.take.sent and case.take.realtime:
        yield Sampled("dead_air", (_dead_air(case),))


def _changes(row: Iterable[Screen]) -> Iterable[tuple[int, int]]:
    """Words that are unstable, and words that are erased, from each message to the next."""
    standing: Sequence[str] = ()
    for screen in row:
        if screen.is_final:
            yield _change(standing[: len(screen.final)], screen.final)
            standing = screen.rest
        else:
            yield _change(standing, screen.partial)
            standing = screen.partial
    yield _change(standing, ())


def _change(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    if before == after[: len(before)]:
        return 0, 0
    kept = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(after))
    unstable = sum(r1 - r0 for kind, r0, r1, _, _ in align(before, after) if kind != "equal")
    return unstable, len(before) - kept


def _dead_air(case: Case) -> float:
    """Seconds of speech."""
    news = sorted(at for channel in case.heard.channels for at in _news(case.heard.on(channel)))
    ends = [0.0, *map(case.clock.position, news), case.take.audio_seconds]
    return max(overlap(gap, case.speech) for gap in pairwise(ends))


def _news(messages: Iterable[Transcript]) -> Iterable[float]:
    """When what one channel displays changed."""
    standing: Sequence[str] = ()
    for screen in screens(messages, lambda text: tuple(text.split())):
        now = screen.final or screen.partial
        if now != (standing[: len(now)] if screen.is_final else standing):
            yield screen.at
        standing = screen.rest if screen.is_final else screen.partial
