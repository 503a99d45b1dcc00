"""Transactions: fenced ones of the writer, and a reader's sight of one state."""

import sqlite3
from functools import partial
from typing import Final, TypeVar

import anyio

from driftd.adapters.sqlite.counting import Tally
from driftd.adapters.sqlite.database import Database, Work
from driftd.adapters.sqlite.sql import QUERIES
from driftd.errors import FencedError

T = TypeVar("T")
LIMIT: Final = 256
"""Transactions that may be queued behind the one that runs; those beyond are held back until one has ended."""


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
        await self._in_turn(partial(_checkpointed, epoch=self._epoch, tally=self._tally))

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
        return await self._database.run(partial(_consistent, work=work, tally=self.tally))


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


def _checkpointed(db: sqlite3.Connection, *, epoch: int, tally: Tally) -> None:
    _check_epoch(db, epoch)
    ((busy, pages, moved),) = db.execute(QUERIES["checkpoint"]).fetchall()
    if busy or moved < pages:
        tally.held_up += 1


def _truncated(db: sqlite3.Connection, *, epoch: int) -> bool:
    _check_epoch(db, epoch)
    ((busy, _, _),) = db.execute(QUERIES["truncate_log"]).fetchall()
    return not busy


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
