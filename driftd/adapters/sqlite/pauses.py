"""What persons put aside, in its rows: each function is work within one transaction."""

import sqlite3
from collections.abc import Mapping

from msgspec.structs import replace

from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.health import NOT_ASIDE, Aside, Pause, Window
from driftd.core.retold import Words


def read(db: sqlite3.Connection) -> Mapping[str, Aside]:
    """Return how connections were put aside, by name; a kind that a later release wrote is left out."""
    found: dict[str, Aside] = {}
    for connection, kind, since, until, ended, reason, by in db.execute(QUERIES["pauses"]):
        before = found.get(connection, NOT_ASIDE)
        if kind == "pause":
            found[connection] = replace(before, pause=Pause(reason, by, until, since, ended))
        elif kind == "maintenance":
            found[connection] = replace(before, maintenance=Window(since, until, reason, by, ended))
    return found


def put(db: sqlite3.Connection, connection: str, aside: Aside) -> None:
    """Have it be all that was ordered of a connection."""
    for kind, stretch in (("pause", aside.pause), ("maintenance", aside.maintenance)):
        place = {"connection": connection, "kind": kind}
        if stretch is None:
            db.execute(QUERIES["drop_pause"], place)
            continue
        span = {"since": stretch.since, "until": stretch.until, "ended": stretch.ended}
        db.execute(QUERIES["put_pause"], {**place, **span, "reason": stretch.reason, "by": stretch.by})


def retell(db: sqlite3.Connection, *, connection: str, words: Words) -> None:
    """Have no reason name a record."""
    for kind, reason in db.execute(QUERIES["told_pauses"], {"connection": connection}).fetchall():
        retold = words.reason(reason, own=True)
        if retold != reason:
            db.execute(QUERIES["retell_pause"], {"connection": connection, "kind": kind, "reason": retold})
