import pytest

from toy import CHUNK, PER_SECOND, Run, Toy, audio, dials, finishes
from voxport.actions import Ping, Pong, Unreachable
from voxport.codec import Closed, HttpRequest, HttpResponse, Opened
from voxport.commands import Configure, EndUtterance, Finish, Start
from voxport.events import Acknowledged, Begun, Ended, Failed, Notice, SpeechStarted, Transcript, TurnEnded, Unknown
from voxport.settings import Transcription as Wanted
from voxport_adapters import deepgram


def test_audio_waits_until_the_provider_has_accepted() -> None:
    run = Run()
    run.say(Start(run.settings))
    assert audio(run.feed(0.5)) == 0
    assert audio(run.arrive(Opened())) == 0
    assert audio(run.hear(Begun())) == PER_SECOND // 2


def test_audio_flows_at_once_where_the_provider_lets_it() -> None:
    run = Run(Toy(audio_before_begun=True))
    run.say(Start(run.settings))
    run.feed(0.5)
    assert audio(run.arrive(Opened())) == PER_SECOND // 2


def test_requests_come_before_the_dial() -> None:
    run = Run(Toy(steps=2))
    assert run.say(Start(run.settings))[-1] == HttpRequest("POST", "http://toy/0")
    assert run.arrive(HttpResponse(201)) == [HttpRequest("POST", "http://toy/1")]
    assert len(dials(run.arrive(HttpResponse(200)))) == 1


@pytest.mark.parametrize("steps", [0, 1])
def test_a_refusal_that_no_retry_can_help_ends_the_session_at_once(steps: int) -> None:
    run = Run(Toy(steps=steps))
    run.say(Start(run.settings))
    (failed,) = run.arrive(HttpResponse(401))
    assert isinstance(failed, Failed)
    assert run.engine.done
    assert run.engine.deadline is None


def test_messages_are_cut_to_the_size_asked_for_and_the_rest_goes_last() -> None:
    run = Run().begin()
    sent = run.feed(0.025) + run.feed(0.001) + run.say(Finish())
    sizes = [len(action) for action in sent if isinstance(action, bytes)]
    assert sizes == [CHUNK, CHUNK, CHUNK * 6 // 10]
    assert finishes(sent) == 1
    assert isinstance(sent[-1], str)


def test_begun_is_first_and_ended_is_last_and_each_comes_once() -> None:
    run = Run().begin()
    run.feed(1)
    run.final("one", 0.1, 0.5)
    run.say(Finish())
    run.hear(Ended(reported_audio_seconds=1.0))
    run.hear(Ended())
    run.drop()
    kinds = [type(event).__name__ for event in run.events if not hasattr(event, "code")]
    assert kinds == ["Begun", "Transcript", "Ended"]
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.audio_seconds, ended.tail_lost) == (1.0, False)


def test_every_event_carries_where_and_when() -> None:
    run = Run().begin()
    run.feed(1.5)
    run.now += 2
    (heard,) = [e for e in run.hear(Unknown(kind="x")) if isinstance(e, Unknown)]
    assert (heard.provider, heard.received_at, heard.audio_sent, heard.connection) == ("local", run.now, 1.5, 1)
    assert heard.raw is not None


def test_a_dropped_connection_is_dialled_again_and_what_no_final_covers_is_sent_again() -> None:
    run = Run().begin()
    run.feed(3)
    run.final("one two", 0.2, 1.0)
    assert not dials(run.drop())
    assert run.notices[-1] == "reconnecting"
    assert len(dials(run.wait(1))) == 1
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == 2 * PER_SECOND
    assert run.notices[-1] == "reconnected"
    assert sum(isinstance(event, Begun) for event in run.events) == 1


def test_the_clock_goes_on_over_a_reconnect_and_nothing_is_said_twice() -> None:
    run = Run().begin()
    run.feed(3)
    run.final("one two", 0.2, 1.005)
    run.drop()
    run.wait(1)
    run.open()
    # The new connection starts at 1.0 s (a whole chunk) and hears the end of "two" again.
    run.final("two three", -0.3, 0.9)
    run.hear(SpeechStarted(at=0.5), TurnEnded(at=1.0))
    finals = [event for event in run.events if isinstance(event, Transcript)]
    assert [event.text for event in finals] == ["one two", "three"]
    assert finals[1].start == pytest.approx(1.3)
    assert [event.connection for event in finals] == [1, 2]
    assert [e.at for e in run.events if isinstance(e, SpeechStarted | TurnEnded)] == [1.005, 1.5, 2.0]


def test_a_session_that_can_be_resumed_dials_the_same_place_and_sends_only_what_was_not_acknowledged() -> None:
    run = Run(Toy(resumes=True)).begin()
    run.feed(3)
    run.hear(Acknowledged(until=2.5))
    run.drop()
    first, second = dials(run.actions)[0], dials(run.wait(1))[0]
    assert first == second
    run.arrive(Opened())
    assert audio(run.hear(Begun())) == PER_SECOND // 2
    run.final("late", 2.6, 2.9)
    assert run.events[-1].start == 2.6  # type: ignore[union-attr] # the provider's clock went on too


def test_a_resume_that_is_refused_becomes_a_new_session() -> None:
    toy = Toy(resumes=True)
    run = Run(toy).begin()
    run.drop()
    run.wait(1)
    run.arrive(HttpResponse(403))
    run.wait(2)
    assert [dial is None for dial in toy.resumed] == [True, False, True]
    assert not run.engine.done


def test_the_budget_of_retries_is_spent_once_and_made_whole_by_proof_of_life() -> None:
    run = Run(max_retries=2).begin()
    for _ in range(2):
        run.drop()
        run.wait(10)
        run.arrive(Opened())
        run.hear(Begun())
    run.hear(Acknowledged(until=0.1))
    for _ in range(2):
        run.drop()
        run.wait(10)
        run.arrive(Opened())
    run.drop()
    last = run.events[-1]
    assert isinstance(last, Failed)
    assert not last.retryable
    assert run.notices.count("reconnecting") == 4
    assert run.engine.done


def test_pauses_double_and_honour_the_providers_wish() -> None:
    run = Run(max_retries=5, backoff=1.0, backoff_max=3.0)
    run.say(Start(run.settings))
    pauses = []
    for _ in range(4):
        run.arrive(Unreachable("nobody there"))
        assert run.engine.deadline is not None
        pauses.append(run.engine.deadline - run.now)
        run.wait(pauses[-1])
    assert pauses == [1.0, 2.0, 3.0, 3.0]
    run.arrive(Opened())
    run.hear(Failed(kind="refused", code="429", message="slow down", retryable=True, retry_after=30.0))
    assert run.engine.deadline == run.now + 30.0


def test_finish_waits_for_the_last_message_and_progress_extends_the_wait() -> None:
    run = Run(drain_timeout=10).begin()
    run.feed(1)
    run.say(Finish())
    run.wait(9)
    run.final("one", 0.1, 0.5)
    run.wait(9)
    assert not run.engine.done
    run.wait(2)
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert ended.tail_lost
    assert run.notices[-1] == "tail_lost"
    assert Closed(1000) in run.actions


def test_a_drop_while_draining_replays_and_finishes_again() -> None:
    run = Run().begin()
    run.feed(2)
    run.say(Finish())
    run.final("one", 0.1, 1.0)
    run.drop()
    run.wait(1)
    run.arrive(Opened())
    again = run.hear(Begun())
    assert audio(again) == PER_SECOND
    assert finishes(again) == 1
    run.hear(Ended())
    assert run.engine.done


def test_finishing_before_the_connection_is_up_still_sends_everything() -> None:
    run = Run()
    run.say(Start(run.settings))
    run.feed(0.5)
    run.say(Finish())
    run.arrive(Opened())
    sent = run.hear(Begun())
    assert (audio(sent), finishes(sent)) == (PER_SECOND // 2, 1)


def test_a_provider_that_ends_by_itself_is_dialled_again() -> None:
    run = Run().begin()
    run.hear(Ended())
    assert run.notices[-1] == "reconnecting"


def test_a_provider_that_never_accepts_is_given_up() -> None:
    run = Run(begin_timeout=5.0, max_retries=0)
    run.say(Start(run.settings))
    run.arrive(Opened())
    run.wait(5.1)
    assert isinstance(run.events[-1], Failed)


def test_a_silent_connection_is_pinged_then_dropped() -> None:
    run = Run(ping_interval=10).begin()
    assert run.wait(10.1) == [Ping()]
    run.arrive(Pong())
    assert run.wait(9) == []
    assert run.wait(2) == [Ping()]
    run.wait(10)
    assert run.notices[-1] == "reconnecting"


def test_keep_alives_are_sent_only_while_nothing_else_is() -> None:
    run = Run(Toy(keep_alive=4.0)).begin()
    run.wait(3)
    run.feed(0.1)
    assert run.wait(3) == []
    assert len([action for action in run.wait(2) if isinstance(action, str)]) == 1
    run.say(Finish())
    assert not [action for action in run.wait(5) if isinstance(action, str)]


def test_a_command_comes_after_the_audio_before_it() -> None:
    run = Run().begin()
    sent = run.feed(0.015) + run.say(EndUtterance())
    assert [type(action) for action in sent] == [bytes, bytes, str]


def test_what_the_provider_cannot_do_is_said() -> None:
    run = Run(Toy(forces_endpoint=False)).begin()
    run.say(EndUtterance())
    run.say(Configure({"partials": False}))
    assert run.notices[-2:] == ["not_supported", "not_supported"]


def test_audio_that_no_longer_fits_is_reported_when_it_is_missed() -> None:
    run = Run(replay_seconds=1.0).begin()
    run.feed(3)
    run.drop()
    run.wait(1)
    run.arrive(Opened())
    lost = [event for event in run.events if getattr(event, "code", "") == "audio_lost"]
    assert [event.seconds for event in lost] == [2.0]  # type: ignore[union-attr] # a Notice
    assert audio(run.hear(Begun())) == PER_SECOND


def test_a_setting_that_is_dropped_is_said_before_audio_flows() -> None:
    run = Run(transcription=Wanted(language="cy"))
    (notice, dial) = run.say(Start(run.settings))
    assert isinstance(notice, Notice)
    assert notice.code == "setting_dropped"
    assert "language" in notice.message
    assert dials([dial])


def test_nothing_is_done_after_the_end() -> None:
    run = Run().begin()
    run.say(Finish())
    run.hear(Ended())
    assert run.feed(1) == []
    assert run.wait(100) == []
    assert run.arrive(Closed(1000)) == []


def test_each_command_is_said_once_and_a_drop_does_not_finish_a_session() -> None:
    run = Run().begin()
    run.say(EndUtterance())
    run.feed(1)
    run.drop()
    run.wait(1)
    run.open()
    run.feed(1)
    said = [action for action in run.actions if isinstance(action, str)]
    assert sum('"end_utterance"' in frame for frame in said) == 1
    assert finishes(said) == 0


def test_a_final_that_was_said_already_is_no_event() -> None:
    run = Run().begin()
    run.feed(2)
    run.final("one", 0.5, 1.009)
    run.drop()
    run.wait(1)
    run.open()
    assert run.final("one", -0.5, 0.0) == []


def test_the_end_tells_how_long_the_session_was_open_over_all_connections() -> None:
    run = Run().begin()
    run.now += 5
    run.drop()
    run.wait(1)
    run.open()
    run.say(Finish())
    run.now += 1
    run.hear(Ended())
    ended = run.events[-1]
    assert isinstance(ended, Ended)
    assert ended.session_seconds == 7


def test_a_connection_that_lived_long_makes_the_budget_whole() -> None:
    run = Run(max_retries=1, backoff_max=3.0).begin()
    for _ in range(3):
        run.now += 60
        run.drop()
        run.wait(3)
        run.open()
    assert not run.engine.done


def test_the_greeting_of_a_provider_that_greets_by_the_upgrade_is_heard() -> None:
    run = Run(deepgram.adapter)
    run.say(Start(run.settings))
    run.feed(0.5)
    sent = run.arrive(Opened({"dg-request-id": "x"}))
    assert run.events == [Begun(session_id="x", provider="deepgram", received_at=100.0, connection=1)]
    assert audio(sent) == PER_SECOND // 2
