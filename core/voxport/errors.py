"""Everything that voxport raises on purpose.

::

    VoxportError
    ├── SettingsError        the YAML, the environment or an argument: file, path in it, what was expected
    ├── MissingExtraError    a feature whose packages are not installed: what to install
    ├── AudioError           a microphone, file or stream that cannot be read or written
    └── SessionFailedError   the far side: refused, unreachable, broken; carries the last event, a ``Failed``

``str(error)`` is one line that says what, where and what to do, and never holds a key or a token.
"""

from voxport.events import Failed


class VoxportError(Exception):
    """Root of the tree."""


class SettingsError(VoxportError):
    """What was asked for cannot be: wrong YAML, missing variable, unknown name, impossible value."""


class MissingExtraError(VoxportError):
    """A feature needs packages that are not installed."""

    def __init__(self, feature: str, extra: str, hint: str = "") -> None:
        """Name the feature and the extra that brings it; ``hint`` adds what the system itself must have."""
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'voxport[{extra}]'{hint and f' ({hint})'}")
        self.extra = extra


class AudioError(VoxportError):
    """Audio that cannot be captured, read, converted or saved."""


class SessionFailedError(VoxportError):
    """The session ended in a ``Failed``; ``event`` is that event."""

    def __init__(self, event: Failed) -> None:
        """Say it in one line: provider, code, meaning, remedy."""
        super().__init__(f"{event.provider}: {event.message} ({event.code}){event.remedy and f'; {event.remedy}'}")
        self.event = event
