"""One SQLite connection on a thread of its own.

A unit of work is one function that runs on that thread from beginning to end. So a transaction costs one change of
thread, a busy event loop never keeps it open, and cancelling the task that waits for it cannot tear it.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite
from anyio import CancelScope
from anyio.lowlevel import checkpoint_if_cancelled

from driftd.adapters.sqlite.faults import mapped

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class _Thread(aiosqlite.Connection):
    async def run(self, work: Work[T]) -> T:
        return cast("T", await self._execute(work, self._conn))  # type: ignore[no-untyped-call]

    def join(self) -> None:
        self._thread.join()


class Database:
    """An open SQLite file; units of work pass in the order in which they were asked for."""

    def __init__(self, path: Path, thread: _Thread) -> None:
        self.path = path
        self._thread = thread

    async def run(self, work: Work[T]) -> T:
        """Run `work` on the connection's thread. Cancellation counts before and after it, never amid.

        Raises `StoreError` for what is wrong with the disk or the file.
        """
        await checkpoint_if_cancelled()
        with mapped(self.path), CancelScope(shield=True):
            return await self._thread.run(work)
        raise AssertionError("neither swallows anything")


@asynccontextmanager
async def opened(path: Path, *, read_only: bool) -> AsyncIterator[Database]:
    """Open `path`, which must exist; nothing is set on the connection yet.

    Raises `StoreError` if it cannot be opened.
    """
    thread = _Thread(_connector(path, read_only=read_only), 64)
    try:
        with mapped(path):
            await thread
    except BaseException:
        thread.join()  # it has been told to stop, and takes no longer than opening the file
        raise
    try:
        yield Database(path, thread)
    finally:
        try:
            with CancelScope(shield=True), mapped(path):
                await thread.close()  # stops the thread whatever fails or interrupts it
        finally:
            thread.join()  # an interrupt waits as well: what comes next counts on a file that is closed


def configure(statements: Iterable[str]) -> Work[None]:
    """Return the work of running `statements`, settings that give no rows worth reading."""

    def run(db: sqlite3.Connection) -> None:
        for statement in statements:
            db.execute(statement).fetchall()

    return run


def _connector(path: Path, *, read_only: bool) -> Callable[[], sqlite3.Connection]:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    return lambda: sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
