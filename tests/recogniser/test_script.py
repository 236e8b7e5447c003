from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxport.errors import SettingsError
from voxport.events import Word
from voxport.recogniser import Heard
from voxport.recogniser.script import Script

GOOD = {"text": "Good", "start": 0.2, "end": 0.5, "confidence": 0.98}
MORNING = {"text": "morning", "start": 0.5, "end": 0.9, "speaker": "A", "language": "en"}
LATER = {"text": "Later", "start": 2.0, "end": 2.25}


def play(tree: list[dict[str, Any]], seconds: float, size: int = 160) -> list[Heard]:
    listening = Script.of(tree).listen()
    samples = np.zeros(round(seconds * 16_000), np.float32)
    heard = [item for at in range(0, len(samples), size) for item in listening.hear(samples[at : at + size])]
    return heard + listening.finish()


def brief(heard: list[Heard]) -> list[tuple[str, bool]]:
    return [(item.text, item.is_final) for item in heard]


def test_a_word_is_heard_when_the_audio_has_come_to_its_end() -> None:
    listening = Script.of([GOOD]).listen()
    assert listening.hear(np.zeros(7999, np.float32)) == []
    word = Word("Good", 0.2, 0.5, 0.98)
    assert listening.hear(np.zeros(1, np.float32)) == [Heard("Good", 0.2, 0.5, (word,), is_final=False)]


def test_a_gap_of_one_second_ends_a_turn_and_so_does_the_end() -> None:
    assert brief(play([GOOD, MORNING, LATER], 2.3)) == [
        ("Good", False), ("Good morning", False), ("Good morning", True), ("Later", False), ("Later", True),
    ]  # fmt: skip


def test_a_word_may_end_the_turn_at_once() -> None:
    heard = play([GOOD, {**MORNING, "ends_turn": True}], 0.9)
    assert brief(heard) == [("Good", False), ("Good morning", True)]
    assert heard[-1].words[1] == Word("morning", 0.5, 0.9, None, "A", "en")


def test_partials_show_a_word_before_it_is_over() -> None:
    heard = play([GOOD, {**MORNING, "partials": ["more", "mourning"]}], 0.9)
    assert brief(heard)[1:3] == [("Good more", False), ("Good mourning", False)]
    assert heard[2].words[1].estimated
    assert [item.end for item in heard[:4]] == pytest.approx([0.5, 0.6333, 0.7667, 0.9], abs=1e-3)


def test_words_after_the_end_of_the_audio_are_never_heard() -> None:
    assert brief(play([GOOD, MORNING], 0.6)) == [("Good", False), ("Good", True)]


def test_a_flush_ends_the_turn_and_the_script_goes_on() -> None:
    listening = Script.of([GOOD, MORNING]).listen()
    listening.hear(np.zeros(9600, np.float32))
    assert brief(listening.flush()) == [("Good", True)]
    assert listening.flush() == []
    assert brief(listening.hear(np.zeros(48_000, np.float32))) == [("morning", False), ("morning", True)]


def test_it_makes_no_difference_how_the_audio_was_cut() -> None:
    assert play([GOOD, MORNING, LATER], 4, 77) == play([GOOD, MORNING, LATER], 4, 10**6)


def test_a_closed_script_says_nothing() -> None:
    listening = Script.of([GOOD]).listen()
    listening.close()
    assert listening.hear(np.zeros(48_000, np.float32)) == []
    assert listening.finish() == []


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("- {text: Hello, start: 0, end: 1}\n", encoding="utf-8")
    assert brief(Script.load(path).listen().hear(np.zeros(16_000, np.float32))) == [("Hello", False)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "- {text: a, start: 0, end: 1, ends_trun: true}",
            r"\[0\]: 'ends_trun': unknown key; did you mean 'ends_turn'",
        ),
        ("- {text: a, start: 0}", r"\[0\]: object missing required field `end`"),
        ("- {text: a, start: 0, end: 1}\n- {text: b, start: -1, end: 2}", r"\[1\]\.start: expected `float` >= 0"),
        ("- {text: a, start: 1, end: 0.5}", r"\[0\]\.end: 0\.5 is before the word's start, 1"),
        ("- {text: a, start: 0, end: 1}\n- {text: b, start: 0.9, end: 2}", r"\[1\]\.start: 0\.9 is before the end of"),
        ("text: a", r"expected `array`, got `object`"),
        ("- {text: [", r"not valid YAML"),
        ("- !!python/object/apply:os.getcwd []", r"not valid YAML"),
    ],
)
def test_a_script_that_does_not_fit_is_told_with_file_and_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=f"^{path}: .*{complaint}"):
        Script.load(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        Script.load(tmp_path / "none.yaml")
