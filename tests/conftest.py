"""For all tests: they are the same on every run, none says a key or a token, and in CI what would be skipped for want
of a system package fails.
"""

import os
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from support import canaries

# The same examples on every run and machine, however slow it is.
settings.register_profile("voxport", deadline=None, derandomize=True)
settings.load_profile("voxport")

WATCH = canaries.Watch()
FOLDERS: list[Path] = []
"""Temporary folders that nobody has searched yet."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[canaries.WATCH] = WATCH
    canaries.put_up(WATCH, FOLDERS)


def pytest_warning_recorded(warning_message: warnings.WarningMessage, nodeid: str) -> None:
    WATCH.saw(f"a warning of {nodeid}", warning_message.message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    yield
    over = nextitem is None or nextitem.path != item.path  # the folders of a module are whole only then
    for folder in [*FOLDERS]:
        if over or folder == getattr(item, "funcargs", {}).get("tmp_path"):
            FOLDERS.remove(folder)
            for name, held in canaries.files(folder):
                WATCH.saw(f"the file {name}", held)
    leaks = WATCH.leaks()
    if over:
        WATCH.forget()
    if leaks:
        pytest.fail(f"a key or token was found in {', '.join(leaks)}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for name, said in report.sections:
        # Each report repeats those before it. What is logged is watched as it is logged, with what pytest omits.
        if name.endswith(report.when) and "log" not in name:
            WATCH.saw(f"{name} of {item.name}", said)
    report.sections = [(name, WATCH.clean(said)) for name, said in report.sections]
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI does not allow: {report.longrepr}"
