"""``voxport compare``: who recognises our own audio best."""

from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit

Audio = typer.Argument(
    metavar="AUDIO",
    show_default=False,
    help="A WAV, FLAC, OGG or MP3 file, - for raw PCM on stdin, or 'microphone'.",
)
Config = typer.Option(
    metavar="FILE", show_default=False, help="YAML file of jobs. Default: ./compare.yaml, else the one of voxport."
)
Only = typer.Option(metavar="LABEL", show_default=False, help="Only this job; may be given again.")
Reference = typer.Option(metavar="FILE", show_default=False, help="With AUDIO: a text file of what is said in it.")
Save = typer.Option(metavar="FILE.wav", show_default=False, help="With stdin or the microphone: keep the audio.")
Manifest = typer.Option(
    metavar="FILE", show_default=False, help="A corpus instead of AUDIO: JSON lines or CSV, audio and what is known."
)
Results = typer.Option(
    metavar="FILE", show_default=False, help="Where results are kept and gone on from. Default: MANIFEST.results."
)
Jobs = typer.Option(min=1, help="Pieces of audio under way at once.")
Scheduler = typer.Option(
    metavar="ADDRESS", show_default=False, help="Run on the Dask cluster there, whose workers have the keys."
)
Fast = typer.Option("--fast", help="Do not keep the pace of speech; delays are then not measured.")
Html = typer.Option("--report", metavar="FILE.html", show_default=False, help="Write a page to look at and listen to.")
Csv = typer.Option("--csv", metavar="FILE", show_default=False, help="Write a line for each session.")
Markdown = typer.Option("--markdown", metavar="FILE", show_default=False, help="Write tables for a pull request.")
Json = typer.Option("--json", help="Print one JSON object instead of the tables.")


def compare(  # noqa: PLR0913, PLR0917 -- the options of a command
    audio: Annotated[str | None, Audio] = None,
    config: Annotated[Path | None, Config] = None,
    only: Annotated[list[str] | None, Only] = None,
    manifest: Annotated[Path | None, Manifest] = None,
    reference: Annotated[Path | None, Reference] = None,
    save: Annotated[Path | None, Save] = None,
    results: Annotated[Path | None, Results] = None,
    jobs: Annotated[int, Jobs] = 2,
    scheduler: Annotated[str | None, Scheduler] = None,
    html: Annotated[Path | None, Html] = None,
    csv: Annotated[Path | None, Csv] = None,
    markdown: Annotated[Path | None, Markdown] = None,
    *,
    fast: Annotated[bool, Fast] = False,
    as_json: Annotated[bool, Json] = False,
) -> Exit:
    """Compare providers, or settings, on the same audio.

    Every job hears it at the same instant. A corpus goes on where it was ended: Ctrl-C finishes what is under way,
    a second one quits at once, and nothing that had ended is lost. Exits with 0 when every session ended well.
    """
    if (audio is None) == (manifest is None):
        raise typer.BadParameter("give either AUDIO or --manifest")
    from voxport.cli import _comparison  # noqa: PLC0415 -- help stays fast

    wanted = _comparison.Wanted(html, csv, markdown, as_json=as_json)
    if manifest:
        for name, given in (("--reference", reference), ("--save", save)):
            if given:
                raise typer.BadParameter("goes with AUDIO only", param_hint=name)
        where = _comparison.Where(results or manifest.with_suffix(".results"), jobs, scheduler)
        return _comparison.corpus(config, only or (), manifest, where, wanted, realtime=not fast)
    assert audio is not None
    piece = _comparison.Piece(audio, reference, save)
    return _comparison.single(config, only or (), piece, wanted, realtime=not fast)
