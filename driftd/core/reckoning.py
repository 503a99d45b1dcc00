"""By which time ages are reckoned where what is old goes for good: this machine's clock may be wrong.

Servers say with each answer what their clocks show. Ages go by ours or by theirs, whichever is earlier, so that a clock
that is ahead removes nothing that a right one would have kept, and one that is behind removes it later.
"""

from collections.abc import Sequence
from statistics import median_low
from typing import Final

from msgspec import Struct

WAIT: Final = 3600.0
"""Seconds that are waited for a server to say the time; from then on, what an earlier process stamped says it."""
CLOSE: Final = 3_600_000
"""Ms by which clocks that agree may differ."""


class Clocks(Struct, frozen=True):
    """What is known of the time."""

    ours: int
    """What our clock shows, epoch ms."""
    others: Sequence[int] = ()
    """What those of servers show now."""
    stamped: int = 0
    """When the newest commit was made that was there when this process began, as the clock of then had it, or else when
    it began."""
    ran: float = 0.0
    """Seconds for which this process has run, by a clock that nobody sets."""


def reckoned(clocks: Clocks) -> int | None:
    """Return the time by which ages are reckoned, epoch ms; None while nothing but our own clock says one.

    Of several servers the one in the middle is believed. Where none answers, so much time has passed as since the
    newest commit of before, which the time between two processes is not part of.
    """
    if clocks.others:
        return min(clocks.ours, median_low(clocks.others))
    if clocks.ran < WAIT:
        return None
    return min(clocks.ours, clocks.stamped + round(clocks.ran * 1000))


def bounds(clocks: Clocks, since: float) -> tuple[int, int] | None:
    """Return between which times, epoch ms, all happened that happened in the last `since` seconds.

    None where servers do not say that our clock is right.
    """
    if not clocks.others:
        return None
    other = median_low(clocks.others)
    if abs(clocks.ours - other) > CLOSE:
        return None
    return min(clocks.ours, other) - round(since * 1000) - CLOSE, max(clocks.ours, other)
