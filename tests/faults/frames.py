"""Just enough of HTTP and WebSocket (RFC 6455) to tell where in a conversation a byte stands, and to write a frame."""

import asyncio
import struct

import msgspec

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Frame(msgspec.Struct, frozen=True):
    """One frame as it came (``raw``) and what it carries; nobody here fragments messages."""

    raw: bytes
    opcode: int
    payload: bytes


class Head(msgspec.Struct, frozen=True):
    """The head of an HTTP request or response with its body."""

    raw: bytes
    first: str
    headers: dict[str, str]

    @property
    def upgrades(self) -> bool:
        """The request for a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Raises ``IncompleteReadError`` at the end of the stream."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").strip().split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Head(raw + body, first, headers)


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Raises ``IncompleteReadError`` at the end of the stream."""
    raw = await reader.readexactly(2)
    size, masked = raw[1] & 0x7F, raw[1] & 0x80
    if size >= 126:
        longer = await reader.readexactly(2 if size == 126 else 8)
        raw, size = raw + longer, int.from_bytes(longer, "big")
    key = await reader.readexactly(4) if masked else b""
    data = await reader.readexactly(size)
    return Frame(raw + key + data, raw[0] & 0x0F, _unmasked(data, key) if masked else data)


def server_frame(opcode: int, payload: bytes) -> bytes:
    """A whole frame as a server sends it: unmasked."""
    size = len(payload)
    length = bytes([size]) if size < 126 else struct.pack("!BH", 126, size)
    return bytes([0x80 | opcode]) + length + payload


def response(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """A whole HTTP response that ends its connection."""
    told = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Refused\r\n{lines}\r\n".encode() + body


def _unmasked(data: bytes, key: bytes) -> bytes:
    pad = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")
