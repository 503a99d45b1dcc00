"""Copies of the database, taken while it is written, and checked before they have their name.

``VACUUM INTO`` on a connection of its own that only reads: one consistent state, nothing of what was erased, and no
writer waits; the write-ahead log cannot be emptied meanwhile. See docs/decisions/0030-a-backup-is-a-vacuum.md.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.sqlite.copying import copied, removed
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE, make, settle, stamped, unused, wal_of
from driftd.adapters.sqlite.integrity import faults, giving_up, never, reading
from driftd.adapters.sqlite.sql import QUERIES
from driftd.errors import EmptyStoreError, FullStoreError, StoreError

_PREFIX: Final = "driftd-"
_SUFFIX: Final = ".db"
_UNFINISHED: Final = ".unfinished"
_APART: Final = 2_000_000_000
"""Nanoseconds: what any file system can tell apart."""


class Taken(Struct, frozen=True):
    """A backup."""

    path: Path
    size: int
    """Bytes."""
    stays: str = ""
    """Which older one, or unfinished one, could not be removed, and why."""


class Shelf(Struct, frozen=True):
    """A folder of backups."""

    folder: Path
    kept: int
    """How many stay, at least one."""
    spare: int = 0
    """As `take` has it."""


def take(data_dir: Path, target: Path, *, spare: int = 0, given_up: Callable[[], bool] = never) -> Taken:
    """Copy the database of `data_dir` to `target`, whoever writes it meanwhile.

    `spare` bytes of the volume of the database stay free. Raises `StoreError` where that cannot be done or the copy is
    not whole; then there is none.
    """
    with mapped(target):
        source = _source(data_dir)
        if target.exists():
            raise StoreError(f'"{target}" is there already: name another file')
        unfinished = target.with_name(f"{target.name}{_UNFINISHED}")
        try:
            _must_have_room(target.parent, source, spare)
            _copy(source, unfinished, given_up)
            _must_be_whole(unfinished, source)
            unfinished.replace(target)
            settle(target.parent)
        finally:
            removed(unfinished)
        return Taken(target, target.stat().st_size)
    raise AssertionError("nothing is swallowed")


def take_into(shelf: Shelf, data_dir: Path, now: int, *, given_up: Callable[[], bool] = never) -> Taken:
    """Take a backup into a folder of backups, then remove the oldest beyond those kept. Raises as `take` does."""
    folder = shelf.folder
    with mapped(folder):
        _source(data_dir)
        make(folder)
        stay = _unlinked(folder.glob(f"{_PREFIX}*{_SUFFIX}{_UNFINISHED}"))
        target = unused(folder, f"{_PREFIX}{stamped(now)}", _SUFFIX)
        taken = take(data_dir, target, spare=shelf.spare, given_up=given_up)
        _put_behind(target, folder)
        stay += _unlinked([each for each in listed(folder) if each != target][shelf.kept - 1 :])
        return replace(taken, stays=stay[0] if stay else "")
    raise AssertionError("nothing is swallowed")


def listed(folder: Path) -> Sequence[Path]:
    """Return the backups in a folder, the newest first. Raises `OSError` where it cannot be looked at."""
    found = []
    for each in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # another process removes the oldest, too
            seen = each.stat()
            if S_ISREG(seen.st_mode):
                found.append((seen.st_mtime_ns, each.name, each))
    return [each for _, _, each in sorted(found, reverse=True)]


def latest(folder: Path) -> int | None:
    """Return when the newest backup of a folder was taken, epoch ms; None where there is none. Raises `StoreError`."""
    with mapped(folder):
        found = listed(folder)
        return found[0].stat().st_mtime_ns // 1_000_000 if found else None
    raise AssertionError("nothing is swallowed")


def _put_behind(newest: Path, folder: Path) -> None:
    """Have every other backup be older than the one just taken, in the order they have: a clock was ahead.

    A mend takes the newest, and the oldest go.
    """
    at = newest.stat().st_mtime_ns
    ahead = [each for each in listed(folder) if each != newest and each.stat().st_mtime_ns >= at]
    for number, each in enumerate(ahead, 1):
        with suppress(OSError):
            os.utime(each, ns=(at - number * _APART, at - number * _APART))


def _unlinked(paths: Iterable[Path]) -> list[str]:
    """Remove files, and say of which that cannot be done, and why."""
    stay = []
    for each in paths:
        try:
            each.unlink(missing_ok=True)
        except OSError as error:
            stay.append(f'"{each}" cannot be removed ({error.strerror}): remove it by hand')
    return stay


def good(path: Path) -> bool:
    """Tell whether a file can take the place of the database."""
    try:
        return not faults(path, full=False)
    except StoreError:
        return False


def _source(data_dir: Path) -> Path:
    source = data_dir / DATABASE
    if not source.exists():
        raise EmptyStoreError(f'nothing is stored in "{data_dir}" yet: run `driftd poll` first')
    return source


def _copy(source: Path, unfinished: Path, given_up: Callable[[], bool]) -> None:
    with reading(source) as db:
        db.execute(QUERIES["may_copy"])
        with giving_up(db, given_up):
            copied(db, unfinished)


def _must_have_room(folder: Path, source: Path, spare: int) -> None:
    if folder.stat().st_dev != source.stat().st_dev:
        spare = 0
    volume, wanted = os.statvfs(folder), sum(each.stat().st_size for each in (source, wal_of(source)) if each.exists())
    free = volume.f_bavail * volume.f_frsize
    if free < wanted + spare:
        must = f"{wanted + spare} bytes must be" + (f", {spare} of them for driftd to go on" if spare else "")
        raise FullStoreError(f'"{folder}" has no room for a backup: {free} bytes are free, {must}')


def _must_be_whole(copy: Path, source: Path) -> None:
    found = faults(copy, full=True)
    if found:
        raise StoreError(f'the copy of "{source}" is not whole ({found[0]}): run `driftd db check --full`')
