"""The shell, over real sockets: every provider's client end against its server end behind a listener."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

import voxport
from support.emulated import CHUNKS, KEY, REMOTE, SAID, SCRIPT, SECONDS, emulator
from voxport import registry
from voxport.commands import Audio, Command, Finish, KeepAlive
from voxport.ear import Ear
from voxport.events import AnyEvent, Begun, Ended, Failed, Notice, SpeechStarted, Transcript, TurnEnded
from voxport.listener import DroppedError, Listener
from voxport.session import Session
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription
from voxport.timeline import texts

PROVIDERS = registry.names()
QUICK = Resilience(backoff=0.01, backoff_max=0.01, connect_timeout=10.0, drain_timeout=5.0)


def settings(name: str, url: str, **patience: float) -> Settings:
    return Settings(
        provider=name,
        api_key=Secret(KEY),
        endpoint=url,
        transcription=Transcription(language="en", punctuation=True),
        audio=AudioSettings(chunk_ms=100),
        resilience=msgspec.structs.replace(QUICK, **patience),
    )


@pytest.fixture(scope="module")
def emulated() -> Iterator[Listener]:
    with emulator() as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    ours = {"voxport-feed", *(f"voxport-{name}" for name in PROVIDERS)}
    assert [thread.name for thread in threading.enumerate() if thread.name in ours] == []


def listen(session: Session) -> list[AnyEvent]:
    with session:
        session.feed(CHUNKS)
        return list(session)


@pytest.mark.parametrize("name", REMOTE)
def test_what_is_said_is_heard(name: str, emulated: Listener) -> None:
    heard = listen(voxport.open(settings(name, emulated.url)))
    finals = [event for event in heard if isinstance(event, Transcript) and event.is_final]
    assert texts(heard).replace("  ", " ") == " ".join(SAID)
    assert any(isinstance(event, Transcript) and not event.is_final for event in heard)
    assert (finals[0].start, finals[-1].end) == (0.2, 1.9)
    assert sum(isinstance(event, TurnEnded) for event in heard) == 2
    assert isinstance(heard[-1], Ended)
    assert heard[-1].audio_seconds == SECONDS
    assert not heard[-1].tail_lost
    assert all(event.provider == name for event in heard)


@pytest.mark.parametrize("name", REMOTE)
def test_begun_is_first_notices_aside(name: str, emulated: Listener) -> None:
    heard = listen(voxport.open(settings(name, emulated.url)))
    assert isinstance(next(event for event in heard if not isinstance(event, Notice)), Begun)


class Dropping:
    """Hears by script; its connections break, each after some audio."""

    def __init__(self, fates: Iterator[int], heard: list[Command]) -> None:
        self._ear = Ear(SCRIPT)
        self._fates = fates
        self._chunks: int | None = None
        self._heard = heard

    def hear(self, command: Command) -> list[AnyEvent]:
        self._heard.append(command)
        if isinstance(command, Audio):
            self._chunks = (next(self._fates) if self._chunks is None else self._chunks) - 1
            if self._chunks < 0:
                self._chunks = None
                raise DroppedError
        return self._ear.hear(command)

    def close(self) -> None:
        self._ear.close()


@pytest.mark.parametrize("name", REMOTE)
@pytest.mark.parametrize("fates", [(0,), (11,), (11, 2), (19,)], ids=str)
def test_a_session_outlives_its_connections(name: str, fates: tuple[int, ...]) -> None:
    """Each connection hears the script from its own beginning, so a new session at a provider says it anew."""
    left = iter((*fates, *[10_000] * 10))
    listener = Listener([registry.adapter(name)], lambda: Dropping(left, []), keys=[KEY])
    with listener:
        heard = listen(voxport.open(settings(name, listener.url)))
    assert sum(isinstance(event, Begun) for event in heard) == 1
    assert isinstance(heard[-1], Ended)
    notices = [event.code for event in heard if isinstance(event, Notice)]
    assert notices.count("reconnecting") == len(fates)
    assert notices.count("reconnected") == len(fates)
    times = [event.end or 0.0 for event in heard if isinstance(event, Transcript) and event.is_final]
    assert times == sorted(times)
    assert max(event.connection for event in heard) == 1 + len(fates)


@pytest.mark.parametrize("name", REMOTE)
def test_an_exception_in_the_callers_loop_still_ends_the_session_at_the_provider(name: str) -> None:
    heard: list[Command] = []
    listener = Listener([registry.adapter(name)], lambda: Dropping(iter([10_000]), heard), keys=[KEY])
    with listener:
        session = voxport.open(settings(name, listener.url))
        with pytest.raises(ZeroDivisionError), session:
            session.send(CHUNKS[0])
            for event in session:
                if isinstance(event, Begun):
                    raise ZeroDivisionError
    assert sum(isinstance(command, Finish) for command in heard) == 1


def test_a_session_may_be_driven_by_hand(emulated: Listener) -> None:
    with voxport.open(settings("deepgram", emulated.url)) as session:
        for chunk in CHUNKS:
            session.send(chunk)
        session.end_utterance()
        session.finish()
        assert texts(session) == " ".join(SAID)


def test_a_failure_is_an_event_and_then_an_error(emulated: Listener) -> None:
    heard = []
    wrong = msgspec.structs.replace(settings("deepgram", emulated.url), api_key=Secret("canary"))
    with (
        pytest.raises(voxport.SessionFailedError, match="Invalid credentials") as caught,
        voxport.open(wrong) as session,
    ):
        session.feed(CHUNKS)
        for event in session:
            heard.append(event)
    assert [type(event) for event in heard] == [Failed]
    assert caught.value.event.kind == "refused"
    assert "canary" not in str(caught.value)


def test_an_error_in_the_source_ends_the_session_properly_and_is_raised(emulated: Listener) -> None:
    def broken() -> Iterator[bytes]:
        yield from CHUNKS[:12]
        raise voxport.AudioError("the microphone was unplugged")

    heard = []
    with voxport.open(settings("gladia", emulated.url)) as session:
        session.feed(broken())
        with pytest.raises(voxport.AudioError, match="unplugged"):
            for event in session:
                heard.append(event)
    assert isinstance(heard[-1], Ended)
    assert texts(heard) == SAID[0]


def unused_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_host_that_refuses_is_told_after_the_retries() -> None:
    heard: list[AnyEvent] = []
    asked = settings("deepgram", f"ws://127.0.0.1:{unused_port()}", max_retries=1)
    with pytest.raises(voxport.SessionFailedError, match="Connection refused"), voxport.open(asked) as session:
        session.feed(CHUNKS)
        for event in session:
            heard.append(event)
    assert [type(event) for event in heard] == [Notice, Failed]


@pytest.mark.parametrize("name", REMOTE)
@pytest.mark.parametrize(
    "answer", [b"", b"220 mail.test ESMTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]
)
def test_a_host_that_speaks_nonsense_is_told_in_one_line(name: str, answer: bytes) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            with closing(server.accept()[0]) as far:
                far.recv(65_536)
                far.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        asked = settings(name, f"http://127.0.0.1:{server.getsockname()[1]}", max_retries=0)
        with pytest.raises(voxport.SessionFailedError) as caught, voxport.open(asked) as session:
            session.feed(CHUNKS)
            list(session)
        thread.join()
    assert "\n" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value) or answer.startswith(b"HTTP")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["deepgram", "gladia"])
def test_a_host_that_hangs_is_given_up_in_time(name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        asked = settings(name, f"http://127.0.0.1:{server.getsockname()[1]}", max_retries=0, connect_timeout=0.2)
        with pytest.raises(voxport.SessionFailedError, match="did not answer in time"), voxport.open(asked) as session:
            session.feed(CHUNKS)
            list(session)


class Deaf:
    """Accepts, then says nothing more."""

    def hear(self, command: Command) -> list[AnyEvent]:
        return [Begun()] if not isinstance(command, Audio | Finish | KeepAlive) else []

    def close(self) -> None:
        pass


def test_a_provider_that_never_finishes_costs_the_tail_and_not_for_ever() -> None:
    with Listener([registry.adapter("assemblyai")], Deaf, keys=[KEY]) as listener:
        heard = listen(voxport.open(settings("assemblyai", listener.url, drain_timeout=0.2)))
    assert isinstance(heard[-1], Ended)
    assert heard[-1].tail_lost


def test_speech_onset_comes_before_the_text(emulated: Listener) -> None:
    heard = listen(voxport.open(settings("gladia", emulated.url)))
    order = [type(event) for event in heard if isinstance(event, SpeechStarted | Transcript | TurnEnded)]
    assert order[0] is SpeechStarted


def test_misuse_is_told_at_once(emulated: Listener) -> None:
    closed = voxport.open(settings("deepgram", emulated.url))
    with pytest.raises(RuntimeError, match=r"with voxport\.open"):
        next(iter(closed))
    with closed as session:
        with pytest.raises(TypeError, match="send"):
            session.feed(CHUNKS[0])  # type: ignore[arg-type] # the mistake
        session.feed(CHUNKS)
        with pytest.raises(RuntimeError, match="fed once"):
            session.feed(CHUNKS)


def test_what_a_source_notices_is_told_in_its_place(emulated: Listener) -> None:
    class Noticing:
        def chunks(self, _audio: AudioSettings) -> Iterator[bytes | Notice]:
            yield from CHUNKS[:5]
            yield Notice(code="audio_dropped", message="0.10 s were lost", seconds=0.1)
            yield from CHUNKS[5:]

        def close(self) -> None:
            pass

    with voxport.open(settings("gladia", emulated.url)) as session:
        session.feed(Noticing())
        heard = list(session)
        assert list(session) == []
    (dropped,) = [event for event in heard if isinstance(event, Notice) and event.code == "audio_dropped"]
    assert (dropped.provider, dropped.seconds) == ("gladia", 0.1)
    assert dropped.received_at > 0


def test_audio_is_not_read_ahead_of_a_connection_that_does_not_come() -> None:
    taken: list[bytes] = []

    def counted() -> Iterator[bytes]:
        for chunk in CHUNKS * 10:
            taken.append(chunk)
            yield chunk

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        asked = settings("deepgram", f"ws://127.0.0.1:{server.getsockname()[1]}", max_retries=0, connect_timeout=0.2)
        with pytest.raises(voxport.SessionFailedError), voxport.open(asked) as session:
            session.feed(counted())
            list(session)
    assert 5 <= len(taken) <= 15


PROGRAM = f"""
import os, signal, sys, threading
import voxport
from voxport.settings import Secret, Settings

def opened():
    session = voxport.open(Settings(provider="deepgram", api_key=Secret({KEY!r}), endpoint=ENDPOINT))
    session.start().send(bytes(32000))
    next(event for event in session if isinstance(event, voxport.Begun))
    return session
"""
WAYS_OUT = {
    "the end of the program": ("opened()", 0),
    "an exception in the loop": ("with opened() as session:\n    raise KeyError('in the loop')", 1),
    "sys.exit": ("with opened():\n    sys.exit(3)", 3),
    "Ctrl-C": (
        "with opened() as session:\n    os.kill(os.getpid(), signal.SIGINT)\n    list(session)",
        -signal.SIGINT,
    ),
    "SIGTERM": ("with opened() as session:\n    os.kill(os.getpid(), signal.SIGTERM)\n    list(session)", 143),
    "SIGTERM outside of a with block": ("opened()\nos.kill(os.getpid(), signal.SIGTERM)\nlist(iter(int, 1))", 143),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_of_a_program_ends_its_session_once(way: str) -> None:
    heard: list[Command] = []
    listener = Listener([registry.adapter("deepgram")], lambda: Dropping(iter([10_000]), heard), keys=[KEY])
    code, status = WAYS_OUT[way]
    with listener:
        program = PROGRAM.replace("ENDPOINT", repr(listener.url)) + code
        done = subprocess.run([sys.executable, "-c", program], check=False, timeout=20, capture_output=True)
    assert done.returncode == status, done.stderr.decode()
    assert sum(isinstance(command, Finish) for command in heard) == 1


def test_a_programs_own_handling_of_sigterm_is_left_alone_and_the_default_comes_back() -> None:
    program = """
import signal
from voxport import exits
closed = []
one, two = lambda: closed.append(1), lambda: closed.append(2)
exits.enter(one); exits.enter(two)
assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
exits.leave(one)
assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
exits.leave(two)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
signal.signal(signal.SIGTERM, signal.SIG_IGN)
exits.enter(one); exits.leave(one)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
assert closed == []
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_a_sender_that_is_stuck_does_not_hold_up_the_next_connection() -> None:
    """The far side accepts and reads nothing: the socket's buffers fill, and a send blocks."""
    held: list[socket.socket] = []
    good = Listener([registry.adapter("deepgram")], lambda: Ear(SCRIPT), keys=[KEY])
    with good, closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        thread = threading.Thread(target=relay_deafly, args=(server, good, held))
        thread.start()
        asked = settings("deepgram", f"ws://127.0.0.1:{server.getsockname()[1]}", send_timeout=60.0, ping_interval=1.0)
        begun = time.monotonic()
        with voxport.open(asked) as session:
            session.feed([bytes(32_000)] * 400)
            heard = list(session)
        thread.join()
        for sock in held:
            sock.close()
    assert time.monotonic() - begun < 30
    assert [event.code for event in heard if isinstance(event, Notice)].count("reconnecting") == 1
    assert [event.text for event in heard if isinstance(event, Transcript) and event.is_final] == SAID


def relay_deafly(server: socket.socket, good: Listener, held: list[socket.socket]) -> None:
    """The first connection is upgraded and then never read; the second is passed on to ``good``."""
    port = int(good.url.rpartition(":")[2])
    for deaf in (True, False):
        near, far = server.accept()[0], socket.create_connection(("127.0.0.1", port))
        held += [near, far]
        far.sendall(near.recv(65_536))
        near.sendall(far.recv(65_536))
        if not deaf:
            pipes = [threading.Thread(target=pipe, args=ends) for ends in ((near, far), (far, near))]
            for one in pipes:
                one.start()
            for one in pipes:
                one.join()


def pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_changes_are_checked_before_they_are_sent(emulated: Listener) -> None:
    with voxport.open(settings("deepgram", emulated.url)) as session:
        with pytest.raises(voxport.SettingsError, match="did you mean 'key_terms'"):
            session.configure({"keyterms": ["x"]})
        with pytest.raises(voxport.SettingsError, match="key_terms: expected `array`"):
            session.configure({"key_terms": 7})
        session.configure({"key_terms": ["Kelda"]}, {"numerals": True})
        session.feed(CHUNKS)
        list(session)


def test_another_provider_goes_on_where_one_has_failed(emulated: Listener) -> None:
    fates = iter([12] * 9)
    with Listener([registry.adapter("gladia")], lambda: Dropping(fates, []), keys=[KEY]) as failing:
        spare = settings("deepgram", emulated.url)
        asked = msgspec.structs.replace(settings("gladia", failing.url, max_retries=0), fallback=(spare,))
        heard = listen(voxport.open(asked))
    assert [event.code for event in heard if isinstance(event, Notice)].count("failed_over") == 1
    assert heard[-1].provider == "deepgram"
    times = [event.start for event in heard if isinstance(event, Transcript) and event.is_final]
    assert times == sorted(times, key=lambda at: at or 0.0)
