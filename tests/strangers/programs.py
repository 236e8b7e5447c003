"""Strangers that cannot run in this process: each is a small program around one SDK or framework.

A program reads one request from stdin, as JSON, and prints what its stranger reports, a line ``[name, value]`` each.
See ``node/driver.mjs`` for what a request may hold.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.emulated import CHUNKS, KEY
from voxport.listener import Listener

HERE = Path(__file__).parent
WAIT = 60.0
"""Seconds; only a failing test waits for so long."""

Told = list[tuple[str, Any]]


class Program:
    """One stranger, ready to be run as often as a test wants; ``folder`` is for its audio."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, options: Mapping[str, Any], until: tuple[str, int]
    ) -> None:
        self._command = command
        self._folder = folder
        self._request = {
            "key": KEY, "options": options, "finish": True, "until": until, "patience": WAIT * 1000,
        }  # fmt: skip

    def __call__(self, listener: Listener, chunks: Sequence[bytes] = CHUNKS, **request: Any) -> Told:
        """What it reports: with the usual key, options and end unless ``request`` has others."""
        audio = self._folder / "audio.raw"
        audio.write_bytes(b"".join(chunks))
        played = {"audio": str(audio), "chunk": len(chunks[0])} if chunks else {}
        done = subprocess.run(
            self._command, input=json.dumps({**self._request, **played, "url": listener.url, **request}),
            capture_output=True, text=True, check=False, timeout=WAIT,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", "")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [(name, value) for name, value in map(json.loads, done.stdout.splitlines())]


def values(told: Told, name: str) -> list[Any]:
    """What was reported under ``name``."""
    return [value for reported, value in told if reported == name]


def names(told: Told) -> list[str]:
    return [name for name, _ in told]
