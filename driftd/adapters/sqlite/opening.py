"""How the file is opened: by its one writer under the lock, and by readers."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from anyio import CancelScope

from driftd.adapters.sqlite.copying import removed
from driftd.adapters.sqlite.counting import Tally
from driftd.adapters.sqlite.database import Database, configure, opened
from driftd.adapters.sqlite.faults import damaged, mapped
from driftd.adapters.sqlite.files import DATABASE, LOCK, NEXT, make, mending, wal_of
from driftd.adapters.sqlite.lock import Lock, held
from driftd.adapters.sqlite.losing import REMOVED, behind, look, must_have_log, over
from driftd.adapters.sqlite.migrating import altered, check, migrate
from driftd.adapters.sqlite.reading import last_seq
from driftd.adapters.sqlite.rebasing import Rebase, rebase
from driftd.adapters.sqlite.sql import QUERIES, READER, WRITER, migrations
from driftd.adapters.sqlite.told import keep_up, noted
from driftd.adapters.sqlite.transaction import Writer
from driftd.errors import EmptyStoreError, StoreError


class Found(NamedTuple):
    """How the last writer left the file."""

    unclean: bool = False
    """It may not have ended well: what it left is checked before anything is built on it."""
    behind: str = ""
    """Why the log may be behind what was told of it already; empty: it is not."""


@asynccontextmanager
async def writing(data_dir: Path, now: Callable[[], int], tally: Tally) -> AsyncIterator[Writer]:
    """Open the database of `data_dir` for its one writer; both are made where they are missing.

    Raises `LockedError` if another process has it, `DamagedStoreError` for a file that cannot be believed, and
    `StoreError` if it cannot be used.
    """
    make(data_dir)
    with held(data_dir / LOCK) as lock:
        path = data_dir / DATABASE
        found = _touch(path, lock)
        async with _held_open(path, lock) as database:
            epoch = await database.run(partial(_prepare, path=path, found=found, now=now()))
            lock.begins()  # the write-ahead log is there from now on
            if found.behind:
                with mapped(data_dir):
                    over(data_dir)
            writer = Writer(database, epoch, tally)
            yield writer
            with suppress(StoreError):  # statistics are not worth an error
                await writer.optimize()


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


def _touch(path: Path, lock: Lock) -> Found:
    """Make the file if it is missing, for our eyes only; return how it was left.

    Raises `DamagedStoreError` for one that was emptied, or whose setting aside was not finished.
    """
    with mapped(path):
        wal, there = wal_of(path), path.exists()
        logged = wal.exists() and wal.stat().st_size > 0
        if mending(path.parent):
            raise damaged(path, "it was set aside, and what takes its place is not ready")
        emptied = there and lock.known and behind(path.parent) != REMOVED and path.stat().st_size == 0
        if (not there and logged) or emptied:
            raise damaged(path, "it is gone, or empty")
        fell = look(path, lock)
        if not there:  # a close of ours would end the locks that others of this process have on it (POSIX)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        removed(path.with_name(NEXT))  # of a restore that was killed before it took the place of anything
    return Found(there and (logged or lock.torn or bool(fell)), fell)


@asynccontextmanager
async def _held_open(path: Path, lock: Lock) -> AsyncIterator[Database]:
    """Open the database at `path`, and note how that ended before its close lets the write-ahead log go.

    However it ends, a log that is gone afterwards is not missed, and one that holds anything the database does not is.
    """
    moved = False
    try:
        async with opened(path, read_only=False) as database:
            try:
                yield database
            finally:
                with CancelScope(shield=True):
                    moved = await database.run(partial(_end, lock=lock))
    finally:
        if not (moved or lock.begun) and wal_of(path).exists():
            lock.stays()


def _end(db: sqlite3.Connection, *, lock: Lock) -> bool:
    """Note that the log may go; tell whether all it holds is in the database.

    It is moved there before that: who is killed before the close leaves a log that is not missed.
    """
    moved = False
    with suppress(sqlite3.Error):  # a full disk, a reader, a file that is none: the close does what can be done
        ((busy, pages, done),) = db.execute(QUERIES["checkpoint"]).fetchall()
        moved = not busy and pages == done
    if lock.begun:
        lock.ends()
    else:
        lock.leaves()
    return moved


def _prepare(db: sqlite3.Connection, *, path: Path, found: Found, now: int) -> int:
    scripts = migrations()
    check(db, path, len(scripts))
    if found.unclean and (said := db.execute(QUERIES["quick_check"]).fetchall()) != [("ok",)]:
        raise damaged(path, str(said[0][0]))  # before anything is written
    configure(WRITER)(db)
    migrate(db, path, scripts)
    if found.unclean and (names := altered(db, scripts)):
        raise damaged(path, f'"{names[0]}" is not what it was')
    db.execute(QUERIES["optimize_at_open"]).fetchall()
    db.execute(QUERIES["durable"])
    _go_on(db, path.parent, found.behind, now)
    ((epoch,),) = db.execute(QUERIES["raise_epoch"], {"now": now}).fetchall()
    return int(epoch)


def _go_on(db: sqlite3.Connection, data_dir: Path, reason: str, now: int) -> None:
    """Have the log go on behind what was told of it, and a note of that keep up with it."""
    before = noted(data_dir)
    if last_seq(db) < before:
        reason = reason or "the database is an older one"
    if reason:
        rebase(db, Rebase(now, reason, before))
    keep_up(data_dir, last_seq(db))


def _must_exist(path: Path) -> None:
    with mapped(path):
        if not path.exists():
            raise _nothing(path)
        must_have_log(path)


def _nothing(path: Path) -> EmptyStoreError:
    return EmptyStoreError(f'nothing is stored in "{path.parent}" yet: run `driftd poll` first')
