"""What detection remembers, read from its rows: each function reads one state."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.boxing import unboxed
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.memory import Memory
from driftd.core.model import KeyBytes
from driftd.core.schema.model import Baseline, SchemaVersion, Source
from driftd.ports import Done, Pages, Told

NEVER: Final = 2**63 - 1
_SOURCES: Final = (Source.LEARNT, Source.DECLARED)


def memory(db: sqlite3.Connection, *, connection: str, resource: str) -> Memory:
    """Return what detection remembers of a resource; what cannot be understood is as if it had never been there."""
    rows = db.execute(QUERIES["memory"], (connection, resource)).fetchall()
    return (unboxed(rows[0][0], Memory) if rows else None) or Memory()


def baseline(db: sqlite3.Connection, *, connection: str, resource: str) -> Baseline:
    """Return what is held as normal of a resource's shape."""
    rows = db.execute(QUERIES["baseline"], (connection, resource)).fetchall()
    return (unboxed(rows[0][0], Baseline) if rows else None) or Baseline()


def versions(db: sqlite3.Connection, *, connection: str, resource: str) -> Sequence[SchemaVersion]:
    """Return the versions of a resource's schema that can be understood, learnt ones first, each source by number."""
    boxes = [box for source in _SOURCES for (box,) in db.execute(QUERIES["versions"], (connection, resource, source))]
    return [version for box in boxes if (version := unboxed(box, SchemaVersion)) is not None]


def evaluated(db: sqlite3.Connection) -> Mapping[tuple[str, str], int]:
    """Return when each resource was last evaluated to the end, epoch ms."""
    return {(connection, resource): at for connection, resource, at in db.execute(QUERIES["evaluated"])}


def alerts(db: sqlite3.Connection, *, connection: str | None, resolved_since: int | None) -> Sequence[Alert]:
    """Return the open alerts and those resolved lately, all by id."""
    first, last = ("", b"") if connection is None else (connection, connection)
    boxes = db.execute(QUERIES["open_alerts"], {"first": first, "last": last}).fetchall()
    if resolved_since is not None:
        query = "resolved_alerts" if connection is None else "resolved_alerts_of"
        boxes += db.execute(QUERIES[query], {"connection": connection, "since": resolved_since}).fetchall()
    return [alert for _, box in sorted(boxes) if (alert := unboxed(box, Alert)) is not None]


def alert(db: sqlite3.Connection, *, id_: str) -> Alert | None:
    """Return one alert."""
    rows = db.execute(QUERIES["alert"], (id_,)).fetchall()
    return unboxed(rows[0][0], Alert) if rows else None


def notices(db: sqlite3.Connection, *, after: int, limit: int, connection: str | None) -> Sequence[Told]:
    """Return at most `limit` notices behind `after`; those that cannot be understood are passed over."""
    told: list[Told] = []
    for each in _notices(db, after, connection) if limit > 0 else ():
        told.append(each)
        if len(told) == limit:
            break
    return told


def deeds(db: sqlite3.Connection, *, connection: str, limit: int) -> Sequence[Deed]:
    """Return at most `limit` deeds, newest first; of those done at once the one written later."""
    parameters = {"connection": connection, "limit": max(limit, 0)}
    return [_deed(row) for row in db.execute(QUERIES["deeds"], parameters)]


def audit(db: sqlite3.Connection, *, pages: Pages) -> Sequence[Done]:
    """Return deeds of all connections or one, newest first; of those done at once the one written later."""
    at, number = pages.before or (NEVER, NEVER)
    parameters = {"at": at, "number": number, "since": pages.since, "limit": max(pages.limit, 0)}
    query = "audit" if pages.connection is None else "audit_of"
    rows = db.execute(QUERIES[query], {**parameters, "connection": pages.connection})
    return [Done(row[0], _deed(row[1:])) for row in rows]


def _deed(row: tuple[Any, ...]) -> Deed:
    return replace(Deed(*row[:-1]), replaced=None if row[-1] is None else unboxed(row[-1], Baseline))


def present(
    db: sqlite3.Connection, *, connection: str, resource: str, keys: Collection[KeyBytes]
) -> frozenset[KeyBytes]:
    """Return those of `keys` that are live records."""
    known = reading.find(db, connection, resource)
    if known is None:
        return frozenset()
    return frozenset(
        key for each in set(keys) for (key,) in db.execute(QUERIES["present"], (known.id, each)).fetchall()
    )


def _notices(db: sqlite3.Connection, after: int, connection: str | None) -> Iterator[Told]:
    query = QUERIES["notices" if connection is None else "notices_of"]
    parameters: dict[str, Any] = {"after": after, "connection": connection}
    for seq, box in db.execute(query, parameters):
        notice = unboxed(box, Notice)
        if notice is not None:
            yield Told(seq, notice)
