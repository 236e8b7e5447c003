"""The server end of ``/v2/listen``."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport_adapters.deepgram import findings
from voxport_adapters.deepgram.closes import NET, timed_out
from voxport_adapters.deepgram.flux import messages
from voxport_adapters.deepgram.flux.messages import TurnWord
from voxport_adapters.deepgram.flux.request import ENGLISH, KEYTERMS, MULTILINGUAL, Listen, Turns, settings_of

TIMERS = (codec.Timer("gone", 60.0, timed_out("1011 NET-0001")),)
STEP = 0.25
"""Seconds of audio from one message about a turn to the next, at most."""
UNPARSABLE = "UNPARSABLE_CLIENT_MESSAGE"
NO_TURN = "FORCE_END_TURN_NO_ACTIVE_TURN"
CONFIGURE_FAILURES = {
    "INVALID_THRESHOLD": "A threshold is out of bounds, or eager_eot_threshold above eot_threshold.",
    "INVALID_KEYTERMS": f"At most {KEYTERMS} keyterms are supported.",
    "INVALID_LANGUAGE_HINTS": f"Language hints are supported by {MULTILINGUAL} only.",
    "CONFIGURE_FAILED": "The settings could not be changed.",
}
"""Why a ``Configure`` changed nothing. Only the first code is documented; no client looks at the others."""


class _Turn(msgspec.Struct):
    """What has been said since the last end of a turn."""

    index: int = 0
    start: float = 0.0
    """Seconds of audio before it."""
    finals: list[events.Transcript] = []
    partial: events.Transcript | None = None
    started: bool = False
    eager: bool = False
    """Its end was told as probable."""

    @property
    def said(self) -> Sequence[events.Transcript]:
        """All of it, in order."""
        return [*self.finals, self.partial] if self.partial else self.finals

    @property
    def text(self) -> str:
        """The same as one text."""
        joined = ""
        for part in self.said:
            joined += part.text if part.glued or not joined else f" {part.text}"
        return joined

    @property
    def words(self) -> list[TurnWord]:
        """Its words, punctuation that came by itself attached."""
        words: list[TurnWord] = []
        for part in self.said:
            new = [_word(word) for word in part.words or map(events.Word, part.text.split())]
            if part.glued and words and new:
                glue = new.pop(0)
                words[-1] = msgspec.structs.replace(words[-1], word=words[-1].word + glue.word, end=glue.end)
            words += new
        return words

    @property
    def end(self) -> float:
        """Where the last word ends, in seconds."""
        return max([self.start, *(part.end for part in self.said if part.end is not None)])


class Server(ends.ServerEnd):
    """Tells a turn whole, again and again, with what a recogniser's partials and finals make of it."""

    decoder: ClassVar[msgspec.json.Decoder[messages.FromClient]] = msgspec.json.Decoder(messages.FromClient)

    def __init__(self, listen: Listen, request_id: str) -> None:
        self._listen = listen
        self._request_id = request_id
        self._sequence = 0
        self._turn = _Turn()
        self._seconds = 0.0  # of audio taken
        self._told = 0.0  # of audio taken when the turn was told last
        self._turns = listen.turns
        self._keyterms, self._hints, self._numerals = listen.keyterm, listen.language_hint, listen.numerals
        self._configuring = 0
        self._closing = False
        self._early: list[events.Notice] = []
        self._answers: Mapping[type, Callable[[Any], ends.Outgoing]] = {
            events.Begun: self._begun,
            events.Transcript: self._heard,
            events.Acknowledged: self._passed,
            events.EagerTurnEnd: self._probably_ended,
            events.TurnResumed: self._resumed,
            events.TurnEnded: self._turn_ended,
            events.Configured: self._configured,
            events.Notice: self._notice,
            events.Ended: self._ended,
            events.Failed: self._failed,
        }

    # ----------------------------------------------------------------- hearing

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Start(settings_of(self._listen)),)

    def command(self, frame: str) -> Iterable[commands.Command]:
        """There is no ``KeepAlive`` and no ``Finalize``: like all that is not understood, they end the session."""
        try:
            message = self.decoder.decode(frame)
        except wire.UNREADABLE as error:
            return (commands.Invalid(events.Failed(kind="protocol", code=UNPARSABLE, message=str(error)[:500])),)
        match message:
            case messages.CloseStream():
                self._closing = True
                return (commands.Finish(),)
            case messages.ForceEndTurn():
                return (commands.EndUtterance(),)
            case messages.Configure():
                return self._configure(message)

    def _configure(self, asked: messages.Configure) -> Iterable[commands.Command]:
        turns = self._with(asked.thresholds or messages.Thresholds())
        objections = {
            "INVALID_THRESHOLD": turns is None,
            "INVALID_KEYTERMS": len(asked.keyterms or ()) > KEYTERMS,
            "INVALID_LANGUAGE_HINTS": bool(asked.language_hints) and self._listen.model == ENGLISH,
        }
        code = next((code for code, wrong in objections.items() if wrong), "")
        if turns is None or code:
            return (commands.Invalid(events.Notice(code=code, message=CONFIGURE_FAILURES[code])),)
        self._turns = turns
        self._keyterms = self._keyterms if asked.keyterms is None else asked.keyterms
        self._hints = self._hints if asked.language_hints is None else asked.language_hints
        self._numerals = self._numerals if asked.numerals is None else asked.numerals
        self._configuring += 1
        return (_passed_on(asked),)

    def _with(self, asked: messages.Thresholds) -> Turns | None:
        """The thresholds as asked, or ``None`` when they cannot be so."""
        given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not None}
        try:
            turns = msgspec.convert({**msgspec.structs.asdict(self._turns), **given}, Turns)
        except msgspec.ValidationError:
            return None
        return turns if turns.consistent else None

    # ----------------------------------------------------------------- saying

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        answer = self._answers.get(type(event))
        return answer(event) if answer else ()

    def _begun(self, _: events.Begun) -> ends.Outgoing:
        connected = self._say(messages.Connected, self._request_id)
        return (connected, *(said for notice in self._early for said in self._notice(notice)))

    def _heard(self, heard: events.Transcript) -> ends.Outgoing:
        turn, before = self._turn, self._turn.text
        turn.partial = None if heard.is_final or not heard.text else heard
        if heard.is_final and heard.text:
            turn.finals = [*turn.finals, heard]
        if turn.text == before:
            return ()
        if not turn.started:
            turn.started = True
            return (self._info("StartOfTurn"),)
        return self._resumed() or (self._info("Update"),)

    def _passed(self, taken: events.Acknowledged) -> ends.Outgoing:
        """The turn is told at least every quarter of a second, and ends when nothing was said for too long."""
        self._seconds = until = max(self._seconds, taken.until)
        turn = self._turn
        if turn.finals and not turn.partial and until - turn.end >= self._turns.eot_timeout_ms / 1000:
            return self._end_turn("timeout", 0.0)
        return (self._info("Update"),) if until - self._told >= STEP else ()

    def _probably_ended(self, ended: events.EagerTurnEnd | events.TurnEnded) -> ends.Outgoing:
        turn = self._turn
        if self._turns.eager_eot_threshold is None or turn.eager or not turn.text:
            return ()
        turn.eager = True
        return (self._info("EagerEndOfTurn", confidence=codec.demanded(ended.confidence)),)

    def _resumed(self, _: events.TurnResumed | None = None) -> ends.Outgoing:
        if not self._turn.eager:
            return ()
        self._turn.eager = False
        return (self._info("TurnResumed"),)

    def _turn_ended(self, ended: events.TurnEnded) -> ends.Outgoing:
        """After ``CloseStream`` no end is told any more; the last text is."""
        if self._closing:
            return ()
        if not self._turn.text:
            idle = events.Notice(code=NO_TURN, message="There is no active turn to end.")
            return self._notice(idle) if ended.forced else ()
        if ended.forced:
            return self._end_turn("manual", ended.confidence or 0.0)
        if self._turns.eot_threshold >= 1:
            return ()
        return (*self._probably_ended(ended), *self._end_turn("model", codec.demanded(ended.confidence)))

    def _end_turn(self, trigger: str, confidence: float) -> ends.Outgoing:
        """The window ends with the last word: what was taken beyond it may hold words of the next turn."""
        turn = self._turn
        said = self._info("EndOfTurn", until=turn.end, trigger=trigger, confidence=confidence)
        self._turn = _Turn(turn.index + 1, turn.end)
        return (said,)

    def _ended(self, _: events.Ended) -> ends.Outgoing:
        last = [self._info("Update")] if self._turn.text else []
        return (*last, codec.Closed(None))

    def _configured(self, _: events.Configured) -> ends.Outgoing:
        """The answer to a ``Configure``, and none of its own accord."""
        if not self._configuring:
            return ()
        self._configuring -= 1
        turns = messages.Thresholds(**msgspec.structs.asdict(self._turns))
        hints = self._hints if self._listen.multilingual else None
        return (self._say(messages.ConfigureSuccess, self._request_id, turns, self._keyterms, hints, self._numerals),)

    def _notice(self, notice: events.Notice) -> ends.Outgoing:
        """``Connected`` comes first, whatever there is to say before it."""
        code = notice.code
        if not self._sequence:
            self._early.append(notice)
            return ()
        if code == "not_supported" and self._configuring:
            self._configuring, code = self._configuring - 1, "CONFIGURE_FAILED"
        if code in CONFIGURE_FAILURES:
            return (self._say(messages.ConfigureFailure, self._request_id, code, notice.message),)
        return (self._say(messages.Warned, self._request_id, re.sub(r"\W+", "_", code).upper(), notice.message),)

    def _failed(self, failed: events.Failed) -> ends.Outgoing:
        """What is not understood was seen to be closed without a code; with which an error is, is unconfirmed."""
        if failed.code in NET:
            return (codec.Closed(1011, failed.message),)
        code = UNPARSABLE if failed.code == UNPARSABLE else "INTERNAL_SERVER_ERROR"
        return (self._say(messages.Error, code, failed.message), codec.Closed(None if code == UNPARSABLE else 1011))

    # ----------------------------------------------------------------- messages

    def _info(
        self, event: str, *, until: float | None = None, trigger: str | None = None, confidence: float = 0.0
    ) -> str:
        turn = self._turn
        self._told = self._seconds
        languages = findings.by_frequency([word.language for part in turn.said for word in part.words])
        return self._say(
            messages.TurnInfo, self._request_id, event, turn.index, turn.start,
            max(self._seconds, turn.end) if until is None else until, turn.text, turn.words, confidence, trigger,
            (languages or None) if self._listen.multilingual else None, self._hints or None,
        )  # fmt: skip

    def _say(self, kind: Any, *fields: Any) -> str:
        """A message of ``kind``; ``sequence_id`` stands where the kind has it."""
        at = kind.__struct_fields__.index("sequence_id")
        number, self._sequence = self._sequence, self._sequence + 1
        return wire.text(kind(*fields[:at], number, *fields[at:]))


def _word(word: events.Word) -> TurnWord:
    return TurnWord(word.text, codec.demanded(word.confidence), word.start, word.end)


def _passed_on(asked: messages.Configure) -> commands.Configure:
    """The same for whoever recognises."""
    thresholds = asked.thresholds or messages.Thresholds()
    changes = {
        "key_terms": None if asked.keyterms is None else tuple(asked.keyterms),
        "end_of_turn_silence_ms": thresholds.eot_timeout_ms,
        "languages": None if asked.language_hints is None else tuple(asked.language_hints),
    }
    options = {
        "eot_threshold": thresholds.eot_threshold, "eager_eot_threshold": thresholds.eager_eot_threshold,
        "numerals": asked.numerals,
    }  # fmt: skip
    return commands.Configure(_given(changes), _given(options))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
