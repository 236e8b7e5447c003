"""What it costs to start: ``import voxport`` beside ``import websocket``, and ``voxport --help``.

``python tests/bench/start_up.py`` runs each in turn, as whole processes, and compares their CPU time.
"""

import os
import statistics
import sys

RUNS = 15
VOXPORT = "import voxport"
WEBSOCKET = "import websocket"
HELP = "import sys; sys.argv = ['voxport', '--help']; from voxport.cli import main; main()"


def cpu(code: str) -> float:
    """CPU seconds of a fresh interpreter that runs ``code``."""
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, 1)]
    )
    _, _, used = os.wait4(child, 0)
    return used.ru_utime + used.ru_stime


def main() -> None:
    for code in (VOXPORT, WEBSOCKET, HELP):
        cpu(code)
    pairs = [(cpu(VOXPORT), cpu(WEBSOCKET)) for _ in range(RUNS)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"import voxport {ours:.3f} s, import websocket {theirs:.3f} s: {statistics.median(ratios):.2f} {spread}")
    print(f"voxport --help {statistics.median(cpu(HELP) for _ in range(RUNS)):.3f} s")


if __name__ == "__main__":
    main()
