"""What a judge can see in records with his own eyes: which paths there are, and what stands at each.

Paths are written as findings write them: ``SOHSOP[].ITMREF``; what an array holds stands under ``NAME[]``, plain values
as well: ``TSCCOD[]``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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


def parent(path: str) -> str:
    """Return the path of what holds a path: of the collection for a member of its lines; "" at the top."""
    head, _, _ = path.rpartition(".")
    return head.removesuffix("[]")


def under(path: str, above: str) -> bool:
    """Tell whether a path lies inside another."""
    return path.startswith((f"{above}.", f"{above}[]"))


def roots(paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that lie inside no other of them."""
    chosen = set(paths)
    return sorted(path for path in chosen if not any(under(path, other) for other in chosen))


def paths(records: Iterable[Record]) -> set[str]:
    """Return every path that some record has."""
    found: set[str] = set()
    for record in records:
        _visit(record, "", found)
    return found


def _visit(members: Record, above: str, found: set[str]) -> None:
    for name, value in members.items():
        path = above + name
        found.add(path)
        if isinstance(value, dict):
            _visit(value, f"{path}.", found)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    _visit(each, f"{path}[].", found)
                else:
                    found.add(f"{path}[]")


def places(record: Record, path: str) -> Iterator[tuple[Spot, Any]]:
    """Yield what stands at each place where a path could be: once for each line that could have it."""
    yield from _places(record, path.split("."), ())


def _places(members: Any, parts: list[str], spot: Spot) -> Iterator[tuple[Spot, Any]]:
    if not isinstance(members, dict):
        return
    name, rest = parts[0], parts[1:]
    if not rest and name.endswith("[]"):
        inner = members.get(name.removesuffix("[]"))
        yield from (((*spot, place), each) for place, each in enumerate(inner if isinstance(inner, list) else ()))
        return
    if not rest:
        yield spot, members.get(name, ABSENT)
        return
    inner = members.get(name.removesuffix("[]"), ABSENT)
    if name.endswith("[]"):
        for line, each in enumerate(inner if isinstance(inner, list) else ()):
            yield from _places(each, rest, (*spot, line))
    else:
        yield from _places(inner, rest, spot)


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
    def of(cls, records: Iterable[Record], path: str) -> "Facts":
        """Look at some records."""
        facts = cls()
        for record in records:
            found = [value for _, value in places(record, path)]
            facts.records += bool(found)
            for value in found:
                facts._add(value)
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
    def families(self) -> set[str]:
        """The families of the values."""
        return {family(kind) for kind in self.kinds}

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
    def of(cls, before: Records, after: Records, old: str, new: str) -> "Pairs":
        """Compare; a value of the header agrees with lines that all have it."""
        pairs, seen = cls(), set()
        for key in before.keys() & after.keys():
            one = {spot: value for spot, value in places(before[key], old) if _told(value)}
            other = {spot: value for spot, value in places(after[key], new) if _told(value)}
            if not one or not other:
                continue
            pairs.records += 1
            pairs.places += len(other)
            same = one == other or {repr(value) for value in one.values()} == {repr(value) for value in other.values()}
            pairs.equal += same
            seen |= {repr(value) for value in one.values()}
            pairs.boolean |= any(isinstance(value, bool) for value in one.values())
        pairs.distinct = len(seen)
        return pairs

    @property
    def agree(self) -> bool:
        """Whether the values alone can show that it is the same field."""
        return self.distinct >= 5 and not self.boolean and self.records > 0 and self.equal >= 0.95 * self.records


def _told(value: Any) -> bool:
    return value is not ABSENT and not is_empty(value)
