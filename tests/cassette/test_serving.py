"""A cassette as a server: clients hear from it what they heard from the provider."""

from pathlib import Path

import msgspec
import pytest

from support.emulated import CHUNKS, REMOTE, emulator
from support.taping import record, settings
from voxport.cassette.front import Playback, Tape
from voxport.cassette.reading import read
from voxport.events import AnyEvent, Ended, Notice, Transcript
from voxport.listener import Listener
from voxport.opening import open as open_session
from voxport.timeline import texts


def served(path: Path, speed: float = 0.0, waits: list[float] | None = None) -> tuple[Listener, Tape]:
    tape = Tape(read(path))
    noted = waits if waits is not None else []
    return Listener([tape], lambda: Playback(speed, noted.append), keys=[]), tape


def heard_from(listener: Listener, name: str, chunks: list[bytes]) -> list[AnyEvent]:
    with listener, open_session(settings(name, listener.url)) as session:
        session.feed(chunks)
        return list(session)


@pytest.mark.parametrize("name", REMOTE)
def test_a_session_with_a_cassette_hears_what_was_recorded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        recorded = record(path, settings(name, listener.url))
    listener, tape = served(path)
    heard = heard_from(listener, name, CHUNKS)
    assert listener.failures() == ()
    assert texts(heard) == texts(recorded) != ""
    assert isinstance(heard[-1], Ended)
    assert tape.complaints() == []


def test_audio_may_be_cut_in_another_way(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        recorded = record(path, settings("deepgram", listener.url))
    listener, tape = served(path)
    asked = settings("deepgram", listener.url)
    with listener:
        asked = msgspec.structs.replace(
            asked, endpoint=listener.url, audio=msgspec.structs.replace(asked.audio, chunk_ms=20)
        )
        with open_session(asked) as session:
            session.feed(CHUNKS)
            heard = list(session)
    assert texts(heard) == texts(recorded)
    assert tape.complaints() == []


def test_messages_keep_their_time_or_come_as_fast_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        record(path, settings("deepgram", listener.url))
    lines = read(path).lines
    waits: list[float] = []
    listener, _ = served(path, 2.0, waits)
    heard_from(listener, "deepgram", CHUNKS)
    assert waits
    assert sum(waits) <= (lines[-1].at - lines[0].at) / 2 + 1e-6


def test_what_is_not_played_is_a_complaint(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        record(path, settings("gladia", listener.url))
    listener, tape = served(path)
    heard = heard_from(listener, "gladia", CHUNKS[:5])
    assert not any(isinstance(event, Transcript) and event.text == "Ask not what." for event in heard)
    assert any("were not played" in complaint for complaint in tape.complaints())
    untouched = Tape(read(path))
    assert [complaint.partition(" ")[2] for complaint in untouched.complaints()] == [
        "/v2/live was not asked for",
        "connection to /v2/live was not made",
    ]


def test_a_client_of_another_provider_is_told_that_nothing_is_recorded_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with emulator() as listener:
        record(path, settings("deepgram", listener.url))
    listener, tape = served(path)
    with pytest.raises(Exception, match="501"):
        heard_from(listener, "assemblyai", CHUNKS)
    assert any("was not recorded" in complaint for complaint in tape.complaints())


def test_drops_are_played_as_drops(tmp_path: Path, dropping: object) -> None:
    path = tmp_path / "a.jsonl"
    with dropping() as listener:  # type: ignore[operator] # a fixture that makes listeners
        recorded = record(path, settings("deepgram", listener.url))
    listener, tape = served(path)
    heard = heard_from(listener, "deepgram", CHUNKS)
    codes = [[e.code for e in events if isinstance(e, Notice)].count("reconnecting") for events in (recorded, heard)]
    assert codes[0] == codes[1] > 0
    assert texts(heard) == texts(recorded)
    assert tape.complaints() == []
