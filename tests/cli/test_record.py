"""``voxport record``, ``replay`` and ``emulate --cassette``, as a newcomer uses them."""

import json
from pathlib import Path

import pytest

from support.command import Run
from support.emulated import KEY, emulator
from voxport.listener import Listener

CLIPS = [Path(__file__).parents[1] / "clips" / name for name in ("LJ001-0002.flac", "austen-0930.flac")]


@pytest.fixture
def config(tmp_path: Path, scripted: Listener) -> Path:
    path = tmp_path / "deepgram.yaml"
    path.write_text(f'provider: deepgram\nproviders: {{deepgram: {{endpoint: "{scripted.ws_url}"}}}}\n')
    return path


@pytest.fixture
def scripted() -> object:
    with emulator() as listener:
        yield listener


def test_files_are_recorded_once_and_replay_as_they_were(voxport: Run, config: Path, tmp_path: Path) -> None:
    out, keyed = tmp_path / "runs", {"DEEPGRAM_API_KEY": KEY}
    first = voxport("record", *map(str, CLIPS), "--config", str(config), "--out", str(out), "--fast", env=keyed)
    assert first.returncode == 0, first.stderr
    assert first.stdout.split() == [str(out / f"{clip.stem}.jsonl") for clip in CLIPS]
    assert {path.suffix for path in out.iterdir()} == {".jsonl", ".flac"}
    assert not any(KEY in path.read_text() for path in out.glob("*.jsonl"))
    again = voxport("record", str(CLIPS[0]), "--config", str(config), "--out", str(out), "--fast", env=keyed)
    assert (again.returncode, again.stdout) == (0, "")
    assert "is there already" in again.stderr
    played = voxport("replay", *first.stdout.split(), "--json")
    assert played.returncode == 0
    told = [json.loads(line) for line in played.stdout.splitlines()]
    assert [one["differences"] for one in told] == [[], []]
    assert {one["text"].split()[0] for one in told} == {"Good"}


def test_a_cassette_that_differs_or_is_too_old_is_told_and_is_an_exit_code(
    voxport: Run, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    args = ("record", str(CLIPS[0]), "--config", str(config), "--out", str(out), "--fast")
    path = Path(voxport(*args, env={"DEEPGRAM_API_KEY": KEY}).stdout.strip())
    old = voxport("replay", str(path), "--fail-after", "0")
    assert old.returncode == 1
    assert "more than 0" in old.stderr
    path.write_text(path.read_text().replace("Good morning.", "Good evening.", 1))
    changed = voxport("replay", str(path))
    assert changed.returncode == 1
    assert len(changed.stderr.splitlines()) <= 2


def test_two_files_of_one_name_are_refused(voxport: Run, config: Path, tmp_path: Path) -> None:
    twin = tmp_path / CLIPS[0].name
    twin.write_bytes(CLIPS[0].read_bytes())
    done = voxport("record", str(CLIPS[0]), str(twin), "--config", str(config), "--out", str(tmp_path / "runs"),
                   env={"DEEPGRAM_API_KEY": KEY})  # fmt: skip
    assert done.returncode == 2
    assert "rename one" in done.stderr
