import msgspec
import pytest

from metrics.streams import METHOD, corpus, item, take
from voxport.errors import SettingsError
from voxport.metrics import MEASURES, Summary, summarise
from voxport.metrics.summary import Figures


@pytest.fixture(scope="module")
def summary() -> Summary:
    items, takes = corpus(["a", "b"], 12)
    return summarise(takes, items, METHOD)


def test_a_summary_survives_json(summary: Summary) -> None:
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


def test_equal_takes_give_equal_figures(summary: Summary) -> None:
    items, takes = corpus(["a", "b"], 12)
    assert summarise(takes, items, METHOD) == summary


def test_every_figure_is_defined(summary: Summary) -> None:
    def names(figures: Figures) -> set[str]:
        return {one.measure for one in figures.ratios} | {one.measure for one in figures.spreads}

    assert names(summary.labels[0].figures) <= set(summary.measures) <= set(MEASURES)
    assert all(measure.definition.endswith(".") and measure.title for measure in MEASURES.values())


def test_a_take_of_an_unknown_item_is_refused() -> None:
    with pytest.raises(SettingsError, match="a take of a is of item '2'"):
        summarise([take(item="2")], [item()], METHOD)


def test_nothing_gives_an_empty_summary() -> None:
    nothing = summarise([], [], METHOD)
    assert (nothing.labels, nothing.pairs, nothing.items, nothing.ranking) == ((), (), (), ())
