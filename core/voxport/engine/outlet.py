"""What a session has to say to its provider, in order: audio first, held for replay, then what was asked after it."""

from voxport.codec import Capabilities
from voxport.commands import Audio, Command, Finish
from voxport.engine.replay import AudioLog
from voxport.settings import AudioSettings

BURST = 1.0
"""Seconds of audio that may go ahead of the pace at which a provider takes what is sent again."""


class Outlet:
    """Commands wait here until they may flow. It outlives the connections; ``open`` and ``close`` tell it of each."""

    def __init__(self, audio: AudioSettings, replay_seconds: float) -> None:
        """Nothing flows yet."""
        self.log = AudioLog(audio, replay_seconds)
        self._waiting: list[Command] = []
        self._pace: float | None = None
        self._opened: tuple[float, float] = (0.0, 0.0)  # the clock, and the position of the audio
        self.flowing = False
        """The provider may be sent audio and commands."""

    @property
    def catching_up(self) -> bool:
        """Audio is held back to the pace of the provider, and some is waiting."""
        return self._pace is not None and self.log.waits

    def add(self, command: Command) -> int:
        """``command`` goes after the audio so far, be its last chunk short.

        Returns the bytes that are dropped for that, because they are no whole sample frame.
        """
        odd = self.log.flush()
        self._waiting.append(command)
        return odd

    def open(self, can: Capabilities, now: float, *, resuming: bool, again: bool) -> tuple[float, float]:
        """A connection is up: what is still needed is to be sent, at the provider's pace where it is sent ``again``.

        Returns the position of the audio it starts at, and the seconds that are lost before it.
        """
        self.log.resumable = can.resumes
        start, lost = self.log.rewind(resuming=resuming)
        self._pace = can.replay_pace if again else None
        self._opened = (now, start)
        self.flowing = can.audio_before_begun
        return start, lost

    def close(self, *, finishing: bool) -> None:
        """The connection is gone. The next one is to finish, too, if this one was ``finishing``."""
        self.flowing = False
        if finishing and not any(isinstance(command, Finish) for command in self._waiting):
            self._waiting.append(Finish())

    def next(self, now: float) -> list[Command]:
        """What may be said now: all of it or, while catching up, what the pace allows."""
        if not self.flowing:
            return []
        chunks = self.log.take(None if self._pace is None else self._allowance(now, self._pace))
        said: list[Command] = [Audio(chunk) for chunk in chunks]
        if self.catching_up:
            return said
        self._pace = None
        said += self._waiting
        self._waiting.clear()
        return said

    def _allowance(self, now: float, pace: float) -> float:
        """Seconds of audio."""
        since, start = self._opened
        return BURST + (now - since) * pace - (self.log.position - start)
