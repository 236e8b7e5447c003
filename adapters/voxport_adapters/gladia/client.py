"""The client end of a Gladia socket."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.gladia import messages as said
from voxport_adapters.gladia.failures import CLOSES, ERRORS, failure_of
from voxport_adapters.gladia.memory import Memory

MAX_FRAME = 1 << 19
"""Bytes; half of what the service takes, as its own SDKs have it."""


class Client(ends.ClientEnd[said.FromServer]):
    """Says nothing twice that another socket of the session has said, and everything on the session's clock."""

    messages = wire.Messages(said.FromServer, "type")
    closes = CLOSES

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        """The session goes on where the socket before left it, as ``dial`` remembers."""
        super().__init__(settings, dial)
        self._memory = dial.memory if isinstance(dial.memory, Memory) else Memory(settings)
        self._memory.sockets += 1
        self._acknowledged = False  # on this socket
        self._error: said.ErrorData | None = None
        self.has_last_message = _told_of(settings, "lifecycle_events")
        self._tells_speech = _told_of(settings, "speech_events")
        self._heard: Mapping[type, Callable[[Any], Iterable[events.AnyEvent]]] = {
            said.ChunkAnswer: self._chunk_answered, said.StopAnswer: self._stop_answered,
            said.SpeechStart: self._speech_started, said.SpeechEnd: self._speech_ended,
            said.Transcript: self._transcript, said.Translation: self._translation,
            said.EntityRecognition: self._entities, said.SentimentAnalysis: self._sentiments,
            said.EndRecording: self._recording_ended, said.EndSession: lambda _: self.end(self._memory.recorded),
            said.PostTranscript: self._whole_transcript, said.PostSummarization: self._summary,
            said.PostChapterization: self._chapters, said.PostFinalTranscript: self._result, said.Error: self._told,
        }  # fmt: skip

    def send(self, command: commands.Command) -> ends.Outgoing:
        """Audio goes in binary frames; the same in JSON costs more than twice the time."""
        match command:
            case commands.Audio(data=data):
                piece = MAX_FRAME - MAX_FRAME % self.settings.audio.frame_bytes
                return [data[at : at + piece] for at in range(0, len(data), piece)]
            case commands.KeepAlive():
                return ('{"type":"audio_chunk","data":{"chunk":""}}',)
            case commands.Finish():
                self.finishing = True
                return ('{"type":"stop_recording"}',)
        return ()

    def opened(self, headers: Mapping[str, str]) -> Iterable[events.AnyEvent]:
        """No message is certain to follow; the POST has accepted the session."""
        return (events.Begun(session_id=self.dial.session_id),)

    def hear(self, message: said.FromServer) -> Iterable[events.AnyEvent]:
        """See ``ends.ClientEnd``."""
        hear = self._heard.get(type(message))
        return hear(message) if hear else ()

    def closed(self, code: int | None, reason: str) -> Iterable[events.AnyEvent]:
        """An error that was told before the service closed is what the close means."""
        error, well = self._error, self.finishing and code == 1000
        if error and not well and (code is not None or error.code in ERRORS):
            return self.fail(failure_of(error, code))
        return super().closed(code, reason)

    # ----------------------------------------------------------------- answers

    def _chunk_answered(self, answer: said.ChunkAnswer) -> Iterator[events.AnyEvent]:
        if not answer.acknowledged or answer.data is None:
            yield from _refused(answer)
            return
        start, end = answer.data.byte_range
        first, self._acknowledged = not self._acknowledged, True
        until = self._memory.clock.took(start, end, first=first)
        yield events.Acknowledged(until=until)
        now = said.instant(answer.created_at) if self._tells_speech else None
        if now is not None:
            self._memory.hearing.took(until, now)
            for channel, silent in self._memory.settled(now):
                yield events.Acknowledged(until=silent, settled=True, channel=self._channel(channel))

    def _stop_answered(self, answer: said.StopAnswer) -> Iterable[events.AnyEvent]:
        if not answer.acknowledged:
            return _refused(answer)
        return self._recording(answer.data.recording_duration if answer.data else None)

    def _recording_ended(self, message: said.EndRecording) -> Iterable[events.AnyEvent]:
        return self._recording(message.data.recording_duration)

    def _recording(self, seconds: float | None) -> Iterable[events.AnyEvent]:
        self._memory.recorded = self._memory.recorded if seconds is None else float(seconds)
        return ()

    # ----------------------------------------------------------------- speech

    def _speech_started(self, message: said.SpeechStart) -> Iterator[events.AnyEvent]:
        number, at = self._place(message.data)
        if self._memory.once("start", number, at):
            self._memory.channels[number].started(at)
            yield events.SpeechStarted(at=at, channel=self._channel(number))

    def _speech_ended(self, message: said.SpeechEnd) -> Iterator[events.AnyEvent]:
        number, at = self._place(message.data)
        if self._memory.once("end", number, at):
            yield events.SpeechEnded(at=at, channel=self._channel(number))
            if self._memory.channels[number].ended(at, said.instant(message.created_at)):
                yield events.TurnEnded(at=at, channel=self._channel(number))

    def _transcript(self, message: said.Transcript) -> Iterator[events.AnyEvent]:
        """An empty text matters only to clear a partial, and that a final one settles what it covers."""
        heard = message.data
        told = self._spoken(heard.utterance, heard.id, is_final=heard.is_final)
        number, start, end = int(heard.utterance.channel), told.start or 0.0, told.end or 0.0
        channel = self._memory.channels[min(number, len(self._memory.channels) - 1)]
        if heard.is_final and not self._memory.once("final", heard.id, heard.utterance.start):
            return
        if told.text or channel.partial:
            yield told
        if not heard.is_final:
            channel.guessed(start, told.text)
            return
        self._memory.finished(number, start, end)
        ends_turn = channel.said(start, end, told.text)
        if not told.text:
            yield events.Acknowledged(until=end, settled=True, channel=told.channel)
        if ends_turn:
            yield events.TurnEnded(at=channel.silence, channel=told.channel, utterance=heard.id)

    def _spoken(self, heard: said.Utterance, name: str, *, is_final: bool) -> events.Transcript:
        text = heard.text.strip()
        return events.Transcript(
            is_final=is_final and bool(text), text=text, start=self._at(heard.start), end=self._at(heard.end),
            words=self._words(heard), confidence=heard.confidence, language=heard.language,
            channel=self._channel(heard.channel), utterance=name,
        )  # fmt: skip

    # ----------------------------------------------------------------- add-ons

    def _translation(self, message: said.Translation) -> Iterable[events.AnyEvent]:
        data = message.data
        if data is None:
            return _failed(message)
        if not self._memory.once("translation", data.utterance_id, data.target_language):
            return ()
        text = data.translated_utterance
        told = events.Translation(
            is_final=True, text=text.text.strip(), language=data.target_language,
            source_language=data.original_language, start=self._at(data.utterance.start),
            end=self._at(data.utterance.end), utterance=data.utterance_id,
            channel=self._channel(data.utterance.channel), words=self._words(text),
        )  # fmt: skip
        return (told,)

    def _entities(self, message: said.EntityRecognition) -> Iterable[events.AnyEvent]:
        data = message.data
        if data is None:
            return _failed(message)
        if not self._memory.once("entities", data.utterance_id):
            return ()
        since = _origin(data.utterance, data.results)
        items = tuple(
            events.Entity(named.entity_type, named.text, self._at(named.start, since), self._at(named.end, since))
            for named in data.results
        )
        return (
            events.Entities(items=items, utterance=data.utterance_id, channel=self._channel(data.utterance.channel)),
        )

    def _sentiments(self, message: said.SentimentAnalysis) -> Iterable[events.AnyEvent]:
        data = message.data
        if data is None:
            return _failed(message)
        if not self._memory.once("sentiments", data.utterance_id):
            return ()
        channel, since = self._channel(data.utterance.channel), _origin(data.utterance, data.results)
        items = tuple(
            events.Feeling(
                felt.sentiment, felt.text, felt.emotion, self._at(felt.start, since), self._at(felt.end, since), channel
            )
            for felt in data.results
        )
        return (events.Sentiments(items=items, utterance=data.utterance_id, channel=channel),)

    # ----------------------------------------------------------------- the end

    def _whole_transcript(self, message: said.PostTranscript) -> Iterator[events.AnyEvent]:
        """It repeats the finals. One that came on no socket was lost with one, and can no longer be told in order."""
        if self._memory.sockets == 1 or not self._memory.once("transcript"):
            return
        for heard in message.data.utterances:
            start, end, text = self._at(heard.start) or 0.0, self._at(heard.end) or 0.0, heard.text.strip()
            if text and self._memory.missed(int(heard.channel), start, end):
                what = f"a final from {start:.2f} to {end:.2f} s was lost with the connection: {text}"
                yield events.Notice(code="final_missed", message=what, seconds=end - start)

    def _summary(self, message: said.PostSummarization) -> Iterable[events.AnyEvent]:
        if message.data is None:
            return _failed(message)
        new = self._memory.once("summary")
        return (events.Insight(kind="summary", text=message.data.results),) if new else ()

    def _chapters(self, message: said.PostChapterization) -> Iterable[events.AnyEvent]:
        if message.data is None:
            return _failed(message)
        text = "\n".join(str(chapter.get("headline", "")) for chapter in message.data.results)
        new = self._memory.once("chapters")
        return (events.Insight(kind="chapters", text=text, data=message.data.results),) if new else ()

    def _result(self, message: said.PostFinalTranscript) -> Iterator[events.AnyEvent]:
        """The transcript was told already; the add-ons' results on the whole of it were not."""
        self._recording(message.data.metadata.audio_duration)
        if message.data.add_ons() and self._memory.once("totals"):
            yield events.Insight(kind="totals", data=msgspec.to_builtins(_without_transcript(message.data)))

    def _told(self, error: said.Error) -> Iterable[events.AnyEvent]:
        self._error = error.data
        return (events.Notice(code=error.data.code, message=error.data.message or error.data.code),)

    # ----------------------------------------------------------------- places and times

    def _place(self, moment: said.Moment) -> tuple[int, float]:
        number = min(int(moment.channel), len(self._memory.channels) - 1)
        return number, self._memory.clock.at(moment.time)

    def _channel(self, index: float) -> int | None:
        return int(index) if self.settings.audio.channels > 1 else None

    def _at(self, seconds: float | None, since: float = 0.0) -> float | None:
        return None if seconds is None else self._memory.clock.at(seconds + since)

    def _words(self, heard: said.Utterance) -> tuple[events.Word, ...]:
        return tuple(
            events.Word(word.word.strip(), self._at(word.start), self._at(word.end), word.confidence)
            for word in heard.words or ()
        )


def _told_of(settings: Settings, what: str) -> bool:
    """These messages are asked for: always, unless the caller's options say otherwise."""
    wanted = settings.options.get("messages_config")
    return not (isinstance(wanted, dict) and wanted.get(f"receive_{what}") is False)


def _refused(answer: said.ChunkAnswer | said.StopAnswer) -> Iterable[events.AnyEvent]:
    message = answer.error.message if answer.error else ""
    return (events.Notice(code=said.kind_of(answer), message=message or "refused without a reason"),)


def _failed(message: said.AddOnMessage) -> Iterable[events.AnyEvent]:
    why = message.error.message if message.error else ""
    return (events.Notice(code=said.kind_of(message), message=why or "failed without a reason"),)


def _origin(heard: said.Utterance, results: list[said.Named] | list[said.Felt]) -> float:
    """Zero of the results' times: that of the session, or the utterance's start, as some samples have it."""
    ends = [item.end for item in results if item.end is not None]
    return heard.start if ends and max(ends) <= heard.start else 0.0


def _without_transcript(result: said.Result) -> said.Result:
    return said.Result(result.metadata, None, **result.add_ons())
