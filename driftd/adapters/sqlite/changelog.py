"""The `Changelog` port on the store's own file."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from msgspec.structs import asdict, astuple

from driftd.adapters.sqlite import pruning, tombstones
from driftd.adapters.sqlite.database import Work
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core import retention as keeping
from driftd.core.retention import DAY, Cursor, Day, Extent, Pruned, Retention
from driftd.errors import DecisionError, StoreError

_STEPS: Final = (pruning.remove, pruning.strip, pruning.drop_days, pruning.drop_cursors)


class SqliteChangelog:
    """What the log of changes holds, in ``driftd.db``; every method raises `StoreError` for what is wrong with it.

    `monotonic` returns seconds.
    """

    def __init__(self, reader: Reader, writer: Writer | None, monotonic: Callable[[], float]) -> None:
        self._reader = reader
        self._writer = writer
        self._monotonic = monotonic

    async def extent(self) -> Extent:
        """Return what the log holds."""
        return await self._reader.read(pruning.extent)

    async def cursors(self) -> Sequence[Cursor]:
        """Return who reads the log, by name."""
        return await self._reader.read(pruning.cursors)

    async def move(self, cursor: Cursor) -> None:
        """Make a cursor, or put it where it is now; raises `DecisionError` where there are too many."""
        await self._writing().transact(partial(_move, cursor=cursor), durable=True)

    async def forget(self, name: str) -> bool:
        """Remove a cursor; tell whether there was one."""
        return await self._writing().transact(partial(_forget, name=name), durable=True)

    async def days(self, since: int, *, connection: str | None = None, resource: str | None = None) -> Sequence[Day]:
        """Return the counts of each day from `since` on (epoch ms), by day, connection and resource."""
        return await self._reader.read(partial(_days, since=since // DAY, connection=connection, name=resource))

    async def stamped(self) -> int | None:
        """Return when the newest commit of the log was made, or released, epoch ms; None where it has none."""
        return await self._reader.read(pruning.stamped)

    async def restamp(self, after: int, since: int, until: int) -> int:
        """Have commits of the log from behind a seq that are stamped elsewhere stamped `until`; see the port."""
        last, done = (await self.extent()).last, 0  # what comes later is stamped as it should be
        while after < last:
            look = pruning.Look(after, last, pruning.LOOKED)
            work = partial(pruning.astray, look=look, since=since, until=until)
            astray, after = await self._reader.read(work)
            for at in range(0, len(astray), pruning.SLICE):
                some = astray[at : at + pruning.SLICE]
                done += await self._writing().transact(partial(pruning.restamp, ids=some, until=until), durable=False)
        if any(each.used_at > until for each in await self.cursors()):
            done += await self._writing().transact(partial(pruning.restamp_cursors, until=until), durable=False)
        return done

    async def prune(self, retention: Retention, now: int, budget: float) -> Pruned:
        """Remove what is older than it is kept, for `budget` seconds or one slice; see the port."""
        end, done = self._monotonic() + budget, Pruned()
        for step in _STEPS:
            done += await self._until(end, partial(step, retention=retention, now=now))
            if done.more:
                return done
        for resource in await self._reader.read(tombstones.forgetting):
            done += await self._until(end, partial(tombstones.forget, resource=resource))
            if done.more:
                return done
        return done

    async def _until(self, end: float, work: Work[Pruned]) -> Pruned:
        """Run `work` until nothing of it is left, or its time is over."""
        done = Pruned()
        while (part := await self._writing().transact(work, durable=False)).rows:
            done += part
            if self._monotonic() >= end:
                return done + Pruned(more=True)
        return done

    async def ripe(self, retention: Retention, now: int) -> Pruned:
        """Return what `prune` would remove, if nothing else happened meanwhile."""
        found = await self._reader.read(partial(pruning.ripe, retention=retention, now=now))
        return found + Pruned(tombstones=await self._reader.read(tombstones.ripe))

    async def shrink(self) -> int:
        """Give at most a mebibyte of what is free back; return the bytes, 0 where others wait for the writer."""
        writer = self._writing()
        return 0 if writer.waiting else await writer.transact(pruning.shrink, durable=False)

    def _writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer


def _move(db: sqlite3.Connection, *, cursor: Cursor) -> None:
    known = {each.name for each in pruning.cursors(db)}
    if cursor.name not in known and len(known) >= keeping.CURSORS:
        raise DecisionError(
            f"there are {keeping.CURSORS} cursors already",
            hint="driftd cursors list shows them, driftd cursors forget NAME removes one",
        )
    db.execute(QUERIES["move_cursor"], asdict(cursor))


def _forget(db: sqlite3.Connection, *, name: str) -> bool:
    return db.execute(QUERIES["remove_cursor"], {"name": name}).rowcount > 0


def _days(db: sqlite3.Connection, *, since: int, connection: str | None, name: str | None) -> list[Day]:
    parameters = {"since": since, "connection": connection, "name": name}
    return sorted((Day(*columns) for columns in db.execute(QUERIES["days"], parameters)), key=astuple)
