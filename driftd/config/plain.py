"""Plain values as TOML gives them: whole numbers, shares, switches, days, choices, text, lists and tables.

Like those of `values`, each reader returns the value or raises `ValueError` with the whole message for the user.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from driftd.config.values import LARGEST, shown

ELEMENTS = 1_000
"""Elements of a list, and keys of a table within a table."""
LEVELS = 64
"""Levels of a path: a record has no more."""


def whole(least: int, most: int = LARGEST) -> Callable[[object], int]:
    """Make a reader of whole numbers from `least` to `most`; neither ``true`` nor ``1.0`` is one."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"must be a whole number, not {shown(value)}")  # noqa: TRY004 - a finding
        if value < least:
            raise ValueError(f"must be at least {least}, not {shown(value)}")
        if value > most:
            raise ValueError(f"must be at most {most}, not {shown(value)}")
        return value

    return read


def share(value: object) -> float:
    """Read a number above 0 and up to 1; ``1`` is one, ``true`` and ``nan`` are not."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"must be a number, not {shown(value)}")  # noqa: TRY004 - a finding
    if not value > 0:
        raise ValueError(f"must be above 0, not {shown(value)}")
    if value > 1:
        raise ValueError(f"must be at most 1, not {shown(value)}")
    return float(value)


def switch(value: object) -> bool:
    """Read ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {shown(value)}")  # noqa: TRY004 - a finding
    return value


def day(value: object) -> date:
    """Read a date, which TOML writes without quotes and without a time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    without = "a time" if isinstance(value, datetime) else "quotes"
    raise ValueError(f"must be a date such as 2027-03-31, without {without}, not {shown(value)}")


def one_of(*choices: str) -> Callable[[object], str]:
    """Make a reader of a closed set of words."""
    *others, last = (f'"{each}"' for each in choices)
    right = f"one of {', '.join(others)} or {last}" if others else last

    def read(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(f"must be {right}, not {shown(value)}")

    return read


def text(pattern: str, right: str) -> Callable[[object], str]:
    """Make a reader of text that matches `pattern` wholly; `right` says in words what does."""

    def read(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise ValueError(f"must be {right}, not {shown(value)}")

    return read


def some(example: str, most: int = ELEMENTS) -> Callable[[object], list[object]]:
    """Make a reader of lists that are not empty, such as `example`, of `most` elements at most."""

    def read(value: object) -> list[object]:
        if not listed(value):
            raise ValueError(f"must be a list such as {example}, not {shown(value)}")
        return listed(value, most)

    return read


def listed(value: object, most: int = ELEMENTS) -> list[object]:
    """Read a list; its elements are read one by one."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list in [ ], not {shown(value)}")  # noqa: TRY004 - a finding
    if len(value) > most:
        raise ValueError(f"must have at most {most:,} elements, not {len(value):,}")
    return value


def entries(value: object) -> dict[str, object]:
    """Read a table within a table; its values are read one by one."""
    if not isinstance(value, dict):
        raise ValueError(f"must be a table in {{ }}, not {shown(value)}")  # noqa: TRY004 - a finding
    if len(value) > ELEMENTS:
        raise ValueError(f"must have at most {ELEMENTS:,} keys, not {len(value):,}")
    return value


def paths(value: object) -> dict[str, object]:
    """Read a table of paths: ``SOHCNT.EMAIL = "hash"``, which TOML takes as tables in tables, as ``"SOHCNT.EMAIL"``."""
    return _paths(value, LEVELS)


def _paths(value: object, levels: int) -> dict[str, object]:
    if not levels:
        raise ValueError(f"must name no member more than {LEVELS} levels deep")
    found: dict[str, object] = {}
    for name, held in entries(value).items():
        if isinstance(held, dict):
            found |= {f"{name}.{below}": each for below, each in _paths(held, levels - 1).items()}
        else:
            found[name] = held
    return found


def anything(value: object) -> object:
    """Leave a value to who knows it better."""
    return value
