"""What the tests of Deepgram's two protocols share: frames as production sends them, and both ends in short."""

import json
from collections.abc import Iterable
from typing import Any

from voxport.codec import Adapter, Desk, Dial, HttpRequest
from voxport.events import Begun
from voxport.settings import Settings
from voxport_adapters.deepgram import adapter as nova
from voxport_adapters.deepgram import client as nova_client
from voxport_adapters.deepgram import flux
from voxport_adapters.deepgram import request as nova_request
from voxport_adapters.deepgram import server as nova_server
from voxport_adapters.deepgram.flux import client as flux_client_end
from voxport_adapters.deepgram.flux import request as flux_request
from voxport_adapters.deepgram.flux import server as flux_server_end

ID = "5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11"
NOW = 1_792_487_643.118
RAW = "encoding=linear16&sample_rate=16000"

FINAL = (
    '{"type":"Results","channel_index":[0,1],"duration":1.86,"start":3.2,"is_final":true,"speech_final":true,'
    '"channel":{"alternatives":[{"transcript":"Ship it on Tuesday.","confidence":0.9932,"words":['
    '{"word":"ship","start":3.36,"end":3.6,"confidence":0.98,"punctuated_word":"Ship"},'
    '{"word":"it","start":3.6,"end":3.76,"confidence":0.999,"punctuated_word":"it"},'
    '{"word":"on","start":3.76,"end":3.92,"confidence":0.9932,"punctuated_word":"on"},'
    '{"word":"tuesday","start":3.92,"end":4.42,"confidence":0.991,"punctuated_word":"Tuesday."}]}]},'
    '"metadata":{"request_id":"5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11",'
    '"model_info":{"name":"general-nova-3","version":"2025-04-17.21547","arch":"nova-3"},'
    '"model_uuid":"40bd3654-e622-47c4-a111-63a61b23bfe8"},"from_finalize":false}'
)
METADATA = (
    '{"type":"Metadata","transaction_key":"deprecated","request_id":"5d0c9e1a-7a52-4c1e-9a0e-3f1d2b6c8e11",'
    '"sha256":"9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab","created":"2026-10-20T09:14:03.118Z",'
    '"duration":5.06,"channels":1,"models":["40bd3654-e622-47c4-a111-63a61b23bfe8"],'
    '"model_info":{"40bd3654-e622-47c4-a111-63a61b23bfe8":{"name":"general-nova-3","version":"2025-04-17.21547","arch":"nova-3"}}}'
)
END_OF_TURN = (
    '{"type":"TurnInfo","request_id":"0f4b6a52-3a0e-4d0b-8f0d-6a0f7f2d9c31","sequence_id":17,"event":"EndOfTurn","turn_index":2,'
    '"audio_window_start":8.64,"audio_window_end":10.88,"transcript":"Book the late train, please.",'
    '"words":[{"word":"Book","confidence":0.99,"start":8.8,"end":9.04},{"word":"the","confidence":0.98,"start":9.04,"end":9.12},'
    '{"word":"late","confidence":0.97,"start":9.12,"end":9.44},{"word":"train,","confidence":0.98,"start":9.44,"end":9.84},'
    '{"word":"please.","confidence":0.99,"start":9.92,"end":10.32}],"end_of_turn_confidence":0.83,"trigger":"model"}'
)


def results(text: str = "", start: float = 0.0, duration: float = 1.0, **more: Any) -> str:
    """A ``Results`` message; ``alternative`` and ``channel`` add to what is inside."""
    inside = {"transcript": text, "confidence": 0.5 if text else 0.0, "words": []} | more.pop("alternative", {})
    channel = {"alternatives": [inside]} | more.pop("channel", {})
    return json.dumps(
        {"type": "Results", "channel": channel, "start": start, "duration": duration, "metadata": {}} | more
    )


def words(*spoken: tuple[str, float, float], **more: Any) -> list[dict[str, Any]]:
    """The ``words`` of an alternative."""
    return [{"word": text, "start": start, "end": end, "confidence": 0.9} | more for text, start, end in spoken]


def turn_info(event: str, text: str = "", until: float = 1.0, **more: Any) -> str:
    """A ``TurnInfo`` message, each word of ``text`` a tenth of a second."""
    spoken = [
        {"word": word, "confidence": 0.9, "start": 0.1 * at, "end": 0.1 * (at + 1)}
        for at, word in enumerate(text.split())
    ]
    told = {
        "type": "TurnInfo", "request_id": ID, "sequence_id": 1, "event": event, "turn_index": 0,
        "audio_window_start": 0.0, "audio_window_end": until, "transcript": text, "words": spoken,
        "end_of_turn_confidence": 0.25,
    }  # fmt: skip
    return json.dumps(told | more)


def client() -> nova_client.Client:
    """A client of ``/v1/listen``."""
    return nova_client.Client(Settings(provider="deepgram"), Dial("wss://h/v1/listen"))


def flux_client() -> flux_client_end.Client:
    """A client of ``/v2/listen``."""
    return flux_client_end.Client(Settings(provider="deepgram-flux"), Dial("wss://h/v2/listen"))


def hear(*frames: str, end: Any = None) -> list[Any]:
    """The events of frames, by default for a fresh client of ``/v1/listen``."""
    end = end or client()
    return [event for frame in frames for event in end.receive(frame)]


def server(**query: Any) -> nova_server.Server:
    """A server of ``/v1/listen``."""
    asked: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000} | query
    return nova_server.Server(nova_request.Listen(**asked), ID, NOW)


def flux_server(**query: Any) -> flux_server_end.Server:
    """A server of ``/v2/listen`` that has said ``Connected``."""
    asked: dict[str, Any] = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": 16000} | query
    end = flux_server_end.Server(flux_request.Listen(**asked), ID)
    said(end, Begun())
    return end


def said(end: Any, *events: Any) -> list[Any]:
    """What a server says to events: objects, and closes."""
    return decoded(frame for event in events for frame in end.send(event))


def decoded(frames: Iterable[Any]) -> list[Any]:
    """Frames as objects; what is no text stays."""
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in frames]


def front(adapter: Adapter = nova) -> Any:
    """A front with one valid key, ``k``, and a clock that stands."""
    return adapter.front(Desk(frozenset({"k"}), lambda: ID, lambda: NOW))


def upgrade(query: str, adapter: Adapter = nova, **headers: str) -> Any:
    """What the front says to an upgrade."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or {"authorization": "Token k"}
    path = "/v2/listen" if adapter is flux.adapter else "/v1/listen"
    return front(adapter).accept(HttpRequest("GET", f"ws://h{path}?{query}", sent))
