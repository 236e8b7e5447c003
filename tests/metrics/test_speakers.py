import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.streams import START, case, item, names, ratio, said, take
from voxport.events import Revision, SpeakersRevised, Word
from voxport.metrics.assignment import best
from voxport.metrics.speakers import diarisation_errors, scores, speaker_word_errors, tracks
from voxport.take import Segment

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "speakers.json").read_text(encoding="utf-8"))


def spoken(rows: list[list[Any]]) -> list[list[str]]:
    texts: dict[str, list[str]] = {}
    for speaker, _, _, text in sorted(rows, key=lambda row: row[1]):
        texts.setdefault(speaker, []).extend(text.split())
    return list(texts.values())


@pytest.mark.parametrize("meeting", FIXTURE, ids=range(len(FIXTURE)))
def test_speakers_are_judged_as_md_eval_and_meeteval_judge_them(meeting: dict[str, Any]) -> None:
    said, told = (tracks((row[0], (row[1], row[2])) for row in meeting[side]) for side in ("reference", "heard"))
    wrong, speech = diarisation_errors(said, told, collar=0.25)
    judged = meeting["judged"]
    assert 100 * wrong / speech == pytest.approx(judged["percent"], abs=0.00501)
    assert speech == pytest.approx(judged["scored"], abs=0.00501)
    assert wrong == pytest.approx(judged["missed"] + judged["false"] + judged["wrong"], abs=0.01501)
    assert speaker_word_errors(spoken(meeting["reference"]), spoken(meeting["heard"])) == (
        judged["word_errors"], judged["words"],
    )  # fmt: skip


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_the_assignment_is_the_cheapest(rows: int, columns: int, data: st.DataObject) -> None:
    cost = st.integers(-9, 9) | st.floats(-9, 9)
    costs = data.draw(st.lists(st.lists(cost, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    pairs = best(costs)
    assert len(pairs) == min(rows, columns) == len({r for r, _ in pairs}) == len({c for _, c in pairs})
    wide = costs if rows <= columns else [list(column) for column in zip(*costs, strict=True)]
    cheapest = min(
        sum(wide[r][c] for r, c in enumerate(order)) for order in itertools.permutations(range(len(wide[0])), len(wide))
    )
    assert sum(costs[r][c] for r, c in pairs) == pytest.approx(cheapest)
    assert best([]) == best([[]]) == []


MEETING = item(
    "how are you fine thanks",
    segments=(
        Segment(start=0.0, end=2.0, speaker="anna", text="how are you"), Segment(start=3.0, end=5.0, speaker="ben", text="fine thanks"),
    ),
)  # fmt: skip
HEARD = (
    Word("how", 0.0, 0.5, speaker="1"), Word("are", 0.5, 1.0, speaker="1"), Word("you", 1.0, 2.0, speaker="1"),
    Word("fine", 3.0, 4.0, speaker="2"), Word("thanks", 4.0, 5.0, speaker="2"),
)  # fmt: skip


def test_all_right() -> None:
    found = list(scores(case(MEETING, take(said(5.0, "how are you fine thanks", final=True, words=HEARD)))))
    assert ratio(found, "diarisation_error_rate") == (0, 3.0)  # the collar takes 1 s of 4
    assert ratio(found, "speaker_word_error_rate") == (0, 5)


def test_one_label_for_both() -> None:
    words = tuple(Word(word.text, word.start, word.end) for word in HEARD)
    made = take(said(5.0, "how are you fine thanks", final=True, words=words, speaker="1"))
    found = list(scores(case(MEETING, made)))
    assert ratio(found, "diarisation_error_rate") == (2.0, 3.0)  # and the pause
    assert ratio(found, "speaker_word_error_rate") == (4, 5)  # two words too many for one, two missing of the other


def test_speech_between_words_of_one_speaker_in_one_final_is_speech() -> None:
    words = (HEARD[0], HEARD[2], *HEARD[3:])
    made = take(said(5.0, "how you fine thanks", final=True, words=words))
    assert ratio(scores(case(MEETING, made)), "diarisation_error_rate") == (0, 3.0)
    apart = take(
        said(2.0, "how", final=True, words=HEARD[:1]), said(5.0, "you fine thanks", final=True, words=words[1:])
    )
    assert ratio(scores(case(MEETING, apart)), "diarisation_error_rate") == (0.5, 3.0)


def test_revised_speakers_count() -> None:
    wrong = tuple(Word(word.text, word.start, word.end, speaker="1") for word in HEARD)
    made = take(
        said(5.0, "how are you fine thanks", final=True, words=wrong, utterance="u"),
        SpeakersRevised(received_at=START + 6.0, revisions=(Revision("u", words=HEARD), Revision("other"))),
    )
    assert ratio(scores(case(MEETING, made)), "speaker_word_error_rate") == (0, 5)


def test_without_speakers_on_both_sides_there_is_nothing_to_judge() -> None:
    bare = take(said(5.0, "how are you", final=True))
    assert names(scores(case(MEETING, bare))) == set()
    assert names(scores(case(item("how are you"), take(said(5.0, "how", final=True, speaker="1"))))) == set()
    untold = item("a", segments=(Segment(start=0.0, end=2.0, speaker="anna"),))
    made = take(said(5.0, "how are you fine thanks", final=True, words=HEARD))
    assert names(scores(case(untold, made))) == {"diarisation_error_rate"}
