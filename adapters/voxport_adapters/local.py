"""The local recogniser as a provider: no network, no key.

Its protocol is voxport's own words as JSON, one message a frame; audio goes in binary frames. It is spoken inside one
process, and held to the same contract as the others.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import AudioSettings, Settings, Transcription

MODEL = "moonshine"


class StartMessage(msgspec.Struct, tag="start", tag_field="command"):
    transcription: Transcription
    audio: AudioSettings
    model: str


class ConfigureMessage(msgspec.Struct, tag="configure", tag_field="command"):
    changes: dict[str, Any]
    options: dict[str, Any] = {}


class PlainMessage(msgspec.Struct, tag="plain", tag_field="command"):
    """A command without content, by ``name``."""

    name: str


FromClient = StartMessage | ConfigureMessage | PlainMessage

PLAIN: dict[str, commands.Command] = {
    "end_utterance": commands.EndUtterance(),
    "keep_alive": commands.KeepAlive(),
    "finish": commands.Finish(),
}
NAMES = {type(command): name for name, command in PLAIN.items()}

HEARD_BY_ITSELF = "the recogniser decides"
NOT_ENGLISH = codec.Support("dropped", note="the models inside the packages are English")
RULES = {
    "language": wire.rule(
        "mapped", note="English only", put=lambda _code, _settings: {}, take=lambda _options: None,
        judge=lambda code, _: None if code.lower().startswith("en") else NOT_ENGLISH,
    ),
    "languages": wire.rule("dropped", note=NOT_ENGLISH.note),
    "model": wire.rule("mapped", "recogniser"),
    "region": wire.rule("dropped", note="this machine"),
    "sample_rate": wire.rule("mapped", "sample_rate"),
    "encoding": wire.rule("mapped", "encoding"),
    "channels": wire.rule("mapped", "channels"),
    "partials": wire.rule("mapped", "partials"),
    "punctuation": wire.rule("dropped", note=HEARD_BY_ITSELF),
    "diarization": wire.rule("dropped", note="it does not tell speakers apart"),
    "key_terms": wire.rule("dropped", note="its vocabulary is fixed"),
    "end_of_turn_silence_ms": wire.rule("dropped", note=HEARD_BY_ITSELF),
    "profanity_filter": wire.rule("dropped", note="it does not filter"),
    "redaction": wire.rule("dropped", note="it does not redact"),
    "filler_words": wire.rule("dropped", note=HEARD_BY_ITSELF),
    "entities": wire.rule("dropped", note="it does not tell them"),
    "sentiment": wire.rule("dropped", note="it does not judge"),
    "translate_to": wire.rule("dropped", note="it does not translate"),
}  # fmt: skip


class Client(ends.ClientEnd[events.AnyEvent]):
    messages = wire.Messages(events.AnyEvent, "event")

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return (data,)
            case commands.Start(settings=settings):
                model = settings.model or MODEL
                return (wire.text(StartMessage(settings.transcription, settings.audio, model)),)
            case commands.Configure(changes=changes, options=options):
                return (wire.text(ConfigureMessage(dict(changes), dict(options))),)
            case commands.Finish():
                self.finishing = True
        return (wire.text(PlainMessage(NAMES[type(command)])),)

    def hear(self, message: events.AnyEvent) -> Iterable[events.AnyEvent]:
        return self._last(message) if isinstance(message, events.Ended | events.Failed) else (message,)


class Server(ends.ServerEnd):
    messages = wire.Messages[FromClient](FromClient, "command")

    def command(self, frame: str) -> Iterable[commands.Command]:
        match self.messages.decode(frame):
            case StartMessage(transcription=transcription, audio=audio, model=model):
                asked = Settings(provider="local", transcription=transcription, audio=audio, model=model)
                return (commands.Start(asked),)
            case ConfigureMessage(changes=changes, options=options):
                return (commands.Configure(changes, options),)
            case PlainMessage(name=name) if name in PLAIN:
                return (PLAIN[name],)
            case other:
                return (commands.Invalid(events.Notice(code="malformed", message=f"not understood: {other!r}")),)

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        last = (codec.Closed(1000),) if isinstance(event, events.Ended | events.Failed) else ()
        return (wire.text(event), *last)


class Front:
    def __init__(self, desk: codec.Desk) -> None:
        self._desk = desk

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        return None

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """Only from inside the process."""
        return codec.Accepted(Server()) if request.url.startswith("local:") else None


class Local(ends.TableAdapter):
    """``model`` selects the recogniser."""

    name = "local"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES),
        encodings=("s16le", "f32le", "mulaw"),
        sample_rate_range=(8000, 192_000),
        max_channels=8,
        audio_before_begun=False,
        acknowledges=True,
        needs_key=False,
        default_model=MODEL,
        answers_regularly=False,
        billed_by="nothing",
    )
    rules = RULES
    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """Nothing to ask; the dial names the recogniser."""
        return codec.Dial(f"local:{settings.model or MODEL}")
        yield  # what makes it the generator that the interface asks for

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        return wire.refusal(response, "")


adapter = Local()
