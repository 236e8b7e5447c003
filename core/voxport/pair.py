"""Both ends of an adapter joined in memory: what one says, the other must hear."""

from collections.abc import Callable, Iterable

from voxport.codec import Accepted, Adapter, Client, Closed, Dial, Dialling, Front, HttpRequest, HttpResponse, Opened
from voxport.commands import Command, Invalid, Start, Taken
from voxport.events import AnyEvent, Failed
from voxport.settings import Settings


def dialled(steps: Dialling, answer: Callable[[HttpRequest], HttpResponse | None]) -> Dial | HttpResponse:
    """Take the steps to a connection with ``answer`` as the far side; a refusal is returned as it came."""
    try:
        request = next(steps)
        while True:
            response = answer(lower(request)) or HttpResponse(404)
            if not 200 <= response.status < 300:
                return response
            request = steps.send(response)
    except StopIteration as done:
        found: Dial = done.value
        return found


def upgraded(dial: Dial, front: Front) -> Accepted | HttpResponse:
    """Ask ``front`` for the connection that ``dial`` describes."""
    offered = {"sec-websocket-protocol": ", ".join(dial.subprotocols)} if dial.subprotocols else {}
    return front.accept(lower(HttpRequest("GET", dial.url, {**dial.headers, **offered}))) or HttpResponse(404)


def lower(request: HttpRequest) -> HttpRequest:
    """The request as a server sees it: header names in lower case."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return HttpRequest(request.method, request.url, headers, request.body)


class Pair:
    """One conversation. Raises nothing for a refusal: ``refused`` then holds what the client makes of it."""

    def __init__(self, adapter: Adapter, settings: Settings, front: Front) -> None:
        """Dial ``front`` and, if it accepts, open both ends; ``heard`` has what each end heard of that."""
        self.commands: list[Command] = []
        """All that the server has heard."""
        self.events: list[AnyEvent] = []
        """All that the client has heard."""
        self.refused: Failed | None = None
        dial = dialled(adapter.dial(settings), front.answer)
        accepted = dial if isinstance(dial, HttpResponse) else upgraded(dial, front)
        if isinstance(accepted, HttpResponse):
            self.refused = adapter.explain(accepted)
            return
        assert isinstance(dial, Dial)
        self.accepted = accepted
        self.server = accepted.server
        self.client: Client = adapter.client(settings, dial)
        self.hear_commands([Opened()])
        self.hear_events([Opened(accepted.headers)])
        self.say(Start(settings))

    def say(self, command: Command) -> list[Command]:
        """The client says ``command``; returns what the server heard."""
        return self.hear_commands(self.client.send(command))

    def tell(self, event: AnyEvent) -> list[AnyEvent]:
        """The server says ``event``; returns what the client heard. A Close frame without a code is heard as 1005."""
        said = self.server.send(event)
        return self.hear_events(Closed(1005) if signal == Closed(None) else signal for signal in said)

    def hear_commands(self, signals: Iterable[Opened | str | bytes | Closed]) -> list[Command]:
        """The server receives ``signals``; what needs no backend, it answers."""
        heard = [command for signal in signals for command in self.server.receive(signal)]
        self.commands += heard
        for command in heard:
            if isinstance(command, Invalid | Taken):
                self.tell(command.answer)
        return heard

    def hear_events(self, signals: Iterable[Opened | str | bytes | Closed]) -> list[AnyEvent]:
        """The client receives ``signals``."""
        heard = [event for signal in signals for event in self.client.receive(signal)]
        self.events += heard
        return heard
