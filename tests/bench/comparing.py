"""What comparing adds to the sessions that it runs: ``python tests/bench/comparing.py``.

``spent``: a corpus, unpaced, against emulators in a process of their own. The CPU time of this process is taken with all
that comparing does (audio files, fan-out, store, figures), and for the same sessions by themselves: opened, fed from
memory and read by a bare loop. What is quoted is the share of the former that the latter does not explain.

``delayed``: eight sessions at the pace of speech. Every message of the emulator says when it was sent, by the machine's
monotonic clock; what is taken is how much later it is known here: in a comparison, and in eight bare sessions. What is
quoted is the difference of the 99th percentiles.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parent.parent))

import voxport
from support.emulated import REMOTE
from voxport import registry
from voxport.audio import AudioFile
from voxport.cli._config import packaged
from voxport.compare.campaign import Campaign
from voxport.compare.jobs import Job, Plan
from voxport.compare.runner import SideBySide
from voxport.compare.store import Store
from voxport.emulator import endpoint
from voxport.events import AnyEvent, Transcript
from voxport.metrics import read_method, read_prices
from voxport.report.comparison import compare
from voxport.settings import AudioSettings, Settings
from voxport.take import Item

HERE = Path(__file__).parent
AUDIO = AudioSettings()
SESSIONS = 8
AT_ONCE = 2


class Far:
    """The emulators' address, as ``voxport.emulator.endpoint`` wants it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ws_url = f"ws{url.removeprefix('http')}"


def job(label: str, provider: str, far: Far) -> Job:
    where = endpoint(registry.adapter(provider), far)  # type: ignore[arg-type] # all that it looks at
    return Job(
        label, provider, {"provider": provider, "providers": {provider: {"api_key": KEY, "endpoint": where}}}, "bench"
    )


KEY = "bench-key"


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# --------------------------------------------------------------------------- spent


def corpus(folder: Path, count: int, seconds: float) -> list[Item]:
    items = []
    for number in range(count):
        path = folder / f"{number}.wav"
        soundfile.write(
            path, np.full(int(seconds * AUDIO.sample_rate), number / 100_000, np.float32), AUDIO.sample_rate
        )
        items.append(
            Item(id=str(number), audio=str(path), text=" ".join(f"word{at}" for at in range(int(3 * seconds))))
        )
    return items


def with_all(plan: Plan, items: Sequence[Item], folder: Path) -> float:
    began = cpu()
    with Store(folder / "results") as store, ThreadPoolExecutor(AT_ONCE) as executor:
        campaign = Campaign(plan, items, store, jobs=AT_ONCE, realtime=False)
        assert campaign.run(executor)
        ran = cpu() - began
        labels = [one.label for one in plan.jobs]
        compare(
            items, campaign.takes, labels, read_method(packaged("measure.yaml")), read_prices(packaged("prices.yaml"))
        )
    print(f"  running {ran:.2f} s, figures {cpu() - began - ran:.2f} s")
    return cpu() - began


def bare(plan: Plan, items: Sequence[Item], seconds: float) -> float:
    chunks = [bytes(AUDIO.chunk_bytes)] * int(seconds * 1000 / AUDIO.chunk_ms)
    asked = [one.settings() for one in plan.jobs]

    def run(settings: Settings) -> None:
        with voxport.open(settings) as session:
            session.feed(chunks)
            for _ in session:
                pass

    began = cpu()
    with ThreadPoolExecutor(AT_ONCE * len(asked)) as executor:
        list(executor.map(run, asked * len(items)))
    return cpu() - began


def spent(far: Far, count: int, seconds: float) -> None:
    plan = Plan(tuple(job(name, name, far) for name in REMOTE), {}, AUDIO)
    bare(plan, [Item(id="0", audio="")], seconds)
    with tempfile.TemporaryDirectory() as made:
        items = corpus(Path(made), count, seconds)
        alone = bare(plan, items, seconds)
        everything = with_all(plan, items, Path(made))
    share = 1 - alone / everything
    print(
        f"{count} items of {seconds:g} s, {len(REMOTE)} providers: {everything:.2f} s of CPU, sessions alone {alone:.2f} s"
    )
    print(f"outside the sessions: {share:.1%}")


# --------------------------------------------------------------------------- delayed


def behind(events: Sequence[AnyEvent]) -> Iterator[float]:
    """How much later each message was known than it was said, in milliseconds."""
    for event in events:
        if isinstance(event, Transcript) and event.text:
            yield 1000 * (event.received_at - float(event.text.split()[-1]))


def side_by_side(far: Far, clip: Path) -> list[float]:
    sessions = {
        str(number): job(str(number), REMOTE[number % len(REMOTE)], far).settings() for number in range(SESSIONS)
    }
    takes = SideBySide(sessions, AudioFile(clip), AUDIO).play("clip")
    return [late for take in takes for late in behind(take.events)]


def apart(far: Far, clip: Path) -> list[float]:
    asked = [job(str(number), REMOTE[number % len(REMOTE)], far).settings() for number in range(SESSIONS)]

    def run(settings: Settings) -> list[float]:
        with voxport.open(settings) as session:
            session.feed(AudioFile(clip))
            return list(behind(list(session)))

    with ThreadPoolExecutor(SESSIONS) as executor:
        return [late for found in executor.map(run, asked) for late in found]


def delayed(far: Far, seconds: float, runs: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        clip = Path(made) / "clip.wav"
        soundfile.write(clip, np.zeros(int(seconds * AUDIO.sample_rate), np.float32), AUDIO.sample_rate)
        pairs = []
        for _ in range(runs):
            measured, plain = (float(np.percentile(way(far, clip), 99)) for way in (side_by_side, apart))
            pairs.append(measured - plain)
            print(f"  P99 compared {measured:.2f} ms, bare {plain:.2f} ms", flush=True)
    print(f"comparing adds {statistics.median(pairs):+.2f} ms to P99, median of {runs} runs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    for what, kind in ((spent, "chatter"), (delayed, "clock")):
        command = [sys.executable, str(HERE / "far_side.py"), f"--{kind}", *REMOTE]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            far = Far(running.stdout.readline().strip())
            started = time.monotonic()
            what(far, asked.items, asked.seconds) if what is spent else what(far, 10 * asked.seconds, asked.runs)
            print(f"({kind}: {time.monotonic() - started:.0f} s)", flush=True)
            running.terminate()


if __name__ == "__main__":
    main()
