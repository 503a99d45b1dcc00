"""Transactions: fenced ones of the writer, and a reader's sight of one state."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio

from driftd.adapters.sqlite.counting import Tally
from driftd.adapters.sqlite.database import Database, Work
from driftd.adapters.sqlite.faults import damaged
from driftd.adapters.sqlite.files import wal_of
from driftd.adapters.sqlite.sql import QUERIES
from driftd.errors import FencedError

T = TypeVar("T")
LIMIT: Final = 256
"""Transactions that may be queued behind the one that runs; those beyond are held back until one has ended."""
WAL_LIMIT: Final = 67_108_864
"""Bytes of the write-ahead log beyond which it is emptied when nobody waits: `journal_size_limit` in writer.sql."""


class Writer:
    """The one connection that writes. Transactions pass in the order in which they were asked for."""

    def __init__(self, database: Database, epoch: int, tally: Tally) -> None:
        self._database = database
        self._epoch = epoch
        self._tally = tally
        self.limit = LIMIT
        self._places = anyio.Semaphore(LIMIT + 1, fast_acquire=True)
        self._asked = 0

    @property
    def waiting(self) -> int:
        """Transactions that wait for their turn, those held back included."""
        return max(0, self._asked - 1)

    async def transact(self, work: Work[T], *, durable: bool) -> T:
        """Run `work` as one transaction, all or nothing.

        A `durable` one survives a loss of power from then on; another one may be lost with all after it, never in part.
        Raises `FencedError` if a later writer was started, `StoreError` for what is wrong with the disk or the file.
        """
        return await self._in_turn(partial(_fenced, epoch=self._epoch, durable=durable, work=work, tally=self._tally))

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the database as far as readers allow; raises as `transact` does."""
        work = partial(_checkpointed, epoch=self._epoch, tally=self._tally, idle=self._is_idle)
        await self._in_turn(work)

    def _is_idle(self) -> bool:
        """Whether nobody waits, and the log is longer than it should be. Called on the writer's thread."""
        wal = wal_of(self._database.path)
        return self.waiting == 0 and wal.exists() and wal.stat().st_size > WAL_LIMIT

    async def optimize(self) -> None:
        """Renew the statistics that queries are planned by, where they have changed; raises as `transact` does."""
        await self.transact(_optimized, durable=False)

    async def truncate(self) -> bool:
        """Move the write-ahead log into the database and leave nothing of it; False where a reader holds on to it.

        Raises as `transact` does.
        """
        return await self._in_turn(partial(_truncated, epoch=self._epoch))

    async def outside(self, query: str) -> None:
        """Run a query that changes how the connection works, by its name."""
        await self._in_turn(lambda db: db.execute(QUERIES[query]).fetchall())

    async def _in_turn(self, work: Work[T]) -> T:
        self._asked += 1
        try:
            async with self._places:
                if self._tally.damage is not None:
                    raise self._tally.damage
                with self._tally.noting():
                    return await self._database.run(work)
        finally:
            self._asked -= 1


class Reader:
    """The connection that reads, each time one state of the database."""

    def __init__(self, database: Database, tally: Tally) -> None:
        self._database = database
        self.path = database.path
        self.tally = tally

    async def read(self, work: Work[T]) -> T:
        """Run `work` against one state of the database. Raises `StoreError` for what is wrong with disk or file."""
        with self.tally.noting(), _believed(self.path):
            return await self._database.run(partial(_consistent, work=work, tally=self.tally))
        raise AssertionError("neither swallows anything")


@contextmanager
def _believed(path: Path) -> Iterator[None]:
    """Raise `DamagedStoreError` for a stored value of none of the kinds that are ever stored."""
    try:
        yield
    except (ValueError, KeyError) as error:
        raise damaged(path, str(error)) from error


def _fenced(db: sqlite3.Connection, *, epoch: int, durable: bool, work: Work[T], tally: Tally) -> T:
    with tally.writing():
        db.execute(QUERIES["durable" if durable else "relaxed"])
        db.execute(QUERIES["begin"])
        try:
            _check_epoch(db, epoch)
            result = work(db)
            db.execute(QUERIES["commit"])
        except BaseException:
            _roll_back(db)
            raise
    return result


def _checkpointed(db: sqlite3.Connection, *, epoch: int, tally: Tally, idle: Callable[[], bool]) -> None:
    _check_epoch(db, epoch)
    ((busy, pages, moved),) = db.execute(QUERIES["checkpoint"]).fetchall()
    if not busy and moved == pages and idle():
        busy, pages, moved = _emptied(db)
    if busy or moved < pages:
        tally.held_up += 1


def _optimized(db: sqlite3.Connection) -> None:
    db.execute(QUERIES["optimize"]).fetchall()


def _truncated(db: sqlite3.Connection, *, epoch: int) -> bool:
    _check_epoch(db, epoch)
    busy, _, _ = _emptied(db)
    return not busy


def _emptied(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Empty the log, where no reader holds on to it for longer than a moment: others wait for the writer meanwhile."""
    db.execute(QUERIES["little_patience"]).fetchall()
    try:
        ((busy, pages, moved),) = db.execute(QUERIES["truncate_log"]).fetchall()
    finally:
        db.execute(QUERIES["patience"]).fetchall()
    return busy, pages, moved


def _consistent(db: sqlite3.Connection, *, work: Work[T], tally: Tally) -> T:
    with tally.reading():
        db.execute(QUERIES["begin_reading"])
        try:
            return work(db)
        finally:
            _roll_back(db)


def _check_epoch(db: sqlite3.Connection, ours: int) -> None:
    ((epoch,),) = db.execute(QUERIES["epoch"]).fetchall()
    if epoch != ours:
        raise FencedError(f"a later process (epoch {epoch}) owns the store: this one (epoch {ours}) must end")


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:  # a full disk has ended it already
        db.execute(QUERIES["rollback"])
