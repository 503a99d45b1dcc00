"""One writer a data directory: a lock that the kernel takes back when its process ends, however it ends."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftd.adapters.sqlite.faults import mapped
from driftd.errors import LockedError


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, with our pid and host in it.

    Raises `LockedError` naming the holder, and `StoreError` where the file cannot be written.
    """
    with mapped(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    with mapped(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 256, 0).decode("utf-8", "replace").strip() or "another process"
            raise LockedError(f'"{path.parent}" is in use by {holder}: stop it first') from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
