"""The `Casebook` port on the store's own file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from driftd.adapters.sqlite import cases, facts, pauses, withholding
from driftd.adapters.sqlite import filing as rows
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core.alerts.model import Alert, Deed
from driftd.core.drift import Check
from driftd.core.health import Aside
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.model import KeyBytes
from driftd.core.schema.model import Baseline, SchemaVersion
from driftd.errors import StoreError
from driftd.ports import Done, Filing, Pages, Told


class SqliteCasebook:
    """What detection remembers, in ``driftd.db``; every method raises `StoreError` for what is wrong with disk or file.

    What a later release wrote and this one does not understand has its default, or is left out of a list.
    """

    def __init__(self, reader: Reader, writer: Writer | None, now: Callable[[], int]) -> None:
        self._reader = reader
        self._writer = writer
        self._now = now

    async def memory(self, connection: str, resource: str) -> Memory:
        """Return what detection remembers of a resource, or the empty memory."""
        return await self._reader.read(partial(cases.memory, connection=connection, resource=resource))

    async def baseline(self, connection: str, resource: str) -> Baseline:
        """Return what is held as normal of a resource's shape, or the empty baseline."""
        return await self._reader.read(partial(cases.baseline, connection=connection, resource=resource))

    async def versions(self, connection: str, resource: str) -> Sequence[SchemaVersion]:
        """Return the schema versions of a resource, learnt ones first, each source by number."""
        return await self._reader.read(partial(cases.versions, connection=connection, resource=resource))

    async def evaluated(self) -> Mapping[tuple[str, str], int]:
        """Return when the checks of each resource last ran to their end, epoch ms, by connection and resource."""
        return await self._reader.read(cases.evaluated)

    async def alerts(self, *, connection: str | None = None, resolved_since: int | None = None) -> Sequence[Alert]:
        """Return pending and firing alerts, and those resolved at or after `resolved_since` (epoch ms), by id."""
        return await self._reader.read(partial(cases.alerts, connection=connection, resolved_since=resolved_since))

    async def alert(self, id_: str) -> Alert | None:
        """Return one alert, however old."""
        return await self._reader.read(partial(cases.alert, id_=id_))

    async def notices(self, after: int, limit: int, *, connection: str | None = None) -> Sequence[Told]:
        """Return notices with ``seq > after`` in order, at most `limit`."""
        return await self._reader.read(partial(cases.notices, after=after, limit=limit, connection=connection))

    async def deeds(self, connection: str, limit: int) -> Sequence[Deed]:
        """Return what persons did, newest first, at most `limit`."""
        return await self._reader.read(partial(cases.deeds, connection=connection, limit=limit))

    async def audit(self, pages: Pages) -> Sequence[Done]:
        """Return what persons did, newest first."""
        return await self._reader.read(partial(cases.audit, pages=pages))

    async def asides(self) -> Mapping[str, Aside]:
        """Return how connections were put aside, over or not, by name; those that never were are left out."""
        return await self._reader.read(pauses.read)

    async def file(self, filing: Filing) -> None:
        """Write, all or nothing, safe against a loss of power.

        Raises `FencedError` if another process owns the store by now, and `StoreError` where it is open for reading.
        """
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        await self._writer.transact(partial(rows.file, filing=filing, now=self._now()), durable=True)

    async def withheld(self, connection: str, resource: str) -> int:
        """Count the events of a resource that are stored and not released."""
        return await self._reader.read(partial(withholding.count, connection=connection, name=resource))

    async def present(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        """Return those of `keys` that are live records of the snapshot."""
        work = partial(cases.present, connection=connection, resource=resource, keys=tuple(keys))
        return await self._reader.read(work)

    async def referring(self, connection: str, target: str, keys: Iterable[KeyBytes]) -> Mapping[str, Sequence[Link]]:
        """Return the links to records of class `target`, by the resource whose records refer; at most 10,000."""
        work = partial(facts.referring, connection=connection, target=target, keys=tuple(keys))
        return await self._reader.read(work)

    async def sums(self, connection: str, resource: str, wanted: Iterable[SumKey]) -> Sums:
        """Return the amounts of `wanted` sums; one that has none is left out."""
        work = partial(facts.sums, connection=connection, resource=resource, wanted=tuple(wanted))
        return await self._reader.read(work)

    async def breaches(
        self, connection: str, resource: str, *, keys: Iterable[KeyBytes] | None = None, limit: int = 1_000
    ) -> Sequence[Breach]:
        """Return breaches of a resource's records, those of `keys` only where given; the longest unjudged first."""
        chosen = None if keys is None else tuple(keys)
        work = partial(facts.breaches, connection=connection, resource=resource, keys=chosen, limit=limit)
        return await self._reader.read(work)

    async def breached(self, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
        """Count breaches by check and field: those that count (found twice, not accepted), and all others."""
        return await self._reader.read(partial(facts.breached, connection=connection, resource=resource))
