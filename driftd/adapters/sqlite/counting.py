"""What the database is doing, counted as it is done."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from zstandard import ZstdError

from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import wal_of
from driftd.core.histogram import Durations, Histogram
from driftd.errors import DamagedStoreError, FencedError, FullStoreError

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_FAILURES: Final = (sqlite3.Error, ZstdError, FencedError)
"""What a transaction does not survive; whatever else its work raises is that work's way to end it."""


class Tally:
    """Counts of one store's transactions, which run on two threads.

    `now` returns epoch ms, or None where nobody wants to know when a reader began; `monotonic` returns seconds.
    """

    def __init__(self, now: Callable[[], int | None], monotonic: Callable[[], float]) -> None:
        self._now = now
        self.monotonic = monotonic
        self._lock = Lock()
        self._commits = Histogram(_BOUNDS)
        self._errors = 0
        self.held_up = 0
        """WAL checkpoints that could not move everything, as a reader still needed it."""
        self._reading: int | None = None
        self.full = 0
        """Transactions that found no room."""
        self.damage: DamagedStoreError | None = None
        """The first that told of damage: from then on nothing should be written."""

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what the whole process has to act on."""
        try:
            yield
        except FullStoreError:
            self.full += 1
            raise
        except DamagedStoreError as error:
            self.damage = self.damage or error
            raise

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Count a transaction that writes: its time where it is committed, an error where it fails."""
        begun = self.monotonic()
        with self._failing():
            yield
        with self._lock:
            self._commits.observe(self.monotonic() - begun)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Note that a transaction reads."""
        self._reading = self._now()
        try:
            with self._failing():
                yield
        finally:
            self._reading = None

    @property
    def errors(self) -> int:
        """Transactions that failed."""
        return self._errors

    @property
    def commits(self) -> Durations:
        """How long those took that were committed, the wait for their turn left out."""
        with self._lock:
            return self._commits.shown()

    @property
    def oldest_reader(self) -> int | None:
        """When the transaction began that reads now, epoch ms."""
        return self._reading

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES:
            with self._lock:
                self._errors += 1
            raise


def sizes(path: Path) -> tuple[int, int, int]:
    """Return the bytes of the database, of its write-ahead log, and those free on its volume.

    Raises `StoreError` where it is no longer there.
    """
    wal = wal_of(path)
    with mapped(path):
        volume = os.statvfs(path)
        return path.stat().st_size, wal.stat().st_size if wal.exists() else 0, volume.f_bavail * volume.f_frsize
