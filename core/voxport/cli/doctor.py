"""``voxport doctor``: what works here, what does not, and what to do about it."""

from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit

Config = typer.Option(
    metavar="FILE", show_default=False, help="YAML file. Default: ./voxport.yaml, else the one that comes with voxport."
)
Json = typer.Option("--json", help="Print one JSON object.")


def doctor(config: Annotated[Path | None, Config] = None, *, as_json: Annotated[bool, Json] = False) -> Exit:
    """Check what works here, and say what to do about the rest.

    Looks at Python, packages, keys (none is shown), the configuration, the network and microphones.

    Exits with 0 when the provider that is selected can be used, else with 2.
    """
    from voxport.cli import _checks  # noqa: PLC0415 -- help stays fast
    from voxport.cli._config import config_file  # noqa: PLC0415 -- help stays fast
    from voxport.cli._output import write  # noqa: PLC0415 -- help stays fast

    diagnosis = _checks.examine(config_file(config))
    write(_checks.as_json(diagnosis) if as_json else _checks.as_text(diagnosis))
    return Exit.DONE if diagnosis.usable else Exit.USAGE
