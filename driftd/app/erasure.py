"""Erasing a record where no daemon runs, and which copies of the database there are beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from driftd.adapters.clock import SystemClock
from driftd.adapters.keyfile import KeyFile
from driftd.adapters.sqlite.backup import listed
from driftd.adapters.sqlite.files import DATABASE, QUARANTINE
from driftd.app.casework import sites
from driftd.app.opening import amending
from driftd.config import Config
from driftd.core.decision import Removal
from driftd.errors import DecisionError
from driftd.runtime.alarms import Alarms
from driftd.runtime.detect import Detector
from driftd.runtime.erasing import Erasing
from driftd.runtime.quiet import Quiet
from driftd.runtime.secrecy import Secrecy

_UNFINISHED: Final = "driftd-*.db.unfinished"
"""Backups that were begun."""


async def erase(config: Config, removal: Removal) -> str:
    """Erase a record, then go on with whatever erasure was interrupted before, and say what was done.

    Raises `DecisionError` where nothing is known of it, `LockedError` where a daemon owns the data directory.
    """
    clock, alarms = SystemClock(), Alarms(Quiet())
    async with amending(config) as store:
        await alarms.load(store.casebook, clock.now())
        detector = Detector(store.casebook, store, alarms, Secrecy(KeyFile(config.data_dir), store).of)
        erasing = Erasing(detector, store, clock, lambda: sites(config))
        try:
            said = await erasing.erase(removal)
        except DecisionError:
            await _resumed(erasing)
            raise
        return "\n".join([said, *await _resumed(erasing)])


async def _resumed(erasing: Erasing) -> Sequence[str]:
    """Go on with what was interrupted, and say so of each resource."""
    done = [names for names in await erasing.unfinished() if await erasing.resume(names)]
    return [f"an erasure from {names[1]} of {names[0]} that was interrupted is finished" for names in done]


def copies(config: Config) -> Sequence[Path]:
    """Return the copies of the database that are known: made by upgrades and backups, or set aside.

    A folder of backups may have files of others, which are nobody's to name here.
    """
    beside = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}
    found = {each for each in config.data_dir.glob(f"{DATABASE}*") if each.name not in beside}
    found |= {*listed(config.backup_dir), *config.backup_dir.glob(_UNFINISHED)}
    found |= set((config.data_dir / QUARANTINE).glob(f"*/{DATABASE}*"))
    return sorted(each for each in found if each.is_file())
