"""A one-shot poll takes what is due, unless a kind is asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from msgspec.structs import replace

from driftd.core.model import Calendar, Hours, Kind
from driftd.runtime.poll import Polled, Round, poll
from tests.runtime.world import MASTER, World

NOON = round(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
LUNCH = replace(MASTER, calendar=Calendar(timezone="Europe/London", blackout=(Hours(time(12), time(14)),)))


async def polled(world: World, kind: Kind | None = None) -> Polled:
    return await poll([Round(world.tenant(), [world.resource], 1)], kind)


def kinds(done: Polled) -> Sequence[Kind]:
    return [each.kind for each in done.cycles]


async def test_nothing_is_due_in_a_blackout_but_what_is_asked_for_runs() -> None:
    """12:00 UTC is 13:00 in London: the first sweep waits for 14:00 there, unless a person wants it now."""
    world = World.of(25, LUNCH)
    world.clock.ms = NOON
    waiting = await polled(world)
    assert kinds(waiting) == []
    assert waiting.next_due is not None
    assert NOON + HOUR <= waiting.next_due < NOON + HOUR + 300_000
    assert kinds(await polled(world, Kind.SWEEP)) == [Kind.SWEEP]
    world.clock.ms = waiting.next_due + HOUR
    assert kinds(await polled(world)) == [Kind.DELTA]


async def test_a_cron_line_says_when_a_sweep_is_due() -> None:
    """At 02:30 in London, and once."""
    world = World.of(25, replace(MASTER, calendar=Calendar("30 2 * * *", "Europe/London")))
    world.clock.ms = NOON
    assert kinds(await polled(world)) == [Kind.SWEEP]
    world.clock.ms = NOON + 13 * HOUR
    assert kinds(await polled(world)) == [Kind.DELTA]
    world.clock.ms = NOON + 13 * HOUR + HOUR // 2
    assert kinds(await polled(world)) == [Kind.SWEEP]
    assert kinds(await polled(world)) == []
