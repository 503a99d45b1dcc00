"""A resource that stopped changing, against its own rhythm: simple and conservative, late only.

Remembered is in which hours of the week something changed, for the running week and the last four. An hour is *busy*
when it saw a change in each of the complete weeks that are known, two at least; nights and weekends are never busy, and
a week with a holiday only makes fewer hours busy. It is late when more busy hours than two working days have passed
without a change.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

WEEKS: Final = 4
FULL: Final = 2
"""Complete weeks that have to be known."""
REGULAR: Final = 5
"""Busy hours a week below which there is no rhythm."""
_HOUR: Final = 3_600_000
_SLOTS: Final = 168
_NOTHING: Final = bytes(_SLOTS // 8)


class Rhythm(Struct, frozen=True):
    """When a resource changes: 168 bits a week, hours since the epoch's own weekday."""

    weeks: tuple[bytes, ...] = ()
    """Complete weeks, the newest last."""
    running: bytes = b""
    """Empty for a week whose beginning was not seen."""
    week: int | None = None
    """Number of the running week since the epoch."""
    last: int | None = None
    """When the last change was seen, epoch ms."""


class Late(Struct, frozen=True):
    """How late a resource is."""

    since: int
    """Its last change, epoch ms."""
    missed: int
    """Busy hours without a change."""
    allowed: int
    """Of two working days."""
    weeks: int
    """Complete weeks that this rests on."""


def noted(rhythm: Rhythm, now: int, *, changed: bool) -> Rhythm:
    """Return the rhythm after a look at `now` (epoch ms) that found a change or none.

    Where a whole week went by without a look, what was learnt is forgotten.
    """
    week = now // (_HOUR * _SLOTS)
    weeks, running = rhythm.weeks, rhythm.running
    if rhythm.week is None or not 0 <= week - rhythm.week <= 1:
        weeks, running = (), b""
    elif week != rhythm.week:
        weeks, running = ((*weeks, running) if running else weeks)[-WEEKS:], _NOTHING
    if changed and running:
        running = _with(running, now // _HOUR % _SLOTS)
    return replace(rhythm, weeks=weeks, running=running, week=week, last=now if changed else rhythm.last)


def late(rhythm: Rhythm, now: int) -> Late | None:
    """Tell how late a resource is at `now`; None where it is not, or has no rhythm that is known well enough."""
    busy = _busy(rhythm)
    if rhythm.last is None or len(busy) < REGULAR:
        return None
    begin = max(rhythm.last // _HOUR + 1, now // _HOUR - WEEKS * _SLOTS)
    missed = sum(hour % _SLOTS in busy for hour in range(begin, now // _HOUR))
    allowed = _allowed(busy)
    return Late(rhythm.last, missed, allowed, len(rhythm.weeks)) if missed > allowed else None


def due(rhythm: Rhythm) -> int | None:
    """Return when a resource is late unless it changes before, epoch ms; None where that cannot be."""
    busy = _busy(rhythm)
    if rhythm.last is None or len(busy) < REGULAR:
        return None
    begin = rhythm.last // _HOUR + 1
    missed = [hour for hour in range(begin, begin + WEEKS * _SLOTS) if hour % _SLOTS in busy]
    return (missed[_allowed(busy)] + 1) * _HOUR


def _allowed(busy: frozenset[int]) -> int:
    """Return how many busy hours may pass: those of two working days."""
    days = [slot // 24 for slot in busy]
    return max(3, 2 * max(days.count(day) for day in set(days)))


def _busy(rhythm: Rhythm) -> frozenset[int]:
    if len(rhythm.weeks) < FULL:
        return frozenset()
    return frozenset.intersection(*(frozenset(_set(week)) for week in rhythm.weeks))


def _set(week: bytes) -> Iterator[int]:
    return (slot for slot in range(_SLOTS) if week[slot // 8] >> slot % 8 & 1)


def _with(week: bytes, slot: int) -> bytes:
    changed = bytearray(week)
    changed[slot // 8] |= 1 << slot % 8
    return bytes(changed)
