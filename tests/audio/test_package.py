import subprocess
import sys

import pytest

import voxport.audio


def test_public_names_are_loaded_on_use() -> None:
    for name in dir(voxport.audio):
        assert getattr(voxport.audio, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        voxport.audio.nonsense  # noqa: B018 -- the access is the test


def test_names_for_the_type_checker_are_the_public_names() -> None:
    import ast
    from pathlib import Path

    tree = ast.parse(Path(voxport.audio.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {
        alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert declared == {name: f"voxport.audio.{home}" for name, home in voxport.audio._HOMES.items()}


@pytest.mark.parametrize(
    "statement", ["import voxport.audio", "from voxport.audio import Microphone, RawStream, Recording"]
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    code = f"import sys; {statement}; print(sorted({{'numpy', 'soundfile', 'soxr', 'pyaudio'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
