"""A corpus run that dies at any point: what had ended is kept, and a rerun finishes with the same results."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command import WAIT
from voxport.commands import Audio, Command, Finish, Start

if TYPE_CHECKING:
    from compare.conftest import Corpus, Emulators


def struck(
    emulators: "Emulators", command: list[str], when: Callable[[int, Command], bool], number: int
) -> "subprocess.CompletedProcess[bytes]":
    """Run until a command of a session says ``when``; the signal is then sent, once.

    That command is heard when the process has said something of it, or is gone.
    """
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stderr
    said = running.stderr

    first = b""

    def strike(session: int, heard: Command) -> None:
        nonlocal first
        if when(session, heard):
            emulators.strike = lambda _number, _command: None
            running.send_signal(number)
            first = said.readline()

    emulators.sessions, emulators.strike = 0, strike
    told, complaints = running.communicate(timeout=WAIT)
    return subprocess.CompletedProcess(running.args, running.returncode, told, first + complaints)


@pytest.mark.parametrize("kind", [Start, Audio, Finish])
@pytest.mark.parametrize("session", [1, 4, 7])
def test_a_rerun_after_a_kill_ends_as_if_nothing_had_happened(
    emulators: "Emulators", corpus: "Corpus", tmp_path: Path, kind: type[Command], session: int
) -> None:
    results = tmp_path / "results"
    killed = struck(
        emulators, corpus.command(results), lambda number, heard: number == session and isinstance(heard, kind),
        signal.SIGKILL,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    kept = corpus.said(results)
    assert kept.items() <= corpus.everything.items()
    emulators.sessions = 0
    again = subprocess.run(corpus.command(results), capture_output=True, timeout=WAIT, check=False)
    assert (again.returncode, again.stderr) == (0, b"")
    assert corpus.said(results) == corpus.everything
    assert emulators.sessions == len(corpus.everything) - len(kept)


def test_ctrl_c_finishes_what_is_under_way_and_loses_nothing(
    emulators: "Emulators", corpus: "Corpus", tmp_path: Path
) -> None:
    results = tmp_path / "results"
    stopped = struck(
        emulators, corpus.command(results), lambda number, heard: number == 3 and isinstance(heard, Finish),
        signal.SIGINT,
    )  # fmt: skip
    assert stopped.returncode == 130
    assert b"finishing what is under way" in stopped.stderr
    assert b"the same command goes on" in stopped.stderr
    kept = corpus.said(results)
    assert 0 < len(kept) < len(corpus.everything)
    assert len(kept) == emulators.sessions
    assert kept.items() <= corpus.everything.items()
