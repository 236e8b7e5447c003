from pathlib import Path

import pytest

from support.compared import made, recordings, sessions
from voxport.report.comparison import Comparison
from voxport.take import Item, Take


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    return recordings(tmp_path)


@pytest.fixture
def takes() -> dict[str, dict[str, Take]]:
    return sessions()


@pytest.fixture
def comparison(items: list[Item], takes: dict[str, dict[str, Take]]) -> Comparison:
    return made(items, takes)
