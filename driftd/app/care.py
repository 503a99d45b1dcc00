"""Looks after the database while the daemon runs: backups, and whether the file is whole. Nobody waits for it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.backup import Taken, latest, take_into
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE
from driftd.adapters.sqlite.integrity import faults
from driftd.app.storage import shelf
from driftd.config import Config
from driftd.core.status import Care
from driftd.errors import DamagedStoreError, StoreError
from driftd.ports import Clock, Log

T = TypeVar("T")
_LOOK: Final = 60.0
"""Seconds between two looks at what is due."""
_SETTLED: Final = 3600.0
"""Seconds after the start before which nothing is done: a daemon that is restarted again and again does it never."""
_WEEK: Final = 7 * 86_400.0


class Keeper:
    """Takes backups and checks the file, each on its own cadence; both read, on a thread of their own."""

    def __init__(self, store: SqliteStore, config: Config, clock: Clock, log: Log) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._log = log
        self._thread = CapacityLimiter(1)
        self._started = clock.monotonic()
        self._tried: float | None = None
        self._checked: float | None = None
        self.care = Care()
        with suppress(StoreError):  # the next backup tells why
            self.care = Care(backed_up=latest(config.backup_dir))

    async def run(self) -> None:
        """Do what is due, for ever. Raises `DamagedStoreError` where the file is found damaged."""
        while True:
            await self._clock.sleep(_LOOK)
            now = self._clock.monotonic()
            if now - self._started < _SETTLED:
                continue
            if self._backup_due(now):
                self._tried = now
                await self.back_up()
            if self._checked is None or now - self._checked >= _WEEK:
                self._checked = now
                await self.check()

    async def back_up(self) -> None:
        """Take a backup; one that fails is told and counted, and so is one after which others cannot be removed."""
        now = self._clock.now()
        try:
            taken: Taken = await self._aside(partial(take_into, shelf(self._config), self._config.data_dir, now))
        except StoreError as error:
            self._failed(str(error))
            return
        self.care = replace(self.care, backed_up=now, backup_size=taken.size)
        self._log.info("backup taken", path=str(taken.path), bytes=taken.size)
        if taken.stays:
            self._failed(taken.stays)

    def _failed(self, error: str) -> None:
        self.care = replace(self.care, backup_failures=self.care.backup_failures + 1)
        self._log.error("backup failed", error=error)

    async def check(self) -> None:
        """Look the file through. Raises `DamagedStoreError` where it is damaged."""
        path = self._config.data_dir / DATABASE
        try:
            found = await self._aside(lambda given_up: faults(path, full=True, given_up=given_up))
            with mapped(path):
                size = path.stat().st_size
        except StoreError as error:
            self._log.error("database cannot be checked", error=str(error))
            return
        self.care = replace(self.care, checked=self._clock.now(), whole=not found)
        if found:
            self._log.error("database is damaged", found=found[0], findings=len(found))
            raise DamagedStoreError(f'the database "{path}" is damaged ({found[0]})')
        self._log.info("database is whole", bytes=size)

    def _backup_due(self, now: float) -> bool:
        every = self._config.store.backup_every
        if not every or (self._tried is not None and now - self._tried < min(every, _SETTLED)):
            return False
        last, wall = self.care.backed_up, self._clock.now()
        return last is None or last > wall or wall - last >= every * 1000  # taken in the future: a clock was ahead

    async def _aside(self, work: Callable[..., T]) -> T:
        """Run `work` on a thread; where this is cancelled, it gives up within moments."""
        given_up = threading.Event()
        try:
            return await to_thread.run_sync(
                partial(work, given_up=given_up.is_set), limiter=self._thread, abandon_on_cancel=True
            )
        except anyio.get_cancelled_exc_class():
            given_up.set()
            raise
