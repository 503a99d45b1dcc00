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
from driftd.errors import LockedError

_RECORD: Final = "hhqqi"
"""``struct flock`` of fcntl(2): type, whence, start, length, pid; zeros: the whole file."""

_WRITES: Final = b"writes"
"""The second line of the file while its holder writes: left behind by one that was killed."""
_WROTE: Final = b"wrote"
"""The same once a holder has ended in order."""
_LEFT: Final = b"left"
"""The same once another start, which came to nothing, moved what a killed one wrote into the database."""
_SIZE: Final = 256
"""Bytes of the file: it is overwritten in place and never cut, so that no end of it is lost before the rest is."""


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
        self.wants_log = state == _WRITES
        """Whether the last one that wrote did not end in order, and its write-ahead log must be there."""
        self.torn = self.wants_log or state == _LEFT
        """Whether the last one that wrote did not end in order."""
        self.known = self.torn or state == _WROTE
        """Whether anyone wrote before us."""
        self.begun = False
        """Whether we write."""
        with suppress(OSError):  # a full disk: no more than a hint is lost
            self._write(state if self.known else b"")

    def begins(self) -> None:
        """Note that the holder writes from now on; the write-ahead log is for certain by then."""
        self.begun = True
        self._hint(_WRITES)

    def ends(self) -> None:
        """Note that the holder writes no more, for certain before the write-ahead log goes: it would be missed."""
        self._hint(_WROTE)

    def leaves(self) -> None:
        """Note the same of one that never wrote: a killed one's log may go, but how that ended is not forgotten."""
        if self.wants_log:
            self._hint(_LEFT)

    def stays(self) -> None:
        """Note that the log of a killed one is still there, and must be."""
        if self.wants_log:
            self._hint(_WRITES)

    def _hint(self, state: bytes) -> None:
        with suppress(OSError):  # a full disk: no more than a hint is lost
            self._write(state)
            os.fsync(self._descriptor)

    def _write(self, state: bytes) -> None:
        os.pwrite(self._descriptor, b"\n".join([self._name, state]).ljust(_SIZE, b"\n"), 0)


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
        return Lock(descriptor, os.pread(descriptor, _SIZE, 0))
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


def wants_log(path: Path) -> bool:
    """Tell whether the log of one that was killed under the lock file `path` must be there, as far as can be read."""
    with suppress(OSError):
        return _state(path.read_bytes()) == _WRITES
    return False


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
