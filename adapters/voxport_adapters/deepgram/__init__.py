"""Deepgram live speech-to-text, ``/v1/listen``: both ends of the protocol.

Settings travel in the query, audio in binary frames, control messages and transcripts as JSON in text frames. The
upgrade itself accepts the session. ``CloseStream`` is answered by the remaining ``Results``, ``Metadata``, close 1000.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voxport import codec, commands, ends, events, wire
from voxport.settings import Encoding, Settings

LISTEN = "/v1/listen"
GRANT = "/v1/auth/grant"
MODEL = "nova-3"
BAD_QUERY = "INVALID_QUERY_PARAMETER"


class SpokenWord(msgspec.Struct, omit_defaults=True):
    word: str
    start: float
    end: float
    confidence: float
    punctuated_word: str | None = None
    speaker: int | None = None
    language: str | None = None


class Alternative(msgspec.Struct):
    transcript: str
    confidence: float = 0.0
    words: list[SpokenWord] = []


class Channel(msgspec.Struct):
    alternatives: list[Alternative]


class Results(msgspec.Struct, tag=True):
    channel: Channel
    start: float
    duration: float
    channel_index: tuple[int, int] = (0, 1)
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False
    metadata: dict[str, Any] = {}


class SpeechStarted(msgspec.Struct, tag=True):
    timestamp: float
    channel: tuple[int, int] = (0, 1)


class UtteranceEnd(msgspec.Struct, tag=True):
    last_word_end: float
    channel: tuple[int, int] = (0, 1)


class Metadata(msgspec.Struct, tag=True):
    request_id: str
    duration: float
    channels: int
    sha256: str = ""
    created: str = ""
    transaction_key: str = "deprecated"


class Error(msgspec.Struct, tag=True, omit_defaults=True):
    """A client message that was not understood; the stream goes on."""

    description: str
    variant: str
    message: str | None = None


class ConfigureSuccess(msgspec.Struct, tag=True):
    request_id: str = ""


class ConfigureFailure(msgspec.Struct, tag=True):
    code: str = "configure_failed"
    description: str = ""


FromServer = Results | SpeechStarted | UtteranceEnd | Metadata | Error | ConfigureSuccess | ConfigureFailure


class FromClient(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    type: Literal["CloseStream", "Configure", "Sync", "KeepAlive", "Finalize"]
    channel: int | None = None
    keyterms: list[str] | None = None
    features: dict[str, bool] | None = None
    processors: dict[str, bool] | None = None
    language_hints: list[str] | None = None


REGIONS = {
    "us": "wss://api.deepgram.com", "eu": "wss://api.eu.deepgram.com", "au": "wss://api.au.deepgram.com",
    "in": "wss://api.in.deepgram.com",
}  # fmt: skip
ENCODINGS: dict[Encoding, str] = {"s16le": "linear16", "f32le": "linear32", "mulaw": "mulaw"}
BOOSTED = codec.Support("approximated", "keywords", "single words are boosted; prompting with terms needs nova-3")
RULES = {
    "language": wire.rule("mapped", "language"),
    "languages": wire.rule(
        "approximated", "language=multi, language_hint", "nova-3 takes the list as hints; other models ignore it",
        put=lambda codes, _: {"language": "multi", "language_hint": list(codes)}, take=lambda o: o.get("language_hint"),
    ),
    "model": wire.rule("mapped", "model"),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.rule(
        "mapped", "channels, multichannel", put=lambda count, _: {"channels": count, "multichannel": count > 1},
        take=lambda o: o.get("channels"),
    ),
    "partials": wire.rule("mapped", "interim_results"),
    "punctuation": wire.rule("mapped", "punctuate"),
    "diarization": wire.rule("mapped", "diarize"),
    "key_terms": wire.rule(
        "mapped", "keyterm", "keywords on models before nova-3",
        judge=lambda _, asked: None if (asked.model or MODEL).startswith("nova-3") else BOOSTED,
        take=lambda o: o.get("keyterm") or o.get("keywords"),
    ),
    "end_of_turn_silence_ms": wire.rule("mapped", "endpointing", take=lambda o: o.get("endpointing") or None),
    "profanity_filter": wire.rule("mapped", "profanity_filter"),
    "redaction": wire.rule(
        "approximated", "redact=pci, ssn, numbers", "masks numbers of cards, people and accounts; names stay",
        put=lambda wanted, _: {"redact": ["pci", "ssn", "numbers"] if wanted else None},
        take=lambda o: bool(o.get("redact")) or None,
    ),
    "filler_words": wire.rule("mapped", "filler_words"),
    "entities": wire.rule("mapped", "detect_entities"),
    "sentiment": wire.only(granted=False, note="not in live sessions"),
    "translate_to": wire.rule("dropped", note="not offered"),
}  # fmt: skip

CLOSES = {
    1008: events.Failed(
        kind="invalid", code="1008 DATA-0000", message="the audio cannot be decoded",
        remedy="check that encoding, sample_rate and channels are those of the audio",
    ),
    1011: events.Failed(
        kind="provider", code="1011", message="", retryable=True,
        remedy="send audio in its true encoding, and keep-alives while there is none",
    ),
}  # fmt: skip
NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)
IDLE = msgspec.structs.replace(CLOSES[1011], message=NET_0001)


class Client(ends.ClientEnd[FromServer]):
    """Turns and partials are kept per channel of audio."""

    messages = wire.Messages(FromServer, "type")
    closes = CLOSES

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._partials: set[int] = set()  # channels on which a partial stands
        self._turns: set[int] = set()  # channels whose turn has finals and no end yet

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return (data,)
            case commands.EndUtterance():
                return ('{"type":"Finalize"}',)
            case commands.KeepAlive():
                return ('{"type":"KeepAlive"}',)
            case commands.Configure(changes=changes) if "key_terms" in changes:
                return (wire.text(FromClient("Configure", keyterms=list(changes["key_terms"]))),)
            case commands.Finish():
                self.finishing = True
                return ('{"type":"CloseStream"}',)
            case _:
                return ()

    def opened(self, headers: Mapping[str, str]) -> Iterable[events.AnyEvent]:
        """No greeting follows: the upgrade is the greeting, and ``dg-request-id`` names the session."""
        return (events.Begun(session_id=headers.get("dg-request-id")),)

    def hear(self, message: FromServer) -> Iterable[events.AnyEvent]:
        match message:
            case Results():
                return self._results(message)
            case SpeechStarted(timestamp=at, channel=channel):
                return (events.SpeechStarted(at=at, channel=_channel(channel)),)
            case UtteranceEnd(last_word_end=at, channel=channel):
                return self._turn_ended(channel, at)
            case Metadata(duration=duration):
                # It has been seen in mid-stream too, where it ends nothing.
                return self.end(audio_seconds=duration) if self.finishing else ()
            case ConfigureSuccess():
                return (events.Notice(code="configured", message="the new settings are in force"),)
            case Error(variant=code, description=said) | ConfigureFailure(code=code, description=said):
                return (events.Notice(code=code, message=said),)

    def _results(self, results: Results) -> Iterable[events.AnyEvent]:
        """A final settles its range even where it holds no text; an empty partial matters only to clear another."""
        heard = results.channel.alternatives[0] if results.channel.alternatives else Alternative("")
        index = results.channel_index[0]
        end = results.start + results.duration
        final = results.is_final or results.speech_final
        if heard.transcript or index in self._partials:
            yield _transcript(results, heard, is_final=final and bool(heard.transcript))
        if final or not heard.transcript:
            self._partials.discard(index)
        else:
            self._partials.add(index)
        if final:
            self._turns |= {index} if heard.transcript else set()
            yield events.Acknowledged(until=end, settled=True)
        if results.speech_final or results.from_finalize:
            yield from self._turn_ended(results.channel_index, end, forced=results.from_finalize)

    def _turn_ended(self, channel: tuple[int, int], at: float, *, forced: bool = False) -> Iterable[events.AnyEvent]:
        """An end is told once: ``UtteranceEnd`` after ``speech_final`` says nothing new."""
        if forced or channel[0] in self._turns:
            self._turns.discard(channel[0])
            yield events.TurnEnded(at=at, forced=forced, channel=_channel(channel))


def _transcript(results: Results, heard: Alternative, *, is_final: bool) -> events.Transcript:
    words = tuple(map(_word, heard.words))
    return events.Transcript(
        is_final=is_final, text=heard.transcript, words=words, channel=_channel(results.channel_index),
        start=words[0].start if words else results.start,
        end=words[-1].end if words else results.start + results.duration,
        confidence=heard.confidence if heard.transcript else None,
    )  # fmt: skip


def _word(word: SpokenWord) -> events.Word:
    speaker = None if word.speaker is None else str(word.speaker)
    return events.Word(word.punctuated_word or word.word, word.start, word.end, word.confidence, speaker, word.language)


def _channel(index: tuple[int, int]) -> int | None:
    return index[0] if index[1] > 1 else None


class Listen(msgspec.Struct, kw_only=True):
    """The query parameters that this end acts on."""

    model: str = MODEL
    language: str | None = None
    encoding: Literal["linear16", "linear32", "mulaw"] | None = None
    sample_rate: Annotated[int, Meta(ge=4000, le=192_000)] | None = None
    channels: Annotated[int, Meta(ge=1, le=20)] = 1
    multichannel: bool = False
    interim_results: bool = False
    utterance_end_ms: Annotated[int, Meta(ge=1000)] | None = None
    endpointing: int | bool | None = None
    vad_events: bool = False
    punctuate: bool = False
    smart_format: bool = False
    diarize: bool = False
    profanity_filter: bool = False
    keyterm: list[str] = []
    keywords: list[str] = []
    redact: list[str] = []


class Server(ends.ServerEnd):
    """A final waits for the next event, to learn whether it ends a turn. Only what the query asked for is said."""

    decoder = msgspec.json.Decoder(FromClient)

    def __init__(self, listen: Listen, request_id: str, created: float) -> None:
        self._listen = listen
        self._settings = wire.settings_of("deepgram", msgspec.structs.asdict(listen), RULES)
        self._request_id = request_id
        self._created = created
        self._digest = hashlib.sha256()
        self._held: events.Transcript | None = None
        self._tiled = 0.0  # seconds up to which finals cover the audio

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Start(self._settings),)

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        """An empty frame is the old way to finish."""
        self._digest.update(data)
        return (commands.Audio(data) if data else commands.Finish(),)

    def command(self, frame: str) -> Iterable[commands.Command]:
        try:
            message = self.decoder.decode(frame)
        except wire.UNREADABLE as error:
            detail = f"Could not deserialize last text message: {error}"
            return (commands.Invalid(events.Notice(code="SchemaError", message=detail, raw=frame)),)
        match message.type:
            case "CloseStream":
                return (commands.Finish(),)
            case "Finalize":
                return (commands.EndUtterance(),)
            case "Configure":
                changes = {} if message.keyterms is None else {"key_terms": tuple(message.keyterms)}
                return (commands.Configure(changes),)
            case _:
                return (commands.KeepAlive(),)

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        held, self._held = self._held, None
        match event:
            case events.TurnEnded(at=at, forced=forced, channel=channel):
                at = self._tiled if at is None else at
                ended = held or events.Transcript(is_final=True, text="", start=at, end=at, channel=channel)
                return (self._results(ended, speech_final=True, from_finalize=forced),)
            case events.Transcript(is_final=True):
                self._held = event
                more: ends.Outgoing = ()
            case _:
                more = self._other(event)
        return (*([] if held is None else [self._results(held)]), *more)

    def _other(self, event: events.AnyEvent) -> ends.Outgoing:
        match event:
            case events.Transcript() if self._listen.interim_results:
                return (self._results(event),)
            case events.SpeechStarted(at=at, channel=channel) if self._listen.vad_events:
                return (wire.text(SpeechStarted(at or 0.0, self._index(channel))),)
            case events.Notice(code="configured"):
                return (wire.text(ConfigureSuccess(self._request_id)),)
            case events.Notice(code=code, message=message, raw=raw):
                return (wire.text(Error(message, code, raw if isinstance(raw, str) else None)),)
            case events.Ended(reported_audio_seconds=seconds):
                return (self._metadata(seconds or 0.0), codec.Closed(1000))
            case events.Failed(message=message):
                return (codec.Closed(1011, message),)
            case _:
                return ()

    def _results(self, heard: events.Transcript, *, speech_final: bool = False, from_finalize: bool = False) -> str:
        """Finals tile the audio: each begins where the one before it ended."""
        start = self._tiled if self._listen.channels == 1 else heard.start or 0.0
        end = max(start, heard.end or start)
        self._tiled = end if heard.is_final else start
        info = {"name": self._listen.model, "version": "emulated", "arch": self._listen.model}
        metadata = {"request_id": self._request_id, "model_info": info, "model_uuid": self._request_id}
        return wire.text(
            Results(
                Channel([self._alternative(heard)]), start, round(end - start, 3), self._index(heard.channel),
                heard.is_final, speech_final, from_finalize, metadata,
            )
        )  # fmt: skip

    def _alternative(self, heard: events.Transcript) -> Alternative:
        display = self._listen.punctuate or self._listen.smart_format
        said = heard.text if display else " ".join(filter(None, map(wire.bare, heard.text.split())))
        words = [self._word(word, display=display) for word in heard.words]
        return Alternative(said, codec.demanded(heard.confidence) if said else 0.0, [w for w in words if w.word])

    def _word(self, word: events.Word, *, display: bool) -> SpokenWord:
        speaker = int(word.speaker) if self._listen.diarize and word.speaker and word.speaker.isdecimal() else None
        return SpokenWord(
            wire.bare(word.text), word.start or 0.0, word.end or 0.0, codec.demanded(word.confidence),
            word.text if display else None, speaker, word.language,
        )  # fmt: skip

    def _index(self, channel: int | None) -> tuple[int, int]:
        return (channel or 0, self._listen.channels if self._listen.multichannel else 1)

    def _metadata(self, seconds: float) -> str:
        channels = self._listen.channels if seconds else 0
        created = wire.timestamp(self._created)
        return wire.text(Metadata(self._request_id, seconds, channels, self._digest.hexdigest(), created))


class Front:
    """Tokens, and the checks that the service makes before the upgrade."""

    def __init__(self, desk: codec.Desk) -> None:
        self._desk = desk
        self._tokens = ends.Tokens(desk)

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """``POST /v1/auth/grant``: a token to open sessions with, good for ``ttl_seconds``."""
        if wire.path_of(request.url) != GRANT:
            return None
        if wire.credential_of(request)[1] not in self._desk.keys:
            return self._refuse(401, "INVALID_AUTH", "Invalid credentials.")
        asked = wire.json_of(request.body).get("ttl_seconds", 30)
        if not isinstance(asked, int | float) or not 1 <= asked <= 3600:
            return self._refuse(400, BAD_QUERY, "Invalid 'ttl_seconds': allowed is 1 to 3600.")
        return wire.json_response(200, {"access_token": self._tokens.issue(asked), "expires_in": asked})

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """Credentials first, then the query; both are refused before the 101."""
        if wire.path_of(request.url) != LISTEN:
            return None
        scheme, credential = wire.credential_of(request)
        if not (credential in self._desk.keys if scheme == "token" else self._tokens.valid(credential)):
            return self._refuse(401, "INVALID_AUTH", "Invalid credentials.")
        try:
            listen = wire.typed_query(wire.query_of(request.url), Listen)
        except wire.BadParameterError as error:
            return self._refuse(400, BAD_QUERY, f"Invalid '{error.name}' value of '{error.value}'.")
        if listen.model.startswith("nova-3") and listen.keywords:
            return self._refuse(400, BAD_QUERY, "Keywords are not supported for Nova-3. Please use `keyterm` instead.")
        if listen.encoding is None or listen.sample_rate is None:
            return self._refuse(
                400, BAD_QUERY, "Raw audio needs encoding and sample_rate; containers are not decoded here."
            )
        request_id = self._desk.new_id()
        offered = scheme if "sec-websocket-protocol" in request.headers else None
        server = Server(listen, request_id, self._desk.now())
        idle = codec.Timer("idle", 12.0, IDLE)
        return codec.Accepted(server, {"dg-request-id": request_id}, offered, timers=(idle,))

    def _refuse(self, status: int, code: str, message: str) -> codec.HttpResponse:
        request_id = self._desk.new_id()
        body = {"err_code": code, "err_msg": message, "request_id": request_id}
        return wire.json_response(status, body, {"dg-error": message, "dg-request-id": request_id})


class Deepgram(ends.TableAdapter):
    """Nova and older models. Speech onsets are asked for, so that they can be told."""

    name = "deepgram"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(ENCODINGS), max_channels=20, configures=("key_terms",),
        keep_alive=4.0,  # the service closes with 1011 after 10 s without a message
        temporary_tokens=True, key_variable="DEEPGRAM_API_KEY", default_endpoint="wss://api.deepgram.com",
        default_model=MODEL, regions=REGIONS,
    )  # fmt: skip
    rules = RULES
    defaults = {"model": MODEL, "vad_events": True}

    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """One upgrade; with ``temporary_token`` a token is fetched first."""
        endpoint = wire.endpoint_of(settings, self.capabilities)
        credential = f"Token {settings.key}"
        if settings.temporary_token:
            headers = {"Authorization": credential, "Content-Type": "application/json"}
            granted = yield codec.HttpRequest("POST", wire.endpoint_url(endpoint, "http", GRANT), headers, b"{}")
            credential = f"Bearer {wire.json_of(granted.body).get('access_token', '')}"
        url = wire.endpoint_url(endpoint, "ws", LISTEN)
        return codec.Dial(f"{url}?{wire.query_string(self.translate(settings).options)}", {"Authorization": credential})

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """The reason stands in the body and again in ``dg-error``."""
        body = wire.json_of(response.body)
        message = body.get("err_msg") or body.get("message") or response.headers.get("dg-error", "")
        return wire.refusal(response, str(message), str(body.get("err_code") or body.get("error_code") or ""))


adapter = Deepgram()
