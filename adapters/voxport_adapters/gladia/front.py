"""The far side of Gladia: jobs by id, the tokens of their addresses, and what can be asked of them over HTTP."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from voxport import codec, wire
from voxport_adapters.gladia.job import LASTS, Job, request_id
from voxport_adapters.gladia.request import RefusedError, read
from voxport_adapters.gladia.rules import RULES
from voxport_adapters.gladia.server import IDLE, PLACED, TIMEOUT, Server

LIVE = "/v2/live"
ROUTE = re.compile(r"/v2/(?:live|transcription)/(?P<id>[^/]+)(?P<file>/file)?")
"""The second is the deprecated alias, which answers for live sessions too."""
NOTES_LIMIT = 100_000
"""Bytes of what can be attached to a job."""
JOBS = 1000
"""Finished jobs that are remembered; the service keeps them for 12 months."""
RECORDINGS = 8
"""Jobs whose audio is kept whole."""
SILENT = 30.0
"""Seconds without a message, pings apart, after which a socket is dropped; the code is not known."""
SHOWN = 0.5
"""Seconds that a client which is back has to send something before it is told what it may have missed."""

Answer = codec.HttpResponse


class Front:
    """See ``codec.Front``."""

    def __init__(self, desk: codec.Desk) -> None:
        """No job yet."""
        self._desk = desk
        self._jobs: dict[str, Job] = {}  # the oldest first
        self._tokens: dict[str, str] = {}
        self._recorded: deque[Job] = deque()

    def answer(self, request: codec.HttpRequest) -> Answer | None:
        """See ``codec.Front``."""
        path = wire.path_of(request.url)
        route = ROUTE.fullmatch(path)
        if path != LIVE and not route:
            return None
        if request.headers.get("x-gladia-key") not in self._desk.keys:
            return self._refuse(401, path, "gladia key not found")
        if route is None:
            return self._collection(request)
        job = self._jobs.get(route["id"])
        asks: dict[tuple[str, bool], Callable[[Job, codec.HttpRequest], Answer]] = {
            ("GET", False): lambda job, _: wire.json_response(200, job.told()),
            ("GET", True): self._file,
            ("DELETE", False): self._delete,
            ("PATCH", False): self._patch,
        }
        ask = asks.get((request.method, bool(route["file"])))
        return self._refuse(404, path, "Not found") if job is None or ask is None else ask(job, request)

    def accept(self, request: codec.HttpRequest) -> codec.Accepted | Answer | None:
        """The token is all that is needed, on every socket of the session. The status of a refusal is not known."""
        if wire.path_of(request.url) != LIVE:
            return None
        token = wire.query_of(request.url).get("token", [""])[-1]
        job, now = self._jobs.get(self._tokens.get(token, "")), self._desk.now()
        if job is None or not job.open_to(now):
            return self._refuse(403, LIVE, "Unknown token")
        timers = (
            codec.Timer("idle", SILENT, IDLE),
            codec.Timer("session", max(0.0, job.created + LASTS - now), TIMEOUT),
            codec.Timer("idle", SHOWN, PLACED),
        )
        known = job.status != "queued"
        return codec.Accepted(Server(job, self._desk.now), timers=timers if known else timers[:2], session=job.id)

    # ----------------------------------------------------------------- the collection

    def _collection(self, request: codec.HttpRequest) -> Answer:
        match request.method:
            case "POST":
                return self._create(request)
            case "GET":
                return self._list(request)
        return self._refuse(404, LIVE, "Not found")

    def _create(self, request: codec.HttpRequest) -> Answer:
        try:
            params = read(request.body, wire.query_of(request.url))
        except RefusedError as error:
            message = "Invalid request" if error.status == 400 else "The parameters are incorrect"
            return self._refuse(error.status, LIVE, message, validation_errors=error.complaints)
        job = Job(self._desk.new_id(), self._desk.now(), params, wire.settings_of("gladia", params, RULES))
        token = self._desk.new_id()
        self._remember(job)
        self._tokens[token] = job.id
        # Absolute, and of the host that was asked: two clients take it as it is.
        url = f"{wire.endpoint_url(request.url, 'ws', LIVE)}?token={token}"
        return wire.json_response(201, {"id": job.id, "created_at": wire.timestamp(job.created), "url": url})

    def _remember(self, job: Job) -> None:
        """Memory is bounded: the oldest recordings go first, then the oldest jobs that are over."""
        self._jobs[job.id] = job
        self._recorded.append(job)
        if len(self._recorded) > RECORDINGS:
            oldest = self._recorded.popleft()
            (oldest.intake.recording.discard if oldest.over else oldest.intake.recording.give_up)()
        over = [known for known, job in self._jobs.items() if job.over][:-JOBS]
        for known in over:
            self._forget(known)

    def _forget(self, name: str) -> None:
        self._jobs.pop(name).intake.recording.discard()
        self._tokens = {token: known for token, known in self._tokens.items() if known != name}

    def _list(self, request: codec.HttpRequest) -> Answer:
        """The newest first. ``next`` names this host, which SDKs follow."""
        query = wire.query_of(request.url)
        try:
            page = wire.typed_query(query, _Page)
            wanted = page.window()
        except (ValueError, *wire.UNREADABLE) as error:
            return self._refuse(400, LIVE, "Invalid request", validation_errors=[str(error)])
        metadata = _metadata(query)
        found = [
            job for job in reversed(self._jobs.values())
            if wanted(job.created) and job.matches(page.status, metadata)
        ]  # fmt: skip
        place = f"{wire.endpoint_url(request.url, 'http', LIVE)}?"
        kept = [(name, value) for name, values in query.items() if name != "offset" for value in values]

        def url(offset: int) -> str:
            return place + urlencode([*kept, ("offset", offset)])

        after = page.offset + page.limit
        return wire.json_response(200, {
            "first": url(0), "current": url(page.offset), "next": url(after) if after < len(found) else None,
            "items": [job.told() for job in found[page.offset : after]],
        })  # fmt: skip

    # ----------------------------------------------------------------- one job

    def _file(self, job: Job, request: codec.HttpRequest) -> Answer:
        wav = job.wav()
        if wav is None:
            return self._refuse(404, wire.path_of(request.url), "Audio file not found")
        return Answer(200, {"content-type": "application/octet-stream"}, wav)

    def _delete(self, job: Job, request: codec.HttpRequest) -> Answer:
        if not job.over:
            return self._refuse(403, wire.path_of(request.url), "Still processing")
        self._forget(job.id)
        return Answer(202)

    def _patch(self, job: Job, request: codec.HttpRequest) -> Answer:
        """The schema names no field; what is sent is what is attached."""
        path = wire.path_of(request.url)
        if len(request.body) > NOTES_LIMIT:
            return self._refuse(413, path, "payload too large")
        try:
            notes = msgspec.json.decode(request.body, type=dict[str, Any])
        except wire.UNREADABLE as error:
            return self._refuse(400, path, "Invalid request", validation_errors=[f"body must be an object: {error}"])
        own = notes.get("post_session_metadata")
        job.notes = own if isinstance(own, dict) else notes
        return Answer(204)

    def _refuse(self, status: int, path: str, message: str, **more: object) -> Answer:
        told = {
            "timestamp": wire.timestamp(self._desk.now()), "path": path, "request_id": request_id(self._desk.new_id()),
            "statusCode": status, "message": message, **more,
        }  # fmt: skip
        return wire.json_response(status, told)


class _Page(msgspec.Struct):
    """What a list can be asked for, ``custom_metadata`` apart."""

    offset: int = 0
    limit: int = 20
    date: str | None = None
    before_date: str | None = None
    after_date: str | None = None
    status: list[str] = []

    def window(self) -> Callable[[float], bool]:
        """Whether a job that was created then is wanted. Raises ``ValueError``."""
        for name, value, least in (("offset", self.offset, 0), ("limit", self.limit, 1)):
            if value < least:
                raise ValueError(f"{name} must not be less than {least}")
        for status in self.status:
            if status not in {"queued", "processing", "done", "error"}:
                raise ValueError("status must be one of the following values: queued, processing, done, error")
        day = None if self.date is None else _time("date", self.date).date()
        before = None if self.before_date is None else _time("before_date", self.before_date).timestamp()
        after = None if self.after_date is None else _time("after_date", self.after_date).timestamp()
        return lambda created: (
            (day is None or datetime.fromtimestamp(created, UTC).date() == day)
            and (before is None or created < before)
            and (after is None or created > after)
        )


def _time(name: str, value: str) -> datetime:
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{name} must be a valid ISO 8601 date string") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _metadata(query: Mapping[str, list[str]]) -> dict[str, Any]:
    """As one value in JSON, which the documentation shows, or as ``custom_metadata[name]=value``, as SDKs send it."""
    whole: Iterable[str] = query.get("custom_metadata", [])
    found: dict[str, Any] = {}
    for text in whole:
        found |= wire.json_of(text.encode())
    for name, values in query.items():
        if (parts := re.fullmatch(r"custom_metadata\[(.+)\]", name)) and values:
            found[parts[1]] = values[-1]
    return found
