"""What stands in a cassette: one JSON object a line, the head first.

``at`` is seconds since the session began, ``connection`` counts from 1 (0: before the first). Audio never stands there:
``audio`` lines tell the sizes of the messages and a CRC-32 of each, and the head names the file that holds it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from voxport.events import AnyEvent

VERSION = 1
"""Of this format. A cassette of a later one is refused."""


class AudioFile(msgspec.Struct, frozen=True, kw_only=True):
    """Where the session's audio is: ``file`` beside the cassette, or where it was played from. ``sha256`` is of the
    samples as they were sent.
    """

    file: str
    sha256: str
    seconds: float
    sample_rate: int
    encoding: str
    channels: int


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower, omit_defaults=True):
    """What every line but the audio's hashes has."""

    at: float = 0.0
    connection: int = 0


class Head(Line, frozen=True, kw_only=True):
    """The first line. ``settings`` are as they were asked for, ``options`` as the provider was sent them, by route."""

    version: int
    created: str
    voxport: str
    python: str
    providers: tuple[str, ...]
    settings: tuple[Mapping[str, Any], ...]
    options: tuple[Mapping[str, Any], ...]
    epoch: float
    note: str = ""


class Said(Line, frozen=True, kw_only=True):
    """The caller's command, audio aside, by its name; ``asked`` is what it holds."""

    command: str
    asked: Any = None


class Drew(Line, frozen=True, kw_only=True):
    """A number that spread a pause."""

    value: float


class Ticked(Line, frozen=True, kw_only=True):
    """Time passed, and something was due."""


class Request(Line, frozen=True, kw_only=True):
    """An HTTP request of the handshake."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: str = ""


class Response(Line, frozen=True, kw_only=True):
    """Its answer, or the refusal of an upgrade."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""


class Dialled(Line, frozen=True, kw_only=True):
    """A WebSocket was asked for."""

    url: str
    headers: Mapping[str, str] = {}
    subprotocols: tuple[str, ...] = ()
    session_id: str | None = None


class Upgraded(Line, frozen=True, kw_only=True):
    """It is open; ``headers`` are those of the 101."""

    headers: Mapping[str, str] = {}


class Unreached(Line, frozen=True, kw_only=True):
    """It did not open, and nothing answered."""

    message: str


class Fed(Line, frozen=True, kw_only=True):
    """The caller's audio, in pieces of these sizes in bytes."""

    sizes: tuple[int, ...]


class Audio(Line, frozen=True, kw_only=True):
    """Audio messages that were sent, one after the other, with nothing between them: sizes in bytes, and CRC-32."""

    sizes: tuple[int, ...]
    crcs: tuple[int, ...]


class Sent(Line, frozen=True, kw_only=True):
    """A text message to the provider."""

    text: str


class Received(Line, frozen=True, kw_only=True):
    """A message of the provider; ``data`` for one that is no text, in base64."""

    text: str = ""
    data: bytes | None = None


class Closed(Line, frozen=True, kw_only=True):
    """The connection was closed, ``by_us`` or by the far side; without a code it broke."""

    by_us: bool = False
    code: int | None = None
    reason: str = ""


class Ping(Line, frozen=True, kw_only=True):
    """A ping was sent or, with ``answered``, came back."""

    answered: bool = False


class Told(Line, frozen=True, kw_only=True):
    """An event, as the caller had it; its raw message is in the line of the message."""

    event: AnyEvent


class End(Line, frozen=True, kw_only=True):
    """The last line: nothing is missing."""

    audio: AudioFile | None = None


AnyLine = (
    Head | Said | Drew | Ticked | Request | Response | Dialled | Upgraded | Unreached | Fed | Audio | Sent | Received
    | Closed | Ping | Told | End
)  # fmt: skip

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyLine).decode
