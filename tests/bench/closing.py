"""From the provider's last message to the end of the iteration: ``python tests/bench/closing.py``.

Each provider's session runs against its emulator, which plays a script of two turns.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import voxport
from support.emulated import CHUNKS, KEY, REMOTE, emulator
from voxport.settings import AudioSettings, Secret, Settings

RUNS = 20


def close(name: str, url: str) -> float:
    """Seconds from the arrival of the last message to the end of the loop."""
    asked = Settings(provider=name, api_key=Secret(KEY), endpoint=url, audio=AudioSettings(chunk_ms=100))
    with voxport.open(asked) as session:
        session.feed(CHUNKS)
        *_, last = session
        return time.monotonic() - last.received_at


def main() -> None:
    with emulator() as listener:
        for name in REMOTE:
            took = [1000 * close(name, listener.url) for _ in range(RUNS)]
            print(f"{name:12} median {statistics.median(took):.2f} ms, largest {max(took):.2f} ms")


if __name__ == "__main__":
    main()
