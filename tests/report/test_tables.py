import csv
import io
import json

import msgspec
import pytest

from support.compared import HEARD, made
from voxport.metrics.statistics import distribution
from voxport.report import export, tables
from voxport.report.comparison import Comparison
from voxport.report.table import Cell, Column, Row, Table
from voxport.report.told import beyond, briefly, lasting, told
from voxport.take import Item, Take


def column(table: Table, name: str) -> dict[str, Cell]:
    at = [one.name for one in table.columns].index(name) - 1
    return {row.name: row.cells[at] for row in table.rows}


def test_the_headline_ranks_and_counts(comparison: Comparison) -> None:
    table = tables.headline(comparison)
    assert [row.name for row in table.rows] == ["right", "wrong"]
    errors = column(table, "Word error rate, plain")
    assert errors["right"].told == "0.0 %"
    assert column(table, "sessions") == {"right": Cell("3"), "wrong": Cell("3", "1 failed")}
    assert {place.told.rstrip("=") for place in column(table, "place").values()} <= {"1", "2"}


def test_every_column_says_what_it_means(comparison: Comparison) -> None:
    table = tables.headline(comparison)
    assert all(one.told for one in table.columns[1:-1])
    defined = {row.name for row in tables.definitions(comparison.summary).rows}
    assert {one.name.partition(",")[0] for one in table.columns[2:-1]} <= defined


def test_all_that_was_measured_is_in_one_table(comparison: Comparison) -> None:
    table = tables.everything(comparison.summary)
    assert {place.title for place in tables.places(comparison.summary)} == {row.name for row in table.rows}
    assert len(table.rows) > 10


def test_failures_are_told(comparison: Comparison) -> None:
    table = tables.failures(comparison.summary)
    assert table is not None
    assert [(row.name, *(cell.told for cell in row.cells)) for row in table.rows] == [
        ("wrong", "two", "the line broke (1006)")
    ]


def test_a_difference_that_may_be_none_is_a_tie(comparison: Comparison) -> None:
    (pair,) = comparison.summary.pairs
    (row,) = tables.differences(comparison.summary).rows
    assert row.name == f"{pair.first} less {pair.second}"
    shown = [cell.more.rpartition("; ")[2] for cell in row.cells]
    verdicts = {tables.verdict(pair, one) for one in pair.differences}
    assert set(shown) - {""} <= verdicts


def test_a_star_is_for_one_that_is_known_to_be_better(comparison: Comparison) -> None:
    summary = comparison.summary
    for place in tables.places(summary):
        best = {label.label for label in summary.labels if tables.is_best(summary, label.label, place)}
        (pair,) = summary.pairs
        known = pair.difference(place.measure.name, place.normaliser, place.statistic)
        if known is None or known.better in {"tie", "unknown"}:
            assert best == set()
        else:
            assert best == {pair.first if known.better == "first" else pair.second}


def test_without_references_it_is_disagreement(items: list[Item], takes: dict[str, dict[str, Take]]) -> None:
    unknown = made([msgspec.structs.replace(item, text=None) for item in items], takes)
    assert unknown.remarks == ("Nobody knows what was said: what is told is disagreement, not error.",)
    assert not [one for one in tables.headline(unknown).columns if "rror" in one.name]
    assert "Disagreement" in export.as_markdown(unknown)


def test_what_is_not_paced_has_no_delays(items: list[Item], takes: dict[str, dict[str, Take]]) -> None:
    fast = {
        item: {label: msgspec.structs.replace(one, realtime=False) for label, one in own.items()}
        for item, own in takes.items()
    }
    found = made(items, fast)
    assert found.remarks == ("The audio was not sent at the pace of speech, so no delays are told.",)
    assert not [
        place for place in tables.places(found.summary) if place.measure.unit == "seconds" and "First" in place.title
    ]


def test_csv_has_a_line_for_each_session(comparison: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(export.as_csv(comparison))))
    assert [(line["item"], line["label"]) for line in lines] == [
        (item.id, label) for item in comparison.items for label in HEARD
    ]
    first = lines[0]
    assert (first["hits"], first["word_error_rate"], first["text"], first["tags"]) == (
        "4", "0.0", "Good morning to you.", "short;one",
    )  # fmt: skip
    failed = next(line for line in lines if line["outcome"] == "failed")
    assert failed["why"] == "the line broke (1006)"


def test_json_is_one_object(comparison: Comparison) -> None:
    told_ = json.loads(export.as_json(comparison))
    assert set(told_) == {"summary", "asked", "provenance", "remarks"}
    assert [label["label"] for label in told_["summary"]["labels"]] == list(HEARD)
    assert told_["asked"][0]["details"] == {"version": "7"}


def test_markdown_is_for_a_pull_request(comparison: Comparison) -> None:
    text = export.as_markdown(comparison)
    assert text.startswith("### ")
    assert "| right |" in text
    assert "the line broke (1006)" in text


def test_markdown_cells_stay_in_their_table() -> None:
    table = Table("c", [Column("a"), Column("b")], [Row("x|y", [Cell("1\n2", best=True)])])
    assert table.markdown().splitlines() == ["| a | b |", "| --- | ---: |", "| x\\|y | **1 2** |"]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "share", "-"), (0.1234, "share", "12.3 %"), (-0.25, "seconds", "-0.250 s"), (3.0, "words", "3"),
        (0.5, "ratio", "0.500"), (0.4567, "currency per hour", "0.457 USD"), (2.0, "words per minute", "2.00 a minute"),
    ],
)  # fmt: skip
def test_figures_are_told(value: float | None, unit: str, said: str) -> None:
    assert told(value, unit, "USD") == said  # type: ignore[arg-type]


def test_the_99th_percentile_of_few_is_called_the_largest() -> None:
    few, many = distribution([0.1 * n for n in range(50)], 2), distribution([0.1 * n for n in range(100)])
    assert "largest 4.900 s" in beyond(few, "seconds")
    assert "P99" not in beyond(few, "seconds")
    assert "2 missing" in beyond(few, "seconds")
    assert "P99" in beyond(many, "seconds")
    assert briefly(distribution([1.0], 0), "seconds") == "largest 1.000 s"


@pytest.mark.parametrize(("seconds", "said"), [(5.04, "5.0 s"), (61, "1 min 01 s"), (3725, "1 h 02 min")])
def test_times_are_told(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
