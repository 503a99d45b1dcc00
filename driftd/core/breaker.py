"""The breaker of one way to a host: after failures nobody goes it, but for one trial at a time.

`chance` is a number in [0, 1) that the caller drew: many daemons, or hosts, do not come back in step.
"""

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.health import Trouble


class Breaker(Struct, frozen=True):
    """Closed while ``open_until`` is None."""

    failures: int = 0
    """In a row."""
    open_until: float | None = None
    """When one trial is due, in seconds of the caller's monotonic clock."""
    trouble: Trouble | None = None
    """The latest failure."""


class Limits(Struct, frozen=True):
    """When a breaker opens, and for how long; seconds."""

    opens_after: int = 3
    first: float = 30.0
    longest: float = 300.0


def failed(breaker: Breaker, trouble: Trouble, limits: Limits, *, now: float, chance: float) -> Breaker:
    """Return the breaker after a failure; an open one stays so for twice as long as before, up to the longest."""
    failures = breaker.failures + 1
    if failures < limits.opens_after:
        return Breaker(failures, None, trouble)
    span = min(limits.longest, limits.first * 2.0 ** min(failures - limits.opens_after, 32))
    return Breaker(failures, now + span * (0.75 + chance / 4), trouble)


def closed(breaker: Breaker) -> Breaker:
    """Return the breaker after a success."""
    return Breaker() if breaker.failures else breaker


def released(breaker: Breaker, *, now: float) -> Breaker:
    """Return the breaker after a trial that ended without a word about the way: the next trial is due at once."""
    return replace(breaker, open_until=now) if breaker.open_until is not None else breaker
