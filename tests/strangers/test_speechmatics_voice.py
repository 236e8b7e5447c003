import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from speechmatics import rt, voice
from speechmatics.voice import AgentServerMessageType as Kind

from strangers.emulators import BEFORE_THE_BREAK, OVERLOADED, breaking_once
from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, bare, jfk
from voxport.listener import Listener

pytestmark = [
    pytest.mark.stranger("speechmatics-voice", "speechmatics", "async"),
    # It names the model as speechmatics-rt no longer likes.
    pytest.mark.filterwarnings("ignore:'operating_point' is deprecated:DeprecationWarning"),
]

Told = list[dict[str, Any]]


class Talk:
    """A client, and all that it has told."""

    def __init__(self, client: voice.VoiceAgentClient) -> None:
        self.client = client
        self.told: Told = []
        self._news = asyncio.Event()
        for kind in Kind:
            client.on(kind, self._hear)

    def _hear(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        self._news.set()

    def of(self, kind: Kind) -> Told:
        return [message for message in self.told if message["message"] == kind]

    async def until(self, kind: Kind, times: int = 1) -> None:
        """Return when so many messages of this kind have come."""
        async with asyncio.timeout(60):
            while len(self.of(kind)) < times:
                self._news.clear()
                await self._news.wait()

    async def send(self, chunks: Sequence[bytes]) -> None:
        before = len(self.of(Kind.AUDIO_ADDED))
        for chunk in chunks:
            await self.client.send_audio(chunk)
        await self.until(Kind.AUDIO_ADDED, before + len(chunks))

    def segments(self) -> list[str]:
        return [segment["text"] for message in self.of(Kind.ADD_SEGMENT) for segment in message["segments"]]


def run(
    listener: Listener, use: Callable[[Talk], Awaitable[None]], preset: str = "external", key: str = KEY, **asked: Any
) -> Talk:
    overlay = voice.VoiceAgentConfig(sample_rate=RATE, enable_diarization=True, **asked)

    async def main() -> Talk:
        talk = Talk(voice.VoiceAgentClient(api_key=key, url=f"{listener.ws_url}/v2", preset=preset, config=overlay))
        async with talk.client:
            await use(talk)
        return talk

    return asyncio.run(main())


@pytest.mark.judges("words", "turns", "metadata")
def test_turns_that_the_application_ends(emulated: Listener) -> None:
    """A forced end is answered by a final, a partial and the end, in a second: else text is lost."""

    async def use(talk: Talk) -> None:
        for number, chunks in enumerate((CHUNKS[:10], CHUNKS[10:]), 1):
            await talk.send(chunks)
            talk.client.finalize(end_of_turn=True)
            await talk.until(Kind.END_OF_TURN, number)

    talk = run(emulated, use)
    assert talk.segments() == SAID
    assert talk.client._client_session.language_pack_info.word_delimiter == " "
    assert talk.client._client_session.session_id not in {"", "UNKNOWN"}
    fragments = talk.of(Kind.ADD_SEGMENT)[0]["segments"][0]
    assert (fragments["metadata"]["start_time"], fragments["metadata"]["end_time"]) == (0.2, 0.9)


@pytest.mark.judges("turns")
def test_turns_that_end_by_silence(emulated: Listener) -> None:
    async def use(talk: Talk) -> None:
        await talk.send([*CHUNKS, *CHUNKS])
        await talk.until(Kind.ADD_SEGMENT)

    talk = run(emulated, use, "fixed")
    assert len(talk.of(Kind.END_OF_UTTERANCE)) >= 2
    assert " ".join(talk.segments()).split() == " ".join(SAID).split()


@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener) -> None:
    with pytest.raises(rt.ConnectionError, match="HTTP 401"):
        run(emulated, lambda talk: talk.send(CHUNKS), key="wrong")


@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener) -> None:
    with pytest.raises(rt.TranscriptionError, match="Language xx is not available"):
        run(emulated, lambda talk: talk.send(CHUNKS), language="xx")


@pytest.mark.judges("idle")
def test_an_idle_client(emulate: Callable[..., Listener]) -> None:
    talk = run(emulate(impatient=True), lambda talk: talk.until(Kind.ERROR))
    assert [message["type"] for message in talk.of(Kind.ERROR)] == ["idle_timeout"]


@pytest.mark.judges("error")
def test_a_server_error(emulate: Callable[..., Listener]) -> None:
    async def use(talk: Talk) -> None:
        for chunk in BEFORE_THE_BREAK:
            await talk.client.send_audio(chunk)
        await talk.until(Kind.ERROR)

    talk = run(emulate(breaking_once(OVERLOADED)), use)
    assert [message["reason"] for message in talk.of(Kind.ERROR)] == [OVERLOADED.message]


@pytest.mark.judges("drop")
def test_a_drop(emulate: Callable[..., Listener]) -> None:
    async def use(talk: Talk) -> None:
        for chunk in BEFORE_THE_BREAK:
            await talk.client.send_audio(chunk)
        await asyncio.wait_for(talk.client._session_done_evt.wait(), 60)

    talk = run(emulate(breaking_once()), use)
    assert talk.of(Kind.ERROR) == talk.of(Kind.END_OF_TRANSCRIPT) == []


@pytest.mark.judges("real speech")
def test_real_speech(listening: Listener) -> None:
    async def use(talk: Talk) -> None:
        await talk.send(jfk())
        talk.client.finalize(end_of_turn=True)
        await talk.until(Kind.END_OF_TURN)

    assert bare(run(listening, use).segments()) == JFK
