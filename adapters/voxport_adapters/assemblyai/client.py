"""The client end."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.assemblyai.faults import FAULTS, failed
from voxport_adapters.assemblyai.messages import (
    COMMANDS,
    RECEIVED,
    Aside,
    Begin,
    Error,
    FromServer,
    Heartbeat,
    LLMGatewayResponse,
    RevisedTurn,
    Silence,
    SpeakerRevision,
    SpeechStarted,
    Termination,
    Turn,
    Warned,
    heard,
    speaker,
)
from voxport_adapters.assemblyai.models import model_of
from voxport_adapters.assemblyai.request import translated, update_of

ONSET = 0.5
"""Seconds at the end of a silence that are not settled: the first sound of a word may lie there."""
VOICE = 0.3
"""What scores less is silence: the lowest default of ``vad_threshold``."""
CALM = 12
"""Heartbeats, 5 s apart. Audio that came faster than speech is heard as slowly as speech: up to a minute later."""


class Client(ends.ClientEnd[FromServer]):
    """A final that is still to be formatted waits for its formatted twin, or for whatever comes instead."""

    messages = RECEIVED

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._model = model_of(settings)
        options = translated(settings).options
        self._formats = bool(options.get("format_turns"))
        self._scores = False  # heartbeats have told of a voice
        self._scored = "vad_threshold" not in options  # and by a measure that is known
        self._calm: deque[float] = deque(maxlen=CALM)  # seconds that were received at heartbeats, all calm since
        self._sent = 0  # bytes of audio
        self._quiet = 0.0  # seconds that silences have reached
        self._held: Turn | None = None
        self._beats = 0  # since it is held
        self._onset = self._told = -1  # the last turns whose start and whose final have been told
        self._partial = False  # one stands
        self._open = False  # something was said that no final has settled
        self._eager = 0  # words of this turn with which it may have ended

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                self._sent += len(data)
                return (data,)
            case commands.Configure():
                update = update_of(command, self.settings)
                self._formats = bool(update.get("format_turns", self._formats))
                self._scored = self._scored and "vad_threshold" not in update
                return (wire.text({"type": "UpdateConfiguration", **update}),) if update else ()
            case _:
                self.finishing = self.finishing or isinstance(command, commands.Finish)
                return [wire.text({"type": name}) for name, meaning in COMMANDS.items() if meaning == command]

    def hear(self, message: FromServer) -> Iterable[events.AnyEvent]:
        match message:
            case Begin(id=session_id, expires_at=at, configuration=details):
                return (events.Begun(session_id=session_id, expires_at=_unix(at), details=details or {}),)
            case SpeechStarted(timestamp=at, confidence=confidence):
                self._open = True
                return (events.SpeechStarted(at=at / 1000, confidence=confidence),)
            case Turn():
                return self._turn(message)
            case Termination(audio_duration_seconds=audio, session_duration_seconds=session):
                return (*self._release(), *self.end(audio, session))
            case Error(error=text, error_code=code):
                return (*self._release(), *self.fail(failed(code, text)))
            case _:
                return self._aside(message)

    def closed(self, code: int | None, reason: str) -> Iterable[events.AnyEvent]:
        """A bare close means what an ``Error`` with its code would have meant: 3008 may come so."""
        yield from self._release()
        if code in FAULTS:
            yield from self.fail(failed(code, reason))
        yield from super().closed(code, reason)

    # ----------------------------------------------------------------- what is told beside the turns

    def _aside(self, message: Aside) -> Iterable[events.AnyEvent]:
        match message:
            case Warned(warning=text, warning_code=code):
                return (events.Notice(code="warning" if code is None else str(code), message=text),)
            case Heartbeat():
                return (*self._twin_is_late(), *self._heartbeat(message))
            case Silence(end_ms=until):
                return (self._silence(until / 1000),)
            case LLMGatewayResponse(turn_order=order, data=data):
                return (events.Insight(kind="answer", text=_answer(data), data=data, utterance=str(order)),)
            case SpeakerRevision(revisions=revisions):
                return (events.SpeakersRevised(revisions=tuple(map(_revision, revisions))),)

    def _twin_is_late(self) -> Iterable[events.AnyEvent]:
        """Heartbeats are 5 s apart: a formatted twin that has not come between two will not come."""
        self._beats += 1
        return self._release() if self._beats > 1 else ()

    def _heartbeat(self, beat: Heartbeat) -> Iterable[events.AnyEvent]:
        """A minute of calm settles the audio before it: models without silences have no other sign.

        Scores prove nothing before they have told of a voice.
        """
        received = self._reached(beat.total_audio_received_ms / 1000)
        yield events.Acknowledged(until=received)
        score = 1.0 if beat.max_speech_probability is None else beat.max_speech_probability
        self._scores = self._scores or score >= VOICE
        if self._open or score >= VOICE or not (self._scores and self._scored):
            self._calm.clear()
            return
        if len(self._calm) == CALM:
            yield events.Acknowledged(until=self._calm[0], settled=True)
        self._calm.append(received)

    def _silence(self, until: float) -> events.Acknowledged:
        """Ranges may overlap what is reported already. In an open turn there may be words of before."""
        self._quiet = max(self._quiet, self._reached(until) - ONSET)
        return events.Acknowledged(until=self._quiet, settled=not self._open)

    def _reached(self, until: float) -> float:
        """No more than was sent."""
        return max(0.0, min(until, self._sent / self.settings.audio.bytes_per_second))

    # ----------------------------------------------------------------- turns

    def _turn(self, turn: Turn) -> Iterable[events.AnyEvent]:
        if self._held and turn.turn_order > self._held.turn_order:
            yield from self._release()
        if turn.turn_order <= self._told:
            return  # the twin of a final that has been told
        self._open = True
        if turn.words and turn.turn_order > self._onset and not self._model.universal_3:
            self._onset = turn.turn_order
            yield events.SpeechStarted(at=turn.words[0].start / 1000)
        if 0 < self._eager < len(turn.words):
            yield events.TurnResumed(at=turn.words[self._eager].start / 1000, utterance=str(turn.turn_order))
            self._eager = 0
        if turn.end_of_turn:
            self._held, self._beats = turn, 0
            if turn.turn_is_formatted or not self._formats:
                yield from self._release()
        else:
            yield from self._guess(turn)

    def _guess(self, turn: Turn) -> Iterable[events.AnyEvent]:
        """Where words are settled one by one, the transcript leaves out the one that is still being said."""
        joined = " ".join(word.text for word in turn.words) if self._model.word_by_word else ""
        text = (joined or turn.transcript).strip()
        self._open = bool(text or turn.words)
        yield from self._replace(turn, text)
        if turn.utterance and turn.words and not self._eager:
            self._eager = len(turn.words)
            at, confidence = turn.words[-1].end / 1000, turn.end_of_turn_confidence
            yield events.EagerTurnEnd(at=at, confidence=confidence, utterance=str(turn.turn_order))

    def _replace(self, turn: Turn, text: str) -> Iterable[events.AnyEvent]:
        stood, self._partial = self._partial, bool(text)
        return (_transcript(turn, text, is_final=False),) if text or stood else ()

    def _release(self) -> Iterable[events.AnyEvent]:
        """Tell the final that is held. An empty one settles the audio of its words, and ends no turn."""
        turn, self._held = self._held, None
        if turn is None:
            return ()
        self._told, self._open, self._eager = turn.turn_order, False, 0
        text, end = turn.transcript.strip(), turn.words[-1].end / 1000 if turn.words else None
        if not text:
            settled = () if end is None else (events.Acknowledged(until=self._reached(end), settled=True),)
            return (*self._replace(turn, ""), *settled)
        self._partial = False
        confidence, order = turn.end_of_turn_confidence, str(turn.turn_order)
        ended = events.TurnEnded(at=end, confidence=confidence, utterance=order)
        return (_transcript(turn, text, is_final=True), ended)


def _transcript(turn: Turn, text: str, *, is_final: bool) -> events.Transcript:
    words = tuple(map(heard, turn.words if text else []))
    return events.Transcript(
        is_final=is_final, text=text, words=words, language=turn.language_code, speaker=speaker(turn.speaker_label),
        start=words[0].start if words else None, end=words[-1].end if words else None,
        utterance=str(turn.turn_order), language_confidence=turn.language_confidence,
    )  # fmt: skip


def _revision(turn: RevisedTurn) -> events.Revision:
    return events.Revision(str(turn.turn_order), speaker(turn.speaker_label), tuple(map(heard, turn.words)))


def _answer(data: Any) -> str:
    """The text of a chat completion."""
    match data:
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            return text
    return ""


def _unix(at: float | str) -> float | None:
    """Unix seconds; a time without a zone is taken for one of UTC."""
    if not isinstance(at, str):
        return at
    try:
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
