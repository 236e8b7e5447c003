"""A session of any length in virtual time: the real client half in the engine, the real server half of its adapter.

Nothing waits: what travels takes ``LATENCY`` seconds of a clock that leaps to whatever is due next. Words are numbers
in the audio, one chunk of a second each. The far side hears them at once and says nothing that it did not hear.
"""

import gc
import heapq
import itertools
import math
import random
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator

import msgspec

from faults.numbered import Layout, said
from support.emulated import KEY
from voxport import registry
from voxport.actions import Action, Arrival, Ping, Pong
from voxport.codec import Accepted, Adapter, Closed, Desk, Dial, Front, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Configure, Finish, Invalid, Start, Taken
from voxport.engine import Engine, Route
from voxport.events import (
    Acknowledged,
    AnyEvent,
    Begun,
    Configured,
    Ended,
    Failed,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Word,
)
from voxport.opening import checked
from voxport.pair import lower, upgraded
from voxport.settings import AudioSettings, Secret, Settings, Transcription

HOUR = 3600
LAYOUT = Layout(per_turn=3, word=0.5, step=1.0, pause=10.0)
LATENCY = 0.7
"""Seconds from one end to the other."""
EPOCH = 1_700_000_000.0
SILENCE = 2
"""Chunks that end a turn."""


def audio_of(adapter: Adapter) -> AudioSettings:
    """As coarse as the provider takes it."""
    encoding = "mulaw" if "mulaw" in adapter.capabilities.encodings else "s16le"
    return AudioSettings(encoding=encoding, sample_rate=8000, chunk_ms=1000)  # type: ignore[arg-type]


def words_until(seconds: int) -> int:
    """So many are whole by then."""
    turns, rest = divmod(seconds, round(LAYOUT.turn))
    return turns * LAYOUT.per_turn + min(rest, LAYOUT.per_turn)


def chunk_at(second: int, size: int) -> bytes:
    """Second ``second``: its own number, that of its word or none, and silence."""
    turn, place = divmod(second, round(LAYOUT.turn))
    word = turn * LAYOUT.per_turn + place + 1 if place < LAYOUT.per_turn else 0
    return (second.to_bytes(4, "big") + word.to_bytes(4, "big")).ljust(size, b"\0")


class Hears:
    """A backend that reads the numbers, at the positions of its own stream."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = b""
        self._heard = 0
        self._words: list[Word] = []
        self._quiet = 0

    def hear(self, command: Command) -> Iterator[AnyEvent]:
        match command:
            case Start():
                yield Begun(session_id=None)
            case Audio(data=data):
                yield from self._audio(self._rest + data)
            case Finish():
                yield from self._final()
                yield Ended(reported_audio_seconds=self._heard + len(self._rest) / self._size)
            case Configure(options=options):
                yield Configured(options=options)
            case Invalid() | Taken():
                yield command.answer

    def _audio(self, data: bytes) -> Iterator[AnyEvent]:
        whole = len(data) - len(data) % self._size
        for at in range(0, whole, self._size):
            number = int.from_bytes(data[at + 4 : at + 8], "big")
            yield from self._word(number - 1) if number else self._pause()
            self._heard += 1
        self._rest = data[whole:]
        yield Acknowledged(until=self._heard + len(self._rest) / self._size)

    def _word(self, number: int) -> Iterator[AnyEvent]:
        if not self._words:
            yield SpeechStarted(at=float(self._heard))
        true = LAYOUT.word_of(number)
        self._words.append(Word(true.text, float(self._heard), self._heard + LAYOUT.word, 0.9))
        self._quiet = 0
        yield self._transcript(is_final=False)

    def _pause(self) -> Iterator[AnyEvent]:
        self._quiet += 1
        if self._quiet == SILENCE:
            yield from self._final()

    def _final(self) -> Iterator[AnyEvent]:
        if self._words:
            yield self._transcript(is_final=True)
            yield TurnEnded(at=self._words[-1].end)
            self._words.clear()

    def _transcript(self, *, is_final: bool) -> Transcript:
        words = tuple(self._words)
        text = " ".join(word.text for word in words)
        return Transcript(
            is_final=is_final, text=text, start=words[0].start, end=words[-1].end, words=words, confidence=0.9
        )


class Line(msgspec.Struct, eq=False):
    """One connection."""

    accepted: Accepted
    hears: Hears
    ends: float
    """When the provider's own limit strikes."""
    resumed: bool
    up: bool = True
    on_the_way: int = 0
    """Messages that were said and have not arrived."""


class Heard:
    """What the caller hears, judged as it comes and then let go."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self.wrong: list[str] = []
        self.words = 0
        self.begun = 0
        self.last: AnyEvent | None = None
        self.notices: dict[str, int] = {}

    def take(self, event: AnyEvent) -> None:
        if isinstance(self.last, Ended | Failed):
            self.wrong.append(f"{event} after the end")
        self.last = event
        match event:
            case Begun():
                self.begun += 1
            case Notice(code=code):
                self.notices[code] = self.notices.get(code, 0) + 1
            case Transcript(is_final=True):
                for word in said([event]):
                    self._word(word)

    def _word(self, word: Word) -> None:
        true = LAYOUT.word_of(self.words)
        apart = [
            abs(told - wanted)
            for told, wanted in ((word.start, true.start), (word.end, true.end))
            if told is not None and wanted is not None
        ]
        if word.text != true.text or max(apart, default=0.0) > self._tolerance:
            self.wrong.append(f"{word} instead of {true}")
        self.words += 1


class Day:
    """One session. ``wrong`` afterwards has all that was not as it must be."""

    def __init__(self, provider: str, seconds: int, seed: int = 0) -> None:
        self.adapter = registry.adapter(provider)
        self.can = self.adapter.capabilities
        self.seconds = seconds
        self.settings = checked(
            self.adapter,
            Settings(
                provider=provider, api_key=Secret(KEY), audio=audio_of(self.adapter),
                transcription=Transcription(language="en"),
            ),
        )  # fmt: skip
        self._random = random.Random(seed)  # noqa: S311 -- to be the same each time
        self.now = 0.0
        self.engine = Engine([Route(self.adapter, self.settings)], self._random.random, EPOCH)
        self._ids = (str(uuid.UUID(int=number)) for number in itertools.count(1))
        self._front = self._new_front()
        self._line: Line | None = None
        self._kept: dict[str, Hears] = {}
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.heard = Heard(tolerance=0.01)
        self.struck: list[float] = []
        """When the provider's own limit has ended a session."""
        self.drops = 0
        self.dropped_rolling = 0
        self.most_held = 0
        """Chunks that the engine held at most."""
        self.memory: dict[int, int] = {}
        """Blocks that the interpreter holds, by the hour."""

    def run(self, drops: Iterable[float]) -> None:
        """All of it, with the connection lost at each of ``drops``, and at times while the session rolls over."""
        for at in drops:
            self._at(at, self._drop)
        size = self.settings.audio.chunk_bytes
        self._do(self.engine.command(Start(self.settings), self.now))
        for second in range(self.seconds):
            self._until(second + 1.0)
            self._do(self.engine.command(Audio(chunk_at(second, size)), self.now))
            self.most_held = max(self.most_held, len(self.engine._log._chunks))
            if second % HOUR == HOUR - 1:
                gc.collect()
                self.memory[second // HOUR + 1] = sys.getallocatedblocks()
        self._do(self.engine.command(Finish(), self.now))
        self._until(self.seconds + 300.0)

    # ----------------------------------------------------------------- time

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), what))

    def _until(self, end: float) -> None:
        while not self.engine.done:
            deadline = self.engine.deadline
            ours = self._due[0][0] if self._due else math.inf
            first = min(math.inf if deadline is None else deadline, ours)
            if first > end:
                break
            self.now = max(self.now, first)
            if ours <= first:
                heapq.heappop(self._due)[2]()
            else:
                self._do(self.engine.tick(self.now))
        self.now = end

    # ----------------------------------------------------------------- the engine's side

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Ping():
                    self._arrives(Pong())
                case HttpRequest():
                    # A front keeps sessions that are over, to be asked for: that is no memory of the client's.
                    self._front = self._new_front()
                    self._kept.clear()
                    self._arrives(self._front.answer(lower(action)) or HttpResponse(404))
                case Dial():
                    self._dialled(action)
                case str() | bytes() | Closed():
                    self._sent(action)
                case _:
                    self.heard.take(action)
                    if isinstance(action, Notice) and action.code == "rolling_over" and self._random.random() < 0.6:
                        self._at(self.now + self._random.random() * 2 * LATENCY, self._drop_rolling)

    def _arrives(self, arrival: Arrival) -> None:
        self._at(self.now + LATENCY, lambda: self._do(self.engine.receive(arrival, self.now)))

    def _sent(self, signal: str | bytes | Closed) -> None:
        line = self._line
        if line is None:
            return
        if isinstance(signal, Closed):
            self._line = None
        self._at(self.now + LATENCY, lambda: self._reaches(line, signal))

    # ----------------------------------------------------------------- the far side

    def _new_front(self) -> Front:
        return self.adapter.front(Desk(frozenset([KEY]), lambda: next(self._ids), lambda: EPOCH + self.now))

    def _dialled(self, dial: Dial) -> None:
        granted = upgraded(dial, self._front)
        if isinstance(granted, HttpResponse):
            self._arrives(granted)
            return
        hears, resumed = Hears(self.settings.audio.chunk_bytes), False
        if granted.session is not None:
            resumed = granted.session in self._kept
            hears = self._kept.setdefault(granted.session, hears)
        limits = [t.after for t in granted.timers if t.kind == "session" and isinstance(t.answer, Failed)]
        line = Line(granted, hears, self.now + min(limits, default=math.inf), resumed)
        self._line = line
        self._say(line, Opened(granted.headers))
        self._reaches(line, Opened())

    def _reaches(self, line: Line, signal: Opened | str | bytes | Closed) -> None:
        if not line.up:
            return
        if self.now >= line.ends:
            self.struck.append(self.now)
        line.up = not isinstance(signal, Closed)
        for command in line.accepted.server.receive(signal):
            if not (line.resumed and isinstance(command, Start)):
                for event in line.hears.hear(command):
                    for answer in line.accepted.server.send(event):
                        self._say(line, answer)

    def _say(self, line: Line, signal: Opened | str | bytes | Closed) -> None:
        line.on_the_way += 1
        self._at(self.now + LATENCY, lambda: self._told(line, signal))

    def _told(self, line: Line, signal: Opened | str | bytes | Closed) -> None:
        if line is not self._line:
            return
        line.on_the_way -= 1
        heard = Closed(1005) if signal == Closed(None) else signal
        self._do(self.engine.receive(heard, self.now))

    def _drop_rolling(self) -> None:
        if self.engine._phase.name == "ROLLING" and self._line is not None:
            self.dropped_rolling += 1
            self._drop()

    def _drop(self) -> None:
        """What is on the way is lost, both ways."""
        line, self._line = self._line, None
        if line is None or not line.up:
            return
        self.drops += 1
        unsent, line.up = line.on_the_way, False
        list(line.accepted.server.receive(Closed(None, unsent=unsent)))
        self._do(self.engine.receive(Closed(None), self.now))
