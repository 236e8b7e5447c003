"""``voxport corpus``: speech with its text, ready to be compared on."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit


class Name(StrEnum):
    """A corpus."""

    ASTERISK = "asterisk"


Which = typer.Argument(metavar="NAME", show_default=False, help="asterisk: a telephone exchange's announcements.")
To = typer.Option(metavar="FOLDER", show_default=False, help="Where to put it. Default: NAME-LANGUAGE.")
Language = typer.Option(metavar="CODE", help="Of the announcements: en, es, fr, it or ru.")
AtLeast = typer.Option(metavar="SECONDS", min=0.0, help="Leave shorter recordings out.")
Root = typer.Option(metavar="FOLDER", help="Where Debian's packages are unpacked.")


def corpus(
    name: Annotated[Name, Which],
    to: Annotated[Path | None, To] = None,
    language: Annotated[str, Language] = "en",
    at_least: Annotated[float, AtLeast] = 2.0,
    root: Annotated[Path, Root] = Path("/"),
) -> Exit:
    """Prepare a corpus for `voxport compare --manifest`.

    Nothing is downloaded: the recordings come from packages of the system, which are named if they are missing.
    The manifest's path is printed.
    """
    from voxport.cli._output import say, write  # noqa: PLC0415 -- help stays fast
    from voxport.compare import prepare  # noqa: PLC0415 -- help stays fast

    folder = to or Path(f"{name}-{language}")
    manifest, count = prepare.asterisk(folder, language=language, at_least=at_least, root=root)
    say(f"{count} recordings; compare on them with: voxport compare --manifest {manifest}")
    write(f"{manifest}\n")
    return Exit.DONE
