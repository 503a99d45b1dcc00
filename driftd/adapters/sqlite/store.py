"""The `Store` port on one SQLite file: one connection writes, another reads, each on a thread of its own."""

import sqlite3
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Self, TypeVar
from weakref import WeakValueDictionary

from anyio import CancelScope
from msgspec.structs import replace

from driftd.adapters.sqlite import erasing, history, opening, reading, rebasing, rewriting, weighing
from driftd.adapters.sqlite.casebook import SqliteCasebook
from driftd.adapters.sqlite.changelog import SqliteChangelog
from driftd.adapters.sqlite.codec import Codecs
from driftd.adapters.sqlite.compression import Compression
from driftd.adapters.sqlite.connections import SqliteConnections
from driftd.adapters.sqlite.counting import Tally, sizes
from driftd.adapters.sqlite.cycle import SqliteCycle
from driftd.adapters.sqlite.logbook import SqliteLogbook
from driftd.adapters.sqlite.reading import Known
from driftd.adapters.sqlite.settling import settled
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.tables import Header
from driftd.adapters.sqlite.tidying import tidy, want_details
from driftd.adapters.sqlite.tokens import SqliteTokens
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.adapters.sqlite.vault import SqliteVault
from driftd.core.model import Absence, Contents, KeyBytes, Kind, Recorded, Resource, Segment, Standing, Stored
from driftd.core.status import Database, Rebased
from driftd.errors import DamagedStoreError, StoreError
from driftd.ports import Erased, Erasure, Seen, Snapshot

T = TypeVar("T")


def _random_id() -> str:
    return uuid.uuid4().hex


class SqliteStore:
    """All that is remembered, in ``driftd.db`` of a data directory."""

    def __init__(
        self, reader: Reader, writer: Writer | None, now: Callable[[], int], cycle_id: Callable[[], str]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._now = now
        self._cycle_id = cycle_id
        self._codecs = Codecs()
        self._careful = 0
        """How many want what they free to be overwritten."""
        self._compression = Compression(writer) if writer else None
        self._open: WeakValueDictionary[tuple[str, str], SqliteCycle] = WeakValueDictionary()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        data_dir: Path,
        *,
        clock_now: Callable[[], int],
        cycle_id: Callable[[], str] = _random_id,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> AsyncIterator[Self]:
        """Open the store as its one writer; directory and database are made where they are missing.

        `clock_now` returns epoch ms, `monotonic` seconds. Raises `LockedError` naming the process that has the store,
        and `StoreError` for a file that is damaged, another program's or a newer driftd's, and for a directory that
        cannot be written.
        """
        tally = Tally(clock_now, monotonic)
        async with opening.writing(data_dir, clock_now, tally) as writer, opening.looking(data_dir) as database:
            yield cls(Reader(database, tally), writer, clock_now, cycle_id)

    @classmethod
    @asynccontextmanager
    async def reading(cls, data_dir: Path) -> AsyncIterator[Self]:
        """Open the store for reading only, without the lock, whoever writes it meanwhile.

        Raises `StoreError` if nothing was ever stored there or the file cannot be used.
        """
        async with opening.looking(data_dir) as database:
            yield cls(Reader(database, Tally(lambda: None, time.monotonic)), None, lambda: 0, _random_id)

    @property
    def logbook(self) -> SqliteLogbook:
        """How polling went, in the same file."""
        return SqliteLogbook(self._reader, self._writer)

    @property
    def casebook(self) -> SqliteCasebook:
        """What detection remembers, in the same file."""
        return SqliteCasebook(self._reader, self._writer, self._now)

    @property
    def changelog(self) -> SqliteChangelog:
        """What the log of changes holds, in the same file."""
        return SqliteChangelog(self._reader, self._writer, self._reader.tally.monotonic)

    @property
    def vault(self) -> SqliteVault:
        """The secrets that driftd keeps, sealed, in the same file."""
        return SqliteVault(self._reader, self._writer, self._carefully)

    @property
    def connections(self) -> SqliteConnections:
        """The connections that stand in the database, in the same file."""
        return SqliteConnections(self._reader, self._writer, self._carefully, self._forget)

    @property
    def tokens(self) -> SqliteTokens:
        """What lets programs in, in the same file."""
        return SqliteTokens(self._reader, self._writer)

    def facts(self) -> Database:
        """Return how the database is now. Raises `StoreError` where its file is no longer there."""
        (size, wal, free), tally, writer = sizes(self._reader.path), self._reader.tally, self._writer
        return Database(
            version=sqlite3.sqlite_version,
            size=size,
            wal=wal,
            free=free,
            errors=tally.errors,
            waiting=writer.waiting if writer else 0,
            limit=writer.limit if writer else 0,
            commits=tally.commits if writer else None,
            checkpoints_busy=tally.held_up,
            oldest_reader=tally.oldest_reader,
            full=tally.full,
        )

    @property
    def damage(self) -> DamagedStoreError | None:
        """What told first that the file is damaged; None: nothing did."""
        return self._reader.tally.damage

    @property
    def refusals(self) -> int:
        """How many transactions found no room."""
        return self._reader.tally.full

    async def rebased(self) -> Rebased | None:
        """Return when and why the log last began anew; None: it never did."""
        return await self._reader.read(rebasing.rebased)

    async def optimize(self) -> None:
        """Renew what queries are planned by; raises as a transaction does."""
        if self._writer is not None:
            await self._writer.optimize()

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the database as far as readers allow, so that it stays small.

        Raises `FencedError` and `StoreError` as a transaction does.
        """
        if self._writer is not None:
            await self._writer.checkpoint()

    async def begin(
        self, resource: Resource, kind: Kind, *, host: str, folder: str, now: int, baseline: bool = False
    ) -> SqliteCycle:
        """Open a cycle of `resource`; drops what an earlier, unfinished cycle of it staged.

        Raises `FencedError` if another process owns the store by now, and `StoreError` where it is open for reading.
        """
        if self._writer is None or self._compression is None:
            raise StoreError("the store is open for reading only")
        name = (resource.connection, resource.name)
        if earlier := self._open.get(name):
            earlier.drop()
        known, fresh = await self._ready(self._writer, resource, host, folder)
        withholds = bool(known.withholds)
        header = Header(resource, known.id, fresh, self._cycle_id(), kind, host, folder, now, baseline, withholds)
        cycle = SqliteCycle(self._writer, header, self._compression, self._now)
        self._open[name] = cycle
        return cycle

    async def standing(self, resource: Resource) -> Standing:
        """Return the checkpoint of `resource`, or the empty one."""
        return await self._read(partial(reading.standing, connection=resource.connection, name=resource.name))

    async def standings(self) -> Mapping[tuple[str, str], Standing]:
        """Return the checkpoints of all that was ever polled, by connection and resource."""
        return await self._read(reading.standings)

    async def segments(self, resource: Resource) -> Sequence[Segment]:
        """Return the segments of `resource` in server order, without their contents."""
        return await self._of(resource, lambda db, known: reading.segments(db, known.id), [])

    async def contents(self, segments: Sequence[Segment]) -> Sequence[Contents]:
        """Return the rows of `segments` in the same order. Raises `StoreError` for one that is no longer stored."""
        return await self._read(partial(reading.contents, wanted=segments))

    async def known(self, resource: Resource, keys: Iterable[KeyBytes]) -> Mapping[KeyBytes, Stored]:
        """Return what is stored of `keys`, tombstones included; keys never seen are left out."""
        nothing: Mapping[KeyBytes, Stored] = {}
        return await self._of(resource, lambda db, known: reading.known(db, self._codecs, known.id, keys), nothing)

    async def absent(self, resource: Resource) -> Sequence[Stored]:
        """Return the records whose delete is pending or held, in the order of key bytes."""
        return await self._of(resource, lambda db, known: reading.absent(db, self._codecs, known.id), [])

    async def unplaced(self, resource: Resource) -> Sequence[KeyBytes]:
        """Return the keys of live records that no segment lists, in the order of key bytes."""
        return await self._of(resource, lambda db, known: reading.unplaced(db, known.id), [])

    async def stalest(self, resource: Resource, limit: int) -> Sequence[Stored]:
        """Return at most `limit` live records, oldest details first, those never read before all; then by key."""
        return await self._of(resource, lambda db, known: reading.stalest(db, self._codecs, known, limit), [])

    async def coverage(self, resource: Resource, since: int) -> tuple[int, int]:
        """Return how many live records have details read at or after `since` (epoch ms), and how many there are."""
        return await self._of(resource, lambda db, known: reading.coverage(db, known, since), (0, 0))

    async def absences(self, resource: Resource) -> Mapping[Absence, int]:
        """Count the records whose delete is pending or held; an absence that no record has is left out."""
        nothing: Mapping[Absence, int] = {}
        return await self._of(resource, lambda db, known: reading.absences(db, known.id), nothing)

    async def rewrite(self, resource: Resource, stricter: Callable[[bytes], bytes]) -> Standing:
        """Have every body that is stored of `resource`, in snapshot and log, be what `stricter` makes of it.

        Raises `FencedError` and `StoreError` as a transaction does.
        """
        writer, known = self._for_writing(), await self._of(resource, lambda _, known: known, None)
        if known is None:
            return Standing()
        await writer.transact(partial(rewriting.begun, resource=resource, number=known.id), durable=True)
        async with self._carefully(writer):
            await self._rewritten(writer, known.id, stricter)
            await rewriting.wipe(writer)
        return await writer.transact(partial(rewriting.settled, resource=resource, number=known.id), durable=True)

    async def _rewritten(self, writer: Writer, number: int, stricter: rewriting.Stricter | None) -> None:
        """Write the bodies of the resource with this id anew."""
        await tidy(writer, number)
        self._forget(number)
        try:
            await rewriting.rewrite(writer, number, stricter)
        finally:
            self._forget(number)

    def _forget(self, number: int) -> None:
        if self._compression is not None:
            self._compression.forget(number)

    @asynccontextmanager
    async def _carefully(self, writer: Writer) -> AsyncIterator[None]:
        """Have whole pages overwritten as they are freed, as long as anybody wants that."""
        self._careful += 1
        try:
            await rewriting.carefully(writer, on=True)
            yield
        finally:
            self._careful -= 1
            if not self._careful:
                with CancelScope(shield=True):
                    await rewriting.carefully(writer, on=False)

    async def erase(self, resource: Resource, what: Erasure) -> Erased:
        """Take a record out of snapshot, log, segments and all that is known or was told of it; see the port."""
        writer, known = self._for_writing(), await self._of(resource, lambda _, known: known, None)
        if known is None:
            raise StoreError(f'resource "{resource.name}" of connection "{resource.connection}" was never read')
        await tidy(writer, known.id)
        async with self._carefully(writer):
            done = await erasing.erase(writer, resource, known.id, what)
        named = {"connection": resource.connection, "resource": resource.name, "key": what.key}
        naming = await self._read(lambda db: int(db.execute(QUERIES["count_naming"], named).fetchone()[0]))
        return replace(done, naming=naming)

    async def resume(self, connection: str, resource: str) -> Sequence[KeyBytes]:
        """Go on with what erasures that were interrupted have still to take out; see the port."""
        writer, known = self._for_writing(), await self._named(connection, resource)
        if known is None:
            return []
        await tidy(writer, known.id)
        async with self._carefully(writer):
            return await erasing.resume(writer, (connection, resource), known.id)

    async def fits(self, connection: str, resource: str, room: int) -> bool:
        """Tell whether what `wipe` has still to write takes at most `room` bytes beside what is stored."""
        writer, known = self._for_writing(), await self._named(connection, resource)
        begun = await erasing.going_on(writer, (connection, resource))
        if known is None or all(each.key is None for each in begun):
            return True
        return await weighing.fits(self._reader, known.id, room)

    async def wipe(self, connection: str, resource: str) -> bool:
        """Leave no trace of erased records in what bodies are compressed with, nor in free pages or logs."""
        writer, names = self._for_writing(), (connection, resource)
        known, begun = await self._named(*names), await erasing.going_on(writer, names)
        if known is None or not begun:
            return True
        async with self._carefully(writer):
            if any(each.step == 0 for each in begun):
                await erasing.resume(writer, names, known.id)
            if any(each.key is not None for each in begun):
                await self._rewritten(writer, known.id, None)
                await erasing.rewritten(writer, names)
            if not await rewriting.wipe(writer):
                return False
        await erasing.finish(writer, names, known.id)
        return True

    async def unfinished(self) -> Mapping[tuple[str, str], frozenset[bytes]]:
        """Return what stands for the keys of records whose erasure has not come to its end, by their resource."""
        found: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        for connection, resource, record in await self._read(_unfinished):
            found[connection, resource].add(record)
        return {names: frozenset(records) for names, records in found.items()}

    async def erased(self, resource: Resource) -> frozenset[bytes]:
        """Return what stands for the keys of erased records, that are not to be seen again."""
        names = {"connection": resource.connection, "resource": resource.name}
        return await self._read(lambda db: frozenset(row for (row,) in db.execute(QUERIES["erased"], names)))

    async def key_proof(self, proof: bytes) -> bytes | None:
        """Return the proof of the key that hashes were made with; None: there was none, and this one is written."""
        return await self._for_writing().transact(partial(_proof, proof=proof), durable=True)

    async def proved(self) -> bool:
        """Tell whether hashes were ever made."""
        return await self._read(lambda db: bool(db.execute(QUERIES["key_proof"]).fetchall()))

    def _for_writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer

    async def read_changes(
        self, after: int, limit: int, *, connection: str | None = None, resource: str | None = None
    ) -> Sequence[Recorded]:
        """Return committed change events with ``seq > after`` in order, at most `limit`."""
        work = partial(
            history.changes, codecs=self._codecs, after=after, limit=limit, connection=connection, name=resource
        )
        return await self._read(work)

    async def read_records(self, connection: str, resource: str, *, after: KeyBytes | None, limit: int) -> Snapshot:
        """Return one page of the visible snapshot; raises `StoreError` for a resource never read."""
        return await self._read(
            lambda db: reading.page(db, self._codecs, reading.polled(db, connection, resource).id, after, limit)
        )

    async def read_record(self, connection: str, resource: str, key: KeyBytes) -> Seen | None:
        """Return one live record of the snapshot; raises `StoreError` for a resource never read."""
        return await self._read(
            lambda db: reading.one(db, self._codecs, reading.polled(db, connection, resource).id, key)
        )

    async def _ready(self, writer: Writer, resource: Resource, host: str, folder: str) -> tuple[Known, bool]:
        settle = partial(settled, resource=resource, host=host, folder=folder)
        known, fresh = await writer.transact(settle, durable=False)
        if known.untidy:
            await tidy(writer, known.id)
            known, fresh = await writer.transact(settle, durable=False)
        if resource.details and not known.details:
            await want_details(writer, known.id)
        return known, fresh

    async def _named(self, connection: str, resource: str) -> Known | None:
        return await self._read(lambda db: reading.find(db, connection, resource))

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._reader.read(work)

    async def _of(self, resource: Resource, work: Callable[[sqlite3.Connection, Known], T], otherwise: T) -> T:
        def of(db: sqlite3.Connection) -> T:
            known = reading.find(db, resource.connection, resource.name)
            return otherwise if known is None else work(db, known)

        return await self._read(of)


def _unfinished(db: sqlite3.Connection) -> Sequence[tuple[str, str, bytes]]:
    return db.execute(QUERIES["unfinished"]).fetchall()


def _proof(db: sqlite3.Connection, *, proof: bytes) -> bytes | None:
    rows = db.execute(QUERIES["key_proof"]).fetchall()
    db.execute(QUERIES["write_key_proof"], {"proof": proof})
    return bytes(rows[0][0]) if rows else None
