"""Conversations shaped as production frames are that public projects hold: fields, their order and extra ones, number
forms, what is null and what is missing. What is said in them is our own.

Each conversation of a ``<provider>.jsonl`` starts with a ``begin`` line: the settings of our client, the requests with
which another client came, and what must be heard. Then, in order: ``feed`` (seconds of audio that were sent),
``finish`` (the end was asked for), ``server`` and ``client`` (text messages), ``response`` (to a request), ``closed``.
"""

from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.emulated import KEY
from voxport import registry
from voxport.actions import Arrival
from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Finish, Invalid, Start
from voxport.engine import Engine, Route
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice, Transcript, Unknown
from voxport.settings import Secret, Settings

HERE = Path(__file__).parent
STEP = 0.01
"""Seconds between two messages; audio takes as long as it is."""


class Asked(msgspec.Struct, frozen=True):
    method: str
    url: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"")


class Conversation(msgspec.Struct, frozen=True):
    name: str
    settings: dict[str, Any]
    transcript: str
    end: str
    requests: list[Asked] = []
    says: list[str] = []
    notices: list[str] = []
    opened: dict[str, str] = {}
    provider: str = ""
    lines: list[tuple[str, msgspec.Raw]] = []


def conversations(path: Path) -> list[Conversation]:
    found: list[Conversation] = []
    for line in path.read_text().splitlines():
        ((kind, raw),) = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items()
        if kind == "begin":
            begun = msgspec.json.decode(raw, type=Conversation)
            found.append(msgspec.structs.replace(begun, provider=path.stem, lines=[]))
        else:
            found[-1].lines.append((kind, raw))
    return found


ALL = [conversation for path in sorted(HERE.glob("*.jsonl")) for conversation in conversations(path)]


def each(conversations: list[Conversation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("conversation", conversations, ids=lambda it: f"{it.provider}: {it.name}")


def heard_by_our_client(conversation: Conversation) -> list[AnyEvent]:
    """The conversation as a whole engine hears it."""
    settings = msgspec.structs.replace(
        msgspec.convert({"provider": conversation.provider, **conversation.settings}, Settings), api_key=Secret(KEY)
    )
    engine = Engine([Route(registry.adapter(conversation.provider), settings)], lambda: 0.5)
    events: list[AnyEvent] = []

    def take(actions: list[Any], now: float) -> None:
        for action in actions:
            if isinstance(action, Dial):
                take(engine.receive(Opened(conversation.opened), now), now)
            elif isinstance(action, AnyEvent):
                events.append(action)

    take(engine.command(Start(settings), 0.0), 0.0)
    now = 0.0
    for kind, raw in conversation.lines:
        now += msgspec.json.decode(raw) if kind == "feed" else STEP
        if kind == "feed":
            frames = int(msgspec.json.decode(raw) * settings.audio.sample_rate)
            take(engine.command(Audio(bytes(frames * settings.audio.frame_bytes)), now), now)
        elif kind == "finish":
            take(engine.command(Finish(), now), now)
        elif kind != "client":
            take(engine.receive(arrival(kind, raw), now), now)
    return events


def arrival(kind: str, raw: msgspec.Raw) -> Arrival:
    if kind == "server":
        return bytes(raw).decode()
    if kind == "closed":
        return Closed(*msgspec.json.decode(raw))
    status, body = msgspec.json.decode(raw, type=tuple[int, msgspec.Raw])
    return HttpResponse(status, {"content-type": "application/json"}, bytes(body))


def said_to_our_server(conversation: Conversation) -> list[Command]:
    """What our server end makes of the client's side of the conversation."""
    front = registry.adapter(conversation.provider).front(Desk(frozenset({KEY}), lambda: KEY, lambda: 0.0))
    accepted: Accepted | HttpResponse | None = None
    url = ""
    for asked in conversation.requests:
        headers = {name.lower(): value.replace("{key}", KEY) for name, value in asked.headers.items()}
        request = HttpRequest(asked.method, asked.url.replace("{url}", url), headers, bytes(asked.body))
        if asked.method == "POST":
            response = front.answer(request)
            assert response
            url = msgspec.json.decode(response.body)["url"]
        else:
            accepted = front.accept(request)
    assert isinstance(accepted, Accepted)
    signals: list[Opened | str | bytes] = [Opened()]
    for kind, raw in conversation.lines:
        if kind == "feed":
            signals.append(bytes(int(msgspec.json.decode(raw) * 32_000)))
        elif kind == "client":
            signals.append(bytes(raw).decode())
    commands: list[Command] = []
    for signal in signals:
        for command in accepted.server.receive(signal):
            commands.append(command)
            if isinstance(command, Start):
                list(accepted.server.send(Begun()))
    return commands


def joined(finals: list[Transcript]) -> str:
    text = ""
    for final in finals:
        text += final.text if final.glued or not text else f" {final.text}"
    return text


@each(ALL)
def test_our_client_understands_the_recorded_server(conversation: Conversation) -> None:
    events = heard_by_our_client(conversation)
    assert [event for event in events if isinstance(event, Unknown)] == []
    assert [event.code for event in events if isinstance(event, Notice)] == conversation.notices
    finals = [event for event in events if isinstance(event, Transcript) and event.is_final]
    assert joined(finals) == conversation.transcript
    assert len([event for event in events if isinstance(event, Begun)]) <= 1


@each(ALL)
def test_its_times_run_forward(conversation: Conversation) -> None:
    finals = [it for it in heard_by_our_client(conversation) if isinstance(it, Transcript) and it.is_final]
    for channel in {final.channel for final in finals}:
        words = [word for final in finals if final.channel == channel for word in final.words]
        assert words
        times = [time for word in words for time in (word.start, word.end)]
        assert times == sorted(times, key=lambda time: time or 0.0)


@each(ALL)
def test_it_ends_once_and_last(conversation: Conversation) -> None:
    *before, last = heard_by_our_client(conversation)
    assert [event for event in before if isinstance(event, Ended | Failed)] == []
    if isinstance(last, Ended):
        assert (conversation.end, last.tail_lost) == ("Ended", False)
    else:
        assert isinstance(last, Failed)
        assert conversation.end in last.code


@each([conversation for conversation in ALL if conversation.requests])
def test_our_server_understands_the_recorded_client(conversation: Conversation) -> None:
    commands = said_to_our_server(conversation)
    assert [command for command in commands if isinstance(command, Invalid)] == []
    assert [name for name, _ in groupby(type(command).__name__ for command in commands)] == conversation.says
