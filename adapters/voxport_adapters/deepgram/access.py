"""What both of Deepgram's protocols share: places, credentials, temporary tokens and refusals."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Meta

from voxport import codec, ends, events, wire
from voxport.settings import Encoding, Settings

GRANT = "/v1/auth/grant"
KEY_CHECK = "/v1/auth/token"
KEY_VARIABLE = "DEEPGRAM_API_KEY"
ENDPOINT = "wss://api.deepgram.com"
REGIONS = {
    "us": ENDPOINT, "eu": "wss://api.eu.deepgram.com", "au": "wss://api.au.deepgram.com",
    "in": "wss://api.in.deepgram.com",
}  # fmt: skip
ENCODINGS: dict[Encoding, str] = {"s16le": "linear16", "f32le": "linear32", "mulaw": "mulaw"}

BAD_QUERY = "INVALID_QUERY_PARAMETER"
QUOTED = 200
"""Characters of a client's own words that a refusal quotes: they travel in a header too."""


class RefusedError(Exception):
    """An upgrade is refused, with an HTTP status and the service's own code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep the three apart."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(name: str, value: object) -> RefusedError:
    """A query parameter has a value that it cannot have."""
    return RefusedError(400, BAD_QUERY, f"Invalid '{name}' value of '{str(value)[:QUOTED]}'.")


def no_such_model() -> RefusedError:
    """No model of that name is served here."""
    return RefusedError(400, "Bad Request", "Bad Request: No such model/version combination found.")


# --------------------------------------------------------------------------- the server end


class Tokens:
    """Temporary tokens, as JSON web tokens: they say themselves how long they are good, so that every front on one
    desk takes those of every other.
    """

    _head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")

    def __init__(self, desk: codec.Desk) -> None:
        """Signed with the desk's keys."""
        self._desk = desk
        self._secret = "\n".join(sorted(desk.keys)).encode()

    def issue(self, seconds: float) -> str:
        """A new token, good for ``seconds``."""
        claims = wire.encode({"exp": self._desk.now() + seconds, "jti": self._desk.new_id()})
        body = f"{self._head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}"
        return f"{body}.{self._signature(body)}"

    def valid(self, token: str) -> bool:
        """It was issued at this desk and has not expired."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._signature(body).encode()):
            return False
        claims = body.rpartition(".")[2]
        expiry: float = wire.json_of(base64.urlsafe_b64decode(f"{claims}=="))["exp"]
        return expiry > self._desk.now()

    def _signature(self, body: str) -> str:
        made = hmac.new(self._secret, body.encode(errors="replace"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


SCHEMES = {"token", "bearer"}
"""How a credential is introduced: an API key, a temporary token."""


class Credential(msgspec.Struct, frozen=True):
    """``scheme`` in lower case; ``subprotocol`` is the one to select, if a scheme was offered as such."""

    scheme: str
    value: str
    subprotocol: str | None

    @classmethod
    def of(cls, request: codec.HttpRequest) -> "Credential":
        """From ``Authorization`` or, where a browser cannot set it, the subprotocol after ``token`` or ``bearer``. A
        browser may offer others of its own before them and after them.
        """
        offered = [item.strip() for item in request.headers.get("sec-websocket-protocol", "").split(",")]
        at = next((at for at, item in enumerate(offered) if item.lower() in SCHEMES), None)
        selected = None if at is None else offered[at]
        header = request.headers.get("authorization", "").split()
        if len(header) == 2:
            return cls(header[0].lower(), header[1], selected)
        if at is None or at + 1 == len(offered):
            return cls("", "", selected)
        return cls(offered[at].lower(), offered[at + 1], selected)


Query = TypeVar("Query")


class Front(Generic[Query]):
    """The checks that the service makes before the upgrade, and its tokens. Subclasses say what a query may be."""

    path: ClassVar[str]
    timers: ClassVar[tuple[codec.Timer, ...]]

    def __init__(self, desk: codec.Desk) -> None:
        """Nothing is open yet."""
        self._desk = desk
        self._tokens = Tokens(desk)

    def read(self, query: Mapping[str, list[str]]) -> Query:
        """The query, checked. Raises ``RefusedError`` or ``wire.BadParameterError``."""
        raise NotImplementedError

    def serve(self, query: Query, request_id: str) -> codec.Server:
        """Who speaks on the connection."""
        raise NotImplementedError

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """Grant a temporary token, or tell whether a credential is good."""
        path = wire.path_of(request.url)
        if path not in {GRANT, KEY_CHECK}:
            return None
        try:
            self._admit(Credential.of(request), keys_only=path == GRANT)
            return self._grant(request) if path == GRANT else wire.json_response(200, {"scopes": ["usage:write"]})
        except RefusedError as refused:
            return self._refusal(refused)

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """Credentials first, then the query; both are refused before the 101."""
        if wire.path_of(request.url) != self.path:
            return None
        credential = Credential.of(request)
        try:
            self._admit(credential)
            query = self._read(request.url)
        except RefusedError as refused:
            return self._refusal(refused)
        request_id = self._desk.new_id()
        server = self.serve(query, request_id)
        return codec.Accepted(server, {"dg-request-id": request_id}, credential.subprotocol, self.timers)

    def _admit(self, credential: Credential, *, keys_only: bool = False) -> None:
        """A key is introduced as ``Token`` and a token as ``Bearer``, never the other way round."""
        key = credential.scheme == "token" and credential.value in self._desk.keys
        token = credential.scheme == "bearer" and not keys_only and self._tokens.valid(credential.value)
        if not (key or token):
            raise RefusedError(401, "INVALID_AUTH", "Invalid credentials.")

    def _read(self, url: str) -> Query:
        try:
            return self.read(wire.query_of(url))
        except wire.BadParameterError as error:
            raise invalid(error.name, error.value) from None

    def _grant(self, request: codec.HttpRequest) -> codec.HttpResponse:
        if request.method != "POST":
            raise RefusedError(405, "METHOD_NOT_ALLOWED", "Temporary tokens are granted by POST.")
        try:
            asked = msgspec.json.decode(request.body or b"{}", type=Grant)
        except wire.UNREADABLE as error:
            raise RefusedError(400, "INVALID_JSON", f"ttl_seconds may be 1 to 3600: {error}") from None
        return wire.json_response(
            200, {"access_token": self._tokens.issue(asked.ttl_seconds), "expires_in": asked.ttl_seconds}
        )

    def _refusal(self, refused: RefusedError) -> codec.HttpResponse:
        request_id = self._desk.new_id()
        body = {"err_code": refused.code, "err_msg": refused.message, "request_id": request_id}
        # A header is one line of ASCII, whatever the client had in the value that is quoted.
        headers = {"dg-error": re.sub(r"[^\x20-\x7e]", "?", refused.message), "dg-request-id": request_id}
        return wire.json_response(refused.status, body, headers)


class Grant(msgspec.Struct):
    ttl_seconds: Annotated[int, Meta(ge=1, le=3600)] | Annotated[float, Meta(ge=1, le=3600)] = 30


# --------------------------------------------------------------------------- the client end

REMEDIES = {
    "INVALID_AUTH": f"check the key in {KEY_VARIABLE}: it must be one of this service, and whole",
    "INSUFFICIENT_PERMISSIONS": "use a key that may transcribe (usage:write), of a project that has the model",
    "FORBIDDEN": "temporary tokens need a key with the role Member or higher",
    "ASR_PAYMENT_REQUIRED": "add credit to the project",
    "405": "choose a model that is served live",
    "414": "send fewer key terms: they travel in the URL",
    "429": "wait, or ask for more concurrent streams; diarization and entities have lower limits of their own",
}
"""What to do, by the service's code or the HTTP status, where that says more than the status alone."""


class Service(ends.TableAdapter):
    """How a connection is opened, and what a refusal means. Subclasses give ``path`` too."""

    path: ClassVar[str]

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """One upgrade; with ``temporary_token`` a token is fetched first."""
        endpoint = wire.endpoint_of(settings, self.capabilities)
        credential = f"Bearer {settings.issued}" if settings.token else f"Token {settings.key}"
        if settings.temporary_token:
            headers = {"Authorization": credential, "Content-Type": "application/json"}
            granted = yield codec.HttpRequest("POST", wire.endpoint_url(endpoint, "http", GRANT), headers, b"{}")
            credential = f"Bearer {wire.json_of(granted.body).get('access_token', '')}"
        url = wire.endpoint_url(endpoint, "ws", self.path)
        return codec.Dial(f"{url}?{wire.query_string(self.translate(settings).options)}", {"Authorization": credential})

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """The reason stands in the body, in one of three shapes, and again in ``dg-error``."""
        told = _told(response.body)
        code = str(told.get("err_code") or told.get("error_code") or told.get("category") or "")
        message = told.get("err_msg") or told.get("message") or response.headers.get("dg-error", "")
        details = told.get("details")
        words = " ".join(f"{message}{': ' if details else ''}{details or ''}".split())
        failed = wire.refusal(response, words[:500], code)
        remedy = REMEDIES.get(code) or REMEDIES.get(str(response.status)) or failed.remedy
        return msgspec.structs.replace(failed, remedy=remedy)


def _told(body: bytes) -> Mapping[str, Any]:
    """The body of a refusal; one that is a bare string becomes a message."""
    try:
        tree = msgspec.json.decode(body)
    except wire.UNREADABLE:
        return {}
    return tree if isinstance(tree, dict) else {"message": tree if isinstance(tree, str) else ""}
