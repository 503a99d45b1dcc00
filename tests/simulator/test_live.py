import asyncio
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from driftd.simulator import Farm, serving
from driftd.simulator.live import Live


class Time:
    """A clock that sleeping moves, and which ends the world at its hour."""

    def __init__(self, end: float, stall: float = 0.0) -> None:
        self.now, self._end, self._stall = 100.0, 100.0 + end, stall

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, self._stall)
        self._stall = 0.0
        if self.now > self._end:
            raise asyncio.CancelledError


def run(farm: Farm, pace: float, time: Time) -> list[int]:
    async def live() -> None:
        with suppress(asyncio.CancelledError):
            await Live(farm, pace, time.sleep, time.clock).run()

    asyncio.run(live())
    return [tenant.state for tenant in farm.values()]


def test_each_tenant_keeps_the_pace() -> None:
    """Of three tenants each takes so many steps a minute, whatever their number."""
    assert run(Farm.build(tenants=3, records=12), 30.0, Time(120.01)) == [60] * 3


def test_steps_that_came_too_late_are_left_out() -> None:
    """After a wait that took far too long, business goes on at its pace, and does not make up in a burst."""
    assert run(Farm.build(tenants=1, records=12), 60.0, Time(100.01, stall=90.0)) == [12]


@pytest.mark.parametrize(("tenants", "pace"), [(0, 60.0), (1, 0.0)])
def test_without_tenants_or_pace_nothing_goes_on(tenants: int, pace: float) -> None:
    """Nothing to do ends at once."""
    assert run(Farm.build(tenants=tenants, records=3), pace, Time(1e9)) == [0] * tenants


def states(url: str) -> Iterator[int]:
    """Ask for a tenant's state until the test has seen enough."""
    for _ in range(100_000):
        yield httpx.get(f"{url}/control/tenants", verify=False).json()["tenants"][0]["state"]


def test_a_served_farm_lives_by_itself() -> None:
    """While it is served with a pace, states come without anybody's asking; they are those of steps by hand."""
    live, by_hand = (Farm.build(tenants=1, records=20, seed=9) for _ in range(2))
    for farm in (live, by_hand):
        farm.wall = lambda: 1_800_000_000.0
    with serving(live, pace=60_000.0) as server:
        assert next(state for state in states(server.url) if state >= 25) >= 25
    state = by_hand["aldgate"].step(25)
    for resource in live["aldgate"].classes:
        assert live["aldgate"].records(resource, state) == by_hand["aldgate"].records(resource)
