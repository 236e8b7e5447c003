"""The turns that are over, as far as later messages refer to them."""

from collections.abc import Iterable, Sequence

import msgspec

from voxport import events, wire
from voxport_adapters.assemblyai.messages import (
    LLMGatewayResponse,
    RevisedTurn,
    SpeakerRevision,
    SpokenWord,
    Turn,
    main_speaker,
)
from voxport_adapters.assemblyai.query import Stream

REVISE = (120_000, 300_000)
"""Milliseconds of audio between two revisions of speakers in mid-stream: no less, no more."""

replace = msgspec.structs.replace


class _Span(msgspec.Struct, frozen=True):
    """Where an utterance stands: the turn, and which of its words."""

    order: int
    first: int = 0
    after: int | None = None


class Past:
    """Whoever stands behind a server names utterances in its own way or, by our count of turns, in ours."""

    def __init__(self, stream: Stream) -> None:
        self._labels, self._answers = stream.speaker_labels, stream.llm_gateway is not None
        asked = stream.speaker_labels_revision_interval_ms
        self._interval = min(max(asked, REVISE[0]), REVISE[1]) if asked else None
        self._revised_at = 0.0
        self._spans: dict[str, _Span] = {}
        self._words: dict[int, list[SpokenWord]] = {}
        self._texts: dict[int, str] = {}
        self._waiting: dict[int, str | None] = {}  # turns to tell of, and who speaks in them, where all of it is one's

    def keep(self, turn: Turn, parts: Sequence[events.Transcript]) -> None:
        """A turn is over. Only what was asked for is worth the memory."""
        order, at = turn.turn_order, 0
        for part in parts if self._labels or self._answers else ():
            after = at + len(part.words)
            self._spans[part.utterance or str(order)] = _Span(order, at, after) if part.utterance else _Span(order)
            at = after
        if self._labels:
            self._words[order] = turn.words
        if self._answers:
            self._texts[order] = turn.transcript

    # ----------------------------------------------------------------- speakers

    def revise(self, told: events.SpeakersRevised, heard: float) -> Iterable[str]:
        """Turns had other speakers. That is told at the end or, where an interval is asked for, at most once in one of
        the audio ``heard`` (milliseconds).
        """
        for revision in told.revisions:
            span = self._spans.get(revision.utterance)
            if span is not None and self._labels:
                self._apply(revision, span)
        if self._interval is None or heard - self._revised_at < self._interval:
            return ()
        self._revised_at = heard
        return self.revisions()

    def _apply(self, revision: events.Revision, span: _Span) -> None:
        """Texts and times stay as they were told."""
        words = self._words[span.order]
        revised = words[span.first : span.after]
        labels = [word.speaker for word in revision.words]
        if len(labels) != len(revised):
            labels = [revision.speaker] * len(revised)
        words[span.first : span.after] = [
            replace(word, speaker=label, speaker_confidence=None) for word, label in zip(revised, labels, strict=True)
        ]
        self._waiting[span.order] = revision.speaker if len(revised) == len(words) else None

    def revisions(self) -> Iterable[str]:
        """Those that wait."""
        waiting, self._waiting = sorted(self._waiting.items()), {}
        revised = [
            RevisedTurn(order, label or main_speaker(self._words[order]), self._words[order])
            for order, label in waiting
        ]
        return (wire.text(SpeakerRevision(revised)),) if revised else ()

    # ----------------------------------------------------------------- a language model

    def answer(self, told: events.Insight) -> Iterable[str]:
        """An answer to a turn, the last one if it does not say which; nothing unless answers were asked for."""
        if not self._texts or told.kind != "answer":
            return ()
        span = self._spans.get(told.utterance or "")
        order = span.order if span else max(self._texts)
        message = {"role": "assistant", "content": told.text}
        plain = {"choices": [{"message": message, "finish_reason": "stop"}]}
        data = told.data if isinstance(told.data, dict) and "choices" in told.data else plain
        return (wire.text(LLMGatewayResponse(order, self._texts[order], data)),)
