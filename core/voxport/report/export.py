"""A comparison as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import msgspec

from voxport.metrics.summary import Summary, TakeSummary
from voxport.report import tables
from voxport.report.comparison import Comparison
from voxport.report.page import TITLE, lead


def as_json(comparison: Comparison) -> str:
    """One object: ``summary`` as ``voxport.metrics`` defines it, ``asked``, ``provenance`` and ``remarks``."""
    tree = {name: getattr(comparison, name) for name in ("summary", "asked", "provenance", "remarks")}
    return f"{msgspec.json.encode(tree).decode()}\n"


def as_csv(comparison: Comparison) -> str:
    """A line for each session. Rates and medians have the names of their measures; what is not known is empty.

    The counts of words are those of the normaliser that ranks.
    """
    summary = comparison.summary
    written = io.StringIO()
    writer = csv.DictWriter(written, [*_WORDS, *_COUNTS, *summary.measures, "text"], lineterminator="\n")
    writer.writeheader()
    tags = {item.id: item.tags for item in comparison.items}
    providers = {label.label: label.provider for label in summary.labels}
    for item in summary.items:
        for take in item.takes:
            words = (item.id, ";".join(tags[item.id]), take.label, providers[take.label], take.outcome, take.why)
            line = dict(zip(_WORDS, words, strict=True))
            writer.writerow({**line, **dict(_counts(summary, take)), **take.values, "text": take.text})
    return written.getvalue()


_WORDS = ("item", "tags", "label", "provider", "outcome", "why")
_COUNTS = ("hits", "substitutions", "deletions", "insertions")


def _counts(summary: Summary, take: TakeSummary) -> Iterable[tuple[str, int]]:
    for words in take.words:
        if words.normaliser == summary.method.primary:
            yield from ((name, getattr(words.counts, name)) for name in _COUNTS)


def as_markdown(comparison: Comparison) -> str:
    """What fits a pull request."""
    summary = comparison.summary
    candidates = [
        tables.headline(comparison),
        tables.differences(summary) if len(summary.labels) > 1 else None,
        tables.disagreements(summary) if len(summary.labels) > 1 and not summary.ranking else None,
        tables.failures(summary),
    ]
    parts = [f"### {TITLE}", f"{lead(comparison)}.", *comparison.remarks]
    parts += [part for table in candidates if table for part in (f"{table.caption}.", table.markdown())]
    return "\n\n".join(parts) + "\n"
