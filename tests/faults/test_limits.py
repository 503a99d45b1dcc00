"""Rows 15 and 16: tenants that ask us to wait, and those that fail for hours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials, X3Settings
from driftd.core.breaker import Limits
from driftd.core.budget import Budget, Usage
from driftd.core.reasons import State
from driftd.errors import Reason
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.quota import Quota
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.way import Way
from driftd.simulator import Farm, Tenant, serving
from tests.fakes.loopback import LOOPBACK
from tests.faults.observing import Observe
from tests.house.rig import Rig as House
from tests.house.rig import resource, truth
from tests.runtime.rig import Rig, connection
from tests.runtime.world import row

ASKED = 600.0
HOURS = 2


@pytest.mark.fault(15)
def test_a_wait_is_shared_by_all_who_sign_in_alike(observe: Observe) -> None:
    """What a tenant asks of one connection is kept by each that has the same credential at the same host, and by no
    other; it is no lasting trouble at the first time; then all goes on and nothing is lost."""

    async def story(rig: Rig) -> None:
        names = ("a", "b", "c")
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in names))
        for name in names:
            rig.tenants[name].source.put("ONE", [row(15)])
        rig.tenants["a"].failing(Reason.RATE_LIMITED, status=429, retry_after=ASKED)
        await rig.until(lambda: rig.status("a").state is not State.OK)
        state, begun = rig.status("a").state, rig.clock.monotonic()
        rig.tenants["a"].well()
        for tenant in rig.tenants.values():
            tenant.sent.clear()
        await rig.reach(begun + ASKED - 1)
        during = {name: len(rig.tenants[name].sent) for name in names}
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in names), 900)
        await rig.until(lambda: len(rig.store.log) == 3, 900)
        told = [each.connection for each in rig.store.log]
        observe(
            f"{ASKED:.0f} s asked: a sends {during['a']}, b with its credential {during['b']}, c elsewhere"
            f" {during['c']} requests; {state} meanwhile",
            lost=3 - len(set(told)),
            invented=len(told) - len(set(told)),
        )
        assert (during["a"], during["b"], state) == (0, 0, State.RETRYING)
        assert during["c"] > 0

    Rig([connection("a", host="one"), connection("b", host="one"), connection("c", host="two")]).run(story)


class Hasty(SystemClock):
    """A clock on which sleeping takes no time."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> int:
        return super().now() + round(self.slept * 1000)

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def limited(tenant: Tenant, url: str, directory: Path, clock: Hasty, quota: Quota) -> AsyncIterator[House]:
    """Give a connection whose requests go by a quota."""
    gauges = Gauges(clock.monotonic)
    way = Way(anyio.CapacityLimiter(4), clock, lambda: 0.5, Limits())
    purse = Purse(tenant.name, Budget(10**6, 10**12), Usage(), clock)
    traffic = ConnectionTraffic(4, way, anyio.CapacityLimiter(4), purse, gauges, quota)
    auth = ClientCredentials(url + tenant.token_path, tenant.client_id, lambda: tenant.client_secret)
    settings = X3Settings(tenant.name, url, tenant.folder, auth, endpoint=tenant.endpoint, egress=LOOPBACK)
    async with (
        SqliteStore.open(directory, clock_now=clock.now) as store,
        X3Source(settings, None, clock, traffic) as source,
    ):
        made = resource("BPCUSTOMER", tenant.name, page_size=3)
        yield House(source, store, tenant, [made], clock=clock)


@pytest.mark.fault(15)
async def test_a_sweep_of_more_pages_than_are_granted_comes_to_its_end(tmp_path: Path, observe: Observe) -> None:
    """A tenant that grants eight requests a second and answers 429 beyond is read whole: the page is asked for again
    once it may be, and requests follow each other more slowly."""
    clock, farm = Hasty(), Farm.build(1, 90, seed=3, only=("BPCUSTOMER",))
    farm.clock, tenant, quota = clock.monotonic, farm["aldgate"], Quota(clock)
    tenant.switches.move({"rate_limit": 8})
    with serving(farm) as server:
        async with limited(tenant, server.url, tmp_path, clock, quota) as house:
            reports = await house.poll()
            house.told["BPCUSTOMER"] = await house.snapshot("BPCUSTOMER")
            first, refused = quota.rate, sum(each.requests - each.pages for each in reports) - 1
            tenant.advance(create=3, update=5, delete=2, update_lines=0, resource="BPCUSTOMER")
            reports += await house.poll()
            told = await house.follow()
            have, want = house.told["BPCUSTOMER"], truth(tenant, "BPCUSTOMER")
            pages = [each.pages for each in reports]
            observe(
                f"sweeps of {pages} pages at 8 requests a second: {[each.outcome for each in reports]}, {refused} pages"
                f" asked for again, {first:.1f} requests a second allowed then",
                lost=sum(have.get(key) != record for key, record in want.items()),
                invented=sum(key not in want for key in have),
            )
            assert [each.outcome for each in reports] == ["ok", "ok"], reports
            assert have == want
            assert told == 10
            assert 0 < refused <= 8
            assert first < 100


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("reason", "status"), [pytest.param(Reason.GATEWAY_ERROR, 503, marks=pytest.mark.heavy), (Reason.SERVER_ERROR, 500)]
)
def test_a_storm_makes_few_requests_more(reason: Reason, status: int, observe: Observe) -> None:
    """A tenant that fails for hours is asked a tenth more than in hours that are well, and ten requests; once it is
    well it is so again within an interval, and what changed meanwhile is told once."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)

        async def requests() -> int:
            begun = len(tenant.sent)
            ends = rig.clock.monotonic() + HOURS * 3600
            await rig.reach(ends)
            return len(tenant.sent) - begun

        usual = await requests()
        tenant.failing(reason, status=status)
        tenant.source.put("ONE", [row(15)])
        storm = await requests()
        state = rig.status("a").state
        tenant.well()
        took = await rig.until(lambda: rig.status("a").state is State.OK and len(rig.store.log) > 0, 1200)
        told = len(rig.store.log)
        observe(
            f"{status} for {HOURS} h: {storm} requests where {usual} are usual; {state}; well after {took:.0f} s",
            lost=max(0, 1 - told),
            invented=max(0, told - 1),
        )
        assert storm <= 1.1 * usual + 10
        assert state is State.UNREACHABLE
        assert took <= 2 * 300 + 30
        assert told == 1

    Rig([connection("a")]).run(story)


@pytest.mark.fault(16)
def test_a_gateway_that_fails_is_tried_by_one_resource_at_a_time(observe: Observe) -> None:
    """Where nothing of a connection can be read, one cycle tries; the others follow once it is answered."""
    classes = tuple(f"C{number}" for number in range(6))

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.GATEWAY_ERROR, status=503)
        await rig.until(lambda: rig.status("a").state is State.UNREACHABLE)
        tenant.sent.clear()
        ends = rig.clock.monotonic() + 3600
        await rig.reach(ends)
        most = max(sum(0 <= other - one < 5 for other in tenant.sent) for one in tenant.sent)
        observe(f"{len(classes)} resources behind a gateway that fails: {most} request at a time")
        assert most == 1
        tenant.well()
        await rig.until(lambda: rig.status("a").state is State.OK, 900)

    Rig([connection("a", classes=classes)]).run(story)
