"""The log of changes from outside the daemon: who reads it, and its pruning where no daemon runs."""

from collections.abc import Sequence
from contextlib import suppress

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite.opening import schema_of
from driftd.app.opening import amending, reading, writing
from driftd.config import Config
from driftd.core.retention import Cursor, Day, Pruned
from driftd.errors import DecisionError, EmptyStoreError
from driftd.runtime.pruning import Pruning
from driftd.runtime.quiet import Quiet


async def prune(config: Config) -> Pruned:
    """Prune to the end where no daemon runs.

    Raises `LockedError` where a process owns the data directory, `StoreError` where there is none or it cannot be used.
    """
    done = Pruned(more=True)
    async with amending(config) as store:
        pruning = Pruning(store.changelog, SystemClock(), Quiet(), lambda: config.store.retention)
        while done.more:
            done += await pruning.by_hand()
        await store.checkpoint()
    return done


async def ripe(config: Config) -> Pruned:
    """Return what a prune would remove now; raises `StoreError` where nothing was stored or can be read."""
    async with reading(config) as store:
        return await store.changelog.ripe(config.store.retention, SystemClock().now())


async def cursors(config: Config) -> Sequence[Cursor]:
    """Return who reads the log, by name; raises `StoreError` where it cannot be read."""
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await store.changelog.cursors()
    return ()


async def move(config: Config, cursor: Cursor) -> None:
    """Make or move a cursor where no daemon runs; raises `LockedError`, `StoreError` and `DecisionError`."""
    async with amending(config) as store:
        await store.changelog.move(cursor)


def check_reads(config: Config, cursor: Cursor) -> None:
    """Refuse a cursor that reads what the configuration does not name; raises `DecisionError`."""
    of = [each for each in config.connections if cursor.connection in {None, each.name}]
    known = {each.name for one in of for each in one.resources}
    if (cursor.connection is None or of) and (cursor.resource is None or cursor.resource in known):
        return
    hint = "leave connection and resource out, or give those that `driftd check config` shows"
    raise DecisionError("the cursor reads what is not configured", hint=hint, invalid=True)


async def forget(config: Config, name: str) -> bool:
    """Remove a cursor where no daemon runs, and tell whether there was one; raises as `move` does."""
    async with amending(config) as store:
        return await store.changelog.forget(name)


async def days(config: Config, since: int, connection: str | None, resource: str | None) -> Sequence[Day]:
    """Return how many events each day from `since` on (epoch ms) had; raises `StoreError`."""
    async with reading(config) as store:
        return await store.changelog.days(since, connection=connection, resource=resource)


async def migrate(config: Config) -> tuple[int, int]:
    """Bring the database to this release's schema; return the number before and after.

    Raises `EmptyStoreError` where there is none, `LockedError` where a process has it, `StoreError` where it fails.
    """
    before = schema_of(config.data_dir)
    async with writing(config):
        return before, schema_of(config.data_dir)
