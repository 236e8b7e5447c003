import re
from pathlib import Path

import pytest

from voxport.compare.manifest import load_manifest, write_manifest
from voxport.errors import SettingsError
from voxport.events import Word
from voxport.take import Item


@pytest.fixture(autouse=True)
def audio(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / "calls").mkdir(exist_ok=True)
        (tmp_path / "calls" / name).write_bytes(b"x")


def load(tmp_path: Path, text: str, name: str = "corpus.jsonl") -> tuple[Item, ...]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def test_json_lines(tmp_path: Path) -> None:
    (item,) = load(
        tmp_path,
        '{"audio": "calls/a.wav", "text": "Hi.", "tags": ["phone"], "words": [{"text": "Hi.", "start": 0.1, "end": 0.4}]}\n\n',
    )
    assert item == Item(
        id="calls/a", audio=str(tmp_path / "calls/a.wav"), text="Hi.", tags=("phone",), words=(Word("Hi.", 0.1, 0.4),)
    )


def test_csv(tmp_path: Path) -> None:
    one, two = load(
        tmp_path,
        '\ufeffaudio,text,tags,seconds,speaker\ncalls/a.wav,"Hi, you",phone;noisy,1.5,\ncalls/b.wav,,,,anna\n',
        "corpus.csv",
    )
    assert (one.text, one.tags, one.seconds, one.speaker) == ("Hi, you", ("phone", "noisy"), 1.5, None)
    assert (two.text, two.tags, two.seconds, two.speaker) == ("", (), None, "anna")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    item = Item(id="one", audio="calls/a.wav", text="é", key_terms=("a", "b"))
    write_manifest(tmp_path / "m.jsonl", [item])
    (read,) = load_manifest(tmp_path / "m.jsonl")
    assert (read.id, read.text, read.key_terms) == ("one", "é", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no audio"),
        ("[1]", "line 1: expected an object"),
        ("{", "line 1: is no JSON"),
        ('{"audio": "calls/a.wav"}\n{"audio": "calls/c.wav"}', "line 2: "),
        ('{"audio": "calls/a.wav", "txt": "x"}', "line 1: txt: unknown field; did you mean 'text'"),
        ('{"audio": "calls/a.wav", "seconds": "long"}', "line 1: "),
        ('{"text": "x"}', "line 1: has no 'audio'"),
        ('{"audio": "calls/a.wav"}\n{"audio": "calls/a.wav"}', "stands twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        load(tmp_path, text)


@pytest.mark.parametrize("row", ["calls/a.wav", "calls/a.wav,x,y"])
def test_a_row_that_does_not_fit_its_header_is_told(tmp_path: Path, row: str) -> None:
    with pytest.raises(SettingsError, match="line 2: does not have the 2 fields"):
        load(tmp_path, f"audio,text\n{row}\n", "corpus.csv")


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_manifest(tmp_path / "none.jsonl")
