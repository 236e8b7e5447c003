"""Signs of life of one connection: what was heard, what was asked for and not answered."""

import math

from voxport.settings import Resilience

ENOUGH = 0.5
"""The share of ``answer_timeout`` that must have been sent as audio before silence means anything."""


class Vitals:
    """Kept anew for each connection. Seconds of the clock and, for ``position``, of audio."""

    def __init__(self, patience: Resilience, now: float, *, regular: bool) -> None:
        """``regular``: the provider says something every few seconds while audio flows; else ``proved`` tells so."""
        self._interval = patience.ping_interval
        self._timeout = patience.answer_timeout
        self._regular = regular
        self._heard_at = now
        self._asked_at: float | None = None  # since when audio was sent that no message followed, and from where
        self._asked_from = 0.0

    def heard(self, now: float, *, message: bool) -> None:
        """Something arrived: a message of the provider, or no more than the answer to a ping."""
        self._heard_at = now
        if message:
            self._asked_at = None

    def proved(self) -> None:
        """The provider has acknowledged audio, which it will do again."""
        self._regular = True

    def rest(self) -> None:
        """No more audio will be sent: what comes now takes as long as the provider needs."""
        self._timeout = math.inf

    def asked(self, now: float, position: float) -> None:
        """Audio was sent, from ``position`` on."""
        if self._asked_at is None:
            self._asked_at, self._asked_from = now, position

    def trouble(self, now: float, position: float) -> str:
        """Why the connection must be given up, in words; empty while it need not."""
        if now - self._heard_at >= 2 * self._interval:
            return "nothing came back, not even the answer to a ping"
        waited = self._asked_at is not None and now - self._asked_at >= self._timeout
        if self._regular and waited and position - self._asked_from >= ENOUGH * self._timeout:
            return f"the provider has said nothing for {self._timeout:g} s, though audio flows"
        return ""

    def wants_ping(self, now: float) -> bool:
        """Nothing came for an interval."""
        return now - self._heard_at >= self._interval

    def check_at(self, now: float) -> float:
        """When to look again."""
        life = self._heard_at + (2 if self.wants_ping(now) else 1) * self._interval
        answer = now + self._timeout if self._asked_at is None else self._asked_at + self._timeout
        return min(life, answer if answer > now else now + ENOUGH * self._timeout)
