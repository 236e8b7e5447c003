"""What a user holds: a session with one provider, fed with audio and iterated for events.

Two threads drive the engine: whoever feeds sends, and one reader dials, receives and keeps the time.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from voxport import exits
from voxport.actions import Action, Arrival, Ping, Tap, Unreachable
from voxport.audio.source import Source
from voxport.codec import Adapter, Closed, Dial, HttpRequest, HttpResponse
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, IdentifySpeakers, Start
from voxport.engine import Engine
from voxport.engine.route import Route
from voxport.engine.tapped import Tapped
from voxport.errors import SessionFailedError
from voxport.events import AnyEvent, Failed, Notice
from voxport.settings import changes_of
from voxport.transport import BrokenError, Connection, connect, request

IDLE_WAIT = 0.25
"""The reader looks at the clock at least this often, in seconds: a deadline that another thread sets is met so late."""

BACKLOG_SECONDS = 1.0
"""Audio that may wait for the first connection before feeding blocks. Later it may be as much as can be replayed."""

LAST_WORDS = 0.25
"""Seconds that another thread may take to send what it is sending when a connection is let go."""


class _Lane:
    """What is to be sent on one connection; it dies with it, so that nothing old is ever sent on a new one."""

    def __init__(self, connection: Connection | None) -> None:
        self.outbox: deque[str | bytes | Closed | Ping] = deque()
        self._connection = connection
        self._sending = threading.Lock()

    def flush(self) -> None:
        """Send what waits, blocking."""
        while self.outbox:
            with self._sending:
                while self.outbox:
                    self._send_next()

    def send_one(self) -> None:
        """Send the next item, unless another thread is sending."""
        if self._sending.acquire(blocking=False):
            try:
                if self.outbox:
                    self._send_next()
            finally:
                self._sending.release()

    def leave(self) -> None:
        """Send the last words if that needs no waiting. Whoever else is sending is let go; for the reader."""
        connection = self._connection
        if connection is None:
            return
        if self._sending.acquire(timeout=LAST_WORDS):
            try:
                while self.outbox and connection.wait(0, to_send=True)[1]:
                    self._send_next()
            finally:
                self._sending.release()
        connection.abort()

    def _send_next(self) -> None:
        item = self.outbox.popleft()
        if self._connection is not None:
            try:
                self._connection.send(item)
            except BrokenError:
                # The reader finds the connection closed and tells the engine.
                self._connection.abort()
                self._connection = None


class Session:
    """One session with one provider; make it with ``voxport.open``.

    Use it as a context manager. Iterating gives every event, ends after the last one, and raises ``SessionFailedError``
    after a ``Failed``, so that a loop which looks only for transcripts cannot miss that the session broke. Leaving the
    ``with`` block, by whatever way, ends the session at the provider and leaves no thread and no socket behind.
    """

    def __init__(self, route: Route, *others: Route, tap: Tap | None = None) -> None:
        """``others`` are the providers to go on with; ``tap`` is told of everything, to record it. Nothing happens
        before ``start``, which ``with`` calls.
        """
        self.settings = route.settings
        routes, epoch = (route, *others), time.time() - time.monotonic()
        self._engine = Tapped(routes, random.random, epoch, tap=tap) if tap else Engine(routes, random.random, epoch)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._lane = _Lane(None)
        self._calls: deque[HttpRequest | Dial] = deque()
        self._events: SimpleQueue[AnyEvent | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._run, name=f"voxport-{route.adapter.name}", daemon=True)
        self._pump: threading.Thread | None = None
        self._source: Source | None = None
        self._finish_asked = False
        self._ending = False
        self._over = False
        self._trouble: BaseException | None = None
        self._last: AnyEvent | None = None

    # ----------------------------------------------------------------- for the caller

    def start(self) -> Self:
        """Dial. Returns at once; ``Begun`` tells when the provider has accepted. Idempotent."""
        if self._reader.ident is None:
            exits.enter(self.close)
            self._command(Start(self.settings))
            self._reader.start()
        return self

    def feed(self, source: Source | Iterable[bytes]) -> None:
        """Send all audio of ``source`` from a thread of its own, then finish. Returns at once.

        An error in the source ends the session properly and is raised at the end of the iteration.
        """
        self._require_started()
        if self._pump is not None:
            raise RuntimeError("a session is fed once; chain your sources into one iterable")
        if isinstance(source, bytes):
            raise TypeError("feed takes a source or an iterable of bytes; one piece of audio goes to send()")
        self._source = source if isinstance(source, Source) else None
        chunks = source.chunks(self.settings.audio) if isinstance(source, Source) else iter(source)
        self._pump = threading.Thread(target=self._feed, args=(chunks,), name="voxport-feed", daemon=True)
        self._pump.start()

    def send(self, data: bytes) -> None:
        """Send audio in the session's format. Blocks while the provider takes no more: before it has accepted the
        session, or during a drop that lasts longer than ``replay_seconds``.
        """
        self._require_started()
        if data:
            self._command(Audio(data))
            if not self._has_room():
                with self._changed:
                    while not self._has_room():
                        self._changed.wait(IDLE_WAIT)

    def _has_room(self) -> bool:
        """Audio may be added; also when the session is to end, as the engine keeps what waits."""
        most = max(BACKLOG_SECONDS, self.settings.resilience.replay_seconds if self._engine.begun else 0.0)
        return self._engine.unsent < most or self._over or self._ending

    def end_utterance(self, channel: int | None = None) -> None:
        """Have the current utterance finished now; its finals and, where provided, ``TurnEnded`` follow. On one channel
        or, without it, on all.
        """
        self._command(EndUtterance(channel))

    def configure(self, changes: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None) -> None:
        """Change settings in mid-session, and for the connections to come.

        ``changes`` are neutral, named as in ``transcription:``; ``options`` are the provider's own. What this provider
        cannot change now is told by a ``Notice``. Raises ``SettingsError`` for a name or a value that is none.
        """
        self._command(Configure(changes_of(changes or {}), options or {}))

    def identify_speakers(self, *, final: bool = False) -> None:
        """Ask what identifies the speakers; ``SpeakersIdentified`` answers, with ``final`` at the session's end."""
        self._command(IdentifySpeakers(final))

    def finish(self) -> None:
        """No more audio: what a source has captured is still sent, then the provider is asked to end. Idempotent."""
        if self._source is not None and self._pump is not None and self._pump is not threading.current_thread():
            self._source.close()
            with self._changed:
                self._ending = True
                self._changed.notify_all()
            self._pump.join(timeout=self.settings.resilience.drain_timeout)
        self._finish_asked = True
        self._command(Finish())

    def close(self) -> None:
        """Finish and wait for the end, ``drain_timeout`` at most. Idempotent."""
        if self._reader.is_alive():
            self.finish()
            self._reader.join()
        if self._source is not None:
            self._source.close()
        if self._pump is not None:
            # One that blocks where nothing can interrupt it, such as stdin, is left to the interpreter's end.
            self._pump.join(timeout=1.0)
        exits.leave(self.close)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, whatever happened."""
        self.close()

    def __iter__(self) -> Iterator[AnyEvent]:
        """Every event up to the last; see the class for what is raised then."""
        self._require_started()
        while (event := self._events.get()) is not None:
            self._last = event
            yield event
        self._events.put(None)
        if isinstance(self._last, Failed):
            raise SessionFailedError(self._last)
        if self._trouble is not None:
            raise self._trouble

    def _require_started(self) -> None:
        if self._reader.ident is None:
            raise RuntimeError("the session is not open; use: with voxport.open(...) as session")

    # ----------------------------------------------------------------- sending, on the caller's thread

    def _feed(self, chunks: Iterator[bytes | Notice]) -> None:
        try:
            for chunk in chunks:
                if self._finish_asked or self._engine.done:
                    break
                if isinstance(chunk, Notice):
                    with self._lock:
                        self._do(self._engine.note(chunk, time.monotonic()))
                else:
                    self.send(chunk)
        except Exception as error:  # noqa: BLE001 -- raised again on the caller's thread, by iterating
            self._trouble = error
        finally:
            if isinstance(chunks, Generator):
                chunks.close()
            self._command(Finish())

    def _command(self, command: Command) -> None:
        with self._changed:
            self._do(self._engine.command(command, time.monotonic()))
        # Blocking, for this is not the thread that must go on reading.
        self._lane.flush()

    def _do(self, actions: Sequence[Action]) -> None:
        """Sort what the engine wants; whoever calls holds the lock."""
        news = False
        for action in actions:
            match action:
                case str() | bytes() | Closed():
                    self._lane.outbox.append(action)
                    continue
                case Ping():
                    # Behind a long replay it would come too late to prove anything.
                    self._lane.outbox.appendleft(action)
                    continue
                case HttpRequest() | Dial():
                    self._calls.append(action)
                case _:
                    self._events.put(action)
            news = True
        if news:
            # Nobody waits for what is only sent.
            self._changed.notify_all()

    # ----------------------------------------------------------------- the reader's thread

    def _run(self) -> None:
        try:
            while not self._engine.done:
                if self._calls:
                    self._call(self._calls.popleft())
                else:
                    self._wait_and_tick()
        except Exception as error:  # noqa: BLE001 -- raised again on the caller's thread, by iterating
            self._trouble = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()
            self._events.put(None)

    def _wait_and_tick(self) -> None:
        """Between connections: until the engine wants something."""
        with self._changed:
            if not self._calls and not self._engine.done:
                self._changed.wait(self._pause())
            self._tick(time.monotonic())

    def _call(self, call: HttpRequest | Dial) -> None:
        patience = self.settings.resilience
        if isinstance(call, HttpRequest):
            self._arrived(request(call, patience.connect_timeout))
            return
        found = connect(call, patience) if "://" in call.url else _in_process(self._engine.route.adapter, call)
        if isinstance(found, HttpResponse | Unreachable):
            self._arrived(found)
        else:
            self._converse(found)

    def _converse(self, connection: Connection) -> None:
        """Read until the connection is over."""
        self._lane = _Lane(connection)
        try:
            if self._arrived(connection.opened):
                while self._read(connection):
                    pass
        finally:
            self._lane.leave()
            connection.close()

    def _read(self, connection: Connection) -> bool:
        """One round; false when the engine has let go of this connection."""
        if not self._lane.outbox and connection.ready():
            return self._arrived(*connection.receive())
        with self._lock:
            pause = self._pause()
        readable, writable = connection.wait(pause, to_send=bool(self._lane.outbox))
        if writable:
            # One item a round, so that reading goes on while a long replay is being sent.
            self._lane.send_one()
        return self._arrived(*connection.receive() if readable else ())

    def _arrived(self, *arrivals: Arrival) -> bool:
        with self._lock:
            now = time.monotonic()
            for arrival in arrivals:
                self._do(self._engine.receive(arrival, now))
            return self._tick(now)

    def _tick(self, now: float) -> bool:
        """Do what is due; whoever calls holds the lock."""
        due = self._engine.deadline
        if due is not None and due <= now:
            self._do(self._engine.tick(now))
        return self._engine.connected

    def _pause(self) -> float:
        """Seconds until something is due; never long, as another thread may set an earlier deadline. Under the lock."""
        due = self._engine.deadline
        return IDLE_WAIT if due is None else min(IDLE_WAIT, max(0.0, due - time.monotonic()))


def _in_process(adapter: Adapter, dial: Dial) -> Connection:
    """A dial without a host is answered inside the process, by the adapter's own server end."""
    from voxport.inprocess import InProcess  # noqa: PLC0415 -- brings numpy and a recogniser

    return InProcess(adapter, dial)
