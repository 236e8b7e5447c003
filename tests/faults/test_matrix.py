"""Every state, every fault, every provider: no word lost, none twice, in order, at its time; or the right error.

``python tests/faults/table.py`` prints the same as a table.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import msgspec
import pytest

from faults import table
from faults.blows import FAULTS
from faults.cells import (
    LAYOUT,
    PROVIDERS,
    STATES,
    WORDS,
    Cell,
    Fails,
    NoCell,
    Outcome,
    Recovers,
    State,
    TailLost,
    Undisturbed,
    cells,
)
from faults.numbered import Numbered
from faults.play import AT_ONCE, SECONDS, Played, listener, play, possible, wrong
from support.emulated import KEY
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice, Transcript
from voxport.listener import Listener


@pytest.fixture(scope="module")
def behind() -> Iterator[Listener]:
    """A listener for all providers; nothing in it may have raised, and nothing of it or of a session may be left."""
    with listener() as behind:
        yield behind
    assert behind.failures() == ()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("voxport")] == []


@pytest.mark.parametrize(("provider", "state"), [*product(PROVIDERS, STATES)], ids=str)
def test_no_word_is_lost_whatever_the_fault(provider: str, state: State, behind: Listener) -> None:
    playable = [cell for cell in cells(provider, state) if possible(cell)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda cell: wrong(cell, play(cell, behind)), playable)
        complaints = {cell.name: wrongs for cell, wrongs in zip(playable, found, strict=True) if wrongs}
    assert complaints == {}


@pytest.mark.parametrize("errors", [(0.08, -0.08), (-0.08, 0.08)])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_word_is_lost_where_connections_differ_about_its_time(provider: str, errors: tuple[float, float]) -> None:
    hears = Numbered(errors=errors)
    playable = [cell for state in STATES if state.part == "live" for cell in cells(provider, state)]
    with listener(hears) as behind:
        for cell in (cell for cell in playable if cell.fault.name in {"cut", "reset"} and possible(cell)):
            hears.streams = 0
            played = play(cell, behind)
            played.tolerance = 0.11
            assert wrong(cell, played) == [], cell.name


def test_every_state_meets_every_fault_or_the_table_says_why_not() -> None:
    for provider in PROVIDERS:
        met = {(cell.state.name, cell.fault.name) for cell in cells(provider)}
        assert {(state.name, fault.name) for state in STATES for fault in FAULTS} <= met
        assert len(met) == len(list(cells(provider)))
    assert all(cell.expected.why for cell in cells() if isinstance(cell.expected, NoCell))


def test_the_table_shows_what_is_not_as_it_must_be() -> None:
    results = {cell: list[str]() for cell in cells("deepgram")}
    assert "!" not in "".join(table.lines("deepgram", results))
    results[next(cell for cell in results if possible(cell))] = ["lost w3"]
    shown = list(table.lines("deepgram", results))
    assert shown[-1] == "- ! deepgram: cut, HTTP request: lost w3"
    assert sum("**!**" in line for line in shown) == 1


# --------------------------------------------------------------------------- the judge can find fault

FINALS = tuple(
    Transcript(is_final=True, text="", words=(LAYOUT.word_of(number),), connection=1) for number in range(WORDS)
)
ENDED = Ended(connection=2, audio_seconds=SECONDS)
LOST = Notice(code="reconnecting", message="", connection=1)
BACK = Notice(code="reconnected", message="", connection=2)
RECOVERED: tuple[AnyEvent, ...] = (Begun(connection=1), *FINALS, LOST, BACK, ENDED)
REFUSED: tuple[AnyEvent, ...] = (
    Begun(connection=1),
    Failed(kind="refused", code="401", message="no", remedy="a key", connection=1),
)


def judged(expected: Outcome, events: tuple[AnyEvent, ...], **more: object) -> list[str]:
    cell = Cell("deepgram", next(state for state in STATES if state.name == "after a partial"), FAULTS[0], expected)
    played = Played(list(events), strikes=1, begun=2, left_open=0, threads=[], proxy_errors=[])
    for name, value in more.items():
        setattr(played, name, value)
    return wrong(cell, played)


def test_the_judge_lets_a_recovered_session_pass() -> None:
    assert judged(Recovers(), RECOVERED) == []


@pytest.mark.parametrize(
    "events",
    [
        RECOVERED[:-1],
        (*RECOVERED, ENDED),
        (*RECOVERED, BACK),
        (*RECOVERED[1:-1], RECOVERED[0], ENDED),
        (RECOVERED[0], *RECOVERED),
        RECOVERED[:1] + RECOVERED[2:],
        (*RECOVERED[:3], RECOVERED[2], *RECOVERED[3:]),
        (RECOVERED[0], RECOVERED[2], RECOVERED[1], *RECOVERED[3:]),
        (Begun(connection=1), *FINALS, ENDED),
        (Begun(connection=1), *FINALS, LOST, ENDED),
        (Begun(connection=1), *FINALS, LOST, BACK, BACK, ENDED),
        (*RECOVERED[:-1], msgspec.structs.replace(ENDED, tail_lost=True)),
        (*RECOVERED[:-1], msgspec.structs.replace(ENDED, audio_seconds=1.0)),
        (*RECOVERED[:-1], Notice(code="x", message=KEY, connection=2), ENDED),
        (msgspec.structs.replace(RECOVERED[0], connection=2), *RECOVERED[1:]),
        (msgspec.structs.replace(RECOVERED[0], received_at=1.0), *RECOVERED[1:]),
        REFUSED,
    ],
)  # fmt: skip
def test_the_judge_finds_what_is_wrong_with_events(events: tuple[AnyEvent, ...]) -> None:
    assert judged(Recovers(), events) != []


@pytest.mark.parametrize(
    "more",
    [
        {"strikes": 0},
        {"left_open": 1},
        {"threads": ["voxport-deepgram"]},
        {"proxy_errors": [ValueError()]},
        {"error": ValueError(KEY)},
    ],
)
def test_the_judge_finds_what_is_left_behind(more: dict[str, object]) -> None:
    assert judged(Recovers(), RECOVERED, **more) != []


def test_the_judge_wants_an_undisturbed_session_undisturbed() -> None:
    events: tuple[AnyEvent, ...] = (Begun(), *FINALS, ENDED)
    assert judged(Undisturbed(), events) == []
    assert judged(Undisturbed(told=True), events) != []
    assert judged(Undisturbed(), RECOVERED) != []


def test_the_judge_wants_the_right_error_at_once() -> None:
    assert judged(Fails("refused", "401"), REFUSED, error=_failure()) == []
    assert judged(Fails("refused", "402"), REFUSED, error=_failure()) != []
    assert judged(Fails("invalid", "401"), REFUSED, error=_failure()) != []
    assert judged(Fails("refused", "401"), REFUSED) != []
    assert judged(Fails("refused", "401"), (REFUSED[0], LOST, REFUSED[1]), error=_failure()) != []


def test_the_judge_wants_a_lost_tail_told() -> None:
    told = Notice(code="tail_lost", message="", connection=2)
    last = msgspec.structs.replace(ENDED, tail_lost=True)
    assert judged(TailLost(), (Begun(), *FINALS[:5], told, last)) == []
    assert judged(TailLost(), (Begun(), *FINALS[:5], last)) != []
    assert judged(TailLost(), (Begun(), *FINALS[1:5], told, last)) != []
    assert judged(TailLost(), (Begun(), *FINALS, ENDED)) != []


def _failure() -> Exception:
    from voxport.errors import SessionFailedError

    failed = REFUSED[1]
    assert isinstance(failed, Failed)
    return SessionFailedError(failed)
