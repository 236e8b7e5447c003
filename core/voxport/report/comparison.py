"""All that a report is made from."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata

import msgspec

from voxport.codec import Translation
from voxport.events import Begun, Ended
from voxport.metrics import Method, PriceList, Summary, summarise
from voxport.take import Item, Take

PACKAGES = ("voxport", "msgspec", "numpy", "websocket-client", "rapidfuzz", "moonshine-voice", "pocketsphinx")
"""Whose versions have a say in the figures."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one label was asked to be, and what its provider says of itself."""

    label: str
    provider: str
    model: str
    region: str
    settings: Translation | None
    details: Mapping[str, object]
    tails_lost: int
    """Sessions that ended without the provider's own last message."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when it was measured. ``first`` and ``last`` are the Unix seconds at which sessions were dialled."""

    first: float
    last: float
    reported: float
    realtime: bool
    python: str
    machine: str
    processors: int
    packages: Mapping[str, str]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``takes`` gives an item's takes by label, anew each time it is called: they may be too many to hold."""

    items: Sequence[Item]
    takes: Callable[[str], Mapping[str, Take]]
    summary: Summary
    asked: Sequence[Asked]
    provenance: Provenance
    remarks: Sequence[str]
    """What must be known before any figure is believed."""


def compare(
    items: Sequence[Item],
    takes: Callable[[str], Mapping[str, Take]],
    labels: Sequence[str],
    method: Method,
    prices: PriceList | None,
    remarks: Iterable[str] = (),
) -> Comparison:
    """Measure the takes of ``labels``, which come in that order. Raises what ``summarise`` does.

    ``remarks`` are what the caller knows beside what takes and items tell.
    """
    every = [own[label] for item in items for own in (takes(item.id),) for label in labels if label in own]
    return Comparison(
        items=items, takes=takes, summary=summarise(every, items, method, prices), asked=tuple(_asked(every)),
        provenance=_provenance(every), remarks=(*remarks, *_remarks(items, every)),
    )  # fmt: skip


def _remarks(items: Sequence[Item], takes: Sequence[Take]) -> Iterable[str]:
    if not any(item.text is not None for item in items):
        yield "Nobody knows what was said: what is told is disagreement, not error."
    if not all(take.realtime for take in takes):
        yield "The audio was not sent at the pace of speech, so no delays are told."


def _asked(takes: Sequence[Take]) -> Iterable[Asked]:
    last = {take.label: take for take in takes}
    lost = Counter(take.label for take in takes if isinstance(take.last, Ended) and take.last.tail_lost)
    for label, take in last.items():
        details = next((event.details for event in take.events if isinstance(event, Begun)), {})
        yield Asked(
            label=label, provider=take.provider, model=take.model, region=take.region, settings=take.settings,
            details=details, tails_lost=lost[label],
        )  # fmt: skip


def _provenance(takes: Sequence[Take]) -> Provenance:
    dates = [take.date for take in takes] or [0.0]
    return Provenance(
        first=min(dates), last=max(dates), reported=time.time(), realtime=all(take.realtime for take in takes),
        python=platform.python_version(), machine=platform.platform(), processors=os.cpu_count() or 1,
        packages=dict(_versions()),
    )  # fmt: skip


def _versions() -> Iterable[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
