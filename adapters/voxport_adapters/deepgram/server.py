"""The server end of ``/v1/listen``."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport_adapters.deepgram import findings, messages
from voxport_adapters.deepgram.closes import NET, timed_out
from voxport_adapters.deepgram.complaints import CONFIGURE_FAILURES, schema_error
from voxport_adapters.deepgram.messages import FoundEntity, Search
from voxport_adapters.deepgram.request import Listen, settings_of, too_many
from voxport_adapters.deepgram.writer import Span, Writer

TIMERS = (
    # 10 s are documented and 12 s were measured; before 10 s it must never strike.
    codec.Timer("idle", 12.0, timed_out("1011 NET-0001")),
    codec.Timer("quiet", 30.0, timed_out("1011 NET-0000")),
)

STEP = 1.0
"""Seconds of audio without a result after which there is an interim, be it an empty one."""
QUIET_STEP = 5.0
"""The same for finals; something must be said every 30 s."""
ECHOED = 65_536
"""Characters of a message that is not understood which are sent back: clients take 1 MiB at most."""


class _Floor(msgspec.Struct):
    """Where one channel stands. Seconds."""

    tiled: float = 0.0
    """Up to here, finals cover the audio."""
    told: float = 0.0
    """Here was the last result."""
    word_end: float = 0.0
    """The end of the last word."""
    gap_told: float = 0.0
    """The word whose gap was told last ended here."""
    partial: events.Transcript | None = None
    """What is being said."""


class _Final(msgspec.Struct):
    """A final that waits for the next event, which may belong to it."""

    heard: events.Transcript
    entities: list[FoundEntity] | None = None
    found: list[Search] | None = None


class Server(ends.ServerEnd):
    """A final waits for the next event, to learn whether it ends a turn. Only what the query asked for is said."""

    decoder: ClassVar[msgspec.json.Decoder[messages.FromClient]] = msgspec.json.Decoder(messages.FromClient)

    def __init__(self, listen: Listen, request_id: str, created: float) -> None:
        self._listen = listen
        self._request_id = request_id
        self._created = created
        self._writer = Writer(listen, request_id)
        self._digest = hashlib.sha256()
        self._held: _Final | None = None
        self._floors = [_Floor() for _ in range(listen.channels)]
        self._seconds = 0.0  # of audio taken
        self._configuring: messages.Configure | None = None

    # ----------------------------------------------------------------- hearing

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Start(settings_of(self._listen)),)

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        """An empty frame is the old way to finish."""
        self._digest.update(data)
        return (commands.Audio(data) if data else commands.Finish(),)

    def command(self, frame: str) -> Iterable[commands.Command]:
        try:
            message = self.decoder.decode(frame)
        except wire.UNREADABLE as error:
            return _refused("SchemaError", schema_error(frame, error), _echo(frame))
        match message:
            case messages.CloseStream():
                return (commands.Finish(),)
            case messages.Finalize(channel=channel):
                return (commands.EndUtterance(channel),)
            case messages.Configure():
                return self._configure(message)
            case (
                messages.KeepAlive() | messages.Sync()
            ):  # what Sync does is unconfirmed: it is taken for a sign of life
                return (commands.KeepAlive(),)

    def _configure(self, asked: messages.Configure) -> Iterable[commands.Command]:
        """One at a time; it is answered when whoever recognises has taken it."""
        code = self._objection(asked)
        if code:
            return _refused(code, CONFIGURE_FAILURES[code])
        self._configuring = asked
        changes = {} if asked.keyterms is None else {"key_terms": tuple(asked.keyterms)}
        hints = {} if asked.language_hints is None else {"language_hint": asked.language_hints}
        return (commands.Configure(changes, {**(asked.processors or {}), **(asked.features or {}), **hints}),)

    def _objection(self, asked: messages.Configure) -> str:
        if self._configuring is not None:
            return "CONFIGURE_ALREADY_PENDING"
        if asked.keyterms is not None and not self._listen.nova_3:
            return "CONFIGURE_KEYTERMS_NOT_SUPPORTED"
        return "CONFIGURE_KEYTERM_LIMIT_EXCEEDED" if too_many(asked.keyterms or []) else ""

    # ----------------------------------------------------------------- saying

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        held, self._held = self._held, None
        match event:
            case events.TurnEnded():
                return self._turn_ended(held, event)
            case events.Entities() if self._listen.detect_entities:
                return self._entities(held, event)
            case events.Insight(kind="search") if self._listen.search:
                return self._searched(held, event)
        before = [] if held is None else [self._final(held)]
        if isinstance(event, events.Transcript) and event.is_final:
            self._held = _Final(event)
            return before
        return (*before, *self._other(event))

    def _turn_ended(self, held: _Final | None, ended: events.TurnEnded) -> ends.Outgoing:
        """The last final says it, or else one without text. ``Finalize`` makes no ``speech_final``."""
        said = []
        if held is not None and held.heard.channel != ended.channel:
            said.append(self._final(held))
            held = None
        speech_final = not ended.forced and self._listen.endpointing is not False
        if held is not None or speech_final or ended.forced:
            final = held or self._empty(ended.channel, ended.at)
            said.append(self._final(final, speech_final=speech_final, from_finalize=ended.forced))
        return said

    def _entities(self, held: _Final | None, event: events.Entities) -> ends.Outgoing:
        """They travel with their final or, when they come late, with one that adds no text."""
        final = held or self._empty(event.channel)
        final.entities = [findings.entity(item, final.heard.words) for item in event.items]
        return self._carried(final, held)

    def _searched(self, held: _Final | None, event: events.Insight) -> ends.Outgoing:
        """The same of what a backend has found."""
        final = held or self._empty(None)
        final.found = findings.searches(event.data)
        return self._carried(final, held)

    def _carried(self, final: _Final, held: _Final | None) -> ends.Outgoing:
        self._held = held
        return (self._final(final),) if held is None else ()

    def _other(self, event: events.AnyEvent) -> ends.Outgoing:
        match event:
            case events.Transcript():
                return self._partial(event)
            case events.SpeechStarted(at=at, channel=channel) if self._listen.vad_events:
                return (wire.text(messages.SpeechStarted(at or 0.0, self._writer.index(channel))),)
            case events.Acknowledged(until=until, settled=settled, channel=channel):
                return self._passed(until, settled=settled, channel=channel)
            case events.Configured():
                return self._configured()
            case events.Notice():
                return self._notice(event)
            case events.Ended(reported_audio_seconds=seconds):
                return (self._totals(self._seconds if seconds is None else seconds), codec.Closed(1000))
            case events.Failed():
                return self._failed(event)
            case _:
                return ()

    def _partial(self, heard: events.Transcript) -> ends.Outgoing:
        self._floor(heard.channel).partial = heard if heard.text else None
        return (self._results(heard),) if self._listen.interim_results else ()

    def _passed(self, until: float, *, settled: bool, channel: int | None) -> Iterator[str]:
        """Audio has been taken: tell of gaps after words, and go on telling where there is nothing new."""
        self._seconds = max(self._seconds, until)
        for index, floor in enumerate(self._floors):
            if channel in {None, index}:
                yield from self._gap(index, floor, until)
                yield from self._silence(index, floor, until, settled=settled)

    def _gap(self, index: int, floor: _Floor, until: float) -> Iterator[str]:
        wanted = self._listen.interim_results and self._listen.utterance_end_ms
        if wanted and floor.word_end > floor.gap_told and until - floor.word_end >= wanted / 1000:
            floor.gap_told = floor.word_end
            yield wire.text(messages.UtteranceEnd(floor.word_end, self._writer.index(index)))

    def _silence(self, index: int, floor: _Floor, until: float, *, settled: bool) -> Iterator[str]:
        """An interim says again what stands. A final covers what is settled and else nothing: it may yet hold words."""
        final = settled or not self._listen.interim_results
        if until - floor.told < (QUIET_STEP if final else STEP):
            return
        floor.told = until
        standing = None if final else floor.partial
        heard = standing or events.Transcript(is_final=final, text="", channel=index)
        yield self._results(heard, until=until if settled or not final else floor.tiled)

    def _configured(self) -> ends.Outgoing:
        """The answer to a ``Configure``, and none of its own accord."""
        asked, self._configuring = self._configuring, None
        return () if asked is None else (wire.text(messages.ConfigureSuccess(self._request_id, asked.keyterms)),)

    def _notice(self, notice: events.Notice) -> ends.Outgoing:
        """Only what answers the client: some clients break at what they did not provoke."""
        code = notice.code
        if code == "not_supported" and self._configuring is not None:
            self._configuring, code = None, "CONFIGURE_INTERNAL_ERROR"
        if code in CONFIGURE_FAILURES:
            return (wire.text(messages.ConfigureFailure(self._request_id, code, notice.message)),)
        return (wire.text(messages.Error(code, notice.message, notice.raw)),) if code == "SchemaError" else ()

    def _failed(self, failed: events.Failed) -> ends.Outgoing:
        """There is no message for it, only a close. Metadata was seen before those of the timers."""
        totals = [self._totals(self._seconds)] if failed.code in NET else []
        return (*totals, codec.Closed(1008 if failed.kind == "invalid" else 1011, failed.message))

    # ----------------------------------------------------------------- results

    def _floor(self, channel: int | None) -> _Floor:
        return self._floors[min(channel or 0, len(self._floors) - 1)]

    def _empty(self, channel: int | None, end: float | None = None) -> _Final:
        return _Final(events.Transcript(is_final=True, text="", end=end, channel=channel))

    def _final(self, final: _Final, *, speech_final: bool = False, from_finalize: bool = False) -> str:
        floor, end = self._floor(final.heard.channel), final.heard.end or 0.0
        floor.partial = None
        span = Span(floor.tiled, max(floor.tiled, end), speech_final, from_finalize)
        floor.tiled = span.end
        self._note(floor, final.heard, span)
        return self._writer.results(final.heard, span, final.entities, final.found)

    def _results(self, heard: events.Transcript, until: float = 0.0) -> str:
        """An interim, or the final of a silence: from where the last final ended."""
        if heard.is_final:
            return self._final(_Final(msgspec.structs.replace(heard, end=until)))
        floor = self._floor(heard.channel)
        span = Span(floor.tiled, max(floor.tiled, heard.end or 0.0, until))
        self._note(floor, heard, span)
        return self._writer.results(heard, span)

    def _note(self, floor: _Floor, heard: events.Transcript, span: Span) -> None:
        floor.told = max(floor.told, span.end)
        floor.word_end = (heard.words[-1].end if heard.words else None) or floor.word_end

    def _totals(self, seconds: float) -> str:
        return self._writer.totals(seconds, self._digest.hexdigest(), self._created)


def _echo(frame: str) -> str:
    """What is sent back of a message; a lone surrogate, which cannot be sent, is replaced."""
    return frame[:ECHOED].encode(errors="replace").decode()


def _refused(code: str, message: str, raw: str | None = None) -> Iterable[commands.Command]:
    return (commands.Invalid(events.Notice(code=code, message=message, raw=raw)),)
