"""Each recording as the page shows it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from markupsafe import Markup

from voxport.metrics.summary import ItemSummary, Summary, TakeSummary
from voxport.report import sound
from voxport.report.comparison import Comparison
from voxport.report.diff import diff
from voxport.report.timeline import Tick, lane, span_of, ticks, wave
from voxport.report.told import lasting, told
from voxport.take import Item, Take

AUDIO_BYTES = 10_000_000
"""Of all sound inside the page, before it is written as text, which adds a third."""
COLUMNS = 160
"""Of the picture of a sound of a few seconds."""
COLUMNS_PER_SECOND = 4
"""Of longer ones."""
PIXELS_PER_SECOND, WIDEST = 24, 20_000
NOTED = ("first_partial", "final_after_speech")
"""The delays told beside a lane."""


class Lane(msgspec.Struct, frozen=True):
    """One session on an item. ``why`` says what stopped it."""

    label: str
    slot: int
    note: str
    picture: Markup
    text: Markup
    why: str = ""


class View(msgspec.Struct, frozen=True):
    """An item. ``audio`` is its sound, Ogg in base64, or ``silent`` says why there is none; ``span`` is seconds."""

    name: str
    note: str
    span: float
    ticks: Sequence[Tick]
    wave: Markup
    lanes: Sequence[Lane]
    audio: str
    silent: str
    reference: str | None

    @property
    def width(self) -> int:
        """Pixels that the time needs at least."""
        return round(min(self.span * PIXELS_PER_SECOND, WIDEST))


def views(comparison: Comparison, *, audio_bytes: int = AUDIO_BYTES) -> list[View]:
    """All items, those with the most errors (or the most disagreement) first; so much of their sound is kept."""
    slots = {label.label: slot for slot, label in enumerate(comparison.summary.labels)}
    items = {item.id: item for item in comparison.items}
    ordered = sorted(comparison.summary.items, key=lambda item: (-_wrong(item), item.id))
    room = audio_bytes
    shown: list[View] = []
    for one in ordered:
        view, used = _view(comparison, items[one.id], one, slots, room)
        room -= used
        shown.append(view)
    return shown


def _wrong(item: ItemSummary) -> int:
    """Words that differ in the worst of its takes."""
    return max((differing(take) for take in item.takes), default=0)


def differing(take: TakeSummary) -> int:
    """Words that are not as in the text beside it, formatting aside."""
    return sum(
        max(len(piece.first.split()), len(piece.second.split()))
        for piece in take.pieces
        if piece.kind not in {"same", "formatting"}
    )


def _view(
    comparison: Comparison, item: Item, one: ItemSummary, slots: Mapping[str, int], room: int
) -> tuple[View, int]:
    takes = comparison.takes(item.id)
    heard = sound.load(item.audio, COLUMNS, COLUMNS_PER_SECOND)
    seconds = heard.seconds if heard else max((take.audio_seconds for take in takes.values()), default=0.0)
    span = span_of(seconds, list(takes.values()))
    opus = heard.opus() if heard and room > 0 else b""
    why = "the page would be too large" if heard else "no file that can be read"
    silent = "" if opus else f"The sound is not in this page: {why} ({item.audio or item.id})."
    view = View(
        name=item.id, note=_note(item, one, seconds), span=round(span, 3), ticks=ticks(span), reference=item.text,
        wave=wave(heard.peaks if heard else (), seconds, span),
        lanes=list(_lanes(comparison.summary, one, takes, slots, span)),
        audio=base64.b64encode(opus).decode(), silent=silent,
    )  # fmt: skip
    return view, len(opus)


def _note(item: Item, one: ItemSummary, seconds: float) -> str:
    words = len((item.text or "").split())
    wrong = ", ".join(f"{take.label} {differing(take)}" for take in one.takes)
    against = f"words wrong of {words}" if item.text is not None else f"words other than {one.against}'s"
    return " · ".join(filter(None, (f"{against}: {wrong}", lasting(seconds), *item.tags)))


def _lanes(
    summary: Summary, one: ItemSummary, takes: Mapping[str, Take], slots: Mapping[str, int], span: float
) -> Iterable[Lane]:
    for take in one.takes:
        if take.label in takes:
            slot = slots[take.label]
            text = diff(take.pieces) if take.pieces else Markup("<em>(nothing was heard)</em>")
            yield Lane(take.label, slot, _figures(summary, take), lane(takes[take.label], slot, span), text, take.why)


def _figures(summary: Summary, take: TakeSummary) -> str:
    names = [name for name in ("word_error_rate", *NOTED) if name in take.values]
    return ", ".join(
        f"{summary.measures[name].title.lower()} {told(take.values[name], summary.measures[name].unit)}"
        for name in names
    )
