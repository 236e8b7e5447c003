"""Bad input and bad servers: one line that helps, the exit code of the table, and nothing lost that had arrived."""

import json
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.command import PROVIDERS, Config, Run, Serve
from support.emulated import KEY, SAID, SCRIPT
from voxport import emulator
from voxport.codec import Accepted, Adapter, Closed, Desk, Front, HttpRequest, HttpResponse, Server
from voxport.commands import Command
from voxport.ear import Ear
from voxport.events import AnyEvent, Failed, Transcript, TurnEnded
from voxport.listener import Listener

IMPATIENT = {"connect_timeout": 0.3, "begin_timeout": 0.3, "max_retries": 1, "backoff": 0.01}
"""How a test waits."""


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"ws://127.0.0.1:{server.getsockname()[1]}"


def complaint(done: Any) -> str:
    """The last message; there is no traceback anywhere."""
    assert "Traceback" not in done.stderr
    lines: list[str] = done.stderr.splitlines()
    assert all(line.startswith("voxport: ") for line in lines)
    return lines[-1].removeprefix("voxport: ")


# ------------------------------------------------------------------- keys


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_key_is_3(voxport: Run, config: Config, emulated: Listener, clip: Path, provider: str) -> None:
    done = voxport("transcribe", clip, "--fast", "--config", config(provider, emulated, key="wrong-key-77"))
    assert (done.returncode, done.stdout) == (3, "")
    assert complaint(done).startswith(f"{provider}: ")
    assert "key" in complaint(done)
    assert "wrong-key-77" not in done.stderr


@pytest.mark.parametrize(("provider", "variable"), PROVIDERS.items())
def test_no_key_is_2(
    voxport: Run, config: Config, emulated: Listener, clip: Path, provider: str, variable: str
) -> None:
    done = voxport("transcribe", clip, "--fast", "--config", config(provider, emulated, key=None))
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint(done).endswith(f"{provider} needs a key; set it with: export {variable}=...")
    done = voxport("transcribe", clip, "--fast", "--provider", provider)
    assert done.returncode == 2
    assert variable in complaint(done)


# ------------------------------------------------------------------- audio


def test_a_missing_file_is_2(voxport: Run) -> None:
    done = voxport("transcribe", "missing.wav")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint(done).startswith("missing.wav: no such file; ")


@pytest.mark.parametrize(("content", "told"), [(b"", "is empty"), (b"Lorem ipsum. " * 99, "is not audio")])
def test_a_file_without_audio_is_2(voxport: Run, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bad.wav").write_bytes(content)
    done = voxport("transcribe", "bad.wav")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint(done).startswith(f"bad.wav: {told}")


def test_an_empty_stdin_is_2(voxport: Run, config: Config, emulated: Listener) -> None:
    done = voxport("transcribe", "-", "--config", config("deepgram", emulated))
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint(done).startswith("the audio stream is empty")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_rate_that_the_provider_does_not_take_is_2(
    voxport: Run, config: Config, emulated: Listener, clip: Path, provider: str
) -> None:
    file = config(provider, emulated, audio={"sample_rate": 4000})
    done = voxport("transcribe", clip, "--fast", "--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"audio.sample_rate: 4000: {provider} takes " in complaint(done)


# ------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("provider: [", "test.yaml: not valid YAML: "),
        ("- provider", "test.yaml: expected a mapping"),
        ("provider: deepgrm", "unknown provider; did you mean 'deepgram'?"),
        ("provider: local\naudio: {sampel_rate: 1}", "audio.sampel_rate: unknown key; did you mean 'sample_rate'?"),
        ("provider: local\nproviders: {local: {model: moonshin}}", "did you mean 'moonshine'?"),
    ],
)
def test_a_wrong_configuration_is_2(voxport: Run, tmp_path: Path, clip: Path, content: str, told: str) -> None:
    (tmp_path / "test.yaml").write_text(content)
    done = voxport("transcribe", clip, "--fast", "--config", "test.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in complaint(done)


def test_a_setting_that_the_provider_rejects_is_2(
    voxport: Run, config: Config, emulated: Listener, clip: Path, tmp_path: Path
) -> None:
    file = Path(config("deepgram", emulated))
    tree = file.read_text().replace("deepgram:\n", "deepgram:\n    options: {keywords: [x]}\n")
    (tmp_path / "rejected.yaml").write_text(tree)
    done = voxport("transcribe", clip, "--fast", "--config", "rejected.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Keywords are not supported" in complaint(done)


# ------------------------------------------------------------------- hosts


def hang(_: socket.socket) -> None:
    """Accept, and say nothing."""


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def page(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_host_that_refuses_is_4(voxport: Run, config: Config, clip: Path, provider: str) -> None:
    done = voxport("transcribe", clip, "--fast", "--config", config(provider, closed_port(), resilience=IMPATIENT))
    assert (done.returncode, done.stdout) == (4, "")
    assert complaint(done).startswith(f"{provider}: no ")
    assert "Connection refused" in complaint(done)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("behave", [hang, garbage, page])
def test_a_host_that_is_no_provider_is_4(
    voxport: Run, config: Config, serve: Serve, clip: Path, provider: str, behave: Callable[[socket.socket], None]
) -> None:
    file = config(provider, serve(behave), resilience=IMPATIENT)
    done = voxport("transcribe", clip, "--fast", "--config", file)
    assert (done.returncode, done.stdout) == (4, "")
    assert complaint(done).startswith(f"{provider}: ")


# ------------------------------------------------------------------- in the middle


class Failing(Ear):
    """Fails after the first turn."""

    def hear(self, command: Command) -> list[AnyEvent]:
        heard = super().hear(command)
        if any(isinstance(event, TurnEnded) for event in heard):
            heard.append(Failed(kind="provider", code="1011", message="out of order", retryable=True))
        return heard


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_close_in_the_middle_is_4_and_loses_nothing_that_arrived(
    voxport: Run, config: Config, clip: Path, provider: str
) -> None:
    with Listener(emulator.emulated().values(), partial(Failing, SCRIPT), keys=[KEY]) as listener:
        file = config(provider, listener, resilience={"max_retries": 0})
        done = voxport("transcribe", clip, "--fast", "--config", file)
    assert (done.returncode, plain(done.stdout)) == (4, "goodmorning")
    assert complaint(done).startswith(f"{provider}: ")


def plain(text: str) -> str:
    """Without case, spaces and full stops, which providers write in their own ways."""
    return "".join(text.lower().replace(".", "").split())


class Noisy:
    """A server's codec that says more than it should."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.receive = server.receive

    def send(self, event: AnyEvent) -> Iterable[str | bytes | Closed]:
        noise: list[str | bytes | Closed] = []
        if isinstance(event, Transcript):
            noise = ["{nonsense", '{"type": "Surprise", "message": "Surprise"}', "[]"]
        return [*noise, *self._server.send(event)]


class NoisyFront:
    def __init__(self, front: Front) -> None:
        self._front = front
        self.answer = front.answer

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        answer = self._front.accept(request)
        if not isinstance(answer, Accepted):
            return answer
        return Accepted(Noisy(answer.server), answer.headers, answer.subprotocol)


class NoisyAdapter:
    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def front(self, desk: Desk) -> Front:
        return NoisyFront(self._adapter.front(desk))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_messages_that_nobody_knows_harm_nothing(voxport: Run, config: Config, clip: Path, provider: str) -> None:
    adapters: Any = [NoisyAdapter(adapter) for adapter in emulator.emulated().values()]
    with Listener(adapters, partial(Ear, SCRIPT), keys=[KEY]) as listener:
        file = config(provider, listener)
        done = voxport("transcribe", clip, "--fast", "--config", file, "--format", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    finals = [event for event in events if event["event"] == "transcript" and event["is_final"]]
    assert done.returncode == 0
    assert plain("".join(event["text"] for event in finals)) == "goodmorningasknotwhat"
    assert "Surprise" in {event["kind"] for event in events if event["event"] == "unknown"}
    assert complaint(done)
    assert "a message that is not JSON was ignored" in done.stderr
    assert "a message without " in done.stderr


# ------------------------------------------------------------------- full disks


def test_a_full_disk_is_found_before_anything_is_sent(
    voxport: Run, config: Config, emulated: Listener, clip: Path
) -> None:
    file = config("deepgram", emulated)
    done = voxport("transcribe", clip, "--fast", "--config", file, "--save", "/dev/full")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint(done) == ("/dev/full: the recording cannot be created: No space left on device; save it elsewhere")


def test_a_disk_that_fills_up_does_not_end_the_session(
    voxport: Run, config: Config, emulated: Listener, clip: Path
) -> None:
    file = config("deepgram", emulated)
    through = 'ulimit -f 16; "$@"'
    done = voxport("transcribe", clip, "--fast", "--config", file, "--save", "kept.wav", through=through)
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == len(SAID)
    assert complaint(done) == "kept.wav: the recording cannot be written on: File too large; save it elsewhere"


def test_a_full_disk_behind_stdout_is_2(voxport: Run, config: Config, emulated: Listener, clip: Path) -> None:
    file = config("deepgram", emulated)
    done = voxport("transcribe", clip, "--fast", "--config", file, through='"$@" > /dev/full')
    assert done.returncode == 2
    assert complaint(done) == "the standard output cannot be written: No space left on device; send it elsewhere"


def test_a_recording_does_not_overwrite_what_it_records(
    voxport: Run, config: Config, emulated: Listener, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "talk.wav").write_bytes(clip.read_bytes())
    done = voxport("transcribe", "talk.wav", "--config", config("deepgram", emulated), "--save", "./talk.wav")
    assert done.returncode == 2
    assert "is the file to be transcribed" in complaint(done)
    assert (tmp_path / "talk.wav").read_bytes() == clip.read_bytes()


# ------------------------------------------------------------------- packages


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("pyaudio", ("transcribe",), "mic"),
        ("moonshine_voice", ("transcribe", "CLIP", "--fast"), "local"),
        ("moonshine_voice", ("emulate",), "local"),
        ("moonshine_voice", ("demo", "--fast"), "local"),
    ],
)
def test_a_missing_extra_is_2_and_named(
    voxport: Run, tmp_path: Path, clip: Path, package: str, arguments: tuple[str, ...], extra: str
) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError")
    named = (str(clip) if argument == "CLIP" else argument for argument in arguments)
    done = voxport(*named, keys={"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"needs the extra '{extra}': pip install 'voxport[{extra}]'" in complaint(done)
