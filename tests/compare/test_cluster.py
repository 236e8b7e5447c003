"""The same corpus on a cluster: a real Dask scheduler and two workers, each a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command import WAIT

if TYPE_CHECKING:
    from compare.conftest import Corpus, Emulators

CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler; it goes when its standard input does."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "cluster.py").write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, "cluster.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as running:
        assert running.stdout
        yield running.stdout.readline().strip()


def test_a_cluster_gives_the_same_results(
    scheduler: str, emulators: "Emulators", corpus: "Corpus", tmp_path: Path
) -> None:
    results = tmp_path / "results"
    done = subprocess.run(
        corpus.command(results, "--scheduler", scheduler), capture_output=True, timeout=2 * WAIT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert corpus.said(results) == corpus.everything


def test_a_scheduler_that_is_not_there_is_told(corpus: "Corpus", tmp_path: Path) -> None:
    done = subprocess.run(
        corpus.command(tmp_path / "results", "--scheduler", "tcp://127.0.0.1:9"),
        capture_output=True, timeout=2 * WAIT, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"--scheduler tcp://127.0.0.1:9: cannot be reached" in done.stderr
