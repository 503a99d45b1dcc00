"""A tenant in memory with many records, whose pages cost no sort."""

import bisect
import json
from collections.abc import Iterable, Sequence

from driftd.core.model import KeyBytes, Query, Resource
from tests.fakes.source import FakeSource, FakeTable, Record


class ShelvedSource(FakeSource):
    """Keeps each listing sorted until records come or go; change them by `put` and `drop` only.

    The key of every class is ``KEY``, of text, ordered by its code points.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__({name: FakeTable(("KEY",)) for name in names})
        self._shelves: dict[tuple[str, bool], list[Record]] = {}

    def put(self, name: str, rows: Iterable[Record]) -> None:
        self._shelves.clear()
        super().put(name, rows)

    def drop(self, name: str, keys: Iterable[KeyBytes]) -> None:
        self._shelves.clear()
        super().drop(name, keys)

    def _listing(self, resource: Resource, query: Query) -> list[Record]:
        if query.since is not None or query.by_stamp:
            return super()._listing(resource, query)
        name = (resource.name, query.descending)
        if name not in self._shelves:
            rows = self._table(resource).rows
            self._shelves[name] = sorted(rows, key=lambda each: str(each["KEY"]), reverse=query.descending)
        return self._shelves[name]

    def _start(self, resource: Resource, query: Query, rows: Sequence[Record]) -> int:
        place = query.next or query.after or query.start
        if place is None or query.descending or query.by_stamp:
            return super()._start(resource, query, rows)
        (target,) = json.loads(place)
        includes = query.next is None and query.start is not None
        return (bisect.bisect_left if includes else bisect.bisect_right)(
            rows, target, key=lambda each: str(each["KEY"])
        )
