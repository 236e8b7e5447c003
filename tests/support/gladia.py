"""What tests of Gladia share: its messages as the page shows them, and both ends of a session without a network."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Command, Invalid
from voxport.events import AnyEvent, Transcript, Word
from voxport.settings import AudioSettings, Secret, Settings
from voxport.wire import json_of, timestamp
from voxport_adapters.gladia import Client, Front
from voxport_adapters.gladia.memory import Memory

KEY = "canary-key-5f1d"
ID = "7c2f9a44-6b1e-4f0a-9a57-0d0f3c1e2b11"
URL = f"wss://api.gladia.io/v2/live?token={ID}"
NOW = 1_772_619_072.345  # 2026-03-04T10:11:12.345Z
STAMP = "2026-03-04T10:11:12.345Z"
PCM = bytes(range(1, 201)) * 16
"""3200 bytes: a tenth of a second of 16 kHz s16le, and no silence."""
SECOND = 32_000
"""Bytes."""


# --------------------------------------------------------------------------- what the service says


def message(kind: str, at: float = 0.0, **fields: Any) -> str:
    """A message of the server, in the envelope that all have, ``at`` seconds after ``NOW``."""
    return json.dumps({"type": kind, "session_id": ID, "created_at": timestamp(NOW + at), **fields})


def utterance(text: str, start: float, end: float, words: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    plain = {"text": text, "start": start, "end": end, "language": "en", "confidence": 0.93, "channel": 0}
    told = [dict(zip(("word", "start", "end", "confidence"), word, strict=True)) for word in words]
    return {**plain, "words": told, **more}


def transcript(said: dict[str, Any], *, is_final: bool, name: str = "00_00000003") -> str:
    return message("transcript", data={"id": name, "is_final": is_final, "utterance": said})


def final(text: str, start: float, end: float, *, name: str = "00_00000003", **more: Any) -> str:
    return transcript(utterance(text, start, end, **more), is_final=True, name=name)


def partial(text: str, start: float, end: float, **more: Any) -> str:
    return transcript(utterance(text, start, end, **more), is_final=False)


def speech(kind: str, time: float, channel: int = 0, at: float = 0.0) -> str:
    return message(f"speech_{kind}", at, data={"time": time, "channel": channel})


def taken(start: int, end: int, at: float = 0.0, rate: int = SECOND) -> str:
    """An acknowledgement of these bytes."""
    data = {"byte_range": [start, end], "time_range": [start / rate, end / rate]}
    return message("audio_chunk", at, acknowledged=True, error=None, data=data)


WORDS = ((" Book", 1.05, 1.3, 0.95), (" a", 1.31, 1.5, 0.9), (" table.", 1.52, 2.21, 0.94))
TABLE = utterance(" Book a table.", 1.05, 2.21, WORDS)
FINAL = transcript(TABLE, is_final=True)
SAID = Transcript(
    is_final=True, text="Book a table.", start=1.05, end=2.21, confidence=0.93, language="en", utterance="00_00000003",
    words=(Word("Book", 1.05, 1.3, 0.95), Word("a", 1.31, 1.5, 0.9), Word("table.", 1.52, 2.21, 0.94)),
)  # fmt: skip
METADATA = {"audio_duration": 86.4, "number_of_distinct_channels": 1, "billing_time": 86.4, "transcription_time": 87.9}
RESULT = {"metadata": METADATA, "transcription": {"full_transcript": "Book a table.", "languages": ["en"]}}


# --------------------------------------------------------------------------- the client end


def settings(**changes: Any) -> Settings:
    return Settings(provider="gladia", api_key=Secret(KEY), endpoint="http://127.0.0.1:8000", **changes)


def client(memory: Memory | None = None, **changes: Any) -> Client:
    return Client(settings(**changes), Dial(URL, session_id=ID, memory=memory))


def hear(*frames: str | bytes, **changes: Any) -> list[AnyEvent]:
    return told(client(**changes), *frames)


def told(end: Client, *frames: str | bytes) -> list[AnyEvent]:
    return [event for frame in frames for event in end.receive(frame)]


def stereo() -> dict[str, Any]:
    return {"audio": AudioSettings(channels=2)}


# --------------------------------------------------------------------------- the server end


class Account:
    """A front and what is asked of it; the session is that of the body. Its clock stands at ``now``."""

    def __init__(self, **body: Any) -> None:
        ids = (f"{number:08x}-0000-4000-8000-000000000000" for number in itertools.count(1))
        self.now = NOW
        self.front = Front(Desk(frozenset({KEY}), lambda: next(ids), lambda: self.now))
        made = self.ask("POST", "/v2/live", body)
        assert made.status == 201, made.body
        assert made.headers["content-type"] == "application/json"
        self.made = json_of(made.body)
        self.id = self.made["id"]

    def ask(self, method: str, path: str, body: object = None, key: str = KEY) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = HttpRequest(method, f"http://127.0.0.1:8000{path}", {"x-gladia-key": key}, content)
        answer = self.front.answer(request)
        assert answer is not None
        return answer

    def job(self) -> dict[str, Any]:
        answer = self.ask("GET", f"/v2/live/{self.id}")
        assert answer.status == 200
        return json_of(answer.body)

    def upgrade(self) -> Accepted | HttpResponse | None:
        return self.front.accept(HttpRequest("GET", self.made["url"]))

    def socket(self) -> "Socket":
        accepted = self.upgrade()
        assert isinstance(accepted, Accepted), accepted
        return Socket(accepted)


class Socket:
    """One socket of a session; ``opened`` is what the server hears of the upgrade."""

    def __init__(self, accepted: Accepted) -> None:
        self.accepted = accepted
        self.server = accepted.server
        self.opened = self.hear(Opened())

    def hear(self, signal: Any) -> list[Command]:
        return list(self.server.receive(signal))

    def say(self, *all_said: AnyEvent) -> list[Any]:
        """The messages, without their envelope, which is checked; closes as they are."""
        frames = [signal for said in all_said for signal in self.server.send(said)]
        return [signal if isinstance(signal, Closed) else unwrapped(signal) for signal in frames]

    def answer(self, signal: Any) -> list[Any]:
        """What the server says to a message that it refuses or answers by itself."""
        return self.say(*(command.answer for command in self.hear(signal) if isinstance(command, Invalid)))


def unwrapped(frame: str | bytes) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(frame)
    assert list(tree)[:3] == ["type", "session_id", "created_at"]
    assert tree.pop("session_id")
    assert tree.pop("created_at")
    return tree


def types(frames: list[Any]) -> list[Any]:
    return [frame if isinstance(frame, Closed) else frame["type"] for frame in frames]


def ack(start: int, end: int, rate: int = SECOND) -> dict[str, Any]:
    data = {"byte_range": [start, end], "time_range": [start / rate, end / rate]}
    return {"type": "audio_chunk", "acknowledged": True, "error": None, "data": data}


STOP = '{"type":"stop_recording"}'
ALL = {"receive_partial_transcripts": True, "receive_lifecycle_events": True}
