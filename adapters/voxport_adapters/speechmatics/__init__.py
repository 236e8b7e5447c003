"""Speechmatics real-time speech-to-text, ``/v2``: both ends of the protocol.

Settings travel in ``StartRecognition``; audio may flow once ``RecognitionStarted`` has answered it, and each chunk is
acknowledged. ``EndOfStream`` is answered by the remaining finals, ``EndOfTranscript``, close 1000. What has no event
here (translations, audio events, speaker identifiers) is ``Unknown``.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import Encoding, Settings


class Alternative(msgspec.Struct, omit_defaults=True):
    content: str
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None


class Result(msgspec.Struct, omit_defaults=True):
    type: str
    start_time: float
    end_time: float
    attaches_to: str | None = None
    is_eos: bool | None = None
    alternatives: list[Alternative] = []


class Span(msgspec.Struct, omit_defaults=True):
    start_time: float
    end_time: float
    transcript: str | None = None


class Heard(msgspec.Struct, tag_field="message", omit_defaults=True):
    metadata: Span
    format: str = ""
    results: list[Result] | None = None
    forced: bool = False


class Told(msgspec.Struct, tag_field="message", omit_defaults=True):
    id: str | None = None
    orchestrator_version: str | None = None
    language_pack_info: dict[str, Any] = {}
    seq_no: int = 0
    type: str = ""
    reason: str = ""


HEARD = ("AddTranscript", "AddPartialTranscript", "EndOfUtterance")
TOLD = ("AudioAdded", "RecognitionStarted", "Info", "Warning", "Error", "EndOfTranscript")
FROM_SERVER = {n: msgspec.defstruct(n, [], bases=(Heard if n in HEARD else Told,), tag=n) for n in HEARD + TOLD}
API_KEYS = "/v1/api_keys"
LANGUAGES = set(
    """ar ar_en ba be bg bn ca cmn cmn_en cmn_en_ms_ta cs cy da de el en en_ms en_ta eo es et eu fa fi fr ga gl he hi hr
    hu ia id it ja ko lt lv mn mr ms mt multi nl no pl pt ro ru sk sl sv sw ta th tl tr ug uk ur vi yue""".split()  # noqa: SIM905 -- one a line
)
MARKS = ".,?!;:…。、，？！؟،"  # noqa: RUF001 -- those of other scripts too
ENDS = ".?!…。？！؟"  # noqa: RUF001 -- the same
PACKS = {"zh": "cmn", "nb": "no", "nn": "no", "fil": "tl"}
LOCALES = {"en-gb": "en-GB", "en-us": "en-US", "en-au": "en-AU", "zh-cn": "cmn-Hans", "zh-tw": "cmn-Hant"}
DELIMITERS = {"cmn": "", "ja": ""}
REGIONS = {
    "eu": "wss://eu.rt.speechmatics.com", "us": "wss://us.rt.speechmatics.com",
    "global": "wss://global.rt.speechmatics.com",
}  # fmt: skip
ENCODINGS: dict[Encoding, str] = {"s16le": "pcm_s16le", "f32le": "pcm_f32le", "mulaw": "mulaw"}
CHANGEABLE = {"max_delay", "max_delay_mode", "enable_partials", "audio_filtering_config", "conversation_config"}
BESIDE = {"translation_config", "audio_events_config"}
TRIGGER = "end_of_utterance_silence_trigger"
UNMARKED: dict[str, Any] = {"permitted_marks": []}
DEFAULTS = {"language": "en", "model": "enhanced", "conversation_config": {TRIGGER: 0.5}}  # without it no turn ends


def _language(tag: str) -> dict[str, str]:
    """The language pack for a BCP-47 code, and how to spell what it hears."""
    primary, locale = tag.lower().partition("-")[0], LOCALES.get(tag.lower())
    return {"language": PACKS.get(primary, primary), **({"output_locale": locale} if locale else {})}


RULES = {
    "language": wire.rule(
        "mapped", "language, output_locale", "one language pack serves all regions", put=lambda tag, _: _language(tag),
        take=lambda o: o.get("output_locale") or o["language"]),
    "languages": wire.rule(
        "approximated", "language", "a session has one language pack: that of 'language', else of the first of these",
        put=lambda tags, asked: {} if asked.transcription.language else _language(tags[0]), take=lambda _: None),
    "model": wire.rule("mapped", "model", take=lambda o: o.get("model") or o.get("operating_point")),
    "region": wire.region(REGIONS),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.only(1, "raw audio is mono; channels apart (AddChannelAudio) are not carried"),
    "partials": wire.rule("mapped", "enable_partials", take=lambda o: o.get("enable_partials", False)),
    "punctuation": wire.rule(
        "mapped", "punctuation_overrides", put=lambda wish, _: {} if wish else {"punctuation_overrides": UNMARKED},
        take=lambda o: o.get("punctuation_overrides", {}).get("permitted_marks") != []),
    "diarization": wire.rule("mapped", "diarization", values={True: "speaker", False: "none"}),
    "key_terms": wire.rule(
        "mapped", "additional_vocab", "1000 terms of up to six words; the service warns of those that it drops",
        take=lambda o: [t if isinstance(t, str) else t.get("content") for t in o.get("additional_vocab", ())]),
    "end_of_turn_silence_ms": wire.rule(
        "mapped", "conversation_config", put=lambda ms, _: {"conversation_config": {TRIGGER: min(ms / 1000, 2.0)}},
        judge=lambda ms, _: codec.Support("approximated", "conversation_config", "at most 2 s") if ms > 2000 else None,
        take=lambda o: round(o.get("conversation_config", {}).get(TRIGGER, 0) * 1000) or None),
    "profanity_filter": wire.only(granted=False, note="profanities are tagged in the raw message, never masked"),
    "redaction": wire.only(granted=False, note="the option transcript_filtering_config.replacements masks by pattern"),
    "filler_words": wire.rule(
        "mapped", "transcript_filtering_config.remove_disfluencies",
        put=lambda kept, _: {"transcript_filtering_config": {"remove_disfluencies": not kept}},
        take=lambda o: False if o.get("transcript_filtering_config", {}).get("remove_disfluencies") else None),
    "entities": wire.rule("mapped", "enable_entities"),
    "sentiment": wire.only(granted=False, note="not in live sessions"),
    "translate_to": wire.rule(
        "mapped", "translation_config.target_languages", "one to five, from or to English",
        put=lambda codes, _: {"translation_config": {"target_languages": list(codes)}},
        take=lambda o: o.get("translation_config", {}).get("target_languages")),
}  # fmt: skip

REMEDIES = {"invalid": "correct what the provider names", "provider": "try again later",
            "refused": "check the API key (a temporary one must be of type rt), the plan and its limits"}  # fmt: skip
FAULTS: dict[int, tuple[events.FailureKind, str]] = {  # by close code; the first of the errors is the close's reason
    1003: ("invalid", "protocol_error invalid_message invalid_language invalid_config invalid_audio_type"),
    1008: ("provider", "policy_violation idle_timeout session_timeout"), 4013: ("provider", "job_error"),
    1011: ("provider", "internal_error unknown_error"), 4001: ("refused", "not_authorised"),
    4003: ("refused", "not_allowed"), 4004: ("invalid", "invalid_model"), 4005: ("refused", "quota_exceeded"),
    4006: ("refused", "timelimit_exceeded"),
}  # fmt: skip
NAMES = {close: names.split()[0] for close, (_, names) in FAULTS.items()}
CLOSES = {name: close for close, (_, names) in FAULTS.items() for name in names.split()}
BY_KIND = {"invalid": "invalid_config", "refused": "not_allowed"}


def _failed(code: str, reason: str = "") -> events.Failed:
    close = CLOSES.get(code, 1011)
    kind, pause = FAULTS[close][0], 5.0 if close in {1008, 1011, 4005, 4013} else None  # the service's own advice
    failed = events.Failed(kind=kind, code=code, message=reason, remedy=REMEDIES[kind])
    return msgspec.structs.replace(failed, retryable=bool(pause), retry_after=pause)


class Client(ends.ClientEnd[Heard | Told]):
    """``Acknowledged`` is said about once for each second of audio taken, and settled after each final."""

    messages = wire.Messages(Union[tuple(FROM_SERVER.values())], "message")  # noqa: UP007 -- made of a table
    closes = {close: _failed(name) for close, name in NAMES.items()}

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._options = dict(wire.translate(settings, RULES, DEFAULTS).options)
        self._delimiter = DELIMITERS.get(self._options["language"], " ")
        self._second = settings.audio.bytes_per_second
        self._chunks = self._sent = self._told = 0  # of audio: chunks sent, bytes sent, bytes told to be taken
        self._ends: deque[int] = deque()  # where each chunk that is not acknowledged ends, in bytes
        self._open = self._partial = self._in_turn = False  # what stands: a mark for the next word, a partial, a turn
        self._settled = 0.0

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                self._chunks += 1
                self._sent += len(data)
                self._ends.append(self._sent)
                return (data,)
            case commands.Start():
                return (wire.text(self._start()),)
            case commands.EndUtterance():
                return (wire.text({"message": "ForceEndOfUtterance", "timestamp": self._sent / self._second}),)
            case commands.Configure(changes=changes):
                return self._configure(changes)
            case commands.Finish():
                self.finishing = True
                return (wire.text({"message": "EndOfStream", "last_seq_no": self._chunks}),)
            case _:
                return ()

    def _start(self) -> dict[str, Any]:
        audio = {"type": "raw", **{name: self._options[name] for name in ("encoding", "sample_rate")}}
        config = {name: value for name, value in self._options.items() if name not in BESIDE | audio.keys()}
        beside = {name: value for name, value in self._options.items() if name in BESIDE}
        return {"message": "StartRecognition", "audio_format": audio, "transcription_config": config, **beside}

    def _configure(self, changes: Mapping[str, Any]) -> ends.Outgoing:
        """What stays is sent again: whether leaving it out would reset it is not documented."""
        carried = (RULES[name].carry(value, self.settings)[0] for name, value in changes.items())
        changed = {name: value for options in carried for name, value in options.items() if name in CHANGEABLE}
        self._options = wire.merged(self._options, changed)
        config = {name: value for name, value in self._options.items() if name in {"language", *CHANGEABLE}}
        return (wire.text({"message": "SetRecognitionConfig", "transcription_config": config}),) if changed else ()

    def hear(self, message: Heard | Told) -> Iterable[events.AnyEvent]:
        match type(message).__name__, message:
            case "AudioAdded", _:  # some 70,000 in an hour, and most of them say nothing
                taken = self._ends.popleft() if self._ends else 0
                if taken - self._told < self._second:
                    return ()
                self._told = taken
                return (events.Acknowledged(until=taken / self._second),)
            case "EndOfUtterance", Heard(metadata=span, forced=forced):
                ended, self._in_turn = self._in_turn or forced, False
                return (events.TurnEnded(at=span.end_time, forced=forced),) if ended else ()
            case name, Heard():
                return self._heard(message, is_final=name == "AddTranscript")
            case "RecognitionStarted", Told(orchestrator_version=version, language_pack_info=pack):
                self._delimiter = pack.get("word_delimiter", self._delimiter)
                return (events.Begun(session_id=message.id, details={"version": version, **pack}),)
            case "Error", Told(type=code, reason=reason):
                return self.fail(_failed(code, reason))
            case "EndOfTranscript", _:
                return self.end()
            case _, Told(type=code, reason=reason):
                return (events.Notice(code=code, message=reason),)

    def _heard(self, message: Heard, *, is_final: bool) -> Iterable[events.AnyEvent]:
        # Many finals are empty and only settle audio; the next may begin 0.08 s before the end of one. Empty partials
        # matter only to clear another. The spaces in ``metadata.transcript`` are not to be trusted.
        words, glued, is_open = _join(message.results or (), belongs=self._open)
        span, until = message.metadata, round(message.metadata.end_time - 0.08, 3)
        if words or (self._partial and not is_final):
            self._partial = bool(words) and not is_final
            start, end = (words[0].start, words[-1].end) if words else (span.start_time, span.end_time)
            yield events.Transcript(
                is_final=is_final, text=self._delimiter.join(word.text for word in words), start=start, end=end,
                words=tuple(words), glued=bool(words) and (glued or not self._delimiter),
            )  # fmt: skip
        if is_final and words:
            self._open, self._in_turn = is_open, True
            until = max(until, words[-1].end or 0.0)
        if is_final and until > self._settled:
            self._settled = until
            yield events.Acknowledged(until=until, settled=True)


def _join(results: Iterable[Result], *, belongs: bool = False) -> tuple[list[events.Word], bool, bool]:
    """Words with their marks; whether the first belongs to what came before, and the last to what comes after."""
    words: list[events.Word] = []
    glued = False
    for item in results:
        for said in item.alternatives[:1]:
            attaches = (item.attaches_to or "previous") if item.type == "punctuation" else "none"
            belongs = belongs or attaches in {"previous", "both"}
            glued = glued or (belongs and not words)
            speaker = None if said.speaker == "UU" else said.speaker  # UU: not known
            word = events.Word(said.content, item.start_time, item.end_time, said.confidence, speaker, said.language)
            if belongs and words:
                left = words.pop()
                main = word if left.start == left.end else left  # a mark has no duration
                word = msgspec.structs.replace(main, text=left.text + word.text, end=word.end)
            words.append(word)
            belongs = attaches in {"next", "both"}
    return words, glued, belongs


class Config(msgspec.Struct):  # of ``audio_format`` and ``transcription_config``, what this end acts on
    type: Literal["raw"]
    encoding: Literal["pcm_s16le", "pcm_f32le", "mulaw"]
    sample_rate: int
    language: str
    enable_partials: bool = False
    max_delay: Annotated[float, msgspec.Meta(ge=0.7, le=4)] = 4.0
    diarization: Literal["none", "speaker"] = "none"
    conversation_config: dict[str, Annotated[float, msgspec.Meta(ge=0, le=2)]] = {}
    punctuation_overrides: dict[str, Any] = {}
    additional_vocab: list[str | dict[str, str | Annotated[list[str], msgspec.Meta(min_length=1)]]] = []


class Server(ends.ServerEnd):
    def __init__(self, session_id: str, refused: events.Failed | None) -> None:
        self._session_id, self._refused = session_id, refused
        self._asked: dict[str, Any] = {}
        self._config = Config("raw", "pcm_s16le", 16_000, "en")
        self._begun = self._finished = self._forcing = False
        self._added, self._settled = 0, 0.0

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Invalid(self._refused),) if self._refused else ()

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        if self._finished:
            return _invalid("add_audio_after_eos", "Audio after EndOfStream is ignored.")
        return super().audio(data) if self._begun else _invalid("protocol_error", "AddAudio before RecognitionStarted")

    def command(self, frame: str) -> Iterable[commands.Command]:
        try:
            message = msgspec.json.decode(frame)  # a string, where an SDK has encoded a message twice
            return self._obey(msgspec.json.decode(message) if isinstance(message, str) else message)
        except wire.UNREADABLE as error:
            code = "invalid_config" if isinstance(error, msgspec.ValidationError) else "invalid_message"
            return _invalid(code, str(error))

    def _obey(self, message: object) -> Iterable[commands.Command]:
        match message:
            case {"message": "StartRecognition"} if self._asked:
                return _invalid("protocol_error", "StartRecognition came before")
            case {"message": "StartRecognition", "transcription_config": dict(how), "audio_format": dict(what), **rest}:
                ignored = _invalid("validation_warning", f"not done here: {', '.join(map(str, rest))}") if rest else ()
                return (*ignored, *self._start({**how, **what}))
            case {"message": str(name)} if not self._begun:
                return _invalid("protocol_error", f"{name} cannot begin a session")
            case {"message": "SetRecognitionConfig", "transcription_config": dict(config)}:
                return self._configure(config)
            case {"message": "ForceEndOfUtterance"}:
                self._forcing = True
                return (commands.EndUtterance(),)
            case {"message": "EndOfStream"}:  # clients count in different ways: their number is not checked
                self._finished = True
                return (commands.Finish(),)
            case _:
                return _invalid("unsupported", "a message that is not understood here was ignored")

    def _start(self, asked: dict[str, Any]) -> Iterable[commands.Command]:
        if asked.get("type") == "file":
            return _invalid("invalid_audio_type", "containers are not decoded here: send raw audio")
        self._asked, self._config = asked, msgspec.convert(asked, Config)
        if self._config.language not in LANGUAGES:
            return _invalid("invalid_model", f"Language {self._config.language} is not available.")
        return (commands.Start(wire.settings_of("speechmatics", asked, RULES)),)

    def _configure(self, config: Mapping[str, Any]) -> Iterable[commands.Command]:
        changed = {name: value for name, value in config.items() if self._asked.get(name) != value}
        if changed.keys() - CHANGEABLE:
            return _invalid("invalid_config", f"cannot change: {', '.join(sorted(changed.keys() - CHANGEABLE))}")
        self._config = msgspec.convert({**self._asked, **changed}, Config)
        self._asked |= changed
        found = {name: RULES[name].recover(config) for name in ("partials", "end_of_turn_silence_ms")}
        return (commands.Configure({name: value for name, value in found.items() if value is not None}),)

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        match event:
            case events.Begun():
                return (self._greeting(),)
            case events.Acknowledged(settled=False):
                self._added += 1  # one for each chunk
                return (_text("AudioAdded", seq_no=self._added),)
            case events.Transcript(is_final=True):
                return self._final(event)
            case events.Transcript() if self._config.enable_partials:
                return (self._said("AddPartialTranscript", event),)
            case events.TurnEnded(at=at):
                forced, self._forcing = event.forced or self._forcing, False
                span = Span(at or self._settled, at or self._settled)
                wanted = forced or self._config.conversation_config.get(TRIGGER)
                return (_text("EndOfUtterance", metadata=span, format="2.9", forced=forced),) if wanted else ()
            case events.Notice(code=code, message=reason):
                return (_text("Warning", type=code, reason=reason),)
            case events.Ended():
                return (_text("EndOfTranscript"), codec.Closed(1000))
            case events.Failed(kind=kind, code=code, message=reason):
                known = code if code in CLOSES else BY_KIND.get(kind, "job_error")
                return (_text("Error", type=known, reason=reason), codec.Closed(CLOSES[known], NAMES[CLOSES[known]]))
            case _:
                return ()

    def _greeting(self) -> str:
        self._begun, pack = True, self._config.language
        info = {  # exactly five keys: one SDK forbids others
            "adapted": bool(self._config.additional_vocab), "itn": True, "word_delimiter": DELIMITERS.get(pack, " "),
            "writing_direction": "right-to-left" if pack in {"ar", "fa", "he", "ug", "ur"} else "left-to-right",
            "language_description": {"en": "English"}.get(pack, pack),
        }  # fmt: skip
        return _text("RecognitionStarted", id=self._session_id, language_pack_info=info)

    def _final(self, heard: events.Transcript) -> ends.Outgoing:
        final = self._said("AddTranscript", heard)
        self._settled = max(self._settled, heard.end or 0.0)
        rest = self._said("AddPartialTranscript", events.Transcript(is_final=False, text=""))
        return (final, rest) if self._config.enable_partials else (final,)  # clients wait for the rest

    def _said(self, name: str, heard: events.Transcript) -> str:
        words = heard.words or ([events.Word(heard.text, heard.start, heard.end)] if heard.text else ())
        results = [result for word in words for result in self._results(word)]
        space = DELIMITERS.get(self._config.language, " ")
        text = space.join(word.text for word in _join(results)[0]) + (space if heard.is_final and results else "")
        span = Span(self._settled, max(self._settled, heard.end or 0.0), text)
        return _text(name, metadata=span, format="2.9", results=results, forced=heard.is_final and self._forcing)

    def _results(self, word: events.Word) -> Iterable[Result]:
        pack = self._config.language
        label = (word.speaker or "UU") if self._config.diarization == "speaker" else None
        start, end = word.start or 0.0, word.end or word.start or 0.0
        core, sure = word.text.rstrip(MARKS), codec.demanded(word.confidence)
        if core:
            yield Result("word", start, end, None, None, [Alternative(core, sure, pack, label)])
        for mark in "" if self._config.punctuation_overrides == UNMARKED else word.text[len(core) :]:
            yield Result("punctuation", end, end, "previous", mark in ENDS, [Alternative(mark, 1.0, pack, label)])


def _text(name: str, **fields: Any) -> str:
    return wire.text(FROM_SERVER[name](**fields))


def _invalid(code: str, reason: str) -> tuple[commands.Command, ...]:
    return (commands.Invalid(_failed(code, reason) if code in CLOSES else events.Notice(code=code, message=reason)),)


class Front(ends.Tokens):
    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """``POST /v1/api_keys?type=rt``: a temporary key. One of another type opens no session here."""
        if wire.path_of(request.url) != API_KEYS:
            return None
        if wire.credential_of(request)[1] not in self._desk.keys:
            return wire.json_response(403, {"code": 403, "error": "Forbidden"})
        ttl = wire.json_of(request.body).get("ttl")
        if not isinstance(ttl, int) or not 60 <= ttl <= 86_400:
            message = "ttl in body should be greater than or equal to 60 and less than or equal to 86400"
            return wire.json_response(422, {"code": 422, "message": message})
        key = self.issue(ttl) if wire.query_of(request.url).get("type") == ["rt"] else self._desk.new_id()
        return wire.json_response(201, {"apikey_id": None, "key_value": key})

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        # A bad jwt is refused in-band, as browsers saw it, which cannot read a status; a bad header as documented.
        path = wire.path_of(request.url)
        if path != "/v2" and path.removeprefix("/v2/") not in LANGUAGES:
            return None
        jwt = wire.query_of(request.url).get("jwt")
        credential = jwt[-1] if jwt else wire.credential_of(request)[1]
        valid = credential in self._desk.keys or self.valid(credential)
        if not valid and not jwt:
            return wire.json_response(401, {"code": 401, "error": "Unauthorized"})
        server = Server(self._desk.new_id(), None if valid else _failed("not_authorised", "Not Authorized"))
        idle = codec.Timer("no_audio", 3600.0, _failed("idle_timeout", "an hour without audio"))
        return codec.Accepted(server, timers=(idle,))


class Speechmatics(ends.TableAdapter):
    name = "speechmatics"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(ENCODINGS), audio_before_begun=False, max_session=48 * 3600.0,
        tells_speech_start=False, acknowledges=True, configures=("partials", "end_of_turn_silence_ms"),
        temporary_tokens=True, regions=REGIONS,
        key_variable="SPEECHMATICS_API_KEY", default_endpoint="wss://eu.rt.speechmatics.com", default_model="enhanced",
    )  # fmt: skip
    rules = RULES
    defaults = DEFAULTS
    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """Temporary keys come from the cloud's management host or, where ``endpoint`` is another's, from there."""
        endpoint = re.sub(r"/v2(/\w*)?$", "", wire.endpoint_of(settings, self.capabilities))
        key = settings.key
        if settings.temporary_token:
            host = "https://mp.speechmatics.com" if ".speechmatics.com" in endpoint else endpoint
            url = f"{wire.endpoint_url(host, 'http', API_KEYS)}?type=rt"
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            issued = yield codec.HttpRequest("POST", url, headers, b'{"ttl":60}')
            key = str(wire.json_of(issued.body).get("key_value", ""))
        return codec.Dial(wire.endpoint_url(endpoint, "ws", "/v2"), {"Authorization": f"Bearer {key}"})

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        body = wire.json_of(response.body)
        return wire.refusal(response, str(body.get("message") or body.get("detail") or body.get("error") or ""))


adapter = Speechmatics()
