import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from gladiaio_sdk import GladiaClient

from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, SCRIPT, SECONDS, bare, jfk
from voxport import registry
from voxport.commands import Audio, Command, Start
from voxport.ear import Ear
from voxport.events import AnyEvent
from voxport.listener import DroppedError, Listener

# gladiaio-sdk 2.2.0 connects without a context manager, which websockets has deprecated.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning")

WAIT = 20.0  # seconds; only a failing test waits for so long
EVENTS = ("started", "connecting", "connected", "ending", "ended", "message", "error")

OPTIONS: dict[str, Any] = {
    "encoding": "wav/pcm",
    "bit_depth": 16,
    "sample_rate": RATE,
    "channels": 1,
    "messages_config": {
        "receive_partial_transcripts": True,
        "receive_speech_events": True,
        "receive_lifecycle_events": True,
    },
}

Heard = list[tuple[str, Any]]


def overhear(session: Any) -> Heard:
    """All that the session will say, in order, by the name of the SDK's event."""
    heard: Heard = []
    for name in EVENTS:
        session.add_listener(name, lambda value, name=name: heard.append((name, value)))
    return heard


def begin(live: Any) -> tuple[Any, Heard]:
    session = live.start_session(OPTIONS)
    return session, overhear(session)


@contextlib.contextmanager
def client_of(listener: Listener) -> Iterator[Any]:
    live = GladiaClient(api_key=KEY, api_url=listener.url).live_v2()
    yield live
    live._http_client.close()  # the SDK leaves it open


def transcribe(listener: Listener, chunks: Sequence[bytes] = CHUNKS) -> Heard:
    with client_of(listener) as live:
        session, heard = begin(live)
        assert session.wait_until_ready(WAIT)
        for chunk in chunks:
            session.send_audio(chunk)
        session.stop_recording()
        assert session.join(WAIT)
        return heard


def transcribe_async(listener: Listener, key: str = KEY) -> Heard:
    async def main() -> Heard:
        live = GladiaClient(api_key=key, api_url=listener.url).live_v2_async()
        session, heard = begin(live)
        ready, ended = asyncio.Event(), asyncio.Event()
        for name, events in (("connected", [ready]), ("ended", [ready, ended])):
            session.add_listener(name, lambda _, events=events: [event.set() for event in events])
        await asyncio.wait_for(ready.wait(), WAIT)
        for chunk in CHUNKS:
            session.send_audio(chunk)
        session.stop_recording()
        await asyncio.wait_for(ended.wait(), WAIT)
        await live._http_client.close()
        return heard

    return asyncio.run(main())


def messages(heard: Heard, kind: str) -> list[Any]:
    return [message for name, message in heard if name == "message" and message.type == kind]


def texts(heard: Heard, *, final: bool) -> list[str]:
    said = messages(heard, "transcript")
    return [message.data.utterance.text.strip() for message in said if message.data.is_final == final]


def assert_whole(heard: Heard) -> None:
    """The script, as Gladia says it."""
    assert not [value for name, value in heard if name == "error"]
    assert texts(heard, final=True) == SAID
    assert texts(heard, final=False) == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]
    first = next(message.data.utterance for message in messages(heard, "transcript") if message.data.is_final)
    words = [(word.word.strip(), word.start, word.end, word.confidence) for word in first.words]
    assert words == [("Good", 0.2, 0.5, 0.98), ("morning.", 0.5, 0.9, 0.91)]
    assert [message.data.time for message in messages(heard, "speech_start")] == [0.2, 1.2]
    assert (heard[-1][0], heard[-1][1].code) == ("ended", 1000)


def test_the_synchronous_client(emulated: Listener) -> None:
    assert_whole(transcribe(emulated))


def test_the_asynchronous_client(emulated: Listener) -> None:
    assert_whole(transcribe_async(emulated))


def test_a_wrong_key(emulated: Listener) -> None:
    heard = transcribe_async(emulated, "wrong")
    assert [name for name, _ in heard] == ["error", "ending", "ended"]
    assert "401" in str(dict(heard)["error"])


def test_a_session_survives_a_drop() -> None:
    drops = iter([12])

    class Dropping(Ear):
        """The first conversation drops at its twelfth chunk, the next hears the script from its beginning."""

        left = 0

        def hear(self, command: Command) -> list[AnyEvent]:
            if isinstance(command, Start):
                self.left = next(drops, 0)
            if isinstance(command, Audio):
                self.left -= 1
                if self.left == 0:
                    raise DroppedError
            return super().hear(command)

    adapters = map(registry.adapter, ["gladia"])
    with Listener(adapters, lambda: Dropping(SCRIPT), keys=[KEY]) as listener, client_of(listener) as live:
        session, heard = begin(live)
        again = threading.Event()
        session.add_listener("connected", lambda _: again.set() if opened(heard) == 2 else None)
        assert session.wait_until_ready(WAIT)  # what is sent before goes as one chunk
        for chunk in CHUNKS:
            session.send_audio(chunk)
        assert again.wait(WAIT)
        session.stop_recording()
        assert session.join(WAIT)
        assert listener.failures() == ()
    finals = [message.data.utterance for message in messages(heard, "transcript") if message.data.is_final]
    assert [final.text.strip() for final in finals] == [SAID[0], SAID[0]]
    assert [final.start for final in finals] == pytest.approx([0.2, 1.1 + 0.2])
    assert messages(heard, "end_recording")[0].data.recording_duration == SECONDS


def opened(heard: Heard) -> int:
    return sum(name == "connected" for name, _ in heard)


def test_real_speech(listening: Listener) -> None:
    assert bare(texts(transcribe(listening, jfk()), final=True)) == JFK
