"""Deepgram's own Python SDK, pointed at an emulator; and backends that say what a test wants said."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import httpx

from support.emulated import KEY
from voxport.codec import Adapter
from voxport.commands import Audio, Command, Configure, Finish, Invalid, Start
from voxport.events import AnyEvent, Begun, Configured, Ended
from voxport.listener import DroppedError, Listener

FILTER = "ignore:websockets:DeprecationWarning"
"""deepgram-sdk 7.17.0 imports websockets.legacy and InvalidStatusCode, which websockets has deprecated."""

Result = TypeVar("Result")


def options(listener: Listener, credentials: dict[str, str]) -> dict[str, Any]:
    """What a client is made with; by default the key that is valid."""
    from deepgram.environment import DeepgramClientEnvironment

    places = {"base": listener.url, "production": listener.ws_url, "agent": listener.ws_url, "agent_rest": listener.url}
    return {"environment": DeepgramClientEnvironment(**places), **(credentials or {"api_key": KEY})}


def client_of(listener: Listener, http: httpx.Client, **credentials: str) -> Any:
    """A synchronous client."""
    from deepgram import DeepgramClient

    return DeepgramClient(**options(listener, credentials), httpx_client=http)


def run(listener: Listener, use: Callable[[Any], Awaitable[Result]], **credentials: str) -> Result:
    """What ``use`` makes of an asynchronous client."""
    from deepgram import AsyncDeepgramClient

    async def main() -> Result:
        async with httpx.AsyncClient() as http:
            return await use(AsyncDeepgramClient(**options(listener, credentials), httpx_client=http))

    return asyncio.run(main())


def transcribe(connection: Any, chunks: Sequence[bytes]) -> list[Any]:
    """Send it all on a connection that is opened, and return all that comes until the close."""
    with connection as socket:
        for chunk in chunks:
            socket.send_media(chunk)
        socket.send_close_stream()
        return list(socket)


async def transcribe_async(connection: Any, chunks: Sequence[bytes]) -> list[Any]:
    """The same for an asynchronous client."""
    async with connection as socket:
        for chunk in chunks:
            await socket.send_media(chunk)
        await socket.send_close_stream()
        return [message async for message in socket]


def watched(connection: Any, use: Callable[[Any], None] = lambda _: None) -> tuple[list[Any], list[Any], list[Any]]:
    """What the handlers of a connection are given, until it closes: messages, errors, closes."""
    from deepgram.core.events import EventType

    messages: list[Any] = []
    errors: list[Any] = []
    closes: list[Any] = []
    with connection as socket:
        socket.on(EventType.MESSAGE, messages.append)
        socket.on(EventType.ERROR, errors.append)
        socket.on(EventType.CLOSE, closes.append)
        use(socket)
        socket.start_listening()
    return messages, errors, closes


class Telling:
    """A backend that answers the first audio with ``events``; a ``DroppedError`` among them breaks the connection."""

    def __init__(self, events: Iterable[AnyEvent | DroppedError]) -> None:
        self._events = list(events)

    def hear(self, command: Command) -> Iterable[AnyEvent]:
        match command:
            case Start():
                yield Begun()
            case Audio():
                events, self._events = self._events, []
                for event in events:
                    if isinstance(event, DroppedError):
                        raise event
                    yield event
            case Configure():
                yield Configured()
            case Invalid(answer=answer):
                yield answer
            case Finish():
                yield Ended(reported_audio_seconds=0.1)

    def close(self) -> None:
        pass


def telling(adapter: Adapter, *events: AnyEvent | DroppedError) -> Listener:
    """A listener, not yet started, whose every conversation is such a backend's."""
    return Listener([adapter], lambda: Telling(events), keys=[KEY])
