"""What a client may ask for: ``StartRecognition`` and its changes, checked as the service checks them.

Fields that nobody knows are ignored: the real service refuses them, but its own SDKs send some that are undocumented.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from voxport import wire
from voxport.events import Failed, Notice
from voxport.settings import Settings
from voxport_adapters.speechmatics import faults, languages
from voxport_adapters.speechmatics.protocol import StartRecognition
from voxport_adapters.speechmatics.rules import BESIDE, CHANGEABLE, CHANNELS, MELIA, RULES
from voxport_adapters.speechmatics.text import Style

Share = Annotated[float, Meta(ge=0, le=1)]
Named = Annotated[str, Meta(min_length=1)]


class AudioFormat(msgspec.Struct, frozen=True):
    type: Literal["raw", "file"]
    encoding: Literal["pcm_s16le", "pcm_f32le", "mulaw"] | None = None
    # No range is published; this is that of voxport's own settings.
    sample_rate: Annotated[int, Meta(ge=4000, le=192_000)] | None = None


class KnownSpeaker(msgspec.Struct, frozen=True):
    label: Named
    speaker_identifiers: Annotated[list[str], Meta(min_length=1)]


class SpeakerDiarization(msgspec.Struct, frozen=True):
    max_speakers: Annotated[int, Meta(ge=2, le=100)] | None = None
    speaker_sensitivity: Share = 0.5
    prefer_current_speaker: bool = False
    get_speakers: bool = False
    speakers: list[KnownSpeaker] = []


class Term(msgspec.Struct, frozen=True):
    content: Named
    sounds_like: Annotated[list[Named], Meta(min_length=1)] = []


class Punctuation(msgspec.Struct, frozen=True):
    permitted_marks: tuple[str, ...] = ("all",)
    sensitivity: Share = 0.5


class Conversation(msgspec.Struct, frozen=True):
    end_of_utterance_silence_trigger: Annotated[float, Meta(ge=0, le=2)] = 0.0


class AudioFiltering(msgspec.Struct, frozen=True):
    volume_threshold: Annotated[float, Meta(ge=0, le=100)] = 0.0


class Replacement(msgspec.Struct, frozen=True, rename={"old": "from", "new": "to"}):
    old: Named
    new: str


class TranscriptFiltering(msgspec.Struct, frozen=True):
    remove_disfluencies: bool = False
    replacements: list[Replacement] = []


class TranscriptionConfig(msgspec.Struct, frozen=True):
    language: Named
    model: str | None = None
    operating_point: str | None = None
    domain: str | None = None
    output_locale: Named | None = None
    enable_partials: bool = False
    max_delay: Annotated[float, Meta(ge=0.7, le=4)] = 4.0
    max_delay_mode: Literal["flexible", "fixed"] = "flexible"
    # On by default says one page of the documentation, off another; entities are told to those who ask.
    enable_entities: bool = False
    diarization: Literal["none", "speaker", "channel", "channel_and_speaker"] = "none"
    speaker_diarization_config: SpeakerDiarization = SpeakerDiarization()
    channel_diarization_labels: list[Named] = []
    additional_vocab: list[Named | Term] = []
    punctuation_overrides: Punctuation = Punctuation()
    conversation_config: Conversation = Conversation()
    audio_filtering_config: AudioFiltering | None = None
    transcript_filtering_config: TranscriptFiltering = TranscriptFiltering()
    language_hints: list[Named] = []
    language_hints_strict: bool = False
    emit_sentences: bool = False
    streaming_mode: bool = False
    ctrl: dict[str, Any] = {}

    @property
    def by_channel(self) -> bool:
        """Audio comes channel by channel."""
        return self.diarization.startswith("channel")

    @property
    def tells_speakers(self) -> bool:
        """Speakers are told apart."""
        return self.diarization in {"speaker", "channel_and_speaker"}

    @property
    def style(self) -> Style:
        """How results are written."""
        filtering = self.transcript_filtering_config
        return Style(
            self.language, languages=self.language == languages.MULTI, speakers=self.tells_speakers,
            volume=self.audio_filtering_config is not None,
            marks=frozenset(self.punctuation_overrides.permitted_marks),
            disfluencies=not filtering.remove_disfluencies,
            replacements={item.old: item.new for item in filtering.replacements if not _pattern(item.old)},
        )  # fmt: skip


class TurnConfig(msgspec.Struct, frozen=True):
    turn_detection_mode: Literal["vad", "external"] = "vad"


class TranslationConfig(msgspec.Struct):
    target_languages: Annotated[list[Named], Meta(min_length=1, max_length=5)]
    enable_partials: bool = False


class AudioEventsConfig(msgspec.Struct, frozen=True):
    types: tuple[Literal["laughter", "applause", "music"], ...] = ("laughter", "applause", "music")


class Service(msgspec.Struct, frozen=True):
    """What one of the services takes."""

    name: str
    rules: Mapping[str, wire.Rule]
    models: tuple[str, ...]
    default_model: str
    encodings: tuple[str, ...] = ("pcm_s16le", "pcm_f32le", "mulaw")
    sample_rates: tuple[int, ...] = ()
    """Any where there are none."""
    diarizations: tuple[str, ...] = ("none", "speaker", "channel", "channel_and_speaker")
    refused: tuple[str, ...] = ()
    """Options that it does not have."""
    defaults: Mapping[str, Any] = {}
    """Options that have another value unless said."""


REAL_TIME = Service("speechmatics", RULES, ("standard", "enhanced", MELIA), "standard")


class Request(msgspec.Struct):
    """A session as it was asked for, and what the service warns of."""

    service: Service
    options: dict[str, Any]
    """As they came, in one mapping."""
    config: TranscriptionConfig
    turns: TurnConfig = TurnConfig()
    translation: TranslationConfig | None = None
    sounds: AudioEventsConfig | None = None
    warnings: list[Notice] = []

    @property
    def settings(self) -> Settings:
        """The neutral settings."""
        return wire.settings_of(self.service.name, self.options, self.service.rules)

    def changed(self, config: Mapping[str, Any]) -> "Request":
        """The same with ``config`` of a ``SetRecognitionConfig``. Raises ``RefusedError``."""
        given = {name: value for name, value in config.items() if value is not None}
        fixed = [name for name in given if name not in CHANGEABLE and self.options.get(name) != given[name]]
        if fixed:
            raise RefusedError("invalid_config", f"cannot be changed in mid-session: {', '.join(sorted(fixed))}")
        options = {**self.options, **given}
        checked = _checked(options, TranscriptionConfig, "transcription_config")
        return Request(self.service, options, checked, self.turns, self.translation, self.sounds)


class RefusedError(Exception):
    """What is asked for is refused; ``failed`` is the answer."""

    def __init__(self, code: str, reason: str) -> None:
        """``code`` is a type of ``Error``."""
        super().__init__(f"{code}: {reason}")
        self.failed: Failed = faults.failed(code, reason)


def read(message: StartRecognition, service: Service, path_language: str | None = None) -> Request:
    """The request in ``message``; ``path_language`` is that of the older URLs. Raises ``RefusedError``."""
    if message.audio_format is None:
        raise RefusedError("invalid_config", "invalid input: audio_format is required")
    audio = _checked(message.audio_format, AudioFormat, "audio_format")
    asked = {**service.defaults, **_given(message.transcription_config)}
    config = _checked(asked, TranscriptionConfig, "transcription_config")
    _check_options(asked, service)
    _check_audio(audio, service)
    _check_model(config, service)
    _check_language(config, path_language)
    _check_channels(config, service)
    _check_speakers(config.speaker_diarization_config.speakers)
    request = Request(service, {**asked, **_given(message.audio_format)}, config)
    request.warnings = [*_vocabulary(request), *_patterns(config), *_of_melia(message)]
    request.turns = _checked(message.turn_config or {}, TurnConfig, "turn_config")
    if message.translation_config is not None:
        request.translation = _checked(message.translation_config, TranslationConfig, "translation_config")
        request.warnings += _translation(config.language, request.translation)
        request.options["translation_config"] = {"target_languages": request.translation.target_languages}
    if message.audio_events_config is not None:
        request.sounds = _checked(message.audio_events_config, AudioEventsConfig, "audio_events_config")
    return request


Part = TypeVar("Part", bound=msgspec.Struct)


def _given(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if value is not None}


def _checked(tree: Mapping[str, Any], kind: type[Part], place: str) -> Part:
    """``tree`` as ``kind``, or a refusal in the words of the service's own proxy: what, where."""
    try:
        return msgspec.convert(_given(tree), kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        where = place + path.removesuffix("`")
        raise RefusedError("invalid_config", f"invalid input: {where}: {what}") from None


def _check_options(asked: Mapping[str, Any], service: Service) -> None:
    for name in service.refused:
        if name in asked:
            raise RefusedError("invalid_config", f"invalid input: transcription_config.{name} is not allowed here")


def _check_audio(audio: AudioFormat, service: Service) -> None:
    if audio.type == "file":
        raise RefusedError("invalid_audio_type", "containers are not decoded here: send raw audio")
    if audio.encoding is None or audio.sample_rate is None:
        raise RefusedError("invalid_config", "invalid input: audio_format: raw audio needs encoding and sample_rate")
    for field, value, known in (
        ("encoding", audio.encoding, service.encodings), ("sample_rate", audio.sample_rate, service.sample_rates),
    ):  # fmt: skip
        if known and value not in known:
            must = f"audio_format.{field} must be one of the following: {', '.join(map(str, known))}"
            raise RefusedError("invalid_config", f"invalid input: {must}")


def _check_model(config: TranscriptionConfig, service: Service) -> None:
    model = config.model or config.operating_point or service.default_model
    if model not in service.models:
        raise RefusedError("invalid_model", f"Model {model} is not available.")
    if config.language not in (languages.PACKS if model != MELIA else languages.PACKS | {languages.MULTI}):
        raise RefusedError("invalid_model", f"Language {config.language} is not available.")


def _check_language(config: TranscriptionConfig, path_language: str | None) -> None:
    if path_language and path_language != config.language:
        raise RefusedError(
            "invalid_config",
            f"transcription_config.language is {config.language} but the URL says {path_language}",
        )


def _check_channels(config: TranscriptionConfig, service: Service) -> None:
    labels = config.channel_diarization_labels
    if config.diarization not in service.diarizations:
        raise RefusedError("invalid_config", f"diarization: {config.diarization} is not allowed here")
    if config.by_channel and not labels:
        raise RefusedError("invalid_config", f"diarization {config.diarization} needs channel_diarization_labels")
    if len(set(labels)) < len(labels):
        raise RefusedError("invalid_config", "channel_diarization_labels must differ")
    if len(labels) > CHANNELS:  # how the service says so is not documented
        raise RefusedError("invalid_config", f"channel_diarization_labels: {CHANNELS} channels at most")


def _check_speakers(speakers: Iterable[KnownSpeaker]) -> None:
    total = 0
    for speaker in speakers:
        total += len(speaker.speaker_identifiers)
        if re.fullmatch(r"UU|S\d+", speaker.label) or speaker.label != speaker.label.strip():
            raise RefusedError("invalid_config", f"invalid input: speakers: the label {speaker.label!r} is reserved")
        if len(set(speaker.speaker_identifiers)) < len(speaker.speaker_identifiers):
            raise RefusedError("invalid_config", "invalid input: speakers: speaker_identifiers must differ")
    if total > 50:  # how the service says so is not documented
        raise RefusedError("invalid_config", "invalid input: speakers: 50 identifiers at most")


# --------------------------------------------------------------------------- what is only warned of


def _warning(reason: str, code: str = "validation_warning") -> Notice:
    return Notice(code=code, message=reason)


def _vocabulary(request: Request) -> Iterable[Notice]:
    """Warnings, after which the options have only the terms that are taken."""
    asked = request.config.additional_vocab
    terms = {at: term if isinstance(term, str) else term.content for at, term in enumerate(asked)}
    bad = [at for at, term in terms.items() if len(term.split()) > 6 or max(map(len, term.split()), default=0) > 4000]
    for at in bad[:10]:
        yield _warning(f"additional_vocab: {terms[at][:40]!r} was dropped: six words of 4000 characters at most")
    kept = [term for at, term in enumerate(request.options.get("additional_vocab", ())) if at not in bad]
    if len(kept) > 1000:
        yield _warning(f"additional_vocab: {len(kept) - 1000} entries were dropped: 1000 at most")
    if kept:
        request.options["additional_vocab"] = kept[:1000]


def _patterns(config: TranscriptionConfig) -> Iterable[Notice]:
    for item in config.transcript_filtering_config.replacements:
        pattern = _pattern(item.old)
        if pattern is None:
            continue
        try:
            re.compile(pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"))
        except (re.error, OverflowError, RecursionError, FutureWarning) as error:
            raise RefusedError("invalid_config", f"replacements: {item.old}: {error}") from None
        # A pattern of a stranger may run for ever.
        yield _warning(f"replacements: {item.old} is not applied here: patterns are checked only")


def _pattern(text: str) -> str | None:
    """The regular expression that ``text`` is, if it is one."""
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == "/" else None


def _translation(source: str, config: TranslationConfig) -> Iterable[Notice]:
    """Warnings, after which ``config`` has only the targets that can be had."""
    can = languages.TRANSLATED if source == "en" else {"en"} if source in languages.TRANSLATED else set()
    for target in config.target_languages:
        if target not in can:
            yield _warning(f"Translation from {source} to {target} is not supported.", "unsupported_translation_pair")
    config.target_languages = [target for target in config.target_languages if target in can]
    if not config.target_languages:
        yield _warning("No translation will be done.", "empty_translation_target_list")


_NOT_MELIA = (
    "max_delay", "max_delay_mode", "speaker_diarization_config", "additional_vocab", "enable_entities",
    "punctuation_overrides", "transcript_filtering_config", "audio_filtering_config",
)  # fmt: skip


def _of_melia(message: StartRecognition) -> Iterable[Notice]:
    """The model ``melia-1`` wants these left out; whether it refuses or ignores them is not documented."""
    config = _given(message.transcription_config)
    if MELIA in {config.get("model"), config.get("operating_point")}:
        beside = [name for name in sorted(BESIDE) if getattr(message, name) is not None]
        for name in [*(name for name in _NOT_MELIA if config.get(name)), *beside]:
            yield _warning(f"{MELIA} does not do this and ignores it: {name}")
