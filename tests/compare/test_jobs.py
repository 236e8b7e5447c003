import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from support.command import PROVIDERS
from voxport.cli._config import packaged
from voxport.compare.jobs import Plan, load_plan
from voxport.errors import SettingsError

KEY = "a-key-8e12"
FIRST, SECOND = sorted(PROVIDERS)[:2]


@pytest.fixture
def plan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for variable in PROVIDERS.values():
        monkeypatch.setenv(variable, KEY)

    def load(*only: str, **tree: Any) -> Plan:
        path = tmp_path / "jobs.yaml"
        path.write_text(yaml.safe_dump(tree))
        return load_plan(path, only)

    return load


def test_a_label_alone_is_a_provider(plan_of: Any) -> None:
    plan = plan_of(jobs={FIRST: None, SECOND: {}})
    assert [(job.label, job.provider) for job in plan.jobs] == [(FIRST, FIRST), (SECOND, SECOND)]


def test_what_a_job_says_wins_over_what_holds_for_all(plan_of: Any) -> None:
    plan = plan_of(
        transcription={"language": "en", "partials": False},
        providers={FIRST: {"model": "common", "options": {"a": 1}}},
        jobs={FIRST: {}, "own": {"provider": FIRST, "model": "own", "transcription": {"language": "de"}}},
    )
    common, own = (job.settings() for job in plan.jobs)
    assert (common.transcription.language, common.model, common.options) == ("en", "common", {"a": 1})
    assert (own.transcription.language, own.model, own.options) == ("de", "own", {"a": 1})
    assert own.transcription.partials is False


def test_no_key_is_in_what_travels(plan_of: Any) -> None:
    plan = plan_of(
        providers={FIRST: {"api_key": f"${{{PROVIDERS[FIRST]}}}"}},
        jobs={FIRST: {}, SECOND: {"api_key": f"${{{PROVIDERS[SECOND]}}}"}},
    )
    assert [job.settings().key for job in plan.jobs] == [KEY, KEY]
    assert KEY not in msgspec.json.encode(plan).decode()
    assert KEY not in repr(plan)


def test_a_job_that_is_asked_something_else_has_another_fingerprint(plan_of: Any) -> None:
    plan = plan_of(jobs={FIRST: {}, "same": {"provider": FIRST}, "other": {"provider": FIRST, "model": "x"}})
    asked = {job.label: job.fingerprint(realtime=True) for job in plan.jobs}
    assert asked[FIRST] == asked["same"] != asked["other"]
    assert plan.jobs[0].fingerprint(realtime=False) not in asked.values()


def test_a_key_is_no_part_of_the_fingerprint(plan_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = plan_of(jobs={FIRST: {}}).jobs[0]
    before = job.fingerprint(realtime=True)
    monkeypatch.setenv(PROVIDERS[FIRST], "another")
    assert job.fingerprint(realtime=True) == before


def test_only_some(plan_of: Any) -> None:
    assert [job.label for job in plan_of(SECOND, jobs={FIRST: {}, SECOND: {}}).jobs] == [SECOND]


def test_the_packaged_file_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PROVIDERS.values():
        monkeypatch.delenv(variable, raising=False)
    plan = load_plan(packaged("compare.yaml"))
    assert {job.emulated for job in plan.jobs} == {"moonshine", "pocketsphinx"}
    assert {job.provider for job in plan.jobs} <= set(PROVIDERS)


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({}, "expected a mapping with 'jobs:'"),
        ({"jobs": {}}, "expected a mapping with 'jobs:'"),
        ({"jobs": {"x": {}}}, "jobs.x: unknown provider"),
        ({"jobs": {"x": {"provider": "deepgran"}}}, "did you mean 'deepgram'"),
        ({"jobs": {"x": {"provider": FIRST, "modle": "m"}}}, "jobs.x.modle: unknown key; did you mean 'model'"),
        ({"jobs": {FIRST: {"transcription": {"lang": "en"}}}}, f"jobs.{FIRST}: transcription.lang: unknown key"),
        ({"jobs": {FIRST: {"emulated": "moonshin"}}}, f"jobs.{FIRST}.emulated: unknown recogniser"),
        ({"jobs": {FIRST: 3}}, f"jobs.{FIRST}: expected `object`"),
        (
            {"jobs": {FIRST: {}}, "limits": {FIRST: {"concurrency": 0}}},
            f"limits.{FIRST}.concurrency: expected `int` >= 1",
        ),
        ({"jobs": {FIRST: {"audio": {"sample_rate": 5000}}}}, f"jobs.{FIRST}: audio.sample_rate: 5000"),
        ({"jobs": {FIRST: {"api_key": "${NOT_SET_AT_ALL}"}}}, "NOT_SET_AT_ALL is not set"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(plan_of: Any, tree: Any, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        plan_of(**tree)


def test_an_unknown_label_is_told(plan_of: Any) -> None:
    with pytest.raises(SettingsError, match="unknown job"):
        plan_of("other", jobs={FIRST: {}})
