"""Deepgram's own Python SDK, pointed at an emulator; and backends that say what a test wants said."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
import websockets

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


class Heard(NamedTuple):
    """What the handlers of a connection are given until it closes."""

    opens: list[Any]
    messages: list[Any]
    errors: list[Any]
    closes: list[Any]

    @classmethod
    def on(cls, socket: Any) -> "Heard":
        """Set the handlers."""
        from deepgram.core.events import EventType

        heard = cls([], [], [], [])
        for kind, kept in zip(
            (EventType.OPEN, EventType.MESSAGE, EventType.ERROR, EventType.CLOSE), heard, strict=True
        ):
            socket.on(kind, kept.append)
        return heard


def synchronously(
    listener: Listener,
    version: str,
    query: Any,
    chunks: Sequence[bytes] = (),
    *,
    close: bool = True,
    **credentials: str,
) -> Heard:
    """What is heard on a connection on which ``chunks`` are sent and then, by default, the stream is closed."""
    with httpx.Client() as http:
        client = client_of(listener, http, **credentials)
        with getattr(client.listen, version).connect(**query) as socket:
            heard = Heard.on(socket)
            for chunk in chunks:
                socket.send_media(chunk)
            if close:
                socket.send_close_stream()
            socket.start_listening()
    return heard


def asynchronously(
    listener: Listener,
    version: str,
    query: Any,
    chunks: Sequence[bytes] = (),
    *,
    close: bool = True,
    **credentials: str,
) -> Heard:
    """The same with the asynchronous client."""

    async def use(client: Any) -> Heard:
        async with getattr(client.listen, version).connect(**query) as socket:
            heard = Heard.on(socket)
            listening = asyncio.create_task(socket.start_listening())
            for chunk in chunks:
                await socket.send_media(chunk)
            if close:
                await socket.send_close_stream()
            await listening
            return heard

    return run(listener, use, **credentials)


Use = Callable[..., Heard]
both = pytest.mark.parametrize("use", [synchronously, asynchronously])


def status_refused(use: Use, *given: Any, **credentials: str) -> int:
    """The status with which a connection is refused; the asynchronous client has an error of its own for it."""
    from deepgram.core.api_error import ApiError

    with pytest.raises((websockets.InvalidStatus, ApiError)) as caught:
        use(*given, **credentials)
    told: Any = caught.value
    status: int = told.response.status_code if isinstance(told, websockets.InvalidStatus) else told.status_code
    return status


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
