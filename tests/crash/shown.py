"""All that a data directory shows, to be compared."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Final

from msgspec import structs

from driftd.adapters.sqlite import SqliteStore
from tests.contracts.detecting import CUSTOMER, ORDER, case
from tests.contracts.noted import NOW
from tests.contracts.staged import CUSTOMERS, ORDERS, sight
from tests.crash.differing import Shown, events, records, repeated

_COPY: Final = "driftd.db.schema-"


async def shown(data_dir: Path) -> Shown:
    """Return what the store shows and how many rows its tables have; the ids of segments may differ.

    A file that is left over is shown, too.
    """
    async with SqliteStore.reading(data_dir) as store:
        sights = [await sight(store, each) for each in (CUSTOMERS, ORDERS)]
        bare = [replace(one, segments=[structs.replace(each, id=None) for each in one.segments]) for one in sights]
        log = await store.read_changes(0, 1_000)
        names = sorted((await store.logbook.recall()).connections)
        told = [await store.logbook.history(name, since=0, until=2 * NOW, limit=1_000) for name in names]
        cases = [await case(store.casebook, *names) for names in (CUSTOMER, ORDER)]
        rest = repr((bare, log, await store.logbook.recall(), told, cases, _rows(data_dir), _files(data_dir)))
    held = [records(each.name, one.seen or ()) for each, one in zip((CUSTOMERS, ORDERS), sights, strict=True)]
    return Shown(events(log), [*chain(*held)], rest, repeated(log))


def _rows(data_dir: Path) -> dict[str, int]:
    """Count the rows of each table: an unpublished generation or a version that nobody sees would be among them."""
    with closing(sqlite3.connect(f"{(data_dir / 'driftd.db').as_uri()}?mode=ro", uri=True)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        names = sorted(name for (name,) in tables.fetchall())
        return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _files(data_dir: Path) -> list[str]:
    """Name the files, and say what is in the oldest copy of an earlier schema.

    A process killed between two steps of a migration leaves a copy of the schema in between too: that must be whole.
    """
    copies = sorted(data_dir.glob(f"{_COPY}[0-9]*[0-9]"))
    said = [path.name for path in data_dir.iterdir() if path not in copies]
    for copy in copies:
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as db:
            sound = db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            right = db.execute("PRAGMA user_version").fetchall() == [(int(copy.name.removeprefix(_COPY)),)]
            if not sound or not right or copy is copies[0]:
                said.append(f"{copy.name}: {sound} {right} {sha256(''.join(db.iterdump()).encode()).hexdigest()}")
    return sorted(said)
