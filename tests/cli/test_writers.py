from collections.abc import Iterable

import pytest

from voxport.cli._cues import Cues, Srt, Vtt
from voxport.cli._output import Screen
from voxport.cli._writers import Text
from voxport.events import AnyEvent, Transcript, TurnEnded, Word

Capture = pytest.CaptureFixture[str]


def final(text: str, start: float | None = None, end: float | None = None, **more: object) -> Transcript:
    return Transcript(is_final=True, text=text, start=start, end=end, **more)  # type: ignore[arg-type]


def text(capsys: Capture, events: Iterable[AnyEvent], *, turns: bool = True) -> str:
    writer = Text(Screen(live=False), lambda _: turns)
    for event in events:
        writer.take(event)
    writer.close()
    return capsys.readouterr().out


def test_the_finals_of_a_turn_are_one_line(capsys: Capture) -> None:
    events: list[AnyEvent] = [final("Ask"), final("not"), final(".", glued=True), TurnEnded(), final("What?")]
    assert text(capsys, events) == "Ask not.\nWhat?\n"


def test_without_turns_each_final_is_a_line_with_what_is_glued_to_it(capsys: Capture) -> None:
    events: list[AnyEvent] = [final("Ask not"), final(".", glued=True), final("What"), final("?", glued=True)]
    assert text(capsys, events, turns=False) == "Ask not.\nWhat?\n"


def test_channels_are_lines_of_their_own(capsys: Capture) -> None:
    events: list[AnyEvent] = [
        final("left", channel=0), final("right", channel=1), final("again", channel=0), TurnEnded(channel=1),
        TurnEnded(channel=0), final("a", channel=0), final("b", channel=1), TurnEnded(),
    ]  # fmt: skip
    assert text(capsys, events) == "right\nleft again\na\nb\n"


def test_partials_are_no_data(capsys: Capture) -> None:
    assert text(capsys, [Transcript(is_final=False, text="As")]) == ""


def cues(capsys: Capture, events: Iterable[AnyEvent], style: Srt | Vtt) -> str:
    writer = Cues(Screen(live=False), style)
    for event in events:
        writer.take(event)
    writer.close()
    return capsys.readouterr().out


def test_a_cue_has_the_times_of_its_words(capsys: Capture) -> None:
    words = (Word("Ask", 3661.2345, 3662.0), Word("not"), Word("what", 3663.0, 3664.5))
    assert cues(capsys, [final("Ask not what", 0.0, 9.0, words=words)], Srt()) == (
        "1\n01:01:01,234 --> 01:01:04,500\nAsk not what\n\n"
    )


def test_a_cue_without_words_has_the_times_of_its_final(capsys: Capture) -> None:
    assert "00:00:01.500 --> 00:00:02.000\n" in cues(capsys, [final("Ask", 1.5, 2.0)], Vtt())


def test_a_cue_without_times_goes_from_the_one_before_to_the_audio_sent(capsys: Capture) -> None:
    said = cues(capsys, [final("Ask", 0.0, 1.0), final("not", audio_sent=3.0)], Srt())
    assert "2\n00:00:01,000 --> 00:00:03,000\nnot\n" in said


def test_a_cue_never_ends_before_it_shows(capsys: Capture) -> None:
    assert "00:00:01,000 --> 00:00:01,001\n" in cues(capsys, [final("Ask", 1.0, 1.0)], Srt())


def test_punctuation_joins_the_cue_that_it_belongs_to(capsys: Capture) -> None:
    events: list[AnyEvent] = [
        final("Ask not", 0.0, 1.0),
        final(".", 1.0, 1.2, glued=True),
        TurnEnded(),
        final("What", 2.0, 3.0),
    ]
    assert cues(capsys, events, Srt()) == (
        "1\n00:00:00,000 --> 00:00:01,200\nAsk not.\n\n2\n00:00:02,000 --> 00:00:03,000\nWhat\n\n"
    )


def test_long_finals_are_wrapped(capsys: Capture) -> None:
    lines = cues(capsys, [final("word " * 40, 0.0, 9.0)], Srt()).splitlines()[2:]
    assert max(map(len, lines)) <= 42
    assert " ".join(lines).split() == ["word"] * 40


def test_vtt_escapes_what_it_would_take_for_markup(capsys: Capture) -> None:
    assert "a &lt;b&gt; &amp; --&gt; c\n" in cues(capsys, [final("a <b> & --> c", 0.0, 1.0)], Vtt())
