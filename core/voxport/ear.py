"""A server that listens: it turns a client's commands into the events of a provider, by a local recogniser.

A provider's server codec gives it words; it knows nothing of providers, sockets or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from voxport.commands import (
    Audio,
    Command,
    Configure,
    EndUtterance,
    Finish,
    IdentifySpeakers,
    Invalid,
    KeepAlive,
    Start,
    Taken,
)
from voxport.events import (
    Acknowledged,
    AnyEvent,
    Begun,
    Configured,
    Ended,
    Notice,
    SpeakersIdentified,
    SpeechStarted,
    Transcript,
    TurnEnded,
)
from voxport.recogniser import RATE, Heard, Listening, Recogniser
from voxport.settings import AudioSettings, Settings

if TYPE_CHECKING:
    from voxport.audio.formats import Samples

_BLOCKS_PER_SECOND = 50
"""Audio is decoded and resampled in blocks of 20 ms, however it came."""


class Ear:
    """One session, heard by ``recogniser``. Give it every command, ``Start`` first; then ``close`` it.

    The events depend on the bytes of audio alone, not on how they were cut into messages (``Acknowledged`` apart, which
    answers each). Audio of several channels is heard channel by channel; events then carry the channel. Partials come
    only when the settings ask for them. ``SpeechStarted`` comes before the first ``Transcript`` of a turn and
    ``TurnEnded`` after its final.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        """Nothing is loaded before ``Start``."""
        self._recogniser = recogniser
        self._intake: _Intake | None = None
        self._turns: list[_Turns] = []
        self._answers: Mapping[type, Callable[[Any], list[AnyEvent]]] = {
            Start: self._start,
            Audio: self._audio,
            EndUtterance: self._end_utterance,
            KeepAlive: lambda _: [],
            IdentifySpeakers: lambda _: [SpeakersIdentified(speakers=())],
            Configure: self._configure,
            Finish: self._finish,
            Invalid: lambda command: [command.answer],
            Taken: lambda command: [command.answer],
        }

    def hear(self, command: Command) -> list[AnyEvent]:
        """The events that answer ``command``. What comes after ``Finish`` or ``close`` is not answered, ``Invalid``
        apart.
        """
        return self._answers[type(command)](command)

    def close(self) -> None:
        """Give up the session; does nothing when it is over."""
        for turns in self._turns:
            turns.close()
        self._turns = []
        self._intake = None

    def _start(self, command: Start) -> list[AnyEvent]:
        settings: Settings = command.settings
        self._intake = _Intake(settings.audio)
        channels = range(settings.audio.channels) if settings.audio.channels > 1 else (None,)
        partials = settings.transcription.partials
        self._turns = [_Turns(self._recogniser.listen(), channel, partials=partials) for channel in channels]
        return [Begun(session_id=None)]

    def _audio(self, command: Audio) -> list[AnyEvent]:
        if self._intake is None:
            return []
        blocks = self._intake.take(command.data)
        return [Acknowledged(until=self._intake.seconds), *self._heard(blocks)]

    def _end_utterance(self, command: EndUtterance) -> list[AnyEvent]:
        if self._intake is None:
            return []
        heard = self._heard(self._intake.flush())
        ending = [turns for turns in self._turns if command.channel in {None, turns.channel or 0}]
        return [*heard, *(event for turns in ending for event in turns.flush())]

    def _configure(self, command: Configure) -> list[AnyEvent]:
        for turns in self._turns:
            turns.partials = command.changes.get("partials", turns.partials)
        return [Configured(options=command.options)]

    def _finish(self, _: Finish) -> list[AnyEvent]:
        intake = self._intake
        if intake is None:
            return []
        events = [*self._heard(intake.finish()), *(event for turns in self._turns for event in turns.finish())]
        self.close()
        return [*events, *intake.complaints(), Ended(reported_audio_seconds=intake.seconds)]

    def _heard(self, blocks: Iterable[Samples]) -> list[AnyEvent]:
        return [
            event
            for block in blocks
            for channel, turns in enumerate(self._turns)
            for event in turns.hear(block[:, channel])
        ]


class _Intake:
    """Bytes of a session's audio in, blocks of samples at the recogniser's rate out, shape (frames, channels)."""

    def __init__(self, audio: AudioSettings) -> None:
        from voxport.audio.formats import Converter  # noqa: PLC0415 -- brings numpy

        self._audio = audio
        self._converter = Converter(audio.sample_rate, RATE, audio.channels, audio.channels)
        self._block_bytes = max(1, audio.sample_rate // _BLOCKS_PER_SECOND) * audio.frame_bytes
        self._rest = b""
        self._bytes = 0

    @property
    def seconds(self) -> float:
        """Seconds of audio taken in."""
        return self._bytes // self._audio.frame_bytes / self._audio.sample_rate

    def take(self, data: bytes) -> list[Samples]:
        """The blocks that ``data`` completes."""
        self._bytes += len(data)
        audio = self._rest + data
        whole = len(audio) - len(audio) % self._block_bytes
        self._rest = audio[whole:]
        return [self._convert(audio[at : at + self._block_bytes]) for at in range(0, whole, self._block_bytes)]

    def flush(self) -> list[Samples]:
        """What is left of whole frames; blocks begin anew after it."""
        whole = len(self._rest) - len(self._rest) % self._audio.frame_bytes
        data, self._rest = self._rest[:whole], self._rest[whole:]
        return [self._convert(data)] if data else []

    def finish(self) -> list[Samples]:
        """The same, and what the resampler still holds."""
        return [*self.flush(), self._convert(b"", last=True)]

    def complaints(self) -> list[AnyEvent]:
        """A ``Notice`` when the audio ended inside a frame."""
        message = f"the audio ended inside a sample frame; {len(self._rest)} bytes were ignored"
        return [Notice(code="partial_frame", message=message)] if self._rest else []

    def _convert(self, data: bytes, *, last: bool = False) -> Samples:
        import numpy as np  # noqa: PLC0415 -- costs more than the rest of `import voxport`

        from voxport.audio.formats import decode  # noqa: PLC0415 -- brings numpy

        # A NaN would stay in the resampler for good.
        samples = np.nan_to_num(decode(data, self._audio.encoding, self._audio.channels), posinf=1.0, neginf=-1.0)
        return self._converter.convert(samples, last=last)


class _Turns:
    """What is heard on one channel, told in turns."""

    def __init__(self, listening: Listening, channel: int | None, *, partials: bool) -> None:
        self._listening = listening
        self._speaking = False
        self.channel = channel
        self.partials = partials
        self.close = listening.close

    def hear(self, samples: Any) -> list[AnyEvent]:
        """The events of the next samples."""
        return self._told(self._listening.hear(samples))

    def flush(self) -> list[AnyEvent]:
        """The current utterance ends here, by force; with a ``TurnEnded`` even when nothing was being said."""
        events = self._told(self._listening.flush())
        ended = events.pop() if events and isinstance(events[-1], TurnEnded) else TurnEnded(channel=self.channel)
        return [*events, msgspec.structs.replace(ended, forced=True)]

    def finish(self) -> list[AnyEvent]:
        """The events of what is left."""
        return self._told(self._listening.finish())

    def _told(self, all_heard: Sequence[Heard]) -> list[AnyEvent]:
        return [event for heard in all_heard for event in self._tell(heard)]

    def _tell(self, heard: Heard) -> list[AnyEvent]:
        if not heard.is_final and not self.partials:
            return []
        events: list[AnyEvent] = []
        if not self._speaking and heard.words:
            self._speaking = True
            events.append(SpeechStarted(at=heard.start, channel=self.channel))
        if self._speaking:
            events.append(self._transcript(heard))
        if heard.is_final and self._speaking:
            self._speaking = False
            events.append(TurnEnded(at=heard.end, channel=self.channel))
        return events

    def _transcript(self, heard: Heard) -> Transcript:
        return Transcript(
            is_final=heard.is_final and bool(heard.words),
            text=heard.text,
            start=heard.start,
            end=heard.end,
            words=heard.words,
            confidence=_mean([word.confidence for word in heard.words]),
            language=_common([word.language for word in heard.words]),
            speaker=_common([word.speaker for word in heard.words]),
            channel=self.channel,
        )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known and len(known) == len(values) else None


def _common(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None
