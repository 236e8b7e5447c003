"""Which stranger judges what: the table in README.md, made of the tests' marks and the pinned versions.

``python tests/strangers/table.py`` writes it anew. CI runs each of these tests and fails when one fails or is skipped:
what stands in the table holds.
"""

import contextlib
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- strangers: python tests/strangers/table.py -->", "<!-- /strangers -->"
MATTERS = (
    "words", "turns", "metadata", "wrong key", "bad setting", "idle", "error", "drop", "temporary token", "real speech",
)  # fmt: skip
"""What can be judged, in the order of the columns."""


class Stranger(msgspec.Struct, frozen=True, order=True):
    """A mark ``stranger``. ``pinned`` is the file with its version; ``interface`` is sync or async, where the names of
    tests and parameters that say "async" are right over it.
    """

    provider: str
    package: str
    interface: str
    pinned: str = "pyproject.toml"

    @classmethod
    def of(cls, item: pytest.Item) -> "Stranger | None":
        mark = item.get_closest_marker("stranger")
        if not mark:
            return None
        package, provider, interface = mark.args
        return cls(provider, package, "async" if "async" in item.name else interface, **mark.kwargs)

    @property
    def version(self) -> str:
        package = re.escape(self.package)
        found = re.search(rf"""["']?{package}(\[.*\])?["']?(==|: ["'])([\w.]+)""", (ROOT / self.pinned).read_text())
        assert found, f"{self.pinned} pins no version of {self.package}"
        return found[3]

    @property
    def language(self) -> str:
        return "JavaScript" if self.pinned.endswith(".json") else "Python"


class Collector:
    """A plug-in of pytest that notes what the tests judge."""

    def __init__(self) -> None:
        self.judged: defaultdict[Stranger, set[str]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            stranger = Stranger.of(item)
            for mark in item.iter_markers("judges"):
                assert stranger, f"{item.nodeid} judges, and has no mark `stranger`"
                assert set(mark.args) <= set(MATTERS), f"{item.nodeid} judges {mark.args}; known are {MATTERS}"
                self.judged[stranger] |= set(mark.args)


def table() -> str:
    collector = Collector()
    options = ["--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        done = pytest.main([*options, str(HERE)], [collector])
    assert done == pytest.ExitCode.OK, f"the tests could not be collected: {said.getvalue()}"
    assert collector.judged, "no test judges anything"
    rows = [row(stranger, judged) for stranger, judged in sorted(collector.judged.items())]
    head = ["provider", "stranger", "version", "language", "interface", *MATTERS]
    return "\n".join(map(line, [head, ["---"] * 5 + [":-:"] * len(MATTERS), *rows]))


def row(stranger: Stranger, judged: set[str]) -> list[str]:
    marks = ["✓" if matter in judged else "" for matter in MATTERS]
    name = f"`{stranger.package}`"
    return [stranger.provider, name, stranger.version, stranger.language, stranger.interface, *marks]


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the table into the README or, with ``--check``, fail when it is another."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"
    if "--check" not in sys.argv:
        README.write_text(made)
    elif made != text:
        sys.exit("the table of strangers in README.md is out of date: run python tests/strangers/table.py")


if __name__ == "__main__":
    main()
