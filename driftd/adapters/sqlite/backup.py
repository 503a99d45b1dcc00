"""Copies of the database, taken while it is written, and checked before they have their name.

``VACUUM INTO`` on a connection of its own that only reads: one consistent state, nothing of what was erased, and no
writer waits; the write-ahead log cannot be emptied meanwhile. See docs/decisions/0030-a-backup-is-a-vacuum.md.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE, flush, make, settle, stamped, unused
from driftd.adapters.sqlite.integrity import faults, giving_up, never, reading
from driftd.adapters.sqlite.sql import QUERIES
from driftd.errors import EmptyStoreError, FullStoreError, StoreError

_PREFIX: Final = "driftd-"
_SUFFIX: Final = ".db"
_UNFINISHED: Final = ".unfinished"


class Taken(Struct, frozen=True):
    """A backup."""

    path: Path
    size: int
    """Bytes."""


def take(
    data_dir: Path, target: Path, *, spare: int = 0, given_up: Callable[[], bool] = never, replace: bool = False
) -> Taken:
    """Copy the database of `data_dir` to `target`, whoever writes it meanwhile; `spare` bytes stay free.

    Raises `StoreError` where that cannot be done or the copy is not whole; then there is none.
    """
    source = _source(data_dir)
    if target.exists() and not replace:
        raise StoreError(f'"{target}" is there already: name another file')
    unfinished = target.with_name(f"{target.name}{_UNFINISHED}")
    with mapped(unfinished):
        unfinished.unlink(missing_ok=True)
        try:
            _copy(source, unfinished, spare, given_up)
            _must_be_whole(unfinished, source)
            flush(unfinished)
            unfinished.replace(target)
            settle(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    return Taken(target, target.stat().st_size)


def take_into(folder: Path, data_dir: Path, now: int, kept: int, *, given_up: Callable[[], bool] = never) -> Taken:
    """Take a backup into a folder of backups, then remove the oldest beyond `kept`. Raises as `take` does."""
    _source(data_dir)
    make(folder)
    for each in folder.glob(f"{_PREFIX}*{_SUFFIX}{_UNFINISHED}"):
        each.unlink(missing_ok=True)
    taken = take(data_dir, unused(folder, f"{_PREFIX}{stamped(now)}", _SUFFIX), given_up=given_up)
    for each in listed(folder)[kept:]:
        each.unlink(missing_ok=True)
    return taken


def listed(folder: Path) -> Sequence[Path]:
    """Return the backups in a folder, the newest first."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"), key=lambda each: (each.stat().st_mtime_ns, each.name))[::-1]


def latest(folder: Path) -> int | None:
    """Return when the newest backup of a folder was taken, epoch ms; None where there is none."""
    found = listed(folder)
    return found[0].stat().st_mtime_ns // 1_000_000 if found else None


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


def _copy(source: Path, unfinished: Path, spare: int, given_up: Callable[[], bool]) -> None:
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # before a byte of it is there
    with reading(source) as db:
        _must_have_room(unfinished.parent, source.stat().st_size + spare)
        db.execute(QUERIES["may_copy"])
        with giving_up(db, given_up):
            db.execute(QUERIES["back_up"], {"path": str(unfinished)})


def _must_have_room(folder: Path, wanted: int) -> None:
    volume = os.statvfs(folder)
    free = volume.f_bavail * volume.f_frsize
    if free < wanted:
        raise FullStoreError(f'"{folder}" has no room for a backup: {free} bytes are free, {wanted} are needed')


def _must_be_whole(copy: Path, source: Path) -> None:
    found = faults(copy, full=True)
    if found:
        raise StoreError(f'the copy of "{source}" is not whole ({found[0]}): run `driftd db check --full`')
