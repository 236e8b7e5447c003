"""What the server end is asked for: the query of the upgrade and later updates, checked as the service checks them."""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, inspect

from voxport import wire
from voxport.settings import Settings
from voxport_adapters.assemblyai.models import MODELS, U35, US_EN, US_MULTI, LanguageCode, Model
from voxport_adapters.assemblyai.request import CHANGEABLE, RULES, UPDATES

# The service's own list is not published; this is what its SDKs have between them.
Policy = Literal[
    "account_number", "banking_information", "blood_type", "corporate_action", "credit_card_cvv",
    "credit_card_expiration", "credit_card_number", "date", "date_interval", "date_of_birth", "day",
    "drivers_license", "drug", "duration", "effect", "email_address", "event", "filename", "financial_metric", "gender",
    "gender_sexuality", "healthcare_number", "injury", "ip_address", "language", "location", "location_address",
    "location_address_street", "location_city", "location_coordinate", "location_country", "location_state",
    "location_zip", "marital_status", "medical_code", "medical_condition", "medical_process", "money_amount", "month",
    "nationality", "number_sequence", "occupation", "organization", "organization_id", "organization_medical_facility",
    "passport_number", "password", "person_age", "person_name", "phone_number", "physical_attribute",
    "political_affiliation", "product", "project", "religion", "sexuality", "statistics", "time", "trend", "url",
    "us_social_security_number", "username", "vehicle_id", "year", "zodiac_sign",
]  # fmt: skip
Milliseconds = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(max_length=1750)]


class GatewayMessage(msgspec.Struct):
    role: str
    content: str


class Gateway(msgspec.Struct):
    model: str
    messages: list[GatewayMessage]
    max_tokens: int | None = None


class Stream(msgspec.Struct, kw_only=True):
    """Every parameter of a session. What has no effect here is checked all the same."""

    speech_model: str = U35
    sample_rate: Annotated[int, Meta(ge=8000, le=192_000)] = 16_000
    encoding: Literal["pcm_s16le", "pcm_mulaw", "opus", "ogg_opus", "aac"] = "pcm_s16le"
    inactivity_timeout: Annotated[int, Meta(ge=5, le=3600)] | None = None
    session_heartbeat: bool = False
    acknowledge_silence: bool = False
    include_partial_turns: bool = True
    webhook_url: str = ""
    webhook_auth_header_name: str = ""
    webhook_auth_header_value: str = ""
    llm_gateway: Gateway | None = None
    customer_support_audio_capture: bool = False

    keyterms_prompt: list[str] = []
    prompt: Text = ""
    agent_context: Text = ""
    previous_context_n_turns: Annotated[int, Meta(ge=0, le=100)] | None = None
    language_codes: list[LanguageCode] = []
    language_code: LanguageCode | None = None
    language: Literal["en", "multi"] | None = None
    language_detection: bool = False
    domain: Literal["medical-v1"] | None = None
    filter_profanity: bool = False
    redact_pii: bool = False
    redact_pii_policies: list[Policy] = []
    redact_pii_sub: Literal["hash", "entity_name"] = "hash"
    voice_focus: Literal["near-field", "far-field"] | None = None
    voice_focus_threshold: Share | None = None
    speaker_labels: bool = False
    max_speakers: Annotated[int, Meta(ge=1, le=10)] | None = None
    speaker_labels_revision_interval_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0

    end_of_turn_confidence_threshold: Share | None = None
    min_turn_silence: Milliseconds | None = None
    max_turn_silence: Milliseconds | None = None
    vad_threshold: Share | None = None
    format_turns: bool = False
    mode: Literal["max_accuracy", "balanced", "min_latency"] = "balanced"
    interruption_delay: Annotated[int, Meta(ge=0, le=1000)] | None = None
    continuous_partials: bool = True
    turn_left_pad_ms: Milliseconds | None = None

    @property
    def model(self) -> Model:
        """What the model is like."""
        return MODELS[self.speech_model]

    @property
    def formats(self) -> bool:
        """Finals are punctuated and cased."""
        return self.format_turns or self.model.universal_3

    @property
    def tells_language(self) -> bool:
        """Turns say their language."""
        return self.model.always_tells_language or (self.language_detection and self.model.tells_language)

    def settings(self) -> Settings:
        """What it amounts to in neutral words. Raises ``ValueError`` for what voxport cannot have."""
        options = msgspec.structs.asdict(self)
        options["format_turns"] = self.formats
        # Older than `language_codes`, which wins; other models have ignored it.
        if self.language_code and not self.language_codes and self.model.takes_languages:
            options["language_codes"] = [self.language_code]
        return wire.settings_of("assemblyai", options, RULES)


TYPES = {field.name: field.type for field in msgspec.structs.fields(Stream)}
ALIASES = {
    "keyterms": "keyterms_prompt", "min_end_of_turn_silence_when_confident": "min_turn_silence",
    "noise_suppression_model": "voice_focus", "noise_suppression_threshold": "voice_focus_threshold",
    "_customer_support_audio_capture": "customer_support_audio_capture",
}  # fmt: skip
"""Older names, which the newer ones win over, and the one that the JavaScript SDK has."""
MOST = {"keyterms_prompt": 100, "language_codes": 10}
NO_LIST = "Value error, Invalid JSON array"
UNHEARD = "Value error, '{}' is not decoded by this server; send pcm_s16le or pcm_mulaw"
LANGUAGE = {"en": US_EN, "multi": US_MULTI}


def read(query: Mapping[str, list[str]]) -> Stream:
    """The query of an upgrade; unknown names are ignored. Raises ``ValueError`` with the service's own words."""
    sent: dict[str, list[Any]] = _renamed(query)
    # It chose the model once. What it does beside a `speech_model` is not known: nothing here.
    if "speech_model" not in sent and sent.get("language", [""])[-1] in LANGUAGE:
        sent["speech_model"] = [LANGUAGE[sent["language"][-1]]]
    if "llm_gateway" in sent:
        sent["llm_gateway"] = [_json(sent["llm_gateway"][-1]) or "nothing"]
    stream = _checked(sent, lambda texts: _json("".join(texts)))
    if stream.encoding not in RULES["encoding"].values.values():
        raise ValueError(f"Invalid 'encoding': {UNHEARD.format(stream.encoding)}")
    return stream


def updated(stream: Stream, update: Mapping[str, Any]) -> tuple[Stream, dict[str, Any], dict[str, Any]]:
    """``stream`` after an ``UpdateConfiguration``, and what it changes: neutral settings, and other options.

    A ``null`` changes nothing. Raises ``ValueError`` as ``read`` does.
    """
    given = _renamed({name: value for name, value in update.items() if value is not None})
    sent = {name: [given[name]] for name in UPDATES if name in given}
    checked = _checked(sent, lambda values: values[0])
    values = {name: getattr(checked, name) for name in sent}
    now = msgspec.structs.replace(stream, **values)
    if now.model.universal_3:
        values.pop("format_turns", None)
    changes = {name: found for name in CHANGEABLE if (found := RULES[name].recover(values)) is not None}
    if values.get("language_codes") == []:
        changes["languages"] = ()
    carried = {RULES[name].support.option for name in changes}
    return now, changes, {name: value for name, value in values.items() if name not in carried}


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(given)
    for old, new in ALIASES.items():
        if old in found:
            found.setdefault(new, found.pop(old))
    return found


def _json(sent: str) -> Any:
    """A list or object in a query; ``None`` is neither."""
    try:
        return msgspec.json.decode(sent)
    except wire.UNREADABLE:
        return None


def _checked(sent: Mapping[str, list[Any]], lists: Callable[[list[Any]], Any]) -> Stream:
    try:
        stream = wire.typed_query(sent, Stream, lists)
    except wire.BadParameterError as error:
        found = lists(sent[error.name]) if get_origin(TYPES[error.name]) is list else error.value
        place, why = _complaint(error.name, found)
        raise ValueError(f"Invalid '{place}': {why}") from None
    for name, most in MOST.items():
        if len(getattr(stream, name)) > most:
            raise ValueError(f"Invalid '{name}': Value error, Max {most} items")
    if "multi" in stream.language_codes and len(stream.language_codes) > 1:
        raise ValueError("Invalid 'language_codes': Value error, 'multi' must be the only item")
    if stream.speech_model not in MODELS:
        raise ValueError(f"Invalid 'speech_model': {_one_of(tuple(MODELS))}")
    return stream


def _complaint(name: str, value: Any) -> tuple[str, str]:
    """Where and what is wrong, as the service says it; for most it is its library that speaks."""
    match name, inspect.type_info(TYPES[name]):
        case "sample_rate", _ if value.isdecimal():
            bound = "at least 8,000" if float(value) < 8000 else "at most 192,000"
            return name, f"Value error, sample_rate must be {bound} Hz"
        case "encoding", _:
            return name, f"Value error, '{value}' is not a valid Encoding"
        case _, inspect.StrType(max_length=int(most)) if isinstance(value, str):
            return name, f"Value error, {name} exceeds maximum length of {most} characters (got {len(value)})"
        case _, inspect.ListType(item_type=kind):
            if not isinstance(value, list):
                return name, NO_LIST
            known = _choices(TYPES[name])
            at = next(at for at, item in enumerate(value) if not isinstance(item, str) or (known and item not in known))
            return f"{name}.{at}", _why(kind, known, value[at])
        case _, kind:
            return name, _why(kind, _choices(TYPES[name]), value)


def _choices(kind: Any) -> tuple[str, ...]:
    """The values of the ``Literal`` in a type, in the order in which they are written."""
    inside = get_args(kind)
    return inside if get_origin(kind) is Literal else tuple(value for part in inside for value in _choices(part))


def _why(kind: inspect.Type, known: tuple[str, ...], value: Any) -> str:
    match kind:
        case inspect.UnionType(types=types):
            return _why(next(one for one in types if not isinstance(one, inspect.NoneType)), known, value)
        case inspect.LiteralType():
            return _one_of(known)
        case inspect.BoolType():
            return "Input should be a valid boolean, unable to interpret input"
        case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high):
            return _outside(value, low, high, "integer" if isinstance(kind, inspect.IntType) else "number")
        case inspect.StructType():
            return "Value error, Invalid JSON object"
    return "Input should be a valid string"


def _outside(value: Any, low: float | None, high: float | None, what: str) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if low is not None and number < low:
        return f"Input should be greater than or equal to {low}"
    if high is not None and number > high:
        return f"Input should be less than or equal to {high}"
    return f"Input should be a valid {what}, unable to parse string as {'an' if what == 'integer' else 'a'} {what}"


def _one_of(values: tuple[str, ...]) -> str:
    *others, last = map(repr, values)
    return f"Input should be {', '.join(others)}{' or ' if others else ''}{last}"
