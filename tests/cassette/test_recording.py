"""A session written down, and played again: the same events, without network."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.emulated import KEY, REMOTE, emulator
from support.taping import record, settings
from voxport import registry
from voxport.cassette.player import Played, play
from voxport.cassette.reading import CassetteError, read
from voxport.events import Notice, Transcript
from voxport.listener import Listener
from voxport.timeline import texts


def replayed(path: Path) -> Played:
    return play(read(path), registry.adapter)


@pytest.mark.parametrize("name", REMOTE)
def test_a_session_is_decoded_again_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        heard = record(path, settings(name, listener.url))
    again = replayed(path)
    assert again.differences == ()
    assert texts(again.events) == texts(heard) != ""
    assert [type(event) for event in again.events] == [type(event) for event in heard]
    assert KEY not in path.read_text()


def test_a_key_is_nowhere(tmp_path: Path) -> None:
    for name in REMOTE:
        tokens = registry.adapter(name).capabilities.temporary_tokens
        path = tmp_path / f"{name}.jsonl"
        with emulator() as listener:
            record(path, settings(name, listener.url), temporary_token=tokens)
        assert KEY not in path.read_text()
        assert replayed(path).differences == ()


@pytest.mark.parametrize("name", REMOTE)
def test_drops_and_refusals_are_played_again(name: str, tmp_path: Path, dropping: Callable[[], Listener]) -> None:
    path = tmp_path / "a.jsonl"
    with dropping() as listener:
        heard = record(path, settings(name, listener.url))
    again = replayed(path)
    assert again.differences == ()
    assert "reconnecting" in [event.code for event in again.events if isinstance(event, Notice)]
    finals = [[e.text for e in events if isinstance(e, Transcript) and e.is_final] for events in (heard, again.events)]
    assert finals[0] == finals[1]


def test_what_was_tampered_with_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        record(path, settings("deepgram", listener.url))
    whole = path.read_text().splitlines(keepends=True)
    final = next(at for at, line in enumerate(whole) if '"kind":"received"' in line and "Good morning." in line)
    for broken in (
        [*whole[:final], whole[final].replace("Good morning.", "Good evening."), *whole[final + 1 :]],
        [*whole[:final], *whole[final + 1 :]],
        whole[:-3],
    ):
        path.write_text("".join(broken))
        assert replayed(path).differences != ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: this is no cassette"),
        ("{}\n", ":1: Object missing required field `kind`"),
        ('{"kind":"head","version":2}\n', ":1: a cassette of format 2; this voxport reads 1"),
        ("[" * 100_000, ":1: "),
    ],
)
def test_what_is_no_cassette_is_told_in_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(CassetteError) as caught:
        read(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
