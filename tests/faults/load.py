"""Many sessions at once: ``python tests/faults/load.py [--sessions 200] [--minutes 10] [--provider NAME ...]``.

Sessions of this process, at the pace of speech, against emulators in a process of their own, which drop connections at
random. It ends with 1 if a session lost a word, told one twice or did not end, or if threads or file descriptors are
left, or memory grew.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.numbered import Layout, Numbered, name, said, speech
from support.emulated import KEY, REMOTE
from voxport import registry
from voxport.codec import Adapter
from voxport.commands import Audio, Command
from voxport.ear import Ear
from voxport.errors import SessionFailedError
from voxport.events import AnyEvent, Ended, Notice
from voxport.listener import DroppedError, Listener
from voxport.opening import open as session_of
from voxport.session import Session
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription

LAYOUT = Layout(pause=1.1)
AUDIO = AudioSettings(chunk_ms=200)
EVERY = 20.0
"""Seconds of audio from one drop to the next, on average."""
GROWTH = 64 << 20
"""Bytes of resident memory that may be added after the first third."""
SETTLES = 5.0
"""Seconds that threads may take to be gone."""


class Dropping:
    """A backend whose connection breaks at random moments."""

    def __init__(self, every: float) -> None:
        self._ear = Ear(Numbered())
        self._every = every
        self._left = self._draw()
        self.close = self._ear.close

    def hear(self, command: Command) -> Iterator[AnyEvent]:
        yield from self._ear.hear(command)
        if isinstance(command, Audio):
            self._left -= len(command.data) / AUDIO.bytes_per_second
            if self._left <= 0:
                self._left = self._draw()
                raise DroppedError

    def _draw(self) -> float:
        return random.expovariate(1 / self._every)


def dropping(every: float) -> Listener:
    """For every provider; not started yet."""
    return Listener(map(registry.adapter, REMOTE), lambda: Dropping(every), keys=[KEY])


@contextlib.contextmanager
def emulators(every: float) -> Iterator[str]:
    """A process of their own; gives host and port."""
    command = [sys.executable, __file__, "--serve", "--every", str(every)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as far:
        assert far.stdout is not None
        try:
            yield far.stdout.readline().strip()
        finally:
            far.communicate("")


class Caller(threading.Thread):
    """One session and who listens to it; nothing is kept of what it hears but what is wrong."""

    def __init__(self, provider: str, session: Session) -> None:
        super().__init__(name=f"caller-{provider}", daemon=True)
        self.provider, self.session = provider, session
        self.words = self.drops = 0
        self.wrong: list[str] = []
        self.last: AnyEvent | None = None

    def run(self) -> None:
        try:
            for event in self.session:
                self.last = event
                self.drops += isinstance(event, Notice) and event.code == "reconnecting"
                for word in said([event]):
                    if word.text != name(self.words):
                        self.wrong.append(f"{word.text} instead of {name(self.words)}")
                    self.words += 1
        except SessionFailedError as error:
            self.wrong.append(str(error))
        except Exception as error:  # noqa: BLE001 -- told in the table
            self.wrong.append(repr(error))

    def judge(self, words: int) -> None:
        """Once it is over."""
        if self.words != words:
            self.wrong.append(f"{self.words} words of {words}")
        if not isinstance(self.last, Ended) or self.last.tail_lost:
            self.wrong.append(f"ended with {type(self.last).__name__}")


class Result(msgspec.Struct):
    """What came of it. ``wrong`` is empty when all is well."""

    callers: Sequence[Caller]
    wrong: list[str]
    seconds: float
    memory: tuple[int, int]


def load(at: str, providers: Sequence[str], sessions: int, turns: int, pace: float = 1.0) -> Result:
    """So many sessions of ``turns`` turns against the emulators ``at``; ``pace`` is 1 for that of speech."""
    threads, files, began = threading.active_count(), _files(), time.monotonic()
    names = [providers[number % len(providers)] for number in range(sessions)]
    callers = [Caller(each, session_of(_settings(registry.adapter(each), at))) for each in names]
    for caller in callers:
        caller.session.start()
        caller.start()
    memory = _feed(callers, speech(LAYOUT, turns, AUDIO), pace)
    for caller in callers:
        caller.session.finish()
    for caller in callers:
        caller.join(60)
        caller.session.close()
        caller.judge(turns * LAYOUT.per_turn)
    wrong = [f"{caller.provider}: {'; '.join(caller.wrong[:5])}" for caller in callers if caller.wrong]
    wrong += _left(threads, files)
    if memory[1] - memory[0] > GROWTH:
        wrong.append(f"memory grew from {memory[0] >> 20} to {memory[1] >> 20} MiB")
    return Result(callers, wrong, time.monotonic() - began, memory)


def _settings(adapter: Adapter, at: str) -> Settings:
    scheme = _scheme(adapter)
    return Settings(
        provider=adapter.name, api_key=Secret(KEY), audio=AUDIO, endpoint=f"{scheme}://{at}",
        transcription=Transcription(language="en", punctuation=True),
        resilience=Resilience(backoff=0.05, drain_timeout=30.0, max_retries=8),
    )  # fmt: skip


def _scheme(adapter: Adapter) -> str:
    """That of the provider's own endpoint, without TLS."""
    return adapter.capabilities.default_endpoint.partition(":")[0].removesuffix("s")


def _feed(callers: Sequence[Caller], audio: bytes, pace: float) -> tuple[int, int]:
    """One thread feeds all; returns the memory after the first third, and at the end."""
    pieces = [audio[at : at + AUDIO.chunk_bytes] for at in range(0, len(audio), AUDIO.chunk_bytes)]
    began, first = time.monotonic(), 0
    for number, piece in enumerate(pieces):
        time.sleep(max(0.0, began + number * AUDIO.chunk_ms / 1000 / pace - time.monotonic()))
        for caller in callers:
            caller.session.send(piece)
        if number == len(pieces) // 3:
            first = _resident()
    return first, _resident()


def _left(threads: int, files: int) -> Iterator[str]:
    """What was not there before, once it had time to go."""
    until = time.monotonic() + SETTLES
    while time.monotonic() < until and (threading.active_count() > threads or _files() > files):
        time.sleep(0.05)
    if threading.active_count() > threads:
        yield f"threads left: {sorted(thread.name for thread in threading.enumerate())}"
    if _files() > files:
        yield f"file descriptors: {files} before, {_files()} after"


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="many sessions at once, with drops at random")
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--provider", action="append", choices=REMOTE)
    parser.add_argument("--every", type=float, default=EVERY, help="seconds of audio between drops, on average")
    parser.add_argument("--serve", action="store_true", help="be the emulators: say where, and end with stdin")
    asked = parser.parse_args()
    if asked.serve:
        with dropping(asked.every) as listener:
            print(listener.url.partition("//")[2], flush=True)
            sys.stdin.read()
        return 0
    turns = max(1, round(asked.minutes * 60 / LAYOUT.turn))
    with emulators(asked.every) as at:
        result = load(at, asked.provider or REMOTE, asked.sessions, turns)
    print("\n".join(_table(result)))
    return 1 if result.wrong else 0


def _table(result: Result) -> Iterator[str]:
    yield from ("| provider | sessions | words | drops |", "|---|---|---|---|")
    sessions = Counter(caller.provider for caller in result.callers)
    for provider, count in sorted(sessions.items()):
        own = [caller for caller in result.callers if caller.provider == provider]
        words, drops = sum(caller.words for caller in own), sum(caller.drops for caller in own)
        yield f"| {provider} | {count} | {words} | {drops} |"
    first, last = (size >> 20 for size in result.memory)
    yield f"{result.seconds:.0f} s; {first} MiB after a third, {last} MiB at the end; {len(result.wrong)} wrong"
    yield from (f"- ! {wrong}" for wrong in result.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
