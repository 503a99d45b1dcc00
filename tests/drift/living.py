"""Tenants that live without incidents: orders, deliveries, invoices, payments in business hours, and nothing to tell.

Their classes are polled by the default distances, each at an offset of its own, as the daemon would; hours without
business pass like all others. Whatever fires is false.
"""

from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from msgspec import structs

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, X3Settings
from driftd.core.model import Kind, Resource
from driftd.core.secret import Secret
from driftd.runtime.alarms import Alarms
from driftd.runtime.cycle import cycle
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet
from driftd.runtime.tenant import Tenant
from driftd.simulator import Farm
from driftd.simulator.host import Host
from tests.drift.fields import classes
from tests.drift.ground import BASE, Ground, InProcess
from tests.drift.subject import HOST, Found, told
from tests.fakes.memory_store import MemoryStore
from tests.runtime.world import FakeClock

NAME: Final = "living"
RECORDS: Final = 40
HOUR: Final = 3_600_000
OPEN: Final = range(8, 18)
"""Hours of business, UTC, from Monday to Friday."""
STEPS: Final = 12
"""Stages of business in an hour of it."""
PACE: Final = {Kind.SWEEP: 86_400_000, Kind.DELTA: 900_000, Kind.PROBE: 300_000}


async def lived(days: int, *, slower: int = 1, seed: int = 1, records: int = RECORDS) -> list[Found]:
    """Let a tenant live so many days, polled every so many times as seldom as by default, and return all that fired."""
    clock, chance, store = FakeClock(), Random(seed), MemoryStore()
    farm = Farm.build(tenants=1, records=records, seed=seed)
    farm.clock, farm.wall = clock.monotonic, lambda: clock.now() / 1000
    x3 = next(iter(farm.values()))
    secret = Basic(x3.username, Secret(x3.password))
    settings = X3Settings(NAME, BASE, x3.folder, secret, endpoint=x3.endpoint)
    source = X3Source(settings, InProcess(Host(farm)), clock)
    resources = [_resource(name) for name in classes()]
    detector = Detector(store.casebook, store, Alarms(Quiet()))
    others = {each.name: each for each in resources}
    tenant = Tenant(source, store, clock, HOST, x3.folder, lambda: seed, detector, others)
    due = {(each.name, kind): clock.now() for each in resources for kind in PACE}
    found: dict[Found, None] = {}
    end, stepped = clock.now() + days * 24 * HOUR, clock.now()
    while clock.now() < end:
        stepped = _business(x3, chance, stepped, clock.now())
        for resource in resources:
            kind = next((kind for kind in PACE if due[resource.name, kind] <= clock.now()), None)
            if kind is not None:
                await cycle(tenant, resource, kind)
                for lesser in list(PACE)[list(PACE).index(kind) :]:
                    due[resource.name, lesser] = clock.now() + PACE[lesser] * (
                        slower if lesser is not Kind.SWEEP else 1
                    )
        found |= dict.fromkeys(told(each) for each in await store.casebook.alerts(connection=NAME) if each.firing)
        clock.ms = max(clock.ms, min(due.values()))
    return list(found)


def _resource(name: str) -> Resource:
    resource = Ground.of(name, 0).resource
    return structs.replace(resource, connection=NAME, page_size=500)


def _business(tenant: Any, chance: Random, since: int, now: int) -> int:
    """Let business go on until `now`; return until when it did."""
    at = since
    while at < now:
        at += HOUR // STEPS
        moment = datetime.fromtimestamp(at / 1000, UTC)
        if moment.hour in OPEN and moment.weekday() < 5 and chance.random() < 0.9:
            tenant.step()
    return at
