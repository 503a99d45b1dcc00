"""How fast requests may follow each other: halved where the tenant objects, a little faster with each second after.

Additive increase, multiplicative decrease (Chiu and Jain, 1989): several that share a tenant come to equal shares.
"""

from math import inf
from typing import Final

from msgspec import Struct

STEP: Final = 0.05
"""Requests a second by which the pace grows each second."""
LEAST: Final = 1 / 30
"""Requests a second that are always allowed."""
ONCE: Final = 1.0
"""Seconds in which objections are one: they are to requests that were under way together."""


class Pace(Struct, frozen=True):
    """A pace; without an objection there is no limit."""

    rate: float = inf
    """Requests a second at `since`."""
    since: float = 0.0
    """Of the latest objection, monotonic seconds."""


def rate(pace: Pace, now: float) -> float:
    """Return how many requests a second are allowed."""
    return pace.rate + STEP * (now - pace.since)


def slower(pace: Pace, now: float, sent: float) -> Pace:
    """Return the pace after an objection to `sent` requests a second."""
    if pace.rate < inf and now - pace.since < ONCE:
        return pace
    return Pace(max(LEAST, min(rate(pace, now), sent) / 2), now)
