"""When is what due. Interval, offset and backoff of the daemon join here; one-shot polls ask only what is due now."""

from datetime import datetime, timedelta

from driftd.core.model import Kind, Resource, Standing

HOUR = 3_600_000
"""Milliseconds."""


def due(resource: Resource, standing: Standing, now: int) -> Kind | None:
    """Return the kind of cycle that is due at `now` (epoch ms), the most complete first; None if none is.

    A resource never read completely is swept. One that fits a single page is swept at the probe's pace: that proves
    more and costs the same.
    """
    at = next_due(resource, standing)
    for kind in (Kind.SWEEP, Kind.DELTA, Kind.PROBE):
        if at[kind] <= now:
            return kind
    return None


def next_due(resource: Resource, standing: Standing) -> dict[Kind, int]:
    """Return when each kind of cycle is due next, epoch ms.

    A cycle counts for every kind that proves less: after a sweep, delta and probe are not due at once.
    """
    if not standing.baselined:
        return dict.fromkeys(Kind, 0)
    sweep = standing.last_sweep or 0
    delta = max(sweep, standing.last_delta or 0)
    probe = max(delta, standing.last_probe or 0)
    if standing.records <= resource.page_size:
        return dict.fromkeys(Kind, sweep + _ms(resource.probe))
    return {
        Kind.SWEEP: sweep + _ms(resource.sweep),
        Kind.DELTA: delta + _ms(resource.delta),
        Kind.PROBE: probe + _ms(resource.probe),
    }


def details_in_hand(resource: Resource, standing: Standing, now: int) -> float:
    """Return how many details reads the hourly budget allows at `now`: it fills steadily, to one hour's worth at most.

    A clock that went back earns nothing.
    """
    if not standing.details_budget_at:
        return float(resource.details_per_hour)
    elapsed = max(0, now - standing.details_budget_at)
    earned = resource.details_per_hour * elapsed / HOUR
    return min(float(resource.details_per_hour), standing.details_budget + earned)


def behind(watermark: str | None, overlap: float) -> str | None:
    """Return the update stamp `overlap` seconds before `watermark`, in the server's own form; None without one.

    Stamps are ISO 8601, as X3 writes ``UPDDATTIM``.
    """
    if watermark is None:
        return None
    try:
        stamp = datetime.fromisoformat(watermark) - timedelta(seconds=overlap)
    except (ValueError, OverflowError):
        return None
    text = stamp.isoformat(timespec="milliseconds" if "." in watermark else "seconds")
    return text.replace("+00:00", "Z") if watermark.endswith("Z") else text


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
