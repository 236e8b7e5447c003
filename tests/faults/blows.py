"""The faults, by name: what each does to a connection at the moment it strikes."""

import asyncio
from typing import Literal

import msgspec

from faults.frames import CLOSE, TEXT, response, server_frame
from faults.proxy import Blow, Fault, SeveredError

PAUSE = 0.05
"""Seconds of a delay."""

Effect = Literal["loud", "silent", "mute", "harmless", "close", "refusal"]
"""How the client can tell: the connection ends; nothing comes, not even pongs; pongs come and nothing else; not at all,
for it need not; a Close frame says so; an HTTP status does.
"""


class Named(msgspec.Struct, frozen=True):
    """One fault. ``code`` is that of a Close frame or an HTTP status."""

    name: str
    effect: Effect
    strike: Fault
    code: int | None = None
    retry_after: int | None = None


# --------------------------------------------------------------------------- the connection ends


async def cut(blow: Blow) -> None:
    """FIN in both directions."""
    for lane in blow.link.lanes():
        lane.finish()


async def reset(blow: Blow) -> None:
    """RST at both ends."""
    for lane in blow.link.lanes():
        lane.reset()
    raise SeveredError


async def bad_frame(blow: Blow) -> None:
    """A frame that no RFC knows: reserved bits and a reserved opcode."""
    await blow.link.down.put(b"\xf3\x05wrong")


# --------------------------------------------------------------------------- nothing comes


async def stall(blow: Blow) -> None:
    """Nothing passes in either direction, nobody reads, and the sockets stay open."""
    for lane in blow.link.lanes():
        lane.mode = "hold"


async def lost_up(blow: Blow) -> None:
    """Half open: what the client sends vanishes."""
    if blow.link.up:
        blow.link.up.mode = "lose"


async def lost_down(blow: Blow) -> None:
    """Half open the other way: what the server sends vanishes."""
    blow.link.down.mode = "lose"


async def mute(blow: Blow) -> None:
    """The far side answers pings and does nothing else."""
    blow.link.answers_pings = True
    for lane in blow.link.lanes():
        lane.mode = "lose"


# --------------------------------------------------------------------------- no harm


async def slow(blow: Blow) -> None:
    """From now on a few bytes pass at a time."""
    blow.link.down.piece = 3
    if blow.link.up:
        blow.link.up.piece = 100


async def delay(_: Blow) -> None:
    """What comes next comes late."""
    await asyncio.sleep(PAUSE)


async def duplicate(blow: Blow) -> None:
    """What has passed passes again."""
    await blow.link.down.put(blow.data)


async def nonsense(blow: Blow) -> None:
    """A message that means nothing."""
    await blow.link.down.put(server_frame(TEXT, b'{"]'))


# --------------------------------------------------------------------------- said with a code


def close(code: int | None) -> Named:
    """A Close frame with ``code``, or without one; then FIN."""

    async def strike(blow: Blow) -> None:
        await blow.link.down.put(server_frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + b"because"))
        for lane in blow.link.lanes():
            lane.finish()

    return Named(f"close {code or 'without a code'}", "close", strike, code)


def http(status: int, retry_after: int | None = None) -> Named:
    """An HTTP answer instead of the provider's own."""

    async def strike(blow: Blow) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        await blow.link.down.put(response(status, headers, b'{"message":"because"}'))
        for lane in blow.link.lanes():
            lane.finish()

    told = "" if retry_after is None else f", retry after {retry_after}"
    return Named(f"HTTP {status}{told}", "refusal", strike, status, retry_after)


FAULTS = (
    Named("cut", "loud", cut),
    Named("reset", "loud", reset),
    Named("bad frame", "loud", bad_frame),
    Named("stall", "silent", stall),
    Named("half open, up", "silent", lost_up),
    Named("half open, down", "silent", lost_down),
    Named("mute", "mute", mute),
    Named("slow", "harmless", slow),
    Named("delay", "harmless", delay),
    Named("duplicate", "harmless", duplicate),
    Named("nonsense", "harmless", nonsense),
)
