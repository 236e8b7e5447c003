"""The far side of the service: its paths, its keys, its refusals."""

from voxport import wire
from voxport.codec import Accepted, Desk, HttpRequest, HttpResponse, Timer
from voxport.events import Notice
from voxport_adapters.speechmatics import faults, keys, languages
from voxport_adapters.speechmatics.server import Server

PATH = "/v2"
IDLE, SESSION = 60, 48 * 60
"""Minutes that a session may have no audio, and that it may last."""


def _idle(left: int) -> Timer:
    gone = IDLE - left
    said = f"Session will timeout in {left}m due to inactivity, no audio sent within the last {gone}m"
    return Timer("no_audio", gone * 60.0, Notice(code="idle_timeout", message=said))


def _session(left: int) -> Timer:
    gone = SESSION - left
    said = f"Session will timeout in {left}m due to max duration, session has been active for {gone}m"
    return Timer("session", gone * 60.0, Notice(code="session_timeout", message=said))


TIMERS = (
    *map(_idle, (15, 10, 5)),
    Timer("no_audio", IDLE * 60.0, faults.failed("idle_timeout", f"no audio sent within the last {IDLE}m")),
    *map(_session, (45, 30, 15)),
    Timer("session", SESSION * 60.0, faults.failed("session_timeout", f"session has been active for {SESSION}m")),
)
"""The service warns three times before it ends a session."""


class Front:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        path = wire.path_of(request.url)
        if path == keys.PATH:
            return keys.answer(self._desk, request)
        return no_upgrade(request) if path == PATH or _language_in(path) else None

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        path = wire.path_of(request.url)
        language = _language_in(path)
        if path != PATH and language is None:
            return None
        verdict = admit(self._desk, request)
        if isinstance(verdict, HttpResponse):
            return verdict
        refused = None if verdict else faults.failed("not_authorised", "Not Authorized")
        server = Server(self._desk.new_id(), refused, language)
        return Accepted(server, timers=TIMERS)


def _language_in(path: str) -> str | None:
    """That of the older paths, ``/v2/en``."""
    language = path.removeprefix(f"{PATH}/")
    return language if language in languages.PACKS else None


def no_upgrade(request: HttpRequest) -> HttpResponse:
    """The answer to an ordinary request where only an upgrade makes sense."""
    if request.method != "GET":
        return wire.json_response(405, {"code": 405, "message": f"method {request.method} is not allowed"})
    return wire.json_response(400, {"code": 400, "message": "not a WebSocket upgrade"})


def admit(desk: Desk, request: HttpRequest, *, key_in_query: bool = False) -> HttpResponse | bool:
    """``True`` for who may come in, ``False`` for who is told so after the upgrade, else the refusal.

    A bad ``jwt`` is refused in-band, as browsers saw it, which cannot read a status; so is a temporary key of the wrong
    type, wherever it stands; a bad header as documented.
    """
    query = wire.query_of(request.url)
    names = ("jwt", "api_key") if key_in_query else ("jwt",)
    in_query = next((query[name][-1] for name in names if query.get(name, [""])[-1]), "")
    credential = in_query or wire.credential_of(request)[1]
    kind = "rt" if credential in desk.keys else keys.kind_of(desk, credential)
    if kind is None and not in_query:
        return wire.json_response(401, {"code": 401, "error": "Unauthorized"})
    return kind == "rt"
