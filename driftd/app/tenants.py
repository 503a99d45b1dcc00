"""What the daemon's HTTP surface is told of connections, and does with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from driftd.adapters.sqlite import SqliteStore
from driftd.app.connections import Connections
from driftd.app.renewal import Renewals
from driftd.core.brought import Brought, Put
from driftd.core.decision import Word
from driftd.core.health import Flip
from driftd.core.trial import Trial
from driftd.faces.http.inside import Source, Stretch, Tenants
from driftd.ports import Hour, Polled
from driftd.runtime.daemon import Running
from driftd.runtime.locks import Locks


def tenants_of(
    running: Running,
    connections: Connections,
    renewals: Renewals,
    store: SqliteStore,
    try_: Callable[[str], Awaitable[Trial]],
) -> Tenants:
    """Return what is asked and done of connections in a daemon."""
    locks = Locks()

    def sources() -> Mapping[str, Source]:
        return {each.name: Source(each.stored, each.place) for each in running.config.connections}

    async def put(brought: Brought, word: Word) -> Put:
        return await connections.put(brought.table, brought.secrets, word, create=brought.create, check=brought.check)

    async def remove(name: str, word: Word, erase: bool) -> str:  # noqa: FBT001 - as the surface calls it
        return await connections.remove(name, word, erase=erase)

    async def tried(name: str) -> Trial:
        """Check a connection live: one at a time."""
        async with locks[name, ""]:
            return await try_(name)

    async def history(stretch: Stretch) -> Sequence[Flip | Polled | Hour]:
        return await store.logbook.history(
            stretch.connection,
            since=stretch.since,
            until=stretch.until,
            limit=stretch.limit,
            failures=stretch.failures,
        )

    flips, rotate = store.logbook.flips, renewals.rotate
    return Tenants(sources, store.connections.all, put, remove, history, flips, rotate, tried, running.ask)
