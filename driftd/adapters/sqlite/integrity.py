"""Whether a database file is whole, looked at by a connection of its own that only reads.

The file is checked table by table, so that no look pins the write-ahead log for longer than one table takes.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.losing import must_have_log
from driftd.adapters.sqlite.migrating import altered, check, definitions
from driftd.adapters.sqlite.sql import QUERIES, READER, migrations
from driftd.errors import DamagedStoreError, StoreError

_MOST: Final = 10
"""Findings of a table that are told."""
_SOUND: Final = "ok"
_STEPS: Final = 100_000
"""Steps of SQLite's machine between two questions whether to go on: some milliseconds."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file of ours for reading only, on this thread; it may be interrupted from another.

    Raises `StoreError` for a file that is missing, another program's, a newer driftd's, or no database.
    """
    with mapped(path):
        must_have_log(path)
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)) as db:
            for statement in READER:
                db.execute(statement).fetchall()
            if check(db, path, len(migrations())) == 0:
                raise StoreError(f'"{path}" holds nothing: it is no database of driftd')
            yield db


def never() -> bool:
    """Tell that nobody has given up."""
    return False


@contextmanager
def giving_up(db: sqlite3.Connection, given_up: Callable[[], bool]) -> Iterator[None]:
    """End what runs on a connection once somebody has given up; raises `StoreError` then."""
    db.set_progress_handler(lambda: given_up() or None, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if given_up():
            raise StoreError("it was given up") from error
        raise


def faults(path: Path, *, full: bool, given_up: Callable[[], bool] = never) -> Sequence[str]:
    """Return what is wrong with a file; empty where it is whole. `full` also compares indexes and references.

    Raises `StoreError` for a file that cannot be looked at: missing, another program's, a newer driftd's.
    """
    try:
        with reading(path) as db, giving_up(db, given_up):
            return list(faults_in(db, full=full))
    except DamagedStoreError as error:
        return [str(error.__cause__ or error)]


def faults_in(db: sqlite3.Connection, *, full: bool) -> Iterator[str]:
    """Give what is wrong with an open file."""
    scripts = migrations()
    scripts = scripts[: check(db, Path(), len(scripts))]
    yield from (f"{name} is not what it was" for name in altered(db, scripts))
    if not full:
        yield from _told(db.execute(QUERIES["quick_check"]).fetchall())
        return
    ours = definitions(scripts)
    for (table,) in db.execute(QUERIES["tables"]).fetchall():
        yield from _told(db.execute(QUERIES["check_table"], (table, _MOST)).fetchall())
        if table not in ours:
            continue  # what it refers to is for its owner to judge
        found = db.execute(QUERIES["check_references"], (table,)).fetchall()
        yield from (f"{table}: row {row} refers to what is not there in {parent}" for row, parent in found[:_MOST])


def _told(rows: Sequence[tuple[str]]) -> Iterator[str]:
    return (said for (said,) in rows if said != _SOUND)
