"""What detection remembers: alerts, notices, schemas, breaches."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.drift import Check
from driftd.core.health import Aside
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.model import KeyBytes
from driftd.core.schema.model import Baseline, SchemaVersion

VERSIONS: Final = 200
"""Versions of a schema that are kept of each source, the newest: one that flaps makes a new one each time."""


class Told(Struct, frozen=True):
    """A notice with its place in the alert stream."""

    seq: int
    notice: Notice


class Done(Struct, frozen=True):
    """A deed with its number: of two done at once, the later one has the greater."""

    number: int
    deed: Deed


class Pages(Struct, frozen=True):
    """Which deeds are asked for."""

    limit: int
    connection: str | None = None
    since: int = 0
    """Epoch ms."""
    before: tuple[int, int] | None = None
    """Time (epoch ms) and number of the deed at which the page before this one ended."""


class Filing(Struct, frozen=True):
    """What is to be written into the casebook at once outside of a cycle."""

    alerts: Sequence[Alert] = ()
    notices: Sequence[Notice] = ()
    deeds: Sequence[Deed] = ()
    baselines: Mapping[tuple[str, str], Baseline] = {}
    """By connection and resource."""
    memories: Mapping[tuple[str, str], Memory] = {}
    accepted: Mapping[tuple[str, str], Sequence[tuple[Check, str]]] = {}
    """By connection and resource: the checks and fields whose present breaches are accepted."""
    release: Sequence[tuple[str, str]] = ()
    """Connections and resources whose withheld events are released: they go to the end of the log, in their order.

    From then on events of the resource are released as they are committed, until a cycle says otherwise.
    """
    asides: Mapping[str, Aside] = {}
    """By connection: what takes the place of what was ordered before, all of it."""


class Casebook(Protocol):
    """What detection remembers. `Cycle.commit` writes what belongs to a cycle, `file` the rest."""

    async def memory(self, connection: str, resource: str) -> Memory:
        """Return what detection remembers of a resource, or the empty memory."""
        ...

    async def baseline(self, connection: str, resource: str) -> Baseline:
        """Return what is held as normal of a resource's shape, or the empty baseline."""
        ...

    async def versions(self, connection: str, resource: str) -> Sequence[SchemaVersion]:
        """Return the schema versions of a resource that are kept, learnt ones first, each source by number."""
        ...

    async def evaluated(self) -> Mapping[tuple[str, str], int]:
        """Return when the checks of each resource last ran to their end, epoch ms, by connection and resource."""
        ...

    async def alerts(self, *, connection: str | None = None, resolved_since: int | None = None) -> Sequence[Alert]:
        """Return pending and firing alerts, and those resolved at or after `resolved_since` (epoch ms), by id."""
        ...

    async def alert(self, id_: str) -> Alert | None:
        """Return one alert, however old."""
        ...

    async def notices(self, after: int, limit: int, *, connection: str | None = None) -> Sequence[Told]:
        """Return notices with ``seq > after`` in order, at most `limit`."""
        ...

    async def deeds(self, connection: str, limit: int) -> Sequence[Deed]:
        """Return what persons did, newest first, at most `limit`."""
        ...

    async def audit(self, pages: Pages) -> Sequence[Done]:
        """Return what persons did, newest first."""
        ...

    async def asides(self) -> Mapping[str, Aside]:
        """Return how connections were put aside, over or not, by name; those that never were are left out."""
        ...

    async def file(self, filing: Filing) -> None:
        """Write, all or nothing, safe against a loss of power; raises as a commit does."""
        ...

    async def withheld(self, connection: str, resource: str) -> int:
        """Count the events of a resource that are stored and not released."""
        ...

    async def present(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        """Return those of `keys` that are live records of the snapshot."""
        ...

    async def referring(self, connection: str, target: str, keys: Iterable[KeyBytes]) -> Mapping[str, Sequence[Link]]:
        """Return the links to records of class `target`, by the resource whose records refer; at most 10,000.

        Of each resource by value, field and key; those to the first of `keys` in byte order where there are more.
        """
        ...

    async def sums(self, connection: str, resource: str, wanted: Iterable[SumKey]) -> Sums:
        """Return the amounts of `wanted` sums; one that has none is left out."""
        ...

    async def breaches(
        self, connection: str, resource: str, *, keys: Iterable[KeyBytes] | None = None, limit: int = 1_000
    ) -> Sequence[Breach]:
        """Return breaches of a resource's records, those of `keys` only where given; the longest unjudged first.

        A breach is judged whenever it is written; of those written at once, by key, check and field.
        """
        ...

    async def breached(self, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
        """Count breaches by check and field: those that count (found twice, not accepted), and all others."""
        ...
