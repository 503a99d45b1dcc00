"""Probes and deltas: what they tell stands, whatever the segments say."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.model import Kind
from tests.runtime.world import MASTER, NAME, World, key, row


@pytest.mark.parametrize("kind", [Kind.PROBE, Kind.DELTA])
async def test_a_change_and_its_revert_are_two_updates(kind: Kind) -> None:
    """What a probe or a delta told, and what was put back before the sweep, is told again: u, u; though the segment's
    bytes are those it always had."""
    world = World.of(40)
    await world.run()
    number = 20 if kind is Kind.PROBE else 400
    world.source.put(NAME, [row(number, NAME="changed")])
    await world.run(kind)
    world.source.put(NAME, [row(number)])
    report = await world.run()
    assert (report.outcome, report.u) == ("ok", 1)
    assert [op for op, *_ in world.told()] == ["u", "u"]
    assert await world.shown() == world.truth()
    assert (await world.run()).records_decoded == 0


@pytest.mark.parametrize("kind", [Kind.PROBE, Kind.DELTA])
async def test_a_create_seen_and_gone_before_the_sweep(kind: Kind) -> None:
    """A record that only a probe or a delta ever saw is told as created, and then as deleted: confirmed."""
    world = World.of(40)
    await world.run()
    world.source.put(NAME, [row(5 if kind is Kind.PROBE else 9999)])
    await world.run(kind)
    world.source.drop(NAME, [key(5), key(9999)])
    report = await world.run()
    assert (report.outcome, report.d, report.pending) == ("ok", 1, 0)
    assert [op for op, *_ in world.told()] == ["c", "d"]
    assert world.events()[-1]["confidence"] == "confirmed_absent"
    assert await world.shown() == world.truth()


@pytest.mark.parametrize("kind", [Kind.PROBE, Kind.DELTA])
async def test_an_update_seen_and_gone_before_the_sweep(kind: Kind) -> None:
    """A record that a probe or a delta updated and that was deleted then is deleted once."""
    world = World.of(40)
    await world.run()
    number = 20 if kind is Kind.PROBE else 400
    world.source.put(NAME, [row(number, NAME="changed")])
    await world.run(kind)
    world.source.drop(NAME, [key(number)])
    report = await world.run()
    assert (report.outcome, report.d) == ("ok", 1)
    assert [op for op, *_ in world.told()] == ["u", "d"]


async def test_a_probe_reads_one_small_page() -> None:
    """A probe is one request for at most 50 records; absence in it is evidence of nothing."""
    world = World.of(400, replace(MASTER, page_size=200))
    await world.run()
    world.source.drop(NAME, [key(10), key(20)])
    report = await world.run(Kind.PROBE)
    assert (report.outcome, report.requests, report.d, report.pending) == ("ok", 1, 0, 0)
    asked: Any = world.source.asked[-1][1]
    assert asked.count == 50


async def test_a_delta_without_watermark_reads_newest_keys_until_it_knows_them() -> None:
    """A delta without a watermark reads by descending key until a page shows nothing new."""
    world = World.of(400)
    await world.run()
    world.source.put(NAME, [row(5000 + number) for number in range(25)])
    report = await world.run(Kind.DELTA)
    assert (report.c, report.requests) == (25, 4)
    assert (await world.run(Kind.DELTA)).requests == 1


async def test_a_delta_by_watermark_reads_what_is_new() -> None:
    """A delta with a watermark asks for what is stamped after it, less the overlap, and moves it on."""
    world = World.of(0, replace(MASTER, watermark="STAMP"))
    world.source.put(NAME, [row(10 * n, STAMP=f"2023-11-14T{n // 60:02}:{n % 60:02}:00Z") for n in range(1, 400)])
    await world.run()
    assert (await world.store.standing(world.resource)).watermark == "2023-11-14T06:39:00Z"
    world.source.put(NAME, [row(100, NAME="changed", STAMP="2023-11-14T07:00:00Z")])
    report = await world.run(Kind.DELTA)
    assert report.u == 1
    assert report.requests <= 4
    assert (await world.store.standing(world.resource)).watermark == "2023-11-14T07:00:00Z"
