"""The way to a connection, in as many steps as the provider wants; and back to the session that was lost."""

import msgspec

from voxport.codec import Dial, Dialling, HttpRequest, HttpResponse
from voxport.engine.route import Route
from voxport.events import Failed


class Dialler:
    """Remembers where it dialled, for providers whose sessions can be resumed."""

    def __init__(self) -> None:
        """Nothing was dialled yet."""
        self._route: Route | None = None
        self._steps: Dialling | None = None
        self._known: Dial | None = None
        self.resuming = False
        """The connection that was asked for last goes on with the session before it."""

    @property
    def dial(self) -> Dial:
        """Where the connection leads that was asked for last."""
        assert self._known is not None
        return self._known

    def begin(self, route: Route) -> HttpRequest | Dial:
        """The first step of a new connection."""
        self._route = route
        self.resuming = route.can.resumes and self._known is not None
        self._steps = route.adapter.dial(route.settings, self._known if self.resuming else None)
        return self._next(None)

    def answered(self, response: HttpResponse) -> HttpRequest | Dial | Failed:
        """The next step after an answer, or what it means that a request or the upgrade was refused."""
        assert self._route is not None
        if self._steps is not None and 200 <= response.status < 300:
            return self._next(response)
        failed = self._route.adapter.explain(response)
        self.forget()
        # Where the session to resume is gone, a new one may still be had.
        return msgspec.structs.replace(failed, retryable=True) if self.resuming else failed

    def forget(self) -> None:
        """The session that was dialled is over: the next one is new."""
        self._known = None

    def _next(self, response: HttpResponse | None) -> HttpRequest | Dial:
        assert self._steps is not None
        try:
            return next(self._steps) if response is None else self._steps.send(response)
        except StopIteration as done:
            self._steps = None
            found: Dial = done.value
            self._known = found
            return found
