"""What it costs: billed seconds by each provider's rule, and money by a dated list of prices."""

import os
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from voxport.engine.ledger import billed
from voxport.events import Usage
from voxport.metrics.case import Case
from voxport.metrics.files import read_as
from voxport.metrics.measure import Measure, Ratio, Score
from voxport.take import Take

MEASURES = (
    Measure(
        name="billed_seconds", title="Billed seconds per second of audio", kind="ratio", unit="ratio",
        definition="Seconds that the provider charges for / seconds of audio; pooled. By the provider's own figure "
        "where it gives one, else by its rule over what voxport measured: audio, audio by channels, or the time that "
        "the session was open. Where a session ended too badly to tell its usage, by the rule over what the take "
        "shows.",
    ),
    Measure(
        name="cost_per_hour", title="Cost per hour of audio", kind="ratio", unit="currency per hour",
        definition="Billed seconds of each session of a provider's own by the list price of its model / hours of "
        "audio; pooled. Without discounts, free hours and extra options. Missing where the list has no price.",
    ),
)  # fmt: skip


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list price of one model, and of all others whose name begins alike.

    ``per_hour`` is for an hour of what the provider charges for. Of several prices that fit, the longest model counts;
    a price without a model is for all that have none of their own.
    """

    provider: str
    per_hour: Annotated[float, Meta(ge=0)] | None
    """``None``: nobody knows."""
    model: str = ""
    date: str
    """When it was seen, ``YYYY-MM-DD`` or ``YYYY-MM``."""
    source: str


class PriceList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a price file holds."""

    currency: str
    prices: tuple[Price, ...]

    def of(self, provider: str, model: str) -> Price | None:
        """The price of a model, if it is known."""
        fit = [one for one in self.prices if one.provider == provider and model.startswith(one.model)]
        found = max(fit, key=lambda one: len(one.model), default=None)
        return found if found and found.per_hour is not None else None


def read_prices(path: str | os.PathLike[str]) -> PriceList:
    """A file such as ``config/prices.yaml``. Raises ``SettingsError`` when it is missing or does not fit."""
    return read_as(path, PriceList)


def scores(case: Case, prices: PriceList | None) -> Iterable[Score]:
    """What a take adds."""
    take = case.take
    if take.billed_by == "nothing" and not take.usage:
        return
    usage = take.usage or (_estimated(take),)
    yield Ratio("billed_seconds", sum(one.billed_seconds for one in usage), take.audio_seconds)
    if prices:
        rates = [prices.of(one.provider, take.model if one.provider == take.provider else "") for one in usage]
        costs = [
            one.billed_seconds * rate.per_hour for one, rate in zip(usage, rates, strict=True) if rate and rate.per_hour
        ]
        if all(rates):
            yield Ratio("cost_per_hour", sum(costs) / 3600, take.audio_seconds / 3600)


def _estimated(take: Take) -> Usage:
    """What a session is billed whose own account is missing."""
    begun = take.begun_at
    last = max((event.received_at for event in take.events), default=begun)
    open_for = 0.0 if begun is None or last is None else last - begun
    audio = 0.0 if begun is None else take.audio_seconds
    return Usage(
        provider=take.provider, connection=1, audio_seconds=audio, session_seconds=open_for,
        billed_by=take.billed_by, billed_seconds=billed(take.billed_by, audio, open_for, take.channels),
    )  # fmt: skip
