"""What adapters share: endpoints, typed messages, the translation of settings, and what an HTTP refusal means.

Pure, like the adapters themselves.
"""

import re
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from voxport.codec import Capabilities, HttpRequest, HttpResponse, Status, Support, Translated, Translation
from voxport.events import Failed, FailureKind, Notice, Unknown
from voxport.settings import AudioSettings, Settings, Transcription, given

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for a message that cannot be read: it is no JSON, it is no UTF-8 (nor is a text with a lone
surrogate), or it is nested too deeply.
"""

Typed = TypeVar("Typed", bound=msgspec.Struct)

# --------------------------------------------------------------------------- endpoints


def endpoint_url(endpoint: str, scheme: str, path: str) -> str:
    """The endpoint with ``path``, as ``scheme`` (``ws`` or ``http``; TLS is kept).

    An endpoint without a scheme means TLS. It may have a prefix of its own before the path; what stands there from a
    version on (``/v2...``) is replaced by the path.

    >>> endpoint_url("https://host/proxy/v2", "ws", "/v2/live")
    'wss://host/proxy/v2/live'
    """
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}", scheme="https")
    secure = "" if parts.scheme in {"ws", "http"} else "s"
    prefix = re.sub(r"/v\d+(/.*)?$", "", parts.path).rstrip("/")
    return urlunsplit((f"{scheme}{secure}", parts.netloc, prefix + path, "", ""))


def path_of(url: str) -> str:
    """The path of a URL, without a closing slash."""
    return urlsplit(url).path.rstrip("/")


def query_of(url: str) -> dict[str, list[str]]:
    """The query of a URL: every value of every name, blanks included, in order."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


class BadParameterError(ValueError):
    """A query parameter that does not fit: ``name``, the ``value`` as sent, and ``why``."""

    def __init__(self, name: str, value: str, why: str) -> None:
        """Keep the three apart: each provider says them in its own way."""
        super().__init__(f"{name}={value}: {why}")
        self.name = name
        self.value = value
        self.why = why


def typed_query(query: Mapping[str, list[str]], kind: type[Typed], lists: Callable[[list[str]], Any] = list) -> Typed:
    """The query as ``kind``, a ``msgspec.Struct``; names that it lacks are ignored, as every provider ignores them.

    Strings become the numbers and booleans (``true``, ``True``, ``1``) that the fields want; ``lists`` makes the value
    of a field that is a list. Raises ``BadParameterError`` for the first value that does not fit.
    """
    found = {}
    for field in msgspec.structs.fields(kind):
        sent = query.get(field.encode_name)
        if sent is None:
            continue
        try:
            value = lists(sent) if typing.get_origin(field.type) is list else sent[-1]
            found[field.name] = msgspec.convert(value, field.type, strict=False)
        except (ValueError, *UNREADABLE) as error:
            raise BadParameterError(field.encode_name, sent[-1], str(error)) from None
    return kind(**found)


def query_string(options: Mapping[str, Any], lists: Callable[[list[Any]], Any] = list) -> str:
    """``options`` as a query: booleans in lower case, ``None`` left out, a list repeated or as ``lists`` makes it."""
    return urlencode({name: _spell(value, lists) for name, value in options.items() if value is not None}, doseq=True)


def _spell(value: Any, lists: Callable[[list[Any]], Any]) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return lists(list(value)) if isinstance(value, list | tuple) else value


def credential_of(request: HttpRequest) -> tuple[str, str]:
    """Scheme (lower case) and value of ``Authorization`` or, where a browser could not set it, of the first two
    subprotocols. A value without a scheme has the scheme ``""``.
    """
    sent = request.headers.get("authorization") or request.headers.get("sec-websocket-protocol", "")
    parts = sent.replace(",", " ").split()
    return (parts[0].lower(), parts[1]) if len(parts) > 1 else ("", "".join(parts))


# --------------------------------------------------------------------------- messages

Message = TypeVar("Message")


class Messages(Generic[Message]):
    """The JSON messages that one end of a protocol receives: a tagged union of ``msgspec.Struct`` types."""

    def __init__(self, union: Any, tag_field: str) -> None:
        """``union`` is the type of all messages; ``tag_field`` the field that tells them apart."""
        self._decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(union)
        self._tag_field = tag_field
        self._tags = {kind.__struct_config__.tag for kind in getattr(union, "__args__", (union,))}

    def decode(self, frame: str | bytes) -> Message | Unknown | Notice:
        """The message in ``frame``; ``Unknown`` for a tag that is none of the union's, a ``Notice`` with the code
        ``malformed`` for what is not JSON, has no tag or does not fit its type.
        """
        try:
            return self._decoder.decode(frame)
        except UNREADABLE as error:
            return self._explain(frame, error)

    def _explain(self, frame: str | bytes, error: Exception) -> Unknown | Notice:
        try:
            tree = msgspec.json.decode(frame)
        except UNREADABLE:
            return Notice(code="malformed", message=f"a message that is not JSON was ignored: {error}")
        tag = tree.get(self._tag_field) if isinstance(tree, dict) else None
        if not isinstance(tag, str):
            return Notice(code="malformed", message=f"a message without {self._tag_field!r} was ignored")
        if tag not in self._tags:
            return Unknown(kind=tag)
        return Notice(code="malformed", message=f"a {tag} message was ignored: {error}")


encode = msgspec.json.Encoder().encode


def text(message: Any) -> str:
    """``message`` as compact JSON in a text frame."""
    return encode(message).decode()


def timestamp(seconds: float) -> str:
    """Unix seconds as ISO 8601 with milliseconds and ``Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bare(word: str) -> str:
    """A displayed word as a provider without punctuation writes it: lower case, no marks around it."""
    return word.strip('.,;:!?"()[]\u2026\u2014').lower()


# --------------------------------------------------------------------------- translation of settings


Put = Callable[[Any, Settings], Mapping[str, Any]]
Take = Callable[[Mapping[str, Any]], Any]
Judge = Callable[[Any, Settings], Support | None]


class Rule(msgspec.Struct, frozen=True):
    """How one neutral setting is carried, there and back.

    ``put`` makes the provider's options of a value and ``take`` the value of the options; without them the value
    itself, translated by ``values``, is the option named in ``support``. ``judge`` says what becomes of one particular
    value, where that differs from ``support``, or ``None``.
    """

    support: Support
    values: Mapping[Any, Any] = {}
    put: Put | None = None
    take: Take | None = None
    judge: Judge | None = None

    def carry(self, value: Any, settings: Settings) -> tuple[Mapping[str, Any], Support]:
        """The options for ``value``, and what became of it."""
        support = (self.judge(value, settings) if self.judge else None) or self.support
        if support.status == "dropped":
            return {}, support
        if self.put:
            return self.put(value, settings), support
        if self.values and value not in self.values:
            return {}, Support("dropped", support.option, f"takes {', '.join(map(str, self.values))}")
        plain = list(value) if isinstance(value, tuple) else value
        return {support.option: self.values[value] if self.values else plain}, support

    def recover(self, options: Mapping[str, Any]) -> Any:
        """The value that ``options`` carry, or ``None``."""
        if self.take:
            return self.take(options)
        value = options.get(self.support.option)
        return next((ours for ours, theirs in self.values.items() if theirs == value), None) if self.values else value


def rule(
    status: Status,
    option: str = "",
    note: str = "",
    *,
    values: Mapping[Any, Any] | None = None,
    put: Put | None = None,
    take: Take | None = None,
    judge: Judge | None = None,
) -> Rule:
    """A ``Rule`` in one line."""
    return Rule(Support(status, option, note), values or {}, put, take, judge)


def only(granted: object, note: str) -> Rule:
    """The ``Rule`` for a setting that a service knows in one value, ``granted``, and has no option for."""
    dropped, mapped = Support("dropped", "", note), Support("mapped", "", note)
    usual: Status = "mapped" if granted else "dropped"
    return rule(usual, note=note, put=lambda *_: {}, judge=lambda value, _: mapped if value == granted else dropped)


def region(regions: Mapping[str, str], option: str = "endpoint") -> Rule:
    """The ``Rule`` for ``region``; ``endpoint_of`` looks up what it selects. A name that is none of ``regions`` never
    comes so far: sending audio to another region would be no approximation.
    """
    return rule("mapped", option, ", ".join(regions), put=lambda *_: {}, take=lambda _: None)


def endpoint_of(settings: Settings, can: Capabilities) -> str:
    """Where to dial: ``endpoint``, else that of ``region``, else the default."""
    return settings.endpoint or can.regions.get(settings.region or "", can.default_endpoint)


def supports(rules: Mapping[str, Rule]) -> dict[str, Support]:
    """The table for ``Capabilities.settings``."""
    return {name: rule.support for name, rule in rules.items()}


def translate(settings: Settings, rules: Mapping[str, Rule], defaults: Mapping[str, Any]) -> Translation:
    """Apply ``rules`` to the settings given, over ``defaults`` and under the caller's own ``options``."""
    options = dict(defaults)
    results = []
    for name, value in given(settings).items():
        carried, support = rules[name].carry(value, settings)
        options = merged(options, carried)
        results.append(Translated(name, value, support))
    return Translation(merged(options, settings.options), tuple(results))


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, mappings within mappings joined in the same way; elsewhere ``over`` wins."""
    joined = dict(under)
    for name, value in over.items():
        below = joined.get(name)
        joined[name] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return joined


def settings_of(provider: str, options: Mapping[str, Any], rules: Mapping[str, Rule]) -> Settings:
    """The neutral settings that a provider's options ask for: ``translate`` the other way round.

    Raises ``ValueError`` where a value is none that voxport can have.
    """
    tree: dict[str, Any] = {name: rule.recover(options) for name, rule in rules.items()}
    found = {name: value for name, value in tree.items() if value is not None}
    said, audio = (
        {name: found[name] for name in part.__struct_fields__ if name in found}
        for part in (Transcription, AudioSettings)
    )
    return Settings(
        provider=provider, model=found.get("model"), transcription=msgspec.convert(said, Transcription),
        audio=msgspec.convert(audio, AudioSettings),
    )  # fmt: skip


# --------------------------------------------------------------------------- refusals

_Refusal = tuple[Iterable[int], FailureKind, bool, str]
"""Statuses, what they mean, whether dialling again can help, and what to do."""

_REFUSALS: tuple[_Refusal, ...] = (
    ((401, 403), "refused", False, "check the API key and what it is allowed to do"),
    ((402,), "refused", False, "check the account's credit and plan"),
    ((429,), "refused", True, "wait, or ask the provider for more concurrent sessions"),
    ((408,), "network", True, "try again"),
    (range(400, 500), "invalid", False, "correct the setting that the provider names"),
    (range(500, 600), "provider", True, "try again later; see the provider's status page"),
)
_NONSENSE: _Refusal = ((), "protocol", False, "check that the endpoint is this provider's")


def refusal(response: HttpResponse, message: str, code: str = "") -> Failed:
    """What an HTTP refusal means by its status; ``message`` and ``code`` are the provider's own words."""
    _, kind, retryable, remedy = next((row for row in _REFUSALS if response.status in row[0]), _NONSENSE)
    return Failed(
        kind=kind,
        code=f"{response.status} {code}".rstrip(),
        message=message or "the provider refused without a reason",
        remedy=remedy,
        retryable=retryable,
        retry_after=_seconds(response.headers.get("retry-after", "")),
    )


def _seconds(value: str) -> float | None:
    return float(value) if value.isdecimal() else None


def json_of(body: str | bytes) -> dict[str, Any]:
    """The JSON object in a body, or an empty one."""
    try:
        tree = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    return tree if isinstance(tree, dict) else {}


def json_response(status: int, tree: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer with a JSON body."""
    return HttpResponse(status, {"content-type": "application/json", **(headers or {})}, encode(tree))


def dropped_connection(code: int | None, reason: str) -> Failed:
    """A connection that broke, or was closed without the provider's last message."""
    said = f"closed with {code}" if code else "dropped"
    return Failed(
        kind="network" if code in {None, 1001, 1006} else "provider",
        code=str(code or "dropped"),
        message=f"the connection was {said} before the session ended{reason and f': {reason}'}",
        remedy="check the network; the audio since the last final is sent again",
        retryable=True,
    )


def unreachable(message: str) -> Failed:
    """No connection, or one on which nothing came back."""
    remedy = "check the endpoint and the network"
    return Failed(kind="network", code="unreachable", message=message, remedy=remedy, retryable=True)


def ended_early() -> Failed:
    """The provider's last message came before it was asked for."""
    message = "the provider ended the session before it was asked to"
    return Failed(kind="provider", code="ended", message=message, retryable=True)
