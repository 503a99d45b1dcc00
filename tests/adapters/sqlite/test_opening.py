"""How the data directory is opened, shared and refused; and that no failure leaves a thread behind."""

import asyncio
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from shutil import copytree

import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.sql import migrations
from driftd.core.model import Kind
from driftd.errors import LockedError, StoreError
from tests.contracts.staged import CUSTOMERS, created, key, poll, sight
from tests.contracts.stores import room

Way = Callable[[Path], AbstractAsyncContextManager[SqliteStore]]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory / "data"


async def _fill(data_dir: Path) -> None:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("a"))


def _change(data_dir: Path, statement: str) -> None:
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
        db.execute(statement)


async def test_directory_and_file_are_made_for_our_eyes_only(data_dir: Path) -> None:
    """What is missing is created, readable by nobody else."""
    await _fill(data_dir / "below")
    assert stat.S_IMODE((data_dir / "below").stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "below" / "driftd.db").stat().st_mode) == 0o600


async def test_the_file_is_set_up_as_designed(data_dir: Path) -> None:
    """Settings that are kept in the file are there from its first table on."""
    await _fill(data_dir)
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        asked = ("page_size", "auto_vacuum", "journal_mode", "user_version", "application_id", "integrity_check")
        told = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked}
    assert told == {
        "page_size": 4_096,
        "auto_vacuum": 2,
        "journal_mode": "wal",
        "user_version": len(migrations()),
        "application_id": int.from_bytes(b"drft", "big"),
        "integrity_check": "ok",
    }


async def test_what_was_stored_is_there_after_a_restart(data_dir: Path) -> None:
    """Opening again shows all, and numbers go on."""
    await _fill(data_dir)
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        assert set((await sight(store)).stored) == {key("a")}
        assert (await poll(store, created("b"))).first_seq == 2


async def test_a_second_writer_is_refused_and_told_who_has_it(data_dir: Path) -> None:
    """While one process has the store, another gets `LockedError` with pid and host; after that it may."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        with pytest.raises(LockedError, match=f"pid {os.getpid()} on {socket.gethostname()}"):
            await _fill(data_dir)
        await poll(store, created("b"))
    await _fill(data_dir)


async def test_each_writer_raises_the_epoch(data_dir: Path) -> None:
    """Two starts have different epochs, so that the earlier can be told from the later."""
    epochs = []
    for _ in range(2):
        await _fill(data_dir)
        with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
            epochs.append(db.execute("SELECT epoch, opened_at FROM meta").fetchone())
    assert epochs == [(1, 5), (2, 5)]


class TestReading:
    async def test_it_sees_what_another_process_commits(self, data_dir: Path) -> None:
        """A reader needs no lock, sees each commit, nothing of what is only staged, and cannot begin a cycle."""
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as writer:
            await poll(writer, created("a"))
            async with SqliteStore.reading(data_dir) as reader:
                assert set((await sight(reader)).stored) == {key("a")}
                await poll(writer, created("b"))
                assert (await sight(reader)) == (await sight(writer))
                with pytest.raises(StoreError, match="reading only"):
                    await reader.begin(CUSTOMERS, Kind.SWEEP, host="h", folder="F", now=1)

    async def test_it_works_without_a_writer(self, data_dir: Path) -> None:
        """The last writer's end takes nothing from readers, nor a reader's end from the next writer."""
        await _fill(data_dir)
        for _ in range(2):
            async with SqliteStore.reading(data_dir) as reader:
                assert (await reader.read_record("acme", "BPCUSTOMER", key("a"))) is not None
            await _fill(data_dir)

    @pytest.mark.parametrize("state", ["no directory", "no file", "empty file"])
    async def test_where_nothing_is_stored_it_says_what_to_run(self, data_dir: Path, state: str) -> None:
        """There is nothing to read before the first poll."""
        _leave(data_dir, state)
        with pytest.raises(StoreError, match="driftd poll"):
            async with SqliteStore.reading(data_dir):
                pass


def _leave(data_dir: Path, state: str) -> None:
    if state != "no directory":
        data_dir.mkdir()
    if state == "empty file":
        (data_dir / "driftd.db").touch()


def _take(data_dir: Path, name: str) -> None:
    if name:
        (data_dir / name).mkdir(parents=True)
    else:
        data_dir.write_text("a file")


def _newer(data_dir: Path) -> None:
    _change(data_dir, "PRAGMA user_version = 99")


def _foreign(data_dir: Path) -> None:
    _change(data_dir, "PRAGMA application_id = 7")


def _garbage(data_dir: Path) -> None:
    (data_dir / "driftd.db").write_bytes(b"no database at all" * 5_000)


def _torn(data_dir: Path) -> None:
    path = data_dir / "driftd.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:32_768] + b"\xff" * (len(whole) - 32_768))


REFUSED = {
    "newer": (_newer, "newer driftd"),
    "foreign": (_foreign, "another program"),
    "garbage": (_garbage, "not a database of driftd"),
    "torn": (_torn, "damaged"),
}


@pytest.mark.parametrize("way", [SqliteStore.reading, lambda path: SqliteStore.open(path, clock_now=lambda: 5)])
@pytest.mark.parametrize("what", REFUSED)
async def test_a_file_that_is_not_ours_is_refused_and_left_alone(data_dir: Path, what: str, way: Way) -> None:
    """A newer, foreign or damaged file is a `StoreError` that says so, and not a byte of it is changed."""
    await _fill(data_dir)
    spoil, text = REFUSED[what]
    spoil(data_dir)
    before = (data_dir / "driftd.db").read_bytes()
    with pytest.raises(StoreError, match=text):
        async with way(data_dir) as store:
            await sight(store)
    if what != "torn":
        assert (data_dir / "driftd.db").read_bytes() == before


async def test_damage_is_found_after_an_unclean_end(data_dir: Path) -> None:
    """A file whose writer was killed is checked before anything is built on it."""
    await _fill(data_dir)
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store)
        killed = copytree(data_dir, data_dir.with_name("killed"))
    _torn(killed)
    with pytest.raises(StoreError, match="damaged"):
        async with SqliteStore.open(killed, clock_now=lambda: 5):
            pass


@pytest.mark.parametrize("taken", ["", "driftd.lock", "driftd.db"])
async def test_a_place_that_cannot_be_written_is_refused(data_dir: Path, taken: str) -> None:
    """Where directory, lock or database cannot be made, the error names it and what to check."""
    _take(data_dir, taken)
    with pytest.raises(StoreError, match=r"check owner and permissions"):
        await _fill(data_dir)


class TestThreads:
    """A connection's thread keeps a process from ending: none may be left, whatever went wrong."""

    @pytest.fixture(autouse=True)
    def _nobody_stays(self) -> Iterator[None]:
        before = set(threading.enumerate())
        yield
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            assert not thread.is_alive()

    @pytest.mark.parametrize("what", REFUSED)
    def test_none_stays_of_a_file_that_is_refused(self, data_dir: Path, what: str) -> None:
        """Refusing a file ends every thread that was started for it."""
        asyncio.run(_fill(data_dir))
        REFUSED[what][0](data_dir)
        with pytest.raises(StoreError):
            asyncio.run(self._read(data_dir))

    async def _read(self, data_dir: Path) -> None:
        async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
            await sight(store)

    @pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
    def test_none_stays_of_a_process_that_fails(self, data_dir: Path, failure: type[BaseException]) -> None:
        """An error, Ctrl-C or a cancellation in the midst of a cycle ends every thread, and the lock is free again."""

        async def fail() -> None:
            async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
                await poll(store, created("a"))
                async with await store.begin(CUSTOMERS, Kind.SWEEP, host="h", folder="F", now=1):
                    raise failure

        with pytest.raises(failure):
            asyncio.run(fail())
        asyncio.run(self._read(data_dir))

    def test_none_stays_of_a_task_cancelled_while_it_opens(self, data_dir: Path) -> None:
        """Cancelled at any of its first steps, the opening leaves neither thread nor lock."""

        async def cancelled(steps: int) -> None:
            task = asyncio.ensure_future(_fill(data_dir))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        for steps in range(30):
            asyncio.run(cancelled(steps))
        asyncio.run(self._read(data_dir))


LOCKS = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
"""
"""Takes the lock that SQLite takes before it removes a write-ahead log, and fails where somebody reads."""


def _is_read(path: Path) -> bool:
    """Tell whether another process may not have the database alone."""
    ran = subprocess.run([sys.executable, "-c", LOCKS, path], capture_output=True, check=False)
    return b"BlockingIOError" in ran.stderr


async def test_an_opening_ends_no_lock_of_another_reader_of_its_process(data_dir: Path) -> None:
    """POSIX ends all locks of a process on a file with the first close of any descriptor of it."""
    path = data_dir / "driftd.db"
    async with SqliteStore.open(data_dir, clock_now=lambda: 1):
        pass
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT count(*) FROM resources").fetchall()
        assert _is_read(path)
        async with SqliteStore.open(data_dir, clock_now=lambda: 1):
            assert _is_read(path)
