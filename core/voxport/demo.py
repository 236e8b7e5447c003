"""The demonstration: every provider emulated on this machine, all of them fed with one clip at once, and measured.

The emulators hear with one recogniser, so the providers can differ in delay but not in words: the word error rate of
each must equal that of the recogniser by itself. ``wer``, ``first_partial_s``, ``final_latency_s`` and ``close_s`` are
the measures ``word_error_rate`` (``plain``), ``first_partial``, ``final_after_speech`` and ``close`` of
``voxport.metrics``, all of the clip taken for speech. The audio starts when every provider has accepted its session.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from voxport.audio import AudioFile
from voxport.codec import Adapter
from voxport.compare.runner import SideBySide, Watch
from voxport.emulator import KEY, emulated, emulator, endpoint
from voxport.errors import SessionFailedError, VoxportError
from voxport.events import Ended, Failed
from voxport.listener import Listener
from voxport.metrics import Method, values
from voxport.recogniser import recogniser
from voxport.recogniser.shared import Shared
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.take import Item, Take
from voxport.timeline import texts

CLIPS = Path(__file__).parent / "clips"
DIRECT = "local"
"""The provider that is the recogniser itself."""
METHOD = Method(normalisers=("plain",), primary="plain")


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
    item = Item(id=take.item, audio=str(clip.path), text=clip.text)
    # In haste too: the delays are then those of the emulators alone.
    found = values(msgspec.structs.replace(take, realtime=True), item, METHOD)
    return Measured(
        text=texts(take.events),
        wer=found["word_error_rate"],
        first_partial_s=_rounded(found.get("first_partial")),
        final_latency_s=_rounded(found.get("final_after_speech")),
        close_s=_rounded(found.get("close")),
        tail_lost=isinstance(take.last, Ended) and take.last.tail_lost,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


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
    source = AudioFile(clip.path, realtime=realtime)
    takes = SideBySide(sessions, source, _audio(clip), watch, realtime=realtime).play(clip.file)
    return {take.label: _measured(clip, take) for take in takes}


def _settings(name: str, adapter: Adapter, clip: Clip, listener: Listener) -> Settings:
    return Settings(
        provider=name, transcription=Transcription(language="en", punctuation=True), audio=_audio(clip),
        api_key=Secret(KEY), endpoint=endpoint(adapter, listener),
    )  # fmt: skip


def _audio(clip: Clip) -> AudioSettings:
    return AudioSettings(source=str(clip.path))
