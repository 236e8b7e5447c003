import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from support.command import PROVIDERS, Run
from support.emulated import KEY, RATE, SECONDS
from voxport.cli._board import Board
from voxport.compare.manifest import load_manifest
from voxport.compare.prepare import asterisk
from voxport.emulator import emulated as adapters
from voxport.emulator import endpoint
from voxport.errors import SettingsError
from voxport.events import Begun, Ended, Failed, Transcript
from voxport.listener import Listener

SAID = "Good morning. Ask not what."
Jobs = Callable[..., str]


@pytest.fixture
def jobs(tmp_path: Path, emulated: Listener) -> Jobs:
    """Write a file in which every provider is a job at the emulators, and some have another key."""

    def write(**keys: str) -> str:
        sections = {
            name: {"api_key": keys.get(name, KEY), "endpoint": endpoint(adapter, emulated)}
            for name, adapter in adapters().items()
        }
        tree = {"transcription": {"punctuation": True}, "providers": sections, "jobs": dict.fromkeys(sections)}
        path = tmp_path / "jobs.yaml"
        path.write_text(yaml.safe_dump(tree))
        return str(path)

    return write


def test_one_recording_goes_to_all(voxport: Run, jobs: Jobs, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text(SAID)
    done = voxport("compare", clip, "--config", jobs(), "--reference", "said.txt", "--fast", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert {label["label"] for label in told["summary"]["labels"]} == set(PROVIDERS)
    (item,) = told["summary"]["items"]
    assert item["reference"] == SAID
    assert all(take["values"]["word_error_rate"] == 0 for take in item["takes"])


def test_the_tables_are_for_people(voxport: Run, jobs: Jobs, clip: Path) -> None:
    done = voxport("compare", clip, "--config", jobs(), "--fast")
    assert done.returncode == 0
    assert all(name in done.stdout for name in PROVIDERS)
    assert "Disagreement" in done.stdout
    assert "Nobody knows what was said" in done.stderr


def test_a_paced_recording_has_delays(voxport: Run, jobs: Jobs, clip: Path) -> None:
    one = next(iter(PROVIDERS))
    done = voxport("compare", clip, "--config", jobs(), "--only", one, "--json")
    (label,) = json.loads(done.stdout)["summary"]["labels"]
    spreads = {spread["measure"]: spread["distribution"] for spread in label["figures"]["spreads"]}
    assert spreads["first_partial"]["n"] == 1
    assert 0 < spreads["first_partial"]["median"] < SECONDS


def test_everything_is_written_and_no_key_is_in_it(voxport: Run, jobs: Jobs, clip: Path, tmp_path: Path) -> None:
    files = {"--report": "r.html", "--csv": "r.csv", "--markdown": "r.md"}
    done = voxport(
        "compare", clip, "--config", jobs(), "--fast", "--json", *(part for pair in files.items() for part in pair)
    )
    assert done.returncode == 0
    written = {name: (tmp_path / name).read_text(encoding="utf-8") for name in files.values()}
    assert written["r.html"].startswith("<!doctype html>")
    assert {line["label"] for line in csv.DictReader(written["r.csv"].splitlines())} == set(PROVIDERS)
    assert "| " in written["r.md"]
    assert KEY not in "".join((*written.values(), done.stdout, done.stderr))


def test_raw_audio_comes_on_stdin_and_can_be_kept(voxport: Run, jobs: Jobs, tmp_path: Path) -> None:
    audio = bytes(2 * int(RATE * SECONDS))
    done = voxport("compare", "-", "--config", jobs(), "--fast", "--save", "kept.wav", "--json", stdin=audio)
    assert done.returncode == 0
    takes = json.loads(done.stdout)["summary"]["items"][0]["takes"]
    assert {take["text"].casefold().replace(".", "") for take in takes} == {SAID.casefold().replace(".", "")}
    assert (tmp_path / "kept.wav").stat().st_size > len(audio)


def test_one_that_is_refused_is_told_and_the_others_go_on(voxport: Run, jobs: Jobs, clip: Path) -> None:
    refused = next(iter(PROVIDERS))
    done = voxport("compare", clip, "--config", jobs(**{refused: "wrong-key-of-a-test"}), "--fast", "--json")
    assert done.returncode == 3
    labels = {label["label"]: label for label in json.loads(done.stdout)["summary"]["labels"]}
    assert [name for name, label in labels.items() if label["failures"]] == [refused]
    assert "wrong-key-of-a-test" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give either AUDIO or --manifest"),
        (["a.wav", "--manifest", "m.jsonl"], "give either AUDIO or --manifest"),
        (["--manifest", "m.jsonl", "--save", "x.wav"], "goes with AUDIO only"),
        (["a.wav", "--config", "none.yaml"], "none.yaml: no such file"),
        (["none.wav"], "none.wav: no such file"),
        (["--manifest", "none.jsonl"], "none.jsonl: no such file"),
        (["a.wav", "--only", "nobody"], "unknown job"),
        (["a.wav", "--report", "no/folder/r.html"], "there is no folder"),
        (["a.wav", "--jobs", "0"], "--jobs"),
    ],
)
def test_wrong_usage_is_one_line_and_2(voxport: Run, arguments: list[str], told: str) -> None:
    done = voxport("compare", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert told in done.stderr


# --------------------------------------------------------------------------- the live view


def drawn(board: Board, width: int = 60, height: int = 40) -> str:
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(board.picture())
    return captured.get()


def test_the_board_shows_how_each_fares() -> None:
    board = Board(["one", "two", "three"])
    assert drawn(board).count("connecting") == 3
    board.take("one", Begun())
    board.take("one", Transcript(is_final=False, text="Ask not", end=1.25, audio_sent=2.0))
    board.take("two", Failed(kind="refused", code="401", message="the key is wrong"))
    board.take("three", Ended(tail_lost=True))
    shown = drawn(board, width=90)
    assert "Ask not" in shown
    assert "0.75 s behind" in shown
    assert "failed: the key is wrong" in shown
    assert "ended, its tail lost" in shown


def test_a_low_terminal_shows_the_ends_of_long_transcripts() -> None:
    board = Board(["one"])
    board.take("one", Transcript(is_final=True, text=" ".join(f"word{at}" for at in range(400))))
    shown = drawn(board, height=12)
    assert "word399" in shown
    assert "word0 " not in shown
    assert len(shown.splitlines()) <= 12


# --------------------------------------------------------------------------- corpora that come in packages


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Debian's packages of a telephone exchange, with three recordings."""
    from G722 import G722

    texts = tmp_path / "usr/share/doc/asterisk-core-sounds-en"
    sounds = tmp_path / "usr/share/asterisk/sounds/en"
    (sounds / "silence").mkdir(parents=True)
    texts.mkdir(parents=True)
    (texts / "core-sounds-en.txt.gz").write_bytes(
        gzip.compress(b"; Sounds\n\nvm-intro: Please leave\nsilence/3: (3 seconds)\nbeep: [a beep]\n"
                      b"short: Short.\nconf-in: To leave...\ngone: Not there.\n")
    )  # fmt: skip
    for name, seconds in {"vm-intro": 3, "silence/3": 3, "beep": 3, "short": 1, "conf-in": 2}.items():
        (sounds / f"{name}.g722").write_bytes(G722(16_000, 64_000).encode([0] * 16_000 * seconds))
    return tmp_path


def test_a_corpus_is_made_of_what_is_installed(voxport: Run, packages: Path, tmp_path: Path) -> None:
    done = voxport("corpus", "asterisk", "--root", packages, "--to", "speech")
    assert (done.returncode, done.stdout) == (0, "speech/manifest.jsonl\n")
    assert "3 recordings" in done.stderr
    items = load_manifest(tmp_path / "speech/manifest.jsonl")
    assert [(item.id, item.text, item.seconds, item.tags) for item in items] == [
        ("vm-intro", "Please leave", 3.0, ("vm",)), ("silence/3", "", 3.0, ("silence",)),
        ("conf-in", "To leave", 2.0, ("conf",)),
    ]  # fmt: skip
    assert all(Path(item.audio).is_file() for item in items)


def test_a_package_that_is_missing_is_named(voxport: Run) -> None:
    done = voxport("corpus", "asterisk", "--language", "tlh")
    assert done.returncode == 2
    assert "apt-get install asterisk-core-sounds-tlh asterisk-core-sounds-tlh-g722" in done.stderr


def test_what_is_short_is_left_out(packages: Path, tmp_path: Path) -> None:
    assert asterisk(tmp_path / "all", at_least=0.5, root=packages)[1] == 4
    with pytest.raises(SettingsError, match="no recordings"):
        asterisk(tmp_path / "none", at_least=60, root=packages)
