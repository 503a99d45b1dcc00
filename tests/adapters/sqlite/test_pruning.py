"""Pruning on SQLite: little at a time, in space that comes back, and nothing where nothing changed."""

import json
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore, pruning
from driftd.adapters.sqlite.database import Work
from driftd.adapters.sqlite.rebasing import Rebase, rebase
from driftd.adapters.sqlite.transaction import Reader
from driftd.core.model import Op, Standing
from driftd.core.retention import DAY, Cursor, Extent, Pruned, Retention
from driftd.errors import FencedError, StoreError
from tests.contracts.staged import CUSTOMERS, Part, change, created, key, poll, row
from tests.contracts.stores import Dial, always_ahead, raise_epoch, room

KEPT = Retention()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
def dial() -> Dial:
    return Dial(DAY)


@pytest.fixture
async def store(data_dir: Path, dial: Dial) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: dial.now) as store:
        yield store


def large(number: int) -> Part:
    """Return two thousand updates whose bodies do not compress."""
    chance = random.Random(number)
    parts = []
    for each in range(2_000):
        bodies = [json.dumps({"NAME": chance.randbytes(150).hex()}).encode() for _ in range(2)]
        name = f"{each:04}"
        event = change(Op.UPDATE, name, number, was=number - 1)
        parts.append((row(name, number), replace(event, before=bodies[0], after=bodies[1])))
    return Part([each for each, _ in parts], [each for _, each in parts])


def rows(data_dir: Path, table: str) -> int:
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def shrunk(store: SqliteStore) -> int:
    """Give back what is free; return the size of the file."""
    given = 0
    while part := await store.changelog.shrink():
        assert part <= 256 * 4_096
        given += part
    await store.checkpoint()
    return store.facts().size


async def test_the_file_becomes_smaller_with_the_log(
    store: SqliteStore, dial: Dial, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies are most of it; what is left of their events packs, and goes too."""
    monkeypatch.setattr(pruning, "_SLACK", 0)
    for number in range(2):
        await poll(store, large(number))
    await store.checkpoint()
    whole, log = store.facts().size, (await store.changelog.extent()).bytes
    assert 0.5 < log / whole < 1.0
    dial.now += 31 * DAY
    assert (await store.changelog.prune(KEPT, dial.now, 60.0)).stripped == 4_000
    bare = await shrunk(store)
    assert bare < 0.6 * whole
    dial.now += 60 * DAY
    assert (await store.changelog.prune(KEPT, dial.now, 60.0)).removed == 4_000
    assert await shrunk(store) < bare - 0.2 * whole
    assert (await store.changelog.extent()).bytes == 0
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_no_transaction_touches_more_than_a_slice(
    store: SqliteStore, dial: Dial, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    """Whatever is to go; and what a commit had is gone with it, but for the row of one that was written ahead."""
    monkeypatch.setattr(pruning, "SLICE", 10)
    for number in range(15):
        await poll(store, created(f"one {number}"))
    await poll(store, *(created(f"many {number}") for number in range(25)))
    dial.now += 31 * DAY
    parts = []
    while (part := await store.changelog.prune(KEPT, dial.now, 0.0)).more:
        parts.append(part)
    assert {each.stripped for each in parts} == {5}
    assert sum(each.stripped for each in parts) + part.stripped == 40
    dial.now += 60 * DAY
    await store.changelog.move(Cursor("slow", 18, dial.now))
    sizes = []
    while (part := await store.changelog.prune(KEPT, dial.now, 0.0)).more:
        sizes.append(part.removed)
    assert (max(sizes), sum(sizes)) == (10, 18)
    assert (rows(data_dir, "changes"), rows(data_dir, "generations")) == (22, 1)
    await store.changelog.forget("slow")
    assert (await store.changelog.prune(KEPT, dial.now, 60.0)).removed == 22
    assert rows(data_dir, "generations") == 0
    assert (await poll(store, created("next"))).first_seq == 41


async def test_a_generation_stays_as_long_as_records_take_their_number_from_it(
    store: SqliteStore, dial: Dial, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written ahead knows its numbers by it, also when all of its events are gone."""
    always_ahead(monkeypatch)
    await poll(store, *map(created, "abc"))
    dial.now += 91 * DAY
    assert (await store.changelog.prune(KEPT, dial.now, 60.0)).removed == 3
    assert (rows(data_dir, "changes"), rows(data_dir, "generations")) == (0, 1)
    stored = await store.known(CUSTOMERS, map(key, "abc"))
    assert [each.seq for each in stored.values()] == [1, 2, 3]


async def test_markers_of_a_restored_log_go_with_their_time(data_dir: Path, dial: Dial) -> None:
    """They are events of the log, which is never said to hold less than nothing."""
    async with SqliteStore.open(data_dir, clock_now=lambda: dial.now) as store:
        await poll(store, created("a"))
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
        behind = rebase(db, Rebase(dial.now, "restored", noted=0))
    async with SqliteStore.open(data_dir, clock_now=lambda: dial.now) as store:
        assert [one.seq for one in await store.read_changes(0, 10)] == [1, behind + 1]
        dial.now += 91 * DAY
        assert (await store.changelog.prune(KEPT, dial.now, 60.0)).removed == 2
        assert await store.changelog.extent() == Extent(behind + 2, behind + 2, behind + 1, 0)
        assert rows(data_dir, "generations") == 0


async def test_a_cycle_without_events_leaves_the_log_alone(store: SqliteStore, data_dir: Path) -> None:
    """It is not counted, not weighed, and no day is written."""
    await poll(store, created("a"))
    before = await store.changelog.extent()
    await poll(store, Part([row("a")]), standing=Standing(sweeps=1))
    assert await store.changelog.extent() == before
    assert rows(data_dir, "days") == 1


async def test_a_busy_writer_is_not_kept_from_its_work(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space is given back while nothing waits."""
    await poll(store, large(0))
    await store.changelog.prune(Retention(log_bytes=1), 0, 60.0)
    with monkeypatch.context() as patch:
        patch.setattr(store._writer, "_asked", 3)
        assert await store.changelog.shrink() == 0
    assert await store.changelog.shrink() > 10 * 4_096


async def test_only_the_owner_of_the_store_prunes_and_moves(store: SqliteStore, data_dir: Path) -> None:
    """A store that another process took over is left alone, and one open for reading is read."""
    await poll(store, created("a"))
    async with SqliteStore.reading(data_dir) as reader:
        with pytest.raises(StoreError, match="open for reading only"):
            await reader.changelog.move(Cursor("a", 1, 1))
        with pytest.raises(StoreError, match="open for reading only"):
            await reader.changelog.prune(KEPT, 0, 1.0)
        size = (await store.changelog.extent()).bytes
        assert await reader.changelog.ripe(Retention(log_bytes=1), 0) == Pruned(removed=1, log_bytes=size)
    raise_epoch(data_dir)
    for write in (store.changelog.prune(Retention(log_bytes=1), 0, 1.0), store.changelog.shrink()):
        with pytest.raises(FencedError):
            await write
    with pytest.raises(FencedError):
        await store.changelog.move(Cursor("a", 1, 1))
    assert rows(data_dir, "changes") == 1


async def test_no_look_at_stamps_grows_with_the_log(
    store: SqliteStore, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is looked at, but others read on the same thread meanwhile."""
    monkeypatch.setattr(pruning, "LOOKED", 5)
    read, steps = Reader.read, count()
    most: list[int] = []

    async def counted(reader: Reader, work: Work[Any]) -> Any:
        before = next(steps)
        done = await read(reader, work)
        most[-1] = max(most[-1], next(steps) - before)
        return done

    await store._reader.read(lambda db: db.set_progress_handler(lambda: next(steps) and 0, 1))
    monkeypatch.setattr(Reader, "read", counted)
    for _ in range(2):
        for each in range(20):
            await poll(store, created(f"{len(most)}-{each}"))
        dial.now += DAY
        most.append(0)
        assert await store.changelog.restamp(0, 0, dial.now) == 0
        assert await store.changelog.restamp(0, dial.now, dial.now) == 20 * len(most)
        dial.now += DAY
    assert most[0] == most[1]
