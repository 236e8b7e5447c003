import json
from pathlib import Path

from support.command import Run
from voxport import registry
from voxport.settings import NEUTRAL


def test_json_is_everything_that_adapters_declare(voxport: Run) -> None:
    done = voxport("providers", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert tuple(told) == registry.names()
    for name, can in told.items():
        declared = registry.adapter(name).capabilities
        assert set(can) == set(declared.__struct_fields__)
        assert set(can["settings"]) == set(NEUTRAL)
        assert can["key_variable"] == declared.key_variable


def test_the_table_says_what_becomes_of_each_setting(voxport: Run) -> None:
    done = voxport("providers")
    rows = {tuple(cell.strip() for cell in line.split("  ") if cell.strip()) for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    for name in registry.names():
        for setting, support in registry.adapter(name).capabilities.settings.items():
            how = ": ".join(filter(None, (support.option, support.note)))
            expected = tuple(filter(None, (name, support.status, how)))
            assert expected in rows or (setting, *expected) in rows
    tokens = (registry.adapter(name).capabilities.temporary_tokens for name in registry.names())
    assert ("temporary tokens", *("yes" if has else "no" for has in tokens)) in rows


def test_the_committed_page_is_what_the_adapters_declare(voxport: Run) -> None:
    """If it fails: voxport providers --markdown > migration_notes/settings.md."""
    page = Path(__file__).parents[2] / "migration_notes" / "settings.md"
    assert page.read_text(encoding="utf-8") == voxport("providers", "--markdown").stdout
