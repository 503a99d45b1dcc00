"""One connection comes, changes or goes while the others are polled; and one is polled because a person asks."""

from driftd.core.reasons import State
from driftd.errors import Reason
from driftd.ports import Remembered
from tests.runtime.rig import Rig, connection


def test_one_connection_is_taken_over_and_the_others_go_on() -> None:
    """What rests because its secret is refused is not asked for it, either: another connection is no reason to."""

    async def story(rig: Rig) -> None:
        rig.tenants["a"].failing(Reason.OAUTH_INVALID_CLIENT)
        await rig.until(lambda: (rig.status("a").state, rig.status("b").state) == (State.AUTH_FAILED, State.OK))
        sent = len(rig.tenants["a"].sent)
        rig.connections = [*rig.connections, connection("c")]
        rig.supervisor.take(rig.config, "c")
        await rig.until(lambda: rig.status("c").state is State.OK)
        rig.change("c", probe=60.0, delta=60.0)
        rig.supervisor.take(rig.config, "c")
        await rig.until(lambda: rig.tenants["c"].opened == 2)
        assert rig.status("c").state is State.OK
        rig.connections = rig.connections[:2]
        rig.supervisor.take(rig.config, "c")
        assert [each.name for each in rig.supervisor.statuses] == ["a", "b"]
        assert (rig.tenants["a"].opened, rig.tenants["b"].opened) == (1, 1)
        assert len(rig.tenants["a"].sent) == sent

    Rig([connection("a"), connection("b")]).run(story)


def test_nothing_is_remembered_of_what_is_forgotten() -> None:
    """Its cycle ends before; what was about to be written of it is not, and a name that comes back begins anew."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].latency = 5.0
        await rig.until(lambda: rig.gauges.running > 0)
        kept, rig.connections = rig.connections, []
        rig.supervisor.take(rig.config, "a")
        await rig.supervisor.forget("a")
        assert rig.gauges.running == 0
        rig.world.book.forget("a")
        rig.world.detector.forget("a")
        rig.logbook.remembered = Remembered()
        await rig.world.book.write()
        assert rig.logbook.remembered == Remembered()
        rig.connections = kept
        rig.supervisor.take(rig.config, "a")
        assert sum(each.health.polls for each in rig.status("a").resources) == 0

    Rig([connection("a")]).run(story)


def test_who_asks_is_answered_at_once() -> None:
    """Each resource is polled once, whatever its pace and its rests, and then at its pace again."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        sent, begun = len(rig.tenants["a"].sent), rig.clock.monotonic()
        rig.supervisor.ask("a")
        await rig.until(lambda: len(rig.tenants["a"].sent) == sent + 2)
        assert rig.clock.monotonic() - begun < 5
        await rig.reach(begun + 60)
        assert len(rig.tenants["a"].sent) == sent + 2
        rig.tenants["a"].failing(Reason.OAUTH_INVALID_CLIENT)
        await rig.until(lambda: rig.status("a").state is State.AUTH_FAILED)
        rig.tenants["a"].well()
        rig.supervisor.ask("a")
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 5

    Rig([connection("a")]).run(story)
