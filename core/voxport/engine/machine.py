"""A session's life as a pure function of what happens and when.

The engine knows no socket, thread or clock. A shell tells it what was asked (``command``), what arrived (``receive``)
and that time passed (``tick``, at the latest at ``deadline``); each returns what to do now, in order. It holds once,
for every provider: the handshake, audio held back until it may flow, keep-alive, liveness, dialling again with
back-off, replay without repeats, one clock over all connections, rolling over before a provider's own limit, going on
with another provider, and draining within a deadline.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from voxport.actions import Action, Arrival, Ping, Pong, Unreachable
from voxport.codec import Client, Closed, Frame, HttpResponse, Opened
from voxport.commands import Audio, Command, Configure, Finish, KeepAlive, Start
from voxport.engine.budget import Budget
from voxport.engine.dialler import Dialler
from voxport.engine.drain import Drain
from voxport.engine.ledger import Ledger
from voxport.engine.outlet import Outlet
from voxport.engine.phase import Phase
from voxport.engine.report import Report
from voxport.engine.route import Route, handover
from voxport.engine.scribe import Scribe
from voxport.engine.vitals import Vitals
from voxport.events import Acknowledged, AnyEvent, Begun, Ended, Failed, Notice, Transcript, TurnEnded
from voxport.wire import ended_early, unreachable

replace = msgspec.structs.replace

CATCH_UP_TICK = 0.1
"""Seconds between portions of audio that is sent again at a provider's pace."""


class Engine:
    """One session."""

    def __init__(self, routes: Sequence[Route], jitter: Callable[[], float], epoch: float = 0.0) -> None:
        """``routes`` are providers that are asked for the same audio, each to go on with when the one before it has
        failed for good. ``jitter`` gives numbers in [0, 1) that spread the pauses before dialling again. ``epoch`` is
        the Unix time at the clock's zero.
        """
        self.route, *others = routes
        """The provider in use, and what is asked of it now."""
        self._others = deque(others)
        self._patience = self.route.settings.resilience
        self._epoch = epoch
        self._budget = Budget(self._patience, jitter)
        self._outlet = Outlet(self.route.settings.audio, self._patience.replay_seconds)
        self._log = self._outlet.log
        self._report = Report(self._log)
        self._dialler = Dialler()
        self._scribe = Scribe(self._log)
        self._drain = Drain(self._patience.drain_timeout)
        self._ledger = Ledger()
        self._vitals = Vitals(self._patience, 0.0, regular=False)
        self._phase = Phase.NEW
        self._due: dict[str, float] = {}
        self._when_due: dict[str, Callable[[], None]] = {
            "retry": self._call,
            "begin": lambda: self._lose(unreachable("the provider did not accept the session in time")),
            "drain": lambda: self._end(Ended(tail_lost=True)),
            "keep_alive": self._keep_alive,
            "vitals": self._check_vitals,
            "catch_up": self._send_waiting,
            "roll": self._want_roll,
            "roll_now": self._roll,
            "rolled": self._rolled,
        }
        self._now = 0.0
        self._client: Client | None = None
        self._finishing = self._roll_wanted = False
        self._live_since = 0.0
        self.begun = False
        """A provider has accepted the session."""

    # ----------------------------------------------------------------- what a shell sees

    @property
    def done(self) -> bool:
        """The last event has been said."""
        return self._phase is Phase.DONE

    @property
    def connected(self) -> bool:
        """A connection is up and still wanted."""
        return self._client is not None

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called next."""
        return min(self._due.values(), default=None)

    @property
    def unsent(self) -> float:
        """Seconds of audio that wait for a connection."""
        return self._log.unsent

    def command(self, command: Command, now: float) -> list[Action]:
        """The caller wants something. ``Start`` comes first; what comes after ``Finish`` is ignored."""
        self._now = self._report.now = now
        if self.done or self._finishing:
            return []
        match command:
            case Audio(data=data):
                self._log.append(data)
            case Start():
                self._start()
            case Finish():
                self._finishing = True
                self._due |= self._drain.begin(now)
                self._add(command)
            case _:
                self._ask(command)
        self._send_waiting()
        return self._report.take()

    def receive(self, arrival: Arrival, now: float) -> list[Action]:
        """Something arrived, or a request or dial that was asked for has come to nothing."""
        self._now = self._report.now = now
        if self.done:
            return []
        self._vitals.heard(now, message=not isinstance(arrival, Pong))
        match arrival:
            case str() | bytes() if self._client is not None:
                self._hear(arrival, arrival)
            case HttpResponse():
                self._answered(arrival)
            case Opened():
                self._opened(arrival)
            case Unreachable(message=message):
                self._lose(unreachable(message))
            case Closed() if self._client is not None:
                self._hear(arrival)
        return self._report.take()

    def note(self, notice: Notice, now: float) -> list[Action]:
        """Tell the caller what happened outside of the engine, in its place among the events."""
        self._now = self._report.now = now
        if not self.done:
            self._report.tell(notice)
        return self._report.take()

    def tick(self, now: float) -> list[Action]:
        """Do what is due."""
        self._now = self._report.now = now
        for name in [name for name, at in self._due.items() if at <= now]:
            if self._due.pop(name, None) is not None and not self.done:
                self._when_due[name]()
        return self._report.take()

    # ----------------------------------------------------------------- connecting

    def _start(self) -> None:
        for route in (self.route, *self._others):
            for notice in route.reservations():
                self._report.tell(notice, provider=route.adapter.name)
        self._call()

    def _call(self) -> None:
        self._phase = Phase.DIALLING
        self._report.provider = self.route.adapter.name
        self._report.add(self._dialler.begin(self.route))

    def _answered(self, response: HttpResponse) -> None:
        step = self._dialler.answered(response)
        if isinstance(step, Failed):
            self._lose(step)
        else:
            self._report.add(step)

    def _opened(self, opened: Opened) -> None:
        self._report.connection += 1
        self._phase = Phase.OPENING
        self._vitals = Vitals(self._patience, self._now, regular=self.route.can.answers_regularly)
        self._due["begin"] = self._now + self._patience.begin_timeout
        self._due["vitals"] = self._vitals.check_at(self._now)
        self._rewind()
        self._client = self.route.adapter.client(self.route.settings, self._dialler.dial)
        self._say([Start(self.route.settings)])
        self._hear(opened)
        self._send_waiting()

    def _rewind(self) -> None:
        """Go back to the audio that has to be sent again, and set the clock to it."""
        can, again = self.route.can, self._report.connection > 1
        start, lost = self._outlet.open(can, self._now, resuming=self._dialler.resuming, again=again)
        if lost:
            self._report.notice("audio_lost", f"{lost:.2f} s of audio no longer fit into the memory for replay", lost)
        if self._dialler.resuming:
            self._scribe.resume(can, lost)
            return
        self._ledger.open(self.route, self._report.connection, self._now, start)
        for cut in self._scribe.restart(can, start):
            self._report.tell(cut)

    # ----------------------------------------------------------------- sending

    def _ask(self, command: Command) -> None:
        """Pass on what the provider has words for, and tell of the rest. A change holds for all connections to come."""
        objection = self.route.objection(command)
        if objection:
            self._report.notice("not_supported", objection)
        if isinstance(command, Configure):
            command = self.route.changeable(command)
            self.route = self.route.asking(command.changes, command.options)
            for notice in self.route.reservations(command.changes):
                self._report.tell(notice)
            self._others = deque(other.asking(command.changes, {}) for other in self._others)
            if command.changes or command.options:
                self._add(command)
        elif not objection:
            self._add(command)

    def _add(self, command: Command) -> None:
        if odd := self._outlet.add(command):
            self._report.notice("audio_lost", f"{odd} bytes at the end are no whole sample frame and were dropped")

    def _send_waiting(self) -> None:
        position = self._log.position
        self._say(commands := self._outlet.next(self._now))
        if not self._outlet.flowing:
            return
        if commands:
            self._vitals.asked(self._now, position)
        if self._outlet.catching_up:
            self._due |= self._drain.progress(self._now)
            self._due["catch_up"] = self._now + CATCH_UP_TICK
        if self.route.can.keep_alive is not None:
            self._due["keep_alive"] = self._now + self.route.can.keep_alive

    def _say(self, commands: Iterable[Command]) -> None:
        client = self._client
        for command in commands:
            assert client is not None
            if isinstance(command, Finish):
                self._vitals.rest()
            for signal in client.send(command):
                self._report.add(signal)

    # ----------------------------------------------------------------- hearing

    def _hear(self, signal: Opened | Frame | Closed, raw: Frame | None = None) -> None:
        client = self._client
        assert client is not None
        for event in client.receive(signal):
            if self._client is client:
                self._understand(event, raw)

    def _understand(self, event: AnyEvent, raw: Frame | None) -> None:
        match event:
            case Begun() if self._phase is Phase.OPENING:
                self._accepted(event, raw)
            case Begun():
                self._report.notice("malformed", "a second greeting on the same connection was ignored")
            case Ended() if self._phase is Phase.ROLLING:
                self._rolled(event)
            case Ended() if self._finishing:
                self._end(event, raw)
            case Ended():
                self._lose(ended_early(), raw)
            case Failed():
                self._lose(event, raw)
            case _:
                self._place(event, raw)

    def _place(self, event: AnyEvent, raw: Frame | None) -> None:
        """Tell it in its place. A provider that gets on has its retries back, and its time to say what is left."""
        placed = self._scribe.take(event)
        if placed is not None:
            self._report.tell(placed, raw)
        if not isinstance(event, Transcript | Acknowledged | TurnEnded):
            return
        if placed is not None and self._scribe.progressed(placed):
            self._budget.restore()
            self._due |= self._drain.progress(self._now)
        if isinstance(event, Acknowledged):
            self._vitals.proved()
        elif self._roll_wanted and self._scribe.quiet:
            self._roll()

    def _accepted(self, begun: Begun, raw: Frame | None) -> None:
        self._due.pop("begin", None)
        self._phase, self._live_since = Phase.LIVE, self._now
        self._outlet.flowing = True
        self._due |= self._drain.suspend(self._now)
        self._due |= self.route.roll_over(self._ledger.opened_at, begun.expires_at, self._epoch, self._now)
        if self.begun:
            self._report.notice("reconnected", f"connected again; the transcript goes on at {self._scribe.base:.2f} s")
        else:
            self.begun = True
            self._report.tell(begun, raw)
        self._send_waiting()

    # ----------------------------------------------------------------- rolling over

    def _want_roll(self) -> None:
        """In the next pause; where there are no partials, that is after a final."""
        self._roll_wanted = True
        if self._scribe.quiet and self.route.settings.transcription.partials:
            self._roll()

    def _roll(self) -> None:
        if self._phase is not Phase.LIVE or self._finishing:
            return
        self._roll_wanted = False
        for name in ("roll", "roll_now", "keep_alive", "catch_up"):
            self._due.pop(name, None)
        self._report.notice("rolling_over", "the provider's limit for a session is near; a new session takes over")
        self._phase = Phase.ROLLING
        self._outlet.flowing = False
        self._due["rolled"] = self._now + self._patience.drain_timeout
        self._say([Finish()])

    def _rolled(self, ended: Ended | None = None) -> None:
        """The provider has said all, or has not in time: what no final covers is then sent again."""
        if ended and not ended.tail_lost:
            self._log.settle_sent()
        if self._finishing and not self._log.unsent:
            self._end(ended or Ended(tail_lost=True))
            return
        self._close_account(ended)
        self._hang_up()
        self._dialler.forget()
        self._call()

    # ----------------------------------------------------------------- losing, ending

    def _lose(self, failed: Failed, raw: Frame | None = None) -> None:
        """The connection is over. Dial again where that can help and the budget allows, or go to the next provider."""
        if self._phase is Phase.LIVE and self._now - self._live_since > self._patience.backoff_max:
            self._budget.restore()
        if self._phase is Phase.ROLLING:
            self._dialler.forget()
        if self._client is not None:
            self._close_account(None)
        self._hang_up(1001)  # 1000 would tell some providers that the session is to end
        pause = self._budget.pause(failed)
        if pause is not None:
            self._report.notice("reconnecting", f"{failed.message} ({failed.code}); {self._budget} in {pause:.1f} s")
            self._phase = Phase.WAITING
            self._due |= self._drain.suspend(self._now + pause)
            self._due["retry"] = self._now + pause
        elif self._others:
            self._fail_over(failed)
        else:
            self._finish_with(replace(failed, retryable=False), raw)

    def _fail_over(self, failed: Failed) -> None:
        """Go on with the next provider, from the last final."""
        before, self.route = self.route, self._others.popleft()
        self._dialler.forget()
        self._budget.restore()
        self._scribe.start_over()
        self._report.notice("failed_over", handover(before, self.route, failed))
        self._call()

    def _hang_up(self, code: int = 1000) -> None:
        if self._client is not None:
            self._report.add(Closed(code))
        self._client, self._roll_wanted = None, False
        self._outlet.close(finishing=self._finishing)
        self._due = {name: at for name, at in self._due.items() if name == "drain"}

    def _close_account(self, ended: Ended | None) -> None:
        for difference in self._ledger.close(self._now, self._log.position, ended):
            self._report.notice("usage_differs", difference)

    def _end(self, ended: Ended, raw: Frame | None = None) -> None:
        if self._client is not None:
            self._close_account(ended)
        self._hang_up()
        if ended.tail_lost:
            self._report.notice("tail_lost", "the provider's last message did not come; the end may be missing")
        self._finish_with(self._ledger.totals(ended, self._now, self._log.furthest), raw)

    def _finish_with(self, last: Ended | Failed, raw: Frame | None) -> None:
        self._report.tell(last, raw)
        self._phase = Phase.DONE
        self._due.clear()

    # ----------------------------------------------------------------- what is due

    def _keep_alive(self) -> None:
        if self._outlet.flowing and not self._finishing:
            self._say([KeepAlive()])
            assert self.route.can.keep_alive is not None
            self._due["keep_alive"] = self._now + self.route.can.keep_alive

    def _check_vitals(self) -> None:
        """Ping a connection that is silent; give up one that is dead, or on which nobody answers."""
        trouble = self._vitals.trouble(self._now, self._log.position)
        if trouble:
            self._lose(unreachable(trouble))
            return
        if self._vitals.wants_ping(self._now):
            self._report.add(Ping())
        self._due["vitals"] = self._vitals.check_at(self._now)
