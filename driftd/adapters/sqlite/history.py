"""The log of changes: each event rendered with what all events of its cycle share."""

import sqlite3
from collections.abc import Sequence

import orjson

from driftd.adapters.sqlite.codec import Codec, Codecs
from driftd.adapters.sqlite.encoding import change
from driftd.adapters.sqlite.intact import intact
from driftd.adapters.sqlite.reading import codec
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.envelope import Context, envelope
from driftd.core.model import Kind, Recorded


@intact
def changes(
    db: sqlite3.Connection, codecs: Codecs, after: int, limit: int, connection: str | None, name: str | None
) -> Sequence[Recorded]:
    """Return at most `limit` published events with ``seq > after``, in order. About 15 µs an event."""
    parameters = {"after": after, "limit": limit, "connection": connection, "name": name}
    contexts: dict[int, tuple[Codec, Context]] = {}
    found = []
    for generation, seq, *columns in db.execute(QUERIES["read_changes"], parameters).fetchall():
        if generation not in contexts:
            contexts[generation] = _context(db, codecs, generation)
        whole, context = contexts[generation]
        event = change(tuple(columns), whole.decompress)
        recorded = Recorded(seq, context.connection, context.resource, event.op, envelope(event, seq, context))
        found.append(recorded)
    return found


def _context(db: sqlite3.Connection, codecs: Codecs, generation: int) -> tuple[Codec, Context]:
    ((resource, connection, name, key, host, folder, kind, sweep_id, sweep, version),) = db.execute(
        QUERIES["context"], {"generation": generation}
    ).fetchall()
    context = Context(
        connection=connection,
        resource=name,
        key=tuple(orjson.loads(key)),
        host=host,
        folder=folder,
        kind=Kind(kind),
        sweep_id=sweep_id,
        sweep=sweep,
        version=version,
    )
    return codec(db, codecs, resource), context
