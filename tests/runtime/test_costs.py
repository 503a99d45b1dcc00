"""What cycles cost is remembered, so that the next day's can be told."""

from msgspec.structs import replace

from driftd.core.model import Kind
from tests.runtime.world import MASTER, World


async def test_each_kind_of_cycle_leaves_what_it_cost() -> None:
    """A sweep its requests and bytes, a probe and a delta theirs; none of them forgets another's."""
    world = World.of(25)
    sweep = await world.run()
    probe = await world.run(Kind.PROBE)
    delta = await world.run(Kind.DELTA)
    left = await world.store.standing(world.resource)
    assert min(sweep.bytes, probe.bytes, delta.bytes) > 0
    assert (left.requests, left.wire_bytes) == (sweep.requests, sweep.bytes)
    assert left.probe_bytes == probe.bytes
    assert (left.delta_requests, left.delta_bytes) == (delta.requests, delta.bytes)
    assert left.details_bytes == 0


async def test_details_are_counted_apart() -> None:
    """They are not part of what a sweep costs, since another sweep need not read as many."""
    plain, world = World.of(25), World.of(25, replace(MASTER, details=True))
    alone, both = await plain.run(), await world.run()
    left = await world.store.standing(world.resource)
    assert both.details == 25
    assert (left.requests, left.wire_bytes) == (alone.requests, alone.bytes)
    assert left.details_bytes == (both.bytes - alone.bytes) // 25 > 0
