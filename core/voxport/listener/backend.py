"""What stands behind a listener: whoever turns commands into events, a recogniser or a gateway to another provider."""

from collections.abc import Callable, Iterable
from typing import Protocol

from voxport.commands import Command
from voxport.events import AnyEvent


class Backend(Protocol):
    """One session's far side: of one conversation or, where a session outlives its connections, of one after another.
    It is made, used and closed in worker threads, by one call at a time.

    A call may block: other conversations go on, and the client is held back once enough of what it sent waits. It must
    return some time, since ``close`` waits for it.
    """

    def hear(self, command: Command, /) -> Iterable[AnyEvent]:
        """What the server says to ``command``: each event is sent as it comes, so a generator may take its time.

        ``Start`` is answered by ``Begun``, ``Audio`` by ``Acknowledged`` once it was taken, ``Finish`` by what is left
        and ``Ended``, ``Invalid`` by its ``answer``.
        """
        ...

    def close(self) -> None:
        """The session is over; called once, whichever way it ended."""
        ...


MakeBackend = Callable[[], Backend]
"""Called once for each session."""


class DroppedError(Exception):
    """A backend raises it to break its connection without a Close frame, as a failing network does."""
