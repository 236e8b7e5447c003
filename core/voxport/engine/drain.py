"""How long a session that is to end may still take."""

LONGEST = 3
"""How many times ``drain_timeout`` it may take at most to get any further, dialling again included."""


class Drain:
    """The deadline begins anew whenever the provider gets on. It does not run while there is no connection, within
    reason.
    """

    def __init__(self, timeout: float) -> None:
        """Not asked to end yet."""
        self._timeout = timeout
        self._limit: float | None = None

    def begin(self, now: float) -> dict[str, float]:
        """The session is to end; returns the deadline, as an entry of a table of deadlines."""
        self._limit = now + LONGEST * self._timeout
        return {"drain": now + self._timeout}

    def progress(self, now: float) -> dict[str, float]:
        """The provider has got on; nothing while the session is not to end."""
        return {} if self._limit is None else self.begin(now)

    def suspend(self, until: float) -> dict[str, float]:
        """There is no connection, or no more than an old state on it, until then."""
        return {} if self._limit is None else {"drain": min(until + self._timeout, self._limit)}
