"""The rows of one class in one tenant, in the order of the database's collation."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from driftd.simulator.class_model import ClassModel, Edits, Key
from driftd.simulator.collation import SortPart, order_of, text_of
from driftd.simulator.json_values import Record

SortKey = tuple[SortPart, ...]


@dataclass(slots=True, eq=False)
class Row:
    """One record at one state: never changed afterwards, but for its cached rendering."""

    key: Key
    ordinal: int
    """Number by which it was first entered; -1 for a record put in literally."""
    stamp: int
    """Seconds since 1970 of the last change, of lines too."""
    header_stamp: int
    """The same, of the header alone."""
    edits: Edits | None = None
    literal: Record | None = None
    twin: int = 0
    """Counts rows under one key."""
    rendered: bytes | None = None
    """The `$query` row as last rendered."""

    @property
    def usable(self) -> bool:
        """False where a part of the key is missing or null: no reader can hold such a row."""
        return None not in self.key


class Table:
    """Rows in order, and by key. Not thread-safe: the tenant's lock guards it."""

    def __init__(self, model: ClassModel, rows: Iterable[Row] = ()) -> None:
        self.model = model
        self.collation = "binary"
        self.version = 0
        self._part = order_of("binary")
        self._by_key: dict[tuple[Key, int], Row] = {}
        self._plain: dict[Key, Row] = {row.key: row for row in rows}
        self.rows: list[Row] = []
        self.sorts: list[SortKey] = []
        self._order()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def get(self, key: Key, twin: int = 0) -> Row | None:
        """Return the row under a key, or one of its twins."""
        return self._by_key.get((key, twin)) if twin else self._plain.get(key)

    def last(self, key: Key) -> Row | None:
        """Return the row under a key that the server shows last."""
        twins = self.twins(key)
        return twins[-1] if twins else None

    def twins(self, key: Key) -> list[Row]:
        """Return all rows under a key, in the server's order."""
        first = self._plain.get(key)
        rows = [] if first is None else [first]
        if self._by_key:
            rows += sorted((row for (held, _), row in self._by_key.items() if held == key), key=lambda row: row.twin)
        return rows

    def sort_key(self, key: Key) -> SortKey:
        """Return what orders a key under the present collation."""
        if self.collation == "binary" and all(type(part) is str for part in key):
            return key
        return tuple(self._part(text_of(part)) for part in key)

    def collate(self, collation: str) -> None:
        """Put the rows into the order of a collation."""
        if collation != self.collation:
            self.collation, self._part = collation, order_of(collation)
            self._order()

    def change(self, before: Row | None, after: Row | None) -> None:
        """Replace one row by another, or by none; a row by the same key keeps its place."""
        self.version += 1
        if before is not None and after is not None and (before.key, before.twin) == (after.key, after.twin):
            self.rows[self._index(before)] = after
            self._hold(after)
        else:
            if before is not None:
                self._remove(before)
            if after is not None:
                self._insert(after)

    def forget(self) -> None:
        """Forget all that was rendered, and every listing."""
        self.version += 1
        for row in self.rows:
            row.rendered = None

    def _hold(self, row: Row) -> None:
        if row.twin:
            self._by_key[row.key, row.twin] = row
        else:
            self._plain[row.key] = row

    def _insert(self, row: Row) -> None:
        sort = self.sort_key(row.key)
        index = bisect_right(self.sorts, sort)
        while index and self.sorts[index - 1] == sort and self.rows[index - 1].twin > row.twin:
            index -= 1
        self.sorts.insert(index, sort)
        self.rows.insert(index, row)
        self._hold(row)

    def _remove(self, row: Row) -> None:
        index = self._index(row)
        del self.rows[index], self.sorts[index]
        if row.twin:
            del self._by_key[row.key, row.twin]
        else:
            del self._plain[row.key]

    def _index(self, row: Row) -> int:
        index = bisect_left(self.sorts, self.sort_key(row.key))
        while self.rows[index] is not row:
            index += 1
        return index

    def _order(self) -> None:
        every = [*self._plain.values(), *self._by_key.values()]
        keyed = sorted(((self.sort_key(row.key), row.twin, row) for row in every), key=lambda entry: entry[:2])
        self.sorts = [entry[0] for entry in keyed]
        self.rows = [entry[2] for entry in keyed]
        self.version += 1
