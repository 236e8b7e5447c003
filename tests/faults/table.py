"""The matrix as a table: ``python tests/faults/table.py [PROVIDER ...]`` plays every cell and prints what came of it.

States go down, faults across, providers apart; Markdown. A cell that is not as it must be is told below its table, and
the command then ends with 1.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.blows import FAULTS
from faults.cells import PROVIDERS, STATES, Cell, Fails, NoCell, Recovers, TailLost, Undisturbed, Whole, cells
from faults.play import AT_ONCE, listener, play, possible, wrong
from voxport.listener import Listener

SIGNS = {Recovers: "R", Undisturbed: "U", Whole: "W", Fails: "F", TailLost: "T", NoCell: ""}
LEGEND = (
    "R: dials again, and the transcript is whole (no word lost, none twice, in order, at its time).",
    "U: undisturbed, and whole. W: whole; it dials again if it has to.",
    "F: fails at once, with the right kind, code and remedy. T: ends in time, and tells that the tail is lost.",
    "**!** not as it must be. A number is how many codes of that column end so.",
)
CODED = {"close": "Close frames", "refusal": "HTTP refusals"}

Results = dict[Cell, list[str]]


def main(providers: Sequence[str]) -> int:
    """Print all of it."""
    results: Results = {}
    with listener() as behind:
        for provider in providers:
            found = _played(provider, behind)
            results |= found
            print("\n".join(lines(provider, found)), flush=True)
    print("\n".join(("", *LEGEND, "", _count(results))))
    return 1 if any(results.values()) else 0


def _played(provider: str, behind: Listener) -> Results:
    todo = list(cells(provider))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda cell: wrong(cell, play(cell, behind)) if possible(cell) else [], todo)
        return dict(zip(todo, found, strict=True))


def lines(provider: str, results: Results) -> Iterator[str]:
    """One provider's table."""
    columns = [fault.name for fault in FAULTS] + list(CODED.values())
    yield from ("", f"**{provider}**", "", f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}")
    for state in STATES:
        row = [(cell, wrongs) for cell, wrongs in results.items() if cell.state == state]
        shown = (_shown((c, w) for c, w in row if CODED.get(c.fault.effect, c.fault.name) == name) for name in columns)
        yield f"| {state.name} | {' | '.join(shown)} |"
    reasons = Counter(cell.expected.why for cell in results if isinstance(cell.expected, NoCell))
    yield from ("", "No cell, because: " + "; ".join(f"{why} ({count})" for why, count in reasons.items()) + ".")
    yield from (f"- ! {cell.name}: {'; '.join(wrongs)}" for cell, wrongs in results.items() if wrongs)


def _shown(found: Iterable[tuple[Cell, list[str]]]) -> str:
    signs = Counter("**!**" if wrongs else SIGNS[type(cell.expected)] for cell, wrongs in found)
    del signs[""]
    alone = signs.total() == 1
    return " ".join(sign if alone else f"{count}{sign}" for sign, count in signs.items()) or "–"  # noqa: RUF001 -- a dash


def _count(results: Results) -> str:
    played = [cell for cell in results if possible(cell)]
    kinds = Counter(SIGNS[type(cell.expected)] for cell in played)
    told = ", ".join(f"{count} {sign}" for sign, count in kinds.items())
    bad = sum(bool(wrongs) for wrongs in results.values())
    return f"{len(played)} cells ({told}), {len(results) - len(played)} that cannot be; {bad} not as they must be."


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or PROVIDERS))
