"""A microphone, through PyAudio (PortAudio). Needs the extra ``mic``."""

import threading
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import msgspec

from voxport.audio import _portaudio
from voxport.audio._capture import CaptureBuffer
from voxport.audio.source import rechunk
from voxport.errors import AudioError
from voxport.events import Notice
from voxport.settings import AudioSettings, Encoding

_LIVENESS_SECONDS = 0.25
"""How often a silent device is asked whether it still lives."""

# --------------------------------------------------------------------------- devices


class InputDevice(msgspec.Struct, frozen=True):
    """An input device: ``sample_rate`` (Hz) is its own, ``channels`` its most, ``host_api`` the sound system.

    ``default`` marks the one that is used when none is chosen.
    """

    index: int
    name: str
    sample_rate: int
    channels: int
    host_api: str = ""
    default: bool = False

    def __str__(self) -> str:
        """As in a list of choices."""
        return f"{self.index}: {self.name}"


def microphones() -> list[InputDevice]:
    """The input devices of this machine.

    Raises ``MissingExtraError`` without PyAudio, ``AudioError`` when the sound system does not start.
    """
    with _portaudio.started() as portaudio:
        return _input_devices(portaudio)


def _input_devices(portaudio: Any) -> list[InputDevice]:
    try:
        default = portaudio.get_default_input_device_info()["index"]
    except OSError:
        default = None
    found = (portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count()))
    return [_described(portaudio, device, default) for device in found if device["maxInputChannels"] > 0]


def _described(portaudio: Any, device: dict[str, Any], default: int | None) -> InputDevice:
    name = device["name"]
    return InputDevice(
        index=device["index"],
        # PyAudio leaves a name that it cannot decode in bytes.
        name=name.decode("utf-8", "replace") if isinstance(name, bytes) else name,
        sample_rate=round(device["defaultSampleRate"]),
        channels=device["maxInputChannels"],
        host_api=portaudio.get_host_api_info_by_index(device["hostApi"])["name"],
        default=device["index"] == default,
    )


def _choose(devices: list[InputDevice], wanted: int | str | None) -> InputDevice:
    """The one device that ``wanted`` means, or an ``AudioError`` that lists those to choose from."""
    matches = _matches(devices, wanted)
    if len(matches) == 1:
        return matches[0]
    missing = "there is no default microphone" if wanted is None else f"there is no microphone {wanted!r}"
    problem = f"several microphones match {wanted!r}" if matches else missing
    listed = "; ".join(map(str, matches or devices)) or "none: connect one"
    raise AudioError(f"{problem}; set audio.device to the index or the name of an input device ({listed})")


def _matches(devices: list[InputDevice], wanted: int | str | None) -> list[InputDevice]:
    if wanted is None:
        return [device for device in devices if device.default]
    if isinstance(wanted, int) or wanted.isdecimal():
        return [device for device in devices if device.index == int(wanted)]
    name = wanted.casefold()
    alike = [device for device in devices if name in device.name.casefold()]
    exact = [device for device in alike if name == device.name.casefold()] or alike
    # Windows lists a microphone once for each sound system; the default's is the one that counts.
    usual = {device.host_api for device in devices if device.default}
    narrowed = [device for device in exact if device.host_api in usual]
    return narrowed if len(narrowed) == 1 else exact


# --------------------------------------------------------------------------- capture

_CAPTURED: Mapping[Encoding, Encoding] = {"s16le": "s16le", "mulaw": "s16le", "f32le": "f32le"}
"""The encoding that is captured, for the one that is wanted."""


class _Capture:
    """An open device, what it delivers (``form``), and the buffer where that goes until ``release``.

    PortAudio calls back from a thread of its own. With blocking reads instead, PyAudio either hides an overflow or
    throws audio away with it, and a read from a device that hangs can be neither timed nor ended.
    """

    def __init__(self, wanted: int | str | None, audio: AudioSettings, buffer_seconds: float) -> None:
        self._lock = threading.Lock()
        self._portaudio = _portaudio.start()
        try:
            self.device = _choose(_input_devices(self._portaudio), wanted)
            self._stream, self.form, self.buffer = self._open(audio, buffer_seconds)
        except BaseException:
            _portaudio.stop(self._portaudio)
            raise

    def _open(self, audio: AudioSettings, buffer_seconds: float) -> tuple[Any, AudioSettings, CaptureBuffer]:
        refusal = ""
        for form in _forms(audio, self.device):
            buffer = CaptureBuffer(int(buffer_seconds * form.bytes_per_second), form.bytes_per_second)
            try:
                opened = _portaudio.open_input(
                    self._portaudio, self.device.index, form, buffer.put, buffer.note_overflow
                )
            except OSError as error:
                refusal = refusal or str(error.strerror or error)
            else:
                return opened, form, buffer
        raise AudioError(f"microphone {self.device} cannot be opened: {refusal}; does another program hold it?")

    def alive(self) -> bool:
        """Whether the device is running, or was released on purpose."""
        with self._lock:
            try:
                return self._stream is None or bool(self._stream.is_active())
            except OSError:
                return False

    def release(self) -> None:
        """Close the device, and let the buffer end. A second call does nothing."""
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            _portaudio.close_input(stream)
            _portaudio.stop(self._portaudio)
        finally:
            self.buffer.end()


def _forms(audio: AudioSettings, device: InputDevice) -> list[AudioSettings]:
    """The formats to try, the wanted one first, and only such as can be converted into it."""
    rates = dict.fromkeys((audio.sample_rate, device.sample_rate))
    counts = dict.fromkeys((audio.channels, device.channels))
    return [
        msgspec.structs.replace(audio, sample_rate=rate, channels=channels, encoding=_CAPTURED[audio.encoding])
        for rate, channels in product(rates, counts)
        if channels == audio.channels or 1 in {channels, audio.channels}
    ]


def _in_format(blocks: Iterator[bytes | Notice], form: AudioSettings, audio: AudioSettings) -> Iterator[bytes | Notice]:
    """``blocks``, captured in ``form``, in the format of ``audio``."""
    if (form.sample_rate, form.channels, form.encoding) == (audio.sample_rate, audio.channels, audio.encoding):
        return blocks
    from voxport.audio.formats import Converter, converted, decode  # noqa: PLC0415 -- numpy, and seldom needed

    samples = (block if isinstance(block, Notice) else decode(block, form.encoding, form.channels) for block in blocks)
    converter = Converter(form.sample_rate, audio.sample_rate, form.channels, audio.channels)
    return converted(samples, converter, audio.encoding, form.channels)


class Microphone:
    """An input device as a source.

    ``device`` is an index or a name or part of one, in any case (digits alone are an index); without it
    ``AudioSettings.device`` counts, and without that the system's default. A device that refuses the wanted rate or
    channel count is opened in its own, and converted.

    Capture never waits for the consumer. When more than ``buffer_seconds`` lie untaken, the oldest are dropped, with
    the notice ``audio_dropped``; what the sound system itself lost is the notice ``input_overflow``.

    Raises ``MissingExtraError`` when made without PyAudio; ``AudioError`` from ``chunks``, for a device that is not
    found or cannot be opened, and from the iterator, after all that was captured, for one that was pulled out, has
    failed, or has delivered nothing for ``stall_seconds``.
    """

    def __init__(
        self, device: int | str | None = None, *, buffer_seconds: float = 30.0, stall_seconds: float = 5.0
    ) -> None:
        _portaudio.require_pyaudio()
        self._wanted = device
        self._buffer_seconds = buffer_seconds
        self._stall_seconds = stall_seconds
        self._lock = threading.Lock()
        self._capture: _Capture | None = None
        self._closed = False

    def chunks(self, audio: AudioSettings) -> Iterator[bytes | Notice]:
        """What is captured from this call on, until ``close``; see ``Source``. One iterator at a time."""
        wanted = audio.device if self._wanted is None else self._wanted
        with self._lock:
            if self._closed:
                return iter(())
            if self._capture:
                raise AudioError(f"microphone {self._capture.device} is already being captured; close it first")
            self._capture = capture = _Capture(wanted, audio, self._buffer_seconds)
        return rechunk(_in_format(self._captured(capture), capture.form, audio), audio.chunk_bytes)

    def close(self) -> None:
        """Release the device; the iterator ends after what was captured. See ``Source``."""
        with self._lock:
            self._closed = True
            capture = self._capture
        if capture:
            capture.release()

    def _captured(self, capture: _Capture) -> Iterator[bytes | Notice]:
        try:
            yield from self._until_ended(capture)
        finally:
            capture.release()
            with self._lock:
                self._capture = None

    def _until_ended(self, capture: _Capture) -> Iterator[bytes | Notice]:
        silent, step = 0.0, min(_LIVENESS_SECONDS, self._stall_seconds)
        while silent < self._stall_seconds:
            # Asked before taking: a device that was dead by then has put all that it ever will.
            alive = capture.alive()
            if taken := capture.buffer.take(step if alive else 0):
                silent = 0.0
                yield from taken
            elif capture.buffer.ended:
                return
            elif not alive:
                raise AudioError(
                    f"microphone {capture.device} has failed or was pulled out; connect it and start again"
                )
            else:
                silent += step
        if not self._closed:
            raise AudioError(
                f"microphone {capture.device} has delivered nothing for {self._stall_seconds:g} s; "
                "is it in use or switched off?"
            )
