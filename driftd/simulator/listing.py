"""Which rows a query lists, in which order, and which of them make a page.

`orderBy`, `key` cursors and `count`: Sage web-service guide (querying); composite cursors: Sage developer guide (menu
parameters). A cursor's operator speaks of the listing's order: `gt` is what follows, also under `desc`. Rows that are
equal in every `orderBy` property as the cursor are passed over by `gt`: only a unique key pages safely.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import total_ordering
from typing import Literal, cast

import orjson

from driftd.simulator.collation import SortPart, number_of, order_of, text_of
from driftd.simulator.json_values import Json
from driftd.simulator.render import Renderer, Style, stamp_of
from driftd.simulator.rows import Row, SortKey, Table
from driftd.simulator.where import (
    ExpressionError,
    Getter,
    Reading,
    Test,
    UnknownPropertyError,
    parse,
    seconds_in,
    seconds_of,
)

Relation = Literal["gt", "ge", "lt", "le"]
Order = tuple[tuple[str, bool], ...]
"""Properties with True where descending."""


@total_ordering
@dataclass(frozen=True, slots=True)
class _Falling:
    part: SortPart

    def __lt__(self, other: "_Falling") -> bool:
        return bool(other.part < self.part)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a listing: the first parts of a sort key, and on which side of it."""

    relation: Relation
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What a `$query` request asks for, parsed."""

    order: Order
    where: str = ""
    cursor: Cursor | None = None
    count: int = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page's rows, and whether there are more before and after them."""

    rows: Sequence[Row]
    before: bool
    after: bool


def order_by(text: str, key: Sequence[str], properties: frozenset[str]) -> Order:
    """Parse `orderBy=BPCNAM desc, BPCNUM asc`; empty text orders by the names of the key. `;` separates as `,` does.

    Raises `UnknownPropertyError`, `ExpressionError`.
    """
    order = []
    for part in filter(None, (piece.strip() for piece in re.split("[,;]", text))):
        name, _, direction = part.partition(" ")
        if direction.strip().lower() not in {"", "asc", "desc"}:
            raise ExpressionError(f"no direction: {direction.strip()!r}")
        if name not in properties:
            raise UnknownPropertyError(name)
        order.append((name, direction.strip().lower() == "desc"))
    return tuple(order) or tuple((name, False) for name in key)


def cursor_of(text: str, order: Order) -> Cursor:
    """Parse `gt.1~Martin~ES001`; a `~` in the last part survives. Raises `ExpressionError`."""
    relation, dot, value = text.partition(".")
    if relation not in {"gt", "ge", "lt", "le"} or (not dot and relation in {"gt", "ge"}):
        raise ExpressionError(f"no cursor: {text!r}")
    parts = tuple(value.split("~", len(order) - 1)) if dot else ()
    return Cursor(cast("Relation", relation), parts)


class Listings:
    """The orders and selections of one table that were asked for lately."""

    _KEPT = 4

    def __init__(self, table: Table, renderer: Renderer) -> None:
        self._table, self._renderer = table, renderer
        self._kept: dict[tuple[object, ...], tuple[list[Row], list[SortKey]]] = {}
        self._seen: tuple[int, list[Row], list[SortKey]] | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The names under which the parts of the key are shown; one that no request can name where it is not."""
        view = self._renderer.view
        return self._table.model.key if view is None else view.key_names

    @property
    def usual(self) -> tuple[str, ...]:
        """The names that rows are ordered by where a request says nothing."""
        view = self._renderer.view
        return self.key if view is None else (*self.key, *view.added_to_key)

    def stretch(self, query: Query, style: Style, *, doubled_quotes: bool) -> Stretch:
        """Return the rows of a page. Raises `UnknownPropertyError`, `ExpressionError`."""
        rows, sorts = self._listing(query.order, query.where, style, doubled_quotes=doubled_quotes)
        total = len(rows)
        if query.cursor is None:
            start, stop = 0, query.count
        elif not query.cursor.parts:  # `key=lt`: the last page
            start, stop = total - query.count, total
        else:
            start, stop = self._bounds(query, sorts, style)
        start, stop = max(start, 0), min(stop, total)
        return Stretch(rows[start:stop], before=start > 0, after=stop < total)

    def cursor_text(self, row: Row, order: Order, style: Style) -> str:
        """Return the value of a cursor that stands at a row."""
        if self._rises_by_key(order):
            return "~".join(text_of(part) for part in row.key)
        shown = self._renderer.business(row, "$query", style)
        return "~".join(_spelled(shown.get(name)) for name, _ in order)

    def _bounds(self, query: Query, sorts: list[SortKey], style: Style) -> tuple[int, int]:
        assert query.cursor is not None
        target = tuple(
            self._part(name, self._typed(name, text, style), falling=falling)
            for (name, falling), text in zip(query.order, query.cursor.parts, strict=False)
        )
        search = bisect_left if query.cursor.relation in {"ge", "lt"} else bisect_right
        width = len(target)
        if self._falls_by_key(query.order):
            place = search(sorts, target, key=lambda sort: tuple(map(_Falling, sort[:width])))
        elif width < len(query.order):
            place = search(sorts, target, key=lambda sort: sort[:width])
        else:
            place = search(sorts, target)
        if query.cursor.relation in {"gt", "ge"}:
            return place, place + query.count
        return place - query.count, place

    def _typed(self, name: str, text: str, style: Style) -> Json:
        if name in self.key or not self._table.rows:
            return text
        if not text:
            return None
        if self._origin(name) == "UPDDATTIM":
            return seconds_of(text)
        every = (self._renderer.business(row, "$query", style).get(name) for row in self._table.rows)
        example = next((value for value in every if value is not None), None)
        if isinstance(example, bool):
            return text == "true"
        if isinstance(example, str) or example is None:
            return text
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ExpressionError(f"{name!r} is a number, not {text!r}")
        return number

    def _part(self, name: str, value: Json, *, falling: bool) -> SortPart:
        """What sorts a value; every key part sorts as text."""
        if name in self.key:
            part = self._table.sort_key((value,))[0]
        elif value is None or value == "":
            part = (0,)
        elif isinstance(value, str):
            part = (2, order_of(self._table.collation)(value))
        else:
            part = (1, number_of(value))
        return _Falling(part) if falling else part

    def _listing(
        self, order: Order, where: str, style: Style, *, doubled_quotes: bool
    ) -> tuple[list[Row], list[SortKey]]:
        if self._rises_by_key(order) and not where:
            return self._rows(style)
        asked = (order, where, style, doubled_quotes, self._table.version)
        kept = self._kept.get(asked)
        if kept is None:
            kept = self._select(order, where, style, doubled_quotes=doubled_quotes)
            self._kept[asked] = kept
            while len(self._kept) > self._KEPT:
                del self._kept[next(iter(self._kept))]
        return kept

    def _select(
        self, order: Order, where: str, style: Style, *, doubled_quotes: bool
    ) -> tuple[list[Row], list[SortKey]]:
        rows, sorts = self._rows(style)
        if where:
            properties = self._renderer.properties(style)
            reading = Reading(self._table.collation, style.naive, doubled_quotes=doubled_quotes)
            test = parse(where, properties, reading)
            chosen = [index for index, row in enumerate(rows) if self._passes(test, row, style)]
            rows, sorts = [rows[index] for index in chosen], [sorts[index] for index in chosen]
        if self._falls_by_key(order):
            return rows[::-1], sorts[::-1]
        if self._rises_by_key(order):
            return rows, sorts
        return self._sorted(rows, order, style)

    def _rows(self, style: Style) -> tuple[list[Row], list[SortKey]]:
        """Return the rows that are shown, with their sort keys."""
        table, view = self._table, self._renderer.view
        if view is None or view.transparent:
            return table.rows, table.sorts
        if self._seen is None or self._seen[0] != table.version:
            rows = self._renderer.seen(table.rows, style)
            self._seen = table.version, rows, [table.sort_key(row.key) for row in rows]
        return self._seen[1:]

    def _rises_by_key(self, order: Order) -> bool:
        """True for the key: the rows as they are."""
        return order == tuple((name, False) for name in self.key)

    def _falls_by_key(self, order: Order) -> bool:
        """True for the key, descending: the rows as they are, backwards."""
        return order == tuple((name, True) for name in self.key)

    def _origin(self, name: str) -> str:
        """Return which property of the class is shown by a name as it is; the name where none is."""
        view = self._renderer.view
        return name if view is None else view.origins.get(name, f"\0{name}")

    def _passes(self, test: Test, row: Row, style: Style) -> bool:
        return test(self._getter(row, style))

    def _sorted(self, rows: list[Row], order: Order, style: Style) -> tuple[list[Row], list[SortKey]]:
        keyed = []
        for row in rows:
            get = self._getter(row, style)
            keyed.append((tuple(self._part(name, get(name), falling=falling) for name, falling in order), row))
        keyed.sort(key=lambda pair: pair[0])  # stable: equal rows stay in key order
        return [row for _, row in keyed], [sort for sort, _ in keyed]

    def _getter(self, row: Row, style: Style) -> Getter:
        """Return what reads a property of a row: cheaply for stamp and key, else from its rendering."""
        shown: dict[str, Json] | None = None

        def get(name: str) -> Json:
            nonlocal shown
            stamped = self._origin(name) == "UPDDATTIM"
            if stamped and row.literal is None:
                return seconds_in(stamp_of(row, style), style.naive)
            if name in self.key:
                return row.key[self.key.index(name)]
            if shown is None:
                rendered = row.rendered if row.literal is None else None
                shown = orjson.loads(rendered) if rendered else self._renderer.business(row, "$query", style)
            value = shown.get(name)
            return seconds_of(value) if stamped and value is not None else value

        return get


def _spelled(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value)
