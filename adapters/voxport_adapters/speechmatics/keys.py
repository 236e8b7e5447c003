"""Temporary keys: JSON Web Tokens, as the service's own are, so that all who know the same API keys know them."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from voxport import wire
from voxport.codec import Desk, HttpRequest, HttpResponse

PATH = "/v1/api_keys"
SHORTEST, LONGEST = 60, 86_400
"""Seconds that a temporary key may be asked to live."""

_HEADER = {"alg": "HS256", "typ": "JWT"}


def answer(desk: Desk, request: HttpRequest) -> HttpResponse:
    """``POST /v1/api_keys?type=rt``: a temporary key. One of another type (batch unless said) opens no session here."""
    if request.method != "POST":
        return wire.json_response(405, {"code": 405, "message": f"method {request.method} is not allowed"})
    if wire.credential_of(request)[1] not in desk.keys:
        return wire.json_response(403, {"code": 403, "error": "Forbidden"})
    ttl = wire.json_of(request.body).get("ttl")
    if type(ttl) is not int or not SHORTEST <= ttl <= LONGEST:
        bound = f"less than or equal to {LONGEST}" if type(ttl) is int and ttl > LONGEST else _AT_LEAST
        return wire.json_response(422, {"code": 422, "message": f"ttl in body should be {bound}"})
    kind = wire.query_of(request.url).get("type", ["batch"])[-1]
    return wire.json_response(201, {"apikey_id": None, "key_value": _issue(desk, kind, ttl)})


_AT_LEAST = f"greater than or equal to {SHORTEST}"


def kind_of(desk: Desk, token: str) -> str | None:
    """The type of a temporary key that was issued here and has not expired."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_bytes(signature), _bytes(_signature(desk, signed))):
        return None
    claims = wire.json_of(_decode(signed.rpartition(".")[2]))
    return str(claims["type"]) if claims["exp"] > desk.now() else None


def _issue(desk: Desk, kind: str, ttl: int) -> str:
    now = int(desk.now())
    claims = {"iat": now, "exp": now + ttl, "jti": desk.new_id(), "type": kind}
    signed = f"{_encode(_HEADER)}.{_encode(claims)}"
    return f"{signed}.{_signature(desk, signed)}"


def _signature(desk: Desk, signed: str) -> str:
    secret = "\n".join(sorted(desk.keys)).encode()
    return _base64(hmac.new(secret, _bytes(signed), hashlib.sha256).digest())


def _bytes(sent: str) -> bytes:
    return sent.encode(errors="replace")


def _encode(tree: Mapping[str, Any]) -> str:
    return _base64(wire.encode(tree))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
