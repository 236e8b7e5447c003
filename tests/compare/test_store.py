import sqlite3
from pathlib import Path

import msgspec
import pytest

from voxport.compare.store import Kept, Store
from voxport.errors import SettingsError
from voxport.events import Ended, Failed, Transcript
from voxport.take import Sent, Take

GOOD = Take(
    label="a", provider="p", item="one", date=1.0, dialled_at=2.0, sent=(Sent(0.1, 2.1),),
    events=(Transcript(is_final=True, text="Hi."), Ended()),
)  # fmt: skip
BAD = Take(
    label="b",
    provider="p",
    item="one",
    date=1.0,
    dialled_at=2.0,
    events=(Failed(kind="network", code="0", message="m"),),
)


def test_a_take_comes_back_as_it_was(tmp_path: Path) -> None:
    with Store(tmp_path / "r") as store:
        store.put([Kept.of(GOOD, "x"), Kept.of(BAD, "x")])
    with Store(tmp_path / "r") as store:
        assert list(store) == [GOOD, BAD]
        assert store.takes("one", {"a": "x", "b": "x"}) == {"a": GOOD, "b": BAD}
        assert store.takes("two", {"a": "x"}) == {}


def test_what_is_known_says_how_it_ended() -> None:
    cut = msgspec.structs.replace(GOOD, label="c", events=(Ended(tail_lost=True),))
    stopped = msgspec.structs.replace(GOOD, label="d", error="the file is damaged")
    with Store(":memory:") as store:
        store.put([Kept.of(take, "x") for take in (GOOD, BAD, cut, stopped)])
        assert store.known() == {
            ("one", "a"): ("x", "ended"), ("one", "b"): ("x", "network"), ("one", "c"): ("x", "tail_lost"),
            ("one", "d"): ("x", "error"),
        }  # fmt: skip


def test_what_was_asked_otherwise_does_not_count() -> None:
    with Store(":memory:") as store:
        store.put([Kept.of(GOOD, "x")])
        assert store.takes("one", {"a": "y"}) == {}


def test_a_later_take_replaces_an_earlier() -> None:
    with Store(":memory:") as store:
        store.put([Kept.of(GOOD, "x")])
        store.put([Kept.of(GOOD, "y")])
        assert store.known() == {("one", "a"): ("y", "ended")}


def test_takes_of_one_item_are_kept_all_or_none(tmp_path: Path) -> None:
    with Store(tmp_path / "r") as store:
        with pytest.raises(sqlite3.IntegrityError):
            store.put([Kept.of(GOOD, "x"), Kept("one", "b", "x", "ended", None)])  # type: ignore[arg-type]
        assert list(store) == []


def test_another_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE mine (x)")
    base.close()
    with pytest.raises(SettingsError, match="not, or not of this format"):
        Store(path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("nothing of the kind" * 100)
    with pytest.raises(SettingsError, match="cannot hold results"):
        Store(path)


def test_a_place_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--results"):
        Store(tmp_path / "no" / "folder")
