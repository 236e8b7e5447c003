"""``voxport transcribe``: live speech, or a file, to text."""

from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit
from voxport.cli._format import Format

Audio = typer.Argument(
    metavar="AUDIO",
    show_default=False,
    help="A WAV, FLAC, OGG or MP3 file, or - for raw PCM on stdin. Default: audio.source of the configuration.",
)
Config = typer.Option(
    metavar="FILE", show_default=False, help="YAML file. Default: ./voxport.yaml, else the one that comes with voxport."
)
Provider = typer.Option(metavar="NAME", show_default=False, help="A provider instead of the configuration's.")
Output = typer.Option("--format", help="Text by turns, every event as JSON, or subtitles.")
Save = typer.Option(metavar="FILE.wav", show_default=False, help="Keep the audio that is sent.")
Fast = typer.Option("--fast", help="Do not hold a file or stdin back to the pace of speech.")
Raw = typer.Option("--raw", help="With --format jsonl: add the provider's own messages.")


def transcribe(
    audio: Annotated[str | None, Audio] = None,
    config: Annotated[Path | None, Config] = None,
    provider: Annotated[str | None, Provider] = None,
    form: Annotated[Format, Output] = Format.TEXT,
    save: Annotated[Path | None, Save] = None,
    *,
    fast: Annotated[bool, Fast] = False,
    raw: Annotated[bool, Raw] = False,
) -> Exit:
    """Transcribe the microphone, a file or stdin.

    Keys come from the environment. Ctrl-C ends the session properly: what was said is still transcribed. A second
    Ctrl-C quits at once.
    """
    if raw and form is not Format.JSONL:
        raise typer.BadParameter("goes with --format jsonl only", param_hint="--raw")
    from voxport.cli import _transcription  # noqa: PLC0415 -- help stays fast

    job = _transcription.Job(audio, form, save, fast=fast, raw=raw)
    return _transcription.run(job, config, provider)
