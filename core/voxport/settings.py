"""What a caller asks for: one neutral vocabulary, and the YAML file that it is written in.

A file selects one provider by one word, ``provider:``. Only its section needs a key, and those of ``fallback:``.
``${NAME}`` reads the environment; where ``NAME`` is not set but ``NAME_FILE`` is, the file named there is read instead.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Never, TypeVar

import msgspec
from msgspec import Meta

from voxport.errors import SettingsError

Encoding = Literal["s16le", "f32le", "mulaw"]
"""Signed 16-bit little-endian PCM, 32-bit little-endian float PCM, G.711 mu-law."""

SAMPLE_BYTES: Mapping[str, int] = {"s16le": 2, "f32le": 4, "mulaw": 1}


class Secret:
    """A key or token: shows itself only on ``reveal()``, never in ``str``, ``repr`` or an error."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hide ``value``."""
        self._value = value

    def reveal(self) -> str:
        """The value, for the wire."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """Equal values."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash of the value."""
        return hash(self._value)

    def __repr__(self) -> str:
        """Three stars."""
        return "Secret(***)"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the YAML file."""


class Transcription(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted of the transcript. ``None`` leaves a setting to the provider's default."""

    language: str | None = None
    """BCP-47 code of the language spoken."""
    languages: tuple[str, ...] = ()
    """Candidates, where the language changes or is not known."""
    partials: bool = True
    punctuation: bool | None = None
    diarization: bool | None = None
    """Tell speakers apart."""
    key_terms: tuple[str, ...] = ()
    """Names and terms to expect."""
    end_of_turn_silence_ms: Annotated[int, Meta(ge=1, le=60_000)] | None = None
    """Silence that ends a turn, in milliseconds."""
    profanity_filter: bool | None = None
    redaction: bool | None = None
    """Mask personal data."""
    filler_words: bool | None = None
    """Keep "uh" and "um"."""
    entities: bool | None = None
    """Tell names, numbers and the like apart."""
    sentiment: bool | None = None
    translate_to: tuple[str, ...] = ()
    """BCP-47 codes of the languages to translate into."""


class AudioSettings(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The audio as it is sent. ``source`` is ``microphone`` or a path; ``device`` a microphone's name or index."""

    source: str = "microphone"
    device: int | str | None = None
    sample_rate: Annotated[int, Meta(ge=4000, le=192_000)] = 16_000
    encoding: Encoding = "s16le"
    channels: Annotated[int, Meta(ge=1, le=32)] = 1
    chunk_ms: Annotated[int, Meta(ge=10, le=1000)] = 50

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return SAMPLE_BYTES[self.encoding] * self.channels

    @property
    def bytes_per_second(self) -> int:
        """Bytes of one second."""
        return self.frame_bytes * self.sample_rate

    @property
    def chunk_bytes(self) -> int:
        """Bytes of one chunk: the whole sample frames that ``chunk_ms`` needs, for some providers refuse less."""
        return -(-self.sample_rate * self.chunk_ms // 1000) * self.frame_bytes


class Resilience(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hard a session tries. Seconds."""

    connect_timeout: Annotated[float, Meta(gt=0)] = 10.0
    send_timeout: Annotated[float, Meta(gt=0)] = 15.0
    drain_timeout: Annotated[float, Meta(gt=0)] = 10.0
    """How long ``Finish`` waits for the provider to get on; dialling again, if need be, may take twice that besides."""
    begin_timeout: Annotated[float, Meta(gt=0)] = 20.0
    """How long a connected provider may take to accept the session."""
    max_retries: Annotated[int, Meta(ge=0)] = 4
    """Connections that may fail in a row before the session does."""
    backoff: Annotated[float, Meta(gt=0)] = 0.5
    """The first pause before dialling again; it doubles each time, up to ``backoff_max``."""
    backoff_max: Annotated[float, Meta(gt=0)] = 8.0
    ping_interval: Annotated[float, Meta(gt=0)] = 20.0
    """A connection on which nothing, not even the answer to a ping, came for twice this time counts as dropped."""
    replay_seconds: Annotated[float, Meta(ge=0)] = 300.0
    """Audio kept to be sent again after a drop."""
    answer_timeout: Annotated[float, Meta(gt=0)] = 20.0
    """Audio flows and a provider that answers regularly says nothing for so long: the connection counts as dropped."""
    retry_after_max: Annotated[float, Meta(ge=0)] = 60.0
    """A provider that asks to wait longer than this is not waited for."""
    roll_over_margin: Annotated[float, Meta(gt=0)] = 60.0
    """How long before a provider's own limit a session looks for a pause in which to move to a new one."""


class ProviderSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider's own part of the file. ``options`` go to the provider as they are and win over neutral settings."""

    api_key: Secret | None = None
    temporary_token: bool = False
    """Exchange the key for a short-lived token first."""
    token: Secret | None = None
    """A short-lived token that was issued elsewhere, in place of a key. It cannot be renewed here."""
    endpoint: str | None = None
    region: str | None = None
    """Where the audio is processed, in the adapter's words (``eu``, ``us``); ``endpoint`` wins over it."""
    model: str | None = None
    options: Mapping[str, Any] = {}


class Document(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole file."""

    provider: str
    fallback: tuple[str, ...] = ()
    """Providers to go on with, one after the other, when this one fails for good."""
    strict: bool = False
    record: str | None = None
    """A folder, or a ``.jsonl`` file, in which each session is written down."""
    transcription: Transcription = Transcription()
    audio: AudioSettings = AudioSettings()
    resilience: Resilience = Resilience()
    providers: Mapping[str, Any] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one session with one provider is asked to be."""

    provider: str
    transcription: Transcription = Transcription()
    audio: AudioSettings = AudioSettings()
    resilience: Resilience = Resilience()
    model: str | None = None
    api_key: Secret | None = None
    temporary_token: bool = False
    token: Secret | None = None
    endpoint: str | None = None
    region: str | None = None
    options: Mapping[str, Any] = {}
    strict: bool = False
    """Refuse to start when a setting cannot be carried."""
    fallback: tuple["Settings", ...] = ()
    """The same session with other providers, to go on with when this one fails for good; of the same audio."""
    record: str | None = None
    origin: str = "settings"
    """Where they were written, for errors."""

    @property
    def key(self) -> str:
        """The key itself, for the wire; empty without one."""
        return self.api_key.reveal() if self.api_key else ""

    @property
    def issued(self) -> str:
        """The token that was issued elsewhere, for the wire; empty without one."""
        return self.token.reveal() if self.token else ""


NEUTRAL = (
    "language", "languages", "model", "region", "sample_rate", "encoding", "channels", "partials", "punctuation",
    "diarization", "key_terms", "end_of_turn_silence_ms", "profanity_filter", "redaction", "filler_words", "entities",
    "sentiment", "translate_to",
)  # fmt: skip
"""The neutral vocabulary: every adapter says of each what becomes of it."""


def given(settings: Settings) -> dict[str, Any]:
    """The neutral settings that have a value, by name, in the order of ``NEUTRAL``."""
    homes = (settings.transcription, settings.audio, settings)
    found = ((name, getattr(next(home for home in homes if hasattr(home, name)), name)) for name in NEUTRAL)
    return {name: value for name, value in found if value is not None and value != ()}


# --------------------------------------------------------------------------- reading


def load(path: str | os.PathLike[str], provider: str | None = None) -> Settings:
    """Read a file and resolve the provider it selects, or ``provider`` instead.

    Raises ``SettingsError`` when the file is missing, is not YAML or does not fit; the message names the file, the path
    inside it, what was expected and the nearest key.
    """
    origin = os.fspath(path)
    tree = read_yaml(path)
    if not isinstance(tree, dict):
        raise SettingsError(f"{origin}: expected a mapping with 'provider:' at the top, got {type(tree).__name__}")
    return resolve(tree, origin, provider)


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """What a YAML file holds, by the safe loader. Raises ``SettingsError`` when it is missing or is no YAML."""
    import yaml  # noqa: PLC0415 -- costs more than all the rest of `import voxport`

    origin = os.fspath(path)
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{origin}: no such file; give the path of a YAML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{origin}: cannot be read: {_reason(error)}; give the path of a YAML file") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{origin}: not valid YAML: {' '.join(str(error).split())}") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is no UTF-8 text"


def resolve(tree: Mapping[str, Any], origin: str, provider: str | None = None) -> Settings:
    """The same for a tree that is already in memory; ``origin`` names it in errors."""
    if provider:
        tree = {**tree, "provider": provider, "fallback": ()}
    sections = tree.get("providers")
    chosen = Place(origin, "$")
    shared = {key: chosen.under(key).expand(value) for key, value in tree.items() if key != "providers"}
    document = convert({**shared, "providers": {} if sections is None else sections}, Document, chosen)
    for name, section in document.providers.items():
        convert(section or {}, ProviderSection, chosen.under("providers").under(name))
    return msgspec.structs.replace(
        _of_provider(document.provider, document, chosen),
        fallback=tuple(_of_provider(name, document, chosen) for name in document.fallback),
    )


def _of_provider(name: str, document: Document, root: "Place") -> Settings:
    """What the document asks of one provider. Only now are its keys read."""
    place = root.under("providers").under(name)
    own = convert(place.expand(document.providers.get(name) or {}), ProviderSection, place)
    return Settings(
        provider=name, transcription=document.transcription, audio=document.audio,
        resilience=document.resilience, strict=document.strict, record=document.record, origin=root.origin,
        **{field: getattr(own, field) for field in ProviderSection.__struct_fields__},
    )  # fmt: skip


def changes_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of ``transcription:`` in mid-session, typed. Raises ``SettingsError`` for what does not fit."""
    asked = convert(dict(changes), Transcription, Place("configure", "$"))
    return {name: getattr(asked, name) for name in changes}


class Place:
    """A spot in a file, for errors."""

    def __init__(self, origin: str, path: str) -> None:
        self.origin = origin
        self.path = path

    def under(self, key: str) -> "Place":
        """The spot below it called ``key``."""
        return Place(self.origin, f"{self.path}.{key}")

    def fail(self, message: str) -> Never:
        """Raise a ``SettingsError`` that says where."""
        raise SettingsError(f"{self.origin}: {self.path.removeprefix('$.')}: {message}")

    def expand(self, value: Any) -> Any:
        """``value`` with each ``${NAME}`` in its strings replaced."""
        match value:
            case str():
                return _VARIABLE.sub(lambda found: self._read(found[1]), value)
            case dict():
                return {key: self.under(str(key)).expand(item) for key, item in value.items()}
            case list():
                return [self.under(str(index)).expand(item) for index, item in enumerate(value)]
            case _:
                return value

    def _read(self, name: str) -> str:
        return from_environment(name) or self.fail(
            f"the environment variable {name} is not set; set it with: export {name}=..."
        )


def from_environment(name: str) -> str:
    """The variable ``name`` or else what the file holds that ``NAME_FILE`` names; empty when neither is set.

    Raises ``SettingsError`` when that file cannot be read.
    """
    file = os.environ.get(f"{name}_FILE")
    value = os.environ.get(name, "")
    if value or not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE names a file that cannot be read: {_reason(error)}") from None


_VARIABLE = re.compile(r"\$\{(\w+)\}")
_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$?(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)

Part = TypeVar("Part", bound=Section)


def convert(tree: Any, kind: type[Part], place: Place) -> Part:
    """``tree`` as ``kind``, or a ``SettingsError`` that says where and what."""
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=_decode_secret)
    except msgspec.ValidationError as error:
        complaint = _COMPLAINT.fullmatch(str(error))
        what, path = (complaint["what"], complaint["path"] or "") if complaint else (str(error), "")
        unknown = _UNKNOWN_FIELD.fullmatch(what)
        where = Place(place.origin, place.path + path)
        if unknown:
            where.under(unknown["name"]).fail(unknown_name("key", unknown["name"], _keys_at(kind, path)))
        where.fail(what[:1].lower() + what[1:])


def _keys_at(kind: type[Section], path: str) -> tuple[str, ...]:
    for name in filter(None, path.split(".")):
        kind = next(field.type for field in msgspec.structs.fields(kind) if field.name == name)
    return kind.__struct_fields__


def _decode_secret(kind: type, value: Any) -> Secret:
    if kind is not Secret or not isinstance(value, str) or not value.strip():
        raise ValueError("expected a key, as in ${NAME}")
    return Secret(value.strip())


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """One line that says ``name`` is unknown, which is nearest, and which there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown {what}{guess} (known: {', '.join(names)})"
