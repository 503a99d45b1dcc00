"""What is told of the database: counts, sizes, who waits and who reads."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from driftd.adapters.sqlite import SqliteStore, transaction
from driftd.adapters.sqlite.database import Work, configure
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import Standing
from driftd.errors import FencedError, StoreError
from tests.contracts.noted import group
from tests.contracts.staged import CUSTOMERS, begin, created, poll, stage
from tests.contracts.stores import raise_epoch, room

READ_AT = 1_700_000_000_000
TICK = 0.0625


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    ticks = count()
    async with SqliteStore.open(data_dir, clock_now=lambda: READ_AT, monotonic=lambda: next(ticks) * TICK) as store:
        yield store


def _writer(store: SqliteStore) -> Writer:
    assert store._writer is not None
    return store._writer


@asynccontextmanager
async def _busy(run: Callable[[Work[None]], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Have a transaction run all the while."""
    inside, leave = Event(), Event()

    def work(_: sqlite3.Connection) -> None:
        inside.set()
        leave.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, work)
        await anyio.to_thread.run_sync(inside.wait)
        try:
            yield
        finally:
            leave.set()


def _commits(store: SqliteStore) -> int:
    commits = store.facts().commits
    assert commits is not None
    return sum(commits.counts)


class TestSizes:
    async def test_they_are_those_of_the_files(self, store: SqliteStore, data_dir: Path) -> None:
        """Bytes of the database and of its log, and what its volume has left."""
        await store.logbook.write(group(1, connections=50))
        facts = store.facts()
        assert facts.version == sqlite3.sqlite_version
        assert facts.size == (data_dir / "driftd.db").stat().st_size > 0
        assert facts.wal == (data_dir / "driftd.db-wal").stat().st_size > 0
        volume = os.statvfs(data_dir)
        assert 0 < facts.free <= volume.f_blocks * volume.f_frsize

    async def test_a_log_that_is_not_there_has_none(self, data_dir: Path) -> None:
        """A database that nobody has open is one file; a reader knows sizes, and nothing of a writer."""
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            await store.logbook.write(group(1))
        async with SqliteStore.reading(data_dir) as reader:
            facts = reader.facts()
            assert facts.wal == 0
            assert (facts.commits, facts.limit, facts.oldest_reader) == (None, 0, None)

    async def test_a_file_that_is_gone_is_an_error(self, store: SqliteStore, data_dir: Path) -> None:
        """Whoever removes the database from under us is told of."""
        (data_dir / "driftd.db").unlink()
        with pytest.raises(StoreError, match=r"driftd\.db"):
            store.facts()


class TestCounts:
    async def test_a_commit_is_counted_with_its_time(self, store: SqliteStore) -> None:
        """Each committed transaction is one duration; reading is none."""
        before = store.facts().commits
        await store.logbook.write(group(1))
        await store.logbook.recall()
        after = store.facts().commits
        assert before is not None
        assert after is not None
        assert sum(after.counts) == sum(before.counts) + 1
        assert after.total == before.total + TICK
        assert after.counts[after.bounds.index(0.1)] == before.counts[after.bounds.index(0.1)] + 1
        assert store.facts().errors == 0

    async def test_what_fails_is_an_error_and_no_commit(self, store: SqliteStore, data_dir: Path) -> None:
        """A full disk, a lost lock and a damaged row that is read count, each once."""
        await poll(store, created("a"))
        commits = _commits(store)
        await _writer(store)._database.run(configure(["PRAGMA max_page_count = 1"]))
        with pytest.raises(StoreError):
            await store.logbook.write(group(1, connections=50))
        assert (store.facts().errors, _commits(store)) == (1, commits)
        raise_epoch(data_dir)
        with pytest.raises(FencedError):
            await store.logbook.write(group(1))
        assert (store.facts().errors, _commits(store)) == (2, commits)
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
            db.execute("UPDATE records SET body = x'28b52ffd20ff'")
        with pytest.raises(StoreError):
            await store.read_records(CUSTOMERS.connection, CUSTOMERS.name, after=None, limit=9)
        assert (store.facts().errors, _commits(store)) == (3, commits)

    async def test_what_a_transaction_itself_gives_up_is_no_error(self, store: SqliteStore) -> None:
        """A cycle that another one pushed aside, a resource never read: the database did nothing wrong."""
        with pytest.raises(StoreError):
            await store.read_records("acme", "NOTHING", after=None, limit=9)
        async with await begin(store) as cycle:
            await stage(cycle, created("a"))
            with pytest.raises(ValueError, match="layout"):
                await cycle.commit(Standing(), [99])
        assert store.facts().errors == 0


class TestWaiting:
    @pytest.fixture
    def limit(self, monkeypatch: pytest.MonkeyPatch) -> int:
        monkeypatch.setattr(transaction, "LIMIT", 2)
        return 2

    async def test_those_beyond_the_bound_are_held_back(self, limit: int, store: SqliteStore) -> None:
        """No more than the bound stand in the queue; all that wait are counted, and all are served in their order."""
        assert (store.facts().waiting, store.facts().limit) == (0, limit)
        writer = _writer(store)
        queue, served = writer._database._thread._tx, list[int]()

        async def write(number: int) -> None:
            await writer.transact(lambda _: served.append(number), durable=False)

        async with anyio.create_task_group() as tasks, _busy(partial(writer.transact, durable=False)):
            for number in range(6):
                tasks.start_soon(write, number)
                await wait_all_tasks_blocked()
            assert (store.facts().waiting, queue.qsize()) == (6, limit)
        assert served == list(range(6))
        assert store.facts().waiting == 0

    @pytest.mark.usefixtures("limit")
    async def test_one_that_is_cancelled_while_held_back_waits_no_longer(self, store: SqliteStore) -> None:
        """It gives its place up, and nothing of it is written."""
        writer, scope, served = _writer(store), anyio.CancelScope(), list[int]()

        async def write(number: int) -> None:
            await writer.transact(lambda _: served.append(number), durable=False)

        async def cancelled() -> None:
            with scope:
                await write(9)

        async with anyio.create_task_group() as tasks, _busy(partial(writer.transact, durable=False)):
            tasks.start_soon(write, 1)
            tasks.start_soon(write, 2)
            tasks.start_soon(cancelled)
            await wait_all_tasks_blocked()
            scope.cancel()
            await wait_all_tasks_blocked()
            assert store.facts().waiting == 2
        assert served == [1, 2]


class TestReaders:
    async def test_the_oldest_is_the_one_that_reads_now(self, store: SqliteStore) -> None:
        """While a transaction reads, when it began is told; after it, however it ended, nobody reads."""
        assert store.facts().oldest_reader is None
        async with _busy(store._reader.read):
            assert store.facts().oldest_reader == READ_AT
        assert store.facts().oldest_reader is None
        with pytest.raises(ZeroDivisionError):
            await store._reader.read(lambda _: 1 // 0)
        assert store.facts().oldest_reader is None
