"""What ``voxport transcribe`` does."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from voxport import registry
from voxport.audio import Source
from voxport.cli._config import config_file
from voxport.cli._cues import Cues, Srt, Vtt
from voxport.cli._exits import Exit
from voxport.cli._format import Format
from voxport.cli._output import Screen
from voxport.cli._sources import Ready, recording_of, source_of
from voxport.cli._stopping import stopping
from voxport.cli._writers import JsonLines, Text, Told, Writer
from voxport.opening import open as open_session
from voxport.session import Session


class Job(msgspec.Struct, frozen=True):
    """What was asked for on the command line; ``audio`` ``None`` is left to the configuration."""

    audio: str | None
    form: Format
    save: Path | None
    fast: bool
    raw: bool


def run(job: Job, config: Path | None, provider: str | None) -> Exit:
    """Transcribe to the end. Raises ``VoxportError`` for what fails; what had arrived by then is written."""
    session = open_session(config_file(config), provider)
    audio = session.settings.audio
    name = job.audio or audio.source
    source = source_of(name, realtime=not job.fast)
    recording = recording_of(source, name, job.save, audio)
    ready = Ready(recording or source, audio)
    screen = Screen(live=job.form is Format.TEXT)
    code = _follow(session, ready, screen, _writer(job, screen))
    return Exit.USAGE if code is Exit.DONE and recording and recording.failed else code


def _writer(job: Job, screen: Screen) -> Writer:
    makers: Mapping[Format, Callable[[], Writer]] = {
        Format.TEXT: lambda: Text(screen, lambda provider: registry.adapter(provider).capabilities.tells_turns),
        Format.JSONL: lambda: JsonLines(screen, raw=job.raw),
        Format.SRT: lambda: Cues(screen, Srt()),
        Format.VTT: lambda: Cues(screen, Vtt()),
    }
    return makers[job.form]()


def _follow(session: Session, source: Source, screen: Screen, writer: Writer) -> Exit:
    """The session, from start to end."""
    told = Told(screen)

    def finish() -> None:
        screen.message("finishing; press Ctrl-C again to quit at once")
        session.finish()

    with session, stopping(finish, writer.close):
        session.feed(source)
        try:
            for event in session:
                writer.take(event)
                told.take(event)
        finally:
            writer.close()
            told.unfinished()
    if not told.finals:
        screen.message("no speech was recognised")
    return Exit.TAIL_LOST if told.tail_lost else Exit.DONE
