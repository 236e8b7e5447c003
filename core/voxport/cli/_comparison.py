"""What ``voxport compare`` does."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec
from rich.table import Table as RichTable
from rich.text import Text

from voxport import emulator
from voxport.cli._board import watched
from voxport.cli._config import config_file
from voxport.cli._exits import KINDS, Exit
from voxport.cli._output import say, show, table, write
from voxport.cli._progress import progress
from voxport.cli._sources import MICROPHONE, STDIN, recording_of, source_of
from voxport.cli._stopping import stopping
from voxport.compare.campaign import Campaign
from voxport.compare.cluster import cluster
from voxport.compare.jobs import Plan, load_plan
from voxport.compare.manifest import load_manifest
from voxport.compare.runner import SideBySide
from voxport.compare.store import Ending, Store, ending
from voxport.errors import MissingExtraError, SettingsError
from voxport.metrics import Method, PriceList, read_method, read_prices
from voxport.metrics.align import align
from voxport.metrics.text import normaliser
from voxport.report import export, tables
from voxport.report.comparison import Comparison, compare
from voxport.report.page import html
from voxport.report.table import Cell, Table
from voxport.take import Item, Take

CONFIG = "compare.yaml"
METHOD = "measure.yaml"
PRICES = "prices.yaml"
GRAVITY = (Exit.DONE, Exit.TAIL_LOST, Exit.FAILED, Exit.REFUSED, Exit.USAGE)
"""The later, the graver: it counts when sessions end differently."""


class Wanted(msgspec.Struct, frozen=True):
    """What is to be written."""

    html: Path | None
    csv: Path | None
    markdown: Path | None
    as_json: bool


class Where(msgspec.Struct, frozen=True):
    """Where results are kept, and who does the work."""

    results: Path
    jobs: int
    scheduler: str | None


class Piece(msgspec.Struct, frozen=True):
    """One piece of audio, as named on the command line."""

    audio: str
    reference: Path | None
    save: Path | None


def single(config: Path | None, only: Iterable[str], piece: Piece, wanted: Wanted, *, realtime: bool) -> Exit:
    """Compare on one piece of audio, in view."""
    plan = load_plan(config_file(config, CONFIG), only)
    measuring = _measuring(wanted)
    source = source_of(piece.audio, realtime=realtime)
    recording = recording_of(source, piece.audio, piece.save, plan.audio)
    item = _item(piece)
    with closing(emulator):
        sessions = {job.label: job.ready() for job in plan.jobs}
        with watched(sessions, show=not wanted.as_json) as watch:
            side = SideBySide(sessions, recording or source, plan.audio, watch, realtime=realtime)
            with stopping(side.stop, lambda: None):
                takes = side.play(item.id)
    by_label = {take.label: take for take in takes}
    _present([item], lambda _: by_label, plan, measuring, wanted)
    return _code(map(ending, takes))


def _item(piece: Piece) -> Item:
    names = {STDIN: "stdin", MICROPHONE: MICROPHONE}
    path = Path(piece.audio)
    text = None if piece.reference is None else _text(piece.reference)
    audio = piece.save or ("" if piece.audio in names else path)
    return Item(id=names.get(piece.audio, path.stem), audio=str(audio), text=text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--reference {path}: cannot be read: {error}; give a text file") from None


def corpus(
    config: Path | None, only: Iterable[str], manifest: Path, where: Where, wanted: Wanted, *, realtime: bool
) -> Exit:
    """Compare on a corpus, as far as that is not done yet."""
    plan = load_plan(config_file(config, CONFIG), only)
    measuring = _measuring(wanted)
    items = load_manifest(manifest)
    with Store(where.results) as store:
        campaign = Campaign(plan, items, store, jobs=where.jobs, realtime=realtime)

        def stop() -> None:
            campaign.stop()
            say("finishing what is under way; press Ctrl-C again to quit at once")

        with _executor(where) as executor, stopping(stop, lambda: None), progress() as watch:
            done = campaign.run(executor, watch)
        if not done:
            say(f"not all is done; the same command goes on from {where.results}")
        _present(items, campaign.takes, plan, measuring, wanted)
        return _code(campaign.endings()) if done else Exit.INTERRUPTED


@contextmanager
def _executor(where: Where) -> Iterator[Executor]:
    if where.scheduler:
        with cluster(where.scheduler) as executor:
            yield executor
    else:
        with closing(emulator), ThreadPoolExecutor(where.jobs, "voxport-item") as executor:
            yield executor


class Measuring(msgspec.Struct, frozen=True):
    """How it is measured, and at what prices."""

    method: Method
    prices: PriceList


def _measuring(wanted: Wanted) -> Measuring:
    """By the files in the working directory or else the packaged ones.

    What is missing is told before audio flows: packages, and places to write to.
    """
    measuring = Measuring(read_method(config_file(None, METHOD)), read_prices(config_file(None, PRICES)))
    align((), ())
    for name in measuring.method.normalisers:
        normaliser(name)
    if wanted.html and find_spec("jinja2") is None:
        raise MissingExtraError("the report", "compare")
    for path in filter(None, (wanted.html, wanted.csv, wanted.markdown)):
        if not path.parent.is_dir():
            raise SettingsError(f"{path}: cannot be written: there is no folder {path.parent}; name another file")
    return measuring


def _present(
    items: Sequence[Item], takes: Callable[[str], Mapping[str, Take]], plan: Plan, measuring: Measuring, wanted: Wanted
) -> None:
    """Write what is wanted."""
    labels = [job.label for job in plan.jobs]
    comparison = compare(items, takes, labels, measuring.method, measuring.prices, _remarks(plan))
    for path, form in ((wanted.csv, export.as_csv), (wanted.markdown, export.as_markdown), (wanted.html, html)):
        if path is not None:
            _save(path, form(comparison))
    if wanted.as_json:
        write(export.as_json(comparison))
    else:
        _show(comparison)


def _remarks(plan: Plan) -> Iterable[str]:
    emulated = [f"{job.label} ({job.emulated})" for job in plan.jobs if job.emulated]
    if emulated:
        yield (
            f"Emulated on this machine: {', '.join(emulated)}. Their errors are those of the recogniser named, their "
            "delays those of this machine; neither tells of the provider."
        )


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}; name another file") from None


def _show(comparison: Comparison) -> None:
    """The tables that matter most."""
    summary = comparison.summary
    shown = [tables.headline(comparison), tables.failures(summary)]
    if len(summary.labels) > 1:
        shown.append(tables.differences(summary) if summary.ranking else tables.disagreements(summary))
    for remark in comparison.remarks:
        say(remark)
    show(*(_drawn(one) for one in shown if one is not None))


def _drawn(one: Table) -> RichTable:
    drawn = table(*(column.name for column in one.columns))
    drawn.title, drawn.title_justify = one.caption, "left"
    for row in one.rows:
        drawn.add_row(row.name, *(_cell(cell) for cell in row.cells))
    return drawn


def _cell(cell: Cell) -> Text:
    return Text.assemble((cell.told, "bold" if cell.best else ""), ("\n" + cell.more if cell.more else "", "dim"))


def _code(endings: Iterable[Ending]) -> Exit:
    """That of the gravest session."""
    codes = {"ended": Exit.DONE, "tail_lost": Exit.TAIL_LOST, "error": Exit.USAGE, **KINDS}
    return max((codes[how] for how in endings), key=GRAVITY.index, default=Exit.DONE)
