"""One cell, played: a real session over real sockets, with a fault between it and a listener."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, cast

import msgspec

from faults.cells import LAYOUT, TURNS, WORDS, Cell, Fails, NoCell, Recovers, TailLost, Undisturbed, Whole
from faults.numbered import Numbered, complaints, said, speech
from faults.proxy import WAIT, Proxy, Witness
from support.emulated import KEY, REMOTE
from voxport import registry
from voxport.codec import Adapter, Client, Dial, Signal
from voxport.ear import Ear
from voxport.engine.route import Route
from voxport.errors import SessionFailedError
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice
from voxport.listener import Listener
from voxport.opening import checked
from voxport.session import Session
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription

AUDIO = AudioSettings(chunk_ms=50)
SPEECH = speech(LAYOUT, TURNS, AUDIO)
CHUNK = AUDIO.chunk_bytes
CHUNK_SECONDS = AUDIO.chunk_ms / 1000
AT_ONCE = 8
"""Cells to play at a time: they mostly wait."""
ADVICE = 0.2
"""Seconds that an adapter's advice to wait is cut to."""
KEPT = 5
"""Chunks that are sent after all faults, however long the session takes to recover."""
SECONDS = len(SPEECH) / AUDIO.bytes_per_second

PATIENT = Resilience(
    connect_timeout=WAIT, begin_timeout=WAIT, send_timeout=WAIT, drain_timeout=WAIT, ping_interval=WAIT,
    answer_timeout=WAIT, backoff=0.02, backoff_max=0.1,
)  # fmt: skip
"""Where the client is told, in one way or another, no deadline must strike, however busy the machine."""
QUICK = msgspec.structs.replace(
    PATIENT, connect_timeout=0.4, begin_timeout=0.4, send_timeout=0.4, ping_interval=0.2, answer_timeout=0.4,
    max_retries=20,
)  # fmt: skip
"""Where it has to find out; on a busy machine it then dials once too often."""


class Played(msgspec.Struct):
    """What came of a cell."""

    events: list[AnyEvent]
    strikes: int
    begun: int
    left_open: int
    threads: list[str]
    proxy_errors: list[BaseException]
    error: BaseException | None = None
    seconds: float = 0.0
    tolerance: float = 0.03
    """Seconds that the time of a word may be wrong by."""

    @property
    def notices(self) -> list[str]:
        """Their codes."""
        return [event.code for event in self.events if isinstance(event, Notice)]


class Hasty:
    """An adapter whose own advice to wait is cut short; that of the far side stays."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def client(self, settings: Settings, dial: Dial) -> "HastyClient":
        """See ``Adapter``."""
        return HastyClient(self._adapter.client(settings, dial))


class HastyClient:
    """Its client end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.send = client.send

    def receive(self, signal: Signal) -> Iterator[AnyEvent]:
        """See ``Codec``."""
        for event in self._client.receive(signal):
            advised = isinstance(event, Failed) and event.retry_after
            yield msgspec.structs.replace(event, retry_after=ADVICE) if advised else event


def listener(recogniser: Numbered | None = None) -> Listener:
    """For every provider; it hears numbered words."""
    hears = recogniser or Numbered()
    return Listener(map(registry.adapter, REMOTE), lambda: Ear(hears), keys=[KEY])


def play(cell: Cell, behind: Listener) -> Played:
    """Play ``cell``, which must be one that can be."""
    adapter = registry.adapter(cell.provider)
    began = time.monotonic()
    events: list[AnyEvent] = []
    error: BaseException | None = None
    settings = _settings(cell)
    with Proxy(behind.url, cell.state.trigger(), cell.fault.strike, lambda: Witness(adapter, settings)) as proxy:
        scheme = adapter.capabilities.default_endpoint.partition(":")[0].removesuffix("s")
        at_proxy = msgspec.structs.replace(settings, endpoint=f"{scheme}://{proxy.address}")
        with Session(Route(cast("Adapter", Hasty(adapter)), checked(adapter, at_proxy))) as session:
            session.feed(_source(cell, proxy))
            try:
                for event in session:
                    events.append(event)
            except SessionFailedError as failure:
                error = failure
            finally:
                proxy.let_go()
    return Played(
        events, proxy.strikes, proxy.begun, proxy.left_open, _left(session), proxy.errors, error,
        time.monotonic() - began,
    )  # fmt: skip


def _settings(cell: Cell) -> Settings:
    return Settings(
        provider=cell.provider, api_key=Secret(KEY), audio=AUDIO,
        transcription=Transcription(language="en", punctuation=True),
        temporary_token=_with_token(cell), resilience=_patience(cell),
    )  # fmt: skip


def _with_token(cell: Cell) -> bool:
    """An HTTP request comes first, by itself or for a token."""
    can = registry.adapter(cell.provider).capabilities
    return cell.state.stage in {"request", "answer"} and can.temporary_tokens


def _patience(cell: Cell) -> Resilience:
    if isinstance(cell.expected, Undisturbed):
        return PATIENT
    if cell.fault.effect == "mute":
        # Pongs come, so that no ping is missed; only a connection that does not begin, or answer, is given up.
        drain = 1.0 if isinstance(cell.expected, TailLost) else WAIT
        return msgspec.structs.replace(QUICK, ping_interval=WAIT, drain_timeout=drain)
    broken = cell.state.where == "half" and cell.fault.name == "bad frame"
    return QUICK if broken or cell.fault.effect == "silent" else PATIENT


def _source(cell: Cell, proxy: Proxy) -> Iterator[bytes]:
    """All the audio. The first strike is waited for where the state says so; from then on audio flows as it is spoken
    until the next, and until the session has recovered.
    """
    pieces = deque(SPEECH[at : at + CHUNK] for at in range(0, len(SPEECH), CHUNK))
    given = 0
    for number, (strike, seconds) in enumerate(zip(proxy.struck, cell.state.gates, strict=False)):
        while given < round(seconds / CHUNK_SECONDS):
            yield pieces.popleft()
            given += 1
        for piece in _flow(pieces if number else deque(), strike):
            yield piece
            given += 1
    if cell.state.gates and isinstance(cell.expected, Recovers):
        yield from _flow(pieces, proxy.recovered)
    yield from pieces


def _flow(pieces: deque[bytes], until: threading.Event) -> Iterator[bytes]:
    """Pieces at the pace of speech until ``until``; a few are kept for afterwards."""
    while len(pieces) > KEPT and not until.wait(CHUNK_SECONDS):
        yield pieces.popleft()
    until.wait(WAIT)


def _left(session: Session) -> list[str]:
    """The threads of a session that still run."""
    return [part.name for part in vars(session).values() if isinstance(part, threading.Thread) and part.is_alive()]


# --------------------------------------------------------------------------- judging


def wrong(cell: Cell, played: Played) -> list[str]:
    """All that is not as it must be."""
    return [
        *_always(cell, played),
        *JUDGES[type(cell.expected)](cell, played),
    ]


def _always(cell: Cell, played: Played) -> Iterator[str]:
    events = played.events
    lasting = [e for e in events if isinstance(e, Ended) or (isinstance(e, Failed) and not e.retryable)]
    if len(lasting) != 1 or events[-1] is not lasting[0]:
        yield f"last events: {lasting}, and the last of all is {events[-1:]}"
    begun = [index for index, event in enumerate(events) if isinstance(event, Begun)]
    if len(begun) > 1 or (begun and not all(isinstance(event, Notice) for event in events[: begun[0]])):
        yield f"Begun at {begun}"
    for field in ("received_at", "connection", "audio_sent"):
        values = [getattr(event, field) for event in events]
        if values != sorted(values):
            yield f"{field} is not monotonic"
    if played.strikes != cell.state.trigger().times and not (isinstance(cell.expected, Fails) and played.strikes):
        yield f"struck {played.strikes} times"
    if played.left_open or played.threads:
        yield f"left open: {played.left_open} sockets, threads {played.threads}"
    if played.proxy_errors:
        yield f"raised: {played.proxy_errors}"
    if any(KEY in text for text in (repr(events), str(played.error))):
        yield "the key shows"


def _whole(played: Played) -> Iterator[str]:
    yield from complaints(said(played.events), LAYOUT, WORDS, played.tolerance)
    last = played.events[-1]
    if not isinstance(last, Ended) or last.tail_lost:
        yield f"it ended with {last}"
    elif last.audio_seconds is None or abs(last.audio_seconds - SECONDS) > 0.001:
        yield f"audio of {last.audio_seconds} s"


def _recovers(cell: Cell, played: Played) -> Iterator[str]:
    yield from _whole(played)
    notices = played.notices
    dialled, connected = notices.count("reconnecting"), notices.count("reconnected")
    if dialled < cell.state.trigger().times:
        yield f"told of {dialled} times that it dialled again"
    waited = list(_pauses(played))
    if cell.fault.retry_after and min(waited, default=0) < cell.fault.retry_after:
        yield f"it waited {waited} s"
    begun = next((i for i, event in enumerate(played.events) if isinstance(event, Begun)), 0)
    after = sum(isinstance(e, Notice) and e.code == "reconnecting" for e in played.events[begun:])
    if not min(1, after) <= connected <= after:
        yield f"told of {connected} new connections after {after} were lost"


def _pauses(played: Played) -> Iterator[float]:
    """From each notice of dialling again to what comes next."""
    for event, following in pairwise(played.events):
        if isinstance(event, Notice) and event.code == "reconnecting":
            yield following.received_at - event.received_at


def _undisturbed(cell: Cell, played: Played) -> Iterator[str]:
    yield from _whole(played)
    assert isinstance(cell.expected, Undisturbed)
    told = [code for code in played.notices if not code.startswith("setting_")]
    if len(told) != cell.expected.told or not {*told} <= {"malformed", "repeated"}:
        yield f"notices {played.notices}"


def _fails(cell: Cell, played: Played) -> Iterator[str]:
    assert isinstance(cell.expected, Fails)
    last = played.events[-1]
    if not isinstance(last, Failed) or last.kind != cell.expected.kind or not last.code.startswith(cell.expected.code):
        yield f"it ended with {last}"
    elif not last.remedy or not isinstance(played.error, SessionFailedError):
        yield f"it does not say what to do: {last}, {played.error!r}"
    if "reconnecting" in played.notices:
        yield "it was tried again"


def _tail_lost(_: Cell, played: Played) -> Iterator[str]:
    told = list(said(played.events))
    yield from complaints(told, LAYOUT, len(told))
    last = played.events[-1]
    if not isinstance(last, Ended) or not last.tail_lost or "tail_lost" not in played.notices:
        yield f"it ended with {last}, notices {played.notices}"


JUDGES: Mapping[type, Callable[[Cell, Played], Iterator[str]]] = {
    Recovers: _recovers,
    Undisturbed: _undisturbed,
    Whole: lambda _, played: _whole(played),
    Fails: _fails,
    TailLost: _tail_lost,
}


def possible(cell: Cell) -> bool:
    """It can be played."""
    return not isinstance(cell.expected, NoCell)
