"""One database file copied to another by SQLite itself: what its write-ahead log holds is in the copy."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from driftd.adapters.sqlite.files import flush, parts
from driftd.adapters.sqlite.sql import QUERIES


def copied(db: sqlite3.Connection, target: Path) -> None:
    """Copy what `db` reads, outside a transaction, to a new file for our eyes only, and have the disk keep it.

    What `target` was before is removed. Raises `OSError` and `sqlite3.Error`.
    """
    emptied(target)
    db.execute(QUERIES["back_up"], {"path": str(target)})
    flush(target)


def emptied(target: Path) -> None:
    """Have an empty file in the place of a database, for our eyes only before a byte of it is there."""
    removed(target)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def removed(target: Path) -> None:
    """Remove a file with all that belongs to it."""
    for each in parts(target):
        each.unlink()


def unsound(copy: Path) -> str:
    """Return what is wrong with a copy at the first look, empty where nothing is. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as db:
        said = str(db.execute(QUERIES["quick_check"]).fetchone()[0])
        return "" if said == "ok" else said
