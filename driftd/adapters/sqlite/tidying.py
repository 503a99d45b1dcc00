"""What large and unfinished cycles leave behind, removed in short transactions so that nobody waits.

A walk over the keys of a resource keeps of each the newest version that readers see. It leaves alone whatever a later
cycle writes meanwhile, and may stop at any point: the next one finds what is left.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from driftd.adapters.sqlite import reading, tables
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import KeyBytes

_SLICE: Final = 1_000
"""Rows looked at or deleted in one transaction, about 5 ms."""
_SEGMENTS: Final = 100
"""Segments deleted in one transaction."""


class _Horizon(NamedTuple):
    generation: int
    segment: int


async def tidy(writer: Writer, resource: int) -> None:
    """Remove superseded versions, unpublished generations and segments of no layout of the resource with this id."""
    horizon = await writer.transact(partial(_horizon, resource=resource), durable=False)
    if horizon is None:
        return
    await _walk(writer, partial(_keep_newest, resource=resource, horizon=horizon.generation))
    while await writer.transact(partial(_drop_changes, resource=resource, horizon=horizon), durable=False):
        pass
    while await writer.transact(partial(_drop_segments, resource=resource, horizon=horizon), durable=False):
        pass
    await writer.transact(partial(_tidied, resource=resource, horizon=horizon), durable=False)


async def want_details(writer: Writer, resource: int) -> None:
    """Have `stalest` find the records of a resource that was stored without a details facet until now."""
    await _walk(writer, partial(_want, resource=resource))
    await writer.transact(partial(_wanted, resource=resource), durable=False)


async def _walk(writer: Writer, step: Callable[..., KeyBytes | None]) -> None:
    key: KeyBytes | None = b""
    while key is not None:
        key = await writer.transact(partial(step, key=key), durable=False)


def _horizon(db: sqlite3.Connection, *, resource: int) -> _Horizon | None:
    horizons = db.execute(QUERIES["horizons"], {"resource": resource}).fetchall()
    return _Horizon(*horizons[0]) if horizons else None


def _keep_newest(db: sqlite3.Connection, *, key: KeyBytes, resource: int, horizon: int) -> KeyBytes | None:
    ((visible,),) = db.execute(QUERIES["visible"], {"resource": resource}).fetchall()
    versions, following = _stretch(db, resource, key)
    surplus = []
    for each, group in groupby(versions, key=itemgetter(0)):
        generations = [generation for _, generation in group if generation <= horizon]
        newest = max((generation for generation in generations if generation <= visible), default=None)
        surplus += [(resource, each, generation) for generation in generations if generation != newest]
    db.executemany(QUERIES["delete_version"], surplus)
    return following


def _want(db: sqlite3.Connection, *, key: KeyBytes, resource: int) -> KeyBytes | None:
    versions, following = _stretch(db, resource, key)
    db.executemany(QUERIES["want_details"], [(resource, *version) for version in versions])
    return following


def _stretch(
    db: sqlite3.Connection, resource: int, key: KeyBytes
) -> tuple[list[tuple[KeyBytes, int]], KeyBytes | None]:
    """Return all versions of a stretch of keys from `key` on, and the key that follows; None at the end."""
    parameters = {"resource": resource, "key": key, "limit": _SLICE}
    versions = db.execute(QUERIES["versions_from"], parameters).fetchall()
    last = versions[-1][0] if versions else b""
    if len(versions) < _SLICE:
        return versions, None
    if versions[0][0] == last:
        return versions, last + b"\0"
    return [version for version in versions if version[0] != last], last


def _drop_changes(db: sqlite3.Connection, *, resource: int, horizon: _Horizon) -> bool:
    parameters = {"resource": resource, "horizon": horizon.generation}
    for (generation,) in db.execute(QUERIES["unpublished"], parameters).fetchall():
        slice_ = {"generation": generation, "limit": _SLICE}
        if db.execute(QUERIES["delete_changes"], slice_).rowcount:
            return True
    return False


def _drop_segments(db: sqlite3.Connection, *, resource: int, horizon: _Horizon) -> bool:
    parameters = {"resource": resource, "horizon": horizon.segment}
    stored = {id_ for (id_,) in db.execute(QUERIES["segment_ids"], parameters)}
    surplus = sorted(stored.difference(reading.layout(db, resource)))
    tables.delete_segments(db, surplus[:_SEGMENTS])
    return len(surplus) > _SEGMENTS


def _tidied(db: sqlite3.Connection, *, resource: int, horizon: _Horizon) -> None:
    parameters = {"resource": resource, "horizon": horizon.generation}
    db.execute(QUERIES["delete_unpublished"], parameters)
    db.execute(QUERIES["mark_tidy"], parameters)


def _wanted(db: sqlite3.Connection, *, resource: int) -> None:
    db.execute(QUERIES["mark_detailed"], {"resource": resource})
