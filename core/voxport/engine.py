"""A session's life as a pure function of what happens and when.

The engine knows no socket, thread or clock. A shell tells it what was asked (``command``), what arrived (``receive``)
and that time passed (``tick``, at the latest at ``deadline``); each returns what to do now, in order. It holds once,
for every provider: the handshake, audio held back until it may flow, keep-alive, liveness, dialling again with
back-off, replay without repeats, one clock over all connections, and draining within a deadline.
"""

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from voxport.actions import Action, Arrival, Ping, Unreachable
from voxport.codec import Adapter, Client, Closed, Dial, Dialling, Frame, HttpResponse, Opened
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, KeepAlive, Start
from voxport.events import Acknowledged, AnyEvent, Begun, Ended, Failed, Notice, Transcript, TurnEnded
from voxport.replay import AudioLog
from voxport.settings import Settings
from voxport.timeline import Timeline
from voxport.wire import ended_early, unreachable

replace = msgspec.structs.replace


class Phase(Enum):
    """Where a session stands."""

    NEW = auto()
    DIALLING = auto()
    """A request or the upgrade is under way."""
    OPENING = auto()
    """Connected; the provider has not accepted the session yet."""
    LIVE = auto()
    WAITING = auto()
    """The connection is lost; the time to dial again is set."""
    DONE = auto()


class Engine:
    """One session with one provider."""

    def __init__(self, adapter: Adapter, settings: Settings, jitter: Callable[[], float]) -> None:
        """``jitter`` gives numbers in [0, 1) that spread the pauses before dialling again."""
        self._adapter = adapter
        self._can = adapter.capabilities
        self._settings = settings
        self._patience = settings.resilience
        self._jitter = jitter
        self._log = AudioLog(settings.audio, settings.resilience.replay_seconds)
        self._timeline = Timeline()
        self._phase = Phase.NEW
        self._due: dict[str, float] = {}
        self._when_due: dict[str, Callable[[], None]] = {
            "retry": self._call,
            "begin": self._begin_over,
            "drain": self._drain_over,
            "keep_alive": self._keep_alive,
            "ping": self._check_life,
        }
        self._actions: list[Action] = []
        self._now = 0.0
        self._steps: Dialling | None = None
        self._dial: Dial | None = None
        self._resuming = False
        self._client: Client | None = None
        self._flowing = False
        self._waiting: list[Command] = []
        self._finishing = False
        self._connection = 0
        self._retries = 0
        self._opened_at: float | None = None
        self._live_since = 0.0
        self._heard_at = 0.0
        self._begun = False

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
        self._now = now
        if self.done or self._finishing:
            return []
        match command:
            case Audio(data=data):
                self._log.append(data)
            case Start():
                self._start()
            case Finish():
                self._finishing = True
                self._due["drain"] = now + self._patience.drain_timeout
                self._flush(command)
            case EndUtterance() if not self._can.forces_endpoint:
                self._notice("not_supported", "this provider cannot be asked to end an utterance")
            case Configure() if not self._can.configures:
                self._notice("not_supported", "this provider cannot change settings in mid-session")
            case _:
                self._flush(command)
        self._send_waiting()
        return self._take()

    def receive(self, arrival: Arrival, now: float) -> list[Action]:
        """Something arrived, or a request or dial that was asked for has come to nothing."""
        self._now = self._heard_at = now
        if self.done:
            return []
        match arrival:
            case str() | bytes():
                self._hear(arrival, arrival)
            case HttpResponse():
                self._answered(arrival)
            case Opened():
                self._opened(arrival)
            case Unreachable(message=message):
                self._lose(unreachable(message))
            case Closed() if self._client is not None:
                self._hear(arrival)
        return self._take()

    def note(self, notice: Notice, now: float) -> list[Action]:
        """Tell the caller what happened outside of the engine, in its place among the events."""
        self._now = now
        if not self.done:
            self._emit(notice)
        return self._take()

    def tick(self, now: float) -> list[Action]:
        """Do what is due."""
        self._now = now
        for name in [name for name, at in self._due.items() if at <= now]:
            if self._due.pop(name, None) is not None and not self.done:
                self._when_due[name]()
        return self._take()

    # ----------------------------------------------------------------- connecting

    def _start(self) -> None:
        for item in self._adapter.translate(self._settings).settings:
            if item.support.status != "mapped":
                way = f" as {item.support.option}" if item.support.option else ""
                why = f": {item.support.note}" if item.support.note else ""
                self._notice(f"setting_{item.support.status}", f"{item.setting} is {item.support.status}{way}{why}")
        self._call()

    def _call(self) -> None:
        """Dial, in as many steps as the provider wants."""
        self._phase = Phase.DIALLING
        self._resuming = self._can.resumes and self._dial is not None
        self._steps = self._adapter.dial(self._settings, self._dial if self._resuming else None)
        self._step(None)

    def _step(self, response: HttpResponse | None) -> None:
        assert self._steps is not None
        try:
            self._actions.append(next(self._steps) if response is None else self._steps.send(response))
        except StopIteration as done:
            self._steps = None
            self._dial = done.value
            self._actions.append(done.value)

    def _answered(self, response: HttpResponse) -> None:
        """An answer to a request of the handshake, or a refusal of the upgrade."""
        if self._steps is not None and 200 <= response.status < 300:
            self._step(response)
            return
        failed = self._adapter.explain(response)
        if self._resuming and not failed.retryable:
            # The session to resume is gone; a new one may still be had.
            failed = replace(failed, retryable=True)
        self._dial = None
        self._lose(failed)

    def _opened(self, opened: Opened) -> None:
        assert self._dial is not None
        self._connection += 1
        self._opened_at = self._now if self._opened_at is None else self._opened_at
        self._phase = Phase.OPENING
        self._due["begin"] = self._now + self._patience.begin_timeout
        self._due["ping"] = self._now + self._patience.ping_interval
        start, lost = self._log.rewind()
        if self._connection > 1 and not self._resuming:
            self._timeline.restart(start)
        if lost:
            self._notice("audio_lost", f"{lost:.2f} s of audio no longer fit into the memory for replay", lost)
        self._client = self._adapter.client(self._settings, self._dial)
        self._say(Start(self._settings))
        self._flowing = self._can.audio_before_begun
        self._hear(opened)
        self._send_waiting()

    # ----------------------------------------------------------------- sending

    def _flush(self, command: Command) -> None:
        """``command`` goes after the audio so far, be its last chunk short."""
        odd = self._log.flush()
        if odd:
            self._notice("audio_lost", f"{odd} bytes at the end are no whole sample frame and were dropped")
        self._waiting.append(command)

    def _send_waiting(self) -> None:
        if not self._flowing:
            return
        client = self._client
        assert client is not None
        for chunk in self._log.take():
            self._actions += client.send(Audio(chunk))
        for command in self._waiting:
            self._say(command)
        self._waiting.clear()
        if self._can.keep_alive is not None:
            self._due["keep_alive"] = self._now + self._can.keep_alive

    def _say(self, command: Command) -> None:
        assert self._client is not None
        self._actions += self._client.send(command)

    # ----------------------------------------------------------------- hearing

    def _hear(self, signal: Opened | Frame | Closed, raw: Frame | None = None) -> None:
        assert self._client is not None
        for event in self._client.receive(signal):
            if self._phase in {Phase.OPENING, Phase.LIVE}:
                self._understand(event, raw)

    def _understand(self, event: AnyEvent, raw: Frame | None) -> None:
        match event:
            case Begun():
                self._accepted(event, raw)
            case Ended() if self._finishing:
                self._end(event, raw)
            case Ended():
                self._lose(ended_early(), raw)
            case Failed():
                self._lose(event, raw)
            case _:
                placed = self._timeline.place(event)
                if placed is not None:
                    self._settle(placed)
                    self._emit(placed, raw)
        if isinstance(event, Transcript | Acknowledged | TurnEnded):
            self._prove_life()

    def _settle(self, event: AnyEvent) -> None:
        """Forget audio when that is safe: on acknowledgement where a session can be resumed, else with its final."""
        match event:
            case Acknowledged(until=until, settled=settled) if settled or self._can.resumes:
                self._log.settle(until)
            case Transcript(is_final=True, end=float() as end) if not self._can.resumes:
                self._log.settle(end)

    def _prove_life(self) -> None:
        """The far side works: the budget of retries is whole again, and draining may go on."""
        self._retries = 0
        if "drain" in self._due:
            self._due["drain"] = self._now + self._patience.drain_timeout

    def _accepted(self, begun: Begun, raw: Frame | None) -> None:
        self._due.pop("begin", None)
        self._phase = Phase.LIVE
        self._flowing = True
        self._live_since = self._now
        if self._begun:
            self._notice("reconnected", f"connected again; the transcript goes on at {self._timeline.base:.2f} s")
        else:
            self._begun = True
            self._emit(begun, raw)
        self._send_waiting()

    def _emit(self, event: AnyEvent, raw: Frame | None = None) -> None:
        self._actions.append(
            replace(
                event, provider=self._adapter.name, received_at=self._now, audio_sent=self._log.furthest,
                connection=self._connection, raw=raw,
            )
        )  # fmt: skip

    def _notice(self, code: str, message: str, seconds: float | None = None) -> None:
        self._emit(Notice(code=code, message=message, seconds=seconds))

    # ----------------------------------------------------------------- losing, ending

    def _lose(self, failed: Failed, raw: Frame | None = None) -> None:
        """The connection is over. Dial again where that can help and the budget allows."""
        if self._phase is Phase.LIVE and self._now - self._live_since > self._patience.backoff_max:
            self._retries = 0
        # 1000 would tell some providers that the session is to end, not only the connection.
        self._hang_up(1001)
        if not failed.retryable or self._retries >= self._patience.max_retries:
            self._finish_with(replace(failed, retryable=False), raw)
            return
        pause = min(self._patience.backoff * 2**self._retries, self._patience.backoff_max)
        pause = max(pause * (0.5 + self._jitter() / 2), failed.retry_after or 0.0)
        self._retries += 1
        budget = f"retry {self._retries} of {self._patience.max_retries} in {pause:.1f} s"
        self._notice("reconnecting", f"{failed.message} ({failed.code}); {budget}")
        self._phase = Phase.WAITING
        self._due["retry"] = self._now + pause

    def _hang_up(self, code: int = 1000) -> None:
        if self._client is not None:
            self._actions.append(Closed(code))
        self._client = None
        self._flowing = False
        self._steps = None
        if self._finishing and not any(isinstance(command, Finish) for command in self._waiting):
            self._waiting.append(Finish())
        for name in ("begin", "ping", "keep_alive", "retry"):
            self._due.pop(name, None)

    def _end(self, ended: Ended, raw: Frame | None = None) -> None:
        opened = self._now if self._opened_at is None else self._opened_at
        self._hang_up()
        if ended.tail_lost:
            self._notice("tail_lost", "the provider's last message did not come; the end may be missing")
        totals = replace(ended, audio_seconds=self._log.furthest, session_seconds=self._now - opened)
        self._finish_with(totals, raw)

    def _finish_with(self, last: Ended | Failed, raw: Frame | None) -> None:
        self._emit(last, raw)
        self._phase = Phase.DONE
        self._due.clear()

    # ----------------------------------------------------------------- what is due

    def _drain_over(self) -> None:
        self._end(Ended(tail_lost=True))

    def _begin_over(self) -> None:
        self._lose(unreachable("the provider did not accept the session in time"))

    def _keep_alive(self) -> None:
        if self._flowing and not self._finishing:
            self._say(KeepAlive())
            assert self._can.keep_alive is not None
            self._due["keep_alive"] = self._now + self._can.keep_alive

    def _check_life(self) -> None:
        """Ping when nothing came for one interval; give up after two."""
        interval = self._patience.ping_interval
        silent = self._now - self._heard_at
        if silent >= 2 * interval:
            self._lose(unreachable("nothing came back, not even the answer to a ping"))
            return
        if silent >= interval:
            self._actions.append(Ping())
        self._due["ping"] = self._heard_at + (2 if silent >= interval else 1) * interval

    def _take(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
