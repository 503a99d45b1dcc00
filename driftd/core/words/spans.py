"""Spans and moments in words."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from driftd.core.words.model import Phrases, Units

_LENGTHS: Final = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000))


def span(milliseconds: int, units: Units) -> str:
    """Return a span in its two greatest units: ``3 h 20 min``; days alone from ten days on."""
    left, parts = abs(milliseconds), []
    for unit, length in _LENGTHS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count}\u00a0{getattr(units, unit)}")
            if unit == "second" or (unit == "day" and count >= 10):
                break
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or f"0\u00a0{units.second}"


def relative(at: int, now: int, units: Units) -> str:
    """Return how long before or after `now` a moment is; both epoch ms."""
    if abs(now - at) < 1000:
        return units.now
    return (units.past if at < now else units.future).format(span=span(now - at, units))


def day_and_time(at: int, zone: str, phrases: Phrases) -> str:
    """Return a moment (epoch ms) as it is written out in a letter, with its time zone."""
    local = datetime.fromtimestamp(at / 1000, UTC if zone == "UTC" else ZoneInfo(zone))
    units = phrases.units
    return units.moment.format(
        day=units.first if local.day == 1 else local.day,
        month=units.months[local.month - 1],
        year=local.year,
        hour=local.hour,
        minute=f"{local.minute:02}",
        zone=zone,
    )
