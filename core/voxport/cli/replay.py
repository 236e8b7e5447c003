"""``voxport replay``: what was recorded, decoded again without network."""

from pathlib import Path
from typing import Annotated

import typer

from voxport.cli._exits import Exit

Cassettes = typer.Argument(metavar="CASSETTE...", help="Made by voxport record, or record: in a YAML file.")
Json = typer.Option("--json", help="Print one JSON object for each cassette.")
Warn = typer.Option(metavar="DAYS", help="Tell of a cassette that is older.")
Fail = typer.Option(metavar="DAYS", help="Count a cassette that is older as one that differs.")


def replay(
    cassettes: Annotated[list[Path], Cassettes],
    warn_after: Annotated[float, Warn] = 90.0,
    fail_after: Annotated[float, Fail] = 365.0,
    *,
    as_json: Annotated[bool, Json] = False,
) -> Exit:
    """Decode recorded sessions again, and compare.

    A golden test of adapters, without network: messages must decode to the same events, and the same must be sent.
    Prints the transcripts.
    """
    import time  # noqa: PLC0415 -- help stays fast

    import msgspec  # noqa: PLC0415 -- help stays fast

    from voxport.cli._output import say, write  # noqa: PLC0415 -- help stays fast
    from voxport.cli._recording import replay as check  # noqa: PLC0415 -- help stays fast

    checked = check(cassettes, time.time, warn_after, fail_after)
    for one in checked:
        for difference in one.differences:
            say(difference)
        write(f"{msgspec.json.encode(one).decode() if as_json else one.text}\n")
    return Exit.DIFFERS if any(one.differences for one in checked) else Exit.DONE
