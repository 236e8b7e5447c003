"""``voxport providers``: what each provider makes of what is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from voxport.cli._exits import Exit

if TYPE_CHECKING:
    from rich.table import Table

    from voxport.codec import Capabilities, Support

Json = typer.Option("--json", help="Print everything as one JSON object.")
Markdown = typer.Option("--markdown", help="Print the page migration_notes/settings.md.")


def providers(*, as_json: Annotated[bool, Json] = False, markdown: Annotated[bool, Markdown] = False) -> Exit:
    """Show what each provider makes of each setting.

    And what else tells the providers apart: formats, limits, turns, tokens.
    """
    import msgspec  # noqa: PLC0415 -- help stays fast

    from voxport import registry  # noqa: PLC0415 -- help stays fast
    from voxport.cli._output import show, write  # noqa: PLC0415 -- help stays fast

    capabilities = {name: registry.adapter(name).capabilities for name in registry.names()}
    if as_json:
        write(f"{msgspec.json.encode(capabilities).decode()}\n")
    elif markdown:
        write("\n".join(_page(capabilities)))
    else:
        show(_settings(capabilities), _facts(capabilities))
    return Exit.DONE


def _settings(capabilities: "Mapping[str, Capabilities]") -> "Table":
    from voxport.cli._output import table  # noqa: PLC0415 -- help stays fast
    from voxport.settings import NEUTRAL  # noqa: PLC0415 -- help stays fast

    drawn = table("setting", "provider", "is", "as")
    for setting in NEUTRAL:
        for row, (name, can) in enumerate(capabilities.items()):
            support = can.settings[setting]
            last = row == len(capabilities) - 1
            drawn.add_row("" if row else setting, name, support.status, _how(support), end_section=last)
    return drawn


def _page(capabilities: "Mapping[str, Capabilities]") -> Iterator[str]:
    """The same as a page in Markdown: statuses at a glance, then provider by provider, then the other differences."""
    from voxport.settings import NEUTRAL  # noqa: PLC0415 -- help stays fast

    yield from (
        "# What each provider makes of each setting",
        "",
        "Made of what the adapters declare, by `voxport providers --markdown`; a test compares the two.",
        "*mapped*: carried as it is; *approximated*: as far as the provider can; *dropped*: not carried, which is told",
        "before audio flows. A particular value may fare worse than its setting: `strict: true` looks at the value.",
        "",
    )
    yield from _markdown(
        ("setting", *capabilities),
        ((setting, *(can.settings[setting].status for can in capabilities.values())) for setting in NEUTRAL),
    )
    for name, can in capabilities.items():
        yield from (f"## {name}", "")
        rows = ((setting, can.settings[setting]) for setting in NEUTRAL)
        yield from _markdown(
            ("setting", "becomes", "as", "note"),
            ((setting, kept.status, kept.option and f"`{kept.option}`", kept.note) for setting, kept in rows),
        )
    yield from ("## What else tells them apart", "")
    facts = ((name, *map(say, capabilities.values())) for name, say in _FACTS.items())
    yield from _markdown(("", *capabilities), facts)


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _how(support: "Support") -> str:
    return ": ".join(filter(None, (support.option, support.note)))


def _yes(answer: bool) -> str:  # noqa: FBT001 -- a capability
    return "yes" if answer else "no"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:g} s"


def _rates(can: "Capabilities") -> str:
    return ", ".join(map(str, can.sample_rates)) if can.sample_rates else " to ".join(map(str, can.sample_rate_range))


_FACTS: "Mapping[str, Callable[[Capabilities], str]]" = {
    "encodings": lambda can: ", ".join(can.encodings),
    "sample rates, Hz": _rates,
    "channels": lambda can: str(can.max_channels),
    "audio message, ms": lambda can: " to ".join(f"{seconds * 1000:g}" for seconds in can.chunk_seconds),
    "longest session": lambda can: _seconds(can.max_session),
    "keep-alive after": lambda can: _seconds(can.keep_alive),
    "resumes a session": lambda can: _yes(can.resumes),
    "acknowledges audio": lambda can: _yes(can.acknowledges),
    "tells the times of words": lambda can: _yes(can.tells_words),
    "tells speech start": lambda can: _yes(can.tells_speech_start),
    "tells turn end": lambda can: _yes(can.tells_turns),
    "ends a turn when told": lambda can: _yes(can.forces_endpoint),
    "settings in mid-session": lambda can: ", ".join(can.configures) or "-",
    "temporary tokens": lambda can: _yes(can.temporary_tokens),
    "key": lambda can: can.key_variable or "-",
    "endpoint": lambda can: can.default_endpoint or "-",
    "regions": lambda can: ", ".join(can.regions) or "-",
    "tells beside the transcript": lambda can: ", ".join(can.tells_beside) or "-",
    "identifies speakers": lambda can: _yes(can.identifies_speakers),
    "model": lambda can: can.default_model or "-",
    "billed by": lambda can: can.billed_by.replace("_", " "),
}
"""A row of the second table: its name, and what it says of a provider."""


def _facts(capabilities: "Mapping[str, Capabilities]") -> "Table":
    from voxport.cli._output import table  # noqa: PLC0415 -- help stays fast

    drawn = table("", *capabilities)
    for name, say in _FACTS.items():
        drawn.add_row(name, *map(say, capabilities.values()))
    return drawn
