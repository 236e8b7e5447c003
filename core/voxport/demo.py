"""The demonstration: every provider emulated on this machine, all of them fed with one clip at once, and measured.

The emulators hear with one recogniser, so the providers can differ in delay but not in words: the word error rate of
each must equal that of the recogniser by itself. What is measured, in seconds:

- ``first_partial_s``: from when the first chunk of audio was sent to when the first ``Transcript`` with text arrived.
- ``final_latency_s``: from when the last chunk of audio was sent to when the last final arrived. Negative when the
  last final came before the audio had all been sent; never clamped.
- ``close_s``: from when ``Finish`` was said to when ``Ended`` arrived.

The clock of the first two starts after the provider has accepted the session: the handshake is no part of them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from voxport import registry
from voxport.audio import AudioFile
from voxport.codec import Adapter
from voxport.ear import Ear
from voxport.errors import MissingExtraError
from voxport.events import AnyEvent, Begun, Ended, Transcript
from voxport.listener import Listener
from voxport.opening import open as open_session
from voxport.recogniser import Recogniser, recogniser
from voxport.recogniser.shared import Shared
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.timeline import texts

CLIPS = Path(__file__).parent / "clips"
KEY = "emulator-key"
"""The key that emulators take unless they are told another."""
DIRECT = "local"
"""The provider that is the recogniser itself."""

Watch = Callable[[str, AnyEvent], None]
"""Told of each event of each provider, on that provider's thread."""


class Clip(msgspec.Struct, frozen=True):
    """Speech that ships with voxport; ``text`` is what is said, and ``seconds`` how long it takes."""

    file: str
    text: str
    seconds: float
    speaker: str
    source: str
    licence: str

    @property
    def path(self) -> Path:
        """Where the audio is."""
        return CLIPS / self.file


class Accuracy(msgspec.Struct, frozen=True):
    """A transcript and its word error rate, 0 for no error."""

    text: str
    wer: float


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One provider's transcript and delays; see the module. ``None`` for what never came."""

    text: str
    wer: float
    first_partial_s: float | None
    final_latency_s: float | None
    close_s: float | None
    tail_lost: bool = False


class Report(msgspec.Struct, frozen=True):
    """The demonstration's result. ``recogniser`` is the one behind all providers, used directly."""

    clip: str
    reference: str
    recogniser: Accuracy
    providers: Mapping[str, Measured]


def clips() -> tuple[Clip, ...]:
    """The clips that ship with voxport."""
    import yaml  # noqa: PLC0415 -- costs more than the rest of this module

    return msgspec.convert(yaml.safe_load((CLIPS / "clips.yaml").read_text(encoding="utf-8")), tuple[Clip, ...])


# --------------------------------------------------------------------------- emulators


def emulated() -> dict[str, Adapter]:
    """The adapters worth emulating, by name: those of services, which need a key."""
    adapters = {name: registry.adapter(name) for name in registry.names()}
    return {name: adapter for name, adapter in adapters.items() if adapter.capabilities.needs_key}


def emulator(heard_by: Recogniser, *, key: str = KEY, host: str = "127.0.0.1", port: int = 0) -> Listener:
    """A listener, not started yet, that answers as every provider; ``heard_by`` hears what it is sent."""
    return Listener(emulated().values(), partial(Ear, heard_by), keys=[key], host=host, port=port)


def endpoint(adapter: Adapter, listener: Listener) -> str:
    """The ``endpoint:`` that makes this adapter talk to ``listener``, in the scheme that the provider's own has."""
    return listener.ws_url if adapter.capabilities.default_endpoint.startswith("ws") else listener.url


# --------------------------------------------------------------------------- one session


class _Take:
    """One provider's session on one clip, and when what happened. ``play`` is called once; ``stop`` by any thread."""

    def __init__(self, settings: Settings, clip: Clip, *, realtime: bool, watch: Watch) -> None:
        self._settings = settings
        self._clip = clip
        self._source = AudioFile(clip.path, realtime=realtime)
        self._watch = watch
        self._accepted = threading.Event()
        self._heard: list[AnyEvent] = []
        self._first_sent: float | None = None
        self._last_sent: float | None = None
        self._finished: float | None = None

    def play(self) -> Measured:
        """Run the session to its end. Raises what the session raises."""
        with open_session(self._settings) as session:
            try:
                session.feed(self._timed())
                for event in session:
                    self._heard.append(event)
                    self._watch(self._settings.provider, event)
                    if isinstance(event, Begun):
                        self._accepted.set()
            finally:
                self.stop()
        return self._measured()

    def stop(self) -> None:
        """No more audio; the session then finishes."""
        self._source.close()
        self._accepted.set()

    def _timed(self) -> Iterator[bytes]:
        """The audio, once the provider has accepted the session; a chunk is sent when the next one is asked for."""
        self._accepted.wait()
        for chunk in self._source.chunks(self._settings.audio):
            if isinstance(chunk, bytes):
                self._first_sent = self._first_sent or time.monotonic()
                yield chunk
                self._last_sent = time.monotonic()
        self._finished = time.monotonic()

    def _measured(self) -> Measured:
        said = [event for event in self._heard if isinstance(event, Transcript) and event.text]
        finals = [event for event in said if event.is_final]
        ended = self._heard[-1]
        text = texts(finals)
        return Measured(
            text=text,
            wer=word_error_rate(self._clip.text, text),
            first_partial_s=_between(self._first_sent, said[0].received_at if said else None),
            final_latency_s=_between(self._last_sent, finals[-1].received_at if finals else None),
            close_s=_between(self._finished, ended.received_at),
            tail_lost=isinstance(ended, Ended) and ended.tail_lost,
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 4)


def word_error_rate(reference: str, text: str) -> float:
    """Of ``text`` against ``reference``, case and punctuation aside."""
    try:
        import jiwer  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise MissingExtraError("the word error rate", "local") from error
    plain = jiwer.Compose(
        [jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip(),
         jiwer.ReduceToListOfListOfWords()]
    )  # fmt: skip
    rate: float = jiwer.wer(reference, text, reference_transform=plain, hypothesis_transform=plain)
    return rate


# --------------------------------------------------------------------------- all of it


def run(clip: Clip, *, realtime: bool = True, watch: Watch = lambda _name, _event: None) -> Report:
    """Play ``clip`` through all emulated providers at once, and through the recogniser by itself.

    Raises ``MissingExtraError`` without the extra ``local``, and ``SessionFailedError`` when a session fails; the
    others are then ended properly.
    """
    direct = Settings(provider=DIRECT, transcription=Transcription(), audio=_audio(clip))
    with emulator(Shared(recogniser())) as listener:
        takes = {
            name: _Take(_settings(name, adapter, clip, listener), clip, realtime=realtime, watch=watch)
            for name, adapter in emulated().items()
        }
        providers = _together(takes)
    alone = _Take(direct, clip, realtime=False, watch=lambda _name, _event: None).play()
    return Report(clip.file, clip.text, Accuracy(alone.text, alone.wer), providers)


def _settings(name: str, adapter: Adapter, clip: Clip, listener: Listener) -> Settings:
    return Settings(
        provider=name, transcription=Transcription(language="en", punctuation=True), audio=_audio(clip),
        api_key=Secret(KEY), endpoint=endpoint(adapter, listener),
    )  # fmt: skip


def _audio(clip: Clip) -> AudioSettings:
    return AudioSettings(source=str(clip.path))


def _together(takes: Mapping[str, _Take]) -> dict[str, Measured]:
    with ThreadPoolExecutor(len(takes)) as pool:
        playing = {name: pool.submit(take.play) for name, take in takes.items()}
        try:
            return {name: future.result() for name, future in playing.items()}
        except BaseException:
            _stop(takes.values())
            raise


def _stop(takes: Iterable[_Take]) -> None:
    for take in takes:
        take.stop()
