"""The server end."""

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport_adapters.assemblyai.faults import DETAILS, code_of, failed
from voxport_adapters.assemblyai.messages import COMMANDS, Begin, Error, Heartbeat, Silence, Termination, Warned
from voxport_adapters.assemblyai.query import Stream, updated
from voxport_adapters.assemblyai.turns import Turns

BAD_INPUT = "User Input Validation Error: "
BEAT = 5.0
"""Seconds between heartbeats."""
PULSE = events.Notice(code="heartbeat", message="a heartbeat may be due")
"""Tells the server that time has passed; clients never see it."""
HINDSIGHT = 5000
"""Milliseconds in which whoever listens may still find speech, unless it says that all is said."""
NOT_DELIVERED = "webhook_url: this server delivers nothing; the turns come on this connection alone"
UNPUBLISHED = 3006
"""The codes of warnings are not known; the documentation's example has this one."""


class Session(msgspec.Struct, frozen=True):
    """What the front has found out about a session: what was asked, for how many seconds, by which version."""

    stream: Stream
    longest: int
    version: str
    refusal: events.Failed | None = None


class Server(ends.ServerEnd):
    """What is refused is refused in-band. Nothing is said that was not opted in to: some clients fail on it."""

    def __init__(self, desk: codec.Desk, session: Session) -> None:
        self._stream, self._session = session.stream, session
        self._settings = session.stream.settings()
        self._turns = Turns(self._stream)
        self._id, self._now = desk.new_id(), desk.now
        self._started = self._beaten = desk.now()
        self._audio = self._beaten_audio = 0.0  # milliseconds, in all and at the last heartbeat
        self._short = 0.0  # milliseconds in too short messages since the last good one
        self._quiet = 0.0  # milliseconds that silences have reached
        self._spoken = False  # since the last heartbeat

    # ----------------------------------------------------------------- hearing

    def opened(self) -> Iterable[commands.Command]:
        refusal = self._session.refusal
        return (commands.Invalid(refusal) if refusal else commands.Start(self._settings),)

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        """One message too long is refused; short ones are borne for about a second."""
        # Audio faster than speech is not refused: bursts are documented as an error, and were seen to be taken.
        length = 1000 * len(data) / self._settings.audio.bytes_per_second
        self._audio += length
        self._short = self._short + length if length < 50 else 0.0
        if length > 1000 or self._short >= 1000:
            why = f"Input Duration Violation: {length:.1f} ms. Expected between 50 and 1000 ms"
            return _refused(3007, f"Input Duration Error: {why}")
        return super().audio(data)

    def command(self, frame: str) -> Iterable[commands.Command]:
        try:
            json.loads(frame)  # its complaints are the service's
            message = msgspec.json.decode(frame)
        except (ValueError, RecursionError) as error:
            return _refused(3006, f"{BAD_INPUT}Invalid JSON: {error}")
        match message:
            case {"type": "UpdateConfiguration"}:
                return self._update(message)
            case {"type": str(kind)} if kind in COMMANDS:
                return (COMMANDS[kind],)
            case {"type": kind}:
                return _refused(3006, f"{BAD_INPUT}Invalid Message Type: {kind}")
            case _:
                return _refused(3006, f"Invalid Message: {frame}")

    def _update(self, update: dict[str, Any]) -> Iterable[commands.Command]:
        """In force at once, and not acknowledged."""
        try:
            self._stream, changes, options = updated(self._stream, update)
        except ValueError as error:
            return _refused(3006, f"{BAD_INPUT}{error}")
        self._turns.stream = self._stream
        return (commands.Configure(changes, options),)

    # ----------------------------------------------------------------- saying

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        match event:
            case events.Begun():
                return self._begin()
            case events.Acknowledged():
                return (*self._beat(), *self._silence(event))
            case events.Notice(code=PULSE.code):
                return self._beat()
            case events.Ended(reported_audio_seconds=heard):
                return self._end(self._audio / 1000 if heard is None else heard)
            case events.Notice(code=code, message=message) if code.isdecimal() and len(code) <= 5:
                return (wire.text(Warned(message, int(code))),)
            case events.Failed(message=message):
                number = code_of(event)
                return (wire.text(Error(message, number)), codec.Closed(number, DETAILS))
            case _:
                return self._speak(event)

    def _speak(self, event: events.AnyEvent) -> ends.Outgoing:
        """Turns, and what refers to them."""
        turns = self._turns
        match event:
            case events.SpeechStarted(at=at, confidence=confidence):
                said = turns.begin(at, confidence)
            case events.Transcript(is_final=True):
                said = turns.gather(event)
            case events.Transcript():
                said = turns.guess(event)
            case events.EagerTurnEnd(confidence=confidence):
                said = turns.eager(confidence)
            case events.TurnEnded(confidence=confidence):
                said = turns.end(confidence)
            case events.SpeakersRevised():
                said = turns.past.revise(event, self._audio)
            case events.Insight():
                said = turns.past.answer(event)
            case _:
                return ()
        self._spoken = self._spoken or bool(said)
        return said

    def _begin(self) -> ends.Outgoing:
        """The service echoes a few settings."""
        asked = self._stream
        names = ("speaker_labels", "redact_pii", "filter_profanity", "domain", "voice_focus")
        told: dict[str, Any] = {
            "model": asked.speech_model, "mode": asked.mode if asked.model.universal_3 else None,
            "api_version": self._session.version, **{name: getattr(asked, name) for name in names},
        }  # fmt: skip
        begin = wire.text(Begin(self._id, int(self._started) + self._session.longest, told))
        # A language model that does not answer is silent at the service as well.
        return (begin, wire.text(Warned(NOT_DELIVERED, UNPUBLISHED))) if asked.webhook_url else (begin,)

    def _end(self, heard: float) -> ends.Outgoing:
        """What is billed is rounded up: an instant session has been told as 1 s."""
        last = wire.text(Termination(round(heard), math.ceil(self._now() - self._started)))
        return (*self._turns.end(), *self._turns.past.revisions(), last, codec.Closed(1000, "Session Ended"))

    def _beat(self) -> ends.Outgoing:
        now = self._now()
        since = now - self._beaten
        if not self._stream.session_heartbeat or since < BEAT:
            return ()
        pace = (self._audio - self._beaten_audio) / 1000 / since
        # A score of voice is not known here. It is made up, like other confidences: on the safe side.
        voice = codec.ABSENT_CONFIDENCE if self._spoken or self._blind else 0.0
        self._beaten, self._beaten_audio, self._spoken = now, self._audio, False
        return (wire.text(Heartbeat(round(self._audio), round(1000 * (now - self._started)), round(pace, 4), voice)),)

    @property
    def _blind(self) -> bool:
        """There may be speech now; without partials nobody tells when it begins."""
        return self._turns.open or not self._settings.transcription.partials

    def _silence(self, told: events.Acknowledged) -> Iterable[str]:
        """While no turn is open, about once a second; never over what may still turn out to be speech."""
        if not (self._stream.acknowledge_silence and self._stream.model.universal_3):
            return ()
        if self._blind and not told.settled:
            return ()
        start = max(self._quiet, self._turns.until)
        end = 1000 * told.until - (0 if told.settled else HINDSIGHT)
        if end - start < 1000:
            return ()
        self._quiet = end
        return (wire.text(Silence(round(start), round(end))),)


def _refused(code: int, text: str) -> tuple[commands.Invalid]:
    return (commands.Invalid(failed(code, text)),)
