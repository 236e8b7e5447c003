"""What a session does when a connection fails, is silent, or must make way: over all of it one transcript."""

from typing import Any

import pytest

from toy import AUDIO, CHUNK, PER_SECOND, Run, Toy, audio, dials, finishes
from voxport.actions import Ping, Pong, Unreachable
from voxport.codec import Closed, HttpResponse, Opened
from voxport.commands import Audio, Configure, Finish, IdentifySpeakers, Start
from voxport.engine import Route
from voxport.events import (
    Acknowledged,
    AudioEvent,
    Begun,
    Ended,
    Entities,
    Entity,
    Failed,
    Notice,
    SpeechEnded,
    SpeechStarted,
    Transcript,
    Translation,
    TurnEnded,
    Word,
)
from voxport.settings import AudioSettings, Settings, Transcription
from voxport.timeline import texts


def said(run: Run) -> list[str]:
    return [event.text for event in run.events if isinstance(event, Transcript) and event.is_final]


def message(run: Run, code: str) -> str:
    (found,) = [event.message for event in run.events if isinstance(event, Notice) and event.code == code]
    return found


def reopen(run: Run) -> int:
    """The connection drops and is dialled again; returns the bytes of audio that are sent again."""
    run.drop()
    run.wait(1)
    return audio(run.arrive(Opened())) + audio(run.hear(Begun()))


# --------------------------------------------------------------------------- silence


def test_audio_that_nobody_answers_is_sent_again_on_a_new_connection() -> None:
    run = Run(Toy(answers_regularly=True), answer_timeout=4.0).begin()
    for _ in range(3):
        run.feed(1)
        run.arrive(Pong())
        run.wait(1)
        assert run.engine.connected
    run.feed(1)
    run.wait(1.1)
    assert "has said nothing for 4 s" in message(run, "reconnecting")
    run.wait(1)
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == 4 * PER_SECOND


def test_a_provider_that_answers_is_left_alone_however_slow_it_is() -> None:
    run = Run(Toy(answers_regularly=True), answer_timeout=4.0).begin()
    for _ in range(20):
        run.feed(1)
        run.wait(3)
        run.hear(Acknowledged(until=0.1))
    assert "reconnecting" not in run.notices


def test_no_answer_is_expected_while_no_audio_flows() -> None:
    run = Run(Toy(answers_regularly=True), answer_timeout=4.0).begin()
    run.feed(1)
    for _ in range(30):
        run.wait(1)
        run.arrive(Pong())
    assert "reconnecting" not in run.notices


def test_a_provider_that_may_be_silent_is_watched_once_it_has_acknowledged_audio() -> None:
    run = Run(Toy(answers_regularly=False), answer_timeout=4.0).begin()
    for _ in range(10):
        run.feed(1)
        run.arrive(Pong())
        run.wait(1)
    assert "reconnecting" not in run.notices
    run.hear(Acknowledged(until=1.0))
    for _ in range(7):
        run.feed(1)
        run.arrive(Pong())
        run.wait(1)
    assert "reconnecting" in run.notices


def test_draining_may_take_longer_than_an_answer() -> None:
    run = Run(Toy(answers_regularly=True), answer_timeout=2.0, drain_timeout=10.0).begin()
    run.feed(5)
    run.say(Finish())
    for _ in range(4):
        run.wait(2)
        run.arrive(Pong())
    run.final("late", 0.1, 0.5)
    run.hear(Ended())
    assert "reconnecting" not in run.notices
    assert said(run) == ["late"]


def test_heartbeats_do_not_put_off_the_end_for_ever_but_finals_do() -> None:
    run = Run(drain_timeout=2.0).begin()
    run.feed(5)
    run.hear(Acknowledged(until=5.0))
    run.say(Finish())
    for end in (1.0, 2.0, 3.0):
        run.wait(1.5)
        run.final("word", end - 0.5, end)
    for _ in range(2):
        run.wait(0.9)
        run.hear(Acknowledged(until=5.0))
    assert not run.engine.done
    run.wait(0.3)
    assert isinstance(run.events[-1], Ended)
    assert run.events[-1].tail_lost


def test_the_time_to_drain_does_not_run_while_there_is_no_connection() -> None:
    run = Run(drain_timeout=3.0, backoff=4.0).begin()
    run.feed(2)
    run.say(Finish())
    run.wait(1)
    run.drop()
    run.wait(3)
    assert not run.engine.done
    run.wait(1)
    run.open()
    run.final("late", 0.1, 0.5)
    run.wait(2.9)
    run.hear(Ended())
    assert "tail_lost" not in run.notices


def test_but_a_provider_that_cannot_be_reached_does_not_hold_up_the_end_for_ever() -> None:
    run = Run(drain_timeout=3.0, backoff=8.0).begin()
    run.say(Finish())
    run.drop()
    run.wait(8)
    run.drop()
    run.wait(1.1)
    assert "tail_lost" in run.notices


def test_a_second_greeting_and_a_second_final_say_nothing_new() -> None:
    run = Run().begin()
    run.feed(3)
    run.hear(Begun(session_id="again"))
    run.final("one", 0.0, 0.5)
    run.final("one", 0.0, 0.5)
    run.final("one", 0.6, 0.9)
    assert said(run) == ["one", "one"]
    assert run.notices == [*run.notices[:-1], "malformed"]
    assert sum(isinstance(event, Begun) for event in run.events) == 1


def test_draining_anew_after_a_drop_has_its_own_time() -> None:
    run = Run(Toy(replay_pace=1.0), drain_timeout=3.0).begin()
    run.feed(8)
    run.hear(Acknowledged(until=8.0))
    run.say(Finish())
    run.wait(2)
    run.drop()
    run.wait(0.6)
    run.arrive(Opened())
    run.hear(Begun())
    for _ in range(105):
        run.wait(0.1)
    assert not any(isinstance(event, Ended) for event in run.events[:-1])
    assert "tail_lost" in run.notices, "and then it is over"
    assert audio(run.actions) == 16 * PER_SECOND


def test_a_ping_that_is_answered_keeps_the_connection() -> None:
    run = Run(ping_interval=1.0).begin()
    assert Ping() in run.wait(1)
    run.arrive(Pong())
    assert run.engine.connected
    run.wait(1)
    run.wait(1)
    assert "not even the answer to a ping" in message(run, "reconnecting")


# --------------------------------------------------------------------------- the budget


def test_a_replay_that_nobody_answers_counts_as_audio_that_flows() -> None:
    run = Run(Toy(answers_regularly=True), answer_timeout=4.0, ping_interval=100.0).begin()
    run.feed(10)
    run.wait(4)
    assert "has said nothing for 4 s" in message(run, "reconnecting")


def test_getting_as_far_as_before_is_no_proof_of_life() -> None:
    run = Run(Toy(audio_before_begun=True), max_retries=3).begin()
    run.feed(5)
    for _ in range(3):
        run.hear(Transcript(is_final=False, text="one", start=0.0, end=1.0))
        reopen(run)
    run.hear(Transcript(is_final=False, text="one", start=0.0, end=1.0))
    run.drop()
    assert isinstance(run.events[-1], Failed)


def test_getting_further_gives_all_retries_back() -> None:
    run = Run(max_retries=2).begin()
    run.feed(30)
    for second in range(8):
        run.hear(Transcript(is_final=False, text="one", start=0.0, end=1.0 + second))
        reopen(run)
    assert not run.engine.done


def test_a_provider_that_wants_too_long_a_wait_is_not_waited_for() -> None:
    class Busy(Toy):
        def explain(self, response: HttpResponse) -> Failed:
            return Failed(kind="refused", code="429", message="busy", retryable=True, retry_after=response.status)

    run = Run(Busy(), retry_after_max=100.0)
    run.say(Start(run.settings))
    run.arrive(HttpResponse(99))
    assert run.engine.deadline == run.now + 99
    run.wait(99)
    run.arrive(HttpResponse(101))
    assert isinstance(run.events[-1], Failed)
    assert not run.events[-1].retryable


# --------------------------------------------------------------------------- replay


def test_audio_of_a_channel_is_kept_until_that_channel_is_final() -> None:
    run = stereo()
    run.hear(Transcript(is_final=True, text="left", start=0.0, end=2.0, channel=0))
    run.hear(Transcript(is_final=True, text="right", start=0.0, end=1.0, channel=1))
    assert reopen(run) == 2 * 2 * PER_SECOND
    run.hear(Transcript(is_final=True, text="left again", start=-1.0, end=0.9, channel=0, words=()))
    run.hear(Transcript(is_final=True, text="right more", start=0.5, end=0.9, channel=1, words=()))
    assert said(run) == ["left", "right", "right more"]


def test_silence_may_be_settled_for_one_channel_or_all() -> None:
    run = stereo()
    run.hear(Acknowledged(until=2.0, settled=True, channel=0))
    assert reopen(run) == 3 * 2 * PER_SECOND
    run.hear(Acknowledged(until=2.5, settled=True))
    assert reopen(run) == PER_SECOND


def stereo() -> Run:
    """Three seconds of two channels, sent."""
    audio = AudioSettings(encoding="mulaw", sample_rate=8000, channels=2, chunk_ms=10)
    run = Run(Toy(max_channels=2), audio=audio).begin()
    run.say(Audio(bytes(3 * 2 * PER_SECOND)))
    return run


def test_words_whose_ends_are_told_late_are_heard_again_and_told_once() -> None:
    run = Run(Toy(word_slack=0.5)).begin()
    run.feed(4)
    run.final("no no yes", 0.0, 1.5)
    assert reopen(run) == 3 * PER_SECOND
    # The clock begins at 1.0 s. The last "yes" is heard again, "now" lay under its late end.
    words = (Word("Yes,", 0.05, 0.3), Word("now", 0.3, 0.45), Word("go.", 0.6, 0.9))
    run.hear(Transcript(is_final=True, text="Yes, now go.", start=0.05, end=0.9, words=words))
    assert texts(event for event in run.events if isinstance(event, Transcript)) == "no no yes now go."


def test_a_word_that_is_said_twice_by_the_speaker_is_told_twice() -> None:
    run = Run(Toy(word_slack=0.5)).begin()
    run.feed(4)
    run.final("yes", 0.6, 1.0)
    reopen(run)
    words = (Word("yes", 0.1, 0.4), Word("yes", 0.5, 0.8))
    run.hear(Transcript(is_final=True, text="yes yes", start=0.1, end=0.8, words=words))
    assert said(run) == ["yes", "yes"]


def test_audio_that_is_sent_again_keeps_the_providers_pace() -> None:
    run = Run(Toy(replay_pace=2.0)).begin()
    run.feed(5)
    run.say(IdentifySpeakers())
    run.drop()
    run.wait(1)
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == PER_SECOND, "a burst of one second"
    sent = [audio(run.wait(0.1)) for _ in range(21)]
    assert all(abs(portion - PER_SECOND // 5) <= CHUNK for portion in sent[:-1])
    assert sum(sent) == 4 * PER_SECOND
    assert audio(run.feed(1)) == PER_SECOND, "and then it flows as it comes"


def test_commands_wait_for_the_audio_before_them_while_catching_up() -> None:
    run = Run(Toy(replay_pace=1.0)).begin()
    run.feed(3)
    run.drop()
    run.wait(1)
    run.arrive(Opened())
    sent = run.hear(Begun()) + run.say(Finish())
    assert finishes(sent) == 0
    assert finishes([action for _ in range(25) for action in run.wait(0.1)]) == 1


def test_a_turn_that_a_drop_cut_is_told_to_have_ended() -> None:
    run = Run().begin()
    run.feed(3)
    run.final("one two", 0.2, 1.0)
    run.hear(Transcript(is_final=False, text="three", start=1.1, end=1.5))
    reopen(run)
    reopen(run)
    assert [event.at for event in run.events if isinstance(event, TurnEnded)] == [1.0]


def test_what_is_told_beside_the_transcript_moves_with_its_clock_and_is_told_once() -> None:
    run = Run().begin()
    run.feed(3)
    run.final("one two", 0.0, 1.0)
    run.hear(Translation(is_final=True, text="eins zwei", language="de", start=0.0, end=1.0))
    reopen(run)
    run.hear(
        Translation(is_final=True, text="zwei", language="de", start=-0.5, end=0.0),
        Translation(is_final=True, text="drei", language="de", start=0.2, end=0.6),
        Entities(items=(Entity("number", "two", -0.5, 0.0), Entity("number", "three", 0.2, 0.6))),
        AudioEvent(kind="music", at=0.5),
        SpeechEnded(at=0.75),
    )
    translated = [(e.text, e.start, e.end) for e in run.events if isinstance(e, Translation)]
    assert translated == [("eins zwei", 0.0, 1.0), ("drei", 1.2, 1.6)]
    assert [e.items for e in run.events if isinstance(e, Entities)] == [(Entity("number", "three", 1.2, 1.6),)]
    assert [e.at for e in run.events if isinstance(e, AudioEvent | SpeechEnded)] == [1.5, 1.75]


# --------------------------------------------------------------------------- sessions that can be resumed


def test_a_session_that_cannot_be_resumed_after_all_gets_what_was_acknowledged_but_not_final() -> None:
    run = Run(Toy(resumes=True)).begin()
    run.feed(3)
    run.final("one", 0.2, 1.0)
    run.hear(Acknowledged(until=2.5))
    run.drop()
    run.wait(1)
    run.arrive(HttpResponse(403))
    run.wait(2)
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == 2 * PER_SECOND
    run.final("two", 0.1, 0.5)
    assert [(event.text, event.start) for event in run.events if isinstance(event, Transcript)] == [
        ("one", 0.2),
        ("two", 1.1),
    ]


def test_a_resumed_session_is_sent_every_byte_that_it_does_not_count_even_if_it_is_final() -> None:
    run = Run(Toy(resumes=True)).begin()
    run.feed(3)
    run.hear(Acknowledged(until=0.505))
    run.final("one", 0.2, 2.0)
    assert reopen(run) == round(2.495 * PER_SECOND)
    run.final("one", 0.2, 2.0)
    run.final("two", 2.1, 2.9)
    assert said(run) == ["one", "two"]
    assert [event.start for event in run.events if isinstance(event, Transcript)] == [0.2, 2.1]


def test_a_resumed_session_that_misses_audio_is_kept_to_the_sessions_clock() -> None:
    run = Run(Toy(resumes=True), replay_seconds=1.0).begin()
    run.feed(3)
    run.hear(Acknowledged(until=0.5))
    assert reopen(run) == PER_SECOND
    lost = [e.seconds for e in run.events if isinstance(e, Notice) and e.code == "audio_lost"]
    assert lost == [pytest.approx(1.5)]
    run.final("late", 0.6, 0.9)
    assert run.events[-1].start == pytest.approx(2.1)  # type: ignore[union-attr]


# --------------------------------------------------------------------------- the provider's own limit


def limited(*, partials: bool = True) -> Run:
    """A provider that ends a session after 100 s; the last 10 s are for finding a pause."""
    return Run(
        Toy(max_session=100.0), roll_over_margin=10.0, ping_interval=1e6, transcription=Transcription(partials=partials)
    ).begin()


def test_a_session_rolls_over_in_a_pause_before_the_limit() -> None:
    run = limited()
    run.feed(1)
    run.wait(89.9)
    assert "rolling_over" not in run.notices
    assert finishes(run.wait(0.2)) == 1
    run.feed(1)
    run.final("last", 0.1, 0.6)
    made = run.hear(Ended(reported_audio_seconds=1.0))
    assert len(dials(made)) == 1, "at once, and without asking the budget"
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == PER_SECOND, "only what the old session was not sent"
    run.final("next", 0.2, 0.7)
    assert [(e.text, e.start) for e in run.events if isinstance(e, Transcript)] == [("last", 0.1), ("next", 1.2)]
    assert sum(isinstance(event, Begun) for event in run.events) == 1
    assert "reconnecting" not in run.notices


def test_a_session_does_not_roll_over_in_the_middle_of_speech_while_there_is_time() -> None:
    run = limited()
    run.hear(SpeechStarted(at=0.0))
    run.feed(3)
    run.wait(91)
    run.hear(Transcript(is_final=False, text="on and", start=0.0, end=1.0))
    assert "rolling_over" not in run.notices
    assert finishes(run.final("on and on", 0.0, 2.0)) == 1


def test_a_session_rolls_over_in_the_middle_of_speech_when_time_is_up() -> None:
    run = limited()
    run.hear(SpeechStarted(at=0.0))
    run.feed(3)
    run.wait(91)
    assert finishes(run.wait(6)) == 0
    assert finishes(run.wait(1)) == 1


def test_without_partials_a_pause_is_after_a_final() -> None:
    run = limited(partials=False)
    run.feed(3)
    assert finishes(run.wait(91)) == 0
    assert finishes(run.final("one", 0.0, 1.0)) == 1


@pytest.mark.parametrize("fails", ["drops", "never ends"])
def test_a_session_that_fails_to_roll_over_is_replayed(fails: str) -> None:
    run = limited()
    run.feed(2)
    run.final("one", 0.0, 1.0)
    run.wait(91)
    if fails == "drops":
        run.drop()
    run.wait(11)
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == PER_SECOND


def test_a_session_that_can_be_resumed_is_not_when_it_rolls_over() -> None:
    toy = Toy(resumes=True, max_session=100.0)
    run = Run(toy, roll_over_margin=10.0, ping_interval=1e6).begin()
    run.wait(91)
    run.hear(Ended())
    assert toy.resumed == [None, None]


def test_the_limit_of_a_resumed_session_counts_from_its_beginning() -> None:
    run = Run(Toy(resumes=True, max_session=100.0), roll_over_margin=10.0, ping_interval=1e6).begin()
    run.wait(80)
    reopen(run)
    assert finishes(run.wait(10)) + finishes(run.wait(6)) == 1


def test_an_expiry_that_the_provider_tells_counts_if_it_makes_sense() -> None:
    for told, rolls in ((130.0, True), (99.0, False), (1e9, False)):
        run = Run(Toy(max_session=1000.0), roll_over_margin=5.0, ping_interval=1e6)
        run.say(Start(run.settings))
        run.arrive(Opened())
        run.hear(Begun(expires_at=told))
        assert (finishes(run.wait(25.1)) == 1) is rolls, told


def test_finishing_while_rolling_over_sends_the_rest_to_the_new_session() -> None:
    run = limited()
    run.wait(91)
    run.feed(1)
    run.say(Finish())
    run.hear(Ended())
    assert not run.engine.done
    run.arrive(Opened())
    sent = run.hear(Begun())
    assert (audio(sent), finishes(sent)) == (PER_SECOND, 1)
    run.hear(Ended())
    assert run.engine.done


def test_finishing_while_rolling_over_with_nothing_left_ends_the_session() -> None:
    run = limited()
    run.wait(91)
    run.say(Finish())
    run.hear(Ended())
    assert isinstance(run.events[-1], Ended)


# --------------------------------------------------------------------------- other providers


class Spare(Toy):
    name = "spare"


def spare(**traits: Any) -> Route:
    return Route(Spare(**traits), Settings(provider="spare", audio=AUDIO))


def test_the_next_provider_goes_on_from_the_last_final() -> None:
    run = Run(Toy(), spare(), max_retries=0).begin()
    run.feed(3)
    run.final("one", 0.0, 1.0)
    assert len(dials(run.drop())) == 1, "at once"
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == 2 * PER_SECOND
    run.final("two", 0.5, 0.9)
    finals = [(e.provider, e.text, e.start) for e in run.events if isinstance(e, Transcript)]
    assert finals == [("local", "one", 0.0), ("spare", "two", 1.5)]
    assert "local has failed: " in message(run, "failed_over")
    assert "; spare goes on" in message(run, "failed_over")
    assert sum(isinstance(event, Begun) for event in run.events) == 1


def test_a_refusal_of_one_provider_is_no_end_either() -> None:
    run = Run(Toy(), spare())
    run.say(Start(run.settings))
    run.arrive(HttpResponse(401))
    run.open()
    assert [type(event) for event in run.events if isinstance(event, Begun | Failed)] == [Begun]


def test_each_provider_has_a_budget_of_its_own_and_the_last_failure_is_told() -> None:
    run = Run(Toy(), spare(), max_retries=1)
    run.say(Start(run.settings))
    for _ in range(4):
        run.arrive(Unreachable("no route"))
        run.wait(10)
    assert run.notices == ["reconnecting", "failed_over", "reconnecting"]
    assert isinstance(run.events[-1], Failed)
    assert run.events[-1].provider == "spare"


def test_what_only_the_first_provider_could_do_is_told() -> None:
    poor = spare(forces_endpoint=False, tells_turns=False)
    able = Toy(configures=("key_terms",), tells_beside=("translation",))
    run = Run(able, poor, max_retries=0).begin()
    run.drop()
    told = message(run, "failed_over")
    for loss in ("ends of turns", "ending a turn on demand", "events translation", "changing key_terms"):
        assert loss in told
    assert "starts of speech" not in told


def test_settings_that_a_later_provider_drops_are_told_before_audio_flows() -> None:
    run = Run(Toy(), spare())
    run.say(Start(run.settings))
    told = [event.provider for event in run.events if getattr(event, "code", "") == "setting_dropped"]
    assert told.count("spare") == told.count("local")


def test_a_session_that_could_be_resumed_is_not_resumed_with_another_provider() -> None:
    other = Spare(resumes=True)
    run = Run(Toy(resumes=True), Route(other, Settings(provider="spare", audio=AUDIO)), max_retries=0).begin()
    run.drop()
    assert other.resumed == [None]


# --------------------------------------------------------------------------- settings in mid-session


def test_a_change_holds_on_the_connections_to_come_and_with_other_providers() -> None:
    run = Run(Toy(configures=("key_terms",), configures_options=("prompt",)), spare(), max_retries=1).begin()
    run.say(Configure({"key_terms": ("Kelda",)}, {"prompt": "hello"}))
    assert run.engine.route.settings.transcription.key_terms == ("Kelda",)
    assert run.engine.route.settings.options == {"prompt": "hello"}
    reopen(run)
    starts = [action for action in run.actions if isinstance(action, str) and '"start"' in action]
    assert ["Kelda" in start for start in starts] == [False, True]
    run.drop()
    run.wait(5)
    run.arrive(Unreachable("no"))
    assert run.engine.route.adapter.name == "spare"
    assert run.engine.route.settings.transcription.key_terms == ("Kelda",)
    assert run.engine.route.settings.options == {}


def test_a_change_that_the_provider_drops_after_all_is_told() -> None:
    run = Run(Toy(configures=("diarization", "partials"))).begin()
    run.say(Configure({"diarization": True, "partials": False}))
    dropped = [e.message for e in run.events if isinstance(e, Notice) and e.code == "setting_dropped"]
    assert [told.split()[0] for told in dropped] == ["diarization"]


def test_a_change_that_cannot_be_made_is_told_and_the_rest_is_made() -> None:
    run = Run(Toy(configures=("key_terms",))).begin()
    made = run.say(Configure({"key_terms": ("Kelda",), "language": "fr"}, {"prompt": "hello"}))
    assert "language, prompt cannot be changed" in message(run, "not_supported")
    (sent,) = [action for action in made if isinstance(action, str)]
    assert "Kelda" in sent
    assert "fr" not in sent
    assert run.say(Configure({"language": "fr"})) == [run.events[-1]]


# --------------------------------------------------------------------------- what it costs


def test_the_end_tells_each_provider_session_as_it_is_billed() -> None:
    run = Run(Toy(billed_by="session"), max_retries=3).begin()
    run.feed(3)
    run.final("one", 0.0, 1.0)
    run.now += 10
    reopen(run)
    run.now += 5
    run.say(Finish())
    run.hear(Ended(reported_audio_seconds=2.0, reported_session_seconds=5.0))
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.audio_seconds, ended.session_seconds) == (3.0, 16.0)
    assert (ended.reported_audio_seconds, ended.reported_session_seconds) == (2.0, 5.0)
    assert [(u.audio_seconds, u.session_seconds, u.billed_seconds) for u in ended.usage] == [(3, 10, 10), (2, 5, 5)]
    assert [usage.connection for usage in ended.usage] == [1, 2]
    assert "usage_differs" not in run.notices


def test_a_resumed_session_is_billed_once() -> None:
    run = Run(Toy(resumes=True, billed_by="audio")).begin()
    run.feed(3)
    run.hear(Acknowledged(until=1.0))
    reopen(run)
    run.say(Finish())
    run.hear(Ended(reported_audio_seconds=3.0))
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert [usage.billed_seconds for usage in ended.usage] == [3.0]


@pytest.mark.parametrize(
    ("told", "differs"),
    [(100.0, False), (101.0, False), (99.0, False), (98.5, True), (102.0, True), (0.0, True), (100.04, False)],
)
def test_a_difference_beyond_one_percent_is_told(told: float, differs: bool) -> None:  # noqa: FBT001 -- a table
    run = Run().begin()
    run.feed(100)
    run.say(Finish())
    run.hear(Ended(reported_audio_seconds=told))
    assert ("usage_differs" in run.notices) is differs


def test_seconds_that_are_told_whole_may_differ_by_rounding() -> None:
    run = Run(Toy(billed_by="session")).begin()
    run.feed(4.6)
    run.now += 4.6
    run.say(Finish())
    run.hear(Ended(reported_audio_seconds=5.0, reported_session_seconds=6.0))
    assert "usage_differs" not in run.notices


def test_channels_are_billed_apart_where_the_provider_does() -> None:
    audio = AudioSettings(encoding="mulaw", sample_rate=8000, channels=2, chunk_ms=10)
    run = Run(Toy(max_channels=2, billed_by="audio_per_channel"), audio=audio).begin()
    run.say(Audio(bytes(2 * PER_SECOND)))
    run.say(Finish())
    run.hear(Ended())
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert [usage.billed_seconds for usage in ended.usage] == [2.0]


def test_what_arrives_after_a_connection_was_given_up_is_no_news() -> None:
    run = Run().begin()
    run.drop()
    assert run.arrive(Closed(None)) == []
    assert run.final("stale", 0.0, 1.0) == []
    assert run.arrive(b"stale") == []
