"""What a caller tells a provider.

A client codec says these; a server codec hears them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from voxport.events import Acknowledged, Failed, Notice


class Start(msgspec.Struct, frozen=True, tag=True):
    """Open a session with these settings (a ``voxport.settings.Settings``)."""

    settings: Any


class Audio(msgspec.Struct, frozen=True, tag=True):
    """Bytes of audio in the session's encoding; whole sample frames, never empty."""

    data: bytes


class EndUtterance(msgspec.Struct, frozen=True, tag=True):
    """Finish the current utterance now and say it as final; on one ``channel`` or, without it, on all."""

    channel: int | None = None


class KeepAlive(msgspec.Struct, frozen=True, tag=True):
    """Keep a session open while no audio flows."""


class Configure(msgspec.Struct, frozen=True, tag=True):
    """Change settings in mid-session.

    ``changes`` are neutral: the names are those of ``voxport.settings.Transcription``. ``options`` are the provider's
    own, named and valued as in ``Settings.options``. What is not named stays as it is.
    """

    changes: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}


class IdentifySpeakers(msgspec.Struct, frozen=True, tag=True):
    """Tell what identifies the speakers heard: those so far or, with ``final``, all of them at the end."""

    final: bool = False


class Finish(msgspec.Struct, frozen=True, tag=True):
    """No more audio; say what is left and end the session."""


class Invalid(msgspec.Struct, frozen=True, tag=True):
    """Heard by a server only: the client broke the protocol, and ``answer`` is what the provider would reply."""

    answer: Failed | Notice


class Taken(msgspec.Struct, frozen=True, tag=True):
    """Heard by a server only: audio of one channel that waits for that of the others; ``answer`` acknowledges it."""

    answer: Acknowledged


Command = Start | Audio | EndUtterance | KeepAlive | Configure | IdentifySpeakers | Finish | Invalid | Taken
