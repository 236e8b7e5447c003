"""What is done with texts: how a word is said, and loops."""

import pytest

from voxport.recogniser.repeats import collapsed
from voxport.recogniser.spoken import spoken


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Mr.", "mr"),
        ("Don\N{RIGHT SINGLE QUOTATION MARK}t,", "don't"),
        ("'twas", "twas"),
        ("ill-disposed,", "ill disposed"),
        ("\N{EM DASH}", ""),
        ("7", "seven"),
        ("0", "zero"),
        ("42nd", "forty second"),
        ("20th", "twentieth"),
        ("1455.", "fourteen fifty five"),
        ("1800", "one thousand eight hundred"),
        ("2,500,000", "two million five hundred thousand"),
        ("$2.50", "two point five zero dollars"),
        ("15%", "fifteen percent"),
        ("007", "zero zero seven"),
        ("R&D", "r and d"),
        ("MP3", "mp three"),
    ],
)
def test_a_word_is_said_as_the_dictionary_has_it(word: str, said: str) -> None:
    assert " ".join(spoken(word)) == said


LONG = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("No, no, no.", "No, no, no."),
        ("No, no, no, no, no.", "No,"),
        ("it is it is it is", "it is it is it is"),
        ("it is it is it is it is so", "it is so"),
        ("I am here. I am here!", "I am here. I am here!"),
        ("Well, I am here. I am here! I am here", "Well, I am here."),
        (f"{LONG} {LONG} nine", f"{LONG} nine"),
        ("", ""),
    ],
)
def test_a_loop_is_said_once_and_emphasis_stays(text: str, kept: str) -> None:
    assert collapsed(text) == kept
