"""Figures as people read them."""

from __future__ import annotations

from voxport.metrics.measure import Unit
from voxport.metrics.statistics import Distribution, Interval

ENOUGH_FOR_P95 = 20
"""Below so many values the 95th percentile is but the largest."""
NOTHING = "-"
"""What stands where there is no figure."""


def told(value: float | None, unit: Unit, currency: str = "") -> str:
    """A figure with its unit."""
    if value is None:
        return NOTHING
    match unit:
        case "share":
            return f"{100 * value:.1f} %"
        case "seconds":
            return f"{value:.3f} s"
        case "words per minute":
            return f"{value:.2f} a minute"
        case "currency per hour":
            return f"{value:.3f} {currency}".rstrip()
        case "words":
            return f"{value:g}"
        case _:
            return f"{value:.3f}"


def between(interval: Interval | None, unit: Unit) -> str:
    """An interval; nothing without one."""
    if interval is None:
        return ""
    if unit == "share":
        return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
    return f"{interval.low:.3f} to {interval.high:.3f}"


def beyond(found: Distribution, unit: Unit) -> str:
    """What there is beside the median. Where the 99th percentile is but the largest value, it is called that."""
    if not found.n:
        return f"{found.missing} missing"
    last = ("P99", found.p99) if found.p99 is not None else ("largest", found.maximum)
    parts = [f"{name} {told(value, unit)}" for name, value in (("P90", found.p90), ("P95", found.p95), last)]
    parts.append(f"n {found.n}")
    if found.missing:
        parts.append(f"{found.missing} missing")
    return ", ".join(parts)


def briefly(found: Distribution, unit: Unit) -> str:
    """The same in short: how bad it gets."""
    name, value = ("P95", found.p95) if found.n >= ENOUGH_FOR_P95 else ("largest", found.maximum)
    worst = f"{name} {told(value, unit)}" if found.n else ""
    return ", ".join(filter(None, (worst, f"{found.missing} missing" if found.missing else "")))


def lasting(seconds: float) -> str:
    """A length of time."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
