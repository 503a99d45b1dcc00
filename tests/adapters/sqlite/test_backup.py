"""Backups: taken while the database is written, whole before they have their name, kept in number."""

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftd.adapters.sqlite import SqliteStore, backup, mending
from driftd.adapters.sqlite.backup import Shelf, take, take_into
from driftd.adapters.sqlite.integrity import faults
from driftd.adapters.sqlite.mending import mend, restore
from driftd.core.model import Op
from driftd.errors import FullStoreError, LockedError, StoreError
from tests.adapters.sqlite.filled import fill, keys
from tests.contracts.staged import created, key, poll, updated
from tests.contracts.stores import room

NOW = 1_790_000_000_000


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory / "data"


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def spoil(path: Path) -> None:
    """Overwrite the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 20_000)


def rewritten(path: Path, old: str, new: str, name: str = "generations_by_seq") -> None:
    """Alter the text of a definition behind SQLite's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?", (old, new, name))


class TestTaking:
    async def test_a_copy_is_one_state_while_the_store_is_written(self, data_dir: Path, tmp_path: Path) -> None:
        """What is committed is in it, what is not is not; it is whole, and for our eyes only."""
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            await poll(store, created("a"))
            taken = take(data_dir, tmp_path / "copy.db")
            await poll(store, created("b"))
        assert not faults(taken.path, full=True)
        assert stat.S_IMODE(taken.path.stat().st_mode) == 0o600
        assert taken.size == taken.path.stat().st_size
        restore(data_dir, taken.path, NOW)
        assert await keys(data_dir) == {key("a")}

    async def test_the_newest_are_kept(self, data_dir: Path, tmp_path: Path) -> None:
        """Of those in the folder of backups; another file there is left alone, and what a crash left is removed."""
        await fill(data_dir, "a")
        tmp_path.joinpath("driftd-mine.txt").touch()
        tmp_path.joinpath("driftd-old.db.unfinished").touch()
        paths = []
        for number in range(4):
            paths.append(take_into(Shelf(tmp_path, 2), data_dir, NOW + number * 60_000).path)
            os.utime(paths[-1], ns=(NOW + number, NOW + number))
        assert backup.listed(tmp_path) == paths[:1:-1]
        assert [name for name in names(tmp_path) if "driftd-2" not in name] == ["driftd-mine.txt"]

    async def test_what_a_clock_that_was_ahead_dated_is_older_than_what_comes_after(
        self, data_dir: Path, tmp_path: Path
    ) -> None:
        """The one just taken stays and is the newest; the others keep their order, and the oldest goes."""
        await fill(data_dir, "a")
        ahead = (2**33, 2**33 + 1, 2**33 + 2)
        paths = []
        for at in (1_000, *ahead):
            paths.append(take_into(Shelf(tmp_path, 9), data_dir, at * 1000).path)
            os.utime(paths[-1], (at, at))
        last = take_into(Shelf(tmp_path, 4), data_dir, NOW)
        assert backup.listed(tmp_path) == [last.path, *paths[:0:-1]]
        assert backup.latest(tmp_path) == last.path.stat().st_mtime_ns // 1_000_000
        assert take_into(Shelf(tmp_path, 1), data_dir, NOW + 60_000).path == backup.listed(tmp_path)[0]
        assert len(names(tmp_path)) == 1

    async def test_what_is_no_file_is_no_backup(self, data_dir: Path, tmp_path: Path) -> None:
        """A directory that has the name of one, a link to nothing: they are left alone."""
        await fill(data_dir, "a")
        (tmp_path / "driftd-old.db").mkdir()
        (tmp_path / "driftd-link.db").symlink_to(tmp_path / "nothing")
        taken = take_into(Shelf(tmp_path, 1), data_dir, NOW)
        assert backup.listed(tmp_path) == [taken.path]
        assert taken.stays == ""
        assert len(names(tmp_path)) == 3

    async def test_one_that_cannot_be_removed_is_named(
        self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The backup is taken all the same, and what can go goes."""
        await fill(data_dir, "a")
        old = [take_into(Shelf(tmp_path, 9), data_dir, NOW + number * 60_000).path for number in range(3)]
        unlink = Path.unlink

        def refuse(path: Path, missing_ok: bool = False) -> None:
            if path == old[1]:
                raise PermissionError(errno.EPERM, "not permitted", str(path))
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", refuse)
        taken = take_into(Shelf(tmp_path, 1), data_dir, NOW + 600_000)
        assert str(old[1]) in taken.stays
        assert backup.listed(tmp_path) == [taken.path, old[1]]

    @pytest.mark.parametrize("call", ["glob", "stat", "exists", "mkdir", "replace"])
    async def test_a_folder_that_fails_is_a_store_error(
        self, call: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever of it the disk refuses: it names the folder or a file there."""
        await fill(data_dir, "a")
        take_into(Shelf(tmp_path, 9), data_dir, NOW)
        real = getattr(Path, call)

        def stale(path: Path, *arguments: object, **named: object) -> object:
            if path.is_relative_to(tmp_path):
                raise OSError(errno.ESTALE, "stale file handle", str(path))
            return real(path, *arguments, **named)

        monkeypatch.setattr(Path, call, stale)
        with pytest.raises(StoreError, match=str(tmp_path)):
            take_into(Shelf(tmp_path, 9), data_dir, NOW + 60_000)
        if call in {"glob", "stat"}:
            with pytest.raises(StoreError, match=str(tmp_path)):
                backup.latest(tmp_path)

    async def test_a_damaged_database_gives_no_backup(self, data_dir: Path, tmp_path: Path) -> None:
        """Nothing has the name, nothing unfinished stays, and older ones are not removed for it."""
        await fill(data_dir, *"abcdefgh")
        take_into(Shelf(tmp_path, 1), data_dir, NOW)
        spoil(data_dir / "driftd.db")
        with pytest.raises(StoreError):
            take_into(Shelf(tmp_path, 1), data_dir, NOW + 60_000)
        assert len(names(tmp_path)) == 1

    async def test_one_that_does_not_fit_is_not_begun(self, data_dir: Path) -> None:
        """It would fill the disk for everyone else, or leave too little for capture to go on."""
        await fill(data_dir, "a")
        with pytest.raises(FullStoreError, match="no room for a backup"):
            take_into(Shelf(data_dir / "backups", 1, spare=2**60), data_dir, NOW)
        assert not names(data_dir / "backups")

    async def test_another_volume_may_be_filled(
        self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What must stay free is where the database is."""
        await fill(data_dir, "a")
        stat = Path.stat

        def elsewhere(path: Path, **how: bool) -> os.stat_result:
            found = stat(path, **how)
            return os.stat_result((*found[:2], 99, *found[3:10])) if path == tmp_path else found

        monkeypatch.setattr(Path, "stat", elsewhere)
        assert take(data_dir, tmp_path / "copy.db", spare=2**60).size

    async def test_one_that_is_given_up_leaves_nothing(
        self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A daemon that ends does not wait for it."""
        monkeypatch.setattr("driftd.adapters.sqlite.integrity._STEPS", 1)
        await fill(data_dir, "a")
        with pytest.raises(StoreError, match="given up"):
            take(data_dir, tmp_path / "copy.db", given_up=lambda: True)
        assert not names(tmp_path)

    async def test_a_file_that_is_there_is_not_overwritten(self, data_dir: Path, tmp_path: Path) -> None:
        """Whoever names a file twice is told."""
        await fill(data_dir, "a")
        take(data_dir, tmp_path / "copy.db")
        with pytest.raises(StoreError, match="there already"):
            take(data_dir, tmp_path / "copy.db")


class TestReplacing:
    async def test_numbers_go_on_behind_all_that_were_told(self, data_dir: Path, tmp_path: Path) -> None:
        """Those told after the backup too; a marker for the resource comes before whatever is told next."""
        await fill(data_dir, "a")
        taken = take(data_dir, tmp_path / "copy.db")
        await fill(data_dir, "b", "c")
        done = restore(data_dir, taken.path, 7)
        assert done.seq > 2**32
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            outcome = await poll(store, updated("a", 1))
            log = await store.read_changes(1, 10)
            assert [each.op for each in log] == [Op.MARKER, Op.UPDATE]
            assert [each.seq for each in log] == [done.seq + 1, done.seq + 2]
            assert outcome.first_seq == done.seq + 2
            assert (await store.read_changes(0, 10, connection="acme", resource="BPCUSTOMER"))[1].op is Op.MARKER
            rebased = await store.rebased()
        assert rebased is not None
        assert (rebased.reason, rebased.aside) == ("restored from copy.db", str(done.aside))

    async def test_a_new_database_marks_each_first_sweep(self, data_dir: Path) -> None:
        """Without a backup, the marker follows what was read anew; a second sweep brings none."""
        await fill(data_dir, "a")
        done = mend(data_dir, data_dir / "backups", NOW, "damaged")
        assert (done.source, done.seq) == (None, NOW)
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            await poll(store, created("a"), baseline=True)
            await poll(store, created("b"))
            assert [each.op for each in await store.read_changes(0, 10)] == [*"cmc"]

    async def test_the_newest_backup_that_is_whole_is_taken(self, data_dir: Path) -> None:
        """One that is damaged itself is passed over, and stays."""
        backups, paths = data_dir / "backups", []
        for number, name in enumerate("ab"):
            await fill(data_dir, name)
            paths.append(take_into(Shelf(backups, 3), data_dir, NOW + number * 60_000).path)
        spoil(paths[1])
        done = mend(data_dir, backups, NOW, "damaged")
        assert done.source == paths[0]
        assert await keys(data_dir) == {key("a")}
        assert len(names(backups)) == 2

    async def test_what_was_there_is_set_aside_whole(self, data_dir: Path) -> None:
        """With all files that belong to it, and kept each time; its ``-shm`` is SQLite's own to make anew."""
        await fill(data_dir, "a")
        files = {}
        for suffix in ("", "-wal", "-shm"):
            path = data_dir / f"driftd.db{suffix}"
            path.write_bytes(f"spoilt{suffix}".encode())
            files[path.name] = path.read_bytes()
        for _ in range(2):
            done = mend(data_dir, data_dir / "backups", NOW, "damaged")
            assert done.aside is not None
        assert len(names(data_dir / "quarantine")) == 2
        first = data_dir / "quarantine" / names(data_dir / "quarantine")[0]
        assert sorted(files) == names(first)
        assert all((first / name).read_bytes() == files[name] for name in ("driftd.db", "driftd.db-wal"))

    async def test_one_that_breaks_off_is_finished_later(
        self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until then nothing is taken for the database; then it is the backup that was chosen, not the newest."""
        await fill(data_dir, "a")
        chosen = take(data_dir, tmp_path / "copy.db")
        await fill(data_dir, "b")
        take_into(Shelf(data_dir / "backups", 1), data_dir, NOW)
        with monkeypatch.context() as patch:
            patch.setattr(mending, "_set_aside", lambda *_: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                restore(data_dir, chosen.path, NOW)
        with pytest.raises(StoreError, match="set aside"):
            await fill(data_dir, "c")
        mend(data_dir, data_dir / "backups", NOW, "damaged")
        assert await keys(data_dir) == {key("a")}
        assert not [name for name in names(data_dir) if "next" in name or "mending" in name]

    async def test_it_waits_for_no_one(self, data_dir: Path, tmp_path: Path) -> None:
        """While another process writes, nothing is touched."""
        await fill(data_dir, "a")
        taken = take(data_dir, tmp_path / "copy.db")
        async with SqliteStore.open(data_dir, clock_now=lambda: 5):
            with pytest.raises(LockedError):
                restore(data_dir, taken.path, NOW)
        assert "quarantine" not in names(data_dir)

    @pytest.mark.parametrize("text", [b"", b"no database" * 999])
    async def test_what_is_no_backup_is_refused(self, text: bytes, data_dir: Path, tmp_path: Path) -> None:
        """Before anything is moved."""
        await fill(data_dir, "a")
        (tmp_path / "copy.db").write_bytes(text)
        with pytest.raises(StoreError):
            restore(data_dir, tmp_path / "copy.db", NOW)
        assert await keys(data_dir) == {key("a")}


class TestChecking:
    async def test_an_index_that_differs_is_found_by_the_full_look_alone(self, data_dir: Path) -> None:
        """The quick look compares no index with its table."""
        await fill(data_dir, "a")
        path = data_dir / "driftd.db"
        rewritten(path, "size > 0", "size > 9")
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("REINDEX generations_by_seq")
        rewritten(path, "size > 9", "size > 0")
        assert not faults(path, full=False)
        assert "generations_by_seq" in " ".join(faults(path, full=True))

    async def test_a_definition_that_was_altered_is_found(self, data_dir: Path) -> None:
        """And nothing is built on it after a crash: SQLite itself would believe it."""
        await fill(data_dir, "a")
        rewritten(data_dir / "driftd.db", "untidy = 0", "untidy = 1", "visible_records")
        assert faults(data_dir / "driftd.db", full=False) == ["visible_records is not what it was"]
        lock = data_dir / "driftd.lock"
        lock.write_bytes(lock.read_bytes().replace(b"wrote", b"writes"))
        (data_dir / "driftd.db-wal").touch()
        with pytest.raises(StoreError, match="visible_records"):
            await fill(data_dir, "b")

    @pytest.mark.parametrize("full", [False, True])
    async def test_what_others_added_is_no_damage(self, data_dir: Path, *, full: bool) -> None:
        """Tables of replication, an index, a view, a table whose references lead nowhere: a backup of it is good."""
        await fill(data_dir, "a")
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
            db.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
            db.execute("CREATE INDEX mine ON changes (key)")
            db.execute("CREATE VIEW keys AS SELECT key FROM changes")
            db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, about INTEGER REFERENCES resources (id))")
            db.execute("INSERT INTO notes VALUES (1, 99)")
        assert not faults(data_dir / "driftd.db", full=full)
        taken = take_into(Shelf(data_dir / "backups", 1), data_dir, NOW)
        assert mend(data_dir, data_dir / "backups", NOW, "damaged").source == taken.path

    async def test_what_is_ours_and_missing_is_found(self, data_dir: Path) -> None:
        """An index that was dropped is named."""
        await fill(data_dir, "a")
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
            db.execute("DROP INDEX generations_by_seq")
        assert faults(data_dir / "driftd.db", full=False) == ["generations_by_seq is not what it was"]

    async def test_a_reference_to_nothing_is_found(self, data_dir: Path) -> None:
        """What refers to a row that is not there is named."""
        await fill(data_dir, "a")
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("INSERT INTO dictionaries VALUES (99, x'00')")
        assert faults(data_dir / "driftd.db", full=True) == [
            "dictionaries: row 99 refers to what is not there in resources"
        ]
