"""The far side of the benchmarks: answers as the providers named, four transcripts for each second of audio."""

import signal
import sys
import time

from voxport import registry
from voxport.commands import Audio, Command, Finish, Invalid, Start
from voxport.events import Acknowledged, AnyEvent, Begun, Ended, SpeechStarted, Transcript, TurnEnded, Word
from voxport.listener import Listener
from voxport.settings import Settings

KEY = "bench-key"
EVERY = 0.25
"""Seconds of audio for each transcript."""

TURN = 20
"""Transcripts in a turn of 5 s; the last is its final."""

PACE = 3.0
"""Words a second: 180 a minute, ordinary speech."""


class Chatter:
    """Recognises nothing: it says as much as a provider would, at next to no cost."""

    def __init__(self) -> None:
        self._rate = 1
        self._bytes = 0
        self._said = 0

    def hear(self, command: Command) -> list[AnyEvent]:
        match command:
            case Start(settings=Settings(audio=audio)):
                self._rate = audio.bytes_per_second
                return [Begun()]
            case Audio(data=data):
                self._bytes += len(data)
                return [Acknowledged(until=self._bytes / self._rate), *self._talk()]
            case Finish():
                return [Ended(reported_audio_seconds=self._bytes / self._rate)]
            case Invalid(answer=answer):
                return [answer]
            case _:
                return []

    def _talk(self) -> list[AnyEvent]:
        if self._bytes < (self._said + 1) * EVERY * self._rate:
            return []
        turn, place = divmod(self._said, TURN)
        self._said += 1
        start = turn * TURN * EVERY
        count = 1 + int(place * EVERY * PACE)
        words = tuple(Word(f"word{at}", start + at / PACE, start + (at + 1) / PACE, 0.9) for at in range(count))
        said: list[AnyEvent] = [SpeechStarted(at=start)] if place == 0 else []
        final = place == TURN - 1
        text = " ".join(word.text for word in words)
        said.append(Transcript(is_final=final, text=text, start=start, end=words[-1].end, words=words))
        return [*said, TurnEnded(at=words[-1].end)] if final else said

    def close(self) -> None:
        pass


class Clock(Chatter):
    """Answers each second chunk with a partial whose last word is the time, in seconds of the monotonic clock."""

    def _talk(self) -> list[AnyEvent]:
        self._said += 1
        if self._said % 2:
            return []
        at = self._bytes / self._rate
        words = (Word("at", at - 0.1, at - 0.05), Word(f"{time.monotonic():.6f}", at - 0.05, at))
        return [
            Transcript(is_final=False, text=" ".join(word.text for word in words), start=at - 0.1, end=at, words=words)
        ]


BACKENDS = {"--chatter": Chatter, "--clock": Clock}


if __name__ == "__main__":
    kinds = [BACKENDS[name] for name in sys.argv[1:] if name in BACKENDS]
    names = [name for name in sys.argv[1:] if name not in BACKENDS]
    with Listener(map(registry.adapter, names), (kinds or [Chatter])[0], keys=[KEY]) as listener:
        sys.stdout.write(f"{listener.url}\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
