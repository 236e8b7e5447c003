"""A Gladia session at its server end: what outlives its sockets, and what ``GET /v2/live/{id}`` tells of it."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from voxport import events, wire
from voxport.settings import Settings
from voxport_adapters.gladia import messages as said
from voxport_adapters.gladia.intake import Intake

LASTS = 3 * 3600.0
"""Seconds."""
COMES_BACK = 120.0
"""Seconds that a client which has dropped may take to come back; what the service allows is not known."""
MESSAGES = 10_000
"""Messages that are kept for the result; acknowledgements are not."""
ABSENT = "the recogniser behind this emulator has none"
"""What is said of an add-on that was asked for and never told."""
FITS = (1 << 20) - 1000
"""Bytes of a message without its envelope; clients refuse longer ones."""
ADD_ONS = ("translation", "named_entity_recognition", "sentiment_analysis")


class Job:
    """One session."""

    def __init__(self, name: str, created: float, params: dict[str, Any], settings: Settings) -> None:
        """``params`` are those of the POST, checked and complete."""
        self.id = name
        self.created = created
        self.metadata: dict[str, Any] | None = params.pop("custom_metadata", None)
        self.params = params
        self.settings = settings
        self.status = "queued"
        self.error_code: int | None = None
        self.completed: float | None = None
        self.notes: dict[str, Any] = {}
        """From PATCH."""
        self.stopped = False
        """No more audio is taken."""
        self.left = False
        """The client closed with 1000: nobody comes back."""
        self.dropped: float | None = None
        """When the client was gone; ``None`` while it is connected, or before."""
        self.intake = Intake(settings.audio)
        self.held: events.Transcript | None = None
        """A final that waits to learn whether it ends a turn."""
        self.journal: deque[tuple[int, str]] = deque()
        """What was said, and how much was acknowledged by then: it is said again to a client that has not had it."""
        self.messages: deque[str] = deque(maxlen=MESSAGES)
        self.counts: Counter[int] = Counter()
        self.speaking: set[int] = set()
        """Channels on which speech has started and not ended."""
        self.announced: set[int] = set()
        """Channels on which speech has started that no final has told."""
        self.names: dict[str, str] = {}
        """Utterances as the backend calls them."""
        self.utterances: dict[str, said.Utterance] = {}
        self.translations: dict[str, list[said.Utterance]] = {}
        self.entities: list[said.Named] = []
        self.feelings: list[said.Felt] = []
        self.summary: str | None = None
        self.chapters: list[dict[str, Any]] | None = None
        self.missing: set[str] = set()
        """Add-ons that were asked for and not told so far."""
        live, post = params["realtime_processing"], params["post_processing"]
        self.missing |= {name for name in ADD_ONS if live[name]}
        self.missing |= {name for name in ("summarization", "chapterization") if post[name]}

    @property
    def over(self) -> bool:
        """No more will happen."""
        return self.status in {"done", "error"}

    def open_to(self, now: float) -> bool:
        """A client may come, or come back."""
        gone = self.completed if self.completed is not None else self.dropped
        late = gone is not None and now - gone > COMES_BACK
        return not (self.left or self.status == "error" or late or now - self.created > LASTS)

    def wants(self, flag: str) -> bool:
        """The client asked for these messages."""
        return bool(self.params["messages_config"][f"receive_{flag}"])

    def asked(self, add_on: str) -> bool:
        """The client asked for this add-on."""
        section = "realtime_processing" if add_on in ADD_ONS else "post_processing"
        return bool(self.params[section][add_on])

    def complete(self, status: str, now: float, error_code: int | None = None) -> None:
        """It is over."""
        self.status, self.completed, self.error_code, self.stopped = status, now, error_code, True

    def utterance_of(self, name: str | None) -> str | None:
        """Which utterance of ours is meant: by our name, by the backend's or, without one, the last."""
        if name in self.utterances:
            return name
        return self.names.get(name) if name in self.names else next(reversed(self.utterances), None)

    def keep(self, frame: str) -> None:
        """It was said, and may have to be said again."""
        self.journal.append((self.intake.taken, frame))
        while self.journal[0][0] < self.intake.remembered:
            self.journal.popleft()

    def unheard(self) -> list[str]:
        """What was said since the audio that the client has had acknowledged."""
        stands = self.intake.taken
        self.journal = deque((stands, frame) for taken, frame in self.journal if taken >= stands)
        return [frame for _, frame in self.journal]

    # ----------------------------------------------------------------- what it came to

    def transcription(self) -> said.Transcription:
        """All finals."""
        return _joined(list(self.utterances.values()))

    def result(self, told: said.Transcription) -> said.Result:
        """All that is known of the whole session, with what was ``told``."""
        seconds, channels = self.intake.seconds, self.settings.audio.channels
        worked = round((self.completed or self.created) - self.created, 3)
        blocks = {
            "translation": [
                {"error": None, **msgspec.to_builtins(_joined(told)), "languages": [code]}
                for code, told in self.translations.items()
            ],
            "summarization": self.summary or "",
            "named_entity_recognition": self.entities,
            "sentiment_analysis": wire.text(self.feelings),  # a string, which the SDK demands
        }
        add_ons = {name: self._add_on(name, results) for name, results in blocks.items() if self.asked(name)}
        metadata = said.Metadata(seconds, channels, seconds * channels, worked)
        return said.Result(metadata, told, **add_ons)

    def _add_on(self, name: str, results: Any) -> said.AddOn:
        error = said.Problem(ABSENT, 501, "NotImplemented") if name in self.missing else None
        return said.AddOn(success=error is None, is_empty=results in ("", [], "[]"), error=error, results=results)

    def told(self) -> dict[str, Any]:
        """The answer to ``GET /v2/live/{id}``."""
        duration, channels = self.intake.seconds, self.settings.audio.channels
        source = {"id": self.id, "filename": f"{self.id}.wav", "source": None}
        kept = self.intake.recording.whole
        return {
            "id": self.id, "request_id": request_id(self.id), "version": 2, "kind": "live", "status": self.status,
            "created_at": wire.timestamp(self.created), "post_session_metadata": self.notes,
            "completed_at": None if self.completed is None else wire.timestamp(self.completed),
            "custom_metadata": self.metadata, "error_code": self.error_code, "request_params": self.params,
            "file": {**source, "audio_duration": duration, "number_of_channels": channels} if kept else None,
            "result": self._whole_result() if self.status == "done" else None,
        }  # fmt: skip

    def _whole_result(self) -> dict[str, Any]:
        return {**msgspec.to_builtins(self.result(self.transcription())), "messages": list(self.messages)}

    def matches(self, status: list[str], metadata: Mapping[str, Any]) -> bool:
        """A list was asked for with this one in it."""
        own = self.metadata or {}
        return (not status or self.status in status) and all(
            str(own.get(name)) == str(value) for name, value in metadata.items()
        )

    def wav(self) -> bytes | None:
        """What was received, as a file; ``None`` when it is not kept."""
        audio, data = self.settings.audio, self.intake.recording.whole
        if not data:
            return None
        kind, bits = (7, 8) if audio.encoding == "mulaw" else (1, 16)
        numbers = (
            (16, 4), (kind, 2), (audio.channels, 2), (audio.sample_rate, 4), (audio.bytes_per_second, 4),
            (audio.frame_bytes, 2), (bits, 2),
        )  # fmt: skip
        form = b"fmt " + b"".join(number.to_bytes(size, "little") for number, size in numbers)
        body = b"WAVE" + form + b"data" + len(data).to_bytes(4, "little") + data
        return b"RIFF" + len(body).to_bytes(4, "little") + body


def request_id(name: str) -> str:
    """A debug id as the service writes it."""
    return f"G-{name[:8]}"


Made = TypeVar("Made", said.Transcription, said.Result)


def fitting(told: said.Transcription, make: Callable[[said.Transcription], Made]) -> Made:
    """What ``make`` makes of it, without words or even utterances where it would be longer than clients take."""
    wordless = [msgspec.structs.replace(heard, words=[]) for heard in told.utterances]
    for utterances in (told.utterances, wordless):
        data = make(msgspec.structs.replace(told, utterances=utterances))
        if len(wire.encode(data)) <= FITS:
            return data
    return make(msgspec.structs.replace(told, utterances=[]))


def _joined(utterances: list[said.Utterance]) -> said.Transcription:
    languages = Counter(heard.language or "en" for heard in utterances)
    text = "".join(heard.text for heard in utterances).strip()
    return said.Transcription(text, [code for code, _ in languages.most_common()], utterances)
