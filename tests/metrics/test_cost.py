from pathlib import Path

import pytest

from metrics.streams import START, case, ended, item, names, ratio, said, take
from voxport import registry
from voxport.errors import SettingsError
from voxport.events import Failed, Usage
from voxport.metrics import read_method, read_prices
from voxport.metrics.cost import Price, PriceList, scores
from voxport.take import Take

CONFIG = Path(__file__).parents[2] / "config"


def price(provider: str, per_hour: float | None, model: str = "") -> Price:
    return Price(provider=provider, per_hour=per_hour, model=model, date="2026-01-01", source="made up")


PRICES = PriceList(
    currency="EUR",
    prices=(price("toy", 1.0), price("toy", 2.0, "big"), price("toy", 4.0, "big-2"), price("other", 10.0), price("secret", None)),
)  # fmt: skip


def usage(provider: str = "toy", billed: float = 12.0, connection: int = 1) -> Usage:
    return Usage(provider=provider, connection=connection, billed_by="session", billed_seconds=billed)


def cost(made: Take) -> tuple[float, float]:
    return ratio(scores(case(item(), made), PRICES), "cost_per_hour")


def test_a_session_costs_what_is_billed_by_the_price_of_its_model() -> None:
    for model, rate in (("", 1.0), ("small", 1.0), ("big", 2.0), ("big-1", 2.0), ("big-2-x", 4.0)):
        made = take(ended(10.0, usage=(usage(),)), model=model, billed_by="session")
        assert cost(made) == (round(12.0 * rate / 3600, 9), round(10.0 / 3600, 9))


def test_what_was_billed_beside_the_audio_needs_no_price() -> None:
    made = take(ended(10.0, usage=(usage(billed=12.0), usage(billed=3.0, connection=2))), billed_by="session")
    assert ratio(scores(case(item(), made), None), "billed_seconds") == (15.0, 10.0)


def test_a_session_that_went_on_elsewhere_costs_the_prices_of_both() -> None:
    made = take(ended(10.0, usage=(usage(), usage("other", 6.0, 2))), model="big", billed_by="session")
    assert cost(made)[0] == pytest.approx((12.0 * 2.0 + 6.0 * 10.0) / 3600)


@pytest.mark.parametrize("provider", ["secret", "unheard"])
def test_without_a_price_there_is_no_cost(provider: str) -> None:
    made = take(ended(10.0, usage=(usage(), usage(provider, 6.0, 2))), billed_by="session")
    assert names(scores(case(item(), made), PRICES)) == {"billed_seconds"}


def test_what_costs_nothing_has_no_figure() -> None:
    assert names(scores(case(item(), take(ended(10.0))), PRICES)) == set()


@pytest.mark.parametrize(
    ("rule", "channels", "billed"), [("audio", 2, 10.0), ("audio_per_channel", 2, 20.0), ("session", 2, 13.5)]
)
def test_a_session_that_broke_is_billed_by_the_rule(rule: str, channels: int, billed: float) -> None:
    failed = Failed(received_at=START + 13.0, kind="network", code="", message="")
    made = take(said(1.0, "a"), failed, billed_by=rule, channels=channels)
    assert ratio(scores(case(item(), made), PRICES), "billed_seconds") == (billed, 10.0)


def test_a_session_that_never_began_is_not_billed() -> None:
    made = take(begun=False, billed_by="session")
    assert ratio(scores(case(item(), made), PRICES), "billed_seconds") == (0.0, 10.0)


# --------------------------------------------------------------------------- the files


def test_every_provider_has_a_price_or_an_admission_of_ignorance() -> None:
    listed = read_prices(CONFIG / "prices.yaml")
    for name in registry.names():
        can = registry.adapter(name).capabilities
        known = [one for one in listed.prices if one.provider == name]
        assert bool(known) == can.needs_key
        assert listed.of(name, can.default_model) or not known or known[-1].per_hour is None
    assert all(one.source and one.date.startswith("20") for one in listed.prices)


def test_the_method_that_comes_with_voxport() -> None:
    method = read_method(CONFIG / "measure.yaml")
    assert method.primary in method.normalisers
    assert (method.resamples, method.confidence, method.edge_words) == (10_000, 0.95, 5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prices: []", "missing required field `currency`"), ("currency: EUR\nprices: [{provider: a}]", "missing required field"),
        ("currency: EUR\nprices: []\nprice: 1", "unknown field `price`"),
        ("currency: EUR\nprices: [{provider: a, per_hour: -1, date: '2026', source: b}]", ">= 0"),
    ],
)  # fmt: skip
def test_a_price_file_that_does_not_fit_is_refused_by_name(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=f"prices.yaml: .*{complaint}"):
        read_prices(file)
    with pytest.raises(SettingsError, match="no such file"):
        read_prices(tmp_path / "none.yaml")
