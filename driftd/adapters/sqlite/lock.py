"""One writer a data directory: a lock that the kernel takes back when its process ends, however it ends."""

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE, LOCK, wal_of
from driftd.errors import LockedError, StoreError

_RECORD: Final = "hhqqi"
"""``struct flock`` of fcntl(2): type, whence, start, length, pid; zeros: the whole file."""

_WRITES: Final = b"writes"
"""The second line of the file while its holder writes: left behind by one that was killed."""
_WROTE: Final = b"wrote"
"""The same once a holder has ended in order."""
_BEHIND: Final = b"behind: "
"""The same, with a reason after it, from when the log is known to be behind what was told until it no longer is."""
REMOVED: Final = "the database was removed"
_LOST: Final = "its write-ahead log is gone"


class Holder(Struct, frozen=True):
    """The process that has a data directory."""

    name: str
    """Its pid and host."""
    since: int
    """When it took the lock, epoch ms."""


class Lock:
    """A lock that is held, and what the file says of its holder before us."""

    def __init__(self, descriptor: int, before: bytes) -> None:
        self._descriptor = descriptor
        self._name = f"pid {os.getpid()} on {socket.gethostname()}".encode()
        state = _state(before)
        self.torn = state == _WRITES
        """Whether the last one that wrote did not end in order."""
        self.behind = state.removeprefix(_BEHIND).decode("utf-8", "replace") if state.startswith(_BEHIND) else ""
        """Why the log is behind what was told of it, where a holder knew and was killed before it mended that."""
        self.known = bool(self.torn or self.behind or state == _WROTE)
        """Whether anyone wrote before us."""
        with suppress(OSError):  # a full disk: no more than a hint is lost
            self._write(state if self.known else b"")

    def looks_at(self, path: Path) -> None:
        """Note what nobody could see any more once the database at `path` was opened: that it is gone, or its log is.

        Raises `OSError` as `falls_behind` does.
        """
        if self.known and not path.exists():
            self.falls_behind(REMOVED)
        elif self.torn and not wal_of(path).exists():
            self.falls_behind(_LOST)

    def falls_behind(self, reason: str) -> None:
        """Note, before anything hides it, that the log is behind what was told; until `begins`, whoever is killed.

        Raises `OSError`: without it nothing would tell the next holder.
        """
        self.behind = reason
        self._write(_BEHIND + reason.encode())
        os.fsync(self._descriptor)

    def begins(self) -> None:
        """Note that the holder writes from now on; the write-ahead log is for certain by then."""
        self._hint(_WRITES)

    def ends(self) -> None:
        """Note that the holder writes no more, for certain before the write-ahead log goes: it would be missed."""
        self._hint(_WROTE)

    def _hint(self, state: bytes) -> None:
        with suppress(OSError):  # a full disk: no more than a hint is lost
            self._write(state)
            os.fsync(self._descriptor)

    def _write(self, state: bytes) -> None:
        text = self._name + b"\n" + (state + b"\n" if state else b"")
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


@contextmanager
def held(path: Path) -> Iterator[Lock]:
    """Hold the lock file `path`, with our pid and host in it.

    Raises `LockedError` naming the holder, and `StoreError` where the file cannot be written.
    """
    with mapped(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _taken(descriptor, path)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, path: Path) -> Lock:
    with mapped(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(f'"{path.parent}" is in use by {_name(descriptor)}: stop it first') from error
        _mark(descriptor)
        return Lock(descriptor, os.pread(descriptor, 256, 0))
    raise AssertionError("nothing is swallowed")


def holder(path: Path) -> Holder | None:
    """Return who holds the lock file `path`; None where nobody does, or the file is not ours to read.

    Only asks, and takes nothing: a process that starts at the same moment is not disturbed. Where the system has no
    locks of open files (they are Linux's), nobody is seen.
    """
    with suppress(OSError, AttributeError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            asked = struct.pack(_RECORD, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
            in_the_way = struct.unpack(_RECORD, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))[0]
            if in_the_way != fcntl.F_UNLCK:
                return Holder(_name(descriptor), os.fstat(descriptor).st_mtime_ns // 1_000_000)
        finally:
            os.close(descriptor)
    return None


def must_have_log(path: Path) -> None:
    """Raise `StoreError` for a database whose last writer was killed and whose write-ahead log is gone.

    Even who only reads makes an empty one, behind which the next writer could not see that.
    """
    lock = path.with_name(LOCK)
    if path.name != DATABASE or not path.exists() or wal_of(path).exists() or holder(lock) is not None:
        return
    with suppress(OSError):
        if _state(lock.read_bytes()[:256]) == _WRITES:
            raise StoreError(f'the database "{path}" is behind, {_LOST}: run `driftd run`, which goes on from there')


def _mark(descriptor: int) -> None:
    """Take, beside the lock that decides, one that `holder` can ask for: flock(2) knows no asking."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_RECORD, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))


def _state(text: bytes) -> bytes:
    """Return the second line of a lock file; behind it may be the end of a longer one."""
    return (*text.split(b"\n", 2), b"")[1]


def _name(descriptor: int) -> str:
    first, _, _ = os.pread(descriptor, 256, 0).decode("utf-8", "replace").partition("\n")
    return first.strip() or "another process"
