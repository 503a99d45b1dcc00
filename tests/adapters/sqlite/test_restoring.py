"""A database is restored from whatever file, exactly, or all stays as it was."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from driftd.adapters.sqlite import SqliteStore, copying, files, mending
from driftd.adapters.sqlite.backup import Shelf, take, take_into
from driftd.adapters.sqlite.mending import mend, restore
from driftd.adapters.sqlite.rebasing import Rebase, rebase
from driftd.errors import FullStoreError, StoreError
from tests.adapters.sqlite.filled import fill, keys
from tests.contracts.staged import created, key, poll
from tests.contracts.stores import room

NOW = 1_790_000_000_000


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory / "data"


async def killed(data_dir: Path) -> Path:
    """Return the directory of a database of which a record is in the file, and another in its log alone."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("a"))
        await store.checkpoint()
        await poll(store, created("b"))
        return copytree(data_dir, data_dir.with_name("killed"))


def held(data_dir: Path) -> dict[str, bytes]:
    """Return the files with what they hold, all but the lock's, and what who only reads makes."""
    found = [each for each in data_dir.rglob("*") if each.is_file() and each.suffix != ".lock"]
    texts = {str(each): each.read_bytes() for each in found if not each.name.endswith("-shm")}
    return {name: text for name, text in texts.items() if text or not name.endswith("-wal")}


async def test_what_only_its_log_holds_is_restored(data_dir: Path, tmp_path: Path) -> None:
    """Of a database that was set aside after a crash; and it is left as it is."""
    left = await killed(data_dir)
    aside = mend(left, left / "backups", NOW, "damaged").aside
    assert aside is not None
    before = held(aside)
    assert len(before) == 2
    restore(tmp_path / "new", aside / "driftd.db", NOW)
    assert await keys(tmp_path / "new") == {key("a"), key("b")}
    assert held(aside) == before


async def test_what_was_set_aside_takes_its_old_place_again(data_dir: Path) -> None:
    """What took its place is set aside in turn."""
    left = await killed(data_dir)
    aside = mend(left, left / "backups", NOW, "damaged").aside
    assert aside is not None
    await fill(left, "c")
    assert restore(left, aside / "driftd.db", NOW).aside not in {None, aside}
    assert await keys(left) == {key("a"), key("b")}


async def test_a_mend_from_a_backup_with_a_log_has_all_of_it(data_dir: Path, tmp_path: Path) -> None:
    """A file that somebody put among the backups with what belongs to it."""
    left = await killed(data_dir)
    (backups := tmp_path / "backups").mkdir()
    for each in files.parts(left / "driftd.db"):
        (backups / each.name.replace("driftd", "driftd-1")).write_bytes(each.read_bytes())
    assert mend(tmp_path / "new", backups, NOW, "damaged").source == backups / "driftd-1.db"
    assert await keys(tmp_path / "new") == {key("a"), key("b")}


def _itself(data_dir: Path) -> Path:
    return data_dir / "driftd.db"


def _link(data_dir: Path) -> Path:
    (link := data_dir.with_name("link.db")).symlink_to(data_dir / "driftd.db")
    return link


def _hard_link(data_dir: Path) -> Path:
    os.link(data_dir / "driftd.db", link := data_dir.with_name("hard.db"))
    return link


def _roundabout(data_dir: Path) -> Path:
    return data_dir / ".." / data_dir.name / "driftd.db"


def _folder(data_dir: Path) -> Path:
    return data_dir


def _unfinished(data_dir: Path) -> Path:
    (data_dir / "driftd.db.next").write_bytes((data_dir / "driftd.db").read_bytes())
    return data_dir / "driftd.db.next"


def _missing(data_dir: Path) -> Path:
    return data_dir / "none.db"


def _log(data_dir: Path) -> Path:
    return data_dir / "driftd.db-wal"


@pytest.mark.parametrize("named", [_itself, _link, _hard_link, _roundabout, _folder, _unfinished, _missing, _log])
@pytest.mark.parametrize("clean", [True, False])
async def test_what_is_no_other_database_is_refused(named: object, data_dir: Path, *, clean: bool) -> None:
    """The database itself by whatever name, what is made of it, a directory: nothing is moved, nothing is made."""
    left = await killed(data_dir)
    if clean:
        await fill(left)
    source = named(left)  # type: ignore[operator]
    before = held(left)
    with pytest.raises(StoreError):
        restore(left, source, NOW)
    assert held(left) == before
    assert await keys(left) == {key("a"), key("b")}


@pytest.mark.parametrize("step", ["_copy", "_go_on", "unsound"])
async def test_one_that_fails_before_it_takes_the_place_changes_nothing(
    step: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without room for the copy, say: nothing is left over, and the next start finds what was there."""
    await fill(data_dir, "a")
    chosen = take(data_dir, tmp_path / "copy.db")
    await fill(data_dir, "b")
    before = held(data_dir)

    def refuse(*_: object) -> None:
        raise FullStoreError("no room")

    monkeypatch.setattr(mending, step, refuse)
    with pytest.raises(FullStoreError):
        restore(data_dir, chosen.path, NOW)
    assert held(data_dir) == before
    assert await keys(data_dir) == {key("a"), key("b")}


async def test_a_copy_that_differs_from_its_source_is_refused(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not keep what it was given is found before anything is moved."""
    await fill(data_dir, *"abcdefgh")
    chosen = take(data_dir, tmp_path / "copy.db")
    before = held(data_dir)

    def torn(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(40_000)
            file.write(b"\xff" * 20_000)

    monkeypatch.setattr(copying, "flush", torn)
    with pytest.raises(StoreError):
        restore(data_dir, chosen.path, NOW)
    assert held(data_dir) == before


async def test_a_file_whose_log_could_not_be_emptied_is_not_moved_without_it(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads it: the log has what was done to it."""
    await fill(data_dir, "a")
    chosen = take(data_dir, tmp_path / "copy.db")
    before = held(data_dir)
    readers = []

    def held_open(db: sqlite3.Connection, why: Rebase) -> int:
        readers.append(reader := sqlite3.connect(data_dir / files.NEXT, isolation_level=None))
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM meta").fetchall()
        return rebase(db, why)

    monkeypatch.setattr(mending, "rebase", held_open)
    try:
        with pytest.raises(StoreError, match="held by another program"):
            restore(data_dir, chosen.path, NOW)
    finally:
        readers[0].close()
    assert held(data_dir) == before


async def test_a_mend_passes_over_a_backup_that_cannot_be_copied(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was whole a moment ago, on a disk that fails."""
    backups = data_dir / "backups"
    await fill(data_dir, "a")
    good = take_into(Shelf(backups, 3), data_dir, NOW)
    await fill(data_dir, "b")
    bad = take_into(Shelf(backups, 3), data_dir, NOW + 60_000)
    copy = mending._copy

    def fail(source: Path, fresh: Path) -> None:
        if source == bad.path:
            raise StoreError("could not be read")
        copy(source, fresh)

    monkeypatch.setattr(mending, "_copy", fail)
    assert mend(data_dir, backups, NOW, "damaged").source == good.path
    assert await keys(data_dir) == {key("a")}


async def test_a_mend_without_room_takes_no_worse_backup(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a new database: it waits for room."""
    backups = data_dir / "backups"
    await fill(data_dir, "a")
    taken = take_into(Shelf(backups, 3), data_dir, NOW)

    def refuse(*_: object) -> None:
        raise FullStoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(mending, "_copy", refuse)
        with pytest.raises(FullStoreError):
            mend(data_dir, backups, NOW, "damaged")
    assert mend(data_dir, backups, NOW, "damaged").source == taken.path
