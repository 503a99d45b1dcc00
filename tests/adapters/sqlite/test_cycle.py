"""What is particular to cycles on SQLite: cancellation, a full disk, fairness, what stays behind."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from threading import Event
from typing import TypeVar, cast

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite import cycle as module
from driftd.adapters.sqlite.database import Database, Work
from driftd.adapters.sqlite.tidying import tidy
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import Row, Standing
from driftd.errors import StoreError
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    ORDERS,
    Part,
    begin,
    body,
    created,
    deleted,
    poll,
    row,
    segment,
    sight,
    stage,
    updated,
)
from tests.contracts.stores import always_ahead, room

T = TypeVar("T")
BULKY = 40_000
"""Bytes of a body that fills more than a page."""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


@pytest.fixture(params=["small", "written ahead"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "written ahead":
        always_ahead(monkeypatch)
    return str(request.param)


def _writer(store: SqliteStore) -> Database:
    assert store._writer is not None
    return store._writer._database


def _bulky(name: str) -> Row:
    return row(name)._replace(body=b'"%s"' % os.urandom(BULKY).hex().encode())


class TestCancellation:
    @pytest.mark.parametrize("by", ["scope", "task"])
    async def test_a_cancelled_commit_is_whole_or_not_at_all(self, store: SqliteStore, size: str, by: str) -> None:
        """Cancelled while it waits for the writer, a commit shows all of its cycle or nothing, and work goes on."""
        await poll(store, created("a"), created("b"))
        before = await sight(store)
        busy, scope = Event(), anyio.CancelScope()
        async with await begin(store) as cycle, anyio.create_task_group() as group:
            await stage(cycle, updated("a", 1), deleted("b"), created("c"))

            async def commit() -> None:
                with scope:
                    await cycle.commit(Standing(sweeps=9), None)

            group.start_soon(_writer(store).run, lambda _: busy.wait())
            await wait_all_tasks_blocked()
            committing = asyncio.ensure_future(commit())
            await wait_all_tasks_blocked()
            if by == "scope":
                scope.cancel()
            else:
                committing.cancel()
            busy.set()
            await asyncio.wait([committing])
        await _writer(store).run(lambda _: None)  # a task that is torn off leaves its transaction in the queue
        after = await sight(store)
        assert after == before or (after.standing.sweeps, len(after.changes), len(after.seen or ())) == (9, 5, 2)
        assert (await poll(store, created("x"), created("y"))).records == 4

    async def test_a_cancelled_commit_ends_when_its_transaction_has(self, store: SqliteStore) -> None:
        """Who cancels a commit under way waits for its end, so that what is read next is what it left."""
        busy, scope = Event(), anyio.CancelScope()
        async with await begin(store) as cycle, anyio.create_task_group() as group:

            async def commit() -> None:
                with scope:
                    await cycle.commit(Standing(sweeps=9), None)

            group.start_soon(_writer(store).run, lambda _: busy.wait())
            await wait_all_tasks_blocked()
            committing = asyncio.ensure_future(commit())
            await wait_all_tasks_blocked()
            scope.cancel()
            await wait_all_tasks_blocked()
            ended_early = committing.done()
            busy.set()
            await committing
        assert not ended_early
        assert (await store.standing(CUSTOMERS)).sweeps == 9

    async def test_a_cancelled_stage_leaves_nothing(self, store: SqliteStore, size: str, data_dir: Path) -> None:
        """What a cancelled cycle has written ahead is gone when the next one has begun, at the latest."""
        with anyio.CancelScope() as scope:
            async with await begin(store) as cycle:
                for position in range(9):
                    await stage(cycle, created(f"n{position}"), first=position)
                scope.cancel()
                await checkpoint()
        assert (await poll(store, created("x"))).records == 1
        assert _counts(data_dir) == {"records": 1, "changes": 1, "generations": 1, "segments": 0, "contents": 0}


class TestLeftovers:
    async def test_one_version_of_each_record_stays(self, store: SqliteStore, size: str, data_dir: Path) -> None:
        """After cycles of any size the tables hold what is visible and nothing besides."""
        for value in range(3):
            cut, dropped = segment("a", "b"), segment("c")
            parts = [*(updated(name, value) for name in "abcdefg"), cut, dropped]
            await poll(store, *parts, layout=[cut.segments[0][0]])
            async with await begin(store) as cycle:
                await stage(cycle, created("x"), created("y"), segment("z"))
        assert _counts(data_dir) == {"records": 7, "changes": 21, "generations": 3, "segments": 1, "contents": 1}

    async def test_idle_polls_do_not_grow_the_file(self, store: SqliteStore, data_dir: Path) -> None:
        """A cycle without events leaves no row of its own: there are millions of them."""
        await poll(store, created("a"))
        for n in range(5):
            await poll(store, Part([row("a", n)]), standing=Standing(last_probe=n))
        assert _counts(data_dir) == {"records": 1, "changes": 1, "generations": 1, "segments": 0, "contents": 0}

    async def test_tidying_leaves_a_later_cycle_alone(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What another cycle of the resource writes ahead while an earlier one is tidied up after stays."""
        always_ahead(monkeypatch)
        names, cut = "abcdef", segment("a", "b")
        for value in range(2):
            await poll(store, *(updated(name, value) for name in names))
        writer = store._writer
        assert writer is not None
        async with AsyncExitStack() as later:

            async def begin_another() -> None:
                cycle = await later.enter_async_context(await begin(store))
                await stage(cycle, *(updated(name, 7) for name in names), cut)
                later.push_async_callback(cycle.commit, Standing(), [cut.segments[0][0]])

            await writer.transact(lambda db: db.execute("UPDATE resources SET untidy = 1"), durable=False)
            await tidy(cast("Writer", _Interrupted(writer, begin_another)), 1)
            untidy = await writer.transact(
                lambda db: db.execute("SELECT untidy FROM resources").fetchone(), durable=False
            )
            assert untidy > (0,)
        shown = await sight(store)
        assert [one.body for one in shown.seen or ()] == [body(name, 7) for name in names]
        assert shown.contents == [cut.segments[0][1]]
        assert len(shown.changes) == 18


class _Interrupted:
    """A writer that lets something else happen after its first transaction."""

    def __init__(self, writer: Writer, happens: Callable[[], Awaitable[None]]) -> None:
        self._writer = writer
        self._happens = [happens]

    async def transact(self, work: Work[T], *, durable: bool) -> T:
        result = await self._writer.transact(work, durable=durable)
        if self._happens:
            await self._happens.pop()()
        return result


class TestDurability:
    async def test_events_survive_a_loss_of_power_and_staging_need_not(self, store: SqliteStore, size: str) -> None:
        """The transaction that gives seqs is synced; rows written ahead and an idle poll's checkpoint are not."""
        statements: list[str] = []
        await _writer(store)._thread.set_trace_callback(statements.append)
        await poll(store, standing=Standing(last_probe=1))
        assert set(_syncs(statements)) == {"NORMAL"}
        async with await begin(store) as cycle:
            await stage(cycle, created("a"), created("b"))
            statements.clear()
            await stage(cycle, created("c"), created("d"), first=2)
            assert "FULL" not in _syncs(statements)
            await cycle.commit(Standing(), None)
            assert _syncs(statements)[-1] == "FULL"


class TestFairness:
    async def test_another_commit_passes_while_a_baseline_is_written(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A large cycle takes the writer for one short transaction at a time: a small one is done long before it."""
        always_ahead(monkeypatch)
        written: list[int] = []

        async def baseline() -> None:
            async with await begin(store, baseline=True) as cycle:
                for position in range(100):
                    await stage(cycle, Part([row(f"n{position}")]), first=position)
                    written.append(position)
                await cycle.commit(Standing(), None)

        async with anyio.create_task_group() as group:
            group.start_soon(baseline)
            while len(written) < 10:
                await checkpoint()
            await poll(store, created("a"), resource=ELSEWHERE)
            assert len(written) < 60
        assert len(await store.unplaced(CUSTOMERS)) == 0


class TestFullDisk:
    async def test_what_does_not_fit_is_an_error_and_nothing_else(
        self, store: SqliteStore, size: str, data_dir: Path
    ) -> None:
        """On a full disk a cycle fails whole; what was committed can be read, and with room again all goes on."""
        await poll(store, created("a"))
        before = await sight(store)
        await _limit(store, 40)
        with pytest.raises(StoreError, match="no room"):
            await poll(store, *(Part([_bulky(f"n{n}")]) for n in range(40)))
        assert await sight(store) == before
        await _limit(store, 1_000_000)
        assert (await poll(store, created("b"), *(Part([_bulky(f"n{n}")]) for n in range(40)))).records == 42
        with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class TestMemory:
    async def test_a_cycle_of_few_but_large_records_is_written_ahead_too(
        self, store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is kept in memory is bounded in bytes, not in rows alone."""
        monkeypatch.setattr(module, "MEMORY", 3 * BULKY)
        async with await begin(store) as cycle:
            for position in range(4):
                await stage(cycle, Part([_bulky(f"n{position}")]), first=position)
            assert _counts(data_dir)["records"] > 1
            assert (await cycle.commit(Standing(), None)).records == 4


async def test_details_wanted_later_are_queued(
    store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switching details on has every record of the resource listed by the index that `stalest` walks."""
    always_ahead(monkeypatch)
    await poll(store, *(created(name) for name in "abcdefgh"), resource=replace(ORDERS, details=False))
    await poll(store, resource=ORDERS)
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        assert db.execute("SELECT DISTINCT details_at FROM records").fetchall() == [(-1,)]
    assert len(await store.stalest(ORDERS, 100)) == 8
    assert await store.coverage(ORDERS, -10) == (0, 8)


def _syncs(statements: list[str]) -> list[str]:
    """Return how each transaction that moved the pointer or wrote rows was synced."""
    transactions = "\n".join(statements).split("PRAGMA synchronous = ")[1:]
    return [one.split()[0] for one in transactions if "INSERT INTO" in one or "UPDATE" in one]


async def _limit(store: SqliteStore, pages: int) -> None:
    await _writer(store).run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchall())


def _counts(data_dir: Path) -> dict[str, int]:
    tables = ("records", "changes", "generations", "segments", "contents")
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
