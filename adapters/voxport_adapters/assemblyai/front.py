"""The far side as a listener shows it: tokens, and upgrades that are all granted, since the server refuses in-band."""

from collections.abc import Iterator, Mapping

import msgspec

from voxport import codec, ends, events, wire
from voxport_adapters.assemblyai.faults import failed
from voxport_adapters.assemblyai.query import Stream, read
from voxport_adapters.assemblyai.server import BAD_INPUT, BEAT, PULSE, Server, Session

STREAM, TOKENS, HEALTH, VERSION = "/v3/ws", "/v3/token", "/v3/ws/health", "2025-05-12"
LONGEST = 10_800
"""Seconds of a session."""
BOUNDS = {"expires_in_seconds": (1, 600), "max_session_duration_seconds": (60, LONGEST)}
"""What the token endpoint takes; the first is required."""
EXPIRED = "Session Expired: Maximum session duration exceeded"


class Front:
    """Tokens open any number of sessions within their time: the documentation says one, the service takes more."""

    def __init__(self, desk: codec.Desk) -> None:
        self._desk = desk
        self._tokens = ends.Tokens(desk)
        self._longest: dict[str, int] = {}

    def answer(self, request: codec.HttpRequest) -> codec.HttpResponse | None:
        """``GET /v3/token``; and a self-hosted service tells that it is well."""
        path = wire.path_of(request.url)
        if path.endswith(HEALTH):
            return codec.HttpResponse(200)
        if not path.endswith(TOKENS):
            return None
        if request.method != "GET":
            return wire.json_response(405, {"detail": "Method Not Allowed"}, {"allow": "GET"})
        return self._issue(wire.credential_of(request)[1], wire.query_of(request.url))

    def _issue(self, key: str, query: Mapping[str, list[str]]) -> codec.HttpResponse:
        """Bad requests are told as the service tells them (422), a bad key as its specification says (401)."""
        sent = {name: query[name][-1] for name in BOUNDS if name in query}
        wrong = [] if key else [_detail(["header", "authorization"], None, "missing", "Field required")]
        wrong += _wrong(sent)
        if wrong:
            return wire.json_response(422, {"detail": wrong})
        if key not in self._desk.keys:
            return wire.json_response(401, {"error": "Invalid API key"})
        seconds = int(sent["expires_in_seconds"])
        token = self._tokens.issue(seconds)
        self._longest[token] = int(sent.get("max_session_duration_seconds", LONGEST))
        return wire.json_response(200, {"token": token, "expires_in_seconds": seconds})

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | codec.HttpResponse | None:
        """The credential first, then the query. Self-hosted services are asked for ``/``."""
        path = wire.path_of(request.url)
        if path and not path.endswith(STREAM):
            return None
        query = wire.query_of(request.url)
        # The Python SDK sends tokens in the header, others in the query; keys have been seen to work in both.
        credential = request.headers.get("authorization") or query.get("token", [""])[-1]
        version = request.headers.get("assemblyai-version", VERSION)
        asked = Session(Stream(), self._longest.get(credential, LONGEST), version, self._refusal(credential))
        if not asked.refusal:
            try:
                asked = msgspec.structs.replace(asked, stream=read(query))
                return _accepted(Server(self._desk, asked), asked)
            except ValueError as error:
                refusal = failed(3006, f"{BAD_INPUT}{error}")
                asked = msgspec.structs.replace(asked, stream=Stream(), refusal=refusal)
        return codec.Accepted(Server(self._desk, asked))

    def _refusal(self, credential: str) -> events.Failed | None:
        """The key or a token stands as it is; ``Bearer`` is refused."""
        if credential in self._desk.keys or self._tokens.valid(credential):
            return None
        why = "Signature has expired" if self._tokens.known(credential) else "Invalid API key"
        return failed(1008, f"Unauthorized Connection: {why if credential else 'Missing Authorization header'}")


def _accepted(server: Server, asked: Session) -> codec.Accepted:
    idle = asked.stream.inactivity_timeout
    why = f"Session terminated due to inactivity: No messages received for {idle} seconds"
    timers = [codec.Timer("session", asked.longest, failed(3008, EXPIRED))]
    if idle:
        timers.append(codec.Timer("idle", idle, failed(3006, why)))
    if asked.stream.session_heartbeat:
        # Where no audio comes, this is what sets the server off: a little late rather than too early.
        timers.append(codec.Timer("quiet", BEAT + 0.05, PULSE))
    return codec.Accepted(server, timers=tuple(timers))


def _wrong(sent: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for name, (low, high) in BOUNDS.items():
        value = sent.get(name)
        place = ["query", name]
        if value is None:
            if name == "expires_in_seconds":
                yield _detail(place, None, "missing", "Field required")
        elif not value.removeprefix("-").isdecimal():
            why = "Input should be a valid integer, unable to parse string as an integer"
            yield _detail(place, value, "int_parsing", why)
        elif float(value) < low:
            why = f"Input should be greater than or equal to {low}"
            yield _detail(place, value, "greater_than_equal", why, ge=low)
        elif float(value) > high:
            why = f"Input should be less than or equal to {high}"
            yield _detail(place, value, "less_than_equal", why, le=high)


def _detail(place: list[str], sent: str | None, kind: str, why: str, **bounds: int) -> dict[str, object]:
    """One complaint as FastAPI writes it."""
    return {"type": kind, "loc": place, "msg": why, "input": sent, **({"ctx": bounds} if bounds else {})}
