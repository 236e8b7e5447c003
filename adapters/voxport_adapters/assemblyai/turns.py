"""How the server end says turns: each model in its own shape."""

from collections.abc import Iterable, Sequence

import msgspec

from voxport import codec, events, wire
from voxport.timeline import texts
from voxport_adapters.assemblyai.messages import SpeechStarted, SpokenWord, Turn, main_speaker, milliseconds, spoken
from voxport_adapters.assemblyai.past import Past
from voxport_adapters.assemblyai.query import Stream

replace = msgspec.structs.replace


class Turns:
    """Counts turns and gathers their finals, which wait for the end of their turn."""

    def __init__(self, stream: Stream) -> None:
        """``stream`` may be replaced at any time."""
        self.stream = stream
        self.open = False
        """A turn has begun."""
        self.until = 0.0
        """Milliseconds that words of turns have reached."""
        self._order = 0
        self._finals: list[events.Transcript] = []
        self._guess: events.Transcript | None = None
        self._before: tuple[str, ...] = ()  # the words of the guess before it
        self._uttered: list[str] = []
        self.past = Past(stream)
        """The turns that are over."""

    # ----------------------------------------------------------------- while it lasts

    def begin(self, at: float | None, confidence: float | None = None) -> Iterable[str]:
        """An onset is told once in a turn, before all else of it."""
        begun, self.open = self.open, True
        if begun or not self.stream.model.universal_3:
            return ()
        return (wire.text(SpeechStarted(milliseconds(at), codec.demanded(confidence))),)

    def guess(self, partial: events.Transcript) -> Iterable[str]:
        """A partial; an empty one is said only to clear another."""
        if not partial.text and not self.open:
            return ()
        self._before, self._guess = _said(self._guess), partial
        onset = self.begin(partial.start)
        return (*onset, *self._partial())

    def gather(self, final: events.Transcript) -> Iterable[str]:
        """A final of this turn. Where words become final one by one, it is an utterance by itself."""
        self._finals.append(final)
        self._guess, self._before = None, ()
        return (*self.begin(final.start), *self._utter(final.text))

    def eager(self, confidence: float | None) -> Iterable[str]:
        """The turn has probably ended with the guess."""
        return self._utter(self._guess.text, confidence) if self._guess else ()

    def _utter(self, text: str, confidence: float | None = None) -> Iterable[str]:
        if not self.stream.model.word_by_word:
            return ()
        said = self._plain(text)
        partial = self._partial(said, confidence)
        self._uttered += [said] if partial else []
        return partial

    def _partial(self, utterance: str = "", confidence: float | None = None) -> tuple[str, ...]:
        if not self.stream.include_partial_turns or self.stream.redact_pii:
            return ()
        parts = [*self._finals, *([self._guess] if self._guess else [])]
        return (wire.text(self._turn(parts, utterance, confidence or 0, ended=False)),)

    # ----------------------------------------------------------------- its end

    def end(self, confidence: float | None = None) -> Iterable[str]:
        """The final. A turn without text is none: its number goes to the next."""
        if not self._finals:
            self.open, self._guess, self._before = False, None, ()
            return ()
        turn = self._turn(self._finals, "", codec.demanded(confidence), ended=True)
        if " ".join(self._uttered) != turn.transcript:
            turn.utterance = turn.transcript
        self.past.keep(turn, self._finals)
        self.until = max((word.end for word in turn.words), default=self.until)
        self._finals, self._guess, self._before, self._uttered = [], None, (), []
        self.open, self._order = False, self._order + 1
        return (wire.text(turn),)

    # ----------------------------------------------------------------- shapes

    def _turn(self, parts: Sequence[events.Transcript], utterance: str, confidence: float, *, ended: bool) -> Turn:
        """The turn so far or at its end. Its language is told with utterances, speakers at the end."""
        asked = self.stream
        words = self._words(parts, ended=ended)
        text = self._plain(texts(replace(part, is_final=True) for part in parts).strip())
        if asked.model.word_by_word and words and not ended:
            text = " ".join(word.text for word in words if word.word_is_final)
        elif asked.model.universal_3 and not ended and text[-1:].isalnum():
            # A partial of these models that was cut in mid-sentence ends with a dash.
            text += "\u2014"
            words[-1:] = [replace(word, text=f"{word.text}\u2014") for word in words[-1:]]
        turn = Turn(
            self._order, asked.formats and (ended or asked.model.marks_partials), ended, text, confidence, words,
            utterance,
        )  # fmt: skip
        if asked.tells_language and (ended or utterance):
            _tell_language(turn, parts)
        if asked.speaker_labels and ended:
            _tell_speaker(turn)
        return turn

    def _words(self, parts: Sequence[events.Transcript], *, ended: bool) -> list[SpokenWord]:
        """Punctuation that belongs to the word before it is part of that."""
        found: list[SpokenWord] = []
        for part in parts:
            words = self._of_part(part, ended=ended)
            if part.glued and found:
                glued, *words = words or [replace(found[-1], text=self._plain(part.text))]
                found[-1] = replace(found[-1], text=found[-1].text + glued.text, end=glued.end)
            found += words
        return [word for word in found if word.text]

    def _of_part(self, part: events.Transcript, *, ended: bool) -> list[SpokenWord]:
        """A word of a guess is final only where words become so one by one: when it was guessed twice, and another
        came after it.
        """
        settled = ended or (self.stream.model.word_by_word and part is not self._guess)
        last = len(part.words) - 1 if self.stream.model.word_by_word else 0
        agreed = [at < last and self._before[at : at + 1] == (word.text,) for at, word in enumerate(part.words)]
        return [
            spoken(self._shown(word, ended=ended), part.start, is_final=settled or agrees)
            for word, agrees in zip(part.words, agreed, strict=True)
        ]

    def _shown(self, word: events.Word, *, ended: bool) -> events.Word:
        """Speakers are told at the end."""
        shown = replace(word, text=self._plain(word.text))
        labelled = ended and self.stream.speaker_labels
        return shown if labelled else replace(shown, speaker=None, speaker_confidence=None)

    def _plain(self, text: str) -> str:
        """``text`` as the model writes it."""
        return text if self.stream.formats else " ".join(filter(None, map(wire.bare, text.split())))


def _said(guess: events.Transcript | None) -> tuple[str, ...]:
    return tuple(word.text for word in guess.words) if guess else ()


def _tell_language(turn: Turn, parts: Sequence[events.Transcript]) -> None:
    """Left out where it is not known: clients fail on ``null``."""
    part = next((part for part in reversed(parts) if part.language), None)
    if part:
        turn.language_code, turn.language_confidence = part.language, codec.demanded(part.language_confidence)


def _tell_speaker(turn: Turn) -> None:
    turn.speaker_label = main_speaker(turn.words)
    sure = [word.speaker_confidence for word in turn.words if word.speaker_confidence is not None]
    turn.speaker_confidence = round(sum(sure) / len(sure), 4) if sure else None
