from voxport.events import Acknowledged, SpeechStarted, Transcript, TurnEnded, Word
from voxport.timeline import Timeline, texts


def final(text: str, start: float, *, glued: bool = False, is_final: bool = True) -> Transcript:
    words = tuple(Word(word, start + at, start + at + 1) for at, word in enumerate(text.split()))
    return Transcript(is_final=is_final, text=text, start=start, end=start + len(words), words=words, glued=glued)


def test_the_first_connection_keeps_its_times() -> None:
    heard = final("a b", 1.0)
    assert Timeline().place(heard) is heard


def test_a_later_connection_is_shifted() -> None:
    timeline = Timeline()
    timeline.restart(10.0)
    assert timeline.place(final("a b", 1.0)) == final("a b", 11.0)
    assert timeline.place(Acknowledged(until=1.0)) == Acknowledged(until=11.0)
    assert timeline.place(SpeechStarted(at=1.0)) == SpeechStarted(at=11.0)
    assert timeline.place(TurnEnded(at=None)) == TurnEnded(at=None)


def test_a_repeat_is_left_out_and_the_rest_kept() -> None:
    timeline = Timeline()
    timeline.place(final("a b", 0.0))
    timeline.restart(0.0)
    assert timeline.place(final("a b", 0.0)) is None
    kept = timeline.place(final("b c", 1.0))
    assert isinstance(kept, Transcript)
    assert (kept.text, kept.start, [word.text for word in kept.words]) == ("c", 2.0, ["c"])


def test_partials_are_trimmed_too_but_settle_nothing() -> None:
    timeline = Timeline()
    timeline.place(final("a", 0.0))
    timeline.restart(0.0)
    assert timeline.place(final("a", 0.0, is_final=False)) is None
    timeline.place(final("b c", 1.0, is_final=False))
    assert timeline.place(final("b c", 1.0)) == final("b c", 1.0)


def test_a_transcript_without_words_is_judged_as_a_whole() -> None:
    timeline = Timeline()
    timeline.place(final("a b", 0.0))
    timeline.restart(0.0)
    bare = Transcript(is_final=True, text="b c", start=1.0, end=3.0)
    assert timeline.place(Transcript(is_final=True, text="a", start=0.0, end=1.0)) is None
    assert timeline.place(bare) == bare


def test_on_one_connection_nothing_is_taken_for_a_repeat() -> None:
    timeline = Timeline()
    timeline.place(final("a b", 0.0))
    overlapping = final("c", 0.5)
    assert timeline.place(overlapping) is overlapping


def test_finals_join_with_spaces_unless_glued() -> None:
    assert texts([final("a", 0), final(". b", 1, glued=True), final("c", 3, is_final=False), final("d", 4)]) == "a. b d"
