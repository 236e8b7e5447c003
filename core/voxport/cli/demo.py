"""``voxport demo``: all providers, emulated, on one clip at once."""

from typing import TYPE_CHECKING, Annotated

import typer

from voxport.cli._exits import Exit

if TYPE_CHECKING:
    from voxport.demo import Report

Fast = typer.Option("--fast", help="Do not keep the pace of speech.")
Json = typer.Option("--json", help="Print one JSON object instead of the table.")


def demo(*, fast: Annotated[bool, Fast] = False, as_json: Annotated[bool, Json] = False) -> Exit:
    """Play a clip through every provider at once, emulated.

    Shows the transcripts as they grow, then compares words and delays. Needs no key and no network.
    The recogniser behind the emulators is the same, so all word error rates are too.
    """
    from voxport import demo as demonstration  # noqa: PLC0415 -- help stays fast
    from voxport.cli._board import watched  # noqa: PLC0415 -- help stays fast
    from voxport.emulator import emulated  # noqa: PLC0415 -- help stays fast

    clip = demonstration.clips()[0]
    with watched(emulated(), show=not as_json) as watch:
        report = demonstration.run(clip, realtime=not fast, watch=watch)
    _print_json(report) if as_json else _print_table(report)
    return Exit.TAIL_LOST if any(measured.tail_lost for measured in report.providers.values()) else Exit.DONE


def _print_json(report: "Report") -> None:
    import msgspec  # noqa: PLC0415 -- help stays fast

    from voxport.cli._output import write  # noqa: PLC0415 -- help stays fast

    write(f"{msgspec.json.encode(report).decode()}\n")


def _print_table(report: "Report") -> None:
    from voxport.cli._output import show, table  # noqa: PLC0415 -- help stays fast

    drawn = table("provider", "word error rate", "first partial", "final latency", "close latency")
    for column in drawn.columns[1:]:
        column.justify = "right"
    for name, measured in report.providers.items():
        delays = (measured.first_partial_s, measured.final_latency_s, measured.close_s)
        drawn.add_row(name, f"{measured.wer:.1%}", *map(_seconds, delays))
    drawn.add_row("(the recogniser itself)", f"{report.recogniser.wer:.1%}", "", "", "")
    show(drawn)


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.3f} s"
