"""The `Logbook` port on the store's own file."""

from collections.abc import Iterable, Sequence
from functools import partial

from driftd.adapters.sqlite import entries as rows
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core.health import Flip
from driftd.errors import StoreError
from driftd.ports import Entries, Hour, Polled, Remembered


class SqliteLogbook:
    """How polling went, in ``driftd.db``; every method raises `StoreError` for what is wrong with disk or file."""

    def __init__(self, reader: Reader, writer: Writer | None) -> None:
        self._reader = reader
        self._writer = writer

    async def recall(self, connections: Iterable[str] | None = None) -> Remembered:
        """Return what is known of `connections`; None: of all.

        A member that a later release wrote and this one does not understand is recalled as its default.
        """
        names = None if connections is None else tuple(connections)
        return await self._reader.read(partial(rows.recall, connections=names))

    async def write(self, entries: Entries) -> None:
        """Write entries, all or nothing; the last of them may be lost with the power.

        Raises `FencedError` if another process owns the store by now, and `StoreError` where it is open for reading.
        """
        await self._writing().transact(partial(rows.write, entries=entries), durable=False)

    async def history(
        self, connection: str, *, since: int, until: int, limit: int, failures: bool = False
    ) -> Sequence[Flip | Polled | Hour]:
        """Return what happened from `since` to before `until` (epoch ms), newest first; an hour is where it began."""
        work = partial(rows.history, connection=connection, since=since, until=until, limit=limit, failures=failures)
        return await self._reader.read(work)

    async def flips(self, connection: str, since: int) -> int:
        """Count the changes of a connection's state at or after `since` (epoch ms)."""
        return await self._reader.read(partial(rows.flips, connection=connection, since=since))

    async def prune(self, now: int) -> int:
        """Remove at most 1,000 rows older than their kind is kept; return how many went. Raises as `write` does."""
        return await self._writing().transact(partial(rows.prune, now=now), durable=False)

    def _writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer
