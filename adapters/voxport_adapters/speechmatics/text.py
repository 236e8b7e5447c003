"""Words as voxport has them, punctuation attached, and results as the service has them, punctuation apart.

The spaces in ``metadata.transcript`` are not to be trusted (a mark that comes late leaves a stray one), so text is
always joined from the results, by what each mark ``attaches_to``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from voxport.codec import demanded
from voxport.events import Entity, Word
from voxport.wire import bare
from voxport_adapters.speechmatics.protocol import Alternative, Form, Result

MARKS = ".,?!;:…。、，？！؟،"  # noqa: RUF001 -- those of other scripts too
OPENERS = "¿¡"
SENTENCE_ENDS = ".?!…。？！؟"  # noqa: RUF001 -- the same
UNKNOWN_SPEAKER = "UU"

# --------------------------------------------------------------------------- from results to words


class Joined(msgspec.Struct):
    """What results say. ``glued``: the first word belongs to what came before; ``open``: the last to what follows."""

    words: list[Word]
    entities: list[Entity]
    glued: bool
    open: bool


def join(results: Sequence[Result], delimiter: str, *, glue: bool = False) -> Joined:
    """The words of ``results``. With ``glue`` the first belongs to what came before, whatever it says."""
    joined = Joined([], [], glued=False, open=glue)
    for result in results:
        if not result.alternatives:
            continue
        # A mark that does not say attaches to what is before it.
        attaches = (result.attaches_to or "previous") if result.type == "punctuation" else "none"
        belongs = joined.open or attaches in {"previous", "both"}
        if belongs and not joined.words:
            joined.glued = True
        for number, word in enumerate(_words(result, delimiter)):
            if belongs and joined.words and not number:
                joined.words.append(merge(joined.words.pop(), word))
            else:
                joined.words.append(word)
        joined.open = attaches in {"next", "both"}
        if result.type == "entity":
            joined.entities.append(_entity(result, delimiter))
    return joined


def _words(result: Result, delimiter: str) -> list[Word]:
    """One word; of an entity, those that it is written in, where these are the same text."""
    whole = _word(result, result)
    written = [_word(form, result) for form in result.written_form or () if form.alternatives]
    return written if delimiter.join(word.text for word in written) == whole.text else [whole]


def _word(form: Form, result: Result) -> Word:
    said = form.alternatives[0]
    known = said.speaker or result.alternatives[0].speaker
    return Word(
        said.content, form.start_time, form.end_time, said.confidence,
        None if known == UNKNOWN_SPEAKER else known, said.language,
        tags=tuple(said.tags or ()), volume=result.volume,
    )  # fmt: skip


def merge(left: Word, right: Word) -> Word:
    """Both as one, with the times and confidence of the one that was spoken: a mark has no duration."""
    main = right if left.start == left.end else left
    return msgspec.structs.replace(main, text=left.text + right.text, end=right.end)


def _entity(result: Result, delimiter: str) -> Entity:
    said = result.alternatives[0]
    spoken = [form.alternatives[0].content for form in result.spoken_form or () if form.alternatives]
    return Entity(
        result.entity_class or "", said.content, result.start_time, result.end_time, said.confidence,
        delimiter.join(spoken) or None,
    )  # fmt: skip


def prevailing(values: Iterable[str | None]) -> str | None:
    """The value that most have."""
    counted = Counter(value for value in values if value is not None)
    return counted.most_common(1)[0][0] if counted else None


def common(values: Iterable[str | None]) -> str | None:
    """The value that all have."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


# --------------------------------------------------------------------------- from words to results


class Style(msgspec.Struct):
    """How a session wants its results written."""

    language: str
    languages: bool = False
    """Each word in its own language."""
    speakers: bool = False
    volume: bool = False
    marks: frozenset[str] = frozenset({"all"})
    disfluencies: bool = True
    replacements: Mapping[str, str] = {}

    def results(self, words: Iterable[Word]) -> list[Result]:
        """The words, their marks apart."""
        return [result for word in words if self._wanted(word) for result in self._results(word)]

    def _wanted(self, word: Word) -> bool:
        return self.disfluencies or "disfluency" not in word.tags

    def _results(self, word: Word) -> Iterable[Result]:
        start, end = word.start or 0.0, word.end or word.start or 0.0
        tail = word.text.rstrip(MARKS)
        core = tail.lstrip(OPENERS)
        for mark in tail[: len(tail) - len(core)]:
            yield from self._mark(mark, start, word, "next")
        if core:
            volume = word.volume if self.volume else None
            yield Result("word", start, end, [self._said(self.replacements.get(core, core), word)], volume=volume)
        for mark in word.text[len(tail) :]:
            yield from self._mark(mark, end, word, "previous")

    def _mark(self, mark: str, at: float, word: Word, attaches_to: str) -> Iterable[Result]:
        if mark in self.marks or "all" in self.marks:
            said = msgspec.structs.replace(self._said(mark, word), confidence=1.0, tags=None)
            yield Result("punctuation", at, at, [said], attaches_to=attaches_to, is_eos=mark in SENTENCE_ENDS)

    def _said(self, content: str, word: Word) -> Alternative:
        language = (word.language if self.languages else None) or self.language
        speaker = (word.speaker or UNKNOWN_SPEAKER) if self.speakers else None
        return Alternative(content, demanded(word.confidence), language, speaker, list(word.tags) or None)


def with_entities(results: list[Result], entities: Iterable[Entity], delimiter: str) -> list[Result]:
    """``results`` with the words of each entity joined to one result; an entity whose words are not there is left out:
    what a final says must not change.
    """
    for entity in entities:
        place = _place(results, entity, delimiter)
        if place:
            results[place] = [_as_result(entity, results[place], delimiter)]
    return results


def _place(results: Sequence[Result], entity: Entity, delimiter: str) -> slice | None:
    wanted = bare(entity.text)
    for start in range(len(results)):
        for stop in range(start + 1, len(results) + 1):
            run = results[start:stop]
            if any(result.type != "word" for result in run) or not _within(run, entity):
                break
            if bare(_text(run, delimiter)) == wanted:
                return slice(start, stop)
    return None


def _within(run: Sequence[Result], entity: Entity) -> bool:
    """They share some time, where the entity tells its own."""
    if entity.start is None or entity.end is None:
        return True
    return run[0].start_time < entity.end and run[-1].end_time > entity.start


def _text(run: Iterable[Form], delimiter: str) -> str:
    return delimiter.join(form.alternatives[0].content for form in run)


def _as_result(entity: Entity, run: Sequence[Result], delimiter: str) -> Result:
    first, content = run[0].alternatives[0], _text(run, delimiter)
    spoken = (entity.spoken or content).split() or [content]
    start, end = run[0].start_time, run[-1].end_time
    step = (end - start) / len(spoken)
    says: dict[str, Any] = {"confidence": demanded(entity.confidence), "language": first.language}
    return Result(
        "entity", start, end, [Alternative(content, speaker=first.speaker, **says)], entity_class=entity.kind,
        spoken_form=[
            Form("word", round(start + at * step, 3), round(start + (at + 1) * step, 3), [Alternative(said, **says)])
            for at, said in enumerate(spoken)
        ],
        written_form=[Form("word", word.start_time, word.end_time, word.alternatives) for word in run],
    )  # fmt: skip
