"""The running daemon's laws, told on virtual time."""

import os
from itertools import pairwise

import anyio
import pytest

from driftd.core.health import Result, heartbeat
from driftd.core.reasons import State
from driftd.errors import Reason
from tests.fakes.virtual import VirtualClock
from tests.faults.observing import Observe
from tests.runtime.rig import MIDNIGHT, Rig, connection
from tests.runtime.world import row

NOON = MIDNIGHT + 12 * 3_600_000


def test_every_resource_is_polled_at_its_own_pace() -> None:
    """In an hour each resource of one page is swept once, then at each of the twelve points of its grid."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        begun = rig.gauges.polls.shown()
        await rig.reach(3600)
        polls = sum(rig.gauges.polls.shown().counts)
        assert sum(begun.counts) == 4
        assert 4 + 4 * 11 <= polls <= 4 + 4 * 12
        assert rig.gauges.schedule_lag() < 1

    Rig([connection("a"), connection("b")]).run(story)


def test_what_changes_is_captured_within_its_interval() -> None:
    """A change at the tenant is in the log one probe later, and only once."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].source.put("ONE", [{"KEY": "K00010", "NAME": "new"}])
        assert await rig.until(lambda: len(rig.store.log) == 1) <= 301
        await rig.reach(7200)
        assert len(rig.store.log) == 1

    Rig([connection("a")]).run(story)


@pytest.mark.fault(11)
@pytest.mark.parametrize(
    ("many", "reason"),
    [
        (20, Reason.CONNECTION_REFUSED),
        (8, Reason.CONNECT_TIMEOUT),
        (8, Reason.CONNECTION_RESET),
        pytest.param(1000, Reason.CONNECTION_RESET, marks=pytest.mark.heavy),
    ],
)
def test_a_dead_host_is_tried_by_one_at_a_time(many: int, reason: Reason, observe: Observe) -> None:
    """However many connections are on one host that is down, they make one request a trial; all are shown down, all
    recover (``DRIFTD_HEAVY=short``: 200)."""
    many = 200 if many > 200 and os.environ.get("DRIFTD_HEAVY") == "short" else many
    names = [f"c{number:04}" for number in range(many)]

    async def story(rig: Rig) -> None:
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in names))
        for tenant in rig.tenants.values():
            tenant.failing(reason)
        await rig.until(lambda: all(rig.status(name).state is State.UNREACHABLE for name in names), 600)
        grown = rig.clock.monotonic() + 600
        await rig.reach(grown)
        for tenant in rig.tenants.values():
            tenant.sent.clear()
        before = rig.clock.monotonic()
        await rig.reach(before + 3600)
        trials = sorted(at for tenant in rig.tenants.values() for at in tenant.sent)
        together = 1 + sum(later - earlier < 200 for earlier, later in pairwise(trials))
        observe(f"{many} connections, {reason}: {len(trials)} requests in an hour, {together} at once")
        assert 3600 / 300 - 1 <= len(trials) <= 3600 / 225 + 2
        assert all(later - earlier >= 200 for earlier, later in pairwise(trials))
        for tenant in rig.tenants.values():
            tenant.well()
        assert await rig.until(lambda: all(rig.status(name).state is State.OK for name in names)) < 600

    Rig([connection(name, host="one") for name in names]).run(story)


@pytest.mark.fault(22)
def test_a_refused_secret_is_looked_at_again_then_left_alone(observe: Observe) -> None:
    """auth_failed at the second look; then tries after 15 minutes, 30, 60, 60; it recovers by itself."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.OAUTH_INVALID_CLIENT, status=401)
        tenant.sent.clear()
        await rig.until(lambda: rig.status("a").state is State.RETRYING)
        first = rig.clock.monotonic()
        await rig.until(lambda: rig.status("a").state is State.AUTH_FAILED)
        assert 44 <= rig.clock.monotonic() - first <= 47
        await rig.reach(first + 3 * 3600)
        waits = [later - earlier for earlier, later in pairwise(tenant.sent)]
        observe(f"auth_failed at the second look, then tries after {[round(each / 60) for each in waits]} minutes")
        assert [round(wait / 15) * 15 for wait in waits if wait > 1] == [45, 900, 1800, 3600, 3600][: len(waits)]
        tenant.well()
        await rig.until(lambda: rig.status("a").state is State.OK)
        assert rig.status("b").state is State.OK
        assert not [line for line in rig.told if line[2].get("connection") == "b" and line[0] != "info"]

    Rig([connection("a"), connection("b")]).run(story)


def test_a_secret_that_is_refused_in_two_ways_is_told_as_soon() -> None:
    """As cycles that run at once are refused: one its token, the next one the secret. No quarter of an hour passes
    before the look that tells it."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.UNAUTHORIZED, status=401)
        await rig.until(lambda: rig.status("a").state is State.RETRYING)
        first = rig.clock.monotonic()
        tenant.failing(Reason.OAUTH_INVALID_CLIENT, status=401)
        await rig.until(lambda: rig.status("a").state is State.AUTH_FAILED)
        assert rig.clock.monotonic() - first <= 2 * 47

    Rig([connection("a")]).run(story)


def test_what_the_tenant_asks_for_is_obeyed() -> None:
    """After a 429 with Retry-After nothing is sent to the tenant before its time, whatever the resource."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.RATE_LIMITED, status=429, retry_after=1200.0)
        tenant.sent.clear()
        await rig.until(lambda: bool(tenant.sent))
        await rig.reach(tenant.sent[0] + 7200)
        waits = [later - earlier for earlier, later in pairwise(tenant.sent)]
        assert all(wait >= 1200 or wait < 1 for wait in waits)
        assert rig.status("a").state is State.RATE_LIMITED
        tenant.well()
        await rig.until(lambda: rig.status("a").state is State.OK)

    Rig([connection("a")]).run(story)


@pytest.mark.parametrize("reason", [Reason.SERVER_ERROR, Reason.TIMEOUT, Reason.MAINTENANCE_PAGE, Reason.WRONG_FOLDER])
def test_a_fault_is_shown_past_its_grace_and_goes_by_itself(reason: Reason) -> None:
    """State and reason are told; the other connection notices nothing; two good polls end it."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].failing(reason)
        await rig.until(lambda: rig.status("a").state in {State.UNREACHABLE, State.CONFIG_ERROR}, 3600)
        assert rig.status("a").reason is reason
        rig.tenants["a"].well()
        await rig.until(lambda: rig.status("a").state is State.OK, 4000)
        others = [Result.OK for _ in range(9)]
        beats = heartbeat(rig.status("b").resources[0].health.beats)
        assert {beat.result for beat in beats} == set(others)

    Rig([connection("a"), connection("b")]).run(story)


def test_a_budget_is_never_exceeded_by_a_request() -> None:
    """Requests of a day end with its budget; state and next day are told, and the next day goes on."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.RATE_LIMITED, step=60)
        assert rig.status("a").reason is Reason.BUDGET_EXHAUSTED
        assert len(tenant.sent) == 100
        until = rig.status("a").resumes
        await rig.until(lambda: rig.clock.now() >= until, 90_000, step=60)
        assert len(tenant.sent) == 100
        await rig.until(lambda: rig.status("a").state is State.OK, 600, step=5)

    Rig([connection("a", requests_per_day=100)], clock=VirtualClock(NOON)).run(story)


def test_a_used_up_budget_is_told_whatever_the_clock_says() -> None:
    """Where a later day's budget is used up too and the clock is put back, the reason stands until the day ends."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.RATE_LIMITED, step=60)
        until = rig.status("a").resumes
        rig.clock.jump(48 * 3_600_000)
        await rig.until(lambda: rig.status("a").state is State.OK, step=60)
        await rig.until(lambda: rig.status("a").state is State.RATE_LIMITED, step=60)
        rig.clock.jump(-48 * 3_600_000)
        while rig.clock.now() < until - 60_000:
            await anyio.sleep(600)
            assert rig.status("a").reason is Reason.BUDGET_EXHAUSTED
        await rig.until(lambda: rig.status("a").state is State.OK, 1200, step=5)
        assert len(rig.tenants["a"].sent) > 200

    Rig([connection("a", requests_per_day=100)], clock=VirtualClock(NOON)).run(story)


def test_a_used_up_budget_is_told_after_a_restart() -> None:
    """A daemon that begins with no budget left says so, however long ago the last poll was."""

    async def first(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.RATE_LIMITED, step=60)

    async def second(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.RATE_LIMITED, 60, step=5)
        assert rig.status("a").reason is Reason.BUDGET_EXHAUSTED
        assert not rig.tenants["a"].sent

    before = Rig([connection("a", requests_per_day=100)])
    before.run(first)
    later = VirtualClock(MIDNIGHT + 20 * 3_600_000)
    Rig([connection("a", requests_per_day=100)], clock=later, store=before.store, logbook=before.logbook).run(second)


def test_a_bug_costs_one_poll_and_is_counted() -> None:
    """A cycle that ends by a bug is an internal_error of its resource; all else goes on, and so does it afterwards."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)

        def bug() -> None:
            raise ZeroDivisionError("a bug")

        rig.tenants["a"].fault = bug
        await rig.until(lambda: rig.status("a").reason is Reason.INTERNAL_ERROR)
        assert [line for line in rig.told if line[1] == "poll ended by a bug"]
        rig.tenants["a"].well()
        await rig.until(lambda: rig.status("a").state is State.OK)
        assert rig.status("a").resources[0].health.failures

    Rig([connection("a"), connection("b")]).run(story)


@pytest.mark.fault(7)
@pytest.mark.parametrize("hours", [-48, -1, 1, 48])
def test_a_clock_that_jumps_silences_nothing(hours: int, observe: Observe) -> None:
    """Whichever way the wall clock is set, every resource is polled again within two intervals, and not in a burst."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        await rig.reach(1800)
        rig.clock.jump(hours * 3_600_000)
        tenant.sent.clear()
        before = rig.clock.monotonic()
        await rig.reach(before + 600)
        observe(f"{hours:+} h in virtual time: {len(tenant.sent)} requests within two intervals of two classes")
        assert 2 <= len(tenant.sent) <= 6
        await rig.reach(before + 3600)
        assert 20 <= len(tenant.sent) <= 30

    Rig([connection("a")]).run(story)


@pytest.mark.heavy
def test_a_slow_and_a_huge_tenant_delay_nobody() -> None:
    """Small tenants are polled within a tenth of their interval of when it is due, whatever the others do."""

    async def story(rig: Rig) -> None:
        small = [each.name for each in rig.connections if each.name.startswith("c")]
        rig.tenants["slow"].latency, rig.tenants["huge"].latency = 100.0, 2.0
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in small))
        for name in small:
            rig.tenants[name].sent.clear()
        begun = rig.clock.monotonic()
        await rig.reach(begun + 3600)
        for name in small:
            waits = [later - earlier for earlier, later in pairwise(rig.tenants[name].sent)]
            assert sum(waits) > 3000
            assert max(waits) <= 330
        assert rig.gauges.schedule_lag() < 30

    rig = Rig([*(connection(f"c{number:02}") for number in range(40)), connection("slow"), connection("huge")])
    for name in ("ONE", "TWO"):
        rig.tenants["huge"].source.put(name, [row(number) for number in range(600)])
    rig.run(story)
