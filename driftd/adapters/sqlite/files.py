"""The files of a data directory, and how one takes the place of another so that a crash leaves the old or the new."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.faults import mapped

DATABASE: Final = "driftd.db"
LOCK: Final = "driftd.lock"
BACKUPS: Final = "backups"
QUARANTINE: Final = "quarantine"
NEXT: Final = f"{DATABASE}.next"
"""What is about to take the place of the database."""
_MENDING: Final = "driftd.mending"
"""Is there from before a damaged database is set aside until another one has its place."""


def make(folder: Path) -> None:
    """Make a folder for our eyes only, where it is missing."""
    with mapped(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def wal_of(path: Path) -> Path:
    """Return where the write-ahead log of a database is."""
    return path.with_name(f"{path.name}-wal")


def parts(path: Path) -> Iterator[Path]:
    """Give the files of a database that are there: itself first, what belongs to it after it."""
    for each in (path, wal_of(path), path.with_name(f"{path.name}-shm"), path.with_name(f"{path.name}-journal")):
        if each.exists():
            yield each


def mending(data_dir: Path) -> bool:
    """Tell whether a database was to be set aside, and nothing has its place yet."""
    return (data_dir / _MENDING).exists()


def begin_mending(data_dir: Path, source: Path | None) -> None:
    """Note, to stay after a loss of power, that the database is set aside from now on, and what takes its place."""
    write(data_dir / _MENDING, str(source or ""))


def chosen(data_dir: Path) -> Path | None:
    """Return what was to take the place of a database that was set aside; None: nobody chose."""
    note = data_dir / _MENDING
    text = note.read_text("utf-8", "surrogateescape") if note.exists() else ""
    return Path(text) if text else None


def end_mending(data_dir: Path) -> None:
    """Note that the database has its place again."""
    (data_dir / _MENDING).unlink(missing_ok=True)
    settle(data_dir)


def write(path: Path, text: str) -> None:
    """Have a file hold `text`, for our eyes only and to stay after a loss of power; until then it is what it was."""
    beside = path.with_name(f"{path.name}.next")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, text.encode("utf-8", "surrogateescape"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    settle(path.parent)


def flush(path: Path) -> None:
    """Have the disk keep a file's contents."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


settle: Final = flush
"""Have the disk keep which files a folder has."""


def stamped(at: int) -> str:
    """Return a time (epoch ms) as names of files have it, in the order of time."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def unused(folder: Path, name: str, suffix: str = "") -> Path:
    """Return a path in `folder` that nothing has: the name itself, or with a number."""
    number, path = 1, folder / f"{name}{suffix}"
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{suffix}"
    return path
