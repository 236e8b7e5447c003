"""Gladia live speech-to-text, ``/v2/live``: both ends of the protocol.

Settings travel in the body of a POST, which answers with the address of a session; there audio goes up in binary frames
and all else is JSON. A session outlives its sockets: the same address continues after the last acknowledged byte.
``stop_recording`` is answered by what is left to say, ``end_session`` (only if asked for) and close 1000.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Union
from urllib.parse import urljoin

import msgspec
from msgspec import UNSET, UnsetType

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.gladia.request import FORMATS, MODEL, RATES, REGIONS, RULES, WANTED, code_of, languages_of, read

LIVE = "/v2/live"
STOPPED = "Recording is already stopped"
MAX_FRAME = 1 << 19  # bytes; half of what the service takes


class Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float | None = None


class Utterance(msgspec.Struct):
    text: str  # begins with a space, as words do
    start: float
    end: float
    language: str | None = None
    confidence: float | None = None
    channel: int = 0
    words: list[Word] = []


class Heard(msgspec.Struct):
    id: str
    is_final: bool
    utterance: Utterance


class Message(msgspec.Struct, kw_only=True):
    """All messages of the server; only answers and add-ons have the middle two."""

    session_id: str = ""
    created_at: str = ""
    acknowledged: bool | UnsetType = UNSET
    error: dict[str, Any] | UnsetType | None = UNSET
    data: Any = UNSET


SILENT = ("start_session", "start_recording", "end_recording", "stop_recording", "post_transcript")
SECONDS = dict[str, float]
DATA: dict[str, Any] = dict.fromkeys(
    (*SILENT, "audio_chunk", "end_session", "translation", "named_entity_recognition", "sentiment_analysis", "error",
     "post_summarization", "post_chapterization", "post_final_transcript"), Any
) | {"transcript": Heard, "speech_start": SECONDS, "speech_end": SECONDS, "end_recording": SECONDS,
    "stop_recording": SECONDS | None}  # fmt: skip
FROM_SERVER: dict[str, Any] = {
    kind: msgspec.defstruct(kind, [("data", data, UNSET)], bases=(Message,), tag=kind, kw_only=True)
    for kind, data in DATA.items()
}


class FromClient(msgspec.Struct):
    type: Literal["audio_chunk", "stop_recording"]
    data: dict[str, bytes] = {}


class Client(ends.ClientEnd[Message]):
    """A turn is over when the final of what was said last and a ``speech_end`` after it have both come. The final is
    usually second. One that is first may have been cut at the maximum duration: then the ``speech_end`` must follow it
    closely in the audio, and no partial stand. Add-ons have no event yet and are ``Unknown``; ``post_transcript`` only
    repeats the finals.
    """

    messages = wire.Messages(Union[tuple(FROM_SERVER.values())], "type")  # noqa: UP007 -- made of a table
    has_last_message = False  # options can turn it off
    closes = {  # no source names a single one; after all other codes the service's own SDKs dial again
        code: events.Failed(kind="invalid", code=str(code), message="", remedy="see what the service says; start anew")
        for code in range(4400, 4500)
    }

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._closely = 0.5 + (settings.transcription.end_of_turn_silence_ms or 0) / 1000
        self._partials: set[int] = set()  # channels on which a partial stands
        self._turns: dict[int, float] = {}  # where the last final ended, on channels whose turn has no end yet
        self._silences: dict[int, float] = {}  # where speech ended last
        self._recorded: float | None = None

    def send(self, command: commands.Command) -> ends.Outgoing:
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

    def hear(self, message: Message) -> Iterable[events.AnyEvent]:
        kind = str(message.__struct_config__.tag)
        if message.error or message.acknowledged is False:
            return (events.Notice(code=kind, message=str((message.error or {}).get("message", "refused"))),)
        match kind, message.data:
            case "transcript", Heard() as heard:
                return self._transcript(heard)
            case "speech_start", {"time": at, "channel": channel}:
                return (events.SpeechStarted(at=at, channel=self._channel(int(channel))),)
            case "speech_end", {"time": at, "channel": channel}:
                self._silences[int(channel)] = at
                return self._turn_ended(int(channel), if_close=True)
            case "audio_chunk", {"byte_range": [_, int(end)]}:
                return (events.Acknowledged(until=end / self.settings.audio.bytes_per_second),)
            case _, {"recording_duration": float(seconds)} | {
                "metadata": {"audio_duration": int() | float() as seconds}
            }:
                self._recorded = float(seconds)
            case "end_session", _:
                return self.end(self._recorded)
            case "error", {"message": str(what)}:  # no source defines it; this is what clients look for
                return (events.Notice(code=str(message.data.get("code", kind)), message=what),)
            case _ if kind not in SILENT:
                return (events.Unknown(kind=kind),)
        return ()

    def _transcript(self, heard: Heard) -> Iterable[events.AnyEvent]:
        """An empty text matters only to clear a partial. Speech must end after the middle of what was said: the edges
        of words come from another model.
        """
        said, text, channel = heard.utterance, heard.utterance.text.strip(), heard.utterance.channel
        if text or channel in self._partials:
            yield events.Transcript(
                is_final=heard.is_final and bool(text), text=text, start=said.start, end=said.end,
                words=tuple(events.Word(w.word.strip(), w.start, w.end, w.confidence) for w in said.words),
                confidence=said.confidence, language=said.language, channel=self._channel(channel),
            )  # fmt: skip
        self._partials.discard(channel)
        if not heard.is_final:
            self._partials |= {channel} if text else set()
            return
        if text:
            self._turns[channel] = said.end
        elif self.settings.audio.channels == 1:
            yield events.Acknowledged(until=said.end, settled=True)
        if self._silences.get(channel, 0.0) > (said.start + said.end) / 2:
            yield from self._turn_ended(channel)

    def _turn_ended(self, channel: int, *, if_close: bool = False) -> Iterable[events.AnyEvent]:
        """Once, after words; ``if_close`` leaves out what may have been cut."""
        at, last = self._silences[channel], self._turns.get(channel)
        cut = if_close and (channel in self._partials or at - (last or 0.0) > self._closely)
        if last is not None and not cut:
            del self._turns[channel]
            yield events.TurnEnded(at=at, channel=self._channel(channel))

    def _channel(self, index: int) -> int | None:
        return index if self.settings.audio.channels > 1 else None


class Session(msgspec.Struct):
    """What outlives a socket. Bytes count once they are acknowledged; ``owed`` waits for the next thing said."""

    id: str
    created: float
    params: dict[str, Any]
    settings: Settings
    status: str = "queued"
    received: int = 0
    taken: float = 0.0  # seconds of work
    stopped: bool = False
    left: bool = False  # closed with 1000: nobody comes back
    owed: list[str] = []
    utterances: list[Utterance] = []
    counts: Counter[int] = msgspec.field(default_factory=Counter)

    @property
    def seconds(self) -> float:
        return self.received / self.settings.audio.bytes_per_second

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id, "request_id": f"G-{self.id[:8]}", "version": 2, "kind": "live", "status": self.status,
            "created_at": wire.timestamp(self.created), "post_session_metadata": {}, "request_params": self.params,
            "result": self.result() if self.status == "done" else None,
        }  # fmt: skip

    def result(self) -> dict[str, Any]:
        duration, channels = self.seconds, self.settings.audio.channels
        languages = [code for code, _ in Counter(said.language for said in self.utterances).most_common()]
        text = "".join(said.text for said in self.utterances).strip()
        return {
            "metadata": {"audio_duration": duration, "number_of_distinct_channels": channels,
                         "billing_time": duration * channels, "transcription_time": self.taken},
            "transcription": {"full_transcript": text, "languages": languages, "utterances": self.utterances},
        }  # fmt: skip


class Server(ends.ServerEnd):
    """One socket of a session. What hears its audio hears no other, so times are moved to the session's clock; when it
    drops, the utterance under way is ended, and what is said of it waits for the next socket.
    """

    decoder = msgspec.json.Decoder(FromClient)

    def __init__(self, session: Session, now: Callable[[], float]) -> None:
        self._session, self._now = session, now
        self._since = 0.0
        self._down = False
        self._sizes: deque[int] = deque()  # of chunks that wait for their acknowledgement
        self._held: events.Transcript | None = None  # a final that waits to learn whether it ends a turn

    def opened(self) -> Iterable[commands.Command]:
        """No client repeats its stop after a drop, so that one is remembered."""
        self._since = self._session.seconds
        start = commands.Start(self._session.settings)
        return (start, commands.Finish()) if self._session.stopped else (start,)

    def receive(self, signal: codec.Signal) -> Iterable[commands.Command]:
        """Close 1000 is a stop that wants no answer; after any other end the client may come back."""
        if not isinstance(signal, codec.Closed):
            return super().receive(signal)
        session, stopped, self._down = self._session, self._session.stopped, True
        session.owed += self._transcript(self._held) if self._held else []
        self._held = None
        session.left = session.left or signal.code == 1000
        session.stopped = stopped or session.left
        return () if stopped else (commands.Finish() if session.left else commands.EndUtterance(),)

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        if self._session.stopped:
            return _refused("audio_chunk", STOPPED)
        if len(data) % self._session.settings.audio.frame_bytes:
            return _refused("audio_chunk", "A chunk must hold whole sample frames")
        if not data:
            return (commands.KeepAlive(),)
        self._sizes.append(len(data))
        return (commands.Audio(data),)

    def command(self, frame: str) -> Iterable[commands.Command]:
        """How the service takes what it does not understand is not known; here it is a refused chunk."""
        try:
            message = self.decoder.decode(frame)
        except wire.UNREADABLE as error:
            return _refused("audio_chunk", f"A message was not understood: {error}")
        if message.type == "audio_chunk":
            return self.audio(message.data.get("chunk", b""))
        if self._session.stopped:
            return _refused("stop_recording", STOPPED)
        self._session.stopped = True
        left = self._session.seconds - max((said.end for said in self._session.utterances), default=0.0)
        data = {"recording_duration": self._session.seconds, "recording_left_to_process": round(max(left, 0.0), 3)}
        self._session.owed += self._put("acknowledgments", "stop_recording", data, acknowledged=True, error=None)
        return (commands.Finish(),)

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        said = [*self._session.owed, *self._say(event)]
        self._session.owed = [frame for frame in said if isinstance(frame, str)] if self._down else []
        return () if self._down else said

    def _say(self, event: events.AnyEvent) -> ends.Outgoing:
        """The end of speech comes before its final where both are known."""
        if isinstance(event, events.Acknowledged) and event.settled:
            return ()
        held, self._held = self._held, None
        final = self._transcript(held) if held else []
        match event:
            case events.TurnEnded(at=at, channel=channel):
                ended = self._put("speech_events", "speech_end", {"time": self._at(at), "channel": channel or 0})
                return [*ended, *final] if held and held.channel == channel else [*final, *ended]
            case events.Transcript(is_final=True):
                self._held = event
                return final
        return [*final, *self._other(event)]

    def _other(self, event: events.AnyEvent) -> ends.Outgoing:
        session = self._session
        match event:
            case events.Acknowledged() if self._sizes and not self._down:
                first, start = session.received, session.seconds
                session.received += self._sizes.popleft()
                ranges = {"byte_range": [first, session.received], "time_range": [start, session.seconds]}
                return self._put("acknowledgments", "audio_chunk", ranges, acknowledged=True, error=None)
            case events.Transcript():
                return self._transcript(event)
            case events.SpeechStarted(at=at, channel=channel):
                return self._put("speech_events", "speech_start", {"time": self._at(at), "channel": channel or 0})
            case events.Begun() if session.status == "queued":
                session.status = "processing"  # no start_session: the SDKs make that up from the answer to the POST
                return self._put("lifecycle_events", "start_recording")
            case events.Notice(code="audio_chunk" | "stop_recording" as kind, message=message):
                return self._put("acknowledgments", kind, None, acknowledged=False, error={"message": message})
            case events.Ended(reported_audio_seconds=seconds):
                return self._end(seconds or 0.0)
            case events.Failed(retryable=retryable, message=message):
                session.status = session.status if retryable else "error"
                return (codec.Closed(1011 if retryable else 4400, message),)
        return ()

    def _end(self, reported: float) -> ends.Outgoing:
        session = self._session
        session.stopped, session.status, session.taken = True, "done", round(self._now() - session.created, 3)
        result = session.result()
        return (
            *self._put("lifecycle_events", "end_recording", {"recording_duration": session.seconds or reported}),
            *self._put("post_processing_events", "post_transcript", result["transcription"]),
            *self._put("post_processing_events", "post_final_transcript", result),
            *self._put("lifecycle_events", "end_session"),
            codec.Closed(1000),
        )

    def _transcript(self, event: events.Transcript) -> list[str]:
        """Every utterance has a language: where none was heard, the one that was asked for."""
        session, channel = self._session, event.channel or 0
        words = [
            Word(f" {w.text}", self._at(w.start), self._at(w.end), codec.demanded(w.confidence)) for w in event.words
        ]
        said = Utterance(
            event.text if event.glued or not event.text else f" {event.text}", self._at(event.start),
            self._at(event.end), code_of(event.language or next(iter(languages_of(session.params)), "en")),
            codec.demanded(event.confidence), channel, words,
        )  # fmt: skip
        heard = Heard(f"{channel:02}_{session.counts[channel]:08}", event.is_final, said)
        if not event.is_final:
            return self._put("partial_transcripts", "transcript", heard)
        session.counts[channel] += 1
        session.utterances.append(said)
        return self._put("final_transcripts", "transcript", heard)

    def _put(self, flag: str, kind: str, data: object = UNSET, **more: object) -> list[str]:
        """The message, if ``flag`` asks for it."""
        if not self._session.params["messages_config"].get(f"receive_{flag}"):
            return []
        created_at = wire.timestamp(self._now())
        return [wire.text(FROM_SERVER[kind](session_id=self._session.id, created_at=created_at, data=data, **more))]

    def _at(self, seconds: float | None) -> float:
        return self._session.seconds if seconds is None else round(seconds + self._since, 3)


def _refused(kind: str, why: str) -> Iterable[commands.Command]:
    return (commands.Invalid(events.Notice(code=kind, message=why)),)


class Front:
    """Sessions by id, and the tokens of their addresses."""

    idle = events.Failed(kind="provider", code="idle", message="no message came for 30 s", retryable=True)

    def __init__(self, desk: codec.Desk) -> None:
        self._desk = desk
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, str] = {}

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        path = wire.path_of(request.url)
        if path != LIVE and not path.startswith(f"{LIVE}/"):
            return None
        if request.headers.get("x-gladia-key") not in self._desk.keys:
            return self._refuse(401, path, "gladia key not found")
        match request.method, self._sessions.get(path.removeprefix(f"{LIVE}/")):
            case "POST", None if path == LIVE:
                return self._create(request)
            case "GET", Session() as session:
                return wire.json_response(200, session.told())
            case "DELETE", Session(status="done" | "error", id=known):
                del self._sessions[known]
                return codec.HttpResponse(202)
            case "DELETE", Session():
                return self._refuse(403, path, "Still processing")
        return self._refuse(404, path, "Not found")

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """The token is all that is needed, on every socket of the session."""
        if wire.path_of(request.url) != LIVE:
            return None
        token = wire.query_of(request.url).get("token", [""])[-1]
        session = self._sessions.get(self._tokens.get(token, ""))
        if session is None or session.left or session.status == "error":
            return self._refuse(403, LIVE, "Unknown token")
        return codec.Accepted(Server(session, self._desk.now), timers=(codec.Timer("idle", 30.0, self.idle),))

    def _create(self, request: codec.HttpRequest) -> codec.HttpResponse:
        try:
            params = read(request.body)
            settings = wire.settings_of("gladia", params, RULES)
        except (ValueError, *wire.UNREADABLE) as error:
            return self._refuse(400, LIVE, "Invalid request", validation_errors=str(error).splitlines())
        session = Session(self._desk.new_id(), self._desk.now(), params, settings)
        token = self._desk.new_id()
        self._sessions[session.id], self._tokens[token] = session, session.id
        url = f"{wire.endpoint_url(request.url, 'ws', LIVE)}?token={token}"
        return wire.json_response(201, {"id": session.id, "created_at": wire.timestamp(session.created), "url": url})

    def _refuse(self, status: int, path: str, message: str, **more: object) -> codec.HttpResponse:
        request_id, timestamp = f"G-{self._desk.new_id()[:8]}", wire.timestamp(self._desk.now())
        body = {"timestamp": timestamp, "path": path, "request_id": request_id, "statusCode": status}
        return wire.json_response(status, {**body, "message": message, **more})


class Gladia(ends.TableAdapter):
    """Solaria. What tells where turns end, what has been taken and what comes last is asked for."""

    name = "gladia"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(FORMATS), sample_rates=RATES, max_channels=8, resumes=True,
        acknowledges=True, keep_alive=15.0, max_session=3 * 3600.0, forces_endpoint=False, default_model=MODEL,
        key_variable="GLADIA_API_KEY", default_endpoint="https://api.gladia.io", billed_by="audio_per_channel",
        regions=REGIONS,
    )  # fmt: skip
    rules = RULES
    defaults = {"model": MODEL, "messages_config": dict.fromkeys(WANTED, True)}
    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """The address is secret as a whole, and good for every socket. The option ``region`` goes to the query."""
        if resume:
            return resume
        endpoint = settings.endpoint or self.capabilities.default_endpoint
        body = dict(self.translate(settings).options)
        region = wire.query_string({"region": body.pop("region", None)})
        url = wire.endpoint_url(endpoint, "http", LIVE) + (region and f"?{region}")
        headers = {"X-Gladia-Key": settings.key, "Content-Type": "application/json"}
        made = wire.json_of((yield codec.HttpRequest("POST", url, headers, wire.encode(body))).body)
        address = urljoin(wire.endpoint_url(endpoint, "ws", LIVE), str(made.get("url", "")))
        return codec.Dial(address, session_id=made.get("id"))

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """The fields at fault stand beside the message."""
        body = wire.json_of(response.body)
        said = (body.get("message"), *(body.get("validation_errors") or ()))
        return wire.refusal(response, "; ".join(str(part) for part in said if part))


adapter = Gladia()
