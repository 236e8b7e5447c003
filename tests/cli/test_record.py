"""``voxport record``, ``replay`` and ``emulate --cassette``, as a newcomer uses them."""

import json
from pathlib import Path

from support.command import Config, Run
from support.emulated import KEY
from voxport.listener import Listener

CLIPS = [Path(__file__).parents[1] / "clips" / name for name in ("LJ001-0002.flac", "austen-0930.flac")]


def test_files_are_recorded_once_and_replay_as_they_were(
    voxport: Run, config: Config, emulated: Listener, tmp_path: Path
) -> None:
    out, asked = tmp_path / "runs", config("deepgram", emulated)
    first = voxport("record", *map(str, CLIPS), "--config", asked, "--out", str(out), "--fast")
    assert first.returncode == 0, first.stderr
    assert first.stdout.split() == [str(out / f"{clip.stem}.jsonl") for clip in CLIPS]
    assert {path.suffix for path in out.iterdir()} == {".jsonl", ".flac"}
    assert not any(KEY in path.read_text() for path in out.glob("*.jsonl"))
    again = voxport("record", str(CLIPS[0]), "--config", asked, "--out", str(out), "--fast")
    assert (again.returncode, again.stdout) == (0, "")
    assert "is there already" in again.stderr
    played = voxport("replay", *first.stdout.split(), "--json")
    assert played.returncode == 0
    told = [json.loads(line) for line in played.stdout.splitlines()]
    assert [one["differences"] for one in told] == [[], []]
    assert {one["text"].split()[0] for one in told} == {"good"}


def test_a_cassette_that_differs_or_is_too_old_is_told_and_is_an_exit_code(
    voxport: Run, config: Config, emulated: Listener, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    asked = config("deepgram", emulated)
    path = Path(voxport("record", str(CLIPS[0]), "--config", asked, "--out", str(out), "--fast").stdout.strip())
    old = voxport("replay", str(path), "--fail-after", "0")
    assert old.returncode == 1
    assert "more than 0" in old.stderr
    path.write_text(path.read_text().replace("good morning", "good evening", 1))
    changed = voxport("replay", str(path))
    assert changed.returncode == 1
    assert len(changed.stderr.splitlines()) <= 2


def test_two_files_of_one_name_are_refused(voxport: Run, config: Config, emulated: Listener, tmp_path: Path) -> None:
    twin = tmp_path / CLIPS[0].name
    twin.write_bytes(CLIPS[0].read_bytes())
    asked = config("deepgram", emulated)
    done = voxport("record", str(CLIPS[0]), str(twin), "--config", asked, "--out", str(tmp_path / "runs"))
    assert done.returncode == 2
    assert "rename one" in done.stderr
