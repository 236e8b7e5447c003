"""A provider whose protocol is voxport's own words, with the traits that a test wants; and a far side to script."""

from collections.abc import Iterable

import msgspec

from voxport.actions import Action
from voxport.codec import Adapter, Closed, Dial, Dialling, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Start
from voxport.engine import Engine
from voxport.engine.route import Route
from voxport.events import AnyEvent, Begun, Failed, Notice, Word
from voxport.events import Transcript as Heard
from voxport.settings import AudioSettings, Resilience, Settings, Transcription
from voxport.wire import text
from voxport_adapters.local import Local

AUDIO = AudioSettings(encoding="mulaw", sample_rate=8000, chunk_ms=10)
CHUNK = AUDIO.chunk_bytes
PER_SECOND = AUDIO.bytes_per_second


class Toy(Local):
    """``steps`` requests come before the dial; ``traits`` replace capabilities."""

    def __init__(self, *, steps: int = 0, **traits: object) -> None:
        self.capabilities = msgspec.structs.replace(Local.capabilities, **traits)
        self.resumed: list[Dial | None] = []
        self.steps = steps

    def dial(self, settings: Settings, resume: Dial | None = None) -> Dialling:
        self.resumed.append(resume)
        for number in range(self.steps):
            yield HttpRequest("POST", f"http://toy/{number}")
        return resume or Dial(f"ws://toy/{len(self.resumed)}")

    def explain(self, response: HttpResponse) -> Failed:
        return Failed(kind="refused", code=str(response.status), message="no", retryable=response.status >= 500)


class Run:
    """An engine in the hands of a test: time is what the test says it is, and the far side is scripted."""

    def __init__(
        self,
        adapter: Adapter | None = None,
        *others: Route,
        transcription: Transcription | None = None,
        audio: AudioSettings = AUDIO,
        **patience: float,
    ) -> None:
        self.adapter: Adapter = adapter or Toy()
        resilience = Resilience(**patience)  # type: ignore[arg-type] # a test may want whole numbers
        self.settings = Settings(
            provider="toy", audio=audio, resilience=resilience, transcription=transcription or Transcription()
        )
        self.engine = Engine([Route(self.adapter, self.settings), *others], jitter=lambda: 1.0)
        self.now = 100.0
        self.actions: list[Action] = []

    def do(self, actions: Iterable[Action]) -> list[Action]:
        made = list(actions)
        self.actions += made
        return made

    def say(self, command: Command) -> list[Action]:
        return self.do(self.engine.command(command, self.now))

    def feed(self, seconds: float) -> list[Action]:
        return self.say(Audio(bytes(round(seconds * PER_SECOND))))

    def arrive(self, signal: object) -> list[Action]:
        return self.do(self.engine.receive(signal, self.now))  # type: ignore[arg-type] # tests send nonsense too

    def hear(self, *events: AnyEvent) -> list[Action]:
        return [action for event in events for action in self.arrive(text(event))]

    def final(self, words: str, start: float, end: float) -> list[Action]:
        spoken = words.split()
        step = (end - start) / len(spoken)
        timed = tuple(Word(w, start + i * step, start + (i + 1) * step) for i, w in enumerate(spoken))
        return self.hear(Heard(is_final=True, text=words, start=start, end=end, words=timed))

    def wait(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.do(self.engine.tick(self.now))

    def open(self) -> None:
        self.arrive(Opened())
        self.hear(Begun(session_id="s"))

    def begin(self) -> "Run":
        self.say(Start(self.settings))
        self.open()
        return self

    def drop(self) -> list[Action]:
        return self.arrive(Closed(None))

    @property
    def events(self) -> list[AnyEvent]:
        return [action for action in self.actions if isinstance(action, AnyEvent)]

    @property
    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Notice)]


def audio(actions: Iterable[Action]) -> int:
    """Bytes of audio among what is to be sent."""
    return sum(len(action) for action in actions if isinstance(action, bytes))


def dials(actions: Iterable[Action]) -> list[Dial]:
    return [action for action in actions if isinstance(action, Dial)]


def finishes(actions: Iterable[Action]) -> int:
    return sum(isinstance(action, str) and '"finish"' in action for action in actions)
