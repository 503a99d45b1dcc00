"""The five fields of a crontab line as numbers, read as crontab reads them.

Names of months and week days have three letters; Sunday is both 0 and 7; ``a/n`` runs from a to the end of the field.
"""

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

_PART: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?")
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of the months, in the year that has most."""
_YEAR: Final = date(2028, 1, 1)
"""A leap year."""


class Field(NamedTuple):
    """One field: its bounds, and the names of its numbers from the lowest on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIELDS: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day of week", 0, 7, WEEKDAYS),
)


def numbers(text: str, field: Field) -> frozenset[int]:
    """Return the numbers that a field's text means; none where it means nothing."""
    parts = [_part(part, field) for part in text.split(",")]
    return frozenset().union(*parts) if all(parts) else frozenset()


def either_day(text: str) -> bool:
    """Tell whether a line names both days of the month and of the week: then either of them is enough."""
    _, _, day, _, weekday = text.split()
    return not day.startswith("*") and not weekday.startswith("*")


def comes(text: str) -> bool:
    """Tell whether a line of good fields ever comes true: the 31st of February does not."""
    _, _, day, month, _ = text.split()
    longest = max(_LENGTHS[each - 1] for each in numbers(month, FIELDS[3]))
    return either_day(text) or min(numbers(day, FIELDS[2])) <= longest


def days_a_year(text: str) -> int:
    """Return on how many days of a leap year a line of good fields comes true."""
    days, months, weekdays = (numbers(part, field) for part, field in zip(text.split()[2:], FIELDS[2:], strict=True))
    either, count = either_day(text), 0
    for number in range(366):
        each = _YEAR + timedelta(days=number)
        named = (each.day in days, bool(weekdays & {each.isoweekday(), each.isoweekday() % 7}))
        count += each.month in months and (any(named) if either else all(named))
    return count


def times_a_day(text: str) -> int:
    """Return how often a line of good fields comes true on a day that it names."""
    minute, hour, *_ = text.split()
    return len(numbers(minute, FIELDS[0])) * len(numbers(hour, FIELDS[1]))


def _part(part: str, field: Field) -> range:
    found = _PART.fullmatch(part)
    if not found:
        return range(0)
    star, first, last, step = found.groups()
    start = field.low if star else _number(first, field)
    end = field.high if star or (step and not last) else _number(last or first, field)
    if start is None or end is None or not field.low <= start <= end <= field.high:
        return range(0)
    return range(start, end + 1, int(step or 1))


def _number(text: str, field: Field) -> int | None:
    if text.isascii() and text.isdecimal() and len(text) < 5:
        return int(text)
    name = text.lower()
    return field.low + field.names.index(name) if name in field.names else None
