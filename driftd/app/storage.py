"""The database as a file, from outside the daemon: backups, restoring one, and whether it is whole."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from driftd.adapters.sqlite.backup import Shelf, Taken, take, take_into
from driftd.adapters.sqlite.ballast import Ballast
from driftd.adapters.sqlite.files import DATABASE, LOCK
from driftd.adapters.sqlite.integrity import faults
from driftd.adapters.sqlite.lock import holder
from driftd.adapters.sqlite.mending import Mended, restore
from driftd.config import Config
from driftd.core.space import limits, wanted
from driftd.errors import EmptyStoreError, LockedError, StoreError


def back_up(config: Config, target: Path | None, now: int) -> Taken:
    """Copy the database to a file, or into the folder of backups, whether a daemon runs or not. Raises `StoreError`."""
    if target is not None:
        return take(config.data_dir, target, spare=spare(config))
    taken = take_into(shelf(config), config.data_dir, now)
    if taken.stays:
        raise StoreError(f'"{taken.path}" holds a backup, but {taken.stays}')
    return taken


def shelf(config: Config) -> Shelf:
    """Return where backups go, and how many stay."""
    return Shelf(config.backup_dir, config.store.backups_kept, spare(config))


def spare(config: Config) -> int:
    """Return the bytes that must stay free where the database is, so that a daemon goes on after a copy."""
    with suppress(StoreError):  # whoever copies will say why
        room = Ballast(config.data_dir).room(refused=False)
        return wanted(room, limits(room.size, config.store.ballast, config.store.low_water))
    return 0


def put_back(config: Config, source: Path, now: int) -> Mended:
    """Put a backup in the place of the database.

    Raises `LockedError` while a daemon runs, and `StoreError` where the file is no backup or the disk does not let us.
    """
    owner = holder(config.data_dir / LOCK)
    if owner is not None:  # before the backup is read through
        raise LockedError(f'"{config.data_dir}" is in use by {owner.name}: stop it first')
    return restore(config.data_dir, source, now)


def examine(config: Config, path: Path | None, *, full: bool) -> tuple[Path, Sequence[str]]:
    """Return which file was looked at, the database where none is named, and what is wrong with it.

    Raises `StoreError` for a file that cannot be looked at.
    """
    looked = path or config.data_dir / DATABASE
    if path is None and not looked.exists():
        raise EmptyStoreError(f'nothing is stored in "{config.data_dir}" yet: run `driftd poll` first')
    return looked, faults(looked, full=full)
