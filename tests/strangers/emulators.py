"""Emulators for strangers: patient or impatient ones, and ones that break where a test wants it."""

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from support.emulated import CHUNKS, KEY, RATE, SCRIPT, jfk
from voxport import registry
from voxport.codec import Accepted, Adapter, Desk, Front, HttpRequest, HttpResponse, Timer
from voxport.commands import Audio, Command
from voxport.ear import Ear
from voxport.events import AnyEvent, Failed
from voxport.listener import DroppedError, Listener, MakeBackend
from voxport.recogniser import Recogniser

BREAKS_AT = 1.2
"""Seconds of audio after which ``Breaking`` breaks: behind the first turn of the script, before the second."""
BEFORE_THE_BREAK = CHUNKS[:12]
"""That much audio."""
PAUSED = [*CHUNKS, *CHUNKS[:10]]
"""A second more: both turns of the script end before the audio does."""
SPOKEN_TURNS = 3
"""What the recogniser makes of the clip, with a pause after it."""
UNFINISHED = "—"
"""What AssemblyAI's u3 models put behind a partial."""
OVERLOADED = Failed(kind="provider", code="overloaded", message="the engine is overloaded", retryable=True)


class Breaking(Ear):
    """Hears the script up to ``BREAKS_AT``; then it says ``last`` or, without it, drops the connection."""

    def __init__(self, last: AnyEvent | None) -> None:
        super().__init__(SCRIPT)
        self._last = last
        self._left = int(BREAKS_AT * RATE) * 2

    def hear(self, command: Command) -> list[AnyEvent]:
        """The audio that it breaks upon is not heard."""
        if isinstance(command, Audio) and self._left > 0:
            self._left -= len(command.data)
            if self._left <= 0:
                return self._break()
        return super().hear(command)

    def _break(self) -> list[AnyEvent]:
        if self._last is None:
            raise DroppedError
        return [self._last]


def spoken() -> list[bytes]:
    """The clip, with a pause after it."""
    chunks = jfk()
    return [*chunks, *[bytes(len(chunks[0]))] * 60]


def ears(recogniser: Callable[[], Recogniser] = lambda: SCRIPT) -> MakeBackend:
    """Ears for any number of conversations."""
    return lambda: Ear(recogniser())


def breaking_once(last: AnyEvent | None = None) -> MakeBackend:
    """The first conversation breaks, those after it do not."""
    backends: Iterable[Ear] = iter([Breaking(last)])
    return lambda: next(iter(backends), None) or Ear(SCRIPT)


class Impatient:
    """An adapter whose server end loses patience with an idle client after a fraction of a second."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def front(self, desk: Desk) -> Front:
        return ImpatientFront(self._adapter.front(desk))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


class ImpatientFront:
    def __init__(self, front: Front) -> None:
        self._front = front

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        return self._front.answer(request)

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        accepted = self._front.accept(request)
        if not isinstance(accepted, Accepted):
            return accepted
        timers = [msgspec.structs.replace(timer, after=0.3) for timer in accepted.timers if waits_for_client(timer)]
        return msgspec.structs.replace(accepted, timers=tuple(timers))


def waits_for_client(timer: Timer) -> bool:
    """It ends the session of a client that sends nothing."""
    return timer.kind in {"idle", "no_audio", "gone"} and isinstance(timer.answer, Failed)


def listener(
    backend: MakeBackend | None = None, *, tls: ssl.SSLContext | None = None, impatient: bool = False
) -> Listener:
    """A listener, not yet started, for all adapters."""
    adapters = map(registry.adapter, registry.names())
    return Listener(map(Impatient, adapters) if impatient else adapters, backend or ears(), keys=[KEY], tls=tls)
