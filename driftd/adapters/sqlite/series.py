"""The numbers of resources, for rows of which there are many or that may come before the first cycle."""

import sqlite3

from driftd.adapters.sqlite.sql import QUERIES


def series(db: sqlite3.Connection, connection: str, resource: str) -> int:
    """Return the number of a resource, given to it now if it has none."""
    names = (connection, resource)
    rows = db.execute(QUERIES["find_series"], names).fetchall()
    if not rows:
        db.execute(QUERIES["insert_series"], names)
        rows = db.execute(QUERIES["find_series"], names).fetchall()
    return int(rows[0][0])
