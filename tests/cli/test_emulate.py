import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.command import PROVIDERS, VOXPORT, WAIT, Run
from voxport import emulator, registry

WORDS = [{"text": "Hello", "start": 0.1, "end": 0.5}, {"text": "there.", "start": 0.5, "end": 0.9}]


@contextmanager
def emulating(*arguments: str, environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", Any]]:
    """A running ``voxport emulate``, and its first line."""
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([VOXPORT, "emulate", *arguments], env=environment, text=True, **pipes)
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.yaml"
    path.write_text(yaml.safe_dump(WORDS))
    return str(path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_every_provider_until_a_signal(
    voxport: Run, environment: dict[str, str], script: str, clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with emulating("--script", script, environment=environment) as (process, told):
        for name, variable in PROVIDERS.items():
            endpoint = told["providers"][name]["endpoint"]
            kind = registry.adapter(name).capabilities.default_endpoint.partition("s:")[0]
            assert endpoint == told[kind]
            sections = {name: {"endpoint": endpoint}}
            (tmp_path / "voxport.yaml").write_text(yaml.safe_dump({"provider": name, "providers": sections}))
            keys = told["providers"][name]["env"]
            assert keys == {variable: told["key"]}
            done = voxport("transcribe", clip, "--fast", keys=keys)
            assert done.returncode == 0
            assert done.stdout.lower().replace(".", "") == "hello there\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err) == (0, "", "")


def test_port_and_key_are_the_callers(environment: dict[str, str], script: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    arguments = ("--script", script, "--port", str(port), "--key", "mine")
    with emulating(*arguments, environment=environment) as (_, told):
        assert (told["http"], told["ws"]) == (f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        assert told["key"] == "mine"


def test_the_key_has_a_default(environment: dict[str, str], script: str) -> None:
    with emulating("--script", script, environment=environment) as (_, told):
        assert told["key"] == emulator.KEY


def test_a_port_in_use_is_2(voxport: Run, script: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = voxport("emulate", "--script", script, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"voxport: cannot listen on 127.0.0.1:{port}: ")
