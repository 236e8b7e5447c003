"""CPU seconds to measure a corpus: ``python tests/bench/measuring.py [items] [labels]``."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec

from metrics.streams import corpus
from voxport.metrics import Method, summarise

METHOD = Method(normalisers=("raw", "plain", "whisper-english", "gladia-3"), primary="whisper-english")


def main(items: int, labels: int) -> None:
    truths, takes = corpus([f"label-{at}" for at in range(labels)], items)
    start = time.process_time()
    summary = summarise(takes, truths, METHOD)
    measured = time.process_time()
    size = len(msgspec.json.encode(summary))
    print(
        f"{items} items, {labels} labels: {measured - start:.1f} s of CPU, JSON {size / 1e6:.1f} MB in {time.process_time() - measured:.1f} s"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("1000", "4")))
