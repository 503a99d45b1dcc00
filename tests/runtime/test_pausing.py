"""A person puts a connection aside: no polls while it is paused, no failure that counts while it is maintained."""

from collections.abc import Sequence

import anyio
import pytest

from driftd.core.decision import Word
from driftd.core.health import Flip
from driftd.core.model import Op
from driftd.core.pausing import Directive, Turn
from driftd.core.reasons import State
from driftd.errors import DecisionError, FencedError, Reason
from driftd.runtime.pausing import Pausing
from tests.runtime.rig import MIDNIGHT, Rig, connection
from tests.runtime.world import row

HOUR = 3_600_000
WORD = Word("jo", "stocktaking")


def pausing(rig: Rig) -> Pausing:
    supervisor = rig.supervisor
    return Pausing(
        rig.alarms.asides, rig.store.casebook, rig.clock, lambda name: name in supervisor.names, supervisor.turned
    )


async def order(rig: Rig, turn: Turn, hours: float | None = None, since: float | None = None) -> None:
    """Order something of the connection "a", with an end and a beginning so many hours from now."""
    until, begins = (None if each is None else rig.clock.now() + round(each * HOUR) for each in (hours, since))
    await pausing(rig).direct("a", Directive(turn, WORD, until, begins))


async def flips(rig: Rig) -> Sequence[tuple[State, str]]:
    await rig.world.book.write()
    found = await rig.logbook.history("a", since=0, until=2 * MIDNIGHT, limit=99)
    return [(each.after, each.message) for each in reversed(found) if isinstance(each, Flip)]


def test_a_paused_connection_is_asked_nothing_and_goes_on_by_itself_at_once() -> None:
    """However often it would be due. From paused it is unknown what it is like, then ok: late, stalled or down never;
    the one beside it is polled all the time."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in "ab"))
        await order(rig, Turn.PAUSE, 3 + 7 / 3600)
        assert await rig.until(lambda: rig.status("a").state is State.PAUSED) < 1
        await anyio.sleep(1)
        sent, other = len(rig.tenants["a"].sent), len(rig.tenants["b"].sent)
        rig.tenants["a"].source.put("ONE", [row(10, NAME="new")])
        await anyio.sleep(3 * 3600 + 2)
        assert len(rig.tenants["a"].sent) == sent
        waited = await rig.until(lambda: len(rig.tenants["a"].sent) > sent, step=0.1)
        assert 2 < waited < 4.2
        assert len(rig.tenants["b"].sent) > other + 30
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 60
        assert len(rig.store.log) == 1
        assert await flips(rig) == [
            (State.OK, ""),
            (State.PAUSED, "paused by jo until 2023-11-15T03:00:07Z: stocktaking"),
            (State.UNKNOWN, ""),
            (State.OK, ""),
        ]
        assert rig.gauges.schedule_lag() < 60

    Rig([connection("a"), connection("b")]).run(story)


def test_who_resumes_does_not_wait() -> None:
    """Nor for the backoff of before; only for what the tenant itself asked for."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.SERVER_ERROR, status=500)
        await rig.until(lambda: rig.status("a").state is State.UNREACHABLE)
        await order(rig, Turn.PAUSE, 5)
        await rig.until(lambda: rig.status("a").state is State.PAUSED)
        await anyio.sleep(3600)
        tenant.well()
        sent = len(tenant.sent)
        await order(rig, Turn.RESUME)
        assert await rig.until(lambda: len(tenant.sent) > sent) < 1
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.failing(Reason.RATE_LIMITED, status=429, retry_after=7200.0)
        await rig.until(lambda: rig.status("a").held_until is not None)
        await anyio.sleep(10)
        await order(rig, Turn.PAUSE, 5)
        await anyio.sleep(60)
        sent = len(tenant.sent)
        await order(rig, Turn.RESUME)
        assert await rig.until(lambda: len(tenant.sent) > sent) > 7000

    Rig([connection("a", classes=("ONE",))]).run(story)


def test_a_cycle_that_runs_asks_nothing_more() -> None:
    """The page that is under way comes to its end; the sweep is as if it had never begun, and is made up for later."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.source.put("ONE", [row(10 * number, NAME="new") for number in range(1, 101)])
        tenant.latency = 5.0
        before = len(tenant.sent), len(rig.store.log)
        while len(tenant.sent) < before[0] + 3:
            await anyio.sleep(0.25)
            before = before if rig.gauges.running else (len(tenant.sent), len(rig.store.log))
        sent = len(tenant.sent)
        await order(rig, Turn.PAUSE, 2)
        assert await rig.until(lambda: rig.gauges.running == 0) < 6
        assert len(tenant.sent) == sent
        assert len(rig.store.log) == before[1] < 100
        tenant.latency = 0.05
        await rig.until(lambda: len(rig.store.log) == 100)
        assert {each.op for each in rig.store.log} == {Op.UPDATE}
        assert all(not each.health.failures for each in rig.status("a").resources)

    Rig([connection("a", classes=("ONE",), sweep=3600.0)], records=100).run(story)


def test_a_page_that_does_not_come_is_waited_for_no_longer_than_the_grace() -> None:
    """And a cycle that has all it needs commits."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.source.put("ONE", [row(10, NAME="new")])
        tenant.latency = 5.0
        await rig.until(lambda: rig.gauges.running > 0)
        await order(rig, Turn.PAUSE, 1)
        await rig.until(lambda: rig.gauges.running == 0)
        assert len(rig.store.log) == 1
        await order(rig, Turn.RESUME)
        await rig.until(lambda: rig.status("a").state is State.OK)
        tenant.latency = 600.0
        await rig.until(lambda: rig.gauges.running > 0)
        await order(rig, Turn.PAUSE, 1)
        assert 14 < await rig.until(lambda: rig.gauges.running == 0) < 16
        assert all(not each.health.failures for each in rig.status("a").resources)

    Rig([connection("a", classes=("ONE",))], grace=15.0).run(story)


def test_what_fails_in_a_window_of_maintenance_counts_for_nothing() -> None:
    """Polls go on. Once it is over, the next poll comes at once, and what still fails has its whole grace."""

    async def story(rig: Rig) -> None:
        tenant = rig.tenants["a"]
        await rig.until(lambda: rig.status("a").state is State.OK)
        await order(rig, Turn.MAINTENANCE, 3, 1)
        tenant.failing(Reason.SERVER_ERROR, status=500)
        await rig.until(lambda: rig.status("a").state is State.UNREACHABLE)
        begun = rig.clock.now()
        assert await rig.until(lambda: rig.status("a").state is State.MAINTENANCE, step=5) < 3600
        sent = len(tenant.sent)
        await anyio.sleep(7100)
        assert rig.status("a").state is State.MAINTENANCE
        await rig.until(lambda: rig.status("a").state is not State.MAINTENANCE, step=0.1)
        assert 2.9 * HOUR < rig.clock.now() - begun < 3 * HOUR
        assert len(tenant.sent) > sent
        await anyio.sleep(1)
        assert anyio.current_time() - tenant.sent[-1] < 2
        assert rig.status("a").state is State.RETRYING
        over = anyio.current_time()
        await rig.until(lambda: rig.status("a").state is State.UNREACHABLE)
        assert sum(each > over - 2 for each in tenant.sent) >= 3
        assert (await flips(rig))[-4:-2] == [
            (State.UNREACHABLE, "it is server_error"),
            (State.MAINTENANCE, "in maintenance by jo until 2023-11-15T03:00:00Z: stocktaking"),
        ]

    Rig([connection("a")]).run(story)


def test_what_is_ordered_outlives_a_restart_and_a_change_of_configuration() -> None:
    """A supervisor that begins anew with what is stored asks nothing; nor does a poller that takes another's place."""
    rig = Rig([connection("a")])

    async def first(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        await order(rig, Turn.PAUSE, 2)
        rig.change("a", probe=60.0)
        rig.supervisor.apply(rig.config)
        await anyio.sleep(600)
        sent = len(rig.tenants["a"].sent)
        await anyio.sleep(600)
        assert (len(rig.tenants["a"].sent), rig.status("a").state) == (sent, State.PAUSED)
        await rig.world.book.write()
        kept = (await rig.logbook.recall()).connections["a"]
        assert (kept.state, kept.pause) == (State.PAUSED, None)

    async def second(rig: Rig) -> None:
        await rig.alarms.load(rig.store.casebook, rig.clock.now())
        rig.supervisor.turned("a")
        await rig.until(lambda: rig.status("a").state is State.PAUSED)
        assert rig.status("a").health.pause is not None
        assert not rig.tenants["a"].sent
        await rig.until(lambda: rig.status("a").state is State.OK)

    rig.run(first)
    again = Rig([connection("a")], store=rig.store, logbook=rig.logbook)
    again.alarms.asides.put("a", rig.alarms.asides.of("a"))
    again.run(second)


def test_an_order_that_is_not_written_changes_nothing() -> None:
    """Nor does one of a connection that nobody knows; the same order twice is written once."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        casebook = rig.store.casebook
        one = Directive(Turn.PAUSE, WORD, rig.clock.now() + HOUR)
        with pytest.raises(DecisionError) as unknown:
            await pausing(rig).direct("nobody", one)
        assert unknown.value.unknown
        rig.store.fenced = True
        with pytest.raises(FencedError):
            await pausing(rig).direct("a", one)
        rig.store.fenced = False
        assert not rig.alarms.asides.of("a").paused(rig.clock.now())
        for by in ("jo", "ann"):
            said, aside = await pausing(rig).direct("a", Directive(Turn.PAUSE, Word(by, "stocktaking"), one.until))
            assert aside.pause is not None
            assert (aside.pause.by, "already" in said) == ("jo", by == "ann")
        (deed,) = await casebook.deeds("a", 9)
        assert (deed.by, deed.action, deed.reason, deed.before) == ("jo", "pause", "stocktaking", "")
        assert deed.after == "paused until 2023-11-15T01:00:00Z"

    Rig([connection("a")]).run(story)
