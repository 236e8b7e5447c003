"""Strangers that cannot run in this process: each is a small program around one SDK or framework.

A program is told requests, as JSON, and prints what its stranger reports, a line ``[name, value]`` each. See
``node/driver.mjs`` for what a request may hold.
"""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from support.emulated import CHUNKS, KEY
from voxport.listener import Listener

HERE = Path(__file__).parent
WAIT = 120.0
"""Seconds; only a failing test waits for so long."""
OVER = '["over", null]\n'
"""The last line of a companion's answer."""

Told = list[tuple[str, Any]]
Ask = Callable[[str], Told]
"""Tells a program one request; what it reports, in order."""


class Program:
    """One stranger, ready to be asked as often as a test wants.

    ``place`` is where it dials, with ``{http}`` and ``{ws}`` for the listener; ``folder`` is for its audio.
    """

    def __init__(self, ask: Ask, folder: Path, *, place: str = "{http}", **request: Any) -> None:
        self._ask = ask
        self._folder = folder
        self._place = place
        self._request = {"key": KEY, "finish": True, "patience": WAIT * 1000, **request}

    def __call__(self, listener: Listener, chunks: Sequence[bytes] = CHUNKS, **request: Any) -> Told:
        """What it reports: with the usual key, options and end unless ``request`` has others."""
        audio = self._folder / "audio.raw"
        audio.write_bytes(b"".join(chunks))
        played = {"audio": str(audio), "chunk": len(chunks[0])} if chunks else {}
        url = self._place.format(http=listener.url, ws=listener.ws_url)
        return self._ask(json.dumps({**self._request, **played, "url": url, **request}))


def once(*command: str) -> Ask:
    """A program that is started for each request."""

    def ask(request: str) -> Told:
        done = subprocess.run(
            command, input=request, capture_output=True, text=True, check=False, timeout=WAIT, env=environment()
        )
        assert done.returncode == 0, done.stderr
        return [report(line) for line in done.stdout.splitlines()]

    return ask


class Companion:
    """A program that answers request after request: a framework takes seconds to start. One that died starts again."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._errors: IO[str] | None = None
        self._process: subprocess.Popen[str] | None = None

    def ask(self, request: str) -> Told:
        """What is reported up to ``over``; the program is ended when that does not come in time."""
        if self._process is None:
            self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- until ``close``
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
                env=environment(),
            )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        watchdog = threading.Timer(WAIT, self._process.kill)
        watchdog.start()
        print(request, file=self._process.stdin, flush=True)
        told: Told = []
        while (line := self._process.stdout.readline()) != OVER:
            if not line:
                self._fail(told)
            told.append(report(line))
        watchdog.cancel()
        return told

    def _fail(self, told: Told) -> NoReturn:
        said = self.close()
        raise AssertionError(f"the program died, or was ended after {WAIT} s; it had reported {told}; {said}")

    def close(self) -> str:
        """End the program, by the end of its input; returns the last that it wrote of errors."""
        if self._process is None or self._errors is None:
            return ""
        self._process.communicate(timeout=WAIT)
        self._process = None
        with self._errors as errors:
            errors.seek(0)
            return errors.read()[-2000:]


def environment() -> Mapping[str, str]:
    """Node trusts the authority that Python trusts."""
    return {**os.environ, "NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", "")}


def report(line: str) -> tuple[str, Any]:
    name, value = json.loads(line)
    return name, value


def values(told: Told, name: str) -> list[Any]:
    """What was reported under ``name``."""
    return [value for reported, value in told if reported == name]


def names(told: Told) -> list[str]:
    return [name for name, _ in told]
