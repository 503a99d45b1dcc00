"""What a judge can see in records with his own eyes: which paths there are, and what stands at each.

Paths are written as findings write them: ``SOHSOP[].ITMREF``; what an array holds stands under ``NAME[]``, plain values
as well: ``TSCCOD[]``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

Key = tuple[Any, ...]
Record = Mapping[str, Any]
Records = Mapping[Key, Record]
Spot = tuple[int, ...]
"""The lines on the way to a place, from outside to inside."""

ABSENT: Final = object()
EMPTY: Final = (None, "", "0000-00-00")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:(T\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?)?")


def under(path: str, above: str) -> bool:
    """Tell whether a path lies inside another."""
    return path.startswith((f"{above}.", f"{above}[]"))


def roots(paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that lie inside no other of them."""
    chosen = set(paths)
    return sorted(path for path in chosen if not any(under(path, other) for other in chosen))


Place = tuple[Key, Spot]
"""A record, and the lines on the way to a place in it."""


class Survey:
    """Some records, walked once: what stands where."""

    def __init__(self, records: Records) -> None:
        self.keys = frozenset(records)
        self.values: dict[str, dict[Place, Any]] = {}
        """By path, what stands at each place that has it."""
        self.holders: dict[str, set[Place]] = {"": {(key, ()) for key in records}}
        """By what stands before a member's name in its path, the objects that could have it."""
        for key, record in records.items():
            self._walk(record, "", key, ())

    def _walk(self, members: Record, above: str, key: Key, spot: Spot) -> None:
        for name, value in members.items():
            path = above + name
            self.values.setdefault(path, {})[key, spot] = value
            if isinstance(value, dict):
                self.holders.setdefault(f"{path}.", set()).add((key, spot))
                self._walk(value, f"{path}.", key, spot)
            elif isinstance(value, list):
                self._elements(value, path, key, spot)

    def _elements(self, elements: list[Any], path: str, key: Key, spot: Spot) -> None:
        for number, each in enumerate(elements):
            here = (*spot, number)
            if isinstance(each, dict):
                self.holders.setdefault(f"{path}[].", set()).add((key, here))
                self._walk(each, f"{path}[].", key, here)
            else:
                self.values.setdefault(f"{path}[]", {})[key, here] = each

    def at(self, path: str) -> dict[Place, Any]:
        """Return what stands at a path, by place."""
        return self.values.get(path, {})

    def could(self, path: str) -> set[Place]:
        """Return the places where a path could be: for plain values in an array, where they are."""
        if path.endswith("[]"):
            return set(self.at(path))
        above, dot, _ = path.rpartition(".")
        return self.holders.get(above + dot, set())


def is_empty(value: Any) -> bool:
    """Tell whether a value is there and says nothing."""
    return value is None or (isinstance(value, str) and value in EMPTY)


def kind_of(value: Any) -> str:
    """Name the kind of a value that is not empty."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "integer" if value == int(value) else "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    found = _DATE.fullmatch(value)
    if found is None:
        return "text"
    return "date" if not found[1] else "datetime" if found[2] else "datetime without zone"


def family(kind: str) -> str:
    """Name what a kind is one of: numbers with a fraction and without are alike."""
    return "number" if kind == "integer" else kind


def families(values: Iterable[Any]) -> set[str]:
    """Return the families of values that are not empty."""
    return {family(kind_of(value)) for value in values if not is_empty(value)}


def digits(value: Any) -> int:
    """Count the digits behind the point."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return 0
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


@dataclass
class Facts:
    """What stands at one path in some records."""

    records: int = 0
    """That could have it."""
    places: int = 0
    present: int = 0
    empties: int = 0
    """Of those present."""
    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    """Of plain values that are not empty, as they are written."""
    digits: int = 0
    fractions: int = 0
    longest: int = 0

    @classmethod
    def of(cls, survey: Survey, path: str, keys: frozenset[Key] | None = None) -> "Facts":
        """Look at a path, in the records of `keys` only where given."""
        facts, here = cls(), survey.at(path)
        could = [place for place in survey.could(path) if keys is None or place[0] in keys]
        facts.records = len({key for key, _ in could})
        for place in could:
            facts._add(here.get(place, ABSENT))
        return facts

    def _add(self, value: Any) -> None:
        self.places += 1
        if value is ABSENT:
            return
        self.present += 1
        if is_empty(value):
            self.empties += 1
            return
        kind = kind_of(value)
        self.kinds[kind] += 1
        if kind not in {"object", "array"}:
            self.values[repr(value)] += 1
        self.digits = max(self.digits, digits(value))
        self.fractions += kind == "number"
        self.longest = max(self.longest, len(value) if isinstance(value, str) else 0)

    @property
    def judged(self) -> bool | None:
        """Whether there are at least 300; None where there are only if every line counts for itself."""
        if self.records >= 300:
            return True
        return None if self.places >= 300 else False

    @property
    def everywhere(self) -> bool:
        """Whether it is present wherever it could be."""
        return 0 < self.present == self.places


@dataclass
class Pairs:
    """How the values of one path before, and of another after, agree in the same records."""

    records: int = 0
    places: int = 0
    equal: int = 0
    distinct: int = 0
    boolean: bool = False

    @classmethod
    def of(cls, before: dict[Place, Any], after: dict[Place, Any]) -> "Pairs":
        """Compare; a value of the header agrees with lines that all have it."""
        pairs, seen = cls(), set()
        old, new = _by_record(before), _by_record(after)
        for key in old.keys() & new.keys():
            one, other = old[key], new[key]
            pairs.records += 1
            pairs.places += len(other)
            pairs.equal += one == other or {*map(repr, one.values())} == {*map(repr, other.values())}
            seen |= {*map(repr, one.values())}
            pairs.boolean |= any(isinstance(value, bool) for value in one.values())
        pairs.distinct = len(seen)
        return pairs

    @property
    def agree(self) -> bool:
        """Whether the values alone can show that it is the same field."""
        return self.distinct >= 5 and not self.boolean and self.records > 0 and self.equal >= 0.95 * self.records


def _by_record(values: dict[Place, Any]) -> dict[Key, dict[Spot, Any]]:
    """Return the values that say something, by record."""
    found: dict[Key, dict[Spot, Any]] = {}
    for (key, spot), value in values.items():
        if not is_empty(value):
            found.setdefault(key, {})[spot] = value
    return found
