import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest
from gladiaio_sdk import GladiaClient

from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, SCRIPT, SECONDS, bare, jfk
from support.gladia_words import Numbered, speech
from voxport import registry
from voxport.commands import Audio, Command
from voxport.ear import Ear
from voxport.events import (
    AnyEvent,
    Entities,
    Entity,
    Failed,
    Feeling,
    Insight,
    Sentiments,
    Translation,
    TurnEnded,
)
from voxport.listener import Backend, DroppedError, Listener
from voxport_adapters.gladia import front

# gladiaio-sdk 2.2.0 connects without a context manager, which websockets has deprecated.
pytestmark = [
    pytest.mark.stranger("gladiaio-sdk", "gladia", "sync"),
    pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning"),
]

WAIT = 120.0  # seconds; only a failing test waits for so long
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
Talk = Callable[..., Heard]


def overhear(session: Any) -> Heard:
    """All that the session will say, in order, by the name of the SDK's event."""
    heard: Heard = []
    for name in EVENTS:
        session.add_listener(name, lambda value, name=name: heard.append((name, value)))
    return heard


@contextlib.contextmanager
def client_of(listener: Listener, key: str = KEY) -> Iterator[Any]:
    live = GladiaClient(api_key=key, api_url=listener.url).live_v2()
    yield live
    live._http_client.close()  # the SDK leaves it open


def synchronous(
    listener: Listener,
    chunks: Sequence[bytes] = CHUNKS,
    *,
    key: str = KEY,
    sockets: int = 1,
    stop: bool = True,
    **more: Any,
) -> Heard:
    """A session of the client with threads; it is stopped once there were so many sockets."""
    with client_of(listener, key) as live:
        session = live.start_session({**OPTIONS, **more})
        heard = overhear(session)
        ready = threading.Event()
        session.add_listener("connected", lambda _: ready.set() if opened(heard) == sockets else None)
        session.add_listener("ended", lambda _: ready.set())
        if sockets > 1:  # what is sent before the first goes as one chunk
            assert session.wait_until_ready(WAIT)
        for chunk in chunks:
            session.send_audio(chunk)
        assert ready.wait(WAIT)
        if stop:
            session.stop_recording()
        assert session.join(WAIT)
        return heard


def asynchronous(
    listener: Listener,
    chunks: Sequence[bytes] = CHUNKS,
    *,
    key: str = KEY,
    sockets: int = 1,
    stop: bool = True,
    **more: Any,
) -> Heard:
    """The same of the client on an event loop."""

    async def main() -> Heard:
        live = GladiaClient(api_key=key, api_url=listener.url).live_v2_async()
        session = live.start_session({**OPTIONS, **more})
        heard = overhear(session)
        first, ready, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        session.add_listener("connected", lambda _: first.set())
        session.add_listener("connected", lambda _: ready.set() if opened(heard) == sockets else None)
        for event in (first, ready, ended):
            session.add_listener("ended", lambda _, event=event: event.set())
        await asyncio.wait_for(first.wait(), WAIT)
        for chunk in chunks:
            session.send_audio(chunk)
        await asyncio.wait_for(ready.wait(), WAIT)
        if stop:
            session.stop_recording()
        await asyncio.wait_for(ended.wait(), WAIT)
        await live._http_client.close()
        return heard

    return asyncio.run(main())


both = pytest.mark.parametrize("talk", [synchronous, asynchronous])


@contextlib.contextmanager
def listening_with(backend: Callable[[], Backend]) -> Iterator[Listener]:
    with Listener(map(registry.adapter, ["gladia"]), backend, keys=[KEY]) as listener:
        yield listener
        assert listener.failures() == ()


def messages(heard: Heard, kind: str) -> list[Any]:
    return [message for name, message in heard if name == "message" and message.type == kind]


def finals(heard: Heard) -> list[Any]:
    return [message.data.utterance for message in messages(heard, "transcript") if message.data.is_final]


def texts(heard: Heard, *, final: bool) -> list[str]:
    said = messages(heard, "transcript")
    return [message.data.utterance.text.strip() for message in said if message.data.is_final == final]


def opened(heard: Heard) -> int:
    return sum(name == "connected" for name, _ in heard)


def errors(heard: Heard) -> list[Any]:
    return [value for name, value in heard if name == "error"]


def last(heard: Heard) -> tuple[str, int]:
    return heard[-1][0], heard[-1][1].code


@pytest.mark.judges("words", "turns", "metadata")
@both
def test_a_whole_session(emulated: Listener, talk: Talk) -> None:
    heard = talk(emulated)
    assert not errors(heard)
    assert texts(heard, final=True) == SAID
    assert texts(heard, final=False) == ["Good", "Good mourn", "Ask", "Ask not", "Ask not what."]
    first = finals(heard)[0]
    words = [(word.word.strip(), word.start, word.end, word.confidence) for word in first.words]
    assert words == [("Good", 0.2, 0.5, 0.98), ("morning.", 0.5, 0.9, 0.91)]
    assert [message.data.time for message in messages(heard, "speech_start")] == [0.2, 1.2]
    assert [message.data.time for message in messages(heard, "speech_end")] == [0.9, 1.9]
    ids = [message.data.id for message in messages(heard, "transcript") if message.data.is_final]
    assert ids == ["00_00000000", "00_00000001"]
    (stop,) = messages(heard, "stop_recording") or [None]
    assert stop is None or stop.acknowledged
    assert messages(heard, "end_recording")[0].data.recording_duration == SECONDS
    (whole,) = messages(heard, "post_final_transcript")
    assert whole.data.transcription.full_transcript == " ".join(SAID)
    assert whole.data.metadata.billing_time == SECONDS
    assert last(heard) == ("ended", 1000)


# The client with threads may fail before anyone can listen to its errors.
@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener) -> None:
    heard = asynchronous(emulated, key="wrong", stop=False)
    assert [name for name, _ in heard] == ["error", "ending", "ended"]
    (error,) = errors(heard)
    assert (error.status, "gladia key not found" in str(error)) == (401, True)


@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener) -> None:
    (error,) = errors(asynchronous(emulated, stop=False, endpointing=99, channels=9))
    assert error.status == 400
    assert error.validation_errors == ["channels must not be greater than 8", "endpointing must not be greater than 10"]


@both
def test_channels(emulated: Listener, talk: Talk) -> None:
    heard = talk(emulated, [chunk * 2 for chunk in CHUNKS], channels=2)
    assert [(final.channel, final.text.strip()) for final in finals(heard)] == [
        (0, SAID[0]), (1, SAID[0]), (0, SAID[1]), (1, SAID[1]),
    ]  # fmt: skip


# ------------------------------------------------------------------- faults


class Dropping(Ear):
    """Breaks the connection at the chunks of these numbers, each of which is not heard."""

    def __init__(self, *drops: int) -> None:
        super().__init__(Numbered())
        self._drops = drops
        self._chunks = 0

    def hear(self, command: Command) -> list[AnyEvent]:
        if isinstance(command, Audio):
            self._chunks += 1
            if self._chunks in self._drops:
                raise DroppedError
        return super().hear(command)


@pytest.mark.judges("drop")
@both
@pytest.mark.parametrize("drops", [(9,), (5, 6)])
def test_no_word_is_lost_or_misheard_over_drops(talk: Talk, drops: tuple[int, ...]) -> None:
    audio, spoken = speech(3)
    chunks = [audio[at : at + 3200] for at in range(0, len(audio), 3200)]
    ears: list[Dropping] = []

    def ear() -> Dropping:
        ears.append(Dropping(*drops))
        return ears[-1]

    with listening_with(ear) as listener:
        heard = talk(listener, chunks, sockets=1 + len(drops))
    words = [(word.word.strip(), word.start, word.end) for final in finals(heard) for word in final.words]
    assert words == [(text, pytest.approx(start), pytest.approx(end)) for text, start, end in spoken]
    assert messages(heard, "end_recording")[0].data.recording_duration == pytest.approx(len(audio) / RATE / 2)
    assert (len(ears), opened(heard), last(heard)) == (1, 1 + len(drops), ("ended", 1000))


def test_a_frame_that_is_too_long_is_sent_again_in_pieces(emulated: Listener) -> None:
    audio = speech(31)[0]
    assert len(audio) > 1 << 20
    heard = synchronous(emulated, [audio], sockets=2)
    assert messages(heard, "end_recording")[0].data.recording_duration == pytest.approx(len(audio) / RATE / 2)
    assert last(heard) == ("ended", 1000)


@pytest.mark.judges("idle")
@both
def test_an_idle_client_is_dropped_and_dials_again(
    emulated: Listener, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "SILENT", 0.3)
    heard = talk(emulated, sockets=3)
    assert texts(heard, final=True) == SAID
    assert last(heard) == ("ended", 1000)


@both
def test_a_session_that_lasts_too_long(emulated: Listener, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "LASTS", 0.5)
    heard = talk(emulated, stop=False)
    (error,) = messages(heard, "error")
    assert error.data["code"] == "session_timeout"
    assert (opened(heard), last(heard)) == (1, ("ended", 4408))


class Failing(Ear):
    """Fails at the first chunk, for good or not."""

    def __init__(self, *, retryable: bool) -> None:
        super().__init__(SCRIPT)
        self._retryable = retryable

    def hear(self, command: Command) -> list[AnyEvent]:
        if isinstance(command, Audio):
            return [Failed(kind="provider", code="x", message="out of order", retryable=self._retryable)]
        return super().hear(command)


@pytest.mark.judges("error")
@both
def test_a_server_error_for_good(talk: Talk) -> None:
    with listening_with(lambda: Failing(retryable=False)) as listener:
        heard = talk(listener, stop=False)
    (error,) = messages(heard, "error")
    assert error.data == {"code": "internal_error", "message": "out of order"}
    assert (opened(heard), last(heard)) == (1, ("ended", 4400))


@pytest.mark.judges("error")
def test_a_server_error_that_passes() -> None:
    ears: Iterator[Ear] = iter([Failing(retryable=True), Ear(SCRIPT)])
    with listening_with(lambda: next(ears)) as listener:
        heard = synchronous(listener, sockets=2)
    assert [error.data["code"] for error in messages(heard, "error")] == ["internal_error"]
    assert (texts(heard, final=True), last(heard)) == (SAID, ("ended", 1000))


# ------------------------------------------------------------------- add-ons and jobs


class Telling(Ear):
    """Tells something beside each final."""

    def __init__(self) -> None:
        super().__init__(SCRIPT)

    def hear(self, command: Command) -> list[AnyEvent]:
        return [event for heard in super().hear(command) for event in self._with(heard)]

    def _with(self, event: AnyEvent) -> Iterable[AnyEvent]:
        yield event
        if isinstance(event, TurnEnded):
            yield Translation(is_final=True, text="Bonjour.", language="fr")
            yield Entities(items=(Entity("GREETING", "Good", 0.2, 0.5),))
            yield Sentiments(items=(Feeling("positive", "Good morning.", "joy", 0.2, 0.9),))
            yield Insight(kind="summary", text="Someone greets.")


ASKING: dict[str, Any] = {
    "realtime_processing": {
        "translation": True, "translation_config": {"target_languages": ["fr"]}, "named_entity_recognition": True,
        "sentiment_analysis": True,
    },
    "post_processing": {"summarization": True},
}  # fmt: skip


@both
def test_add_ons(talk: Talk) -> None:
    with listening_with(Telling) as listener:
        heard = talk(listener, **ASKING)
    assert not errors(heard)
    first = messages(heard, "translation")[0].data
    assert (first.utterance_id, first.target_language, first.translated_utterance.text) == (
        "00_00000000", "fr", " Bonjour.",
    )  # fmt: skip
    (entity,) = messages(heard, "named_entity_recognition")[0].data.results
    assert (entity.entity_type, entity.text, entity.start) == ("GREETING", "Good", 0.2)
    (feeling,) = messages(heard, "sentiment_analysis")[0].data.results
    assert (feeling.sentiment, feeling.emotion) == ("positive", "joy")
    assert messages(heard, "post_summarization")[0].data.results == "Someone greets."
    whole = messages(heard, "post_final_transcript")[0].data
    assert whole.summarization.results == "Someone greets."
    assert whole.translation.results[0].full_transcript == "Bonjour. Bonjour."
    assert all(getattr(whole, name).success for name in ("sentiment_analysis", "named_entity_recognition"))


@both
def test_add_ons_that_are_not_to_be_had(emulated: Listener, talk: Talk) -> None:
    heard = talk(emulated, **ASKING)
    assert not errors(heard)
    for kind in ("translation", "named_entity_recognition", "sentiment_analysis", "post_summarization"):
        (failed,) = messages(heard, kind)
        assert (failed.data, bool(failed.error.message)) == (None, True)


def test_jobs(emulated: Listener) -> None:
    heard = synchronous(emulated, custom_metadata={"user": "Lena"})
    name = dict(heard)["started"].id
    with client_of(emulated) as live:
        job = live.get(name)
        assert (job.status, job.custom_metadata, job.file.audio_duration) == ("done", {"user": "Lena"}, SECONDS)
        assert job.result.transcription.full_transcript == " ".join(SAID)
        assert job.result.messages
        assert job.request_params.sample_rate == RATE
        assert live.get_file(name) == live.get_file(name)
        assert live.get_file(name)[44:] == b"".join(CHUNKS)
        found = live.list({"status": ["done"], "custom_metadata": {"user": "Lena"}, "limit": 1})
        assert ([item.id for item in found.items], found.next) == ([name], None)
        assert live.list({"custom_metadata": {"user": "Max"}}).items == []
        assert live.delete(name)
        with pytest.raises(Exception, match="404"):
            live.get(name)


@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener) -> None:
    assert bare(texts(synchronous(listening, jfk()), final=True)) == JFK
