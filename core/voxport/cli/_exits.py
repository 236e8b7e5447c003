"""How voxport ends: the one table of exit codes."""

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxport.errors import VoxportError


class Exit(IntEnum):
    """An exit code."""

    DONE = 0
    DIFFERS = 1
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    TAIL_LOST = 5
    INTERRUPTED = 130


MEANINGS: Mapping[Exit, str] = {
    Exit.DONE: "done",
    Exit.DIFFERS: "what was compared differs",
    Exit.USAGE: "usage or configuration: settings, files, devices, packages",
    Exit.REFUSED: "refused by the provider: key, quota, plan",
    Exit.FAILED: "network or provider failure, after retries",
    Exit.TAIL_LOST: "the end of the transcript was lost",
    Exit.INTERRUPTED: "interrupted",
}

KINDS: Mapping[str, Exit] = {
    "refused": Exit.REFUSED,
    "invalid": Exit.USAGE,
    "network": Exit.FAILED,
    "provider": Exit.FAILED,
    "protocol": Exit.FAILED,
}
"""By ``Failed.kind``."""


def code_of(error: "VoxportError") -> Exit:
    """The exit code for an error."""
    from voxport.errors import SessionFailedError  # noqa: PLC0415 -- help needs no errors

    return KINDS[error.event.kind] if isinstance(error, SessionFailedError) else Exit.USAGE
