"""What one value shows of its field, as small numbers that can be counted, and taken back.

A record shows a mark at a path or does not, however many lines show it: all that is counted is records.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from driftd.core.schema.model import ValueKind

Mark: TypeAlias = int | str
"""A number, or the text of a short code itself."""

PRESENT: Final = 0
RAGGED: Final = 1
"""Some lines of the record have the member and others lack it."""
NULL: Final = 2
EMPTY: Final = 3
"""``""``"""
NO_DATE: Final = 4
"""``0000-00-00``"""
BARE: Final = 5
"""The record shows it without its details having been read."""
BEYOND: Final = 6
"""A whole number that no menu has."""
WORDS: Final = 7
"""A text that is no short code."""
EMPTINESS: Final = (NULL, EMPTY, NO_DATE)

KINDS: Final = tuple(ValueKind)
_KIND: Final = 10
_SCALE: Final = 100
_FINEST: Final = 60
_VALUE: Final = 200
MENU: Final = 128
"""Whole numbers from 0 below this may be values of a menu."""
_LENGTH: Final = 1000
_EXACT: Final = 64
"""Longer texts are counted by their length rounded up to an eighth of its power of two."""
CODE: Final = 4
"""Characters of the longest text that may be one of a few codes."""

BOOLEAN, INTEGER, NUMBER, TEXT, DATE, DATE_OTHER, DATETIME, DATETIME_LOCAL, OBJECT, ARRAY = range(
    _KIND, _KIND + len(KINDS)
)
KIND_MARKS: Final = range(_KIND, _KIND + len(KINDS))
SCALE_MARKS: Final = range(_SCALE, _SCALE + _FINEST + 1)
VALUE_MARKS: Final = range(_VALUE, _VALUE + MENU)
DATED: Final = frozenset({8, 10, *range(16, 36)})
"""Lengths that a date or a time may have."""
NIL_DATE: Final = "0000-00-00"

_DATED: Final = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)"
    r"|(\d\d[/.-]\d\d[/.-]\d{4}|\d{4}[/.]\d\d[/.]\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|0{8})"
    r"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?))",
    re.ASCII,
)
_BY_GROUP: Final = (TEXT, DATE, DATE_OTHER, DATETIME, DATETIME_LOCAL)


def kind_of(mark: int) -> ValueKind:
    """Return the kind that a mark of `KIND_MARKS` stands for."""
    return KINDS[mark - _KIND]


def mark_of(kind: ValueKind) -> int:
    """Return the mark that stands for a kind."""
    return _KIND + KINDS.index(kind)


def scale_of(mark: int) -> int:
    """Return the digits behind the point that a mark of `SCALE_MARKS` stands for."""
    return mark - _SCALE


def value_of(mark: int) -> int:
    """Return the whole number that a mark of `VALUE_MARKS` stands for."""
    return mark - _VALUE


def length_of(mark: int) -> int:
    """Return the length that a mark from `length` stands for."""
    return mark - _LENGTH


def is_length(mark: Mark) -> bool:
    """Tell whether a mark is one of a length."""
    return isinstance(mark, int) and mark >= _LENGTH


def length(characters: int) -> int:
    """Return the mark of a text's length."""
    if characters > _EXACT:
        step = 1 << (characters.bit_length() - 4)
        characters = -(-characters // step) * step
    return _LENGTH + characters


def integer(value: int) -> int:
    """Return the mark of a whole number's value."""
    return _VALUE + value if 0 <= value < MENU else BEYOND


@lru_cache(maxsize=8192)
def dated(text: str) -> int:
    """Return the kind of a text as a mark: a form of date, or `TEXT`."""
    found = _DATED.fullmatch(text) if len(text) in DATED else None
    return _BY_GROUP[(found and found.lastindex) or 0]


def is_code(text: str) -> bool:
    """Tell whether a text may be one of a few codes: short, in capitals and digits."""
    return len(text) <= CODE and text.isalnum() and text.isascii() and text.upper() == text


def scale_mark(digits: int) -> int:
    """Return the mark of so many digits behind the point."""
    return _SCALE + min(digits, _FINEST)


def scale(value: float | Decimal) -> int:
    """Return the mark of a number's digits behind the point; that of `INTEGER` where there are none."""
    spelt = repr(value)
    if type(value) is float and "e" not in spelt and "n" not in spelt:
        digits = 0 if spelt.endswith(".0") else len(spelt) - spelt.index(".") - 1
    else:
        exponent = Decimal(value if isinstance(value, Decimal) else spelt).as_tuple().exponent
        digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return scale_mark(digits) if digits else INTEGER


def scalar(value: object) -> tuple[Mark, ...]:
    """Return what a text, number, boolean or null shows, beside that it is there."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return (NULL,)
    if isinstance(value, bool):
        return (BOOLEAN,)
    if isinstance(value, int):
        return (INTEGER, integer(value))
    if isinstance(value, float | Decimal):
        mark = scale(value)
        return (INTEGER, BEYOND) if mark == INTEGER else (NUMBER, mark)
    return ()


def _text(value: str) -> tuple[Mark, ...]:
    if not value:
        return (EMPTY,)
    if value == NIL_DATE:
        return (NO_DATE, DATE)
    kind = dated(value)
    if kind != TEXT:
        return (kind,)
    return (TEXT, length(len(value)), value if is_code(value) else WORDS)


def widest(marks: Iterable[Mark]) -> set[Mark]:
    """Return marks of several lines as those of their record: of lengths and scales only the greatest."""
    kept = set(marks)
    for family in (is_length, lambda mark: mark in SCALE_MARKS):
        several = sorted(mark for mark in kept if isinstance(mark, int) and family(mark))
        kept.difference_update(several[:-1])
    return kept
