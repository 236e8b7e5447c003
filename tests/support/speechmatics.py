"""Both ends of Speechmatics' protocol for tests, and frames in the shape in which production sends them."""

import json
from typing import Any

from voxport.codec import Closed, Desk, Dial
from voxport.commands import Invalid, Start
from voxport.events import Begun, Transcript, Word
from voxport.settings import Settings
from voxport_adapters.speechmatics.client import Client
from voxport_adapters.speechmatics.server import Server

ID = "5f1d7c1e-6a1f-4b0e-9c58-0d2b7a3f9e11"
STARTED = (
    '{"message":"RecognitionStarted","id":"5f1d7c1e-6a1f-4b0e-9c58-0d2b7a3f9e11",'
    '"orchestrator_version":"2026.01.15+abc1234.15.3.0","language_pack_info":{"adapted":false,"itn":true,'
    '"language_description":"English","word_delimiter":" ","writing_direction":"left-to-right"}}'
)
FINAL = (
    '{"message":"AddTranscript","format":"2.9",'
    '"metadata":{"start_time":3.2,"end_time":4.64,"transcript":"Please call back. "},"results":['
    '{"type":"word","start_time":3.32,"end_time":3.68,'
    '"alternatives":[{"content":"Please","confidence":0.99,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":3.68,"end_time":3.96,'
    '"alternatives":[{"content":"call","confidence":1.0,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":3.96,"end_time":4.32,'
    '"alternatives":[{"content":"back","confidence":0.97,"language":"en","speaker":"S1"}]},'
    '{"type":"punctuation","start_time":4.32,"end_time":4.32,"attaches_to":"previous","is_eos":true,'
    '"alternatives":[{"content":".","confidence":1.0,"language":"en","speaker":"S1"}]}]}'
)
WORDS = (
    Word("Please", 3.32, 3.68, 0.99, "S1", "en"), Word("call", 3.68, 3.96, 1.0, "S1", "en"),
    Word("back.", 3.96, 4.32, 0.97, "S1", "en"),
)  # fmt: skip
SAID = Transcript(
    is_final=True, text="Please call back.", start=3.32, end=4.32, words=WORDS, language="en", speaker="S1"
)
PARTIAL = (
    '{"message":"AddPartialTranscript","format":"2.9",'
    '"metadata":{"start_time":4.64,"end_time":5.08,"transcript":"about the"},"results":['
    '{"type":"word","start_time":4.68,"end_time":4.92,'
    '"alternatives":[{"content":"about","confidence":0.8,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":4.92,"end_time":5.08,'
    '"alternatives":[{"content":"the","confidence":1.0,"language":"en","speaker":"S1"}]}]}'
)
TAIL = (Word("about", 4.68, 4.92, 0.8, "S1", "en"), Word("the", 4.92, 5.08, 1.0, "S1", "en"))
GUESS = Transcript(
    is_final=False, text="about the", start=4.68, end=5.08, words=TAIL, language="en", speaker="S1"
)  # fmt: skip
SILENCE = (
    '{"message":"AddTranscript","format":"2.9","metadata":{"start_time":5.52,"end_time":5.88,"transcript":""},"results":[]}',
    '{"message":"AddPartialTranscript","metadata":{"start_time":5.88,"end_time":5.88,"transcript":""},"format":"2.9","results":[]}',
)
UTTERANCE = '{"message":"EndOfUtterance","format":"2.9","metadata":{"start_time":4.72,"end_time":4.72}}'
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}

# ------------------------------------------------------------------- the client


def client(**asked: Any) -> Any:
    return Client(Settings(provider="speechmatics", **asked), Dial("wss://h/v2"))


def hear(*frames: str, end: Any = None) -> list[Any]:
    """What the client hears, the greeting left out."""
    end = end or client()
    return [event for frame in (STARTED, *frames) for event in end.receive(frame)][1:]


def message(kind: str, *results: dict[str, Any], until: float = 1.0, **more: Any) -> str:
    """A transcript with these results."""
    metadata = {"start_time": 0.0, "end_time": until, "transcript": ""}
    return json.dumps({"message": kind, "metadata": metadata, "results": results} | more)


def word(content: str, start: float = 0.1, end: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"type": "word", "start_time": start, "end_time": end, "alternatives": [{"content": content, **more}]}


def mark(content: str, attaches_to: str | None = None, at: float = 0.5) -> dict[str, Any]:
    said = {"type": "punctuation", "start_time": at, "end_time": at, "alternatives": [{"content": content}]}
    return said | ({"attaches_to": attaches_to} if attaches_to else {})


def sent(end: Any, command: Any) -> list[Any]:
    """What the client sends, its texts read."""
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in end.send(command)]


# ------------------------------------------------------------------- the server


def start(audio: Any = RAW, beside: Any = (), **config: Any) -> str:
    """A ``StartRecognition`` for English with partials; ``beside`` stands next to the configuration."""
    config = {"language": "en", "enable_partials": True} | config
    tree = {"message": "StartRecognition", "audio_format": audio, "transcription_config": config}
    return json.dumps(tree | dict(beside))


def server(*, begun: bool = True, beside: Any = (), audio: Any = RAW, **config: Any) -> Any:
    """A server whose session was asked for and, with ``begun``, has begun."""
    end = Server(ID)
    assert any(isinstance(command, Start) for command in end.receive(start(audio, beside, **config)))
    if begun:
        list(end.send(Begun()))
    return end


def told(end: Any, event: Any) -> list[Any]:
    """What the server says, its texts read."""
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in end.send(event)]


def answered(end: Any, signal: Any) -> list[Any]:
    """What the server says at once to what it hears."""
    return [
        frame for command in end.receive(signal) if isinstance(command, Invalid) for frame in told(end, command.answer)
    ]


def refused(end: Any, signal: Any) -> tuple[str, str, int | None, str]:
    """Type, reason, close code and its reason, as the client is told."""
    error, close = answered(end, signal)
    assert isinstance(close, Closed)
    assert error["message"] == "Error"
    return error["type"], error["reason"], close.code, close.reason


def desk(now: Any = lambda: 1000.0) -> Desk:
    """One valid key; ids count up."""
    ids = iter(f"id-{number}" for number in range(100))
    return Desk(frozenset({"key"}), lambda: next(ids), now)
