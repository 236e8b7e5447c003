"""A whole Gladia session in memory: engine and client end, the emulator's front, server end and ear; time is passed in.

What is said travels, and what travels can be lost.
"""

from collections import deque
from collections.abc import Iterable

from support.gladia import KEY, NOW, settings
from support.gladia_words import Numbered
from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Finish, Start
from voxport.ear import Ear
from voxport.engine import Engine, Route
from voxport.events import AnyEvent, Ended, Failed, Transcript
from voxport.pair import lower
from voxport.settings import Settings
from voxport_adapters.gladia import adapter
from voxport_adapters.gladia.front import Front

STEP = 0.05
"""Seconds of a chunk, and of the clock."""


class Rig:
    """``delay`` is how many steps a message of the server takes to arrive."""

    def __init__(self, delay: int = 0, asked: Settings | None = None) -> None:
        self.now = 0.0
        self.asked = asked or settings()
        self.delay = delay
        ids = iter(f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 10_000))
        self.front = Front(Desk(frozenset({KEY}), lambda: next(ids), lambda: NOW + self.now))
        self.engine = Engine([Route(adapter, self.asked)], jitter=lambda: 0.0)
        self.events: list[AnyEvent] = []
        self.posts = 0
        self._accepted: Accepted | None = None
        self._ears: dict[str, Ear] = {}
        self._down: deque[tuple[float, str | bytes | Closed]] = deque()
        self._do(self.engine.command(Start(self.asked), self.now))

    # ----------------------------------------------------------------- the client's side

    def feed(self, audio: bytes) -> None:
        """Audio at the pace of speech."""
        size = self.asked.audio.chunk_bytes
        for at in range(0, len(audio), size):
            self._do(self.engine.command(Audio(audio[at : at + size]), self.now))
            self.step()

    def finish(self, *, drop: bool = False) -> None:
        """To the end, which must come; with a ``drop`` as soon as the stop is said."""
        self._do(self.engine.command(Finish(), self.now))
        if drop:
            self.drop()
        for _ in range(20_000):
            if self.engine.done:
                return
            self.step()
        raise AssertionError("the session did not end")

    def step(self) -> None:
        self.now += STEP
        while self._down and self._down[0][0] <= self.now and self._accepted:
            signal = self._down.popleft()[1]
            self._do(self.engine.receive(signal, self.now))
        if self.engine.deadline is not None and self.engine.deadline <= self.now:
            self._do(self.engine.tick(self.now))

    def drop(self) -> None:
        """The connection breaks: what travels is lost."""
        self._down.clear()
        if self._accepted:
            accepted, self._accepted = self._accepted, None
            self._answer(accepted, accepted.server.receive(Closed(None)))
            self._down.clear()
            self._do(self.engine.receive(Closed(None), self.now))

    @property
    def finals(self) -> list[Transcript]:
        return [event for event in self.events if isinstance(event, Transcript) and event.is_final]

    def _do(self, actions: Iterable[object]) -> None:
        todo = deque(actions)
        while todo:
            action = todo.popleft()
            if isinstance(action, AnyEvent):
                self.events.append(action)
            elif isinstance(action, HttpRequest):
                self.posts += action.method == "POST"
                answer = self.front.answer(lower(action))
                assert answer is not None
                todo += self.engine.receive(answer, self.now)
            elif isinstance(action, Dial):
                todo += self._dial(action)
            elif isinstance(action, str | bytes | Closed) and self._accepted:
                self._hear(action)

    def _dial(self, dial: Dial) -> list[object]:
        accepted = self.front.accept(HttpRequest("GET", dial.url))
        if isinstance(accepted, HttpResponse):
            return [*self.engine.receive(accepted, self.now)]
        assert accepted is not None
        self._accepted = accepted
        self._answer(accepted, accepted.server.receive(Opened()))
        return [*self.engine.receive(Opened(), self.now)]

    # ----------------------------------------------------------------- the server's side, as a listener has it

    def _hear(self, signal: str | bytes | Closed) -> None:
        assert self._accepted
        self._answer(self._accepted, self._accepted.server.receive(signal))
        if isinstance(signal, Closed):
            self._accepted = None
            self._down.clear()

    def _answer(self, accepted: Accepted, commands: Iterable[Command]) -> None:
        assert accepted.session
        kept = accepted.session in self._ears
        ear = self._ears.setdefault(accepted.session, Ear(Numbered()))
        for command in commands:
            if kept and isinstance(command, Start):
                continue
            for event in ear.hear(command):
                self._down += [(self.now + self.delay * STEP, frame) for frame in accepted.server.send(event)]
                if isinstance(event, Ended | Failed):
                    self._ears.pop(accepted.session, None)
