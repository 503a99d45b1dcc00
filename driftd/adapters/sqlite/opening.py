"""How the file is opened: by its one writer under the lock, and by readers."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.counting import Tally
from driftd.adapters.sqlite.database import Database, configure, opened
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.lock import held
from driftd.adapters.sqlite.migrating import check, migrate
from driftd.adapters.sqlite.sql import QUERIES, READER, WRITER, migrations
from driftd.adapters.sqlite.transaction import Writer
from driftd.errors import EmptyStoreError, StoreError

DATABASE: Final = "driftd.db"
LOCK: Final = "driftd.lock"


@asynccontextmanager
async def writing(data_dir: Path, now: Callable[[], int], tally: Tally) -> AsyncIterator[Writer]:
    """Open the database of `data_dir` for its one writer; both are made where they are missing.

    Raises `LockedError` if another process has it, and `StoreError` if it cannot be used.
    """
    _make(data_dir)
    with held(data_dir / LOCK):
        path = data_dir / DATABASE
        unclean = _touch(path)
        async with opened(path, read_only=False) as database:
            epoch = await database.run(partial(_prepare, path=path, unclean=unclean, now=now()))
            writer = Writer(database, epoch, tally)
            yield writer
            with suppress(StoreError):  # statistics are not worth an error
                await writer.transact(configure([QUERIES["optimize_at_close"]]), durable=False)


@asynccontextmanager
async def looking(data_dir: Path) -> AsyncIterator[Database]:
    """Open the database of `data_dir` for reading only, whoever writes it meanwhile.

    Raises `EmptyStoreError` if there is none, `StoreError` if it cannot be used.
    """
    path = data_dir / DATABASE
    _must_exist(path)
    async with opened(path, read_only=True) as database:
        newest = len(migrations())
        version = await database.run(partial(check, path=path, newest=newest))
        if version == 0:
            raise _nothing(path)
        if version < newest:
            raise StoreError(f'"{path}" was written by an older driftd: run `driftd poll` once to bring it up to date')
        await database.run(configure(READER))
        yield database


def schema_of(data_dir: Path) -> int:
    """Return the schema number of the database of `data_dir`, 0 while it is empty; raises as `looking` does."""
    path = data_dir / DATABASE
    _must_exist(path)
    with mapped(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return check(db, path, len(migrations()))
    raise AssertionError("nothing is swallowed")


def _make(data_dir: Path) -> None:
    with mapped(data_dir):
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


def _touch(path: Path) -> bool:
    """Make the file if it is missing, for our eyes only; return whether its last writer may not have ended well."""
    with mapped(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        wal = path.with_name(f"{path.name}-wal")
        return wal.exists() and wal.stat().st_size > 0


def _prepare(db: sqlite3.Connection, *, path: Path, unclean: bool, now: int) -> int:
    scripts = migrations()
    check(db, path, len(scripts))
    configure(WRITER)(db)
    if unclean and db.execute(QUERIES["quick_check"]).fetchall() != [("ok",)]:
        raise StoreError(
            f'the database "{path}" is damaged: move it aside with its -wal and -shm files, or restore a backup'
        )
    migrate(db, path, scripts)
    db.execute(QUERIES["optimize_at_open"]).fetchall()
    db.execute(QUERIES["durable"])
    ((epoch,),) = db.execute(QUERIES["raise_epoch"], {"now": now}).fetchall()
    return int(epoch)


def _must_exist(path: Path) -> None:
    with mapped(path):
        if not path.exists():
            raise _nothing(path)


def _nothing(path: Path) -> EmptyStoreError:
    return EmptyStoreError(f'nothing is stored in "{path.parent}" yet: run `driftd poll` first')
