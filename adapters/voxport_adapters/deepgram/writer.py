"""How a server of ``/v1/listen`` writes its messages: with what the query asked for, and nothing else."""

import re
from collections.abc import Sequence

import msgspec

from voxport import codec, events, wire
from voxport_adapters.deepgram import findings, messages
from voxport_adapters.deepgram.messages import Alternative, FoundEntity, Search, SpokenWord
from voxport_adapters.deepgram.request import Listen


class Span(msgspec.Struct, frozen=True):
    """A stretch of one channel's audio, in seconds, and how its result came about."""

    start: float
    end: float
    speech_final: bool = False
    from_finalize: bool = False


class Writer:
    """Writes for one connection."""

    def __init__(self, listen: Listen, request_id: str) -> None:
        """As ``listen`` asks."""
        self._listen = listen
        self._request_id = request_id
        self._speakers: dict[str, int] = {}
        name, arch = findings.architecture(listen.model)
        self._model = messages.ModelInfo(name, "emulated" if listen.version == "latest" else listen.version, arch)
        self._model_id = findings.identifier(listen.model)
        diarizer = listen.diarize_model
        self._metadata = messages.ResultsMetadata(
            request_id, self._model, self._model_id,
            messages.DiarizeInfo(findings.identifier("diarizer"), diarizer) if diarizer else None, listen.pairs,
        )  # fmt: skip

    def results(
        self,
        heard: events.Transcript,
        span: Span,
        entities: list[FoundEntity] | None = None,
        found: list[Search] | None = None,
    ) -> str:
        """``found`` is what a backend found; without it, what of the terms stands in the words."""
        if self._listen.search and found is None:
            found = [findings.search(term, heard.words) for term in self._listen.search]
        return wire.text(
            messages.ToldResults(
                self.index(heard.channel), round(span.end - span.start, 6), span.start, heard.is_final,
                span.speech_final, messages.Channel([self._alternative(heard)], found), self._metadata,
                span.from_finalize, (entities or []) if heard.is_final and self._listen.detect_entities else None,
            )
        )  # fmt: skip

    def _alternative(self, heard: events.Transcript) -> Alternative:
        words = [word for word in map(self._word, heard.words) if word.word]
        text = heard.text
        if not self._listen.formatted:
            text = " ".join(filter(None, map(wire.bare, text.split())))
        told = Alternative(text, codec.demanded(heard.confidence) if text else 0.0, words)
        if self._listen.multilingual:
            told.languages = self._languages(heard, words)
            told.languages_hinted = self._listen.language_hint if self._listen.nova_3 else None
        return told

    def _languages(self, heard: events.Transcript, words: Sequence[SpokenWord]) -> list[str] | None:
        return findings.by_frequency([word.language for word in words] or [heard.language]) or None

    def _word(self, word: events.Word) -> SpokenWord:
        return SpokenWord(
            wire.bare(word.text), word.start or 0.0, word.end or 0.0, codec.demanded(word.confidence),
            word.text if self._listen.formatted else None, self._speaker(word.speaker),
            word.language if self._listen.multilingual else None,
        )  # fmt: skip

    def _speaker(self, label: str | None) -> int | None:
        """Speakers are numbered; one who is not told apart is the first."""
        if not self._listen.diarized:
            return None
        number = int(label) if label and re.fullmatch(r"[0-9]{1,4}", label) else len(self._speakers)
        return 0 if label is None else self._speakers.setdefault(label, number)

    def index(self, channel: int | None) -> tuple[int, int]:
        """The channel, and how many there are."""
        return (channel or 0, self._listen.channels)

    def totals(self, seconds: float, sha256: str, created: float) -> str:
        """``Metadata``; without audio there are no channels and no models."""
        decoded = seconds > 0
        return wire.text(
            messages.Metadata(
                self._request_id, seconds, self._listen.channels if decoded else 0, sha256, wire.timestamp(created),
                "deprecated", [self._model_id] if decoded else None,
                {self._model_id: self._model} if decoded else None, self._listen.pairs,
            )
        )  # fmt: skip
