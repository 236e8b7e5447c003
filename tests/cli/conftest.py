"""The real command line, as a process of its own, against servers on loopback."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml

from support.command import VOXPORT, WAIT, Config, Run, Serve
from support.emulated import KEY, RATE, SCRIPT, SECONDS
from voxport import emulator
from voxport.listener import Listener


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of ours: no keys, no terminal, a home that is empty."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "100"}


@pytest.fixture
def voxport(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run ``voxport`` to its end, in a directory of its own."""

    def run(
        *arguments: object, keys: Mapping[str, str] | None = None, stdin: bytes = b"", through: str = '"$@"'
    ) -> "subprocess.CompletedProcess[str]":
        command = ["sh", "-c", through, "sh", VOXPORT, *map(str, arguments)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, timeout=WAIT, check=False, cwd=tmp_path,
            env={**environment, **(keys or {})},
        )  # fmt: skip
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Silence that is as long as the script."""
    path = tmp_path_factory.mktemp("clips") / "clip.wav"
    soundfile.write(path, [0.0] * int(RATE * SECONDS), RATE)
    return path


@pytest.fixture(scope="module")
def emulated() -> Iterator[Listener]:
    """A listener for all providers that hears the script of ``support.emulated``; no codec may have raised."""
    with emulator.emulator(SCRIPT, key=KEY) as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Write a YAML file for one provider at ``endpoint``; sections of the file are keyword arguments."""

    def write(provider: str, endpoint: str | Listener, key: str | None = KEY, **sections: Any) -> str:
        own: dict[str, Any] = {"endpoint": endpoint.ws_url if isinstance(endpoint, Listener) else endpoint}
        if key:
            own["api_key"] = key
        path = tmp_path / f"{provider}-test.yaml"
        path.write_text(yaml.safe_dump({"provider": provider, "providers": {provider: own}, **sections}))
        return str(path)

    return write


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a plain TCP server that hands each connection to ``handle`` and keeps it open; returns its endpoint."""
    with ExitStack() as stack:

        def start(handle: Callable[[socket.socket], None]) -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            accepting = threading.Thread(target=_accept, args=(server, handle))
            accepting.start()
            stack.callback(accepting.join)
            # Closing alone does not wake a thread that waits in accept.
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            return f"ws://127.0.0.1:{server.getsockname()[1]}"

        yield start


def _accept(server: socket.socket, handle: Callable[[socket.socket], None]) -> None:
    with ExitStack() as held, suppress(OSError):
        while True:
            connection = held.enter_context(server.accept()[0])
            handle(connection)
