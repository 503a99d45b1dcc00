"""A database that cannot be believed is set aside, whole and unchanged, and another takes its place.

Each step leaves a state from which the next start goes on: a note says that the files are being set aside, the new
file is made beside, and has its name only once it is whole and on the disk.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from driftd.adapters.sqlite import backup, files
from driftd.adapters.sqlite.database import configure
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE, LOCK, QUARANTINE
from driftd.adapters.sqlite.integrity import faults, reading
from driftd.adapters.sqlite.lock import held
from driftd.adapters.sqlite.migrating import apply, check
from driftd.adapters.sqlite.reading import last_seq
from driftd.adapters.sqlite.rebasing import rebase
from driftd.adapters.sqlite.sql import QUERIES, WRITER, migrations
from driftd.errors import StoreError

_NEXT: Final = f"{DATABASE}.next"


class Mended(Struct, frozen=True):
    """What took the place of what."""

    source: Path | None
    """The backup; None: a new database."""
    aside: Path | None
    """The folder with the files that were there; None: there were none."""
    seq: int
    """The number behind which the log goes on."""


def mend(data_dir: Path, backups: Path, now: int, reason: str) -> Mended:
    """Set a damaged database aside, and put the newest backup that is whole in its place, or a new one.

    Raises `LockedError` while another process has it, and `StoreError` where the disk does not let us.
    """
    files.make(data_dir)
    with held(data_dir / LOCK) as lock, mapped(data_dir):
        chosen = files.chosen(data_dir)
        candidates = [*([chosen] if chosen else []), *backup.listed(backups)]
        source = next((each for each in candidates if backup.good(each)), None)
        mended = _replace(data_dir, source, now, reason)
        lock.ends()
        return mended


def restore(data_dir: Path, source: Path, now: int) -> Mended:
    """Put a backup in the place of the database, which is set aside.

    Raises as `mend` does, and `StoreError` for a backup that is not whole.
    """
    found = faults(source, full=True)
    if found:
        raise StoreError(f'"{source}" is no backup to restore ({found[0]}): choose another one')
    files.make(data_dir)
    with held(data_dir / LOCK) as lock, mapped(data_dir):
        mended = _replace(data_dir, source.absolute(), now, f"restored from {source.name}")
        lock.ends()
        return mended


def _replace(data_dir: Path, source: Path | None, now: int, reason: str) -> Mended:
    path = data_dir / DATABASE
    told = _told(path)
    files.begin_mending(data_dir, source)
    aside = _set_aside(path, now)
    fresh = _fresh(data_dir, source)
    seq = _go_on(fresh, now, reason, str(aside or ""), told)
    files.flush(fresh)
    fresh.replace(path)
    files.settle(data_dir)
    files.end_mending(data_dir)
    return Mended(source, aside, seq)


def _told(path: Path) -> int:
    """Return the greatest number that a file knows of, as far as it can still be asked."""
    if path.exists():
        with suppress(StoreError, sqlite3.Error), reading(path) as db:
            return last_seq(db)
    return 0


def _set_aside(path: Path, now: int) -> Path | None:
    """Move a database with all that belongs to it into a folder of its own; itself first: see `opening`."""
    moved = list(files.parts(path))
    if not moved:
        return None
    files.make(path.parent / QUARANTINE)
    folder = files.unused(path.parent / QUARANTINE, files.stamped(now))
    files.make(folder)
    for each in moved:
        each.rename(folder / each.name)
    files.settle(folder)
    files.settle(path.parent)
    return folder


def _fresh(data_dir: Path, source: Path | None) -> Path:
    """Make the file that is to take the place, for our eyes only: a copy, or an empty one."""
    fresh = data_dir / _NEXT
    for each in files.parts(fresh):
        each.unlink()
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if source is not None:
        shutil.copyfile(source, fresh)
    return fresh


def _go_on(fresh: Path, now: int, reason: str, aside: str, told: int) -> int:
    scripts = migrations()
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        version = check(db, fresh, len(scripts))
        configure(WRITER)(db)
        apply(db, scripts[version:])
        db.execute(QUERIES["durable"])
        return rebase(db, now=now, reason=reason, aside=aside, told=told)
