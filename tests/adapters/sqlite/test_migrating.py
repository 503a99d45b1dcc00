"""From one schema to the next."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftd.adapters.sqlite import SqliteStore, opening
from driftd.adapters.sqlite.sql import migrations
from driftd.errors import StoreError
from tests.contracts.noted import group
from tests.contracts.staged import ORDERS, created, deleted, key, poll, segment, sight, together, updated
from tests.contracts.stores import room

NEWEST = len(migrations())
NEXT = f"ALTER TABLE meta ADD COLUMN extra INTEGER;\nPRAGMA user_version = {NEWEST + 1};\n"
BROKEN = f"{NEXT}CREATE TABLE meta (id INTEGER);\n"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


async def _fill(data_dir: Path, name: str) -> None:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created(name))


def _names(data_dir: Path) -> list[str]:
    return [path.name for path in data_dir.iterdir()]


def _schema(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as db:
        ((version,),) = db.execute("PRAGMA user_version").fetchall()
        return version, len(db.execute("SELECT * FROM pragma_table_info('meta')").fetchall())


async def test_an_older_file_is_copied_and_brought_up_to_date(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has the old schema and all data of then; the file has the new schema, and goes on."""
    await _fill(data_dir, "a")
    monkeypatch.setattr(opening, "migrations", lambda: [*migrations(), NEXT])
    with pytest.raises(StoreError, match="older driftd"):
        async with SqliteStore.reading(data_dir):
            pass
    await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST + 1, 5)
    assert _schema(data_dir / f"driftd.db.schema-{NEWEST}") == (NEWEST, 4)
    async with SqliteStore.reading(data_dir) as store:
        assert set((await sight(store)).stored) == {key("a"), key("b")}
    assert not [name for name in _names(data_dir) if "unfinished" in name]


async def test_a_new_file_needs_no_copy(data_dir: Path) -> None:
    """There is nothing to keep of a file that was just made."""
    await _fill(data_dir, "a")
    assert not [name for name in _names(data_dir) if "schema" in name]


async def test_a_step_that_fails_changes_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is one transaction: after its failure the old driftd can go on."""
    await _fill(data_dir, "a")
    with monkeypatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: [*migrations(), BROKEN])
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST, 4)
    await _fill(data_dir, "b")


@pytest.mark.parametrize("schema", range(1, NEWEST))
async def test_every_schema_there_was_is_brought_up_to_date(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, schema: int
) -> None:
    """Whatever a file of an earlier schema holds is there after its migration, and all that is new works."""
    with monkeypatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: migrations()[:schema])
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            cut = segment("a", "b")
            await poll(store, together(created("a"), created("b"), cut), layout=[cut.segments[0][0]])
            await poll(store, updated("a", 1), deleted("b"), created("c"))
            await poll(store, created("d"), resource=ORDERS)
            before = [await sight(store), await sight(store, ORDERS)]
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        assert [await sight(store), await sight(store, ORDERS)] == before
        await store.logbook.write(group(1))
        assert (await store.logbook.recall()).connections == group(1).connections
        assert (await poll(store, created("e"))).records == 3
    assert _schema(data_dir / "driftd.db")[0] == NEWEST
    assert _schema(data_dir / f"driftd.db.schema-{schema}")[0] == schema
