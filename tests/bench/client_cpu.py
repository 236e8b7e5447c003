"""CPU of a voxport client beside that of the provider's own Python SDK: ``python tests/bench/client_cpu.py``.

Both stream the same audio, unpaced, in chunks of 50 ms to the same far side in a process of its own, in turn, several
times. What is compared is the CPU time that one more hour of audio costs: a long run less a short one, so that start-up
does not count. The figure to quote is the ratio.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SHORT = 20
"""Seconds of audio in the short run."""


def cpu(who: str, provider: str, url: str, seconds: int) -> tuple[float, int]:
    """CPU seconds of one client, and how many transcripts it heard."""
    command = [sys.executable, str(HERE / "clients.py"), who, provider, url, str(seconds)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    used, heard = out.split()
    return float(used), int(heard)


def per_hour(who: str, provider: str, url: str, seconds: int) -> float:
    """CPU seconds for an hour of audio."""
    long, heard = cpu(who, provider, url, seconds)
    short, _ = cpu(who, provider, url, SHORT)
    if heard < seconds * 3:
        raise SystemExit(f"{who} {provider}: heard only {heard} transcripts of {seconds} s")
    return (long - short) * 3600 / (seconds - SHORT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("providers", nargs="*", default=["assemblyai", "deepgram", "gladia", "speechmatics"])
    parser.add_argument("--seconds", type=int, default=600, help="audio of the long run")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    command = [sys.executable, str(HERE / "far_side.py"), *asked.providers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as far:
        assert far.stdout is not None
        url = far.stdout.readline().strip()
        print("provider       voxport     SDK   ratio   CPU s per hour of audio; median (smallest to largest ratio)")
        for provider in asked.providers:
            pairs = [
                (per_hour("voxport", provider, url, asked.seconds), per_hour("sdk", provider, url, asked.seconds))
                for _ in range(asked.runs)
            ]
            ratios = sorted(ours / theirs for ours, theirs in pairs)
            ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"{provider:12} {ours:9.2f} {theirs:7.2f} {statistics.median(ratios):7.2f}   {spread}", flush=True)
        far.terminate()


if __name__ == "__main__":
    main()
