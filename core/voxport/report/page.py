"""The page: one HTML file that needs nothing else."""

from __future__ import annotations

import time
from importlib.resources import files

import msgspec

from voxport.errors import MissingExtraError
from voxport.metrics.summary import Summary
from voxport.report import tables
from voxport.report.comparison import Asked, Comparison, Provenance
from voxport.report.table import Cell, Column, Row, Table

TITLE = "Speech-to-text side by side"
INLINED = {"style": "style.css", "script": "page.js"}


def html(comparison: Comparison) -> str:
    """The page. Raises ``MissingExtraError`` without the extra ``compare``."""
    try:
        import jinja2  # noqa: PLC0415 -- optional
        from markupsafe import Markup  # noqa: PLC0415 -- comes with jinja2
    except ImportError as error:
        raise MissingExtraError("the report", "compare") from error
    from voxport.report.plots import plots  # noqa: PLC0415 -- needs markupsafe
    from voxport.report.svg import swatch  # noqa: PLC0415 -- needs markupsafe
    from voxport.report.views import views  # noqa: PLC0415 -- needs markupsafe

    here = files(__package__ or "")
    # These two are files of this package.
    inlined = {name: Markup(here.joinpath(file).read_text("utf-8")) for name, file in INLINED.items()}  # noqa: S704
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(here.joinpath("page.html").read_text("utf-8"))
    summary = comparison.summary
    return template.render(
        title=TITLE, lead=lead(comparison), remarks=comparison.remarks, swatch=swatch,
        labels=[one.label for one in summary.labels], headline=tables.headline(comparison), more=_more(summary),
        failures=tables.failures(summary), plots=plots(summary), items=views(comparison),
        settings=[settings(asked) for asked in comparison.asked],
        about=[tables.definitions(summary), tables.method(summary), provenance(comparison.provenance)], **inlined,
    )  # fmt: skip


def lead(comparison: Comparison) -> str:
    """What was compared, and when."""
    when = comparison.provenance
    dates = dict.fromkeys((_date(when.first), _date(when.last)))
    return f"{len(comparison.summary.labels)} compared on {len(comparison.items)} recordings, {' to '.join(dates)}"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _more(summary: Summary) -> list[Table]:
    """What few want at once."""
    pairs = [tables.differences(summary), tables.disagreements(summary)] if summary.pairs else []
    return [table for table in (*pairs, tables.by_tag(summary), tables.everything(summary)) if table is not None]


def settings(asked: Asked) -> Table:
    """What was asked of one label, and what became of it."""
    rows = [
        Row(
            one.setting,
            [Cell(_value(one.value)), Cell(one.support.status), Cell(one.support.option), Cell(one.support.note)],
        )
        for one in (asked.settings.settings if asked.settings else ())
    ]
    said = {"model": asked.model, "region": asked.region, **asked.details}
    rows += [Row(name, [Cell(_value(value)), Cell("as the session says")]) for name, value in said.items() if value]
    columns = ("setting", "asked", "is", "as", "note")
    return Table(
        f"{asked.label}: {asked.provider}", [Column(name) for name in columns], [_filled(row, 4) for row in rows]
    )


def _filled(row: Row, count: int) -> Row:
    return msgspec.structs.replace(row, cells=[*row.cells, *[Cell("")] * (count - len(row.cells))])


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def provenance(of: Provenance) -> Table:
    """Where, when and with what."""
    rows = [
        ("sessions", f"{_date(of.first)} to {_date(of.last)}"),
        ("this report", _date(of.reported)),
        ("machine", f"{of.machine}, {of.processors} processors"),
        ("Python", of.python),
        *of.packages.items(),
    ]
    return Table("Machine and versions", [Column(""), Column("")], [Row(name, [Cell(said)]) for name, said in rows])
