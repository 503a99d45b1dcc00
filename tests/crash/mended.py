"""Backups that are taken and restored, as scenarios of the crash matrix."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite import SqliteStore, backup, files, mending
from driftd.adapters.sqlite.integrity import faults
from driftd.core.model import Op, Recorded
from tests.contracts.staged import CUSTOMERS, sight
from tests.crash.differing import Shown, events, records, repeated
from tests.crash.polls import STATES, play
from tests.crash.shown import shown as shown_by_store

_FIRST: Final = 1_700_000_000_000


def _backups(data_dir: Path) -> Path:
    return data_dir / files.BACKUPS


async def back_up(data_dir: Path) -> None:
    """Take a backup; what an unfinished one left is removed."""
    backup.take_into(backup.Shelf(_backups(data_dir), 2), data_dir, _FIRST)


async def prepare(data_dir: Path) -> None:
    """Poll twice, take a backup, and poll once more."""
    await play(data_dir, range(2))
    await back_up(data_dir)
    await play(data_dir, range(2, 3))


async def restore(data_dir: Path) -> None:
    """Restore the backup, unless that was done."""
    (source,) = backup.listed(_backups(data_dir))
    mending.restore(data_dir, source, _FIRST)


async def go_on(data_dir: Path) -> None:
    """Do what a start does that finds a restoring unfinished, restore where it was not begun, and poll on."""
    if files.mending(data_dir):
        mending.mend(data_dir, _backups(data_dir), _FIRST, "it was damaged")
    if not any(each.op is Op.MARKER for each in await _log(data_dir)):
        await restore(data_dir)
    await play(data_dir, range(len(STATES)))


async def _log(data_dir: Path) -> Sequence[Recorded]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        return await store.read_changes(0, 10_000)


async def kept(data_dir: Path) -> Shown:
    """Return what the store shows, and that each backup is whole and nothing unfinished lies there."""
    found = sorted(_backups(data_dir).iterdir())
    unsound = [each.name for each in found if each.suffix != ".db" or faults(each, full=True)]
    seen = await shown_by_store(data_dir)
    return replace(seen, rest=f"{seen.rest}, {bool(found)}, {unsound}")


async def restored(data_dir: Path) -> Shown:
    """Return what is the same however often a restoring was begun: records, and what the log tells in its order."""
    async with SqliteStore.reading(data_dir) as store:
        seen = (await sight(store)).seen or ()
        log = await store.read_changes(0, 10_000)
    told = events(log)
    names = sorted(path.name for path in data_dir.iterdir())  # noqa: ASYNC240 - nothing else runs
    return Shown(told, records(CUSTOMERS.name, seen), repr((told, names)), repeated(log))
