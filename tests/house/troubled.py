"""Two connections on one store, one of them in trouble: what every bad input must leave as it was."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.core.model import Kind
from driftd.errors import Reason, StoreError
from driftd.ports import Store
from driftd.runtime.poll import Round, poll
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from driftd.simulator import Farm, Fault, RequestSeen, Serving, serving
from tests.fakes.detection import detector_of
from tests.faults.observing import Observe
from tests.house.rig import SEED, Rig, decoded, joined, normal, resource, truth

SICK = "BPCUSTOMER"
MASTERS = (SICK, "ITMMASTER")
RECORDS = 60
PAGE = 10
EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)

Events = list[tuple[str, tuple[Any, ...], Any, Any]]


@dataclass
class Troubled:
    """The connection `aldgate`, whose BPCUSTOMER is in trouble, and everything that must not notice."""

    farm: Farm
    server: Serving
    store: Store
    patient: Rig
    neighbour: Rig
    state: int = 0
    """State of the tenant in trouble that the store was last known to show."""
    mark: int = 0
    """Greatest `seq` at that time."""
    seen: list[str] = field(default_factory=list)
    """What came of each trouble, in a few words."""
    lost: int = 0
    """Changes that the log lacked once the trouble was over, in all."""
    invented: int = 0
    """Changes that it had too many."""

    def tell(self, observe: Observe, what: str) -> None:
        """Tell what was seen of a fault."""
        seen = "; ".join(dict.fromkeys(self.seen)) or "nothing of it shows"
        observe(f"{what}: {seen}" if what else seen, lost=self.lost, invented=self.invented)

    async def poll(self, kind: Kind | None = Kind.SWEEP) -> dict[tuple[str, str], CycleReport]:
        """Run one cycle of each resource of both connections, as `driftd poll` does."""
        rounds = [
            Round(
                Tenant(
                    house.source,
                    self.store,
                    SystemClock(),
                    host,
                    house.tenant.folder,
                    lambda: SEED,
                    detector_of(self.store),
                    {each.name: each for each in house.resources},
                ),
                house.resources,
                3,
            )
            for house, host in ((self.patient, "aldgate.example"), (self.neighbour, "borough.example"))
        ]
        polled = await poll(rounds, kind)
        return {(each.connection, each.resource): each for each in polled.cycles}

    def advance(self) -> None:
        """Let business go on in every class of both tenants."""
        for house in (self.patient, self.neighbour):
            for each in house.resources:
                house.tenant.advance(create=3, update=5, delete=2, update_lines=0, resource=each.name)

    def spoil(self, fault: Fault, page: int, name: str = SICK) -> None:
        """Put a fault in force from a page of a resource on."""
        tenant = self.patient.tenant

        def act(seen: RequestSeen) -> None:
            if seen.resource == name and seen.page == page and not tenant.faults:
                tenant.faults.append(replace(fault, resource=name, facet="$query", matched=0, acted=0))

        tenant.on_request = act

    def heal(self) -> None:
        """Take every fault away."""
        self.patient.tenant.on_request = None
        self.patient.tenant.faults.clear()

    async def settled(self) -> None:
        """Poll all that is well and take it as the state that is known."""
        reports = await self.poll()
        assert all(each.outcome == "ok" for each in reports.values()), list(reports.values())
        await self.remember()

    async def remember(self) -> None:
        """Take the tenant's present state as the one that the log has told."""
        self.state = self.patient.tenant.state
        log = await self.store.read_changes(0, 1_000_000)
        self.mark = log[-1].seq if log else 0

    async def suffers(self, reason: Reason, name: str = SICK) -> CycleReport:
        """Poll while business goes on and one resource cannot be read, and assert what always holds.

        The report names reason, connection and next step; the snapshot of the resource stays byte for byte; its change
        log says nothing; every other resource and connection is captured exactly.
        """
        self.advance()
        before = await shown(self.store, self.patient.tenant.name, name)
        reports = await self.poll()
        bad = reports.pop((self.patient.tenant.name, name))
        self.seen.append(f"{bad.outcome} by {bad.reason}, the others went on")
        self.invented += len(await self.events(name))
        assert (bad.outcome, bad.reason) == ("failed", reason), (bad.outcome, bad.reason, bad.message)
        assert self.patient.tenant.name in bad.message
        assert bad.hint
        assert self.patient.tenant.client_secret not in bad.message + bad.hint
        assert (bad.r, bad.c, bad.u, bad.d) == (0, 0, 0, 0)
        assert await shown(self.store, self.patient.tenant.name, name) == before
        assert not await self.events(name)
        assert [each.outcome for each in reports.values()] == ["ok"] * len(reports), list(reports.values())
        for house in (self.patient, self.neighbour):
            for each in house.resources:
                if (house, each.name) != (self.patient, name):
                    assert await house.snapshot(each.name) == truth(house.tenant, each.name)
        return bad

    async def events(self, name: str = SICK) -> Events:
        """Return what the log says of a resource in trouble since `settled`."""
        found = await self.store.read_changes(self.mark, 100_000, connection=self.patient.tenant.name, resource=name)
        return [told(each.envelope) for each in found]

    async def recovers(self, name: str = SICK) -> None:
        """Poll once more without the trouble, and assert that the log tells exactly what changed meanwhile."""
        reports = await self.poll()
        lost, invented = await self.compared(name)
        assert all(each.outcome == "ok" for each in reports.values()), list(reports.values())
        assert await self.patient.snapshot(name) == truth(self.patient.tenant, name)
        assert (lost, invented) == ([], [])
        await self.remember()

    async def compared(self, name: str = SICK, besides: str = "") -> tuple[list[str], list[str]]:
        """Return, and count, the changes since `settled` that the log lacks against the truth, and has too many.

        Those of the key `besides` are left out.
        """
        tenant = self.patient.tenant
        changed = tenant.truth(self.state, tenant.state, name)
        told = [(c.op, c.key, c.before, c.after) for c in changed]
        real, said = (
            Counter(spelt(each) for each in events if tuple(each[1]) != (besides,))
            for events in (told, await self.events(name))
        )
        lost, invented = list((real - said).elements()), list((said - real).elements())
        self.lost += len(lost)
        self.invented += len(invented)
        return lost, invented


def spelt(event: tuple[str, Any, Any, Any]) -> str:
    """Return op, key, before and after in one spelling."""
    op, *values = event
    return repr((op, _ordered(normal(values))))


def _ordered(value: Any) -> Any:
    """Return a value that is spelt alike whatever the order of its members and the spelling of its numbers."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_ordered(each) for each in value]
    return value.normalize(EXACT) if isinstance(value, Decimal) else value


def told(envelope: bytes) -> tuple[str, tuple[Any, ...], Any, Any]:
    """Return op, key, before and after of an event."""
    event = decoded(envelope)
    return event["op"], tuple(event["key"].values()), event["before"], event["after"]


async def shown(store: Store, connection: str, name: str) -> Sequence[tuple[bytes, bytes]]:
    """Return the snapshot byte for byte."""
    found = await store.read_records(connection, name, after=None, limit=100_000)
    return [(each.key, each.body) for each in found.records]


async def nothing_stored(house: Troubled, name: str = SICK) -> None:
    """Assert that a resource counts as never read."""
    (mine,) = (each for each in house.patient.resources if each.name == name)
    assert not (await house.store.standing(mine)).baselined
    with pytest.raises(StoreError):
        await house.store.read_records(mine.connection, name, after=None, limit=1)


@asynccontextmanager
async def troubled(
    directory: Path,
    *,
    classes: Sequence[str] = MASTERS,
    records: int = RECORDS,
    observe: Observe = lambda _text, **_counts: None,
    what: str = "",
    **settings: Any,
) -> AsyncIterator[Troubled]:
    """Serve two tenants of 60 records a class, six pages each; `settings` are those of the connection in trouble.

    What was seen is observed in the end, well or not, after `what` the fault is called.
    """
    farm = Farm.build(2, records, seed=20_261, only=classes)
    resources = [resource(name, page_size=PAGE) for name in classes]
    with serving(farm) as server:
        async with (
            SqliteStore.open(directory, clock_now=SystemClock().now) as store,
            joined(farm["aldgate"], server.url, store, resources, **settings) as patient,
            joined(farm["borough"], server.url, store, resources[-1:]) as neighbour,
        ):
            house = Troubled(farm, server, store, patient, neighbour)
            try:
                yield house
            finally:
                house.tell(observe, what)
