"""A session written down as it happens."""

from __future__ import annotations

import platform
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import IO, Any

import msgspec

from voxport import actions, codec, commands
from voxport.cassette import lines
from voxport.cassette.redaction import Redactor
from voxport.engine.route import Route
from voxport.events import Begun, Failed, Notice, Unknown
from voxport.settings import Settings
from voxport.wire import timestamp


class Recorder:
    """A ``voxport.actions.Tap`` that writes lines to ``file``, without secrets.

    ``hear`` is handed the caller's audio, to keep it elsewhere; when the session is over, ``finish`` is asked what the
    last line is to say of it. Writing costs a session about a microsecond for a message of audio.
    """

    def __init__(
        self,
        file: IO[bytes],
        routes: Sequence[Route],
        *,
        wall: float,
        now: float,
        hear: Callable[[bytes], object] = lambda _data: None,
        finish: Callable[[], lines.AudioFile | None] = lambda: None,
        note: str = "",
    ) -> None:
        """``wall`` is the Unix time at ``now`` on the monotonic clock."""
        self._file = file
        self._start = now
        self._hear = hear
        self._finish = finish
        self._connection = 0
        self._redactor = Redactor(_secrets(routes))
        self._fed: list[int] = []
        self._sizes: list[int] = []
        self._crcs: list[int] = []
        self._fed_at = self._audio_at = now
        self._write(_head(routes, self._redactor, wall, wall - now, note))

    # ----------------------------------------------------------------- what a session tells

    def said(self, command: commands.Command, at: float) -> None:
        """See ``Tap``."""
        if isinstance(command, commands.Audio):
            if self._sizes and not self._fed:
                self._flush_audio()  # what was sent before this was fed
            self._fed_at = self._fed_at if self._fed else at
            self._fed.append(len(command.data))
            self._hear(command.data)
            return
        asked = None if isinstance(command, commands.Start) else self._redactor.tree(msgspec.to_builtins(command))
        self._line(at, lines.Said, command=type(command).__name__, asked=asked or None)

    def noted(self, notice: Notice, at: float) -> None:
        """See ``Tap``."""
        asked = {"code": notice.code, "message": self._redactor.text(notice.message), "seconds": notice.seconds}
        self._line(at, lines.Said, command="Notice", asked=asked)

    def ticked(self, at: float) -> None:
        """See ``Tap``."""
        self._line(at, lines.Ticked)

    def drew(self, number: float) -> None:
        """See ``Tap``."""
        self._line(self._start, lines.Drew, value=number)

    def arrived(self, arrival: actions.Arrival, at: float) -> None:
        """See ``Tap``."""
        hidden = self._redactor
        match arrival:
            case str():
                self._line(at, lines.Received, text=hidden.body(arrival))
            case bytes():
                self._line(at, lines.Received, data=arrival)
            case codec.Opened(headers=headers):
                self._connection += 1
                self._line(at, lines.Upgraded, headers=hidden.headers(headers))
            case codec.HttpResponse(status=status, headers=headers, body=body):
                said = hidden.body(body.decode(errors="replace"))
                self._line(at, lines.Response, status=status, headers=hidden.headers(headers), body=said)
            case codec.Closed(code=code, reason=reason):
                self._line(at, lines.Closed, code=code, reason=hidden.text(reason))
            case actions.Pong():
                self._line(at, lines.Ping, answered=True)
            case actions.Unreachable(message=message):
                self._line(at, lines.Unreached, message=hidden.text(message))

    def did(self, action: actions.Action, at: float) -> None:
        """See ``Tap``."""
        hidden = self._redactor
        match action:
            case bytes():
                self._audio_at = self._audio_at if self._sizes else at
                self._sizes.append(len(action))
                self._crcs.append(zlib.crc32(action))
            case str():
                self._line(at, lines.Sent, text=hidden.body(action))
            case codec.HttpRequest(method=method, url=url, headers=headers, body=body):
                said = hidden.body(body.decode(errors="replace"))
                told = hidden.headers(headers)
                self._line(at, lines.Request, method=method, url=hidden.url(url), headers=told, body=said)
            case codec.Dial(url=url, headers=headers, subprotocols=offered, session_id=session_id):
                names = tuple(hidden.headers({"sec-websocket-protocol": ", ".join(offered)}).values())
                asked = tuple(filter(None, names[0].split(", "))) if offered else ()
                self._line(
                    at, lines.Dialled, url=hidden.url(url), headers=hidden.headers(headers), subprotocols=asked,
                    session_id=session_id,
                )  # fmt: skip
            case codec.Closed(code=code, reason=reason):
                self._line(at, lines.Closed, by_us=True, code=code, reason=hidden.text(reason))
            case actions.Ping():
                self._line(at, lines.Ping)
            case event:
                self._event(event, at)

    def _event(self, event: Any, at: float) -> None:
        bare = msgspec.structs.replace(event, raw=None, received_at=event.received_at - self._start)
        if isinstance(event, Begun | Notice | Failed | Unknown):
            bare = msgspec.convert(self._redactor.tree(msgspec.to_builtins(bare)), type(event))
        self._line(at, lines.Told, event=bare)

    def close(self) -> None:
        """See ``Tap``."""
        self._line(self._start, lines.End, audio=self._finish())
        self._file.close()

    # ----------------------------------------------------------------- writing

    def _line(self, at: float, kind: type[lines.Line], **fields: Any) -> None:
        self._flush_audio()
        self._write(kind(at=round(at - self._start, 6), connection=self._connection, **fields))

    def _flush_audio(self) -> None:
        if self._fed:
            at = round(self._fed_at - self._start, 6)
            self._write(lines.Fed(at=at, connection=self._connection, sizes=tuple(self._fed)))
            self._fed.clear()
        if self._sizes:
            at, sizes, crcs = round(self._audio_at - self._start, 6), tuple(self._sizes), tuple(self._crcs)
            self._write(lines.Audio(at=at, connection=self._connection, sizes=sizes, crcs=crcs))
            self._sizes.clear()
            self._crcs.clear()

    def _write(self, line: lines.Line) -> None:
        written = lines.encode(line)
        if isinstance(line, lines.Told):
            written = self._redactor.text(written.decode()).encode()
        self._file.write(written + b"\n")


def _secrets(routes: Sequence[Route]) -> list[str]:
    return [secret for route in routes for secret in (route.settings.key, route.settings.issued) if secret]


def _head(routes: Sequence[Route], redactor: Redactor, wall: float, epoch: float, note: str) -> lines.Head:
    return lines.Head(
        version=lines.VERSION,
        created=timestamp(wall),
        voxport=metadata.version("voxport"),
        python=platform.python_version(),
        providers=tuple(route.adapter.name for route in routes),
        settings=tuple(_settings(route.settings, redactor) for route in routes),
        options=tuple(redactor.tree(dict(route.adapter.translate(route.settings).options)) for route in routes),
        epoch=epoch,
        note=note,
    )


def _settings(settings: Settings, redactor: Redactor) -> Mapping[str, Any]:
    """As they were asked for; a secret by its placeholder, and without those of the providers to go on with."""
    bare = msgspec.structs.replace(settings, fallback=(), record=None)
    tree = msgspec.to_builtins(bare, enc_hook=lambda secret: redactor.hide(secret.reveal()))
    clean: Mapping[str, Any] = redactor.tree(tree)
    return clean
