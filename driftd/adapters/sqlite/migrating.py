"""From whatever schema a file has to ours: numbered steps, all in one transaction, after a copy of the file."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.copying import copied, unsound
from driftd.adapters.sqlite.files import settle
from driftd.adapters.sqlite.sql import QUERIES, statements
from driftd.errors import StoreError

APPLICATION: Final = int.from_bytes(b"drft", "big")
"""What a file of ours says in its header."""


def check(db: sqlite3.Connection, path: Path, newest: int) -> int:
    """Return the schema number of the file: 0 for an empty one.

    Raises `StoreError` for the file of another program, or of a driftd that knows more than schema `newest`.
    """
    ((application, version, tables),) = db.execute(QUERIES["identity"]).fetchall()
    if tables and application != APPLICATION:
        raise StoreError(f'"{path}" belongs to another program: set another data_dir')
    if version > newest:
        raise StoreError(f'"{path}" was written by a newer driftd (schema {version}, ours is {newest}): upgrade driftd')
    return version if tables else 0


def migrate(db: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    """Bring the file to schema ``len(scripts)``; one that holds something is copied beside itself before.

    Raises `StoreError` as `check` does, and where the copy is not whole: then nothing was changed.
    """
    version = check(db, path, len(scripts))
    if 0 < version < len(scripts):
        _back_up(db, path.with_name(f"{path.name}.schema-{version}"))
    apply(db, scripts[version:])


def _back_up(db: sqlite3.Connection, copy: Path) -> None:
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    copied(db, unfinished)
    found = unsound(unfinished)
    if found:
        raise StoreError(f'the copy "{unfinished}" is not whole ({found}): check the disk')
    unfinished.replace(copy)
    settle(copy.parent)


def apply(db: sqlite3.Connection, scripts: Sequence[str]) -> None:
    """Run migrations one after the other, all in one transaction."""
    if not scripts:
        return
    db.execute(QUERIES["begin"])
    try:
        for statement in chain.from_iterable(map(_statements, scripts)):
            db.execute(statement)
        db.execute(QUERIES["commit"])
    except BaseException:
        if db.in_transaction:
            db.execute(QUERIES["rollback"])
        raise


def altered(db: sqlite3.Connection, scripts: Sequence[str]) -> Sequence[str]:
    """Return the names of our tables, indexes and views that are missing, or not as the scripts make them.

    Their text is in the file: a byte of it that flips changes what queries mean, and no check of SQLite's sees it.
    What others added is theirs: replication keeps its place in a table, an operator may want an index. About 5 ms.
    """
    meant, found = definitions(scripts), _definitions(db)
    return sorted(name for name, text in meant.items() if found.get(name) != text)


@lru_cache(64)
def _statements(script: str) -> tuple[str, ...]:
    return tuple(statements(script))


def definitions(scripts: Sequence[str]) -> Mapping[str, str]:
    """Return what the scripts make, by name."""
    return _made(tuple(scripts))


@lru_cache(8)
def _made(scripts: tuple[str, ...]) -> Mapping[str, str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        apply(fresh, scripts)
        return _definitions(fresh)


def _definitions(db: sqlite3.Connection) -> dict[str, str]:
    """Return what each table, index and view is, without the comments and the blanks, which may be mended."""
    rows = db.execute(QUERIES["definitions"]).fetchall()
    return {name: " ".join(re.sub("--[^\n]*", "", text).split()) for name, text in rows}
