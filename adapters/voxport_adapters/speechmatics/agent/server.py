"""The server end of ``/v2/agent``."""

from collections.abc import Iterable, Sequence
from typing import Any

from voxport import ends, events
from voxport.codec import Frame
from voxport_adapters.speechmatics import protocol as shared
from voxport_adapters.speechmatics import text
from voxport_adapters.speechmatics.agent import protocol
from voxport_adapters.speechmatics.agent.rules import AGENT
from voxport_adapters.speechmatics.serving import Serving, said

LONGEST = 120.0
"""Seconds of audio that a segment covers at most."""


class Server(Serving):
    """A segment is closed by the end of its turn, another speaker, where it was asked for the end of a sentence, and
    after two minutes. Turns end with ``TurnEnded`` or, in the mode ``external``, with those that the client asked for.
    """

    service = AGENT

    def __init__(self, session_id: str, refused: events.Failed | None = None) -> None:
        super().__init__(session_id, refused)
        for kind in (shared.AddChannelAudio, shared.EndOfChannel, shared.SetRecognitionConfig):
            del self._meanings[kind]
        self._words |= {
            events.SpeechStarted: self._speech_started,
            events.SpeechEnded: self._speech_ended,
            events.Transcript: self._transcript,
            events.TurnEnded: self._turn_ended,
        }
        self._pending: list[events.Word] = []  # final words of the segment that is being built
        self._speaking = self._in_turn = False

    @property
    def _external(self) -> bool:
        return self._request is not None and self._request.turns.turn_detection_mode == "external"

    # ----------------------------------------------------------------- speech and turns

    def _speech_started(self, started: events.SpeechStarted) -> ends.Outgoing:
        if self._external or self._speaking:
            return ()
        self._speaking = True
        return (said(protocol.SpeechStarted, metadata=protocol.From(started.at or 0.0)),)

    def _speech_ended(self, ended: events.SpeechEnded) -> ends.Outgoing:
        if self._external or not self._speaking:
            return ()
        self._speaking = False
        return (said(protocol.SpeechEnded, metadata=protocol.Until(ended.at or self._until)),)

    @property
    def _until(self) -> float:
        return self._voices[0].settled

    def _turn_ended(self, ended: events.TurnEnded) -> ends.Outgoing:
        voice = self._voices[0]
        forced, voice.forcing = ended.forced or voice.forcing, False
        if self._external and not forced:
            return ()
        silence = self._speech_ended(events.SpeechEnded(at=ended.at))
        frames = [*silence, *self._close(self._pending)]
        self._pending = []
        if self._in_turn:
            self._in_turn = False
            end = max(self._until, ended.at or 0.0)
            frames.append(said(protocol.EndOfTurn, metadata=protocol.Until(end)))
        return frames

    # ----------------------------------------------------------------- segments

    def _transcript(self, heard: events.Transcript) -> ends.Outgoing:
        words = list(heard.words or ([events.Word(heard.text, heard.start, heard.end)] if heard.text else ()))
        if not words:
            return ()
        frames: list[Any] = []
        if not self._in_turn:
            self._in_turn = True
            frames.append(said(protocol.StartOfTurn, metadata=protocol.From(words[0].start or self._until)))
        if not heard.is_final:
            return [*frames, *self._partial([*self._pending, *words])]
        self._pending += words
        *whole, self._pending = self._segments(self._pending)
        frames += (frame for segment in whole for frame in self._close(segment))
        return [*frames, *self._partial(self._pending)]

    def _segments(self, words: Sequence[events.Word]) -> list[list[events.Word]]:
        """``words`` in segments, the last of which is not closed yet."""
        segments: list[list[events.Word]] = [[]]
        for word in words:
            if segments[-1] and self._parts(segments[-1], word):
                segments.append([])
            segments[-1].append(word)
            if self._sentences and word.text[-1:] in text.SENTENCE_ENDS:
                segments.append([])
        return segments

    @property
    def _sentences(self) -> bool:
        return self._request is not None and self._request.config.emit_sentences

    def _parts(self, segment: Sequence[events.Word], word: events.Word) -> bool:
        """``word`` begins another segment."""
        another = self._style.speakers and word.speaker != segment[-1].speaker
        return another or (word.end or 0.0) - (segment[0].start or 0.0) > LONGEST

    def _close(self, words: Sequence[events.Word]) -> Iterable[Frame]:
        self._voices[0].settled = max([self._until, *(word.end for word in words if word.end)])
        return self._said(protocol.AddSegment, words)

    def _partial(self, words: Sequence[events.Word]) -> Iterable[Frame]:
        wanted = words and self._request is not None and self._request.config.enable_partials
        return self._said(protocol.AddPartialSegment, self._segments(words)[-1] or words) if wanted else ()

    def _said(self, kind: type[protocol.Segmented], words: Sequence[events.Word]) -> Iterable[Frame]:
        results = self._style.results(words)
        whole = self._delimiter.join(word.text for word in text.join(results, self._delimiter).words)
        if not whole:
            return ()
        speaker = (words[0].speaker or text.UNKNOWN_SPEAKER) if self._style.speakers else None
        start = words[0].start or 0.0
        span = shared.Span(start, max(start, words[-1].end or 0.0))
        return (said(kind, segment=protocol.Segment(whole, speaker), metadata=span),)

    def _ended(self) -> ends.Outgoing:
        last = self._turn_ended(events.TurnEnded(forced=True)) if self._in_turn else ()
        return (*last, *super()._ended())
