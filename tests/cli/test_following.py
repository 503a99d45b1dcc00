"""``driftd changes --follow`` goes on where another database takes the place of the one that it reads."""

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any, TypeVar

import anyio
import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.mending import mend, restore
from driftd.errors import LockedError
from tests.cli.conftest import Driftd, Started, Stocked
from tests.contracts.staged import RESOURCES, Part, created, poll
from tests.house.process import until

T = TypeVar("T")
CURSOR = ("--cursor", "warehouse")


def read(process: "subprocess.Popen[str]", count: int) -> list[dict[str, Any]]:
    """Return the next lines of a follower, which is ended where it says too few."""
    assert process.stdout is not None
    patience = Timer(20, process.kill)
    patience.start()
    try:
        return [json.loads(process.stdout.readline()) for _ in range(count)]
    finally:
        patience.cancel()


def unlocked(work: Callable[[], T]) -> T:
    """Do what needs the lock, which a follower takes for a moment where it moves its cursor."""

    def done() -> tuple[T] | None:
        with suppress(LockedError):
            return (work(),)
        return None

    found: tuple[T] = until(done, "the lock was never free")
    return found[0]


def add(where: Stocked, *parts: Part) -> None:
    """Commit to what is in place, as a poll does."""

    async def commit() -> None:
        async with SqliteStore.open(where.data_dir, clock_now=SystemClock().now) as store:
            await poll(store, *parts)

    unlocked(lambda: anyio.run(commit))


def printed(driftd: Driftd, where: Stocked, *arguments: str) -> list[dict[str, Any]]:
    """Return what a reader prints that comes now."""
    return [json.loads(line) for line in driftd("changes", "-c", where.config, *arguments).out.splitlines()]


@pytest.mark.parametrize("cursor", [(), CURSOR], ids=["plain", "cursor"])
def test_a_follower_meets_the_marker_of_a_restored_backup(
    driftd: Driftd, start: Started, changed: Stocked, tmp_path: Path, cursor: Sequence[str]
) -> None:
    """It hears what was since the backup, the markers, and what comes after them: each once, and nothing else."""
    copy = tmp_path / "copy.db"
    assert driftd("db", "backup", "--to", copy, "-c", changed.config).code == 0
    add(changed, created("since"))
    before = printed(driftd, changed)
    follower = start("changes", "-c", changed.config, "--follow", *cursor)
    assert read(follower, len(before)) == before
    unlocked(lambda: restore(changed.data_dir, copy, SystemClock().now()))
    add(changed, created("after"))
    after = printed(driftd, changed, "--after", str(before[-1]["seq"]))
    assert [each["op"] for each in after] == ["m"] * len(RESOURCES) + ["c"]
    assert read(follower, len(after)) == after
    add(changed, created("last"))
    (last,) = printed(driftd, changed, "--after", str(after[-1]["seq"]))
    assert read(follower, 1) == [last]


def test_a_follower_waits_for_a_new_database(driftd: Driftd, start: Started, changed: Stocked) -> None:
    """Where there is no backup, the marker comes with the first sweep."""
    before = printed(driftd, changed)
    follower = start("changes", "-c", changed.config, "--follow", *CURSOR)
    assert read(follower, len(before)) == before
    unlocked(lambda: mend(changed.data_dir, changed.data_dir / "backups", SystemClock().now(), "a test"))
    add(changed, created("anew"))
    after = printed(driftd, changed)
    assert {each["op"] for each in after} >= {"m"}
    assert read(follower, len(after)) == after


def test_a_follower_whose_cursor_cannot_be_moved_waits(driftd: Driftd, start: Started, changed: Stocked) -> None:
    """While a poll owns the data directory it says so; then it goes on, and prints nothing twice."""
    before = printed(driftd, changed)
    follower = start("changes", "-c", changed.config, "--follow", *CURSOR)
    assert read(follower, len(before)) == before
    listed = ("cursors", "list", "-c", changed.config, "--format", "json")
    while f'"after": {before[-1]["seq"]}' not in driftd(*listed).out:
        pass
    assert follower.stderr is not None
    told = follower.stderr

    async def polled() -> list[dict[str, Any]]:
        async with SqliteStore.open(changed.data_dir, clock_now=SystemClock().now) as store:
            await poll(store, created("meanwhile"))
            found = read(follower, 1)
            assert 'cursor "warehouse" waits to be moved' in told.readline()
            return found

    during = unlocked(lambda: anyio.run(polled))
    add(changed, created("last"))
    assert [*during, *read(follower, 1)] == printed(driftd, changed, "--after", str(before[-1]["seq"]))
