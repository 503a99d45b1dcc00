"""What each connection is set to, as SQLite itself says."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftd.adapters.sqlite import SqliteStore, transaction
from driftd.adapters.sqlite.database import configure
from driftd.adapters.sqlite.library import resets_wal
from driftd.errors import FullStoreError
from tests.contracts.noted import group
from tests.contracts.staged import created, poll, sight
from tests.contracts.stores import room
from tests.faults.observing import Observe

COMMON = {"busy_timeout": 5_000, "temp_store": 2, "trusted_schema": 0, "mmap_size": 0, "journal_mode": "wal"}
WRITER = COMMON | {
    "page_size": 4_096,
    "auto_vacuum": 2,
    "foreign_keys": 1,
    "journal_size_limit": 67_108_864,
    "cache_size": -32_000,
    "secure_delete": 2,
    "analysis_limit": 400,
    "wal_autocheckpoint": 4_000,
    "query_only": 0,
}
READER = COMMON | {"query_only": 1, "wal_autocheckpoint": 0, "cache_size": -16_000}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


def asked(db: sqlite3.Connection, names: dict[str, object]) -> dict[str, object]:
    """Return what a connection says of each setting."""
    return {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


async def test_each_connection_is_set_as_designed(store: SqliteStore) -> None:
    assert store._writer is not None
    assert await store._writer._database.run(lambda db: asked(db, WRITER)) == WRITER
    assert await store._reader._database.run(lambda db: asked(db, READER)) == READER


async def test_what_lasts_is_flushed_and_the_rest_is_not(store: SqliteStore) -> None:
    """`synchronous` follows each transaction; between them it can be read."""
    writer = store._writer
    assert writer is not None
    for durable, level in ((True, 2), (False, 1), (True, 2)):
        await writer.transact(lambda _: None, durable=durable)
        assert await writer._database.run(lambda db: db.execute("PRAGMA synchronous").fetchone()[0]) == level


async def test_a_log_beyond_its_limit_is_emptied_when_nobody_reads(
    store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody reads it stays, without making anyone wait; the writer's patience is what it was."""
    monkeypatch.setattr(transaction, "WAL_LIMIT", 1)
    await poll(store, created("a"))
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM meta").fetchall()
        await store.logbook.write(group(1))
        await store.checkpoint()
        assert store.facts().wal > 0
        assert store.facts().checkpoints_busy == 1
        other.execute("ROLLBACK")
    await store.checkpoint()
    assert store.facts().wal == 0
    assert store._writer is not None
    assert await store._writer._database.run(lambda db: asked(db, WRITER)) == WRITER


async def test_a_log_within_its_limit_is_not_emptied(store: SqliteStore) -> None:
    """It would only have to grow again."""
    await poll(store, created("a"))
    await store.checkpoint()
    assert store.facts().wal > 0


@pytest.mark.fault(4)
async def test_a_file_that_may_not_grow_keeps_what_it_has(store: SqliteStore, observe: Observe) -> None:
    """A write that finds no room is none at all, is told as such, and the next one that finds room succeeds."""
    await poll(store, created("a"))
    before = await sight(store)
    assert store._writer is not None
    run = store._writer._database.run
    await run(configure(["PRAGMA max_page_count = 1"]))
    with pytest.raises(FullStoreError, match="free disk space"):
        await poll(store, *(created(f"b{number}") for number in range(300)))
    after = await sight(store)
    observe(f"{store.refusals} write refused, nothing half-written", lost=int(after != before), invented=0)
    assert store.refusals > 0
    assert store.damage is None
    assert after == before
    await run(configure(["PRAGMA max_page_count = 1000000"]))
    await poll(store, created("b"))


@pytest.mark.parametrize(
    ("version", "affected"), [("3.6.23", False), ("3.7.0", True), ("3.40.1", True), ("3.51.2", True), ("3.51.3", False)]
)
def test_the_fault_of_the_library_is_known_by_its_version(version: str, affected: bool) -> None:
    assert resets_wal(version) is affected
