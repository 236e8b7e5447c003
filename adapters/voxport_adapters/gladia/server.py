"""The server end of a Gladia socket."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport_adapters.gladia import messages as said
from voxport_adapters.gladia.job import ABSENT, ADD_ONS, Job, fitting
from voxport_adapters.gladia.rules import code_of, languages_of

STOPPED = "Recording is already stopped"
IDLE = events.Failed(kind="provider", code="idle", message="no message came for 30 s", retryable=True)
TIMEOUT = events.Failed(kind="provider", code="session_timeout", message="a session lasts 3 hours")
PLACED = events.Notice(code="placed", message="what the client has not had is said again")
"""Said by nobody but this end, to itself."""
PASSING = {"partial_transcripts", "errors"}
"""What need not be said again after a drop."""
REMEMBERED = 1000
"""Messages that are looked at for acknowledgements that were not sent."""

Said = str | codec.Closed
SAID: wire.Messages[said.FromServer] = wire.Messages(said.FromServer, "type")


class Server(ends.ServerEnd):
    """One socket of a session. What is said while it is down waits for the next."""

    decoder = msgspec.json.Decoder(said.FromClient)

    def __init__(self, job: Job, now: Callable[[], float]) -> None:
        """``now`` gives Unix seconds."""
        self._job, self._now = job, now
        self._down = False
        self._close: int | None = None  # the code of the close that was said
        self._ready: list[Said] = []  # goes out with the next thing said
        self._last: deque[str] = deque(maxlen=REMEMBERED)  # what was said last

    # ----------------------------------------------------------------- hearing

    def opened(self) -> Iterable[commands.Command]:
        """No client repeats its stop after a drop, so that one is remembered."""
        job = self._job
        job.dropped = None
        if job.status != "queued":
            job.intake.reopen()
        start = commands.Start(job.settings)
        return (start, commands.Finish()) if job.stopped and not job.over else (start,)

    def receive(self, signal: codec.Signal) -> Iterable[commands.Command]:
        """Close 1000 is a stop that wants no answer; after any other end the client may come back."""
        if not isinstance(signal, codec.Closed):
            return super().receive(signal)
        job, self._down = self._job, True
        job.dropped = self._now()
        self._take_back(signal.unsent)
        if signal.code is not None and signal.code == self._close:
            job.journal.clear()  # the client has answered the close, so it has read what came before
        if signal.code != 1000:
            return ()
        stopped, job.stopped, job.left = job.stopped, True, True
        return () if stopped else (commands.Finish(),)

    def _take_back(self, unsent: int) -> None:
        """What was not sent any more acknowledges nothing."""
        for frame in list(self._last)[-unsent:] if unsent else ():
            message = SAID.decode(frame)
            if isinstance(message, said.ChunkAnswer) and message.data:
                self._job.intake.taken = message.data.byte_range[0]
                return

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        """A chunk, in either framing. An empty one keeps the socket; whether it is acknowledged is not known."""
        job = self._job
        if len(data) % job.settings.audio.frame_bytes:
            return _refused("audio_chunk", "A chunk must hold whole sample frames")
        if not job.intake.placed:
            self._place(data)
            if job.stopped:
                return (commands.Invalid(PLACED),)
        if job.stopped:
            return _refused("audio_chunk", STOPPED)
        if not data:
            return (commands.KeepAlive(), commands.Invalid(PLACED)) if self._ready else (commands.KeepAlive(),)
        new = job.intake.take(data)
        if new:
            return (commands.Audio(new),)
        self._ready += self._acknowledgement(heard=False)
        return (commands.Invalid(PLACED),)

    def command(self, frame: str) -> Iterable[commands.Command]:
        """How the service takes what it does not understand is not known; here it is a refused chunk."""
        try:
            message = self.decoder.decode(frame)
        except wire.UNREADABLE as error:
            return _refused("audio_chunk", f"A message was not understood: {error}")
        if message.type == "stop_recording":
            return self._stop()
        if message.data is None:
            return _refused("audio_chunk", "data.chunk is required")
        return self.audio(message.data.chunk)

    def _stop(self) -> Iterable[commands.Command]:
        job = self._job
        again = job.stopped and not job.intake.placed
        if not job.intake.placed:
            self._place(b"")
        if again:
            return (commands.Invalid(PLACED),)
        if job.stopped:
            return _refused("stop_recording", STOPPED)
        job.stopped = True
        left = job.intake.seconds - max((heard.end for heard in job.utterances.values()), default=0.0)
        data = said.Stopped(job.intake.seconds, round(max(left, 0.0), 3))
        self._ready += self._put("acknowledgments", said.StopAnswer, acknowledged=True, data=data)
        return (commands.Finish(),)

    def _place(self, data: bytes) -> None:
        """It is known now what the client has had: the rest is said again, so that nothing is lost with a socket."""
        job = self._job
        job.intake.place(data)
        self._ready += job.unheard()
        self._ready += [codec.Closed(1000)] if job.over else []

    # ----------------------------------------------------------------- saying

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        """See ``codec.Codec``."""
        if not self._job.intake.placed and not isinstance(event, events.Begun):
            self._place(b"")
        ready, self._ready = self._ready, []
        frames = [*ready, *self._say(event)]
        if self._down:
            return ()
        self._last += [frame for frame in frames if isinstance(frame, str)]
        self._close = next((frame.code for frame in frames if isinstance(frame, codec.Closed)), self._close)
        return frames

    def _say(self, event: events.AnyEvent) -> list[Said]:
        """The end of speech comes before its final where both are known."""
        job = self._job
        if isinstance(event, events.Acknowledged) and event.settled:
            return []
        held, job.held = job.held, None
        if held and isinstance(event, events.TurnEnded) and held.channel == event.channel:
            return [*self._speech_ended(event.at, event.channel or 0), *self._transcript(held)]
        final = self._transcript(held) if held else []
        match event:
            case events.Transcript(is_final=True):
                job.held = event
                return [*final, *self._announced(event)]
            case events.Transcript():
                return [*final, *self._announced(event), *self._transcript(event)]
        return [*final, *self._other(event)]

    def _other(self, event: events.AnyEvent) -> list[Said]:
        match event:
            case events.Acknowledged():
                return [] if self._down else self._acknowledgement(heard=True)
            case events.SpeechStarted(at=at, channel=channel):
                return self._speech_started(at, channel or 0)
            case events.SpeechEnded(at=at, channel=channel) | events.TurnEnded(at=at, channel=channel):
                return self._speech_ended(at, channel or 0)
            case events.Translation() | events.Entities() | events.Sentiments() | events.Insight():
                return self._beside(event)
            case events.Begun():
                return self._begin()
            case events.Notice():
                return self._notice(event)
            case events.Ended(reported_audio_seconds=seconds):
                return self._end(seconds or 0.0)
            case events.Failed():
                return self._fail(event)
        return []

    def _begin(self) -> list[Said]:
        """Nothing is heard of what was before. No ``start_session``: the SDKs make that up from the answer to the POST.
        ``start_recording`` comes at once, not with the first audio, for which a client may wait with its own.
        """
        job = self._job
        job.intake.listen_anew()
        if job.status != "queued":
            return []
        job.status = "processing"
        return self._put("lifecycle_events", said.StartRecording)

    def _notice(self, notice: events.Notice) -> list[Said]:
        """A refused message; or something else that the recogniser has to say, for which there are only errors."""
        problem = said.Problem(notice.message)
        match notice.code:
            case "audio_chunk":
                return self._put("acknowledgments", said.ChunkAnswer, acknowledged=False, error=problem)
            case "stop_recording":
                return self._put("acknowledgments", said.StopAnswer, acknowledged=False, error=problem)
            case PLACED.code:
                return []
        return self._put("errors", said.Error, data=said.ErrorData(notice.code, notice.message))

    def _fail(self, failed: events.Failed) -> list[Said]:
        """What can be tried again leaves the session as it is. The codes of closes are not known; these are made like
        the HTTP statuses that they look like, on the side of the line after which SDKs do not dial again.
        """
        job, now, timeout = self._job, self._now(), failed.code == TIMEOUT.code
        code = TIMEOUT.code if timeout else "internal_error"
        data = said.ErrorData(code, failed.message)
        error = [] if failed.code == IDLE.code else self._put("errors", said.Error, data=data)
        if timeout:
            job.complete("done", now)
            return [*error, codec.Closed(4408, failed.message)]
        if failed.retryable:
            return [*error, codec.Closed(1011, failed.message)]
        job.complete("error", now, 400 if failed.kind == "invalid" else 500)
        return [*error, codec.Closed(4400, failed.message)]

    def _acknowledgement(self, *, heard: bool) -> list[Said]:
        job = self._job
        since = job.intake.seconds
        taken = job.intake.acknowledge(heard=heard)
        if taken is None:
            return []
        ranges = said.Ranges(taken, (since, job.intake.seconds))
        return self._put("acknowledgments", said.ChunkAnswer, acknowledged=True, data=ranges)

    # ----------------------------------------------------------------- speech

    def _transcript(self, event: events.Transcript) -> list[Said]:
        """Every utterance has a language: where none was heard, the one that was asked for."""
        job, channel = self._job, event.channel or 0
        words = [
            said.Word(f" {word.text}", self._at(word.start), self._at(word.end), codec.demanded(word.confidence))
            for word in event.words
        ]
        text = event.text if event.glued or not event.text else f" {event.text}"
        language = code_of(event.language) if event.language else languages_of(job.params)
        heard = said.Utterance(
            text, self._at(event.start), self._at(event.end), language, codec.demanded(event.confidence), channel, words
        )
        name = f"{channel:02}_{job.counts[channel]:08}"
        told = said.Heard(name, event.is_final, heard)
        if not event.is_final:
            return self._put("partial_transcripts", said.Transcript, data=told)
        job.counts[channel] += 1
        job.utterances[name] = heard
        if event.utterance:
            job.names[event.utterance] = name
        return self._put("final_transcripts", said.Transcript, data=told)

    def _announced(self, event: events.Transcript) -> list[Said]:
        """Speech starts before it is told what was said, whether or not the recogniser says so."""
        job, channel = self._job, event.channel or 0
        new = bool(event.text) and channel not in job.announced and channel not in job.speaking
        started = self._speech_started(event.start, channel) if new else []
        job.announced -= {channel} if event.is_final else set()
        return started

    def _speech_started(self, at: float | None, channel: int) -> list[Said]:
        self._job.speaking.add(channel)
        self._job.announced.add(channel)
        return self._put("speech_events", said.SpeechStart, data=self._moment(at, channel))

    def _speech_ended(self, at: float | None, channel: int) -> list[Said]:
        """Once for each start."""
        if channel not in self._job.speaking:
            return []
        self._job.speaking.remove(channel)
        return self._put("speech_events", said.SpeechEnd, data=self._moment(at, channel))

    def _beside(self, event: events.Translation | events.Entities | events.Sentiments | events.Insight) -> list[Said]:
        """Only what was asked for, of a final that was told."""
        job = self._job
        if isinstance(event, events.Insight):
            if event.kind == "summary":
                job.summary = event.text
                job.missing.discard("summarization")
            elif event.kind == "chapters":
                job.chapters = event.data if isinstance(event.data, list) else [{"headline": event.text}]
                job.missing.discard("chapterization")
            return []
        name = job.utterance_of(event.utterance)
        if name is None:
            return []
        heard = job.utterances[name]
        match event:
            case events.Translation() if job.asked("translation") and event.is_final:
                return self._translation(event, name, heard)
            case events.Entities(items=items) if job.asked("named_entity_recognition"):
                named = [said.Named(e.kind, e.text, self._at(e.start), self._at(e.end)) for e in items]
                job.entities += named
                job.missing.discard("named_entity_recognition")
                return self._add_on(said.EntityRecognition, said.NamedEntities(name, heard, named))
            case events.Sentiments(items=items) if job.asked("sentiment_analysis"):
                felt = [
                    said.Felt(
                        f.sentiment, f.emotion or "neutral", f.text, self._at(f.start), self._at(f.end), heard.channel
                    )
                    for f in items
                ]
                job.feelings += felt
                job.missing.discard("sentiment_analysis")
                return self._add_on(said.SentimentAnalysis, said.Feelings(name, heard, felt))
        return []

    def _translation(self, event: events.Translation, name: str, heard: said.Utterance) -> list[Said]:
        language = code_of(event.language)
        if language not in self._job.params["realtime_processing"]["translation_config"]["target_languages"]:
            return []
        self._job.missing.discard("translation")
        words = [
            said.Word(f" {w.text}", self._at(w.start), self._at(w.end), codec.demanded(w.confidence))
            for w in event.words
        ]
        translated = said.Utterance(
            f" {event.text}", heard.start, heard.end, language, heard.confidence, heard.channel, words
        )
        self._job.translations.setdefault(language, []).append(translated)
        source = code_of(event.source_language) if event.source_language else heard.language or "en"
        return self._add_on(said.Translation, said.Translated(name, heard, source, language, translated))

    def _add_on(self, kind: type[said.Message], data: Any) -> list[Said]:
        return self._put("realtime_processing_events", kind, data=data)

    # ----------------------------------------------------------------- the end

    def _end(self, reported: float) -> list[Said]:
        """What was asked for and is not to be had is said as the service says it of an add-on that failed."""
        job, problem = self._job, said.Problem(ABSENT)
        kinds: tuple[type[said.Message], ...] = (said.Translation, said.EntityRecognition, said.SentimentAnalysis)
        failed = [
            frame for name, kind in zip(ADD_ONS, kinds, strict=True) if name in job.missing
            for frame in self._put("realtime_processing_events", kind, error=problem)
        ]  # fmt: skip
        job.complete("done", self._now())
        duration = said.Duration(job.intake.seconds or reported)
        return [
            *failed, *self._put("lifecycle_events", said.EndRecording, data=duration), *self._post(),
            *self._put("lifecycle_events", said.EndSession), codec.Closed(1000),
        ]  # fmt: skip

    def _post(self) -> Iterable[Said]:
        job, problem = self._job, said.Problem(ABSENT)
        told = job.transcription()
        yield from self._put("post_processing_events", said.PostTranscript, data=fitting(told, lambda whole: whole))
        if job.asked("summarization"):
            summary = None if job.summary is None else said.Summary(job.summary)
            error = problem if summary is None else None
            yield from self._put("post_processing_events", said.PostSummarization, data=summary, error=error)
        if job.asked("chapterization"):
            chapters = None if job.chapters is None else said.Chapters(job.chapters)
            error = problem if chapters is None else None
            yield from self._put("post_processing_events", said.PostChapterization, data=chapters, error=error)
        yield from self._put("post_processing_events", said.PostFinalTranscript, data=fitting(told, job.result))

    def _put(self, flag: str, kind: type[said.Message], **fields: Any) -> list[Said]:
        """The message, if ``flag`` asks for it."""
        job = self._job
        if not job.wants(flag):
            return []
        frame = wire.text(kind(session_id=job.id, created_at=wire.timestamp(self._now()), **fields))
        if flag not in PASSING and kind is not said.ChunkAnswer:
            job.keep(frame)
        if flag != "acknowledgments":
            job.messages.append(frame)
        return [frame]

    def _moment(self, at: float | None, channel: int | None) -> said.Moment:
        return said.Moment(self._at(at), channel or 0)

    def _at(self, seconds: float | None) -> float:
        intake = self._job.intake
        return intake.seconds if seconds is None else round(seconds + intake.ahead, 3)


def _refused(kind: str, why: str) -> Iterable[commands.Command]:
    return (commands.Invalid(events.Notice(code=kind, message=why)),)
