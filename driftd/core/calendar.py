"""Cron lines, time zones and blackout hours: wall-clock rules to instants.

apscheduler's trigger walks the calendar of wall times, as if every day had 24 hours; here they become instants: a time
that the zone skips comes later by as much as the clocks went forward (01:30 at 02:30), one that it repeats comes at
its first passing only. Instants are epoch ms.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from driftd.core import crontab
from driftd.core.model import Calendar, Hours

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_DAY: Final = timedelta(days=1)
_MINUTE: Final = 60_000
_TRIALS: Final = 1_000
"""Wall times looked at for the next instant: those of an hour that every minute matches, and many times that."""


@lru_cache(maxsize=16_384)
def next_fire(cron: str, timezone: str, after: int) -> int:
    """Return the first instant after `after` at which a cron line comes true in a zone.

    Raises `ValueError` for a line that never does.
    """
    zone = _zone(timezone)
    moment = datetime.fromtimestamp(after / 1000, UTC)
    # where the clocks went forward a day ago at most, wall times that were skipped may still be to come
    wall = min(_wall(moment, zone), _wall(moment - _DAY, zone) + _DAY)
    for _ in range(_TRIALS):
        fires = [each.get_next_fire_time(None, wall) for each in _triggers(cron)]
        if None in fires:
            break
        wall = min(fires)
        instant = _ms(wall.replace(tzinfo=zone, fold=0))
        if instant > after:
            return instant
        wall += timedelta(seconds=1)
    raise ValueError(f'the cron line "{cron}" never comes true')


def blackout_end(calendar: Calendar, now: int) -> int | None:
    """Return the first instant after `now` that no blackout covers; None where none covers `now`.

    Hours are those of the wall: a repeated hour is covered twice, a skipped one not at all.
    """
    if not calendar.blackout:
        return None
    zone, at = _zone(calendar.timezone), now
    while (left := _left(calendar.blackout, at, zone)) is not None:
        until = at + left
        at = until if _offset(at, zone) == _offset(until, zone) else _change(at, until, zone)
        if at - now > 3 * 86_400_000:
            raise ValueError("the blackout leaves no minute of the day")
    return None if at == now else at


def open_minutes(blackout: Iterable[Hours]) -> int:
    """Return how many of a day's 1440 minutes no blackout covers."""
    closed: set[int] = set()
    for span in blackout:
        start, length = _span(span)
        closed.update(minute % 1440 for minute in range(start, start + length))
    return 1440 - len(closed)


def _left(blackout: Iterable[Hours], at: int, zone: tzinfo) -> int | None:
    """Return for how many ms of wall time the spans around `at` go on; None where there is none."""
    wall = datetime.fromtimestamp(at / 1000, zone)
    passed = ((wall.hour * 60 + wall.minute) * 60 + wall.second) * 1000 + wall.microsecond // 1000
    longest = 0
    for span in blackout:
        start, length = _span(span)
        into = (passed - start * _MINUTE) % (1440 * _MINUTE)
        longest = max(longest, length * _MINUTE - into)
    return longest or None


def _span(span: Hours) -> tuple[int, int]:
    """Return the first minute of the day and the number of minutes."""
    start, end = (each.hour * 60 + each.minute for each in (span.start, span.end))
    return start, (end - start) % 1440


def _change(before: int, after: int, zone: tzinfo) -> int:
    """Return the instant between two at which the zone's clocks are changed, to the second."""
    old = _offset(before, zone)
    while after - before > 1000:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after - after % 1000


def _offset(at: int, zone: tzinfo) -> timedelta | None:
    return datetime.fromtimestamp(at / 1000, zone).utcoffset()


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    """Return what the zone's clocks show, as a time of a zone whose days all have 24 hours."""
    return moment.astimezone(zone).replace(tzinfo=UTC, fold=0)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@cache
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # most configurations are in UTC

    return ZoneInfo(name)


@cache
def _triggers(cron: str) -> "tuple[CronTrigger, ...]":
    """Return triggers of which the first to come true decides.

    Every field is spelt out in numbers: the library counts week days from Monday, not as crontab does from Sunday, asks
    for day of month *and* of week where crontab asks for either, and takes fewer names and steps.
    """
    from apscheduler.triggers.cron import CronTrigger  # takes longer than all else of a start

    read = [crontab.numbers(text, field) for text, field in zip(cron.split(), crontab.FIELDS, strict=True)]
    minute, hour, day, month = (",".join(map(str, sorted(each))) for each in read[:4])
    weekday = ",".join(sorted({crontab.WEEKDAYS[each % 7] for each in read[4]}))
    days = [(day, "*"), ("*", weekday)] if crontab.either_day(cron) else [(day, weekday)]
    return tuple(
        CronTrigger(minute=minute, hour=hour, day=here, month=month, day_of_week=there, timezone=UTC)
        for here, there in days
    )
