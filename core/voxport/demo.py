"""The demonstration: every provider emulated on this machine, all of them fed with one clip at once, and measured.

The emulators hear with one recogniser, so the providers can differ in delay but not in words: the word error rate of
each must equal that of the recogniser by itself. What is measured, in seconds:

- ``first_partial_s``: from when the first chunk of audio was sent to when the first ``Transcript`` with text arrived.
- ``final_latency_s``: from when the last chunk of audio was sent to when the last final arrived. Negative when the
  last final came before the audio had all been sent; never clamped.
- ``close_s``: from when ``Finish`` was said to when ``Ended`` arrived.

The audio starts when every provider has accepted its session: the handshake is no part of the first two.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from voxport.audio import AudioFile
from voxport.codec import Adapter
from voxport.compare.runner import SideBySide, Watch
from voxport.emulator import KEY, emulated, emulator, endpoint
from voxport.errors import SessionFailedError, VoxportError
from voxport.events import Ended, Failed, Transcript
from voxport.listener import Listener
from voxport.metrics.align import align, count
from voxport.metrics.text import plain_words
from voxport.recogniser import recogniser
from voxport.recogniser.shared import Shared
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.take import Take
from voxport.timeline import texts

CLIPS = Path(__file__).parent / "clips"
DIRECT = "local"
"""The provider that is the recogniser itself."""


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


# --------------------------------------------------------------------------- measuring


def _measured(clip: Clip, take: Take) -> Measured:
    """Raises what stopped the session, if something did."""
    if isinstance(take.last, Failed):
        raise SessionFailedError(take.last)
    if take.error is not None:
        raise VoxportError(take.error)
    said = [event for event in take.events if isinstance(event, Transcript) and event.text]
    finals = [event for event in said if event.is_final]
    ended = take.events[-1]
    text = texts(finals)
    return Measured(
        text=text,
        wer=word_error_rate(clip.text, text),
        first_partial_s=_between(take.sent[0].at, said[0].received_at if said else None),
        final_latency_s=_between(take.sent[-1].at, finals[-1].received_at if finals else None),
        close_s=_between(take.finished_at, ended.received_at),
        tail_lost=isinstance(ended, Ended) and ended.tail_lost,
    )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 4)


def word_error_rate(reference: str, text: str) -> float:
    """Of ``text`` against ``reference``, case and punctuation aside."""
    return count(align(tuple(plain_words(reference)), tuple(plain_words(text)))).rate or 0.0


# --------------------------------------------------------------------------- all of it


def run(clip: Clip, *, realtime: bool = True, watch: Watch = lambda _name, _event: None) -> Report:
    """Play ``clip`` through all emulated providers at once, and through the recogniser by itself.

    Raises ``MissingExtraError`` without the extra ``local``, and ``SessionFailedError`` when a session fails, once the
    others have ended.
    """
    with emulator(Shared(recogniser())) as listener:
        sessions = {name: _settings(name, adapter, clip, listener) for name, adapter in emulated().items()}
        providers = _play(clip, sessions, realtime=realtime, watch=watch)
    direct = Settings(provider=DIRECT, audio=_audio(clip))
    alone = _play(clip, {DIRECT: direct}, realtime=False, watch=lambda _name, _event: None)[DIRECT]
    return Report(clip.file, clip.text, Accuracy(alone.text, alone.wer), providers)


def _play(clip: Clip, sessions: Mapping[str, Settings], *, realtime: bool, watch: Watch) -> dict[str, Measured]:
    takes = SideBySide(sessions, AudioFile(clip.path, realtime=realtime), _audio(clip), watch).play(
        clip.file, realtime=realtime
    )
    return {take.label: _measured(clip, take) for take in takes}


def _settings(name: str, adapter: Adapter, clip: Clip, listener: Listener) -> Settings:
    return Settings(
        provider=name, transcription=Transcription(language="en", punctuation=True), audio=_audio(clip),
        api_key=Secret(KEY), endpoint=endpoint(adapter, listener),
    )  # fmt: skip


def _audio(clip: Clip) -> AudioSettings:
    return AudioSettings(source=str(clip.path))
