"""What the last writer left, and what the next one makes of it: goes on, goes on behind, or calls it damage."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest

from driftd.adapters.sqlite import SqliteStore, opening
from driftd.adapters.sqlite.lock import held
from driftd.core.model import Op
from driftd.errors import DamagedStoreError
from tests.contracts.staged import created, poll
from tests.contracts.stores import room


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory / "data"


async def told(data_dir: Path, name: str) -> str:
    """Commit one more record; return the ops of the whole log."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created(name))
        return "".join(each.op for each in await store.read_changes(0, 100))


async def killed(data_dir: Path) -> Path:
    """Return what a writer leaves that is killed: nothing is closed, the lock says that it writes."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("a"))
        return copytree(data_dir, data_dir.with_name("killed"))


async def test_one_that_ended_in_order_is_gone_on_with(data_dir: Path) -> None:
    """No marker, whatever failed while it was open."""
    await told(data_dir, "a")
    with pytest.raises(ZeroDivisionError):
        async with SqliteStore.open(data_dir, clock_now=lambda: 5):
            raise ZeroDivisionError
    assert await told(data_dir, "b") == "cc"


async def test_one_that_was_killed_is_gone_on_with(data_dir: Path) -> None:
    """Its write-ahead log has what it committed."""
    assert await told(await killed(data_dir), "b") == "cc"


async def test_one_whose_log_was_removed_is_behind(data_dir: Path) -> None:
    """What was committed since the last checkpoint is gone, and was told: numbers jump, and readers are told."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("a"))
        await store.checkpoint()
        await poll(store, created("b"))
        left = copytree(data_dir, data_dir.with_name("killed"))
    (left / "driftd.db-wal").unlink()
    async with SqliteStore.open(left, clock_now=lambda: 5) as store:
        await poll(store, created("c"))
        log = await store.read_changes(0, 100)
    assert [each.op for each in log] == [Op.CREATE, Op.MARKER, Op.CREATE]
    assert log[0].seq == 1
    assert log[1].seq > 2**32


async def test_one_whose_log_a_reader_kept_from_a_start_in_vain_is_behind_without_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What that wrote is in the log alone, as a kill would leave it."""
    left = await killed(data_dir)
    with closing(sqlite3.connect(f"{(left / 'driftd.db').as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT epoch FROM meta").fetchall()
        monkeypatch.setattr(opening, "keep_up", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await told(left, "b")
    monkeypatch.undo()
    (left / "driftd.db-wal").unlink()
    assert "m" in await told(left, "b")


async def test_one_that_was_removed_is_begun_anew_behind_all_numbers(data_dir: Path) -> None:
    """Whoever removes it begins anew, but what was told with a number is never something else."""
    await told(data_dir, "a")
    (data_dir / "driftd.db").unlink()
    assert await told(data_dir, "a") == "cm"


def emptied(left: Path) -> None:
    (left / "driftd.db").write_bytes(b"")


def removed(left: Path) -> None:
    """Without its write-ahead log, which would be taken for another's."""
    (left / "driftd.db").unlink()


@pytest.mark.parametrize("spoil", [emptied, removed])
async def test_one_that_lost_what_it_had_is_damaged(spoil: Callable[[Path], None], data_dir: Path) -> None:
    """Not a new one: there was something in it."""
    left = await killed(data_dir)
    spoil(left)
    with pytest.raises(DamagedStoreError, match="gone, or empty"):
        await told(left, "b")


def begun(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "driftd.db").touch()
    with held(data_dir / "driftd.lock"):
        pass


async def test_one_that_never_held_anything_is_new(data_dir: Path) -> None:
    """A first start that was killed before its first byte leaves an empty file and a lock."""
    begun(data_dir)
    assert await told(data_dir, "a") == "c"
