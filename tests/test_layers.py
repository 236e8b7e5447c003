"""The shape of the whole: each module imports only what stands above it, and what is pure stays pure."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxport import registry

ROOT = Path(__file__).parent.parent
LAYERS = (
    ("words", {"events", "commands", "errors", "settings"}),
    ("pure", {"codec", "wire", "ends", "pair", "actions", "timeline", "take", "metrics", "engine", "voxport_adapters"}),
    ("shell", {"transport", "framing", "session", "exits", "audio", "recogniser", "ear", "inprocess", "listener"}),
    (
        "surface",
        {"registry", "opening", "contract", "emulator", "compare", "report", "demo", "cassette", "cli", "__init__"},
    ),
)
RANK = {name: rank for rank, (_, names) in enumerate(LAYERS) for name in names}
IMPURE = {
    "asyncio", "concurrent", "http", "multiprocessing", "queue", "random", "requests", "secrets", "select", "selectors",
    "socket", "ssl", "subprocess", "threading", "time", "urllib.request", "uuid", "websocket", "aiohttp", "numpy",
}  # fmt: skip
MODULES = sorted([*ROOT.glob("core/voxport/**/*.py"), *ROOT.glob("adapters/voxport_adapters/**/*.py")])


def home(path: Path) -> str:
    """The part of the whole that a file belongs to: a module of voxport, or the adapters."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[1] == "voxport_adapters" else parts[2]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(name: str) -> str | None:
    """The part of the whole that an import names, if it names one."""
    parts = name.split(".")
    if parts[0] == "voxport_adapters":
        return parts[0]
    return parts[1] if parts[0] == "voxport" and len(parts) > 1 else None


def test_every_module_has_its_layer() -> None:
    assert {home(path) for path in MODULES} <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_above_it(path: Path) -> None:
    rank = RANK[home(path)]
    below = {name for name in imports(path) if (found := part(name)) and RANK.get(found, 0) > rank}
    assert below == set()


@pytest.mark.parametrize("path", [p for p in MODULES if RANK[home(p)] < 2], ids=lambda path: path.stem)
def test_what_is_pure_knows_no_socket_thread_clock_or_chance(path: Path) -> None:
    impure = IMPURE - {"numpy"} if home(path) == "metrics" else IMPURE
    assert {name for name in imports(path) for bad in impure if name == bad or name.startswith(f"{bad}.")} == set()
    assert ".now(UTC" not in path.read_text(encoding="utf-8")


def test_adapters_do_not_know_each_other() -> None:
    for path in ROOT.glob("adapters/voxport_adapters/*.py"):
        assert not [name for name in imports(path) if part(name) == "voxport_adapters"]
    for path in ROOT.glob("adapters/voxport_adapters/*/*.py"):
        own = f"voxport_adapters.{path.parent.name}."
        assert not [name for name in imports(path) if part(name) == "voxport_adapters" and not name.startswith(own)]


def test_the_core_names_no_provider() -> None:
    names = set(registry.names()) - {"local"}
    assert len(names) >= 4
    for path in ROOT.glob("core/voxport/**/*.py"):
        said = path.read_text(encoding="utf-8").lower()
        assert not [name for name in names if name in said], path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    limit = 470 if home(path) == "voxport_adapters" else 400
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit
