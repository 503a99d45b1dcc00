"""SQLite's errors in the words of our tree, mapped once and here."""

import errno
import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import DecodeError
from orjson import JSONDecodeError
from zstandard import ZstdError

from driftd.adapters.sqlite.intact import DamagedError
from driftd.errors import DamagedStoreError, FullStoreError, StoreError

DAMAGED: Final = (
    "is damaged: `driftd run` sets it aside with its -wal and -shm files and goes on from the newest backup, or anew;"
    " `driftd db restore FILE` takes a backup of your choice"
)
_ROW: Final = "holds a row that cannot be read: `driftd db check` looks for damage; if it finds none, report it"
_UNUSABLE: Final = "cannot be opened or written: check owner and permissions of the data directory"
_FULL: Final = "has no room to grow: free disk space; what was committed is intact"
_TEXTS: Final = {
    sqlite3.SQLITE_READONLY: _UNUSABLE,
    sqlite3.SQLITE_CANTOPEN: _UNUSABLE,
    sqlite3.SQLITE_PERM: _UNUSABLE,
    sqlite3.SQLITE_AUTH: _UNUSABLE,
    sqlite3.SQLITE_BUSY: "is held by another program: close it, then start again",
    sqlite3.SQLITE_LOCKED: "is held by another program: close it, then start again",
    sqlite3.SQLITE_IOERR: "could not be read or written by the disk: check its health and the kernel's log",
}
_UNREADABLE: Final = (ZstdError, DecodeError, JSONDecodeError, struct.error, UnicodeDecodeError)
"""What a row raises that is not as it was written."""
_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}
_NO_ROOM: Final = 65_536
"""Bytes free on a volume below which a write that the disk refused was refused for want of room."""


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Raise `StoreError` for what is wrong with the disk or the file at `path`; let bugs pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        found = _found(error, path)
        if found is None:
            raise
        raise found from error
    except _UNREADABLE as error:
        raise damaged(path, str(error)) from error
    except DamagedError as error:  # a row may be a bug of ours: nothing is set aside for it
        raise StoreError(f'the database "{path}" {_ROW} ({error})') from error
    except OSError as error:
        if error.errno in _ROOM:
            raise FullStoreError(f'"{error.filename or path}" {_FULL} ({error.strerror})') from error
        raise StoreError(f'"{error.filename or path}" {_UNUSABLE} ({error.strerror})') from error


def damaged(path: Path, what: str) -> DamagedStoreError:
    """Return the error of a file whose contents cannot be believed."""
    return DamagedStoreError(f'the database "{path}" {DAMAGED} ({what})')


def _found(error: sqlite3.Error, path: Path) -> StoreError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CORRUPT or "decode to UTF-8" in str(error):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_NOTADB:
        return DamagedStoreError(f'"{path}" is not a database of driftd: it {DAMAGED} ({error})')
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _full(path)):
        return FullStoreError(f'the database "{path}" {_FULL} ({error})')
    text = _TEXTS.get(code)
    return None if text is None else StoreError(f'the database "{path}" {text} ({error})')


def _full(path: Path) -> bool:
    try:
        volume = os.statvfs(path.parent)
    except OSError:
        return False
    return volume.f_bavail * volume.f_frsize < _NO_ROOM
