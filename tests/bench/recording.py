"""What recording adds to a session's CPU, and what replaying an hour takes: ``python tests/bench/recording.py``.

A session that is written down beside the same one that is not, in turn, several times, unpaced; see ``client_cpu.py``.
Then a cassette of an hour is decoded again.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from client_cpu import HERE, per_hour  # type: ignore[import-not-found] # beside it, when run as a program
from clients import KEY, chunks  # type: ignore[import-not-found] # likewise

from voxport import registry
from voxport.cassette.player import play
from voxport.cassette.reading import read
from voxport.opening import open as open_session
from voxport.settings import Secret, Settings


def replayed(provider: str, url: str, folder: Path) -> tuple[float, int]:
    """CPU seconds that it takes to decode an hour, and how many events that gives."""
    asked = Settings(provider=provider, api_key=Secret(KEY), endpoint=url)
    path = folder / f"{provider}.jsonl"
    with open_session(asked, record=path) as session:
        session.feed(chunks(3600))
        for _ in session:
            pass
    before = time.process_time()
    played = play(read(path), registry.adapter)
    used = time.process_time() - before
    if played.differences:
        raise SystemExit(f"{provider}: {played.differences[0]}")
    return used, len(played.events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("providers", nargs="*", default=["assemblyai", "deepgram", "gladia", "speechmatics"])
    parser.add_argument("--seconds", type=int, default=600, help="audio of the long run")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    command = [sys.executable, str(HERE / "far_side.py"), *asked.providers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as far, tempfile.TemporaryDirectory() as folder:
        assert far.stdout is not None
        url = far.stdout.readline().strip()
        print("provider      recorded  not   ratio (smallest to largest)   replay of an hour, CPU s (events)")
        for provider in asked.providers:
            pairs = [
                [per_hour(who, provider, url, asked.seconds) for who in ("recorded", "voxport")]
                for _ in range(asked.runs)
            ]
            ratios = sorted(with_it / without for with_it, without in pairs)
            with_it, without = (statistics.median(column) for column in zip(*pairs, strict=True))
            used, events = replayed(provider, url, Path(folder))
            middle = statistics.median(ratios)
            print(
                f"{provider:12} {with_it:6.2f} {without:6.2f} {middle:7.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
                f"{used:20.2f} ({events})",
                flush=True,
            )
        far.terminate()


if __name__ == "__main__":
    main()
