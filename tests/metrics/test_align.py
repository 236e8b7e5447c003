from collections.abc import Callable, Sequence

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxport.metrics.align import Alignment, Block, Counts, align, count, longest, matches, sclite

ROW = st.lists(st.sampled_from("abcdefg"), max_size=14)
WAYS = pytest.mark.parametrize("way", [align, sclite])
Way = Callable[[Sequence[str], Sequence[str]], Alignment]


@given(st.lists(st.tuples(ROW.filter(bool), ROW), min_size=1, max_size=5))
def test_errors_are_those_that_jiwer_counts_to_the_last_one(rows: list[tuple[list[str], list[str]]]) -> None:
    texts = [(" ".join(reference), " ".join(hypothesis)) for reference, hypothesis in rows]
    judged = jiwer.process_words([one for one, _ in texts], [other for _, other in texts])
    ours = sum((count(align(*row)) for row in rows), Counts())
    assert (ours.hits, ours.substitutions, ours.deletions, ours.insertions) == (
        judged.hits, judged.substitutions, judged.deletions, judged.insertions,
    )  # fmt: skip
    assert ours.rate == judged.wer


@given(ROW.filter(bool), ROW)
def test_characters_are_counted_as_jiwer_counts_them(reference: list[str], hypothesis: list[str]) -> None:
    judged = jiwer.process_characters(" ".join(reference), " ".join(hypothesis))
    ours = count(align(" ".join(reference), " ".join(hypothesis)))
    assert (ours.substitutions, ours.deletions, ours.insertions) == (
        judged.substitutions, judged.deletions, judged.insertions,
    )  # fmt: skip
    assert ours.rate == judged.cer


@WAYS
@given(reference=ROW, hypothesis=ROW)
def test_an_alignment_uses_every_word_of_both_once_and_in_order(
    way: Way, reference: list[str], hypothesis: list[str]
) -> None:
    r = h = 0
    for block in way(reference, hypothesis):
        assert (block.r0, block.h0) == (r, h)
        r, h = block.r1, block.h1
        same = reference[block.r0 : r] == hypothesis[block.h0 : h]
        sides = (r - block.r0, h - block.h0)
        assert {
            "equal": same, "replace": sides[0] == sides[1] > 0, "delete": sides[0] > 0 == sides[1],
            "insert": sides[1] > 0 == sides[0],
        }[block.kind]  # fmt: skip
    assert (r, h) == (len(reference), len(hypothesis))


@given(ROW, ROW)
def test_exchanging_the_sides_exchanges_deletions_and_insertions(reference: list[str], hypothesis: list[str]) -> None:
    assert count(align(reference, hypothesis)).errors == count(align(hypothesis, reference)).errors
    assert count(align(reference, reference)).errors == 0


@given(ROW, ROW)
def test_the_weighted_alignment_is_the_cheapest_and_never_has_fewer_errors(
    reference: list[str], hypothesis: list[str]
) -> None:
    def cost(found: Counts) -> int:
        return 4 * found.substitutions + 3 * (found.deletions + found.insertions)

    plain, weighted = count(align(reference, hypothesis)), count(sclite(reference, hypothesis))
    assert cost(weighted) <= cost(plain)
    assert weighted.errors >= plain.errors


def test_the_weighted_alignment_prefers_words_lost_and_made_up_to_words_changed() -> None:
    reference, hypothesis = list("abcde"), list("vwxyabcde")
    assert count(align(reference, hypothesis)) == count(sclite(reference, hypothesis)) == Counts(5, 0, 0, 4)
    reference, hypothesis = list("pqrstabc"), list("abcvwxyz")
    assert count(align(reference, hypothesis)) == Counts(0, 8, 0, 0)
    assert count(sclite(reference, hypothesis)) == Counts(3, 0, 5, 5)


def test_the_rate_of_nothing_is_unknown_and_pools_by_words() -> None:
    assert Counts(insertions=3).rate is None
    assert (Counts(insertions=3) + Counts(hits=9, deletions=1)).rate == pytest.approx(0.4)


def test_runs_and_matches() -> None:
    blocks = align(list("abcdefgh"), list("aefghxy"))
    assert blocks == (
        Block("equal", 0, 1, 0, 1), Block("delete", 1, 4, 1, 1), Block("equal", 4, 8, 1, 5), Block("insert", 8, 8, 5, 7),
    )  # fmt: skip
    assert (longest(blocks, "delete"), longest(blocks, "insert"), longest(blocks, "replace")) == (3, 2, 0)
    assert list(matches(blocks)) == [(0, 0), (4, 1), (5, 2), (6, 3), (7, 4)]
