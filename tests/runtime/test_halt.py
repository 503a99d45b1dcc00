"""No room: no cycle begins, those that run never were, and all goes on where it was once there is room."""

from driftd.core.health import Trouble
from driftd.core.model import Op
from driftd.core.reasons import Actor, State
from driftd.errors import Reason
from tests.runtime.rig import Rig, connection
from tests.runtime.world import row

FULL = Trouble(Reason.STORE_ERROR, "no room", "free some", None, since=1, at=1, times=3, alike=3)


def test_no_tenant_is_asked_while_there_is_no_room() -> None:
    """For hours; the state says why and who acts, the raw answer of the tenant stays what it was."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.world.halt.set(FULL)
        rig.tenants["a"].sent.clear()
        await rig.until(lambda: rig.status("a").state is State.DEGRADED)
        found = rig.status("a")
        assert (found.reason, found.actor, found.health.up) == (Reason.STORE_ERROR, Actor.SRE, True)
        begun = rig.clock.monotonic()
        await rig.reach(begun + 7200)
        assert not rig.tenants["a"].sent

    Rig([connection("a")]).run(story)


def test_it_goes_on_at_once_when_there_is_room() -> None:
    """What is due is polled within moments, and no trouble is left."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.world.halt.set(FULL)
        await rig.until(lambda: rig.status("a").state is State.DEGRADED)
        begun = rig.clock.monotonic()
        await rig.reach(begun + 3600)
        rig.tenants["a"].source.put("ONE", [row(10, NAME="new")])
        rig.world.halt.set(None)
        assert await rig.until(lambda: len(rig.store.log) == 1) < 60
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 60
        assert not [line for line in rig.told if line[1] == "poll failed"]

    Rig([connection("a", classes=("ONE",))]).run(story)


def test_a_cycle_that_runs_is_abandoned_whole() -> None:
    """In the midst of its pages: nothing of it is seen, nothing is counted as a failure, and it begins anew."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.latency = 600.0
        tenant.source.put("ONE", [row(10 * number, NAME="new") for number in range(1, 6)])
        await rig.until(lambda: rig.gauges.running > 0)
        rig.world.halt.set(FULL)
        assert await rig.until(lambda: rig.gauges.running == 0) < 5
        assert not rig.store.log
        tenant.latency = 0.05
        rig.world.halt.set(None)
        await rig.until(lambda: len(rig.store.log) == 5)
        assert {each.op for each in rig.store.log} == {Op.UPDATE}
        assert all(not each.health.failures for each in rig.status("a").resources)

    Rig([connection("a")]).run(story)


def test_a_connection_that_is_added_meanwhile_waits_too() -> None:
    """A poller that begins while there is no room asks nothing."""

    async def story(rig: Rig) -> None:
        rig.world.halt.set(FULL)
        rig.connections.append(connection("b"))
        rig.tenant("b")
        rig.supervisor.apply(rig.config)
        await rig.until(lambda: rig.status("b").state is State.DEGRADED)
        assert not rig.tenants["b"].sent
        rig.world.halt.set(None)
        await rig.until(lambda: rig.status("b").state is State.OK)

    Rig([connection("a")]).run(story)
