"""Backups and looks through the database, each when it is due, on a thread of their own."""

import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from threading import Event

import anyio
import pytest
from anyio import to_thread

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.backup import listed
from driftd.app.care import Keeper
from driftd.config import Config, DaemonConfig, StoreConfig
from driftd.errors import DamagedStoreError
from tests.contracts.staged import created, poll
from tests.contracts.stores import room
from tests.fakes.log import Line, Told
from tests.runtime.world import FakeClock

HOUR = 3600.0


class EndError(Exception):
    """The time that a test gives is over."""


class Hours(FakeClock):
    """A clock that runs out."""

    def __init__(self, hours: float) -> None:
        super().__init__()
        self.end = self.ms + round(hours * HOUR * 1000)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.ms > self.end:
            raise EndError


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created("a"))
        yield store


async def lived(store: SqliteStore, data_dir: Path, hours: float, **settings: float) -> tuple[Keeper, list[Line]]:
    """Let a keeper live for so many hours."""
    lines: list[Line] = []
    kept = StoreConfig(**settings)  # type: ignore[arg-type]
    keeper = Keeper(store, Config(DaemonConfig(data_dir), (), store=kept), Hours(hours), Told(lines))
    with pytest.raises(EndError):
        await keeper.run()
    return keeper, lines


async def test_a_daemon_that_is_restarted_all_the_time_does_nothing(store: SqliteStore, data_dir: Path) -> None:
    """Before it has lived for an hour."""
    _, lines = await lived(store, data_dir, 0.9)
    assert not lines


async def test_backups_come_as_often_as_they_should(store: SqliteStore, data_dir: Path) -> None:
    """One an hour after the start, then one each interval; no more are kept than should be."""
    keeper, lines = await lived(store, data_dir, 50, backups_kept=2)
    assert [event for _, event, _ in lines].count("backup taken") == 3
    assert len(listed(data_dir / "backups")) == 2
    assert keeper.care.backup_size == listed(data_dir / "backups")[0].stat().st_size
    assert keeper.care.backup_failures == 0


async def test_none_come_where_none_are_wanted(store: SqliteStore, data_dir: Path) -> None:
    """The look through the file does."""
    _, lines = await lived(store, data_dir, 30, backup_every=0)
    assert [event for _, event, _ in lines] == ["database is whole"]


async def test_the_file_is_looked_through_every_week(store: SqliteStore, data_dir: Path) -> None:
    keeper, lines = await lived(store, data_dir, 24 * 15, backup_every=0)
    assert [event for _, event, _ in lines] == ["database is whole"] * 3
    assert keeper.care.whole


async def test_a_backup_that_fails_is_told_counted_and_tried_again(store: SqliteStore, data_dir: Path) -> None:
    """Within the hour, not each minute."""
    (data_dir / "backups").touch()
    keeper, lines = await lived(store, data_dir, 4.5)
    assert [event for _, event, _ in lines].count("backup failed") == keeper.care.backup_failures == 4
    assert keeper.care.backed_up is None


async def test_a_folder_of_backups_that_fails_ends_nothing(
    store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at the start nor later: it is told and counted each time."""

    def stale(_: Path, pattern: str) -> list[Path]:
        raise OSError(errno.ESTALE, "stale file handle")

    monkeypatch.setattr(Path, "glob", stale)
    keeper, lines = await lived(store, data_dir, 2.5)
    failed = [fields["error"] for _, event, fields in lines if event == "backup failed"]
    assert len(failed) == keeper.care.backup_failures == 2
    assert all("stale file handle" in str(error) for error in failed)


async def test_an_old_backup_that_stays_is_told_and_no_reason_to_take_another(
    store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is due a day later, as ever."""

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EPERM, "not permitted", str(path))

    (data_dir / "backups").mkdir()
    (data_dir / "backups" / "driftd-x.db.unfinished").touch()
    unlink = Path.unlink
    monkeypatch.setattr(
        Path, "unlink", lambda path, missing_ok=False: (refuse if "-x" in path.name else unlink)(path, missing_ok)
    )
    keeper, lines = await lived(store, data_dir, 10)
    assert [event for _, event, _ in lines if "backup" in event] == ["backup taken", "backup failed"]
    assert keeper.care.backup_failures == 1
    assert keeper.care.backed_up is not None


async def test_a_backup_from_the_future_is_no_reason_to_take_none(store: SqliteStore, data_dir: Path) -> None:
    """A clock that was ahead dated it; after a restart one is due as where there is none."""
    (data_dir / "backups").mkdir()
    ahead = data_dir / "backups" / "driftd-20990101T000000Z.db"
    ahead.touch()
    os.utime(ahead, (2**33, 2**33))
    _, lines = await lived(store, data_dir, 3, backups_kept=1)
    assert [event for _, event, _ in lines].count("backup taken") == 1
    assert ahead not in listed(data_dir / "backups")


async def test_no_backup_takes_the_room_that_capture_needs(store: SqliteStore, data_dir: Path) -> None:
    """Where it is taken on the volume of the database."""
    keeper, _ = await lived(store, data_dir, 1.5, low_water=2**60)
    assert keeper.care.backup_failures == 1
    assert not listed(data_dir / "backups")


async def test_a_file_that_vanishes_as_it_was_looked_through_is_told(
    store: SqliteStore, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody removed the database: no traceback ends the daemon."""
    monkeypatch.setattr("driftd.app.care.faults", lambda path, **_: path.unlink())
    lines: list[Line] = []
    await Keeper(store, Config(DaemonConfig(data_dir), ()), FakeClock(), Told(lines)).check()
    assert [event for _, event, _ in lines] == ["database cannot be checked"]


async def test_damage_that_is_found_ends_the_daemon_s_life(store: SqliteStore, data_dir: Path) -> None:
    """Whoever runs it mends that."""
    await store.checkpoint()
    path = data_dir / "driftd.db"
    path.write_bytes(path.read_bytes()[:20_000])
    lines: list[Line] = []
    keeper = Keeper(store, Config(DaemonConfig(data_dir), ()), FakeClock(), Told(lines))
    with pytest.raises(DamagedStoreError):
        await keeper.check()
    assert not keeper.care.whole
    assert [event for _, event, _ in lines] == ["database is damaged"]


async def test_what_is_cancelled_gives_up(store: SqliteStore, data_dir: Path) -> None:
    """A daemon that ends does not wait for a backup, and none goes on without it."""
    keeper = Keeper(store, Config(DaemonConfig(data_dir), ()), FakeClock(), Told([]))
    begun, gave_up, never = Event(), Event(), Event()

    def work(*, given_up: Callable[[], bool]) -> None:
        begun.set()
        if any(given_up() or never.wait(0.001) for _ in range(9_000)):
            gave_up.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper._aside, work)
        await to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
    assert await to_thread.run_sync(gave_up.wait, 10)
