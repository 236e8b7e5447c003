"""Sessions side by side, over real sockets, against every provider's own server end."""

import threading
from collections.abc import Iterator

import pytest

from support.emulated import CHUNKS, KEY, REMOTE, SAID, SCRIPT, SECONDS, emulator
from voxport import registry
from voxport.commands import Audio, Command
from voxport.compare.runner import SideBySide
from voxport.ear import Ear
from voxport.emulator import endpoint
from voxport.errors import AudioError
from voxport.events import AnyEvent, Begun, Ended, Failed, Transcript
from voxport.listener import Listener
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription
from voxport.timeline import texts

AUDIO = AudioSettings(chunk_ms=100)
ONE, OTHER = REMOTE[:2]
LONG = 20.0
"""Seconds; only a failing test waits for so long."""


class Chunks:
    """A source of ``SECONDS`` of audio, unpaced."""

    def chunks(self, audio: AudioSettings) -> Iterator[bytes]:
        return iter(CHUNKS)

    def close(self) -> None:
        pass


def settings(name: str, listener: Listener, key: str = KEY, **patience: float) -> Settings:
    url = endpoint(registry.adapter(name), listener)
    resilience = Resilience(backoff=0.01, backoff_max=0.01, max_retries=1, **patience)
    return Settings(
        provider=name, api_key=Secret(key), endpoint=url, audio=AUDIO, resilience=resilience,
        transcription=Transcription(language="en", punctuation=True),
    )  # fmt: skip


@pytest.fixture(scope="module")
def emulated() -> Iterator[Listener]:
    with emulator() as listener:
        yield listener


def test_every_provider_hears_the_same_audio(emulated: Listener) -> None:
    side = SideBySide({name: settings(name, emulated) for name in REMOTE}, Chunks(), AUDIO, realtime=False)
    takes = side.play("clip")
    assert [take.label for take in takes] == list(REMOTE)
    for take in takes:
        assert (take.outcome, texts(take.events), take.item) == ("ended", " ".join(SAID), "clip")
        assert len(take.sent) == len(CHUNKS)
        assert take.audio_seconds == pytest.approx(SECONDS)


def test_one_provider_with_several_settings(emulated: Listener) -> None:
    asked = settings(ONE, emulated)
    takes = SideBySide({"one": asked, "two": asked}, Chunks(), AUDIO).play("clip")
    assert [(take.label, take.provider, take.outcome) for take in takes] == [
        ("one", ONE, "ended"), ("two", ONE, "ended"),
    ]  # fmt: skip


def test_instants_are_in_order_on_one_clock(emulated: Listener) -> None:
    (take,) = SideBySide({ONE: settings(ONE, emulated)}, Chunks(), AUDIO).play("clip")
    assert take.begun_at is not None
    assert take.finished_at is not None
    sent = [chunk.at for chunk in take.sent]
    assert [take.dialled_at, take.begun_at, *sent, take.finished_at, take.events[-1].received_at] == sorted(
        [take.dialled_at, take.begun_at, *sent, take.finished_at, take.events[-1].received_at]
    )


def test_one_that_is_refused_holds_nobody_up_and_says_so(emulated: Listener) -> None:
    sessions = {ONE: settings(ONE, emulated, key="wrong-key-of-a-test"), OTHER: settings(OTHER, emulated)}
    refused, other = SideBySide(sessions, Chunks(), AUDIO).play("clip")
    assert isinstance(refused.last, Failed)
    assert (refused.outcome, refused.last.kind) == ("failed", "refused")
    assert refused.sent == ()
    assert texts(other.events) == " ".join(SAID)


def test_one_that_cannot_be_reached_holds_nobody_up(emulated: Listener) -> None:
    gone = emulator()
    gone.start()
    gone.close()
    unreachable, other = SideBySide({ONE: settings(ONE, gone), OTHER: settings(OTHER, emulated)}, Chunks(), AUDIO).play(
        "clip"
    )
    assert (unreachable.outcome, other.outcome) == ("failed", "ended")
    assert unreachable.why


def test_one_that_is_slow_holds_nobody_up(emulated: Listener) -> None:
    go_on = threading.Event()

    class Slow(Ear):
        def hear(self, command: Command) -> list[AnyEvent]:
            if isinstance(command, Audio):
                go_on.wait(LONG)
            return super().hear(command)

    def watch(label: str, event: AnyEvent) -> None:
        if label == OTHER and isinstance(event, Ended):
            go_on.set()

    with Listener([registry.adapter(ONE)], lambda: Slow(SCRIPT), keys=[KEY]) as stuck:
        sessions = {ONE: settings(ONE, stuck), OTHER: settings(OTHER, emulated)}
        slow, other = SideBySide(sessions, Chunks(), AUDIO, watch).play("clip")
    assert go_on.is_set()
    assert texts(slow.events) == texts(other.events) == " ".join(SAID)
    assert slow.events[-1].received_at > other.events[-1].received_at


def test_what_arrives_is_told_at_once(emulated: Listener) -> None:
    told: list[tuple[str, AnyEvent]] = []
    (take,) = SideBySide(
        {ONE: settings(ONE, emulated)}, Chunks(), AUDIO, lambda label, event: told.append((label, event))
    ).play("clip")
    assert [event for _, event in told] == list(take.events)


def test_a_fault_in_the_audio_is_in_every_take(emulated: Listener) -> None:
    class Faulty(Chunks):
        def chunks(self, audio: AudioSettings) -> Iterator[bytes]:
            yield from CHUNKS[:5]
            raise AudioError("the file is damaged after 0.5 s")

    sessions = {name: settings(name, emulated) for name in (ONE, OTHER)}
    for take in SideBySide(sessions, Faulty(), AUDIO).play("clip"):
        assert (take.outcome, take.why) == ("error", "the file is damaged after 0.5 s")
        assert isinstance(take.last, Ended)
        assert len(take.sent) == 5


def test_stopping_ends_the_audio_and_the_sessions_finish(emulated: Listener) -> None:
    class Endless(Chunks):
        closed = False

        def chunks(self, audio: AudioSettings) -> Iterator[bytes]:
            while not self.closed:
                yield CHUNKS[0]

        def close(self) -> None:
            self.closed = True

    def watch(_label: str, event: AnyEvent) -> None:
        if isinstance(event, Transcript):
            side.stop()

    side = SideBySide({name: settings(name, emulated) for name in (ONE, OTHER)}, Endless(), AUDIO, watch)
    assert [take.outcome for take in side.play("clip")] == ["ended", "ended"]


def test_raw_messages_are_not_kept(emulated: Listener) -> None:
    (take,) = SideBySide({ONE: settings(ONE, emulated)}, Chunks(), AUDIO).play("clip")
    assert {event.raw for event in take.events} == {None}
    assert any(isinstance(event, Begun) for event in take.events)


def test_a_bug_is_raised_once_the_others_have_ended(emulated: Listener) -> None:
    def watch(label: str, _event: AnyEvent) -> None:
        if label == ONE:
            raise ZeroDivisionError

    sessions = {name: settings(name, emulated) for name in (ONE, OTHER)}
    side = SideBySide(sessions, Chunks(), AUDIO, watch)
    with pytest.raises(ZeroDivisionError):
        side.play("clip")
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("voxport-compare")] == []
