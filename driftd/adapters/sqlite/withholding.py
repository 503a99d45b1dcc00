"""Events that are stored and not released: a generation of them has no place in the log until it gets one at its end.

Each function is work within one transaction, and costs by the generation, not by the event: see
docs/decisions/0020-withheld-events-go-to-the-end-of-the-log.md.
"""

import sqlite3

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.sql import QUERIES


def place(base: int, size: int, *, withheld: bool) -> tuple[int, int | None]:
    """Return ``base_seq`` and ``committed_seq`` of a generation whose events are numbered from `base` on."""
    return (0, base) if withheld and size else (base, None)


def release(db: sqlite3.Connection, resource_id: int, now: int) -> None:
    """Move what is withheld of a resource to the end of the log, in the order in which it was committed."""
    withheld = db.execute(QUERIES["withheld_generations"], {"resource": resource_id}).fetchall()
    base, grown = reading.last_seq(db) + 1, 0
    for _, generation, size, bytes_ in sorted(withheld):
        db.execute(QUERIES["release_generation"], {"generation": generation, "base": base, "now": now})
        base, grown = base + size, grown + bytes_
    if withheld:
        db.execute(QUERIES["grow_log"], {"seq": base - 1, "bytes": grown})


def release_all(db: sqlite3.Connection, connection: str, name: str, now: int) -> None:
    """Release what is withheld of a resource, and withhold no more of it."""
    known = reading.find(db, connection, name)
    if known is not None:
        release(db, known.id, now)
        db.execute(QUERIES["withhold_no_more"], {"resource": known.id})


def count(db: sqlite3.Connection, *, connection: str, name: str) -> int:
    """Count the events of a resource that are withheld."""
    ((events,),) = db.execute(QUERIES["count_withheld"], {"connection": connection, "name": name}).fetchall()
    return int(events)
