"""The client end of ``/v2/agent``."""

from collections.abc import Iterable

from voxport import commands, ends, events, wire
from voxport.codec import Dial
from voxport.settings import Settings
from voxport_adapters.speechmatics import protocol as shared
from voxport_adapters.speechmatics import rules as common
from voxport_adapters.speechmatics import text
from voxport_adapters.speechmatics.agent import protocol, rules
from voxport_adapters.speechmatics.listening import Listening

QUIET = 10.0
"""Seconds after which audio in which the service heard no speech is known to have none."""


class Client(Listening):
    """Segments are finals. They have words where the service lets those of ``/v2`` through, else text only."""

    messages = protocol.FROM_SERVER

    def __init__(self, settings: Settings, dial: Dial) -> None:
        super().__init__(settings, dial, rules.translate(settings).options)
        turns = self._options.get("turn_config")
        mode = turns.get("turn_detection_mode") if isinstance(turns, dict) else None
        self._hears_silence = mode != "external"  # the service tells of speech in the mode ``vad`` only
        self._voice = self._new_voice()
        self._words: list[events.Word] = []  # of the segment that is being built
        self._speaking = self._in_turn = self._forcing = False
        self._meanings |= {
            shared.AudioAdded: lambda _: self._taken(),
            protocol.AddSegment: self._segment,
            protocol.AddPartialSegment: self._partial,
            protocol.SpeechStarted: self._speech_started,
            protocol.SpeechEnded: self._speech_ended,
            protocol.StartOfTurn: self._turn_started,
            protocol.EndOfTurn: self._turn_ended,
            shared.AddTranscript: self._heard,
            shared.AddPartialTranscript: lambda _: (),  # the segment says the same
            shared.EndOfUtterance: lambda _: (),
            shared.AudioEventStarted: self._sound_started,
            shared.AudioEventEnded: self._sound_ended,
        }

    # ----------------------------------------------------------------- saying

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                self._voice.send(data)
                return (data,)
            case commands.Start():
                return (wire.text(self._start()),)
            case commands.EndUtterance():
                self._forcing = True
                return (wire.text(shared.ForceEndOfUtterance(timestamp=self._voice.seconds)),)
            case commands.IdentifySpeakers(final=final):
                return (wire.text(shared.GetSpeakers(final=final)),)
            case commands.Finish():
                self.finishing = True
                return (wire.text(shared.EndOfStream(last_seq_no=self._voice.chunks)),)
            case _:
                return ()

    def _start(self) -> shared.StartRecognition:
        audio = {"type": "raw", **{name: self._options[name] for name in ("encoding", "sample_rate")}}
        apart = common.AUDIO | rules.BESIDE
        config = {name: value for name, value in self._options.items() if name not in apart}
        beside = {name: value for name, value in self._options.items() if name in rules.BESIDE}
        return shared.StartRecognition(audio_format=audio, transcription_config=config, **beside)

    # ----------------------------------------------------------------- hearing

    def _segment(self, message: protocol.AddSegment) -> Iterable[events.AnyEvent]:
        words, self._words = tuple(self._words), []
        said = message.segment.transcript
        if not said:
            return ()
        fits = self._delimiter.join(word.text for word in words) == said
        return (self._transcript(message, words if fits else (), is_final=True),)

    def _partial(self, message: protocol.AddPartialSegment) -> Iterable[events.AnyEvent]:
        return (self._transcript(message, (), is_final=False),)

    def _transcript(
        self, message: protocol.Segmented, words: tuple[events.Word, ...], *, is_final: bool
    ) -> events.Transcript:
        said, span = message.segment, message.metadata
        return events.Transcript(
            is_final=is_final, text=said.transcript, start=span.start_time, end=span.end_time, words=words,
            speaker=None if said.speaker == text.UNKNOWN_SPEAKER else said.speaker,
            glued=bool(said.transcript) and not self._delimiter,
        )  # fmt: skip

    def _heard(self, message: shared.AddTranscript) -> Iterable[events.AnyEvent]:
        """Words for the segment that will come."""
        said = text.join(message.results or (), self._delimiter)
        for number, word in enumerate(said.words):
            if said.glued and not number and self._words:
                word = text.merge(self._words.pop(), word)  # noqa: PLW2901 -- a late mark belongs to the word before
            self._words.append(word)
        return ()

    def _speech_started(self, message: protocol.SpeechStarted) -> Iterable[events.AnyEvent]:
        told, self._speaking = self._speaking, True
        return () if told else (events.SpeechStarted(at=message.metadata.start_time),)

    def _speech_ended(self, message: protocol.SpeechEnded) -> Iterable[events.AnyEvent]:
        self._speaking = False
        return (events.SpeechEnded(at=message.metadata.end_time),)

    def _turn_started(self, message: protocol.StartOfTurn) -> Iterable[events.AnyEvent]:
        """With its first word. Where the application ends turns, nothing has told of speech before."""
        self._in_turn = True
        if self._hears_silence:
            return ()
        return (events.SpeechStarted(at=message.metadata.start_time),)

    def _turn_ended(self, message: protocol.EndOfTurn) -> Iterable[events.AnyEvent]:
        forced, self._in_turn, self._forcing = self._forcing, False, False
        until = message.metadata.end_time
        yield events.TurnEnded(at=until, forced=forced)
        yield events.Acknowledged(until=until, settled=True)

    def _taken(self) -> Iterable[events.AnyEvent]:
        """While nobody speaks, nothing settles audio; what is long past without speech will bring none."""
        for taken in self._voice.taken():
            assert isinstance(taken, events.Acknowledged)
            yield taken
            quiet = taken.until - QUIET
            if self._hears_silence and quiet > 0 and not self._in_turn and not self._speaking:
                yield events.Acknowledged(until=quiet, settled=True)

    def _sound_started(self, message: shared.AudioEventStarted) -> Iterable[events.AnyEvent]:
        sound = message.event
        return (events.AudioEvent(kind=sound.type, at=sound.start_time, confidence=sound.confidence),)

    def _sound_ended(self, message: shared.AudioEventEnded) -> Iterable[events.AnyEvent]:
        return (events.AudioEvent(kind=message.event.type, at=message.event.end_time, ended=True),)
