"""The two stores that daemons come to and leave: one in memory, and files."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.files import DATABASE, LOCK
from driftd.errors import LockedError
from tests.fakes.memory_logbook import MemoryLogbook
from tests.fakes.memory_store import MemoryStore
from tests.simulation.disk import Ending
from tests.simulation.inline import at_once, looking
from tests.simulation.oracle import Reading
from tests.simulation.scene import Scene
from tests.simulation.truth import Place

_ALL = 10_000
Stood = dict[bytes, tuple[bytes, int | None]]


class Shelf(Protocol):
    """Where a store stands."""

    def opened(self, ending: Ending) -> AbstractAsyncContextManager[tuple[Any, Any]]:
        """Open the store and its logbook for one daemon."""
        ...

    def unlocked(self) -> bool:
        """Lose the lock, so that a second daemon can take the store; False where there is none."""
        ...

    def visited(self) -> None:
        """Have a second daemon try to open the store."""
        ...

    def check(self) -> None:
        """Look for secrets in what is stored."""
        ...

    def close(self) -> None:
        """Close what the oracle reads."""
        ...


class MemoryShelf:
    """The store in memory, which outlives its daemons."""

    def __init__(self, scene: Scene) -> None:
        ids = count(1)
        self._store, self._logbook = MemoryStore(lambda: f"{next(ids):032x}"), MemoryLogbook()
        scene.oracle.reading = Reading(lambda seq: at_once(self._store.read_changes(seq, _ALL)), self._snapshot)

    @asynccontextmanager
    async def opened(self, ending: Ending) -> AsyncIterator[tuple[Any, Any]]:
        del ending
        yield self._store, self._logbook

    def _snapshot(self, place: Place) -> Stood:
        page = at_once(self._store.read_records(*place, after=None, limit=_ALL))
        return {each.key: (each.body, each.absent_since) for each in page.records}

    def unlocked(self) -> bool:
        return False

    def visited(self) -> None:
        """It has one daemon."""

    def check(self) -> None:
        """Nothing of it is on a disk."""

    def close(self) -> None:
        """Nothing is open."""


class FileShelf:
    """The store in files: of each daemon that is killed the next one gets a copy, as it was at that moment."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self._scene = scene
        self._folder = folder
        self._numbers, self._ids = count(), count(1)
        self._directory = folder / f"{next(self._numbers)}"
        self._stack = ExitStack()
        self._reader: SqliteStore | None = None
        scene.oracle.reading = Reading(self._changes, self._snapshot)

    @asynccontextmanager
    async def opened(self, ending: Ending) -> AsyncIterator[tuple[Any, Any]]:
        ending.at_death = partial(self._copied, self._directory)
        async with self._open() as store:
            self._look()
            yield store, store.logbook

    def _open(self) -> AbstractAsyncContextManager[SqliteStore]:
        clock, ids = self._scene.clock, self._ids
        return SqliteStore.open(
            self._directory,
            clock_now=clock.now,
            cycle_id=lambda: f"{next(ids):032x}",
            monotonic=clock.monotonic,
        )

    def _copied(self, directory: Path) -> None:
        """Keep what a kill leaves."""
        if directory != self._directory:
            return
        self.close()
        self._directory = self._folder / f"{next(self._numbers)}"
        shutil.copytree(directory, self._directory, ignore=shutil.ignore_patterns("*-shm", LOCK))
        self._look()

    def _look(self) -> None:
        self.close()
        self._reader = self._stack.enter_context(looking(self._directory))

    def _changes(self, seq: int) -> Any:
        return at_once(self._reader.read_changes(seq, _ALL)) if self._reader else ()

    def _snapshot(self, place: Place) -> Stood:
        assert self._reader is not None
        page = at_once(self._reader.read_records(*place, after=None, limit=_ALL))
        return {each.key: (each.body, each.absent_since) for each in page.records}

    def unlocked(self) -> bool:
        (self._directory / LOCK).unlink(missing_ok=True)
        return True

    def visited(self) -> None:
        if self._reader is None:
            return
        self._scene.manners.struck("second_daemon", "")
        try:
            at_once(self._open().__aenter__())
        except LockedError:
            return
        except RuntimeError:  # it waits: it has the store
            pass
        self._scene.oracle.broken("a second daemon could open the store")

    def check(self) -> None:
        stored = (self._directory / DATABASE).read_bytes()
        if any(secret.encode() in stored for secret in self._scene.secrets()):
            self._scene.oracle.broken("a secret stands in the database")

    def close(self) -> None:
        self._stack.close()
        self._stack = ExitStack()
        self._reader = None
