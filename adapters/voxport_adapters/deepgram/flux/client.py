"""The client end of ``/v2/listen``."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.deepgram import closes
from voxport_adapters.deepgram.client import listed
from voxport_adapters.deepgram.flux import messages
from voxport_adapters.deepgram.flux.messages import FromServer, TurnInfo
from voxport_adapters.deepgram.flux.request import silence

BEHIND = 5.0
"""Seconds of audio without a word after which none is expected of it: the model is behind by less than one."""
SETTLING = 1.0
"""Seconds of silence that are settled at a time."""

EVENTS = {"Update", "StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"}

ERRORS = {
    "UNPARSABLE_CLIENT_MESSAGE": events.Failed(
        kind="protocol", code="UNPARSABLE_CLIENT_MESSAGE", message="",
        remedy="report it: the service did not understand what it was sent",
    ),
}  # fmt: skip
ANY_ERROR = events.Failed(
    kind="provider", code="", message="", remedy="try again later; see the provider's status page", retryable=True
)


class Client(closes.ClientEnd[FromServer]):
    """A turn is told whole, again and again: its text is a partial until the turn ends."""

    messages = wire.Messages(FromServer, "type")
    has_last_message = False

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._open: TurnInfo | None = None  # the turn as it was told last, if it has text
        self._settled = 0.0

    # ----------------------------------------------------------------- saying

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return (data,)
            case commands.EndUtterance():
                return ('{"type":"ForceEndTurn"}',)
            case commands.Configure(changes=changes, options=options):
                return _configure(changes, options)
            case commands.Finish():
                self.finishing = True
                return ('{"type":"CloseStream"}',)
            case _:
                return ()

    # ----------------------------------------------------------------- hearing

    def hear(self, message: FromServer) -> Iterable[events.AnyEvent]:
        match message:
            case TurnInfo():
                return self._turn(message)
            case messages.Connected(request_id=request_id):
                return (events.Begun(session_id=request_id),)
            case messages.ConfigureSuccess():
                return (events.Configured(options=_in_force(message)),)
            case messages.ConfigureFailure(description=said):
                code = message.code or message.error_code or "ConfigureFailure"
                return (events.Notice(code=code, message=said or "the settings are what they were"),)
            case messages.Warned(code=code, description=said):
                return (events.Notice(code=code, message=said),)
            case messages.Error(code=code, description=said):
                failed = ERRORS.get(code, ANY_ERROR)
                return self.fail(msgspec.structs.replace(failed, code=code, message=said))
            case messages.Metadata(duration=duration) if self.finishing:
                return (*self._last_words(), *self.end(audio_seconds=duration))
            case messages.Metadata(duration=duration):
                return (events.Notice(code="metadata", message=f"the service has counted {duration:.2f} s of audio"),)

    def closed(self, code: int | None, reason: str) -> Iterable[events.AnyEvent]:
        """After ``CloseStream`` no end of a turn is told, and no code: the last text that was told is the final."""
        if self.finishing and not self.over and code in {1000, 1005}:
            return (*self._last_words(), *self.end())
        return super().closed(code, reason)

    def _turn(self, info: TurnInfo) -> Iterable[events.AnyEvent]:
        if self._open is not None and self._open.turn_index != info.turn_index:
            yield from self._last_words()  # its end was never told
        turn, until = str(info.turn_index), info.audio_window_end
        if info.event == "EndOfTurn":
            yield from self._turn_ended(info)
            return
        if info.event == "StartOfTurn":
            first = info.words[0].start if info.words else None
            yield events.SpeechStarted(at=info.audio_window_start if first is None else first)
        elif info.event == "TurnResumed":
            yield events.TurnResumed(at=until, utterance=turn)
        elif info.event not in EVENTS:
            yield events.Unknown(kind=f"TurnInfo {info.event}")
        yield from self._partial(info)
        if info.event == "EagerEndOfTurn":
            yield events.EagerTurnEnd(at=until, confidence=info.end_of_turn_confidence, utterance=turn)
        yield events.Acknowledged(until=until)
        if self._open is None and until - BEHIND >= self._settled + SETTLING:
            self._settled = until - BEHIND
            yield events.Acknowledged(until=self._settled, settled=True)

    def _partial(self, info: TurnInfo) -> Iterable[events.AnyEvent]:
        """Only what is new: the same text comes four times a second."""
        shown = self._open.transcript if self._open else ""
        self._open = info if info.transcript else None
        if info.transcript != shown:
            yield _transcript(info, is_final=False)

    def _turn_ended(self, info: TurnInfo) -> Iterable[events.AnyEvent]:
        if info.transcript or self._open:
            yield _transcript(info, is_final=bool(info.transcript))
        self._open = None
        self._settled = info.audio_window_end
        yield events.Acknowledged(until=info.audio_window_end, settled=True)
        yield events.TurnEnded(
            at=info.audio_window_end, confidence=info.end_of_turn_confidence, forced=info.trigger == "manual",
            utterance=str(info.turn_index),
        )  # fmt: skip

    def _last_words(self) -> Iterable[events.AnyEvent]:
        """The final of a turn whose end is not told, and the end: there will be no more of it."""
        info, self._open = self._open, None
        if info is not None:
            yield _transcript(info, is_final=True)
            yield events.TurnEnded(at=info.audio_window_end, utterance=str(info.turn_index))


def _transcript(info: TurnInfo, *, is_final: bool) -> events.Transcript:
    words = tuple(events.Word(word.word, word.start, word.end, word.confidence) for word in info.words)
    start, end = (words[0].start, words[-1].end) if words else (None, None)
    return events.Transcript(
        is_final=is_final, text=info.transcript, words=words, utterance=str(info.turn_index),
        start=info.audio_window_start if start is None else start,
        end=info.audio_window_end if end is None else end,
        language=info.languages[0] if info.languages else None,
    )  # fmt: skip


def _configure(changes: Mapping[str, Any], options: Mapping[str, Any]) -> ends.Outgoing:
    timeout = changes.get("end_of_turn_silence_ms")
    thresholds = messages.Thresholds(
        options.get("eager_eot_threshold"), options.get("eot_threshold"),
        options.get("eot_timeout_ms", None if timeout is None else silence(timeout)),
    )  # fmt: skip
    terms = options.get("keyterm", changes.get("key_terms"))
    hints = options.get("language_hint", changes.get("languages"))
    asked = messages.Configure(
        None if thresholds == messages.Thresholds() else thresholds,
        None if terms is None else listed(terms), None if hints is None else listed(hints), options.get("numerals"),
    )  # fmt: skip
    return () if asked == messages.Configure() else (wire.text(asked),)


def _in_force(told: messages.ConfigureSuccess) -> Mapping[str, Any]:
    """The settings in the names of the query."""
    terms, hints = told.keyterms, told.language_hints
    found = {
        **msgspec.structs.asdict(told.thresholds), "keyterm": None if terms is None else listed(terms),
        "language_hint": hints, "numerals": told.numerals,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
