"""What tests of the AssemblyAI adapter share: frames as the service sends them, and either end to try them on."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, Opened
from voxport.commands import Audio, Invalid, Start
from voxport.events import Failed, Transcript, Word
from voxport.settings import Settings, Transcription
from voxport_adapters.assemblyai import adapter

ID = "7c0e3a52-5b9f-4d1e-9a44-0f6f1f0c2d11"
NOW = 1_791_007_200.0 - 10_800
US, MULTI, WHISPER = "universal-streaming-english", "universal-streaming-multilingual", "whisper-rt"
U3, U35 = "u3-rt-pro", "universal-3-5-pro"
DETAILS = "See Error message for details"

BEGIN = (
    '{"type":"Begin","id":"7c0e3a52-5b9f-4d1e-9a44-0f6f1f0c2d11","expires_at":1791007200,"configuration":{'
    '"model":"u3-rt-pro","mode":"balanced","api_version":"2025-05-12","speaker_labels":false,"redact_pii":false,'
    '"filter_profanity":false,"domain":null,"voice_focus":null}}'
)
ONSET = '{"type":"SpeechStarted","timestamp":640,"confidence":0.97}'
PARTIAL = (
    '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"Please move my booking to\u2014",'
    '"end_of_turn_confidence":0,"words":[{"start":640,"end":980,"text":"Please","confidence":0.981,'
    '"word_is_final":false},{"start":1010,"end":1240,"text":"move","confidence":0.996,"word_is_final":false},'
    '{"start":1262,"end":1400,"text":"my","confidence":0.998,"word_is_final":false},{"start":1422,"end":1905,'
    '"text":"booking","confidence":0.993,"word_is_final":false},{"start":1930,"end":2110,"text":"to\u2014",'
    '"confidence":0.71,"word_is_final":false}],"utterance":"","type":"Turn"}'
)
FINAL = (
    '{"turn_order":0,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Please move my booking to Friday.",'
    '"end_of_turn_confidence":1,"words":[{"start":640,"end":982,"text":"Please","confidence":0.984,'
    '"word_is_final":true},{"start":1011,"end":1243,"text":"move","confidence":0.997,"word_is_final":true},'
    '{"start":1263,"end":1401,"text":"my","confidence":0.998,"word_is_final":true},{"start":1423,"end":1910,'
    '"text":"booking","confidence":0.995,"word_is_final":true},{"start":1934,"end":2098,"text":"to",'
    '"confidence":0.99,"word_is_final":true},{"start":2870,"end":3420,"text":"Friday.","confidence":0.962,'
    '"word_is_final":true}],"utterance":"Please move my booking to Friday.","language_code":"en",'
    '"language_confidence":0.94,"type":"Turn"}'
)
US_PARTIAL = (
    '{"turn_order":3,"turn_is_formatted":false,"end_of_turn":false,"transcript":"cancel the",'
    '"end_of_turn_confidence":0.0021,"words":[{"start":9120,"end":9440,"text":"cancel","confidence":0.97,'
    '"word_is_final":true},{"start":9520,"end":9600,"text":"the","confidence":0.99,"word_is_final":true},'
    '{"start":9680,"end":9760,"text":"ord","confidence":0.62,"word_is_final":false}],"utterance":"","type":"Turn"}'
)
US_UTTERANCE = (
    '{"turn_order":3,"turn_is_formatted":false,"end_of_turn":false,"transcript":"cancel the order",'
    '"end_of_turn_confidence":0.18,"words":[{"start":9120,"end":9440,"text":"cancel","confidence":0.97,'
    '"word_is_final":true},{"start":9520,"end":9600,"text":"the","confidence":0.99,"word_is_final":true},'
    '{"start":9680,"end":10080,"text":"order","confidence":0.95,"word_is_final":true}],'
    '"utterance":"cancel the order","type":"Turn"}'
)
DIARIZED = (
    '{"turn_order":5,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Yes, that works.",'
    '"end_of_turn_confidence":1,"words":[{"start":20480,"end":20810,"text":"Yes,","confidence":0.98,"speaker":"B",'
    '"speaker_confidence":0.93,"word_is_final":true},{"start":20870,"end":21090,"text":"that","confidence":0.99,'
    '"speaker":"B","speaker_confidence":0.95,"word_is_final":true},{"start":21120,"end":21640,"text":"works.",'
    '"confidence":0.99,"speaker":"B","speaker_confidence":0.95,"word_is_final":true}],"utterance":"Yes, that works.",'
    '"speaker_label":"B","speaker_confidence":0.94,"type":"Turn"}'
)
REVISION = (
    '{"type":"SpeakerRevision","revisions":[{"turn_order":5,"speaker_label":"A","words":[{"start":20480,"end":20810,'
    '"text":"Yes,","confidence":0.97,"speaker":"A","word_is_final":true},{"start":20870,"end":21090,"text":"that",'
    '"confidence":0.99,"speaker":"A","word_is_final":true},{"start":21120,"end":21640,"text":"works.",'
    '"confidence":0.98,"speaker":"A","word_is_final":true}]}]}'
)
ANSWER = (
    '{"type":"LLMGatewayResponse","turn_order":0,"transcript":"Please move my booking to Friday.","data":{'
    '"request_id":"b1f2","choices":[{"message":{"role":"assistant","content":"reschedule"},"finish_reason":"stop"}],'
    '"usage":{"input_tokens":31,"output_tokens":2,"total_tokens":33}}}'
)
HEARTBEAT = (
    '{"type":"Heartbeat","total_audio_received_ms":9950,"total_duration_ms":10090,"realtime_factor":0.9987,'
    '"max_speech_probability":0.9998}'
)
SILENCE = '{"type":"Silence","start_ms":4000,"end_ms":5000}'
TERMINATION = '{"type":"Termination","audio_duration_seconds":69,"session_duration_seconds":73}'

WORDS = (
    Word("Please", 0.64, 0.982, 0.984), Word("move", 1.011, 1.243, 0.997), Word("my", 1.263, 1.401, 0.998),
    Word("booking", 1.423, 1.91, 0.995), Word("to", 1.934, 2.098, 0.99), Word("Friday.", 2.87, 3.42, 0.962),
)  # fmt: skip
SAID = Transcript(
    is_final=True, text="Please move my booking to Friday.", start=0.64, end=3.42, words=WORDS, language="en",
    language_confidence=0.94, utterance="0",
)  # fmt: skip


def turn(text: str = "", order: int = 0, **more: Any) -> str:
    """A message of one word a 100 ms, not the last of its turn unless ``more`` says so."""
    words = [
        {"text": word, "start": 100 * n, "end": 100 * n + 80, "confidence": 0.5, "word_is_final": False}
        for n, word in enumerate(text.split(), 1)
    ]
    plain = {"turn_is_formatted": False, "end_of_turn": False, "end_of_turn_confidence": 0, "words": words}
    return json.dumps({"type": "Turn", "turn_order": order, "transcript": text} | plain | more)


def final(text: str = "", order: int = 0, **more: Any) -> str:
    return turn(text, order, end_of_turn=True, end_of_turn_confidence=1, **more)


def client(model: str | None = None, *, punctuation: bool | None = None, audio: float = 0.0, **changes: Any) -> Any:
    """A client that has sent so many seconds of ``audio``."""
    asked = Settings(
        provider="assemblyai", model=model, transcription=Transcription(punctuation=punctuation), **changes
    )
    end = adapter.client(asked, Dial("wss://h/v3/ws"))
    end.send(Audio(bytes(int(audio * 32_000))))
    return end


def hear(*signals: Any, end: Any = None) -> list[Any]:
    """What a client makes of these."""
    end = end or client()
    return [event for signal in signals for event in end.receive(signal)]


def told(heard: Iterable[Any]) -> list[Any]:
    """Transcripts in short (finals in a tuple of their own), and the types of all else."""
    return [
        (event.text if not event.is_final else (event.text,)) if isinstance(event, Transcript) else type(event)
        for event in heard
    ]


def query(**options: Any) -> str:
    """A query string, the values spelt as the service wants them."""
    spelt = {
        name: json.dumps(value) if isinstance(value, bool | list | dict) else value for name, value in options.items()
    }
    return urlencode(spelt)


def upgrade(
    asked: str = "speech_model=u3-rt-pro",
    path: str = "/v3/ws",
    clock: Callable[[], float] = lambda: NOW,
    **headers: Any,
) -> Accepted:
    """An upgrade that was granted, as all are."""
    front = adapter.front(Desk(frozenset({"k"}), lambda: ID, clock))
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or {"authorization": "k"}
    accepted = front.accept(HttpRequest("GET", f"http://h{path}?{asked}", sent))
    assert isinstance(accepted, Accepted)
    return accepted


def started(asked: str) -> Settings:
    """What the server makes of a query that it takes."""
    (start,) = upgrade(asked).server.receive(Opened())
    assert isinstance(start, Start)
    assert isinstance(start.settings, Settings)
    return start.settings


def said(accepted: Accepted, *events: Any) -> list[Any]:
    """What the server says: objects, and closes."""
    frames = [frame for event in events for frame in accepted.server.send(event)]
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in frames]


def refusal(accepted: Accepted, signal: Any = None) -> Failed:
    """What the server answers to ``signal``, by default to the upgrade: an ``Error``, and a close with its code."""
    (invalid,) = accepted.server.receive(Opened() if signal is None else signal)
    assert isinstance(invalid, Invalid)
    assert isinstance(invalid.answer, Failed)
    code = int(invalid.answer.code)
    error = {"type": "Error", "error_code": code, "error": invalid.answer.message}
    assert said(accepted, invalid.answer) == [error, Closed(code, DETAILS)]
    return invalid.answer


def guess(*words: str, at: float = 0.0, **more: Any) -> Transcript:
    """A partial of one word a 100 ms."""
    return _heard(words, at, is_final=False, **more)


def finished(*words: str, at: float = 0.0, **more: Any) -> Transcript:
    """A final of the same."""
    return _heard(words, at, is_final=True, **more)


def _heard(words: Sequence[str], at: float, *, is_final: bool, **more: Any) -> Transcript:
    placed = tuple(Word(word, at + n / 10, at + n / 10 + 0.08) for n, word in enumerate(words, 1))
    return Transcript(
        is_final=is_final, text=" ".join(words), words=placed, start=placed[0].start, end=placed[-1].end, **more
    )
