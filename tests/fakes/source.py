"""A tenant in memory: the `Source` port with the order, cursors and links of the real one, and no network."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from driftd.core.model import Details, JsonObject, KeyBytes, Page, Prototypes, Query, Resource
from driftd.errors import Reason, SourceError

Record = dict[str, Any]
SortPart = Any
_encode = msgspec.json.Encoder().encode


@dataclass
class FakeTable:
    """Records of one class; `details` adds what only the details facet shows."""

    key: tuple[str, ...]
    rows: list[Record] = field(default_factory=list)
    lines: dict[KeyBytes, Record] = field(default_factory=dict)
    """Members that only the details facet shows, by key."""
    prototype: JsonObject | None = None
    """What is declared of the class; None where the tenant does not serve it."""


class FakeSource:
    """Implements `Source` over dicts. Give it `tables`; change them between calls; read `asked` afterwards.

    Keys are ordered by `collate` (default: as Python orders their parts), so a test can have any database's order.
    `faults` is consulted before each call: raise in it, or return a page to answer with.
    """

    def __init__(
        self,
        tables: Mapping[str, FakeTable] | None = None,
        *,
        cap: int = 1_000,
        collate: Callable[[tuple[Any, ...]], SortPart] | None = None,
    ) -> None:
        self.tables = dict(tables or {})
        self.cap = cap
        self.collate = collate or (lambda parts: tuple([(isinstance(part, str), part) for part in parts]))
        self.asked: list[tuple[str, Query | KeyBytes]] = []
        self.faults: Callable[[str, Query | KeyBytes], Page | None] = lambda _name, _asked: None
        self.decoded = 0

    async def page(self, resource: Resource, query: Query) -> Page:
        self.asked.append((resource.name, query))
        spoilt = self.faults(resource.name, query)
        if spoilt is not None:
            return spoilt
        rows = self._listing(resource, query)
        rows = rows[self._start(resource, query, rows) :]
        shown = rows[: min(query.count, self.cap)]
        records = _encode(shown)
        link = _encode(self._sort_parts(resource, query, shown[-1])).decode() if len(rows) > len(shown) else None
        return Page(records, link, len(records), 1)

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        self.asked.append((resource.name, key))
        self.faults(resource.name, key)
        table = self._table(resource)
        for row in table.rows:
            if self._key(table, row) == key:
                record = _encode(row | table.lines.get(key, {}))
                return Details(self.decode(record), len(record), 1)
        return Details(None, 0, 1)

    async def prototypes(self, resource: Resource) -> Prototypes:
        declared = self._table(resource).prototype
        if declared is None:
            return Prototypes(None)  # known not to serve it, so not asked
        return Prototypes(declared, len(_encode(declared)), 1)

    def split(self, page: Page) -> Sequence[bytes]:
        try:
            return [bytes(raw) for raw in msgspec.json.decode(page.records, type=list[msgspec.Raw])]
        except msgspec.MsgspecError as error:
            raise SourceError(Reason.INVALID_PAYLOAD, "$resources is not an array") from error

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        found = []
        for record in slices:
            members = orjson.loads(record)
            parts = [members.get(name) for name in resource.key]
            usable = all(isinstance(part, str | int | float) for part in parts) and any(part != "" for part in parts)
            found.append(_encode([_integral(part) for part in parts]) if usable else b"")
        return found

    def decode(self, record: bytes) -> JsonObject:
        self.decoded += 1
        try:
            value = orjson.loads(record)
        except orjson.JSONDecodeError as error:
            raise SourceError(Reason.INVALID_PAYLOAD, "a record is not JSON") from error
        if not isinstance(value, dict):
            raise SourceError(Reason.INVALID_PAYLOAD, "a record is not an object")
        return value

    def put(self, name: str, rows: Iterable[Record]) -> None:
        """Create or replace rows of a class by key."""
        table = self.tables[name]
        fresh = {self._key(table, row): row for row in rows}
        kept = [fresh.pop(self._key(table, row), row) for row in table.rows]
        table.rows = [*kept, *fresh.values()]

    def drop(self, name: str, keys: Iterable[KeyBytes]) -> None:
        """Delete rows of a class."""
        table, gone = self.tables[name], set(keys)
        table.rows = [row for row in table.rows if self._key(table, row) not in gone]

    def _table(self, resource: Resource) -> FakeTable:
        try:
            return self.tables[resource.name]
        except KeyError:
            raise SourceError(Reason.RESOURCE_NOT_FOUND, f'"{resource.name}" is not there', status=404) from None

    def _key(self, table: FakeTable, row: Record) -> KeyBytes:
        return _encode([_integral(row.get(name)) for name in table.key])

    def _listing(self, resource: Resource, query: Query) -> list[Record]:
        rows = self._table(resource).rows
        if query.since is not None:
            since = _instant(query.since)
            rows = [row for row in rows if _instant(row.get(str(resource.watermark))) >= since]
        return sorted(rows, key=self._rank(resource, query), reverse=query.descending)

    def _rank(self, resource: Resource, query: Query) -> Callable[[Record], SortPart]:
        """Return what `_order` makes of the `_sort_parts` of a row: of each row at each page, hence in one step."""
        stamp, key, collate = str(resource.watermark), resource.key, self.collate
        if not query.by_stamp:
            return lambda row: ((), collate(tuple([row.get(name) for name in key])))
        return lambda row: ((_instant(row.get(stamp)),), collate(tuple([row.get(name) for name in key])))

    def _sort_parts(self, resource: Resource, query: Query, row: Record) -> list[Any]:
        names = (str(resource.watermark), *resource.key) if query.by_stamp else resource.key
        return [row.get(name) for name in names]

    def _order(self, resource: Resource, query: Query, parts: Sequence[Any]) -> SortPart:
        head = len(parts) - len(resource.key)
        return (tuple(map(_instant, parts[:head])), self.collate(tuple(parts[head:])))

    def _start(self, resource: Resource, query: Query, rows: Sequence[Record]) -> int:
        place = query.next or query.after or query.start
        if place is None:
            return 0
        target, rank = self._order(resource, query, orjson.loads(place)), self._rank(resource, query)
        for number, row in enumerate(rows):
            here = rank(row)
            passed = here < target if query.descending else here > target
            if passed or (here == target and query.next is None and query.start is not None):
                return number
        return len(rows)


def _instant(stamp: Any) -> datetime:
    """Return what orders a stamp: the instant; without a zone, what a clock shows; none at all comes first."""
    try:
        found = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _integral(part: Any) -> Any:
    return int(part) if isinstance(part, float) and part.is_integer() else part
