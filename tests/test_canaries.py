"""The watch of ``tests/conftest.py`` finds what it is there to find: leaks are planted, and each is seen."""

import base64
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from support import canaries
from support.canaries import KEYS, Watch
from support.emulated import KEY, emulator
from support.house import TOKEN
from voxport.engine.replay import AudioLog
from voxport.engine.report import Report
from voxport.errors import SessionFailedError, SettingsError
from voxport.events import Failed
from voxport.settings import AudioSettings

ODD = "a key/with+signs=="


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Watch:
    """The one that watches this very test; what was planted must have been taken from it."""
    return request.config.stash[canaries.WATCH]


def log() -> None:
    logging.getLogger("urllib3.connectionpool").debug("GET /?token=%s", TOKEN)


def log_a_traceback() -> None:
    try:
        int(KEY)
    except ValueError:
        logging.getLogger("voxport.planted").exception("A bug")


def notice() -> None:
    Report(AudioLog(AudioSettings(), 0.0)).notice("lost", f"dialled with {KEY}")


def failure() -> None:
    Report(AudioLog(AudioSettings(), 0.0)).tell(Failed(kind="refused", code="401", message=KEY))


def error() -> None:
    SettingsError(f"the key {KEY} is wrong")


def failed_session() -> None:
    SessionFailedError(Failed(kind="refused", code="401", message=KEY))


def raised_from_a_traceback() -> None:
    with pytest.raises(KeyError):
        _raise()


def _raise() -> None:
    try:
        int(KEY)
    except ValueError as error:
        raise KeyError from error


def command() -> None:
    subprocess.run([sys.executable, "-c", f"print('{KEY}')"], capture_output=True, check=True)


def complaint() -> None:
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.exit('{KEY}')"], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("leak", "place"),
    [
        (log, "the log of urllib3.connectionpool"),
        (log_a_traceback, "the log of voxport.planted"),
        (notice, "a Notice"),
        (failure, "a Failed"),
        (error, "SettingsError"),
        (failed_session, "SessionFailedError"),
        (raised_from_a_traceback, "a traceback"),
        (command, f"what {Path(sys.executable).name} printed"),
        (complaint, f"what {Path(sys.executable).name} printed"),
    ],
)
def test_a_leak_is_found_where_it_is(leak: Callable[[], None], place: str, watch: Watch) -> None:
    assert watch.leaks() == []
    leak()
    assert watch.leaks() == [place]


def test_what_a_test_reads_of_its_output_is_watched(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    print(KEY)
    capsys.readouterr()
    assert watch.leaks() == ["what was printed"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shift", range(3))
def test_base64_is_found_at_each_alignment(key: str, shift: int) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        watch = Watch()
        watch.saw("a file", encode(b"u:p"[:shift] + key.encode() + b" and more"))
        assert watch.leaks() == ["a file"]


@pytest.mark.parametrize("said", [ODD, quote(ODD), quote(ODD, safe="")])
def test_url_encoded_tokens_are_found(said: str) -> None:
    watch = Watch()
    watch.token(ODD)
    watch.saw("a URL", f"wss://host/?token={said}&more")
    assert watch.leaks() == ["a URL"]


def test_what_is_shown_of_a_leak_holds_no_canary() -> None:
    assert Watch().clean(f"said {KEY} aloud") == "said <canary> aloud"


def test_nothing_else_is_found() -> None:
    watch = Watch()
    watch.saw("a log", "emulator-key " + KEY[:-1])
    assert watch.leaks() == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/v3/token?expires_in_seconds=60", {"Authorization": KEY}, None),
        ("POST", "/v1/auth/grant", {"Authorization": f"Token {KEY}"}, {}),
        ("POST", "/v2/live", {"X-Gladia-Key": KEY}, {}),
        ("POST", "/v1/api_keys?type=rt", {"Authorization": f"Bearer {KEY}"}, {"ttl": 60}),
    ],
    ids=["assemblyai", "deepgram", "gladia", "speechmatics"],
)
def test_a_token_that_a_provider_issued_is_a_canary(
    method: str, path: str, headers: dict[str, str], body: object, watch: Watch
) -> None:
    with emulator() as listener:
        answer = requests.request(method, listener.url + path, headers=headers, json=body, timeout=20)
    assert answer.ok
    watch.saw("an answer", answer.content)
    assert watch.leaks() == ["an answer"]


def test_settings_and_key_files_may_hold_keys(tmp_path: Path) -> None:
    for name in ("voxport.yaml", "key.txt", "report.json", "clip.wav"):
        (tmp_path / name).write_text(KEY)
    assert dict(canaries.files(tmp_path)) == {"report.json": KEY.encode()}
    (tmp_path / "report.json").unlink()


PLANTED = """

def test_file(tmp_path):
    (tmp_path / "report.json").write_text({key!r})

def test_print():
    print({key!r})

def test_clean(tmp_path):
    (tmp_path / "report.json").write_text("{{}}")

def test_module_folder(tmp_path_factory):
    (tmp_path_factory.mktemp("results") / "run.sqlite").write_bytes(b"\\0" + {key!r}.encode())
"""


def test_a_leak_fails_its_test_and_is_not_shown(tmp_path: Path) -> None:
    planted = tmp_path / "test_planted_keys.py"
    planted.write_text(PLANTED.format(key=KEY))
    here = Path(__file__).parents[1]
    command = [
        sys.executable, "-m", "pytest", "-n0", "-c", here / "pyproject.toml", "-p", "conftest", "-p", "no:cacheprovider",
        f"--basetemp={tmp_path / 'results'}", planted,
    ]  # fmt: skip
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=here, env=wide)
    shutil.rmtree(tmp_path / "results")
    for test, place in [
        ("file", "the file report.json"),
        ("print", "Captured stdout call of test_print"),
        ("module_folder", "the file run.sqlite"),
    ]:
        assert f"::test_{test} - Failed: a key or token was found in {place}" in done.stdout
    assert "4 passed, 3 errors" in done.stdout
