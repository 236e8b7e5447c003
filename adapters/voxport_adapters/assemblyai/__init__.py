"""AssemblyAI Universal-Streaming v3, ``/v3/ws``: both ends of the protocol.

Settings travel in the query, audio in binary frames, messages as JSON in text frames, times in milliseconds. Refusals
come after the upgrade, as ``Error`` and a close with the same code. A ``Turn`` is replaced as a whole until its
``end_of_turn``. ``Terminate`` is answered by the open ``Turn``, ``Termination``, close 1000.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport.timeline import texts
from voxport_adapters.assemblyai.request import (
    CHANGEABLE,
    REGIONS,
    RULES,
    U3,
    US,
    Stream,
    changes_of,
    is_u3,
    model_of,
    read,
    update_of,
)

STREAM, TOKENS, VERSION = "/v3/ws", "/v3/token", "2025-05-12"
LONGEST = 10_800  # seconds of a session
BAD_INPUT = "User Input Validation Error: "
DETAILS = "See Error message for details"


class SpokenWord(msgspec.Struct, omit_defaults=True):
    text: str
    start: float
    end: float
    confidence: float
    word_is_final: bool
    speaker: str | None = None


class Begin(msgspec.Struct, tag=True):
    id: str
    expires_at: float
    configuration: dict[str, Any] | None = None


class SpeechStarted(msgspec.Struct, tag=True):
    timestamp: float
    confidence: float = codec.ABSENT_CONFIDENCE  # clients do without it


class Turn(msgspec.Struct, tag=True, omit_defaults=True):
    turn_order: int
    turn_is_formatted: bool
    end_of_turn: bool
    transcript: str
    end_of_turn_confidence: float
    words: list[SpokenWord]
    utterance: str | None = None
    language_code: str | None = None
    speaker_label: str | None = None


class Termination(msgspec.Struct, tag=True):
    audio_duration_seconds: float | None = None
    session_duration_seconds: float | None = None


class Error(msgspec.Struct, tag=True):
    error: str
    error_code: int | None = None


class Warned(msgspec.Struct, tag="Warning"):
    warning: str
    warning_code: int


class Heartbeat(msgspec.Struct, tag=True):
    total_audio_received_ms: float


class Silence(msgspec.Struct, tag=True):
    end_ms: float


class SpeakerRevision(msgspec.Struct, tag=True):
    revisions: list[dict[str, Any]] = []


class LLMGatewayResponse(msgspec.Struct, tag=True):
    turn_order: int


Aside = Warned | Heartbeat | Silence | SpeakerRevision | LLMGatewayResponse
FromServer = Begin | SpeechStarted | Turn | Termination | Error | Aside

COMMANDS: Mapping[str, commands.Command] = {
    "Terminate": commands.Finish(), "ForceEndpoint": commands.EndUtterance(), "KeepAlive": commands.KeepAlive(),
}  # fmt: skip
FAULTS: dict[int, tuple[events.FailureKind, bool, str]] = {
    1008: ("refused", False, "check the API key or token, and the account"),
    3006: ("invalid", False, "correct the setting or message that the provider names"),
    3007: ("invalid", False, "send 50 to 1000 ms a message at the pace of speech, in its true encoding"),
    3008: ("refused", False, "a session may not last longer; start another"),
    3009: ("refused", True, "wait; the account limits the new sessions in a minute"),
}


def _failed(code: int, text: str) -> events.Failed:
    """Too many sessions are told by 1008 or 3009; all faults but these are worth another try."""
    key = 3009 if "concurrent sessions" in text else code
    kind, retryable, remedy = FAULTS.get(key, ("provider", True, "try again later; see the provider's status page"))
    message = text or f"closed with {code}"
    return events.Failed(kind=kind, code=str(code), message=message, remedy=remedy, retryable=retryable)


def _refused(code: int, text: str) -> tuple[commands.Invalid]:
    return (commands.Invalid(_failed(code, text)),)


class Client(ends.ClientEnd[FromServer]):
    """A final that is still to be formatted waits for its formatted twin, or for whatever comes instead."""

    messages = wire.Messages(FromServer, "type")

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._model = model_of(settings)
        self._formats = bool(wire.translate(settings, RULES, {}).options.get("format_turns"))
        self._held: Turn | None = None
        self._onset = self._told = -1  # the last turns whose start and whose final have been told
        self._partial = False  # one stands
        self._open = False  # something was said that no final has settled

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return (data,)
            case commands.Configure(changes=changes):
                update = update_of(changes, self.settings)
                return (wire.text({"type": "UpdateConfiguration", **update}),) if update else ()
            case _:
                self.finishing = self.finishing or isinstance(command, commands.Finish)
                return [wire.text({"type": name}) for name, meaning in COMMANDS.items() if meaning == command]

    def hear(self, message: FromServer) -> Iterable[events.AnyEvent]:
        match message:
            case Begin(id=session_id, expires_at=at, configuration=details):
                return (events.Begun(session_id=session_id, expires_at=at, details=details or {}),)
            case SpeechStarted(timestamp=at):
                self._open = True
                return (events.SpeechStarted(at=at / 1000),)
            case Turn():
                return self._turn(message)
            case Termination(audio_duration_seconds=audio, session_duration_seconds=session):
                return (*self._release(), *self.end(audio, session))
            case Error(error=text, error_code=code):
                return (*self._release(), *self.fail(_failed(code or 3005, text)))
            case _:
                return (self._aside(message),)

    def _aside(self, message: Aside) -> events.AnyEvent:
        """What a client must have asked for, warnings apart."""
        match message:
            case Warned(warning=text, warning_code=code):
                return events.Notice(code=str(code), message=text)
            case Heartbeat(total_audio_received_ms=until):
                return events.Acknowledged(until=until / 1000)
            case Silence(end_ms=until):
                return events.Acknowledged(until=until / 1000, settled=not self._open)
            case LLMGatewayResponse(turn_order=order):
                return events.Notice(code="llm_gateway", message=f"a language model has answered turn {order}")
            case SpeakerRevision(revisions=revisions):
                turns = ", ".join(str(revision.get("turn_order")) for revision in revisions)
                return events.Notice(code="speaker_revision", message=f"turns {turns} have other speakers than told")

    def closed(self, code: int | None, reason: str) -> Iterable[events.AnyEvent]:
        """A bare close means what an ``Error`` with its code would have meant."""
        yield from self._release()
        if code in FAULTS:
            yield from self.fail(_failed(code, reason.removeprefix(DETAILS)))
        yield from super().closed(code, reason)

    def _turn(self, turn: Turn) -> Iterable[events.AnyEvent]:
        if self._held and turn.turn_order > self._held.turn_order:
            yield from self._release()
        if turn.turn_order <= self._told:
            return  # the twin of a final that has been told
        self._open = True
        if turn.words and turn.turn_order > self._onset and not is_u3(self._model):
            self._onset = turn.turn_order
            yield events.SpeechStarted(at=turn.words[0].start / 1000)
        if not turn.end_of_turn:
            # On the older models the transcript leaves out the word that is still being said.
            joined = " ".join(word.text for word in turn.words) if self._model in US else ""
            yield from self._replace(turn, (joined or turn.transcript).strip())
            return
        self._held = turn
        if turn.turn_is_formatted or not self._formats:
            yield from self._release()

    def _replace(self, turn: Turn, text: str) -> Iterable[events.AnyEvent]:
        stood, self._partial = self._partial, bool(text)
        return (_transcript(turn, text, is_final=False),) if text or stood else ()

    def _release(self) -> Iterable[events.AnyEvent]:
        """Tell the final that is held. An empty one settles the audio of its words, and ends no turn."""
        turn, self._held = self._held, None
        if turn is None:
            return ()
        self._told, self._open = turn.turn_order, False
        text, end = turn.transcript.strip(), turn.words[-1].end / 1000 if turn.words else None
        if not text:
            settled = () if end is None else (events.Acknowledged(until=end, settled=True),)
            return (*self._replace(turn, ""), *settled)
        self._partial = False
        ended = events.TurnEnded(at=end, confidence=turn.end_of_turn_confidence)
        return (_transcript(turn, text, is_final=True), ended)


def _transcript(turn: Turn, text: str, *, is_final: bool) -> events.Transcript:
    said = turn.words if text else []
    words = tuple(events.Word(w.text, w.start / 1000, w.end / 1000, w.confidence, _speaker(w.speaker)) for w in said)
    return events.Transcript(
        is_final=is_final, text=text, words=words, language=turn.language_code, speaker=_speaker(turn.speaker_label),
        start=words[0].start if words else None, end=words[-1].end if words else None,
    )  # fmt: skip


def _speaker(label: str | None) -> str | None:
    return None if label == "UNKNOWN" else label


class Server(ends.ServerEnd):
    """Finals wait for the end of their turn. What is refused is refused in-band."""

    def __init__(self, desk: codec.Desk, stream: Stream, version: str, refusal: events.Failed | None) -> None:
        self._u3 = is_u3(stream.speech_model)
        self._settings = wire.settings_of("assemblyai", msgspec.structs.asdict(stream), RULES)
        self._id, self._now, self._started = desk.new_id(), desk.now, desk.now()
        self._asked, self._version, self._refusal = stream, version, refusal
        self._audio = self._short = 0.0  # milliseconds in all, and in too short messages since the last good one
        self._finals: list[events.Transcript] = []
        self._order = 0
        self._speech = False  # the turn has begun

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Invalid(self._refusal) if self._refusal else commands.Start(self._settings),)

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        """One message too long is refused; short ones are borne for about a second."""
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
                try:
                    return (commands.Configure(changes_of(message)),)
                except ValueError as error:
                    return _refused(3006, f"{BAD_INPUT}{error}")
            case {"type": str(kind)} if kind in COMMANDS:
                return (COMMANDS[kind],)
            case {"type": kind}:
                return _refused(3006, f"{BAD_INPUT}Invalid Message Type: {kind}")
            case _:
                return _refused(3006, f"Invalid Message: {frame}")

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        """Some clients fail on what they did not opt in to, so none of that is said."""
        match event:
            case events.Begun():
                return (self._begin(),)
            case events.SpeechStarted(at=at):
                return self._begin_turn(at)
            case events.Transcript(is_final=True):
                self._finals.append(event)
                return self._begin_turn(event.start)
            case events.Transcript(text=text) if text or self._speech:
                partial = (self._turn([*self._finals, event]),) if self._settings.transcription.partials else ()
                return (*self._begin_turn(event.start), *partial)
            case events.TurnEnded(confidence=confidence):
                return self._end_turn(codec.demanded(confidence))
            case events.Ended(reported_audio_seconds=heard):
                # What is billed is rounded up: an instant session has been told as 1 s.
                audio = round(self._audio / 1000 if heard is None else heard)
                last = wire.text(Termination(audio, math.ceil(self._now() - self._started)))
                return (*self._end_turn(1), last, codec.Closed(1000, "Session Ended"))
            case events.Notice(code=code, message=message) if code.isdecimal():
                return (wire.text(Warned(message, int(code))),)
            case events.Failed(kind=kind, code=code, message=message, retryable=retryable):
                ours = {"refused": 3009 if retryable else 1008, "invalid": 3006}.get(kind, 3005)
                number = int(code) if code.isdecimal() and int(code) in FAULTS else ours
                return (wire.text(Error(message, number)), codec.Closed(number, DETAILS))
            case _:
                return ()

    def _begin(self) -> str:
        """The service echoes a few settings."""
        names = ("speaker_labels", "redact_pii", "filter_profanity", "domain", "voice_focus")
        told: dict[str, Any] = {"model": self._asked.speech_model, "mode": self._asked.mode if self._u3 else None}
        told |= {"api_version": self._version, **{name: getattr(self._asked, name) for name in names}}
        return wire.text(Begin(self._id, int(self._started) + LONGEST, told))

    def _begin_turn(self, at: float | None) -> ends.Outgoing:
        """An onset is told once in a turn, before all else of it."""
        begun, self._speech = self._speech, True
        return () if begun or not self._u3 else (wire.text(SpeechStarted(_ms(at))),)

    def _end_turn(self, confidence: float) -> ends.Outgoing:
        """A turn without text is none."""
        if not self._finals:
            return ()
        turn = self._turn(self._finals, confidence)
        self._finals, self._speech, self._order = [], False, self._order + 1
        return (turn,)

    def _turn(self, parts: Sequence[events.Transcript], confidence: float | None = None) -> str:
        """The turn so far or, with ``confidence``, at its end, where language and speaker are told too."""
        ended, asked = confidence is not None, self._asked
        text = texts(msgspec.structs.replace(part, is_final=True) for part in parts).strip()
        if not asked.format_turns:
            text = " ".join(filter(None, map(wire.bare, text.split())))
        words = [self._word(word, part, ended=ended) for part in parts for word in part.words]
        language = next((part.language for part in reversed(parts) if part.language), None)
        speaker = next((word.speaker for word in words if word.speaker), "UNKNOWN")
        return wire.text(
            Turn(
                self._order, ended and asked.format_turns, ended, text, confidence or 0, [w for w in words if w.text],
                text if ended else "", language if ended and asked.language_detection else None,
                speaker if ended and asked.speaker_labels else None,
            )
        )  # fmt: skip

    def _word(self, word: events.Word, part: events.Transcript, *, ended: bool) -> SpokenWord:
        start = _ms(part.start if word.start is None else word.start)
        return SpokenWord(
            word.text if self._asked.format_turns else wire.bare(word.text), start, max(start, _ms(word.end)),
            codec.demanded(word.confidence), ended, word.speaker if ended and self._asked.speaker_labels else None,
        )  # fmt: skip


def _ms(seconds: float | None) -> int:
    return round(1000 * (seconds or 0.0))


class Front:
    """Tokens, and upgrades that are all granted: the server refuses in-band."""

    def __init__(self, desk: codec.Desk) -> None:
        self._desk = desk
        self._tokens = ends.Tokens(desk)

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """``GET /v3/token``: a token to open sessions with, good for ``expires_in_seconds``."""
        if wire.path_of(request.url) != TOKENS or request.method != "GET":
            return None
        key = wire.credential_of(request)[1]
        if not key:
            return _unprocessable(["header", "authorization"], None, "missing", {})
        if key not in self._desk.keys:
            return wire.json_response(401, {"error": "Invalid API key"})
        sent = wire.query_of(request.url).get("expires_in_seconds", [""])[-1]
        seconds = int(sent[:9]) if sent.isdecimal() else 0
        if not 1 <= seconds <= 600:
            wrong = ("less_than_equal", {"le": 600}) if seconds else ("greater_than_equal", {"ge": 1})
            return _unprocessable(["query", "expires_in_seconds"], sent, *(wrong if sent else ("missing", {})))
        return wire.json_response(200, {"token": self._tokens.issue(seconds), "expires_in_seconds": seconds})

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """The credential first, then the query. Self-hosted services are asked for ``/``."""
        path = wire.path_of(request.url)
        if path and not path.endswith(STREAM):
            return None
        query, stream = wire.query_of(request.url), Stream()
        refusal = self._refusal(request.headers.get("authorization") or query.get("token", [""])[-1])
        version = request.headers.get("assemblyai-version", VERSION)
        try:
            stream = stream if refusal else read(query)
            server = Server(self._desk, stream, version, refusal)
        except ValueError as error:
            server = Server(self._desk, Stream(), version, _failed(3006, f"{BAD_INPUT}{error}"))
        idle = stream.inactivity_timeout
        why = f"Session terminated due to inactivity: No messages received for {idle} seconds"
        return codec.Accepted(server, timers=(codec.Timer("idle", idle, _failed(3006, why)),) if idle else ())

    def _refusal(self, credential: str) -> events.Failed | None:
        """The key or a token stands as it is in either place; ``Bearer`` is refused."""
        if credential in self._desk.keys or self._tokens.valid(credential):
            return None
        why = "Signature has expired" if self._tokens.known(credential) else "Invalid API key"
        return _failed(1008, f"Unauthorized Connection: {why if credential else 'Missing Authorization header'}")


def _unprocessable(place: list[str], sent: str | None, kind: str, bounds: Mapping[str, int]) -> codec.HttpResponse:
    detail = {"type": kind, "loc": place, "msg": kind.replace("_", " "), "input": sent, "ctx": bounds}
    return wire.json_response(422, {"detail": [detail]})


class AssemblyAI(ends.TableAdapter):
    """Every model of Universal-Streaming. Nothing ends an idle session unless ``inactivity_timeout`` asks for that, and
    then keep-alives would keep it from ending: none are sent.
    """

    name = "assemblyai"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(RULES["encoding"].values), sample_rate_range=(8000, 96_000),
        chunk_seconds=(0.05, 1.0), max_session=float(LONGEST), configures=CHANGEABLE, temporary_tokens=True,
        key_variable="ASSEMBLYAI_API_KEY", default_endpoint="wss://streaming.assemblyai.com", default_model=U3,
        billed_by="session", regions=REGIONS, answers_regularly=False,
    )  # fmt: skip
    rules = RULES
    defaults = {"speech_model": U3}

    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """One upgrade; with ``temporary_token`` a token is fetched first. Lists and mappings travel as JSON."""
        endpoint = wire.endpoint_of(settings, self.capabilities)
        headers, options = {"AssemblyAI-Version": VERSION, "Authorization": settings.key}, {}
        if settings.temporary_token:
            url = f"{wire.endpoint_url(endpoint, 'http', TOKENS)}?expires_in_seconds=60"
            issued = yield codec.HttpRequest("GET", url, {"Authorization": headers.pop("Authorization")})
            options["token"] = wire.json_of(issued.body).get("token", "")
        for name, value in self.translate(settings).options.items():
            options[name] = wire.text(value) if isinstance(value, list | tuple | dict) else value
        return codec.Dial(f"{wire.endpoint_url(endpoint, 'ws', STREAM)}?{wire.query_string(options)}", headers)

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """Tokens are refused so, as FastAPI does or with ``error``; upgrades only by what stands in front."""
        body = wire.json_of(response.body)
        detail = body.get("detail")
        said = [f"{item.get('loc')}: {item.get('msg')}" for item in detail] if isinstance(detail, list) else detail
        return wire.refusal(response, str(body.get("error") or said or ""), str(body.get("code") or ""))


adapter = AssemblyAI()
