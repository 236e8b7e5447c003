"""An item in time: its sound, and under it what each session made of it, when.

Positions are seconds of the audio. What arrived stands where the audio was at that instant, which a paced session
tells; the distance from the words to it is the delay. Pictures are stretched to the width of the page: they have
rectangles and upright lines alone, and no text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from voxport.events import Transcript, TurnEnded
from voxport.report.sound import LEVELS
from voxport.take import Take

UNITS = 1000
"""Width of a picture, whatever time it spans."""
TICKS = 8
"""Times written along the axis, at most."""
LANE = 24
"""Height of a lane: words above, arrivals below."""


class Tick(msgspec.Struct, frozen=True):
    """A time along the axis: ``left`` is where, in percent."""

    left: float
    told: str


def span_of(seconds: float, takes: Sequence[Take]) -> float:
    """What the axis must span: the audio, and what arrived after it."""
    last = [place for take in takes if (place := _place(take, take.events[-1].received_at if take.events else 0.0))]
    return max(seconds, *last, 0.1)


def ticks(span: float) -> list[Tick]:
    """Round times along the axis."""
    step = next(
        step
        for step in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
        if span / step <= TICKS or step == 3600
    )
    return [Tick(round(100 * number * step / span, 2), _told(number * step)) for number in range(int(span / step) + 1)]


def _told(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02}"


def wave(peaks: Sequence[int], seconds: float, span: float) -> Markup:
    """The sound, mirrored about its middle."""
    columns = max(1, len(peaks))
    width = round(UNITS * seconds / span)
    outline = "".join(f"M{column} {LEVELS - peak}v{2 * peak or 1}" for column, peak in enumerate(peaks))
    return Markup(
        '<svg class="wave" viewBox="0 0 {} {}" preserveAspectRatio="none" style="width:{}%" aria-hidden="true">'
        '<path d="{}"/></svg>'
    ).format(columns, 2 * LEVELS, round(width / UNITS * 100, 2), outline)


def lane(take: Take, slot: int, span: float) -> Markup:
    """What one session said, and when."""
    drawn = [_words(event, span) for event in take.events if isinstance(event, Transcript) and event.is_final]
    partials = [event for event in take.events if isinstance(event, Transcript) and not event.is_final and event.text]
    finals = [event for event in take.events if isinstance(event, Transcript) and event.is_final]
    turns = [event for event in take.events if isinstance(event, TurnEnded)]
    for kind, events in (("p", partials), ("f", finals), ("t", turns)):
        path = "".join(
            f"M{x} 13v10" for event in events if (x := _x(_place(take, event.received_at), span)) is not None
        )
        if path:
            drawn.append(Markup('<path class="{}" d="{}"/>').format(kind, path))
    told = f"{take.label}: {len(partials)} partials, {len(finals)} finals, {len(turns)} turn ends"
    return Markup(
        '<svg class="lane s{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(slot % 8, UNITS, LANE, told, Markup("").join(drawn))


def _words(final: Transcript, span: float) -> Markup:
    if final.start is None or final.end is None:
        return Markup("")
    left, right = _x(final.start, span), _x(final.end, span)
    assert left is not None
    assert right is not None
    return Markup('<rect x="{}" y="2" width="{}" height="8"><title>{}</title></rect>').format(
        left, max(1, right - left), f"{final.start:.2f} to {final.end:.2f} s"
    )


def _place(take: Take, instant: float) -> float | None:
    """Where the audio was at an instant; ``None`` when it was not paced, or not sent."""
    if not take.realtime or not take.sent:
        return None
    first = take.sent[0]
    return instant - first.at + first.until


def _x(seconds: float | None, span: float) -> int | None:
    return None if seconds is None else round(min(max(seconds, 0.0), span) / span * UNITS)
