"""What the server end hears, and what it says but for turns."""

import json
from typing import Any

import pytest

from support.assemblyai import (
    ANSWER,
    BEGIN,
    DETAILS,
    DIARIZED,
    REVISION,
    SAID,
    U3,
    US,
    finished,
    guess,
    query,
    refusal,
    said,
    upgrade,
)
from voxport.codec import Closed
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, Invalid, KeepAlive
from voxport.events import (
    Acknowledged,
    AudioEvent,
    Begun,
    Configured,
    Ended,
    Insight,
    LanguageDetected,
    Notice,
    Revision,
    SpeakersRevised,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    TurnEnded,
    TurnResumed,
    Unknown,
    Word,
)

# ------------------------------------------------------------------- hearing


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (b"12" * 800, Audio(b"12" * 800)),
        ('{"type":"Terminate"}', Finish()),
        ('{"type": "ForceEndpoint"}', EndUtterance()),
        ('{"type":"KeepAlive"}', KeepAlive()),
        ('{"max_turn_silence":900,"type":"UpdateConfiguration"}', Configure({"end_of_turn_silence_ms": 900})),
    ],
)
def test_the_server_hears(frame: str | bytes, command: Command) -> None:
    assert list(upgrade().server.receive(frame)) == [command]


JSON_ERROR = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        ("{x}", 3006, f"User Input Validation Error: Invalid JSON: {JSON_ERROR}"),
        ('{"type":"Bogus"}', 3006, "User Input Validation Error: Invalid Message Type: Bogus"),
        ('{"type":"terminate_session"}', 3006, "User Input Validation Error: Invalid Message Type: terminate_session"),
        ('{"type":7}', 3006, "User Input Validation Error: Invalid Message Type: 7"),
        ("[]", 3006, "Invalid Message: []"),
        ("{}", 3006, "Invalid Message: {}"),
        (
            bytes(38_400),
            3007,
            "Input Duration Error: Input Duration Violation: 1200.0 ms. Expected between 50 and 1000 ms",
        ),
    ],
)
def test_what_breaks_the_protocol_ends_the_session(frame: str | bytes, code: int, text: str) -> None:
    failed = refusal(upgrade(), frame)
    assert (failed.code, failed.message) == (str(code), text)


@pytest.mark.parametrize("frame", ["[" * 100_000, '{"type":"\\ud800"}', '{"type":NaN}', f'{{"a":{"9" * 5000}}}'])
def test_no_nonsense_makes_it_raise(frame: str) -> None:
    accepted = upgrade()
    (invalid,) = accepted.server.receive(frame)
    assert isinstance(invalid, Invalid)
    assert said(accepted, invalid.answer)[-1] == Closed(3006, DETAILS)


def test_short_messages_are_borne_for_about_a_second() -> None:
    end = upgrade().server
    heard = [type(command) for _ in range(50) for command in end.receive(bytes(640))]
    assert heard == [Audio] * 49 + [Invalid]
    end = upgrade().server
    chunks = [bytes(640)] * 49 + [bytes(1600)] + [bytes(640)] * 49 + [bytes(32_000)]
    assert {type(command) for chunk in chunks for command in end.receive(chunk)} == {Audio}


def test_the_length_of_a_message_depends_on_rate_and_encoding() -> None:
    accepted = upgrade("sample_rate=8000&encoding=pcm_mulaw")
    assert list(accepted.server.receive(bytes(8000))) == [Audio(bytes(8000))]
    assert refusal(accepted, bytes(8001)).code == "3007"


# ------------------------------------------------------------------- saying


def test_the_greeting_is_as_the_page_shows_it() -> None:
    (frame,) = upgrade().server.send(Begun())
    assert json.loads(str(frame)) == json.loads(BEGIN)
    assert '"expires_at":1791007200,' in str(frame)


def test_a_webhook_is_said_not_to_be_delivered_to() -> None:
    begin, warning = said(upgrade(query(webhook_url="https://h/w", webhook_auth_header_name="X-A")), Begun())
    assert begin["type"] == "Begin"
    assert (warning["type"], warning["warning_code"], warning["warning"].startswith("webhook_url: ")) == (
        "Warning", 3006, True,
    )  # fmt: skip


def test_nothing_is_said_that_was_not_opted_in_to() -> None:
    events = (
        Acknowledged(until=9.0, settled=True), Notice(code="slow", message="m"), Notice(code="9" * 5000, message="m"),
        Unknown(kind="x"), SpeechEnded(at=1.0), TurnResumed(at=1.0), Configured(), LanguageDetected(language="fr"),
        AudioEvent(kind="music", at=1.0), Insight(kind="answer", text="t"), SpeakersRevised(revisions=()),
    )  # fmt: skip
    assert said(upgrade(), finished("a"), TurnEnded(), *events)[2:] == []
    assert said(upgrade(f"speech_model={US}"), *events) == []


def test_a_notice_with_a_number_is_a_warning() -> None:
    assert said(upgrade(), Notice(code="3006", message="m")) == [
        {"type": "Warning", "warning_code": 3006, "warning": "m"}
    ]


def test_only_an_error_has_a_key_named_error() -> None:
    accepted = upgrade("session_heartbeat=true&acknowledge_silence=true")
    events = (Begun(), SpeechStarted(at=0.1), SAID, TurnEnded(), Notice(code="1", message="error"), Ended())
    frames = said(accepted, *events)
    assert len(frames) == 6
    assert not any("error" in frame for frame in frames if isinstance(frame, dict))


def test_the_end_is_the_open_turn_then_termination_then_close_1000() -> None:
    clock = [1000.0]
    accepted = upgrade(clock=lambda: clock[0])
    for _ in range(23):
        accepted.server.receive(bytes(9600))
    clock[0] += 7.2
    onset, turn, last, closed = said(accepted, SAID, Ended())
    assert (onset["type"], turn["transcript"], turn["end_of_turn"]) == ("SpeechStarted", SAID.text, True)
    assert last == {"type": "Termination", "audio_duration_seconds": 7, "session_duration_seconds": 8}
    assert closed == Closed(1000, "Session Ended")
    frame = str(next(iter(upgrade().server.send(Ended(reported_audio_seconds=2.6)))))
    assert frame == '{"type":"Termination","audio_duration_seconds":3,"session_duration_seconds":0}'


# ------------------------------------------------------------------- heartbeats and silences


class Beating:
    """A session whose clock moves with its audio."""

    def __init__(self, asked: str) -> None:
        self.now = 1000.0
        self.accepted = upgrade(asked, clock=lambda: self.now)
        self.seconds = 0

    def pass_by(self, seconds: int, settled: int | None = None) -> list[Any]:
        """Audio comes and is acknowledged, second by second; what the server says to that."""
        told = []
        for _ in range(seconds):
            self.accepted.server.receive(bytes(32_000))
            self.now += 1
            self.seconds += 1
            told += said(self.accepted, Acknowledged(until=self.seconds))
        return told + (said(self.accepted, Acknowledged(until=settled, settled=True)) if settled else [])


def test_a_heartbeat_comes_every_five_seconds() -> None:
    session = Beating("session_heartbeat=true")
    said(session.accepted, SpeechStarted(at=0.5), TurnEnded())
    first, second = session.pass_by(11)
    assert first == {
        "type": "Heartbeat", "total_audio_received_ms": 5000, "total_duration_ms": 5000, "realtime_factor": 1.0,
        "max_speech_probability": 1.0,
    }  # fmt: skip
    assert (second["total_audio_received_ms"], second["max_speech_probability"]) == (10_000, 0.0)
    session.now += 10
    (late,) = said(session.accepted, Acknowledged(until=0.0))
    assert (late["total_duration_ms"], late["realtime_factor"]) == (21_000, 0.0909)


def test_a_heartbeat_does_not_claim_a_silence_that_nobody_can_tell() -> None:
    (beat,) = Beating("session_heartbeat=true&include_partial_turns=false").pass_by(5)
    assert beat["max_speech_probability"] == 1.0
    session = Beating("session_heartbeat=true")
    said(session.accepted, guess("a"))
    assert [frame["max_speech_probability"] for frame in session.pass_by(10)] == [1.0, 1.0]


def test_heartbeats_and_silences_can_be_asked_for_and_given_up_in_mid_session() -> None:
    session = Beating(f"speech_model={U3}")
    assert session.pass_by(11) == []
    session.accepted.server.receive(
        '{"type":"UpdateConfiguration","session_heartbeat":true,"acknowledge_silence":true}'
    )
    assert [frame["type"] for frame in session.pass_by(1)] == ["Heartbeat", "Silence"]
    session.accepted.server.receive(
        '{"type":"UpdateConfiguration","session_heartbeat":false,"acknowledge_silence":false}'
    )
    assert session.pass_by(11) == []


def spans(told: list[Any]) -> list[tuple[int, int]]:
    return [(frame["start_ms"], frame["end_ms"]) for frame in told if frame["type"] == "Silence"]


def test_silence_is_told_where_nothing_may_still_be_recognised() -> None:
    session = Beating("acknowledge_silence=true")
    assert spans(session.pass_by(8)) == [(0, 1000), (1000, 2000), (2000, 3000)]
    said(session.accepted, guess("uh", at=7.0))
    assert spans(session.pass_by(9)) == []
    said(session.accepted, finished("uh", at=16.0), TurnEnded(at=16.18))
    assert spans(session.pass_by(6)) == [(16_180, 18_000)]


def test_what_is_settled_is_silence_at_once() -> None:
    session = Beating("acknowledge_silence=true")
    assert spans(session.pass_by(3, settled=3)) == [(0, 3000)]
    assert said(session.accepted, Acknowledged(until=3.5, settled=True)) == []
    said(session.accepted, guess("uh", at=3.2))
    assert spans(said(session.accepted, Acknowledged(until=4.5, settled=True))) == [(3000, 4500)]


@pytest.mark.parametrize("asked", ["", "acknowledge_silence=false", f"acknowledge_silence=true&speech_model={US}"])
def test_silence_is_told_only_where_asked_for_and_by_models_that_know_it(asked: str) -> None:
    assert Beating(asked).pass_by(9, settled=9) == []


def test_without_partials_only_what_is_settled_is_silence() -> None:
    session = Beating("acknowledge_silence=true&include_partial_turns=false")
    assert spans(session.pass_by(9, settled=9)) == [(0, 9000)]


# ------------------------------------------------------------------- what refers to turns


def yes(speaker: str, utterance: str | None = None) -> Transcript:
    """The final of ``DIARIZED``."""
    words = tuple(
        Word(w["text"], w["start"] / 1000, w["end"] / 1000, w["confidence"], speaker,
             speaker_confidence=w["speaker_confidence"])
        for w in json.loads(DIARIZED)["words"]
    )  # fmt: skip
    return Transcript(is_final=True, text="Yes, that works.", words=words, utterance=utterance)


LABELS = "speaker_labels=true"
TO_A = tuple(Word(word.text, confidence=0.5, speaker="A") for word in yes("A").words)


def revised(*utterances: str, speaker: str | None = "A", words: tuple[Word, ...] = TO_A) -> SpeakersRevised:
    return SpeakersRevised(revisions=tuple(Revision(utterance, speaker, words) for utterance in utterances))


def test_speakers_are_revised_before_the_end_as_the_page_shows_it() -> None:
    accepted = upgrade(LABELS)
    said(accepted, *[event for _ in range(5) for event in (finished("x"), TurnEnded())], yes("B"), TurnEnded())
    assert said(accepted, revised("5", "77")) == []
    revision, termination, _ = said(accepted, Ended())
    golden = json.loads(REVISION)
    for word, told in zip(golden["revisions"][0]["words"], json.loads(DIARIZED)["words"], strict=True):
        word["confidence"] = told["confidence"]  # that of the turn is kept
    assert revision == golden
    assert termination["type"] == "Termination"


def test_nothing_is_revised_twice_or_without_labels() -> None:
    accepted = upgrade(LABELS)
    said(accepted, yes("B"), TurnEnded(), revised("0"))
    assert [frame["type"] for frame in said(accepted, Ended())[:-1]] == ["SpeakerRevision", "Termination"]
    accepted = upgrade()
    said(accepted, yes("B"), TurnEnded(), revised("0"))
    assert [frame["type"] for frame in said(accepted, Ended())[:-1]] == ["Termination"]


@pytest.mark.parametrize(("asked", "seconds"), [(1, 120), (200_000, 200), (9_000_000, 300)])
def test_revisions_come_in_mid_stream_at_most_once_in_an_interval_that_is_kept_within_bounds(
    asked: int, seconds: int
) -> None:
    session = Beating(f"{LABELS}&speaker_labels_revision_interval_ms={asked}")
    said(session.accepted, yes("B"), TurnEnded(), yes("C"), TurnEnded())
    session.pass_by(seconds - 1)
    assert said(session.accepted, revised("0")) == []
    session.pass_by(1)
    (revision,) = said(session.accepted, revised("1"))
    assert [turn["turn_order"] for turn in revision["revisions"]] == [0, 1]
    assert said(session.accepted, revised("0", speaker="D", words=())) == []
    session.pass_by(seconds)
    (revision,) = said(session.accepted, revised("1"))
    assert [turn["speaker_label"] for turn in revision["revisions"]] == ["D", "A"]


def test_a_revision_names_utterances_as_whoever_stands_behind_names_them() -> None:
    """Two finals of another provider are one turn here: only the words of the one that is meant change."""
    accepted = upgrade(LABELS)
    said(accepted, yes("B", "u-1"), yes("C", "u-2"), TurnEnded())
    said(accepted, revised("u-2"), revised("0"))
    (turn,) = said(accepted, Ended())[0]["revisions"]
    assert [word["speaker"] for word in turn["words"]] == ["B"] * 3 + ["A"] * 3
    assert turn["speaker_label"] == "B"
    assert not any("speaker_confidence" in word for word in turn["words"][3:])


def test_a_revision_without_words_is_about_all_of_them() -> None:
    accepted = upgrade(LABELS)
    said(accepted, yes("B"), TurnEnded(), revised("0", speaker=None, words=()))
    (turn,) = said(accepted, Ended())[0]["revisions"]
    assert (turn["speaker_label"], [word["text"] for word in turn["words"]]) == ("UNKNOWN", ["Yes,", "that", "works."])


GATEWAY = query(llm_gateway={"model": "m", "messages": []})


def test_an_answer_of_a_language_model_is_as_the_page_shows_it() -> None:
    golden = json.loads(ANSWER)
    accepted = upgrade(GATEWAY)
    said(accepted, SAID, TurnEnded(), finished("later"), TurnEnded())
    (told,) = said(accepted, Insight(kind="answer", text="reschedule", data=golden["data"], utterance="0"))
    assert told == golden


def test_an_answer_without_data_of_that_shape_gets_it() -> None:
    accepted = upgrade(GATEWAY)
    assert said(accepted, Insight(kind="answer", text="t")) == []
    said(accepted, finished("one"), TurnEnded(), finished("two", utterance="u"), TurnEnded())
    choices = [{"message": {"role": "assistant", "content": "t"}, "finish_reason": "stop"}]
    for insight in (Insight(kind="answer", text="t", data=[1]), Insight(kind="answer", text="t", utterance="u")):
        (told,) = said(accepted, insight)
        assert (told["turn_order"], told["transcript"], told["data"]) == (1, "two", {"choices": choices})
    assert said(accepted, Insight(kind="summary", text="t")) == []
