"""How long one waits: for the session, for words, for finals, for the end of a turn and for the end.

Every latency is a difference of two instants on one monotonic clock. Where a position in the audio is one end of it,
its instant is when the chunk that holds the position had been sent. Latencies are never clamped: one that comes out
negative was early (a word guessed before it was finished) and stays. What never came is missing, not a large latency.
"""

from collections.abc import Iterable, Sequence

from voxport.events import Ended, Transcript, TurnEnded
from voxport.metrics.align import align, matches
from voxport.metrics.case import Case, Stretch
from voxport.metrics.heard import Screen
from voxport.metrics.measure import Measure, Ratio, Sampled, Score, one

MEASURES = (
    Measure(
        name="connect", title="Connect", kind="samples", unit="seconds",
        definition="From dialling, tokens and requests before the connection included, to the provider's word that "
        "the session has begun. No other latency includes it.",
    ),
    Measure(
        name="first_partial", title="First partial", kind="samples", unit="seconds",
        definition="From the sending of the chunk that holds the beginning of speech to the first transcript with "
        "text. Where nobody told where speech is: from the first chunk.",
    ),
    Measure(
        name="word_emission", title="Word shown", kind="samples", unit="seconds",
        definition="Per word of the reference with times: from the sending of the chunk that holds its end to the "
        "first transcript, partial or final, in which it stands in its place; it counts as shown then even if a "
        "later partial changed it in between. A word that is not matched in the final transcript is missing. The "
        "emission latency of FastEmit (Yu et al. 2021).",
    ),
    Measure(
        name="word_commit", title="Word final", kind="samples", unit="seconds",
        definition="The same to the final that holds the word: from then on it does not change.",
    ),
    Measure(
        name="final_after_speech", title="Final after speech", kind="samples", unit="seconds",
        definition="From the sending of the chunk that holds the end of all speech to the last final with text. "
        "Where nobody told where speech is: from the last chunk. Look at the tail recall beside it: a last word that "
        "never comes makes it short.",
    ),
    Measure(
        name="finalise", title="Finalise", kind="samples", unit="seconds",
        definition="From each request to finish the utterance to the first final with text, or the forced end of the "
        "turn, after it and before the next request.",
    ),
    Measure(
        name="turn_end", title="End of turn told", kind="samples", unit="seconds",
        definition="Per turn of the reference: from the sending of the chunk that holds its end to the provider's "
        "word that the turn ended. Ends that are forced, or come after the end of the audio was said, tell of no "
        "detection and are left out with their turn; so is a turn that is followed by less audio than 2 s, if its "
        "end is not told. Any other turn whose end is not told is missing. Measured where the provider tells turn "
        "ends in the take.",
    ),
    Measure(
        name="false_turn_ends", title="False ends of turn", kind="ratio", unit="ratio",
        definition="Ends told inside a turn, further than the collar from its edges, by the position that the "
        "provider gives or else by the audio sent at that moment; per turn of the reference. The late end of a turn "
        "before is none.",
    ),
    Measure(
        name="cursor", title="Cursor", kind="samples", unit="seconds",
        definition="Per partial: audio sent when it arrived, less the end of the partial in the provider's own "
        "times. It trusts those times: to be read beside the latencies of words, never instead.",
    ),
    Measure(
        name="close", title="Close", kind="samples", unit="seconds",
        definition="From the request to end the session to the provider's last message. Where the wait for it timed "
        "out or the session failed, it is missing.",
    ),
    Measure(
        name="words_after_finish", title="Words that come only at the close", kind="ratio", unit="share",
        better="neither",
        definition="Words of finals that arrive after the request to end the session / all words of finals; pooled. "
        "They are lost to a client that does not wait.",
    ),
)  # fmt: skip


def scores(case: Case) -> Iterable[Score]:
    """What a take adds whose audio was sent at the pace of speech."""
    take, clock = case.take, case.clock
    yield one("connect", take.dialled_at, take.begun_at)
    said = [message for message in case.heard.messages if message.text.strip()]
    finals = [message for message in said if message.is_final]
    if case.speech:
        yield one("first_partial", clock.at(case.speech[0][0]), said[0].received_at if said else None)
        yield one("final_after_speech", clock.at(case.speech[-1][1]), finals[-1].received_at if finals else None)
    yield from _words(case)
    yield from _finalise(case)
    yield from _turn_ends(case)
    cursors = tuple(_cursors(said))
    if cursors:
        yield Sampled("cursor", cursors)
    last = take.last if isinstance(take.last, Ended) and not take.last.tail_lost else None
    if take.finished_at is not None:
        yield one("close", take.finished_at, last.received_at if last else None)
        late = sum(word.at > take.finished_at for view in case.views for word in view.words)
        yield Ratio("words_after_finish", late, sum(len(view.words) for view in case.views))


def _cursors(said: Iterable[Transcript]) -> Iterable[float]:
    for message in said:
        end = message.end if message.end is not None or not message.words else message.words[-1].end
        if not message.is_final and end is not None:
            yield message.audio_sent - end


# --------------------------------------------------------------------------- words


def _words(case: Case) -> Iterable[Score]:
    """Of takes on one channel: a reference's word times do not say on which they are."""
    timed = case.truth.timed
    ends = {owner: at for at, owner in enumerate(timed.owners) if case.item.words[owner].end is not None}
    if not ends or len(case.heard.channels) > 1:
        return
    shown = [screen for channel in case.heard.channels for screen in case.heard.screens(channel)]
    heard, emitted, committed = _instants(shown)
    place = dict(matches(align(timed.plain, heard)))
    found = [(case.item.words[owner].end, place[at]) for owner, at in ends.items() if at in place]
    missing = len(ends) - len(found)
    for measure, instants in (("word_emission", emitted), ("word_commit", committed)):
        values = tuple(instants[at] - sent for end, at in found if (sent := case.clock.at(end or 0.0)) is not None)
        yield Sampled(measure, values, missing + len(found) - len(values))


def _instants(shown: Sequence[Screen]) -> tuple[list[str], list[float], list[float]]:
    """The words of all finals; when each first stood in its place, and when it was final."""
    heard = [word for screen in shown for word in screen.final]
    committed = [screen.at for screen in shown for _ in screen.final]
    emitted = list(committed)
    done = 0
    for screen in shown:
        if screen.is_final:
            done += len(screen.final)
            continue
        for at in _standing(screen.partial, heard[done : done + len(screen.partial)]):
            emitted[done + at] = min(emitted[done + at], screen.at)
    return heard, emitted, committed


def _standing(partial: Sequence[str], final: Sequence[str]) -> Iterable[int]:
    """The places of the final words that a partial shows."""
    if list(partial[: len(final)]) == list(final):
        return range(len(final))
    return (at for at, _ in matches(align(final, partial)))


# --------------------------------------------------------------------------- utterances and turns


def _finalise(case: Case) -> Iterable[Score]:
    asked = case.take.end_utterance_at
    if not asked:
        return
    limits = (*asked[1:], float("inf"))
    values = []
    for start, limit in zip(asked, limits, strict=True):
        answers = (
            event.received_at
            for event in case.take.events
            if (isinstance(event, Transcript) and event.is_final and event.text)
            or (isinstance(event, TurnEnded) and event.forced)
        )
        values += [at - start for at in answers if start <= at < limit][:1]
    yield Sampled("finalise", tuple(values), len(asked) - len(values))


def _turn_ends(case: Case) -> Iterable[Score]:
    turns, take = case.truth.turns, case.take
    told = [event for event in take.events if isinstance(event, TurnEnded)]
    if not turns or not told:
        return
    finished = float("inf") if take.finished_at is None else take.finished_at
    latencies: dict[int, float | None] = {}
    false = 0
    for event in told:
        sent = case.clock.position(event.received_at)
        position = sent if event.at is None else event.at
        inside, before = _place(turns, position, case.method.collar)
        if event.forced or event.received_at >= finished:
            latencies.setdefault(_latest(turns, sent), None)
        elif before is None or (inside is not None and (event.at is not None or before in latencies)):
            false += 1
        elif before not in latencies:
            latencies[before] = event.received_at - (case.clock.at(turns[before][1]) or 0.0)
    left_out = sum(
        at not in latencies and take.audio_seconds - end < case.method.turn_patience
        for at, (_, end) in enumerate(turns)
    )
    values = tuple(value for value in latencies.values() if value is not None)
    yield Sampled("turn_end", values, len(turns) - len(latencies) - left_out)
    yield Ratio("false_turn_ends", false, len(turns))


def _place(turns: Sequence[Stretch], position: float, collar: float) -> tuple[int | None, int | None]:
    """The turn that ``position`` lies well inside, and the last turn that ended before it."""
    inside = next((at for at, (start, end) in enumerate(turns) if start + collar < position < end - collar), None)
    ended = [at for at, (_, end) in enumerate(turns) if end - collar <= position]
    return inside, ended[-1] if ended else None


def _latest(turns: Sequence[Stretch], position: float) -> int:
    """The last turn that had begun by then."""
    return max((at for at, (start, _) in enumerate(turns) if start <= position), default=0)
