"""How much room it takes to write what is stored of a resource's bodies anew: looked at in short reads."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from zstandard import ZstdError, frame_content_size

from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader

TIMES: Final = 3
"""The file grows by the bodies, whose frames have no dictionary for a while; the write-ahead log has them twice where a
reader holds on to it. Measured with such a reader, beside `_FLOOR`: up to 2.2 times."""
_FLOOR: Final = 2**20
"""Bytes that every one takes, of few records as well; measured: 0.3 MB."""
BESIDE: Final = 200
"""Bytes of a row beside its bodies, which the log has as well."""
_SLICE: Final = 2_000
"""Rows or events looked at in one read, about 10 ms."""
_Rows: TypeAlias = Sequence[tuple[Any, ...]]


async def fits(reader: Reader, resource: int, room: int) -> bool:
    """Tell whether `room` bytes are enough to write all bodies of the resource with this id anew."""
    room -= _FLOOR
    async for taken in _taken(reader, resource):
        room -= taken
        if room < 0:
            return False
    return room >= 0


async def _taken(reader: Reader, resource: int) -> AsyncIterator[int]:
    """Yield what rewriting takes at most, stretch by stretch."""
    at = {"resource": resource, "key": b"", "generation": -1}
    async for rows in _stretches(reader, "bodies_from", at, 2):
        yield _most(rows)
    async for generations in _stretches(reader, "generation_after", {"resource": resource, "generation": -1}, 1):
        async for rows in _stretches(reader, "events_from", {"generation": generations[0][0], "ordinal": -1}, 1):
            yield _most(rows)


async def _stretches(reader: Reader, query: str, at: dict[str, Any], places: int) -> AsyncIterator[_Rows]:
    """Yield stretches of rows until there are no more; the first `places` columns say where the next begins."""
    names = list(at)[-places:]
    while rows := await reader.read(partial(_rows, query=query, at=at | {"limit": _SLICE})):
        yield rows
        at = at | dict(zip(names, rows[-1], strict=False))


def _rows(db: sqlite3.Connection, *, query: str, at: dict[str, Any]) -> _Rows:
    return db.execute(QUERIES[query], at).fetchall()


def _most(rows: _Rows) -> int:
    return TIMES * sum(BESIDE + sum(_held(each) for each in row) for row in rows)


def _held(value: object) -> int:
    """Return the bytes that a frame holds; a key, which is none, counts as it is."""
    if not isinstance(value, bytes):
        return 0
    try:
        return max(len(value), frame_content_size(value))
    except ZstdError:
        return len(value)
