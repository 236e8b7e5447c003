import resource
import subprocess
import sys

import pytest

from support.command import VOXPORT, Run
from voxport import emulator
from voxport.cli import app
from voxport.cli._exits import MEANINGS
from voxport.recogniser import RECOGNISERS

COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(voxport: Run, command: str) -> None:
    done = voxport(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: voxport {command}")
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_manual_lists_commands_and_exit_codes(voxport: Run, arguments: tuple[str, ...]) -> None:
    done = voxport(*arguments)
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    said = " ".join(done.stdout.split())
    assert all(f"{code.value} {meaning}" in said for code, meaning in MEANINGS.items())
    assert "..." not in done.stdout.partition("Commands:")[2]  # nothing is cut


def test_help_comes_within_250_ms_of_cpu_time() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    subprocess.run([VOXPORT, "--help"], capture_output=True, check=True)
    assert spent() - before < 0.25


def test_help_loads_nothing_but_typer() -> None:
    code = "import sys, voxport.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"msgspec", "rich", "numpy", "yaml", "requests", "websocket", "voxport.session"} & set(loaded) == set()


def test_defaults_that_help_tells_are_those_that_hold(voxport: Run) -> None:
    said = "".join(voxport("emulate", "--help").stdout.split())
    assert f"Default:{RECOGNISERS[0]}." in said
    assert f"Default:{emulator.KEY}." in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["transcribe", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["transcribe", "--format", "pdf"], "'pdf' is not one of"),
        (["transcribe", "--raw"], "--format jsonl"),
        (["emulate", "--port", "70000"], "less than or equal to 65535; see: voxport emulate --help"),
        (["emulate", "--script", "x.yaml", "--recogniser", "moonshine"], "--recogniser"),
        (["emulate", "--recogniser", "nonsense"], "unknown recogniser"),
        (["emulate", "--script", "missing.yaml"], "missing.yaml: no such file"),
    ],
)
def test_wrong_usage_is_one_line_and_2(voxport: Run, arguments: list[str], told: str) -> None:
    done = voxport(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("voxport: ")
    assert told in done.stderr
