"""That the log fell behind what was told of it: noted before anything hides it, until the log has gone on.

To open a database makes it where it is missing, and its write-ahead log, whoever does it and for whatever.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite.files import DATABASE, LOCK, settle, wal_of, write
from driftd.adapters.sqlite.lock import Lock, holder, wants_log
from driftd.errors import StoreError

REMOVED: Final = "the database was removed"
_LOST: Final = "its write-ahead log is gone"
_NAME: Final = "driftd.behind"


def behind(data_dir: Path) -> str:
    """Return why the log is behind, where a start that was killed found that; empty: none did."""
    with suppress(FileNotFoundError):
        return (data_dir / _NAME).read_text("utf-8", "replace").strip()
    return ""


def look(path: Path, lock: Lock) -> str:
    """Return why the log of the database at `path` is behind, and have the disk keep it; empty: it is not.

    Raises `OSError`: without the note nothing would tell the next holder of the lock.
    """
    before, reason = behind(path.parent), ""
    if lock.known and not path.exists():
        reason = REMOVED
    elif lock.wants_log and not wal_of(path).exists():
        reason = _LOST
    if reason and reason != before:
        write(path.parent / _NAME, f"{reason}\n")
    return reason or before


def over(data_dir: Path) -> None:
    """Note that the log has gone on. Raises `OSError`."""
    with suppress(FileNotFoundError):
        (data_dir / _NAME).unlink()
        settle(data_dir)


def must_have_log(path: Path) -> None:
    """Raise `StoreError` for a database whose last writer was killed and whose write-ahead log is gone.

    Even who only reads makes an empty one, behind which the next writer could not see that.
    """
    lock = path.with_name(LOCK)
    if path.name != DATABASE or not path.exists() or wal_of(path).exists() or holder(lock) is not None:
        return
    if wants_log(lock):
        raise StoreError(f'the database "{path}" is behind, {_LOST}: run `driftd run`, which goes on from there')
