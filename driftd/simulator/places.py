"""Where a field stands, and how it is taken out of, put into and changed where it stands.

Records and prototypes have one structure: what is done to the one can be done to the other. Nothing is changed in
place: what a function returns shares all that it did not touch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from driftd.simulator.json_values import Json, Record

Names = tuple[str, ...]
"""A member, and the objects that it stands in: `("ADDRESS", "CTY")`."""
Found = dict[str, Json]
"""A field as taken out: its value by `""`, that of its companion by `"_REF"`."""
COMPANION = "_REF"


class Place(NamedTuple):
    """A field's path, taken apart."""

    collections: tuple[Names, ...]
    names: Names

    @classmethod
    @lru_cache(1024)
    def of(cls, path: str) -> "Place":
        """Parse `SOHSOP[].ITMREF`, `ADDRESS.CTY`, `DEB[]`; `""` is the record itself. Raises `ValueError`."""
        *collections, last = path.removesuffix("[]").split("[].") if path else [""]
        parts = [tuple(part.split(".")) for part in (*collections, last)]
        if path and not all(name and "[" not in name and "," not in name for part in parts for name in part):
            raise ValueError(f"{path!r} is no path of a field: one is such as 'BPCNAM', 'SOHSOP[].ITMREF', 'SOHSOP'")
        return cls(tuple(parts[:-1]), parts[-1] if path else ())

    def __str__(self) -> str:
        return "[].".join(".".join(part) for part in (*self.collections, self.names))


@dataclass(frozen=True, slots=True)
class Tree:
    """How objects and rows are seen in a record, or in a prototype."""

    inner: Callable[[Json], Record | None]
    """The members of an object; None for what is none."""
    outer: Callable[[Record, Json], Json]
    """Members, and what the object was before (None: a new one) → the object."""
    rows: Callable[[Json, Callable[[Record], Record]], Json]
    """A collection with each of its rows changed; what is none stays as it is."""
    holds_rows: Callable[[Json], bool]

    def within(self, members: Record, collections: tuple[Names, ...], change: Callable[[Record], Record]) -> Record:
        """Change the record, or all rows of a collection."""
        if not collections:
            return change(members)
        first, *rest = collections

        def deeper(parent: Record, name: str) -> Record:
            changed = self.rows(parent[name], lambda row: self.within(row, tuple(rest), change))
            return {**parent, name: changed}

        return self.beside(members, first, deeper)

    def beside(self, members: Record, names: Names, change: Callable[[Record, str], Record]) -> Record:
        """Change the members among which a field stands; where there is no such field, nothing is changed."""
        name, *rest = names
        if name not in members:
            return members
        if not rest:
            return change(members, name)
        inner = self.inner(members[name])
        if inner is None:
            return members
        return {**members, name: self.outer(self.beside(inner, tuple(rest), change), members[name])}

    def take(self, members: Record, names: Names) -> tuple[Record, Found | None]:
        """Take a field out with its companion; None where it is not there."""
        taken: list[Found] = []

        def change(parent: Record, name: str) -> Record:
            taken.append({end: parent[name + end] for end in ("", COMPANION) if name + end in parent})
            return dropped(parent, name)

        left = self.beside(members, names, change)
        return left, taken[0] if taken else None

    def put(self, members: Record, names: Names, found: Found) -> Record:
        """Put a field with its companion at the end, making the objects that it stands in."""
        name, *rest = names
        if not rest:
            return {**members, **{name + end: value for end, value in found.items()}}
        held = members.get(name)
        inner = self.inner(held) or {}
        return {**members, name: self.outer(self.put(inner, tuple(rest), found), held)}


def dropped(parent: Record, name: str) -> Record:
    """Return members without a field and its companion."""
    return {each: value for each, value in parent.items() if each not in {name, name + COMPANION}}


def renamed(parent: Record, old: str, new: str) -> Record:
    """Return members in which a field and its companion have another name, at the same place."""
    names = {old: new, old + COMPANION: new + COMPANION}
    return {names.get(each, each): value for each, value in parent.items()}


def spread(parent: Record, name: str, members: Record) -> Record:
    """Return members in which others stand at the place of one."""
    spread_out: Record = {}
    for each, value in dropped(parent, name + COMPANION).items():
        spread_out |= members if each == name else {each: value}
    return spread_out


def _rows_of_record(value: Json, change: Callable[[Record], Record]) -> Json:
    if not isinstance(value, list):
        return value
    return [change(row) if isinstance(row, dict) else row for row in value]


def rows_of(value: Json) -> Record | None:
    """Return the properties of a collection's rows, by its property; None for what is no collection."""
    each = value.get("$item") if isinstance(value, dict) else None
    return _members_of_property(each)


def _rows_of_property(value: Json, change: Callable[[Record], Record]) -> Json:
    members = rows_of(value)
    if members is None:
        return value
    assert isinstance(value, dict)
    return {**value, "$item": {**cast("Record", value["$item"]), "$properties": change(members)}}


def _object_of_property(members: Record, held: Json) -> Json:
    kept = held if isinstance(held, dict) else {"$type": "application/json"}
    return {**kept, "$properties": members}


def _members_of_property(value: Json) -> Record | None:
    members = value.get("$properties") if isinstance(value, dict) else None
    return members if isinstance(members, dict) else None


RECORDS = Tree(
    inner=lambda value: value if isinstance(value, dict) else None,
    outer=lambda members, _held: members,
    rows=_rows_of_record,
    holds_rows=lambda value: isinstance(value, list) and any(isinstance(row, dict) for row in value),
)
PROTOTYPES = Tree(
    inner=_members_of_property,
    outer=_object_of_property,
    rows=_rows_of_property,
    holds_rows=lambda value: rows_of(value) is not None,
)
"""Of a prototype's `$properties`: an object has its own, rows have those of `$item`."""
