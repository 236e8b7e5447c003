import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest
import soundfile

from support.command import PROVIDERS, VOXPORT, WAIT, Config, Run
from support.emulated import KEY, RATE, SAID, SCRIPT, SECONDS
from voxport import emulator, registry
from voxport.commands import Command, Finish
from voxport.ear import Ear
from voxport.events import AnyEvent
from voxport.listener import Listener

TEXT = "".join(f"{line}\n" for line in SAID)
SILENCE = bytes(int(RATE * SECONDS) * 2)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_turn_is_a_line(voxport: Run, config: Config, emulated: Listener, clip: Path, provider: str) -> None:
    done = voxport("transcribe", clip, "--fast", "--config", config(provider, emulated))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.sub(r"[^\w\n ]", "", done.stdout.lower()) == re.sub(r"[^\w\n ]", "", TEXT.lower())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_jsonl_is_every_event(voxport: Run, config: Config, emulated: Listener, clip: Path, provider: str) -> None:
    done = voxport("transcribe", clip, "--fast", "--format", "jsonl", "--raw", "--config", config(provider, emulated))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [events[0]["event"], events[-1]["event"]] == ["begun", "ended"]
    assert {event["provider"] for event in events} == {provider}
    assert all(event["received_at"] > 0 and event["connection"] == 1 for event in events)
    final = next(event for event in events if event["event"] == "transcript" and event["is_final"])
    assert final["start"] == pytest.approx(0.2)
    if registry.adapter(provider).capabilities.tells_words:
        assert set(final["words"][0]) >= {"text", "start", "end", "confidence", "speaker", "language"}
        assert final["words"][0]["start"] == pytest.approx(0.2)
    assert isinstance(final["raw"], dict)


def test_raw_is_left_out_unless_asked_for(voxport: Run, config: Config, emulated: Listener, clip: Path) -> None:
    file = config(next(iter(PROVIDERS)), emulated)
    done = voxport("transcribe", clip, "--fast", "--format", "jsonl", "--config", file)
    assert not [line for line in done.stdout.splitlines() if "raw" in json.loads(line)]


@pytest.mark.parametrize(("form", "header", "point"), [("srt", "", ","), ("vtt", "WEBVTT\n\n", ".")])
def test_subtitles_have_a_cue_for_each_final(
    voxport: Run, config: Config, emulated: Listener, clip: Path, form: str, header: str, point: str
) -> None:
    file = config("deepgram", emulated, transcription={"punctuation": True})
    done = voxport("transcribe", clip, "--fast", "--format", form, "--config", file)
    number = "{}\n" if form == "srt" else ""
    spans = ("00:00:00.200 --> 00:00:00.900", "00:00:01.200 --> 00:00:01.900")
    cues = (
        f"{number.format(at)}{span.replace('.', point)}\n{said}\n\n"
        for at, (span, said) in enumerate(zip(spans, SAID, strict=True), 1)
    )
    assert done.returncode == 0
    assert done.stdout == header + "".join(cues)


def test_raw_audio_comes_from_stdin_and_is_saved(
    voxport: Run, config: Config, emulated: Listener, tmp_path: Path
) -> None:
    file = config("deepgram", emulated)
    done = voxport("transcribe", "-", "--fast", "--config", file, "--save", "kept.wav", stdin=SILENCE)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(SAID)
    assert soundfile.info(tmp_path / "kept.wav").duration == SECONDS


def test_the_configuration_of_the_working_directory_counts(
    voxport: Run, config: Config, emulated: Listener, clip: Path, tmp_path: Path
) -> None:
    Path(config("deepgram", emulated, audio={"source": str(clip)})).rename(tmp_path / "voxport.yaml")
    done = voxport("transcribe", "--fast")
    assert len(done.stdout.splitlines()) == len(SAID)


def test_a_provider_is_chosen_by_one_word(voxport: Run, tmp_path: Path, emulated: Listener, clip: Path) -> None:
    sections = {name: {"endpoint": emulated.ws_url} for name in PROVIDERS}
    (tmp_path / "voxport.yaml").write_text(json.dumps({"provider": "local", "providers": sections}))
    for provider, variable in PROVIDERS.items():
        arguments = ("transcribe", clip, "--fast", "--provider", provider, "--format", "jsonl")
        done = voxport(*arguments, keys={variable: KEY})
        assert json.loads(done.stdout.splitlines()[0])["provider"] == provider


def test_what_becomes_of_settings_is_told_on_stderr(
    voxport: Run, config: Config, emulated: Listener, clip: Path
) -> None:
    file = config("deepgram", emulated, transcription={"redaction": True})
    done = voxport("transcribe", clip, "--fast", "--config", file)
    assert done.returncode == 0
    assert done.stderr.startswith("voxport: redaction is approximated as redact=")
    assert len(done.stdout.splitlines()) == len(SAID)


def test_silence_is_said_to_be_silence(voxport: Run, config: Config, clip: Path) -> None:
    with emulator.emulator(SCRIPT.of([])) as listener:
        file = config("deepgram", listener, key=emulator.KEY)
        done = voxport("transcribe", clip, "--fast", "--config", file)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "voxport: no speech was recognised\n"


def test_a_reader_that_leaves_is_no_error(voxport: Run, config: Config, emulated: Listener, clip: Path) -> None:
    file = config("deepgram", emulated)
    through = '{ "$@"; echo "code $?" >&2; } | head -n 1'
    done = voxport("transcribe", clip, "--config", file, "--format", "jsonl", through=through)
    assert json.loads(done.stdout)["event"] == "begun"
    assert done.stderr == "code 0\n"


# ------------------------------------------------------------------- signals


@contextmanager
def running(*arguments: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """``voxport transcribe`` of a stdin that stays open after the script's audio."""
    command = [VOXPORT, "transcribe", "-", "--fast", *arguments]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process: subprocess.Popen[bytes] = subprocess.Popen(command, env=environment, **pipes)
    with process:
        assert process.stdin is not None
        process.stdin.write(SILENCE)
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def until(stream: IO[bytes] | None, wanted: bytes) -> None:
    """Read ``stream`` up to a line with ``wanted`` in it."""
    assert stream is not None
    next(line for line in stream if wanted in line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_session_properly(
    config: Config, emulated: Listener, environment: dict[str, str], number: signal.Signals
) -> None:
    file = config("deepgram", emulated)
    with running("--config", file, "--format", "jsonl", environment=environment) as process:
        until(process.stdout, b'"ask not what"')
        process.send_signal(number)
        out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert b'"is_final":true,"text":"ask not what"' in out
    assert json.loads(out.splitlines()[-1])["event"] == "ended"
    assert err == b"voxport: finishing; press Ctrl-C again to quit at once\n"


class Endless(Ear):
    """Never says its last word."""

    def hear(self, command: Command) -> list[AnyEvent]:
        return [] if isinstance(command, Finish) else super().hear(command)


@pytest.fixture
def endless() -> Iterator[Listener]:
    with Listener(emulator.emulated().values(), partial(Endless, SCRIPT), keys=[KEY]) as listener:
        yield listener


def test_a_second_interrupt_quits_at_once(config: Config, endless: Listener, environment: dict[str, str]) -> None:
    with running("--config", config("deepgram", endless), environment=environment) as process:
        until(process.stdout, b"good morning\n")
        process.send_signal(signal.SIGINT)
        until(process.stderr, b"finishing")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_lost_tail_is_5(voxport: Run, config: Config, endless: Listener, clip: Path) -> None:
    file = config("deepgram", endless, resilience={"drain_timeout": 0.3})
    done = voxport("transcribe", clip, "--fast", "--config", file)
    assert (done.returncode, done.stdout) == (5, "good morning\n")
    assert "voxport: heard, but never made final: ask not what\n" in done.stderr


# ------------------------------------------------------------------- terminals


def on_terminal(command: list[str], environment: dict[str, str]) -> str:
    """What a terminal is sent by a process that has it for stdout and stderr."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], WAIT)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()


def test_a_terminal_shows_the_turn_as_it_grows(
    config: Config, emulated: Listener, environment: dict[str, str], clip: Path
) -> None:
    command = [VOXPORT, "transcribe", str(clip), "--fast", "--config", config("deepgram", emulated)]
    shown = on_terminal(command, {**environment, "TERM": "xterm"})
    erase = "\r\x1b[2K"
    assert "\x1b[2mgood mourn\x1b[0m" in shown
    assert f"{erase}good morning\r\n" in shown
    assert shown.endswith("ask not what\r\n")


def test_a_terminal_that_cannot_redraw_is_shown_lines(
    config: Config, emulated: Listener, environment: dict[str, str], clip: Path
) -> None:
    command = [VOXPORT, "transcribe", str(clip), "--fast", "--config", config("deepgram", emulated)]
    assert on_terminal(command, {**environment, "TERM": "dumb"}) == "good morning\r\nask not what\r\n"


def test_forced_colours_stay_out_of_pipes(voxport: Run, config: Config, emulated: Listener, clip: Path) -> None:
    file = config("deepgram", emulated)
    done = voxport("transcribe", clip, "--fast", "--config", file, keys={"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"})
    assert "\x1b" not in done.stdout + done.stderr
    assert sys.platform == "win32" or "\r" not in done.stdout
