"""What the client end hears: the frames of the protocol page."""

import json
from typing import Any

import pytest

from support.assemblyai import (
    ANSWER,
    BEGIN,
    DIARIZED,
    FINAL,
    HEARTBEAT,
    ID,
    MULTI,
    ONSET,
    PARTIAL,
    REVISION,
    SAID,
    SILENCE,
    TERMINATION,
    US,
    US_PARTIAL,
    US_UTTERANCE,
    WHISPER,
    client,
    final,
    hear,
    told,
    turn,
)
from voxport.codec import Closed, Opened
from voxport.commands import Configure, Finish
from voxport.events import (
    Acknowledged,
    Begun,
    EagerTurnEnd,
    Ended,
    Failed,
    Insight,
    Notice,
    Revision,
    SpeakersRevised,
    SpeechStarted,
    TurnEnded,
    TurnResumed,
    Unknown,
    Word,
)


def test_the_greeting() -> None:
    (begun,) = hear(Opened(), BEGIN)
    assert begun == Begun(session_id=ID, expires_at=1791007200, details=json.loads(BEGIN)["configuration"])
    assert hear('{"type":"Begin","id":"x","expires_at":1,"configuration":null}') == [
        Begun(session_id="x", expires_at=1)
    ]
    assert hear('{"type":"Begin","id":"x","expires_at":1}') == [Begun(session_id="x", expires_at=1)]


@pytest.mark.parametrize(
    ("written", "at"),
    [("1970-01-01T00:01:00Z", 60), ("1970-01-01T01:01:00+01:00", 60), ("1970-01-01T00:01:00", 60), ("soon", None)],
)
def test_the_expiry_may_be_written_out(written: str, at: float | None) -> None:
    assert hear(json.dumps({"type": "Begin", "id": "x", "expires_at": written})) == [
        Begun(session_id="x", expires_at=at)
    ]


def test_a_turn_of_the_universal_3_family() -> None:
    started, partial, *rest = hear(ONSET, PARTIAL, FINAL)
    assert started == SpeechStarted(at=0.64, confidence=0.97)
    assert (partial.text, partial.is_final, len(partial.words)) == ("Please move my booking to\u2014", False, 5)
    assert (partial.start, partial.end, partial.words[-1]) == (0.64, 2.11, Word("to\u2014", 1.93, 2.11, 0.71))
    assert (partial.utterance, partial.language) == ("0", None)
    assert rest == [SAID, TurnEnded(at=3.42, confidence=1, utterance="0")]
    assert hear('{"type":"SpeechStarted","timestamp":640}') == [SpeechStarted(at=0.64)]


def test_a_partial_that_calls_itself_formatted_is_a_partial() -> None:
    assert told(hear(turn("Please", turn_is_formatted=True))) == ["Please"]


def test_the_older_models_say_the_pending_word_only_among_the_words_and_tell_no_onset() -> None:
    started, partial, *more = hear(US_PARTIAL, US_PARTIAL, end=client(US))
    assert started == SpeechStarted(at=9.12)
    assert (partial.text, partial.end) == ("cancel the ord", 9.76)
    assert told(more) == ["cancel the ord"]
    assert told(hear(US_PARTIAL, end=client(MULTI))) == [SpeechStarted, "cancel the ord"]
    assert told(hear(US_PARTIAL)) == ["cancel the"]
    assert told(hear(turn(" [Silence] so"), end=client(WHISPER))) == [SpeechStarted, "[Silence] so"]


def test_an_utterance_that_ends_before_its_turn_is_an_eager_end() -> None:
    _, partial, eager = hear(US_UTTERANCE, end=client(US))
    assert partial.text == "cancel the order"
    assert eager == EagerTurnEnd(at=10.08, confidence=0.18, utterance="3")
    confirmed = hear(turn("cancel it", utterance="cancel it"), final("cancel it", utterance=""), end=client(US))
    assert told(confirmed) == [SpeechStarted, "cancel it", EagerTurnEnd, ("cancel it",), TurnEnded]


def test_who_speaks_on_takes_an_eager_end_back() -> None:
    end = client(US)
    uttered = turn("cancel it", utterance="cancel it")
    heard = hear(uttered, uttered, turn("cancel it please"), turn("cancel it please", utterance="please"), end=end)
    assert told(heard) == [
        SpeechStarted, "cancel it", EagerTurnEnd, "cancel it", TurnResumed, "cancel it please", "cancel it please",
        EagerTurnEnd,
    ]  # fmt: skip
    assert heard[4] == TurnResumed(at=0.3, utterance="0")
    assert told(hear(final("cancel it please now"), end=end)) == [TurnResumed, ("cancel it please now",), TurnEnded]
    assert told(hear(turn("a b c d e f", order=1), end=end)) == [SpeechStarted, "a b c d e f"]


def test_an_utterance_without_words_is_no_eager_end() -> None:
    assert told(hear(turn("[Silence]", utterance="[Silence]", words=[]), end=client(WHISPER))) == ["[Silence]"]


def test_speakers() -> None:
    heard, _ = hear(DIARIZED)
    assert (heard.speaker, {word.speaker for word in heard.words}) == ("B", {"B"})
    assert [word.speaker_confidence for word in heard.words] == [0.93, 0.95, 0.95]
    heard, _ = hear(final("Yes.", speaker_label="UNKNOWN"))
    assert heard.speaker is None


def test_revised_speakers_name_the_final_that_they_are_about() -> None:
    heard, *_, revised = hear(DIARIZED, REVISION)
    words = (
        Word("Yes,", 20.48, 20.81, 0.97, "A"), Word("that", 20.87, 21.09, 0.99, "A"),
        Word("works.", 21.12, 21.64, 0.98, "A"),
    )  # fmt: skip
    assert revised == SpeakersRevised(revisions=(Revision(heard.utterance, "A", words),))
    (revised,) = hear('{"type":"SpeakerRevision","revisions":[{"turn_order":7,"speaker_label":"UNKNOWN"}]}')
    assert revised.revisions == (Revision("7", None, ()),)


def test_the_answer_of_a_language_model_names_its_turn() -> None:
    data = json.loads(ANSWER)["data"]
    assert hear(ANSWER) == [Insight(kind="answer", text="reschedule", data=data, utterance="0")]


@pytest.mark.parametrize("data", [None, 7, [], {"choices": []}, {"choices": [{"message": {"content": 7}}]}])
def test_an_answer_of_another_shape_has_no_text(data: Any) -> None:
    (insight,) = hear(json.dumps({"type": "LLMGatewayResponse", "turn_order": 2, "transcript": "x", "data": data}))
    assert insight == Insight(kind="answer", text="", data=data, utterance="2")


def test_a_partial_is_cleared_when_it_comes_to_nothing() -> None:
    assert told(hear(turn(), turn("uh"), turn(), turn())) == ["uh", ""]
    assert told(hear(turn("uh"), final())) == ["uh", ""]
    assert told(hear(turn("uh"), final("uh"), turn(order=1))) == ["uh", ("uh",), TurnEnded]


def test_an_empty_final_settles_its_words_and_ends_no_turn() -> None:
    words = [{"text": "uh", "start": 0, "end": 400, "confidence": 0.1, "word_is_final": True}]
    assert hear(final(words=words), end=client(audio=2.0)) == [Acknowledged(until=0.4, settled=True)]
    assert hear(final(language_code=None)) == []


def test_two_finals_of_a_turn_are_the_formatted_one() -> None:
    pair = (final("cancel it"), final("Cancel it.", turn_is_formatted=True))
    formatted: list[Any] = [SpeechStarted, ("Cancel it.",), TurnEnded]
    assert told(hear(*pair, end=client(US, punctuation=True))) == formatted
    assert told(hear(pair[1], end=client(US, punctuation=True))) == formatted
    assert told(hear(*pair, end=client(US))) == [SpeechStarted, ("cancel it",), TurnEnded]
    end = client(US)
    end.send(Configure({"punctuation": True}))
    assert told(hear(*pair, end=end)) == formatted
    end.send(Configure(options={"format_turns": False}))
    assert told(hear(final("and", order=1), end=end)) == [SpeechStarted, ("and",), TurnEnded]


@pytest.mark.parametrize(
    ("later", "more"),
    [
        (turn("and", order=1), [SpeechStarted, "and"]),
        (TERMINATION, [Ended]),
        ('{"type":"Error","error_code":3005,"error":"Session Cancelled: An error occurred"}', [Failed]),
        (Closed(None), [Failed]),
        (Closed(3008), [Failed]),
    ],
)
def test_a_final_whose_formatted_twin_never_comes_is_told_before_what_comes(later: Any, more: list[Any]) -> None:
    heard = told(hear(final("cancel it"), later, end=client(US, punctuation=True)))
    assert heard == [SpeechStarted, ("cancel it",), TurnEnded, *more]


def test_a_final_waits_for_its_formatted_twin_no_longer_than_between_two_heartbeats() -> None:
    end = client(US, punctuation=True)
    plain = final("cancel it")
    waiting: list[Any] = [Acknowledged, SpeechStarted, Acknowledged]
    assert told(hear(HEARTBEAT, plain, HEARTBEAT, end=end)) == waiting
    assert told(hear(HEARTBEAT, end=end)) == [("cancel it",), TurnEnded, Acknowledged]
    assert told(hear(final("Cancel it.", turn_is_formatted=True), HEARTBEAT, end=end)) == [Acknowledged]
    assert told(hear(final("and", order=1), HEARTBEAT, end=end)) == waiting[1:]


def test_silence_settles_all_but_its_end_and_only_what_no_open_turn_needs() -> None:
    settled = Acknowledged(until=4.5, settled=True)
    assert hear(SILENCE, end=client(audio=9.0)) == [settled]
    assert hear(turn("uh"), SILENCE, end=client(audio=9.0))[-1] == Acknowledged(until=4.5)
    assert hear(ONSET, SILENCE, end=client(audio=9.0))[-1] == Acknowledged(until=4.5)
    assert hear(turn("uh"), final("uh"), SILENCE, end=client(audio=9.0))[-1] == settled
    assert hear(turn("uh"), turn(), SILENCE, end=client(audio=9.0))[-1] == settled
    pending = turn("uh", transcript="")
    assert hear(pending, SILENCE, end=client(audio=9.0))[-1] == Acknowledged(until=4.5)


def test_silences_never_go_back_or_beyond_what_was_sent() -> None:
    end = client(audio=9.0)
    back = '{"type":"Silence","start_ms":3500,"end_ms":4600}'
    beyond = '{"type":"Silence","start_ms":5000,"end_ms":1e300}'
    negative = '{"type":"Silence","start_ms":-9,"end_ms":-5}'
    assert [event.until for event in hear(negative, SILENCE, back, beyond, end=end)] == [0.0, 4.5, 4.5, 8.5]


def test_a_heartbeat_acknowledges_what_was_received_and_settles_nothing() -> None:
    assert hear(HEARTBEAT, end=client(audio=12.0)) == [Acknowledged(until=9.95)]
    assert hear(HEARTBEAT, end=client(audio=1.0)) == [Acknowledged(until=1.0)]
    assert hear('{"type":"Heartbeat","total_audio_received_ms":-5}') == [Acknowledged(until=0.0)]


def beat(received: float, score: float | None) -> str:
    """A heartbeat, when so many seconds of audio were received."""
    told = {} if score is None else {"max_speech_probability": score}
    return json.dumps({"type": "Heartbeat", "total_audio_received_ms": 1000 * received, **told})


def settled(*signals: str, end: Any = None) -> list[float]:
    heard = hear(*signals, end=end or client(US, audio=200.0))
    return [event.until for event in heard if isinstance(event, Acknowledged) and event.settled]


VOICED = beat(5, 0.9)
CALM = [beat(5 * n, 0.29) for n in range(2, 16)]


def test_a_minute_of_calm_heartbeats_settles_what_was_received_before_it() -> None:
    assert settled(VOICED, *CALM[:12]) == []
    assert settled(VOICED, *CALM) == [10, 15]


def test_no_heartbeat_settles_anything_before_scores_have_told_of_a_voice() -> None:
    assert settled(*CALM) == []
    assert settled(*(beat(5 * n, None) for n in range(1, 16))) == []


def test_a_voice_or_an_open_turn_ends_the_calm() -> None:
    assert settled(VOICED, *CALM[:7], VOICED, *CALM[:12]) == []
    assert settled(VOICED, *CALM[:7], beat(45, 0.3), *CALM[:12]) == []
    assert settled(VOICED, *CALM[:7], beat(45, None), *CALM[:12]) == []
    assert settled(VOICED, turn("uh"), *CALM) == []
    assert settled(VOICED, turn("uh"), final("uh"), *CALM) == [10, 15]


def test_scores_of_another_measure_settle_nothing() -> None:
    assert settled(VOICED, *CALM, end=client(US, audio=200.0, options={"vad_threshold": 0.1})) == []
    end = client(US, audio=200.0)
    end.send(Configure(options={"vad_threshold": 0.1}))
    assert settled(VOICED, *CALM, end=end) == []


def test_warnings_and_what_nobody_knows() -> None:
    warning = '{"type":"Warning","warning_code":3006,"warning":"Example text only; real codes are unknown"}'
    assert hear(warning) == [Notice(code="3006", message="Example text only; real codes are unknown")]
    assert hear('{"type":"Warning","warning":"w"}') == [Notice(code="warning", message="w")]
    assert hear('{"type":"Bogus"}') == [Unknown(kind="Bogus")]


def test_termination_ends_the_session_and_the_close_says_nothing_more() -> None:
    ended = Ended(reported_audio_seconds=69, reported_session_seconds=73)
    assert hear(TERMINATION, Closed(1000, "Session Ended")) == [ended]
    end = client()
    end.send(Finish())
    assert hear(Closed(1000), end=end) == [Ended(tail_lost=True)]


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"Turn"}', '{"type":"Turn","turn_order":"x"}', '{"type":"Begin","id":7}', '{"type":"Silence"}',
        '{"type":"SpeechStarted","timestamp":1e999}', '{"type":"Heartbeat","total_audio_received_ms":null}',
        '{"type":"SpeakerRevision","revisions":[{"turn_order":' + "9" * 5000 + "}]}",
        '{"type":"SpeakerRevision","revisions":[7]}', b"\xff", "[" * 100_000,
        '{"type":"LLMGatewayResponse","turn_order":0,"data":' + "[" * 100_000, '{"error":7}', '{"error":null,"a":1}',
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_notice(frame: str | bytes) -> None:
    (notice,) = hear(frame)
    assert (type(notice), notice.code) == (Notice, "malformed")
