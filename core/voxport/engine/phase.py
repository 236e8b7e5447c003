"""Where a session stands."""

from enum import Enum, auto


class Phase(Enum):
    """One at a time."""

    NEW = auto()
    DIALLING = auto()
    """A request or the upgrade is under way."""
    OPENING = auto()
    """Connected; the provider has not accepted the session yet."""
    LIVE = auto()
    ROLLING = auto()
    """The provider's session is asked to end, so that a new one can take over before its limit."""
    WAITING = auto()
    """The connection is lost; the time to dial again is set."""
    DONE = auto()
