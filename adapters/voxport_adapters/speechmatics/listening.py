"""What the client ends have in common: what they hear beside the transcript, and how audio is accounted for."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from voxport import ends, events
from voxport.codec import Dial
from voxport.settings import SAMPLE_BYTES, Settings
from voxport_adapters.speechmatics import faults, languages, protocol


class Voice:
    """What was sent and heard on one channel, or on the only one (whose ``number`` and ``label`` are ``None``)."""

    def __init__(self, number: int | None, label: str | None, bytes_per_second: int) -> None:
        self.number = number
        self.label = label
        self._second = bytes_per_second
        self.chunks = 0
        self._sent = 0  # bytes
        self._ends: deque[int] = deque()  # where each chunk that is not acknowledged ends
        self._told = 0  # bytes that the caller knows to be taken
        self.open = False  # the last mark belongs to the next word
        self.partial = False  # a partial stands
        self.in_turn = False
        self.settled = 0.0

    @property
    def seconds(self) -> float:
        """Seconds sent."""
        return self._sent / self._second

    def send(self, data: bytes) -> None:
        """A chunk goes out."""
        self.chunks += 1
        self._sent += len(data)
        self._ends.append(self._sent)

    def taken(self) -> Iterable[events.AnyEvent]:
        """The next chunk was taken; told about once for each second, for there are some 70,000 chunks in an hour."""
        taken = self._ends.popleft() if self._ends else 0
        if taken - self._told < self._second:
            return ()
        self._told = taken
        return (events.Acknowledged(until=taken / self._second, channel=self.number),)


class Listening(ends.ClientEnd[Any]):
    """A client without a transcript; ``options`` are those that ``settings`` are translated into."""

    closes = faults.CLOSES

    def __init__(self, settings: Settings, dial: Dial, options: Mapping[str, Any]) -> None:
        super().__init__(settings, dial)
        self._options = dict(options)
        self._delimiter = languages.DELIMITERS.get(str(options.get("language")), " ")
        self._width = SAMPLE_BYTES[settings.audio.encoding]
        self._begun = False
        self._meanings: dict[type, Callable[[Any], Iterable[events.AnyEvent]]] = {
            protocol.RecognitionStarted: self._started,
            protocol.SpeakersResult: self._speakers,
            protocol.Info: self._told,
            protocol.Warning: self._told,
            protocol.Error: lambda message: self.fail(faults.failed(message.type, message.reason)),
            protocol.EndOfTranscript: lambda _: self.end(),
        }
        """What each kind of message means."""

    def _new_voice(self, number: int | None = None, label: str | None = None) -> Voice:
        return Voice(number, label, self.settings.audio.sample_rate * self._width)

    def hear(self, message: Any) -> Iterable[events.AnyEvent]:
        return self._meanings[type(message)](message)

    def _started(self, message: protocol.RecognitionStarted) -> Iterable[events.AnyEvent]:
        if self._begun:
            return (events.Notice(code="repeated", message="a second RecognitionStarted was ignored"),)
        self._begun = True
        pack = message.language_pack_info
        self._use_delimiter(pack.get("word_delimiter"))
        labels = message.channel_ids or message.channels  # the documentation has either name
        known = {"channels": labels} if labels else {}
        details = {"version": message.orchestrator_version, **pack, **known}
        return (events.Begun(session_id=message.id, details=details),)

    def _use_delimiter(self, found: object) -> None:
        self._delimiter = found if isinstance(found, str) else self._delimiter

    def _speakers(self, message: protocol.SpeakersResult) -> Iterable[events.AnyEvent]:
        known = (events.Speaker(voice.label, tuple(voice.speaker_identifiers)) for voice in message.speakers)
        return (events.SpeakersIdentified(speakers=tuple(known)),)

    def _told(self, message: protocol.Told) -> Iterable[events.AnyEvent]:
        kind = message.type or type(message).__name__.lower()
        return (events.Notice(code=kind, message=message.reason),)
