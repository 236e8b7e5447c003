"""A cassette played to the engine: what was heard is decoded again, without network, and compared with what was told.

The recorded commands, arrivals, ticks and chances are all that an engine depends on. The same adapter makes the same of
them; another version of it, or of the engine, may not, and every difference is one line.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from voxport import actions, codec, commands
from voxport.cassette import lines
from voxport.cassette.reading import Cassette, CassetteError
from voxport.codec import Adapter
from voxport.engine import Engine, Route
from voxport.events import AnyEvent, Notice
from voxport.settings import Secret, Settings

ROUNDING = 1e-4
"""Seconds that a time may differ by having been written down."""

ASIDE = {"raw", "received_at"}
"""What of an event is no matter of decoding."""

NAMED: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (commands.EndUtterance, commands.KeepAlive, commands.Configure, commands.IdentifySpeakers, Notice)
}
"""What a ``Said`` line can name, besides ``Start`` and ``Finish``."""


class Played(msgspec.Struct, frozen=True):
    """The events as they are decoded now, and how that differs from the recording, a line each."""

    events: tuple[AnyEvent, ...]
    differences: tuple[str, ...]


def play(cassette: Cassette, adapter: Callable[[str], Adapter]) -> Played:
    """Decode a cassette anew. ``adapter`` finds one by its name.

    Raises ``CassetteError`` when the settings in it are none, and what ``adapter`` raises.
    """
    return _Playing(cassette, adapter).run()


def routes(cassette: Cassette, adapter: Callable[[str], Adapter]) -> list[Route]:
    """The providers of a cassette, with the settings that they were asked for; secrets are the placeholders."""
    head = cassette.head
    try:
        found = [msgspec.convert(tree, Settings, dec_hook=lambda _kind, value: Secret(value)) for tree in head.settings]
    except msgspec.ValidationError as error:
        raise CassetteError(f"{cassette.path}:1: settings: {error}") from None
    if not found or len(found) != len(head.providers):
        raise CassetteError(f"{cassette.path}:1: settings: expected as many as there are providers, and one at least")
    return [Route(adapter(name), settings) for name, settings in zip(head.providers, found, strict=True)]


class _Playing:
    def __init__(self, cassette: Cassette, adapter: Callable[[str], Adapter]) -> None:
        self._cassette = cassette
        self._chances = deque(line.value for line in cassette.lines if isinstance(line, lines.Drew))
        self._engine = Engine(routes(cassette, adapter), self._chance, cassette.head.epoch)
        self._made: deque[actions.Action] = deque()  # what the engine made of the last input, and no line has shown yet
        self._events: list[AnyEvent] = []
        self._differences: list[str] = []
        self._number = 1
        self._audio = 0  # bytes sent, less those recorded

    def run(self) -> Played:
        for number, line in enumerate(self._cassette.lines, 2):
            self._number = number
            made = self._input(line)
            if made is not None:
                self._require_nothing_left()
                self._take_in(made)
            elif not isinstance(line, lines.Drew | lines.Head):
                self._compare(line)
        self._require_nothing_left()
        if self._cassette.end is None:
            self._differ("the recording was broken off")
        return Played(tuple(self._events), tuple(self._differences))

    def _chance(self) -> float:
        return self._chances.popleft() if self._chances else 0.5

    def _differ(self, what: str) -> None:
        self._differences.append(f"{self._cassette.path}:{self._number}: {what}")

    def _input(self, line: lines.AnyLine) -> list[actions.Action] | None:
        """What the engine makes of a line that is an input; ``None`` for any other."""
        engine = self._engine
        match line:
            case lines.Fed(sizes=sizes, at=at):
                return [action for size in sizes for action in engine.command(commands.Audio(_silence(size)), at)]
            case lines.Said(command="Notice", asked=asked, at=at):
                return engine.note(self._converted(asked, Notice), at)
            case lines.Said(at=at):
                return engine.command(self._command(line), at)
            case lines.Ticked(at=at):
                return engine.tick(at)
            case _ if (arrival := _arrival(line)) is not None:
                return engine.receive(arrival, line.at)
        return None

    def _command(self, line: lines.Said) -> commands.Command:
        match line.command:
            case "Start":
                return commands.Start(self._engine.route.settings)
            case "Finish":
                return commands.Finish()
            case name if name in NAMED:
                command: commands.Command = self._converted(line.asked, NAMED[name])
                return command
        raise CassetteError(f"{self._cassette.path}:{self._number}: unknown command {line.command!r}")

    def _converted(self, asked: Any, kind: type[Any]) -> Any:
        try:
            return msgspec.convert({"type": kind.__name__, "event": "notice", **(asked or {})}, kind)
        except (msgspec.ValidationError, TypeError) as error:
            raise CassetteError(f"{self._cassette.path}:{self._number}: {error}") from None

    def _take_in(self, made: list[actions.Action]) -> None:
        for action in made:
            if isinstance(action, bytes):
                self._audio += len(action)
            else:
                self._made.append(action)
                if isinstance(action, AnyEvent):
                    self._events.append(action)

    def _require_nothing_left(self) -> None:
        for action in self._made:
            self._differ(f"now also {_shown(action)}")
        self._made.clear()
        if self._audio:
            self._differ(f"now {abs(self._audio)} bytes of audio {'more' if self._audio > 0 else 'fewer'}")
            self._audio = 0

    def _compare(self, line: lines.AnyLine) -> None:
        if isinstance(line, lines.Audio):
            self._audio -= sum(line.sizes)
            return
        if not self._made:
            self._differ(f"no more: {_shown(line)}")
            return
        action = self._made.popleft()
        if not _same(action, line):
            self._differ(f"was {_shown(line)}, now {_shown(action)}")


@cache
def _silence(size: int) -> bytes:
    return bytes(size)


def _arrival(line: lines.AnyLine) -> actions.Arrival | None:
    match line:
        case lines.Received(text=text, data=data):
            return text if data is None else data
        case lines.Upgraded(headers=headers):
            return codec.Opened(headers)
        case lines.Response(status=status, headers=headers, body=body):
            return codec.HttpResponse(status, headers, body.encode())
        case lines.Closed(by_us=False, code=code, reason=reason):
            return codec.Closed(code, reason)
        case lines.Ping(answered=True):
            return actions.Pong()
        case lines.Unreached(message=message):
            return actions.Unreachable(message)
    return None


def _same(action: actions.Action, line: lines.AnyLine) -> bool:
    match action, line:
        case str(), lines.Sent(text=text):
            return action == text or _json(action) == _json(text)
        case codec.HttpRequest(method=method, url=url, body=body), lines.Request():
            return (method, url, _json(body.decode())) == (line.method, line.url, _json(line.body))
        case codec.Dial(url=url, subprotocols=offered), lines.Dialled():
            return (url, offered) == (line.url, line.subprotocols)
        case codec.Closed(code=code), lines.Closed(by_us=True):
            return code == line.code
        case actions.Ping(), lines.Ping():
            return True
        case _, lines.Told(event=event):
            return _alike(action, event)
    return False


def _alike(now: Any, then: Any) -> bool:
    """Equal, but for what is aside and for what is lost by writing a time down."""
    if isinstance(now, float) and isinstance(then, float | int):
        return math.isclose(now, then, abs_tol=ROUNDING)
    if isinstance(now, msgspec.Struct):
        names = (name for name in now.__struct_fields__ if name not in ASIDE)
        return type(now) is type(then) and all(_alike(getattr(now, name), getattr(then, name)) for name in names)
    if isinstance(now, tuple | list):
        return len(now) == len(then) and all(map(_alike, now, then))
    return bool(now == then)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _shown(thing: object) -> str:
    """One line, of bounded length."""
    shown = repr(thing.event) if isinstance(thing, lines.Told) else repr(thing)
    return shown if len(shown) <= 300 else f"{shown[:300]}..."
