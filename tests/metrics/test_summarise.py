import json
from pathlib import Path

import jiwer
import msgspec
import pytest

from metrics.streams import METHOD, START, corpus, ended, item, said, take, words
from voxport.errors import SettingsError
from voxport.events import Failed, Usage
from voxport.metrics import MEASURES, PriceList, Summary, summarise, values
from voxport.metrics.align import Counts
from voxport.metrics.cost import Price
from voxport.metrics.summary import Failure, Figures
from voxport.take import Item, Take

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "words.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def summary() -> Summary:
    items, takes = corpus(["a", "b"], 24)
    return summarise(takes, items, METHOD)


def spoken(label: str, text: str, number: str = "1", *, at: float = 9.0) -> Take:
    return take(said(at, text, final=True), ended(10.5), label=label, item=number)


def of_texts(texts: dict[str, list[str]], references: list[str], *, call: int = 1) -> Summary:
    """A comparison of labels by their texts; so many items next to each other are one call."""
    items = [item(text, id=str(at), group=f"call-{at // call}") for at, text in enumerate(references)]
    takes = [spoken(label, text, str(at)) for label, heard in texts.items() for at, text in enumerate(heard)]
    return summarise(takes, items, METHOD)


# --------------------------------------------------------------------------- the whole


def test_a_summary_survives_json(summary: Summary) -> None:
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


def test_equal_takes_give_equal_figures(summary: Summary) -> None:
    items, takes = corpus(["a", "b"], 24)
    assert summarise(takes, items, METHOD) == summary


def test_every_figure_is_defined(summary: Summary) -> None:
    def names(figures: Figures) -> set[str]:
        return {one.measure for one in figures.ratios} | {one.measure for one in figures.spreads}

    assert names(summary.labels[0].figures) <= set(summary.measures) <= set(MEASURES)
    assert list(summary.measures) == [name for name in MEASURES if name in summary.measures]
    for measure in MEASURES.values():
        assert measure.title
        assert measure.definition.endswith(".")
        assert "  " not in measure.definition


def test_what_it_was_measured_with_goes_with_it(summary: Summary) -> None:
    assert summary.method == METHOD
    assert [(one.name, one.version) for one in summary.normalisers] == [("raw", "1"), ("plain", "1")]


def test_a_take_of_an_unknown_item_is_refused() -> None:
    with pytest.raises(SettingsError, match="a take of a is of item '2'"):
        summarise([take(item="2")], [item()], METHOD)


def test_nothing_gives_an_empty_summary() -> None:
    nothing = summarise([], [], METHOD)
    assert (nothing.labels, nothing.pairs, nothing.items, nothing.ranking) == ((), (), (), ())


# --------------------------------------------------------------------------- labels


def test_the_error_rate_is_pooled_as_jiwer_pools_it() -> None:
    references, heard = [row[0] for row in FIXTURE], [row[1] for row in FIXTURE]
    figure = of_texts({"a": heard}, references).label("a").figures.ratio("word_error_rate", "raw")
    judged = jiwer.process_words(references, heard)
    assert figure
    assert figure.value == judged.wer
    assert figure.numerator == judged.substitutions + judged.deletions + judged.insertions


def test_repeated_takes_of_one_item_are_pooled() -> None:
    found = summarise([spoken("a", "x"), spoken("a", "one")], [item("one")], METHOD).label("a")
    figure = found.figures.ratio("word_error_rate", "plain")
    assert figure
    assert (found.takes, figure.value, figure.numerator, figure.denominator) == (2, 0.5, 1, 2)


def test_a_session_that_failed_counts_with_what_it_lost_and_one_that_never_began_only_as_a_failure() -> None:
    failed = Failed(received_at=START + 5.0, kind="network", code="1006", message="broken")
    takes = [
        take(said(1.0, "one", final=True), failed), take(failed, begun=False), take(error="interrupted"),
        spoken("a", "one two three"),
    ]  # fmt: skip
    found = summarise(takes, [item("one two three")], METHOD).label("a")
    assert found.failures == (
        Failure("1", "failed", "broken (1006)"), Failure("1", "failed", "broken (1006)"), Failure("1", "error", "interrupted"),
    )  # fmt: skip
    figure = found.figures.ratio("word_error_rate", "plain")
    assert figure
    assert (found.takes, found.figures.takes, figure.numerator, figure.denominator) == (4, 2, 2, 6)


def test_a_label_of_failures_alone_has_no_figures_and_no_rank() -> None:
    takes = [take(error="no such file", label="b"), spoken("a", "one")]
    found = summarise(takes, [item("one")], METHOD)
    assert (found.label("b").figures.takes, found.label("b").figures.ratios) == (0, ())
    assert [rank.label for rank in found.ranking] == ["a"]
    assert (found.pairs[0].items, found.pairs[0].differences) == (0, ())


def test_an_unpaced_take_has_no_latencies() -> None:
    unpaced = msgspec.structs.replace(spoken("a", "one"), realtime=False)
    found = summarise([unpaced], [item("one", words=words("one"))], METHOD)
    assert not {"connect", "first_partial", "word_commit", "close", "dead_air"} & set(found.measures)
    assert "word_error_rate" in found.measures


def test_prices_that_were_used_are_told() -> None:
    price = Price(provider="toy", per_hour=3.6, date="2026-01", source="made up")
    usage = Usage(provider="toy", connection=1, billed_by="audio", billed_seconds=10.0)
    made = take(ended(10.5, usage=(usage,)), billed_by="audio")
    found = summarise([made], [item("")], METHOD, PriceList(currency="EUR", prices=(price,)))
    figure = found.label("a").figures.ratio("cost_per_hour")
    assert figure
    assert (found.currency, found.label("a").prices) == ("EUR", (price,))
    assert figure.value == pytest.approx(3.6)


def test_an_item_in_another_language_is_judged_by_what_serves_it() -> None:
    method = msgspec.structs.replace(METHOD, normalisers=("plain", "whisper-english"), primary="whisper-english")
    items = [item("un deux", id="1", language="fr"), item("twenty two", id="2", language="en-GB")]
    found = summarise([spoken("a", "un", "1"), spoken("a", "22", "2")], items, method).label("a").figures
    rates = {
        one.normaliser: (one.numerator, one.denominator) for one in found.ratios if one.measure == "word_error_rate"
    }
    assert rates == {"plain": (3, 4), "whisper-english": (0, 1)}
    recall = found.ratio("tail_recall")
    assert recall
    assert (recall.numerator, recall.denominator) == (2, 3)


@pytest.mark.parametrize(
    ("text", "rate"), [("Ask not what", 0.0), ("ask, NOT what.", 0.0), ("ask what", 1 / 3), ("", 1.0)]
)
def test_one_take_by_itself_has_the_figures_that_a_summary_tells_of_it(text: str, rate: float) -> None:
    made, truth = spoken("a", text), item("ask not, what")
    found = values(made, truth, METHOD)
    assert found["word_error_rate"] == pytest.approx(rate)
    assert found == summarise([made], [truth], METHOD).items[0].takes[0].values


# --------------------------------------------------------------------------- pairs


def test_equal_labels_tie_in_everything() -> None:
    items, takes = corpus(["a"], 12)
    both = [*takes, *(msgspec.structs.replace(one, label="b") for one in takes)]
    (pair,) = summarise(both, items, METHOD).pairs
    assert {one.difference for one in pair.differences} == {0.0}
    assert {one.better for one in pair.differences} == {"tie", "unknown"}
    assert {one.measure for one in pair.differences if one.better == "unknown"} == {"words_after_finish"}
    assert pair.mapsswe
    assert pair.mapsswe.z == 0.0
    assert pair.disagreement.rate == 0.0


def test_a_difference_that_is_there_is_found_in_the_right_direction() -> None:
    references = [f"a b c d e f g {at}" for at in range(30)]
    worse = [text.replace("b", "x") for text in references]
    found = of_texts({"good": references, "bad": worse}, references)
    (pair,) = found.pairs
    errors, recall = (
        pair.difference(name, "plain" * (name == "word_error_rate")) for name in ("word_error_rate", "head_recall")
    )
    assert errors
    assert recall
    assert (errors.better, recall.better) == ("first", "first")
    assert errors.difference == pytest.approx(-1 / 8)
    assert recall.difference == pytest.approx(1 / 5)
    assert pair.mapsswe
    assert (pair.mapsswe.segments, pair.mapsswe.mean) == (30, -1.0)
    assert [(rank.place, rank.label, rank.ties) for rank in found.ranking] == [(1, "good", ()), (2, "bad", ())]


def test_what_is_missing_is_counted_over_all_takes() -> None:
    items = [item("one", id=str(at), words=words("one")) for at in range(3)]
    found = summarise([spoken("a", "one" if at == 0 else "", str(at)) for at in range(3)], items, METHOD)
    told = found.label("a").figures.spread("word_commit")
    assert told
    assert (told.n, told.missing) == (1, 2)


def test_latencies_differ_by_their_percentiles() -> None:
    items = [item("one", id=str(at), words=words("one")) for at in range(20)]
    takes = [
        spoken(label, "one", str(at), at=1.0 + slow + at / 100)
        for label, slow in (("a", 0.0), ("b", 0.5))
        for at in range(20)
    ]
    (pair,) = summarise(takes, items, METHOD).pairs
    for statistic in ("p50", "p90", "p95"):
        found = pair.difference("word_commit", statistic=statistic)
        assert found
        assert found.better == "first"
        assert found.difference == pytest.approx(-0.5)
        assert found.interval
        assert found.interval.low <= -0.5 <= found.interval.high
    assert pair.difference("longest_deletion_run", statistic="p50") is None


def test_the_bootstrap_and_the_matched_pairs_test_agree() -> None:
    """On the texts of the fixture neither finds a difference; with the better half of one of them both do."""
    references, first, second = ([row[at] for row in FIXTURE] for at in range(3))
    (pair,) = of_texts({"a": first, "b": second}, references).pairs
    found = pair.difference("word_error_rate", "raw")
    assert found
    assert pair.mapsswe
    assert (found.better, pair.mapsswe.p > 0.05) == ("tie", True)
    half = [one if at % 2 else reference for at, (one, reference) in enumerate(zip(first, references, strict=True))]
    (pair,) = of_texts({"a": half, "b": second}, references).pairs
    found = pair.difference("word_error_rate", "raw")
    assert found
    assert pair.mapsswe
    assert (found.better, pair.mapsswe.p < 0.01) == ("first", True)


def test_only_items_that_both_have_are_compared() -> None:
    references = [f"a b c {at}" for at in range(10)]
    takes = [spoken("a", text, str(at)) for at, text in enumerate(references)]
    takes += [spoken("b", text if at < 5 else "x", str(at)) for at, text in enumerate(references)]
    takes = [one for one in takes if not (one.label == "a" and int(one.item) >= 5)]
    found = summarise(takes, [item(text, id=str(at)) for at, text in enumerate(references)], METHOD)
    (pair,) = found.pairs
    errors = pair.difference("word_error_rate", "plain")
    assert errors
    assert (pair.items, pair.blocks, errors.first, errors.second) == (5, 5, 0.0, 0.0)
    whole = found.label("b").figures.ratio("word_error_rate", "plain")
    assert whole
    assert whole.value == pytest.approx(0.5)


def test_calls_are_resampled_whole() -> None:
    """All errors in one call of three: that the interval covers zero is seen only by drawing calls."""
    references = ["a b c d"] * 30
    bad = ["a b c x" if at < 10 else "a b c d" for at in range(30)]
    apart, together = (of_texts({"a": references, "b": bad}, references, call=size) for size in (1, 10))
    found = [one.pairs[0].difference("word_error_rate", "plain") for one in (apart, together)]
    assert [one.better for one in found if one] == ["first", "tie"]
    assert (apart.pairs[0].blocks, together.pairs[0].blocks) == (30, 3)


def test_two_calls_are_enough_to_resample() -> None:
    found = of_texts({"a": ["one"] * 4, "b": ["x"] * 4}, ["one"] * 4, call=2).pairs[0]
    difference = found.difference("word_error_rate", "plain")
    assert difference
    assert (found.blocks, difference.better) == (2, "first")


def test_a_single_call_gives_figures_and_no_intervals() -> None:
    found = of_texts({"a": ["one"] * 3, "b": ["x"] * 3}, ["one"] * 3, call=3)
    difference = found.pairs[0].difference("word_error_rate", "plain")
    assert difference
    assert (difference.difference, difference.interval, difference.better) == (-1.0, None, "unknown")
    assert [(rank.place, rank.ties) for rank in found.ranking] == [(1, ("b",)), (1, ("a",))]


def test_labels_that_may_be_as_good_as_the_best_share_its_place() -> None:
    references = ["a b c d e f g h"] * 40
    right, wrong = references[0], "x y z d e f g h"
    labels = {
        "best": [right] * 40, "nearly": [wrong if at == 0 else right for at in range(40)], "far": [wrong] * 40,
        "farther": ["" if at == 1 else wrong for at in range(40)],
    }  # fmt: skip
    found = of_texts(labels, references)
    assert [(rank.place, rank.label, rank.ties) for rank in found.ranking] == [
        (1, "best", ("nearly",)), (1, "nearly", ("best",)), (3, "far", ("farther",)), (3, "farther", ("far",)),
    ]  # fmt: skip


# --------------------------------------------------------------------------- without a reference


def test_without_references_there_is_disagreement_and_no_error() -> None:
    items = [Item(id=str(at), audio="a.wav") for at in range(3)]
    texts = {"a": ["We met Anna.", "at ten", "same"], "b": ["we met Hannah", "at 10", "same"]}
    takes = [spoken(label, text, str(at)) for label, heard in texts.items() for at, text in enumerate(heard)]
    method = msgspec.structs.replace(METHOD, normalisers=("whisper-english",), primary="whisper-english")
    found = summarise(takes, items, method)
    (pair,) = found.pairs
    assert not {name for name in found.measures if "error" in name or "recall" in name}
    assert (found.ranking, pair.mapsswe) == ((), None)
    assert (pair.disagreement.items, pair.disagreement.identical, pair.disagreement.name) == (3, 2, 1)
    assert pair.disagreement.formatting == 2
    assert pair.disagreement.rate == pytest.approx(1 / 6)
    first, second = found.items[0].takes
    assert (found.items[0].against, found.items[0].reference) == ("a", None)
    assert {piece.kind for piece in first.pieces} == {"same"}
    assert [(piece.kind, piece.second) for piece in second.pieces] == [
        ("formatting", "we"),
        ("same", "met"),
        ("name", "Hannah"),
    ]


# --------------------------------------------------------------------------- tags and items


def test_tags_break_the_figures_down() -> None:
    items = [item("one", id=str(at), tags=("noisy", "short") if at % 2 else ("short",)) for at in range(4)]
    found = summarise([spoken("a", "x" if at % 2 else "one", str(at)) for at in range(4)], items, METHOD)
    rates = {}
    for tag in found.tags:
        figure = tag.figures.ratio("word_error_rate", "plain")
        assert figure
        rates[tag.tag, tag.label] = (figure.value, tag.figures.takes)
    assert rates == {("short", "a"): (0.5, 4), ("noisy", "a"): (1.0, 2)}


def test_an_item_tells_all_of_each_take() -> None:
    truth = item("Hello, world again", words=words("Hello world again"))
    failed = take(Failed(kind="refused", code="401", message="no"), begun=False, label="b")
    found = summarise([spoken("a", "hello word again", at=2.0), failed], [truth], METHOD)
    (told,) = found.items
    first, second = told.takes
    assert (told.id, told.against, first.text) == ("1", "reference", "hello word again")
    assert [(one.normaliser, one.counts) for one in first.words] == [("raw", Counts(1, 2)), ("plain", Counts(2, 1))]
    assert [(piece.kind, piece.first, piece.second) for piece in first.pieces] == [
        ("formatting", "Hello,", "hello"), ("content", "world", "word"), ("same", "again", "again"),
    ]  # fmt: skip
    assert first.values["word_error_rate"] == pytest.approx(1 / 3)
    assert first.values["word_commit"] == pytest.approx(1.0)  # the median of 1.5 and 0.5
    assert (second.outcome, second.why, second.values) == ("failed", "no (401)", {})
