"""What a server of ``/v1/listen`` says to a message that it cannot act on."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from voxport import wire
from voxport_adapters.deepgram import messages
from voxport_adapters.deepgram.request import TOO_MANY_KEYTERMS

CONFIGURE_FAILURES: Mapping[str, str] = {
    "CONFIGURE_KEYTERMS_NOT_SUPPORTED": "Keyterms are supported by Nova-3 models only.",
    "CONFIGURE_KEYTERM_LIMIT_EXCEEDED": TOO_MANY_KEYTERMS,
    "CONFIGURE_ALREADY_PENDING": "An earlier Configure has not been answered yet.",
    "CONFIGURE_INTERNAL_ERROR": "The settings could not be changed.",
}
"""Why a ``Configure`` changed nothing, by code. The words are our own; the service's are unknown."""

FIELDS = {
    kind.__name__: [field.encode_name for field in msgspec.structs.fields(kind)]
    for kind in (messages.CloseStream, messages.Configure, messages.Sync, messages.KeepAlive, messages.Finalize)
}
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`", re.DOTALL)
QUOTED = 100
"""Characters of a name that are quoted."""


def schema_error(frame: str, error: Exception) -> str:
    """Why ``frame`` is no message, in the service's words as far as they are known."""
    kind = wire.json_of(frame).get("type")
    field = _UNKNOWN_FIELD.match(str(error))
    detail = str(error)
    if isinstance(kind, str) and kind not in FIELDS:
        detail = f"unknown variant `{kind[:QUOTED]}`, {_expected(FIELDS)}{_place(frame, kind)}"
    elif isinstance(kind, str) and field:
        known = FIELDS[kind]
        detail = f"unknown field `{field[1][:QUOTED]}`, {_expected(known) if known else 'there are no fields'}"
    return f"Could not deserialize last text message: {detail}"


def _expected(names: Iterable[str]) -> str:
    return f"expected one of {', '.join(f'`{name}`' for name in names)}"


def _place(frame: str, value: str) -> str:
    """Where the string ``value`` ends, if it stands in the frame as it would be written."""
    before, found, _ = frame.partition(wire.text(value))
    *lines, last = f"{before}{found}".split("\n")
    return f" at line {len(lines) + 1} column {len(last)}" if found else ""
