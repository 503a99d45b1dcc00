"""Tells whether an update changes what a record says, or only its shape."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple


class How(StrEnum):
    """What happened to a member between before and after."""

    CAME = "came"
    WENT = "went"
    RETYPED = "retyped"


class Shift(NamedTuple):
    """How one record's before and after differ."""

    structural: frozenset[tuple[str, How]]
    """Paths of members that came, went, or changed among text, number, boolean, object and array."""
    data: bool
    """Whether some value differs as well, or a collection has more lines or fewer."""


_BOOLEAN, _NUMBER, _TEXT, _OBJECT, _ARRAY = range(1, 6)
_FAMILY: Final = {bool: _BOOLEAN, int: _NUMBER, float: _NUMBER, str: _TEXT, dict: _OBJECT, list: _ARRAY}


def shift(before: Mapping[str, Any], after: Mapping[str, Any]) -> Shift:
    """Return how two decoded records differ."""
    found: set[tuple[str, How]] = set()
    data = _objects(before, after, "", found)
    return Shift(frozenset(found), data)


def _objects(before: Mapping[str, Any], after: Mapping[str, Any], at: str, found: set[tuple[str, How]]) -> bool:
    """Note what is structural below `at`; return whether anything else differs."""
    data = False
    for name, value in before.items():
        path = f"{at}.{name}" if at else name
        if name not in after:
            found.add((path, How.WENT))
        elif value != after[name] or type(value) is not type(after[name]):
            data |= _values(value, after[name], path, found)
    for name in after:
        if name not in before:
            found.add((f"{at}.{name}" if at else name, How.CAME))
    return data


def _values(before: object, after: object, path: str, found: set[tuple[str, How]]) -> bool:
    old, new = _FAMILY.get(type(before)), _FAMILY.get(type(after))
    if isinstance(before, dict) and isinstance(after, dict):
        return _objects(before, after, path, found)
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return True
        data = False
        for one, other in zip(before, after, strict=True):
            data |= _values(one, other, path + "[]", found)
        return data
    if old is None or new is None or before == "" or after == "":
        return before != after or old != new
    if old != new:
        found.add((path, How.RETYPED))
        return False
    return before != after
