"""The real SQLite store without threads: each unit of work runs where it is asked for, in no virtual time."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio.lowlevel

from driftd.adapters.sqlite import SqliteStore, compression, cycle, files, opening, slices
from driftd.adapters.sqlite.counting import Tally
from driftd.adapters.sqlite.database import Work
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.transaction import Reader
from tests.fakes.patching import patched

T = TypeVar("T")
FEW = 6
"""Rows from which a cycle is written ahead, where that is asked for; otherwise thousands."""


class InlineDatabase:
    """Takes the place of `driftd.adapters.sqlite.database.Database`."""

    def __init__(self, path: Path, db: sqlite3.Connection, *, waits: bool) -> None:
        self.path = path
        self.db = db
        self._waits = waits

    async def run(self, work: Work[T]) -> T:
        if self._waits:
            await anyio.lowlevel.checkpoint_if_cancelled()
        with mapped(self.path):
            return work(self.db)
        raise AssertionError("it swallows nothing")


@asynccontextmanager
async def opened(path: Path, *, read_only: bool) -> AsyncIterator[InlineDatabase]:
    """Take the place of `driftd.adapters.sqlite.database.opened`."""
    with mapped(path):
        db = _connected(path, read_only=read_only)
    try:
        yield InlineDatabase(path, db, waits=True)
    finally:
        db.close()


def _connected(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)


class _Here:
    """Takes the place of `anyio.to_thread`."""

    @staticmethod
    async def run_sync(work: Callable[..., T], *arguments: Any, **_: Any) -> T:
        return work(*arguments)


@contextmanager
def inlined(*, ahead: bool) -> Iterator[None]:
    """Have every store of this process open without threads; with `ahead` it writes ahead after a few rows."""
    with patched(opening, "opened", opened), patched(compression, "to_thread", _Here):
        if not ahead:
            yield
            return
        with (
            patched(cycle, "ONE_TRANSACTION", FEW),
            patched(cycle, "BASELINE", FEW),
            patched(slices, "_ROWS", FEW // 2),
        ):
            yield


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    coroutine.close()
    raise RuntimeError("it waits")


@contextmanager
def looking(directory: Path) -> Iterator[SqliteStore]:
    """Open a store for reading at once, past its daemon."""
    path = directory / files.DATABASE
    db = _connected(path, read_only=True)
    try:
        reader = Reader(InlineDatabase(path, db, waits=False), Tally(lambda: None, lambda: 0.0))  # type: ignore[arg-type]
        yield SqliteStore(reader, None, lambda: 0, str)
    finally:
        db.close()
