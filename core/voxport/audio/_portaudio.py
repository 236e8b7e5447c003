"""PortAudio's life: started, asked, opened and stopped by one thread at a time, and without chatter."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from voxport.audio._quiet import quiet_stderr
from voxport.errors import AudioError, MissingExtraError
from voxport.settings import AudioSettings, Encoding

_one_at_a_time = threading.Lock()

SAMPLE_FORMATS: Mapping[Encoding, str] = {"s16le": "paInt16", "f32le": "paFloat32"}
"""PyAudio's names of the encodings that PortAudio delivers."""


def require_pyaudio() -> Any:
    """The module ``pyaudio``, or a ``MissingExtraError``."""
    try:
        import pyaudio  # noqa: PLC0415 -- an optional extra
    except ImportError:
        hint = "on Linux it needs the system package portaudio19-dev first"
        raise MissingExtraError("the microphone", "mic", hint) from None
    return pyaudio


def start() -> Any:
    """A started ``pyaudio.PyAudio``, for ``stop``. Raises ``MissingExtraError`` or ``AudioError``."""
    pyaudio = require_pyaudio()
    try:
        with _one_at_a_time, quiet_stderr():
            return pyaudio.PyAudio()
    except OSError as error:
        raise AudioError(f"the sound system does not start: {error.strerror or error}; is it running?") from None


def stop(portaudio: Any) -> None:
    """Give PortAudio back."""
    with _one_at_a_time:
        portaudio.terminate()


@contextmanager
def started() -> Iterator[Any]:
    """Start, and stop at the end."""
    portaudio = start()
    try:
        yield portaudio
    finally:
        stop(portaudio)


def open_input(
    portaudio: Any, device: int, form: AudioSettings, on_audio: Callable[[bytes], None], on_overflow: Callable[[], None]
) -> Any:
    """Open input ``device`` and let it call ``on_audio`` with each chunk, from PortAudio's own thread, after
    ``on_overflow`` where audio was lost before that chunk.

    Raises ``OSError`` when the device refuses the format.
    """
    pyaudio = require_pyaudio()

    def heard(data: bytes, _frames: int, _times: Mapping[str, float], status: int) -> tuple[None, int]:
        if status & pyaudio.paInputOverflow:
            on_overflow()
        on_audio(data)
        return None, pyaudio.paContinue

    with _one_at_a_time, quiet_stderr():
        return portaudio.open(
            rate=form.sample_rate,
            channels=form.channels,
            format=getattr(pyaudio, SAMPLE_FORMATS[form.encoding]),
            input=True,
            input_device_index=device,
            frames_per_buffer=form.chunk_bytes // form.frame_bytes,
            stream_callback=heard,
        )


def close_input(stream: Any) -> None:
    """Stop and close a stream. What was captured has been delivered by then."""
    # A device that has failed, or was pulled out, cannot be stopped in good order; it is closed all the same.
    with suppress(OSError):
        stream.stop_stream()
    with _one_at_a_time, suppress(OSError):
        stream.close()
