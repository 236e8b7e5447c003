"""A connection that ends inside the process: an adapter's own server end, with a recogniser behind it."""

import threading
import time
import uuid
from collections import deque

from voxport.actions import Ping, Pong
from voxport.codec import Accepted, Adapter, Closed, Desk, Dial, HttpRequest, Opened
from voxport.ear import Ear
from voxport.events import AnyEvent
from voxport.recogniser import recogniser
from voxport.transport import BrokenError


class InProcess:
    """A ``transport.Connection``. Recognition runs on the thread that sends, which paces it."""

    def __init__(self, adapter: Adapter, dial: Dial) -> None:
        """``dial.url`` ends with the name of the recogniser."""
        front = adapter.front(Desk(frozenset(), lambda: str(uuid.uuid4()), time.time))
        accepted = front.accept(HttpRequest("GET", dial.url))
        assert isinstance(accepted, Accepted)
        self.opened = Opened(accepted.headers)
        self._server = accepted.server
        self._ear = Ear(recogniser(dial.url.partition(":")[2]))
        self._arrived: deque[str | bytes | Closed | Pong] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def ready(self) -> bool:
        """See ``Connection``."""
        return bool(self._arrived)

    def wait(self, timeout: float, *, to_send: bool) -> tuple[bool, bool]:
        """See ``Connection``; there is always room to send."""
        with self._changed:
            if not self._arrived and not to_send:
                self._changed.wait(timeout)
            return bool(self._arrived), to_send

    def receive(self) -> list[str | bytes | Closed | Pong]:
        """See ``Connection``."""
        with self._changed:
            arrived = list(self._arrived)
            self._arrived.clear()
            return arrived

    def send(self, item: str | bytes | Closed | Ping) -> None:
        """See ``Connection``."""
        if self._closed:
            raise BrokenError("closed")
        if isinstance(item, Ping):
            self._put(Pong())
            return
        for command in self._server.receive(item):
            for event in self._ear.hear(command):
                self._answer(event)

    def _answer(self, event: AnyEvent) -> None:
        for signal in self._server.send(event):
            self._put(signal)

    def _put(self, signal: str | bytes | Closed | Pong) -> None:
        with self._changed:
            self._arrived.append(signal)
            self._changed.notify()

    def abort(self) -> None:
        """See ``Connection``."""
        self._put(Closed(None))

    def close(self) -> None:
        """See ``Connection``."""
        self._closed = True
        self._ear.close()
