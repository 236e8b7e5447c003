"""What a session's events mean for the session: the clock, what need not be sent again, where turns stand."""

from collections.abc import Iterable

from voxport.codec import Capabilities
from voxport.engine.replay import AudioLog
from voxport.engine.turns import Turns
from voxport.events import Acknowledged, AnyEvent, Transcript, TurnEnded
from voxport.timeline import Timeline


class Scribe:
    """Takes every event that is neither the beginning nor the end, in order, over all connections."""

    def __init__(self, log: AudioLog) -> None:
        """``log`` is told what is settled and what is acknowledged."""
        self._log = log
        self._timeline = Timeline()
        self._turns = Turns()
        self._slack = 0.0
        self._progress: dict[bool, float] = {}  # how far the provider has got: in taking audio, and in telling of it

    @property
    def base(self) -> float:
        """Session time of this connection's time zero, in seconds."""
        return self._timeline.base

    @property
    def quiet(self) -> bool:
        """Nothing is being said that no final has settled, as far as the provider tells."""
        return self._turns.quiet

    def resume(self, can: Capabilities, lost: float) -> None:
        """A connection that goes on with the session before it, which does not know of ``lost`` seconds of audio."""
        self._slack = can.word_slack
        self._timeline.resume(self.base + lost, self._slack)

    def restart(self, can: Capabilities, start: float) -> Iterable[TurnEnded]:
        """The first session of a provider's or another one, from the audio at ``start``. Returns the ends of turns that
        nobody else will tell.
        """
        self._slack = can.word_slack
        self._timeline.restart(start, self._slack)
        cut = self._turns.cut()
        return cut if can.tells_turns else ()

    def start_over(self) -> None:
        """Another provider: what the one before it proved says nothing of this one."""
        self._progress.clear()

    def take(self, event: AnyEvent) -> AnyEvent | None:
        """The event on the session's clock; ``None`` when it was said before."""
        placed = self._timeline.place(event)
        if placed is not None:
            self._settle(placed)
            self._turns.see(placed)
        return placed

    def _settle(self, event: AnyEvent) -> None:
        match event:
            case Acknowledged(until=until, settled=True, channel=channel):
                self._log.settle(until, channel)
            case Acknowledged(until=until):
                self._log.acknowledge(until)
            case Transcript(is_final=True, end=float() as end, channel=channel):
                self._log.settle(end - self._slack, channel)

    def progressed(self, event: AnyEvent) -> bool:
        """The provider has got further in the audio than ever before, or there is no telling.

        Where it had got to already proves nothing: audio that breaks it once would break it for ever.
        """
        taken = isinstance(event, Acknowledged)
        reached = next((at for name in ("until", "end", "at") if (at := getattr(event, name, None)) is not None), None)
        if reached is not None and reached <= self._progress.get(taken, -1.0):
            return False
        self._progress[taken] = max(self._progress.get(taken, 0.0), reached or 0.0)
        return True
