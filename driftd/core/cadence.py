"""When is what due: grids of intervals with an offset of their own, cron lines, and hours without cycles.

The due times of a resource lie on a grid: ``offset + n · interval``, where the offset is a hash of its name. So
thousands of resources spread over an interval, a restart moves none of them, and a pause leaves one cycle to make up.
Kinds share their resource's offset: where one interval is a multiple of another, one cycle serves both.
"""

from collections.abc import Iterable
from typing import Final

from xxhash import xxh3_64_intdigest

from driftd.core.calendar import blackout_end, next_fire
from driftd.core.model import Kind, Resource, Standing
from driftd.core.veil import of_before

HOUR = 3_600_000
"""Milliseconds."""
PROBED: Final = 50
"""Records of a probe."""
SPREAD: Final = 300_000
"""Milliseconds over which what waited for the end of a blackout begins."""


def due(resource: Resource, standing: Standing, now: int) -> Kind | None:
    """Return the kind of cycle that is due at `now` (epoch ms), the most complete first; None if none is.

    A resource never read completely is swept. One that fits a single page is swept at the probe's pace: that proves
    more and costs the same. A frozen one waits until its drift is accepted.
    """
    if standing.frozen:
        return None
    at = next_due(resource, standing, now)
    for kind in (Kind.SWEEP, Kind.DELTA, Kind.PROBE):
        if at[kind] <= now:
            return kind
    return None


def next_due(resource: Resource, standing: Standing, now: int) -> dict[Kind, int]:
    """Return when each kind of cycle is due next, epoch ms: what is late is due since its own time.

    A cycle counts for every kind that proves less: after a sweep, delta and probe are not due at once. A delta that
    would not come to what is new is left to the sweep; under other field rules than those of the last sweep all is, and
    that is due as soon as anything is. A stamp more than an interval ahead of `now` is of a clock that
    has been put back since, and counts for nothing.
    """
    at = _wanted(resource, standing, now)
    if resource.calendar.blackout:
        at = {kind: _opened(resource, when, now) for kind, when in at.items()}
    return dict.fromkeys(Kind, min(at.values())) if forced(resource, standing) else at


def offset(resource: Resource) -> int:
    """Return the stable hash, 64 bits, from which the offsets of a resource come."""
    return xxh3_64_intdigest(f"{resource.connection}\0{resource.name}".encode())


def details_in_hand(resource: Resource, standing: Standing, now: int) -> float:
    """Return how many details reads the hourly budget allows at `now`: it fills steadily, to one hour's worth at most.

    A clock that went back earns nothing.
    """
    if not standing.details_budget_at:
        return float(resource.details_per_hour)
    elapsed = max(0, now - standing.details_budget_at)
    earned = resource.details_per_hour * elapsed / HOUR
    return min(float(resource.details_per_hour), standing.details_budget + earned)


def finds_new(resource: Resource) -> bool:
    """Tell whether a delta comes to what is new: by the watermark, or at the end of the key order.

    Under a key of several parts, new records stand at the end of each first part, and not at that of the whole.
    """
    return resource.watermark is not None or len(resource.key) == 1


def forced(resource: Resource, standing: Standing) -> bool:
    """Tell whether each cycle is a sweep until one is complete, as the field rules changed since the last one."""
    return bool(of_before(standing, resource.private))


def _wanted(resource: Resource, standing: Standing, now: int) -> dict[Kind, int]:
    """Return when each kind would be due if no hour were closed."""
    if not standing.baselined:
        return dict.fromkeys(Kind, 0)
    own, sweep, delta, probe = offset(resource), standing.last_sweep, standing.last_delta, standing.last_probe
    often = _ms(resource.probe)
    if standing.records <= resource.page_size:
        return dict.fromkeys(Kind, _slot((sweep,), often, own, now))
    if resource.calendar.sweep_cron:
        complete = _fire(resource.calendar.sweep_cron, resource.calendar.timezone, sweep, now)
    else:
        complete = _slot((sweep,), _ms(resource.sweep), own, now)
    idle = standing.cursor_lost or not finds_new(resource)
    return {
        Kind.SWEEP: complete,
        Kind.DELTA: complete if idle else _slot((sweep, delta), _ms(resource.delta), own, now),
        Kind.PROBE: _slot((sweep, delta, probe), often, own, now),
    }


def _slot(stamps: Iterable[int | None], interval: int, own: int, now: int) -> int:
    """Return the first time of the grid after the last of `stamps`; without any the last one up to `now`."""
    last = max((each for each in stamps if each is not None and each <= now + interval), default=now - interval)
    return last + interval - (last - own) % interval


def _fire(cron: str, timezone: str, last: int | None, now: int) -> int:
    """Return the first time of a cron line after `last`; `now` where that is none, or ahead by two such times."""
    if last is None or (last > now and next_fire(cron, timezone, next_fire(cron, timezone, now)) <= last):
        return now
    return next_fire(cron, timezone, last)


def _opened(resource: Resource, at: int, now: int) -> int:
    """Return `at`, or where a blackout covers it, or covers `now` and it is late, a time soon after its end."""
    at = _reopened(resource, at)
    late = at < now and blackout_end(resource.calendar, now)
    return _reopened(resource, now) if late else at


def _reopened(resource: Resource, at: int) -> int:
    end = blackout_end(resource.calendar, at)
    if end is None:
        return at
    later = end + offset(resource) % SPREAD
    return end if blackout_end(resource.calendar, later) else later


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
