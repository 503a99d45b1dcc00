"""The row of a resource, which is there from its first cycle on."""

import sqlite3

from msgspec import json

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.reading import Known
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.model import Resource, Standing


def settled(db: sqlite3.Connection, *, resource: Resource, host: str, folder: str) -> tuple[Known, bool]:
    """Return what is known of a resource, of which there is a row from now on; and whether it has no record."""
    known = reading.find(db, resource.connection, resource.name)
    if known is None:
        parameters = {
            "connection": resource.connection,
            "name": resource.name,
            "host": host,
            "folder": folder,
            "standing": json.encode(Standing()).decode(),
            "details": resource.details,
        }
        db.execute(QUERIES["insert_resource"], parameters)
        return settled(db, resource=resource, host=host, folder=folder)
    return known, not db.execute(QUERIES["has_records"], {"resource": known.id}).fetchone()[0]
