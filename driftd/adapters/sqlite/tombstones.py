"""Tombstones that nobody needs any more. Each function is work within one transaction.

A tombstone may go once its event is gone from the log, and two sweeps were completed since that was found. When it is
found, the resource's ``forgotten`` is raised: from its next cycle on, a key without a tombstone takes that for its
previous number, so that its next event cannot have the id of one that it had before its tombstone went.
"""

import sqlite3
from typing import Final

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.model import KeyBytes
from driftd.core.retention import Pruned

SLICE: Final = 1_000
_SWEEPS: Final = 2
"""Complete sweeps that a tombstone stays for: no cycle that runs when it goes has begun before it was found."""


def forgetting(db: sqlite3.Connection) -> list[int]:
    """Return the resources, by id, of which a tombstone may go or be found."""
    return [id_ for (id_,) in db.execute(QUERIES["forgetting"]) if _due(db, id_)]


def forget(db: sqlite3.Connection, *, resource: int) -> Pruned:
    """Remove a slice of a resource's tombstones, or find out which are the next to go."""
    if not _due(db, resource):
        return Pruned()
    ((text, forgotten, forgets, sweeps),) = _memory(db, resource)
    if sweeps is None:
        found = reading.placed(text, forgotten)
        parameters = {"resource": resource, "seq": _first(db) - 1, "sweeps": found.sweeps + _SWEEPS}
        db.execute(QUERIES["forget_up_to"], parameters)
        return Pruned()
    keys = _numbered(db, resource, forgets)
    db.executemany(QUERIES["remove_tombstone"], ((resource, key) for key in keys))
    if len(keys) < SLICE:
        db.execute(QUERIES["forgotten_all"], {"resource": resource})
    return Pruned(tombstones=len(keys))


def ripe(db: sqlite3.Connection) -> int:
    """Return how many tombstones may go now; of a resource with many, those of its first slice."""
    found = 0
    for resource in forgetting(db):
        ((_, _, forgets, sweeps),) = _memory(db, resource)
        found += 0 if sweeps is None else len(_numbered(db, resource, forgets))
    return found


def _due(db: sqlite3.Connection, resource: int) -> bool:
    for text, forgotten, _, sweeps in _memory(db, resource):
        if sweeps is not None:
            return reading.placed(text, forgotten).sweeps >= int(sweeps)
        first = _first(db)
        oldest = db.execute(QUERIES["tombstones"], {"resource": resource, "limit": 1}).fetchall()
        if not oldest or oldest[0][1] >= first:
            return False
        ((late,),) = db.execute(QUERIES["tells_late"], {"resource": resource, "first": first}).fetchall()
        return not late
    return False


def _memory(db: sqlite3.Connection, resource: int) -> list[tuple[str, int, int, int | None]]:
    return db.execute(QUERIES["memory_of_tombstones"], {"resource": resource}).fetchall()


def _numbered(db: sqlite3.Connection, resource: int, seq: int) -> list[KeyBytes]:
    rows = db.execute(QUERIES["tombstones"], {"resource": resource, "limit": SLICE})
    return [key for key, number in rows if number <= seq]


def _first(db: sqlite3.Connection) -> int:
    ((first, *_),) = db.execute(QUERIES["extent"]).fetchall()
    return int(first)
