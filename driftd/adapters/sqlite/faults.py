"""SQLite's errors in the words of our tree, mapped once and here."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zstandard import ZstdError

from driftd.adapters.sqlite.intact import DamagedError
from driftd.errors import StoreError

_DAMAGED: Final = "is damaged: move it aside together with its -wal and -shm files and restore a backup, or poll anew"
_UNUSABLE: Final = "cannot be opened or written: check owner and permissions of the data directory"
_NO_TEXT: Final = "Could not decode to UTF-8"
"""How `sqlite3` begins to say that a text is none; it has no code for it."""
_TEXTS: Final = {
    sqlite3.SQLITE_FULL: "has no room to grow: free disk space and start again; what was committed is intact",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: "is not a database of driftd: move it aside, or set another data_dir",
    sqlite3.SQLITE_READONLY: _UNUSABLE,
    sqlite3.SQLITE_CANTOPEN: _UNUSABLE,
    sqlite3.SQLITE_PERM: _UNUSABLE,
    sqlite3.SQLITE_AUTH: _UNUSABLE,
    sqlite3.SQLITE_BUSY: "is held by another program: close it, then start again",
    sqlite3.SQLITE_LOCKED: "is held by another program: close it, then start again",
    sqlite3.SQLITE_IOERR: "could not be read or written by the disk: check its health and the kernel's log",
}


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Raise `StoreError` for what is wrong with the disk or the file at `path`; let bugs pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        text = _TEXTS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if str(error).startswith(_NO_TEXT):
            text = _DAMAGED
        if text is None:
            raise
        raise StoreError(f'the database "{path}" {text} ({error})') from error
    except (ZstdError, DamagedError) as error:
        raise StoreError(f'the database "{path}" {_DAMAGED} ({error})') from error
    except OSError as error:
        raise StoreError(f'"{error.filename or path}" {_UNUSABLE} ({error.strerror})') from error
