"""A database that cannot be believed is set aside, whole and unchanged, and another takes its place.

Each step leaves a state from which the next start goes on: the new file is made beside, a note says that the files
are being set aside, and the new one has its name only once it is whole and on the disk.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from driftd.adapters.sqlite import backup, files, losing, told
from driftd.adapters.sqlite.copying import copied, emptied, removed, unsound
from driftd.adapters.sqlite.database import configure
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE, LOCK, NEXT, QUARANTINE
from driftd.adapters.sqlite.integrity import faults, reading
from driftd.adapters.sqlite.lock import held
from driftd.adapters.sqlite.migrating import apply, check
from driftd.adapters.sqlite.reading import last_seq
from driftd.adapters.sqlite.rebasing import Rebase, rebase
from driftd.adapters.sqlite.sql import QUERIES, WRITER, migrations
from driftd.errors import FullStoreError, StoreError


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
        chosen, fresh = files.chosen(data_dir), data_dir / NEXT
        if not files.mending(data_dir):
            files.begin_mending(data_dir, None)  # from here on nobody takes the damaged file for the database
        candidates = [*([chosen] if chosen else []), *backup.listed(backups)]
        source = next((each for each in candidates if _serves(each, fresh)), None)
        if source is None:
            emptied(fresh)
        mended = _replace(data_dir, _Successor(source, now, reason))
        lock.ends()
        return mended


def restore(data_dir: Path, source: Path, now: int) -> Mended:
    """Put a backup in the place of the database, which is set aside.

    Raises as `mend` does, and `StoreError` for what is no backup or not whole, or is the database itself: then all is
    as it was.
    """
    fresh = data_dir / NEXT
    with mapped(source):
        _must_be_another(source, data_dir / DATABASE, fresh)
    found = faults(source, full=True)
    if found:
        raise StoreError(f'"{source}" is no backup to restore ({found[0]}): choose another one')
    files.make(data_dir)
    with held(data_dir / LOCK) as lock, mapped(data_dir):
        losing.look(data_dir / DATABASE, lock)
        try:
            _copy(source, fresh)
            mended = _replace(data_dir, _Successor(source.absolute(), now, f"restored from {source.name}"))
        except BaseException:
            if not files.mending(data_dir):
                removed(fresh)
            raise
        lock.ends()
        return mended


class _Successor(NamedTuple):
    """What takes the place of a database: a file beside it, made from `source`."""

    source: Path | None
    now: int
    reason: str


def _must_be_another(source: Path, *ours: Path) -> None:
    if source.is_dir():
        raise StoreError(f'"{source}" is a directory: name the file of a backup')
    if any(each.exists() and source.exists() and source.samefile(each) for each in ours):
        raise StoreError(f'"{source}" is the database itself: name the file of a backup')


def _serves(source: Path, fresh: Path) -> bool:
    """Copy a backup, and tell whether the copy can take the place. Raises `FullStoreError`: another would not fit."""
    if not backup.good(source):
        return False
    try:
        with mapped(source):
            _copy(source, fresh)
            return True
    except FullStoreError:
        raise
    except StoreError:
        return False


def _copy(source: Path, fresh: Path) -> None:
    """Copy a file with what its write-ahead log holds. Raises `StoreError` where the copy is not whole."""
    with reading(source) as db:
        db.execute(QUERIES["may_copy"])
        copied(db, fresh)
    found = unsound(fresh)
    if found:
        raise StoreError(f'the copy of "{source}" is not whole ({found}): check the disk')


def _replace(data_dir: Path, by: _Successor) -> Mended:
    """Put what was made beside the database in its place, from which on all is done to the end or by the next start.

    Before that it has all its numbers, so that what does not succeed changes nothing.
    """
    path, fresh = data_dir / DATABASE, data_dir / NEXT
    aside = files.unused(data_dir / QUARANTINE, files.stamped(by.now)) if any(files.parts(path)) else None
    why = Rebase(by.now, by.reason, told.noted(data_dir), _told(path), str(aside or ""))
    seq, last = _go_on(fresh, why)
    files.flush(fresh)
    if by.source != files.chosen(data_dir) or not files.mending(data_dir):
        files.begin_mending(data_dir, by.source)
    told.note(data_dir, last)  # not before: a database that stays would be behind it
    if aside:
        _set_aside(path, aside)
    fresh.replace(path)
    files.settle(data_dir)
    losing.over(data_dir)
    files.end_mending(data_dir)
    return Mended(by.source, aside, seq)


def _told(path: Path) -> int:
    """Return the greatest number that a file knows of, as far as it can still be asked."""
    if path.exists():
        with suppress(StoreError, sqlite3.Error), reading(path) as db:
            return last_seq(db)
    return 0


def _set_aside(path: Path, folder: Path) -> None:
    """Move a database with all that belongs to it into a folder of its own; itself first: see `opening`."""
    files.make(folder.parent)
    files.make(folder)
    for each in list(files.parts(path)):
        each.rename(folder / each.name)
    files.settle(folder)
    files.settle(path.parent)


def _go_on(fresh: Path, why: Rebase) -> tuple[int, int]:
    """Have a file go on behind all that was told; return the number behind which, and its last one.

    Raises `StoreError` unless the file alone holds all: it is moved without its write-ahead log.
    """
    scripts = migrations()
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        version = check(db, fresh, len(scripts))
        configure(WRITER)(db)
        apply(db, scripts[version:])
        db.execute(QUERIES["durable"])
        done = rebase(db, why), last_seq(db)
        db.execute(QUERIES["little_patience"]).fetchall()
        ((busy, _, _),) = db.execute(QUERIES["truncate_log"]).fetchall()
    if busy or list(files.parts(fresh)) != [fresh]:
        raise StoreError(f'"{fresh}" is held by another program: close it, then start again')
    return done
