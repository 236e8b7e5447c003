"""``voxport record``: sessions written down, to be compared with what another provider says."""

from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit
from voxport.cli.transcribe import Config, Provider

Audio = typer.Argument(metavar="AUDIO...", help="WAV, FLAC, OGG or MP3 files.")
Out = typer.Option(metavar="FOLDER", help="Where to: a cassette for each file, its audio beside it.")
Fast = typer.Option("--fast", help="Do not hold the files back to the pace of speech: no delays can be measured then.")


def record(
    audio: Annotated[list[Path], Audio],
    out: Annotated[Path, Out],
    config: Annotated[Path | None, Config] = None,
    provider: Annotated[str | None, Provider] = None,
    *,
    fast: Annotated[bool, Fast] = False,
) -> Exit:
    """Write down a session on each file.

    All messages of both sides with their times, without keys, and the audio beside them. What is there already is
    kept, so that a run that was broken off can go on. Keys come from the environment.
    """
    from voxport.cli import _recording  # noqa: PLC0415 -- help stays fast

    return _recording.run(audio, out, config, provider, fast=fast)
