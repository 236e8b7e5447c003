import json
import socket
from pathlib import Path
from typing import Any

import pytest

from support.command import PROVIDERS, Config, Run
from support.emulated import KEY
from voxport.listener import Listener


def checks(done: Any) -> dict[str, Any]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_can_be_used_is_0(voxport: Run, config: Config, emulated: Listener, provider: str) -> None:
    done = voxport("doctor", "--json", "--config", config(provider, emulated), keys={PROVIDERS[provider]: KEY})
    found = checks(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["usable"] is True
    assert found["endpoint"]["state"] == found["configuration"]["state"] == "ok"
    assert {name: check["state"] for name, check in found.items() if name.startswith("key of ")} == {
        f"key of {name}": "ok" if variable == PROVIDERS[provider] else "missing" for name, variable in PROVIDERS.items()
    }
    assert KEY not in done.stdout


def test_text_says_what_to_do(voxport: Run, config: Config, emulated: Listener) -> None:
    done = voxport("doctor", "--config", config("deepgram", emulated))
    assert done.returncode == 0
    assert "to use gladia: export GLADIA_API_KEY=...\n" in done.stdout
    assert done.stdout.endswith("deepgram can be used\n")


def test_a_network_failure_stops_nothing_else(voxport: Run, config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"ws://127.0.0.1:{server.getsockname()[1]}"
    done = voxport("doctor", "--json", "--config", config("deepgram", endpoint))
    found = checks(done)
    assert (done.returncode, done.stderr) == (2, "")
    assert found["endpoint"]["state"] == "failed"
    assert found["endpoint"]["found"].endswith("Connection refused")
    assert found["endpoint"]["remedy"]
    assert {"Python", "voxport", "extra local", "extra mic", "microphones"} <= set(found)


@pytest.mark.parametrize(
    ("content", "told"),
    [("provider: deepgrm", "did you mean 'deepgram'"), ("provider: gladia", "export GLADIA_API_KEY=...")],
)
def test_a_configuration_that_cannot_be_used_is_2(voxport: Run, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "voxport.yaml").write_text(content)
    done = voxport("doctor", "--json")
    assert (done.returncode, done.stderr) == (2, "")
    assert checks(done)["configuration"]["state"] == "failed"
    assert told in checks(done)["configuration"]["remedy"]


def test_the_packaged_configuration_needs_no_key(voxport: Run) -> None:
    done = voxport("doctor")
    assert done.returncode == 0
    assert done.stdout.endswith("local can be used\n")
