"""A corpus of short recordings, and emulators of two providers that hear a script in each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import soundfile
import yaml

from support.command import VOXPORT
from support.emulated import KEY, RATE, REMOTE, SAID, SCRIPT, SECONDS
from voxport.commands import Command
from voxport.compare.manifest import write_manifest
from voxport.compare.store import Store
from voxport.ear import Ear
from voxport.emulator import emulated, endpoint
from voxport.events import AnyEvent
from voxport.listener import Listener
from voxport.take import Item
from voxport.timeline import texts

ITEMS = 4
LABELS = REMOTE[:2]

Results = dict[tuple[str, str], str]
"""What was said, by item and label."""


class Emulators:
    """``strike`` is told of each command that comes, with the number of its session, before it is heard."""

    def __init__(self) -> None:
        self.sessions = 0
        self.strike: Callable[[int, Command], None] = lambda _number, _command: None
        self.listener = Listener([emulated()[label] for label in LABELS], self._ear, keys=[KEY])

    def _ear(self) -> Ear:
        emulators = self
        number = self.sessions = self.sessions + 1

        class Watched(Ear):
            def hear(self, command: Command) -> list[AnyEvent]:
                emulators.strike(number, command)
                return super().hear(command)

        return Watched(SCRIPT)


class Corpus:
    """A folder with a manifest, and jobs for the emulators; ``everything`` is what a whole run must give."""

    everything: Results = {(f"item {number}", label): " ".join(SAID) for number in range(ITEMS) for label in LABELS}

    def __init__(self, folder: Path, emulators: Emulators) -> None:
        self._folder = folder
        items = [Item(id=f"item {number}", audio=f"{number}.wav", text=" ".join(SAID)) for number in range(ITEMS)]
        for number, item in enumerate(items):
            soundfile.write(folder / item.audio, [number / 100] * int(RATE * SECONDS), RATE)
        write_manifest(folder / "corpus.jsonl", items)
        providers = {
            label: {"api_key": KEY, "endpoint": endpoint(emulated()[label], emulators.listener)} for label in LABELS
        }
        jobs = {"transcription": {"punctuation": True}, "providers": providers, "jobs": dict.fromkeys(LABELS)}
        (folder / "compare.yaml").write_text(yaml.safe_dump(jobs))

    def command(self, results: Path, *options: str) -> list[str]:
        return [
            VOXPORT, "compare", "--config", str(self._folder / "compare.yaml"), "--fast", "--json",
            "--manifest", str(self._folder / "corpus.jsonl"), "--results", str(results), *options,
        ]  # fmt: skip

    @staticmethod
    def said(results: Path) -> Results:
        with Store(results) as store:
            return {(take.item, take.label): texts(take.events) for take in store}


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    emulators = Emulators()
    with emulators.listener:
        yield emulators
    assert emulators.listener.failures() == ()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, emulators: Emulators) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"), emulators)
