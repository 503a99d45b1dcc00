"""A request waits for its turn without holding what others could use, and is counted against the day."""

import anyio
import pytest

from driftd.core.breaker import Limits
from driftd.core.budget import Budget, Usage
from driftd.core.credential import Issued
from driftd.core.health import ConnectionHealth
from driftd.errors import Reason, SourceError
from driftd.runtime.gauges import Gauges
from driftd.runtime.purse import Purse
from driftd.runtime.quota import WORTH, Quota
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.way import Way
from tests.fakes.virtual import VirtualClock, virtual_run
from tests.runtime.world import FakeClock

HOUR = 3_600_000


def traffic(clock: VirtualClock, gauges: Gauges, way: Way, everywhere: anyio.CapacityLimiter) -> ConnectionTraffic:
    purse = Purse("a", Budget(100, 1000), Usage(), clock)
    return ConnectionTraffic(2, way, everywhere, purse, gauges)


def test_whoever_waits_holds_no_place_that_others_could_use() -> None:
    """Three requests of a slow connection leave the third place of all to another connection."""

    async def play() -> None:
        clock = VirtualClock()
        gauges, everywhere = Gauges(clock.monotonic), anyio.CapacityLimiter(3)
        ways = [Way(anyio.CapacityLimiter(2), clock, lambda: 0.5, Limits()) for _ in range(2)]
        slow, quick = (traffic(clock, gauges, way, everywhere) for way in ways)
        ended: list[tuple[str, float]] = []

        async def ask(name: str, of: ConnectionTraffic, seconds: float) -> None:
            async with of.turn():
                await anyio.sleep(seconds)
            ended.append((name, anyio.current_time()))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask, "slow", slow, 100.0)
            await anyio.sleep(1)
            assert gauges.waiting == 1
            group.start_soon(ask, "quick", quick, 1.0)
        assert ended == [("quick", 2.0), ("slow", 100.0), ("slow", 100.0), ("slow", 200.0)]
        assert gauges.waiting == 0

    virtual_run(play)


def test_a_day_has_so_many_requests_and_bytes() -> None:
    """The request over the limit is refused before it is sent; the next day begins anew."""
    clock = FakeClock()
    purse = Purse("a", Budget(3, 10**6), Usage(), clock)
    for _ in range(3):
        purse.send()
    with pytest.raises(SourceError) as refused:
        purse.send()
    assert refused.value.reason is Reason.BUDGET_EXHAUSTED
    assert "requests_per_day = 3" in str(refused.value)
    assert purse.usage.requests == 3
    clock.ms = purse.resumes
    purse.send()
    assert purse.usage.requests == 1


def test_bytes_that_are_too_many_end_the_answer_that_brings_them() -> None:
    """They are counted all the same."""
    purse = Purse("a", Budget(10, 100), Usage(), FakeClock())
    purse.receive(100)
    with pytest.raises(SourceError) as refused:
        purse.receive(50)
    assert "bytes_per_day = 100" in str(refused.value)
    assert purse.usage.bytes == 150
    assert not purse.affords(0, 1)


def test_tokens_are_settled_once() -> None:
    """What was asked for since the last time joins the connection's health, and no more."""

    async def play() -> None:
        clock = VirtualClock()
        way = Way(anyio.CapacityLimiter(2), clock, lambda: 0.5, Limits())
        here = traffic(clock, Gauges(clock.monotonic), way, anyio.CapacityLimiter(3))
        here.renewed(Issued(0, HOUR / 1000))
        here.renewed(None)
        health = here.settle(ConnectionHealth())
        assert (health.tokens, health.token_failures, health.token_ends) == (2, 1, HOUR)
        assert here.settle(health) is health

    virtual_run(play)


def busy() -> tuple[ConnectionTraffic, ConnectionTraffic]:
    """Return the traffic of two connections that sign in alike, each with two places."""
    clock = VirtualClock()
    gauges, everywhere, quota = Gauges(clock.monotonic), anyio.CapacityLimiter(9), Quota(clock)
    way = Way(anyio.CapacityLimiter(9), clock, lambda: 0.5, Limits())
    purses = [Purse(name, Budget(100, 1000), Usage(), clock) for name in "ab"]
    one, other = (ConnectionTraffic(2, way, everywhere, purse, gauges, quota) for purse in purses)
    return one, other


async def sent(traffic: ConnectionTraffic) -> float:
    """Return when a request gets its turn."""
    async with traffic.turn():
        return anyio.current_time()


@pytest.mark.parametrize("status", [429, 503])
def test_what_an_answer_asks_to_wait_those_beside_it_wait(status: int) -> None:
    """Ten seconds asked of one request hold each other one of its connection; a 429 all who sign in alike."""
    turns: dict[str, float] = {}

    async def play() -> None:
        one, other = busy()
        one.answered(status, 0.1)
        one.asked(status, 10.0)
        await anyio.sleep(1)
        async with anyio.create_task_group() as group:
            group.start_soon(wait, "own", one)
            group.start_soon(wait, "other", other)

    async def wait(name: str, traffic: ConnectionTraffic) -> None:
        turns[name] = await sent(traffic)

    virtual_run(play)
    assert turns["own"] == 10
    assert turns["other"] > 10 if status == 429 else turns["other"] == 1  # after a 429 they also come more slowly


@pytest.mark.parametrize(("status", "reason"), [(429, Reason.RATE_LIMITED), (503, Reason.GATEWAY_ERROR)])
def test_where_a_wait_is_long_nothing_is_sent_by_those_beside_it(status: int, reason: Reason) -> None:
    """They fail as the one that was told did, with what is left of the wait; so does one that waited for its place."""
    refused: list[SourceError] = []

    async def play() -> None:
        one, _ = busy()

        async def hold() -> None:
            async with one.turn():
                await anyio.sleep(5)

        async def late() -> None:
            with pytest.raises(SourceError) as error:
                await sent(one)
            refused.append(error.value)

        async with anyio.create_task_group() as group:
            for each in (hold, hold, late):
                group.start_soon(each)
            await anyio.sleep(4)
            one.asked(status, WORTH + 2)
        await late()

    virtual_run(play)
    assert [(each.reason, each.retry_after) for each in refused] == [(reason, WORTH + 1), (reason, WORTH + 1)]


def test_a_request_waits_for_no_end_of_rests() -> None:
    """Where the tenant asks to wait each time that a place is free, a request fails at last, and is counted once."""
    refused: list[SourceError] = []

    async def play() -> None:
        one, _ = busy()

        async def objecting() -> None:
            while not refused:
                async with one.turn():
                    await anyio.sleep(1)
                    one.asked(503, 5.0)

        async def late() -> None:
            await anyio.sleep(0.5)
            with pytest.raises(SourceError, match="asks to wait") as error:
                await sent(one)
            refused.append(error.value)

        async with anyio.create_task_group() as group:
            for each in (objecting, objecting, late):
                group.start_soon(each)

    virtual_run(play)
    assert refused[0].reason is Reason.GATEWAY_ERROR
