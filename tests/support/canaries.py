"""Keys and tokens that must not be seen: all that a test run says or writes is watched for them.

``tests/conftest.py`` puts the watch up for every test. What is said is only collected; one search over all of it, when
the test is over, keeps the cost small.
"""

import logging
import os
import re
import subprocess
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, wraps
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from support import emulated, house
from voxport import contract, wire
from voxport.cassette.redaction import LEAST, forms
from voxport.engine.report import Report
from voxport.errors import VoxportError
from voxport.events import AnyEvent, Failed, Notice

KEYS = (emulated.KEY, contract.KEY, house.KEY, house.TOKEN)
"""The keys that tests use. ``emulator.KEY`` is none: it is printed on purpose."""

GRANTS = ("access_token", "token", "key_value")
"""The members of a front's answers that are temporary tokens; Gladia's is in the query of its ``url``."""

UNREAD = (".yaml", ".yml", ".wav", ".flac", ".raw", ".ogg", ".mp3", ".pem")
"""Ends of names of files that are not searched: settings, in which tests give keys on purpose, audio, certificates."""

STRANGERS = ("websockets", "httpx", "httpcore", "deepgram", "assemblyai", "speechmatics", "gladiaio_sdk", "distributed")
"""Loggers of clients that are not ours: what they log of the keys that they were given is their own affair."""

HIDDEN = "<canary>"


class Watch:
    """What was said since the last check, and what must not be in it."""

    def __init__(self) -> None:
        self._said: list[tuple[str, str]] = []
        self._tokens: set[str] = set()

    def token(self, token: str) -> None:
        """A token was issued."""
        if len(token) >= LEAST:
            self._tokens.add(token)

    def saw(self, where: str, said: object) -> None:
        """Something was said; nothing is searched yet."""
        if said:
            self._said.append((where, said.decode("latin-1") if isinstance(said, bytes) else str(said)))

    def leaks(self) -> list[str]:
        """Where canaries were said, each place once; all is forgotten, but for the tokens: they may be said later."""
        said, self._said = self._said, []
        pattern = self._pattern()
        if not pattern.search("\0".join(text for _, text in said)):
            return []
        return list(dict.fromkeys(where for where, text in said if pattern.search(text)))

    def clean(self, text: str) -> str:
        """``text`` as it may be shown."""
        return self._pattern().sub(HIDDEN, text)

    def forget(self) -> None:
        """Nobody is left who could say the tokens."""
        self._tokens.clear()

    def _pattern(self) -> re.Pattern[str]:
        return _any_of(frozenset(self._tokens))


@lru_cache(maxsize=8)
def _any_of(tokens: frozenset[str]) -> re.Pattern[str]:
    every = {form for secret in (*KEYS, *tokens) for form in forms(secret)}
    return re.compile("|".join(map(re.escape, sorted(every, key=len, reverse=True))))


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each file below ``folder`` that no key belongs in, and what is in it."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.suffix not in UNREAD and "key" not in name.lower() and path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()


WATCH = pytest.StashKey[Watch]()
"""Where the configuration of a test run keeps its watch."""


class Collector(logging.Handler):
    """Every record of every logger, as it would be printed, traceback included."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in STRANGERS:
            self._watch.saw(f"the log of {record.name}", self.format(record))


def put_up(watch: Watch, folders: list[Path]) -> None:
    """Listen wherever this process speaks; ``folders`` are told of every temporary folder that is made."""
    logging.getLogger().addHandler(Collector(watch))
    logging.getLogger().setLevel(logging.DEBUG)

    def told(report: Report, event: AnyEvent, *_: Any) -> None:
        if isinstance(event, Failed | Notice):
            watch.saw(f"a {type(event).__name__}", f"{event} {event!r}")

    _before(Report, "tell", told)
    _after(VoxportError, "__init__", lambda _, error, *__: watch.saw(type(error).__name__, f"{error} {error!r}"))
    _before(pytest.RaisesExc, "__exit__", lambda _, *raised: watch.saw("a traceback", _traceback(*raised)))
    _after(
        pytest.CaptureFixture, "readouterr", lambda read, *_: watch.saw("what was printed", "\0".join(map(str, read)))
    )
    _after(pytest.TempPathFactory, "mktemp", lambda folder, *_: folders.append(folder))
    _after(subprocess.Popen, "communicate", lambda read, process, *_: _printed(watch, process.args, read))
    _after(wire, "json_response", lambda _, __, body, *___: _answered(watch, body))


def _before(owner: Any, name: str, hook: Callable[..., object]) -> None:
    plain = getattr(owner, name)

    @wraps(plain)
    def hooked(*args: Any, **named: Any) -> Any:
        hook(*args)
        return plain(*args, **named)

    setattr(owner, name, hooked)


def _after(owner: Any, name: str, hook: Callable[..., object]) -> None:
    plain = getattr(owner, name)

    @wraps(plain)
    def hooked(*args: Any, **named: Any) -> Any:
        result = plain(*args, **named)
        hook(result, *args)
        return result

    setattr(owner, name, hooked)


def _traceback(kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> str:
    return "".join(traceback.format_exception(kind, error, at)) if error else ""


def _printed(watch: Watch, command: Any, read: Iterable[str | bytes | None]) -> None:
    args = [str(arg) for arg in command] if isinstance(command, list | tuple) else [str(command)]
    for said in read:
        text = said.decode("latin-1") if isinstance(said, bytes) else said or ""
        if "emulate" in args and "--key" in args:
            text = text.replace(args[args.index("--key") + 1], "")  # the user of an emulator is told its key
        watch.saw(f"what {Path(args[0]).name} printed", text)


def _answered(watch: Watch, body: Any) -> None:
    if not isinstance(body, dict):
        return
    for token in (body.get(name) for name in GRANTS):
        if isinstance(token, str):
            watch.token(token)
    if isinstance(url := body.get("url"), str):
        for token in wire.query_of(url).get("token", ()):
            watch.token(token)
