"""A real PortAudio device without hardware: a PulseAudio server of our own, whose null sink's monitor is the microphone.

Needs PulseAudio, its ALSA plug-in and PyAudio; where they are missing it is skipped, which fails in CI.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

import voxport
from voxport.audio import Microphone, Recording, WavRecorder, microphones
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings

pyaudio = pytest.importorskip("pyaudio", reason="the extra mic is not installed")
if missing := [name for name in ("pulseaudio", "pactl", "paplay") if shutil.which(name) is None]:
    pytest.skip(f"not on this system: {', '.join(missing)}", allow_module_level=True)

CLIP = Path(voxport.__file__).parent / "clips" / "jfk.flac"
SPOKEN = slice(0, 16000 * 4)
"""The seconds of the clip that are played."""

Signal = npt.NDArray[np.float64]


@contextmanager
def pulseaudio() -> Iterator["subprocess.Popen[bytes]"]:
    """A server with the null sink ``vmic``, as the default of this process's ALSA."""
    runtime = Path(tempfile.mkdtemp(prefix="vmic"))
    (runtime / "pulse").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(runtime))
        environment.setenv("PULSE_RUNTIME_PATH", str(runtime / "pulse"))
        # The default place of the cookie is the user's home.
        environment.setenv("PULSE_COOKIE", str(runtime / "cookie"))
        environment.delenv("PULSE_SERVER", raising=False)
        modules = (
            "module-native-protocol-unix",
            "module-null-sink sink_name=vmic rate=16000 format=s16le channels=1 norewinds=1",
            "module-remap-source source_name=vmic_src master=vmic.monitor",
        )
        loads = [word for module in modules for word in ("-L", module)]
        server = subprocess.Popen(
            [
                "pulseaudio",
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--disable-shm=yes",
                "--log-level=error",
                *loads,
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            _await_server(server)
            yield server
        finally:
            server.kill()
            server.wait()
            shutil.rmtree(runtime)


def _await_server(server: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        assert server.poll() is None, "pulseaudio has ended at once"
        if subprocess.run(["pactl", "get-default-sink"], capture_output=True, check=False).returncode == 0:
            return
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(0.1)
    pytest.fail("pulseaudio does not answer")


@pytest.fixture(scope="session")
def sound_server() -> Iterator[None]:
    with pulseaudio():
        yield


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, npt.NDArray[np.int16]]:
    samples, rate = soundfile.read(CLIP, dtype="int16")
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, samples[SPOKEN], rate)
    return path, samples[SPOKEN]


def hear(played: Path, source: Any, audio: AudioSettings) -> tuple[bytes, list[Notice]]:
    """What ``source`` captures while ``played`` is played, and half a second more."""
    chunks = source.chunks(audio)
    player = subprocess.Popen(["paplay", "--device=vmic", str(played)])
    heard, notices, after = [], [], 0
    for chunk in chunks:
        if isinstance(chunk, Notice):
            notices.append(chunk)
            continue
        heard.append(chunk)
        after += len(chunk) if player.poll() is not None else 0
        if after >= audio.bytes_per_second // 2:
            source.close()
    assert player.returncode == 0
    return b"".join(heard), notices


def likeness(heard: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    """The correlation of ``wanted`` with the part of ``heard`` that it fits best: 1 for the same signal."""
    size = 1 << (len(heard) + len(wanted) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard) - len(wanted) + 1]))
    return float(np.corrcoef(heard[lag : lag + len(wanted)], wanted)[0, 1])


def test_speech_is_captured_bit_exact(
    sound_server: None, speech: tuple[Path, npt.NDArray[np.int16]], tmp_path: Path
) -> None:
    path, samples = speech
    audio = AudioSettings()
    recording = Recording(Microphone(), WavRecorder(tmp_path / "saved.wav", audio))
    heard, notices = hear(path, recording, audio)
    assert notices == []
    assert samples.tobytes() in heard
    assert soundfile.read(tmp_path / "saved.wav", dtype="int16")[0].tobytes() == heard


def test_another_rate_is_resampled_by_the_sound_system(
    sound_server: None, speech: tuple[Path, npt.NDArray[np.int16]]
) -> None:
    path, samples = speech
    heard, notices = hear(path, Microphone("default"), AudioSettings(sample_rate=44100, channels=2, encoding="f32le"))
    assert notices == []
    stereo = np.frombuffer(heard, "<f4").reshape(-1, 2)
    assert np.array_equal(stereo[:, 0], stereo[:, 1])
    # PulseAudio's resampler is not ours: the signals are alike, not equal.
    assert likeness(stereo[:, 0], soxr.resample(samples / 32768, 16000, 44100)) > 0.9999


def test_a_device_that_refuses_the_rate_is_resampled_by_us(
    sound_server: None, speech: tuple[Path, npt.NDArray[np.int16]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # PulseAudio takes any rate, so the refusal is made up; all else, and the audio, is the real device's.
    opened: Callable[..., Any] = pyaudio.PyAudio.open
    rates: list[int] = []

    def picky(portaudio: Any, **options: Any) -> Any:
        rates.append(options["rate"])
        if options["rate"] != 44100:
            raise OSError(-9997, "Invalid sample rate")
        return opened(portaudio, **options)

    monkeypatch.setattr(pyaudio.PyAudio, "open", picky)
    path, samples = speech
    heard, notices = hear(path, Microphone(), AudioSettings())
    assert notices == []
    assert rates[-1] == 44100
    # Through two resamplers, so equal only up to rounding.
    assert likeness(np.frombuffer(heard, "<i2"), samples) > 0.9999


def test_closing_leaves_no_thread_and_no_open_device(sound_server: None) -> None:
    def threads() -> set[Path]:
        return set(Path("/proc/self/task").iterdir())

    before = threads()
    microphone = Microphone()
    chunks = microphone.chunks(AudioSettings())
    next(chunks)
    assert threads() > before
    microphone.close()
    assert all(chunks)
    assert threads() <= before
    assert (
        subprocess.run(["pactl", "list", "short", "source-outputs"], capture_output=True, check=True).stdout.count(
            b"protocol-native"
        )
        == 0
    )


def test_the_device_is_listed_without_chatter(sound_server: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert [device.name for device in microphones() if device.default] == ["default"]
    assert capfd.readouterr() == ("", "")


def test_a_sound_system_that_dies_in_mid_capture_is_an_error_after_what_was_captured() -> None:
    with pulseaudio() as server:
        chunks = Microphone().chunks(AudioSettings())
        assert isinstance(next(chunks), bytes)
        server.kill()
        with pytest.raises(AudioError, match="has failed or was pulled out"):
            assert all(isinstance(chunk, bytes) for chunk in chunks)
