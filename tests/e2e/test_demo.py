"""The demonstration as a stranger runs it: the one test with the real recogniser behind every provider."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import soundfile

from voxport import demo, emulator
from voxport.cli._board import PARTIAL, Board
from voxport.events import Begun, Transcript


@pytest.fixture(scope="module")
def report() -> Any:
    command = [str(Path(sys.executable).with_name("voxport")), "demo", "--fast", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_protocols_lose_no_word(report: Any) -> None:
    providers = report["providers"]
    assert tuple(providers) == tuple(emulator.emulated())
    assert report["recogniser"]["wer"] < 0.1
    assert {name: measured["wer"] for name, measured in providers.items()} == dict.fromkeys(
        providers, report["recogniser"]["wer"]
    )


def test_delays_are_measured(report: Any) -> None:
    for measured in report["providers"].values():
        assert set(measured) == {"text", "wer", "first_partial_s", "final_latency_s", "close_s"}
        assert measured["first_partial_s"] > 0
        assert measured["close_s"] > 0
        assert measured["final_latency_s"] <= measured["close_s"] + 1


def test_the_report_names_its_clip(report: Any) -> None:
    clip = demo.clips()[0]
    assert (report["clip"], report["reference"]) == (clip.file, clip.text)


def test_the_clips_are_as_described() -> None:
    described = demo.clips()
    assert {clip.path for clip in described} == set(demo.CLIPS.glob("*.flac"))
    for clip in described:
        assert soundfile.info(clip.path).duration == pytest.approx(clip.seconds)


def test_what_never_came_is_null() -> None:
    measured = demo.Measured(text="", wer=1.0, first_partial_s=None, final_latency_s=None, close_s=0.5)
    assert msgspec.json.decode(msgspec.json.encode(measured))["first_partial_s"] is None


def test_the_board_tells_finals_from_partials() -> None:
    board = Board(["a", "b"])
    board.take("a", Begun())
    board.take("a", Transcript(is_final=True, text="Ask"))
    board.take("a", Transcript(is_final=True, text=",", glued=True))
    board.take("a", Transcript(is_final=False, text="not"))
    board.take("b", Transcript(is_final=False, text="As"))
    assert [(cell.plain, cell.spans[0].style) for cell in board.cells()] == [("Ask, not", PARTIAL), ("As", PARTIAL)]
