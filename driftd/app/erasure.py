"""Erasing a record where no daemon runs, and which copies of the database there are beside it."""

from collections.abc import Sequence
from pathlib import Path

from driftd.adapters.clock import SystemClock
from driftd.adapters.keyfile import KeyFile
from driftd.adapters.sqlite.files import DATABASE, QUARANTINE
from driftd.app.casework import sites
from driftd.app.opening import amending
from driftd.config import Config
from driftd.core.decision import Removal
from driftd.runtime.alarms import Alarms
from driftd.runtime.detect import Detector
from driftd.runtime.erasing import Erasing
from driftd.runtime.quiet import Quiet
from driftd.runtime.secrecy import Secrecy


async def erase(config: Config, removal: Removal) -> str:
    """Erase a record and say what was done.

    Raises `DecisionError` where nothing is known of it, `LockedError` where a daemon owns the data directory.
    """
    clock, alarms = SystemClock(), Alarms(Quiet())
    async with amending(config) as store:
        await alarms.load(store.casebook, clock.now())
        detector = Detector(store.casebook, store, alarms, Secrecy(KeyFile(config.data_dir), store).of)
        return await Erasing(detector, store, clock, lambda: sites(config)).erase(removal)


def copies(config: Config) -> Sequence[Path]:
    """Return the copies of the database that are known: made by upgrades and backups, or set aside."""
    beside = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}
    found = {each for each in config.data_dir.glob(f"{DATABASE}*") if each.name not in beside}
    for folder in (config.backup_dir, config.data_dir / QUARANTINE):
        found |= {each for each in folder.glob("**/*") if each.is_file()}
    return sorted(found)
