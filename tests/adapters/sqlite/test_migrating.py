"""From one schema to the next."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftd.adapters.sqlite import SqliteStore, opening
from driftd.adapters.sqlite.sql import migrations
from driftd.errors import StoreError
from tests.contracts.staged import created, key, poll, sight
from tests.contracts.stores import room

NEXT = "ALTER TABLE meta ADD COLUMN extra INTEGER;\nPRAGMA user_version = 2;\n"
BROKEN = "ALTER TABLE meta ADD COLUMN extra INTEGER;\nCREATE TABLE meta (id INTEGER);\nPRAGMA user_version = 2;\n"


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
    assert _schema(data_dir / "driftd.db") == (2, 5)
    assert _schema(data_dir / "driftd.db.schema-1") == (1, 4)
    async with SqliteStore.reading(data_dir) as store:
        assert set((await sight(store)).stored) == {key("a"), key("b")}
    assert "driftd.db.schema-1.unfinished" not in _names(data_dir)


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
    assert _schema(data_dir / "driftd.db") == (1, 4)
    await _fill(data_dir, "b")
