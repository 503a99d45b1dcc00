"""What a class of X3 is: fields, collections, key and representations, as a table rather than code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, cast

from driftd.simulator.draws import Draft, Maker, World, numbers
from driftd.simulator.json_values import Json, Record

Facet = Literal["$query", "$details"]
Key = tuple[Json, ...]
KeyLike: TypeAlias = "Json | Key"
"""A key, or the only part of one."""
Edits = dict[str, Json]
"""What changed since a record was first entered: by property, by `collection/line/property`, or all rows of a
collection by its name."""


class Origin(NamedTuple):
    """From what a record is drawn."""

    seed: int
    ordinal: int
    key: Key


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a record or of a line."""

    name: str
    make: Maker
    query: bool = False
    """Does the `$query` facet show it?"""
    revisable: bool = False
    """Does business change it?"""
    refers: str = ""
    """The reference table or class it refers to; a member `NAME_REF` follows it."""
    derived: bool = False
    """Is it made from the lines, after them?"""


@dataclass(frozen=True)
class Collection:
    """A child array: lines, addresses, phone slots."""

    name: str
    fields: tuple[Field, ...]
    count: int | str
    """A fixed number of rows, or the name of the property that holds it."""
    nested: tuple["Collection", ...] = ()
    summed: tuple[str, ...] = ()
    """The properties that totals of the header need."""

    @cached_property
    def drawn(self) -> tuple[tuple[int, Field], ...]:
        """Every field with the index of its number."""
        return tuple(enumerate(self.fields))

    @cached_property
    def drawn_for_totals(self) -> tuple[tuple[int, Field], ...]:
        """The same for the fields that totals need."""
        return tuple(pair for pair in self.drawn if pair[1].name in self.summed)


@dataclass(frozen=True)
class ClassModel:
    """A class with its representation (of the same name), as drawn for a record by its ordinal."""

    name: str
    title: str
    key: tuple[str, ...]
    key_of: Callable[[int], Key]
    """The key of the record first entered as number `ordinal`."""
    fields: tuple[Field, ...]
    collections: tuple[Collection, ...] = ()
    title_field: str = ""
    document: bool = False
    """Is it a document with lines, whose whole record is `$details`?"""
    booked: bool = False
    """Is it made by business out of other records, so that chance neither enters nor deletes it?"""
    source: Callable[[World, int], Record] | None = None
    """What a record first entered as number `ordinal` is given by other records: properties, and the rows of
    collections by the collection's name. The rest is drawn."""

    @cached_property
    def revisable(self) -> tuple[Field, ...]:
        """The properties of `$query` that business changes by chance."""
        return tuple(field for field in self.fields if field.query and field.revisable)

    @cached_property
    def shown(self) -> dict[Facet, tuple[Field, ...]]:
        """The fields of each facet, in the order they are shown."""
        return {"$query": tuple(field for field in self.fields if field.query), "$details": self.fields}

    @cached_property
    def _drawn(self) -> dict[Facet, tuple[Field, ...]]:
        """The fields of each facet as drawn: those of `$query` first, so that both facets draw the same for them."""
        rest = tuple(field for field in self.fields if not field.query)
        return {"$query": self.shown["$query"], "$details": self.shown["$query"] + rest}

    @cached_property
    def query_names(self) -> frozenset[str]:
        """Properties that `$query` shows (but for `UPDDATTIM`, a switch); only these can be filtered and sorted on."""
        return frozenset(field.name for field in self.fields if field.query) | set(self.key)

    @cached_property
    def details_only(self) -> frozenset[str]:
        """Members that only `$details` shows."""
        names = {field.name for field in self.fields if not field.query}
        names |= {f"{field.name}_REF" for field in self.fields if not field.query and field.refers}
        return frozenset((names | {part.name for part in self.collections}) - set(self.key))

    def typed(self, parts: Sequence[str]) -> Key:
        """Return a key as records hold it: parts that are numbers there, as numbers."""
        return tuple(
            int(text) if isinstance(known, int) and text.isdecimal() else text
            for text, known in zip(parts, self.key_of(0), strict=True)
        )

    def facet_of_truth(self) -> Facet:
        """Return the facet that is the whole record."""
        return "$details" if self.document else "$query"

    def draw(self, origin: Origin, world: World, edits: Edits | None, facet: Facet) -> Record:
        """Return the content of a record, without `_REF` and `$…` members.

        With `$query` it holds the properties of that facet only, though collections may stand in it with as much as
        totals need. What edits hold goes before what the record is given, that before what is drawn.
        """
        fields = self._drawn[facet]
        given = self.source(world, origin.ordinal) if self.source else {}
        changed = {**given, **edits} if edits else given
        draft = Draft(world, origin.ordinal, values=dict(zip(self.key, origin.key, strict=True)))
        values = draft.values
        derived = []
        for each, number in zip(fields, numbers(origin.seed, origin.ordinal, len(fields)), strict=True):
            name = each.name
            if each.derived:
                derived.append(each)
            elif name not in self.key:
                made = each.make(number, draft)
                values[name] = changed.get(name, made)
        if derived or facet == "$details":
            for position, part in enumerate(self.collections):
                place = (origin.seed, position + 1)
                values[part.name] = _lines(part, draft, place, changed, whole=facet == "$details")
        for each in derived:
            values[each.name] = each.make(0, draft)
        return values

    def title_of(self, origin: Origin, world: World, edits: Edits | None) -> str:
        """Return a record's title, without drawing the rest of it; `""` in a class without titles."""
        if not self.title_field:
            return ""
        if edits and self.title_field in edits:
            return str(edits[self.title_field])
        index = self._title_index
        number = numbers(origin.seed, origin.ordinal, index + 1)[index]
        return str(self._drawn["$query"][index].make(number, Draft(world, origin.ordinal)))

    @cached_property
    def _title_index(self) -> int:
        return [field.name for field in self._drawn["$query"]].index(self.title_field)


def line_count(part: Collection, values: Record) -> int:
    """Return how many rows a collection has in a record."""
    held = part.count if isinstance(part.count, int) else values[part.count]
    return held if isinstance(held, int) else 0


def _lines(part: Collection, header: Draft, place: tuple[int, int], edits: Edits, *, whole: bool) -> list[Json]:
    """Draw the rows of a collection; `place` is (seed, path from the header)."""
    if not (whole or part.summed):
        return []
    seed, path = place
    rows: list[Json] = []
    given = cast("list[Record] | None", edits.get(part.name))
    for line in range(line_count(part, header.values) if given is None else len(given)):
        spot = path * 10_007 + line
        draft = Draft(header.world, header.ordinal, line)
        drawn = numbers(seed, header.ordinal, len(part.fields), spot)
        start = given[line] if given else {}
        for index, each in part.drawn if whole else part.drawn_for_totals:
            made = start[each.name] if each.name in start else each.make(drawn[index], draft)
            draft.values[each.name] = edits.get(f"{part.name}/{line}/{each.name}", made) if edits else made
        for position, nested in enumerate(part.nested if whole else ()):
            draft.values[nested.name] = _lines(nested, draft, (seed, spot * 31 + position), {}, whole=True)
        rows.append(draft.values)
    return rows
