"""Segments: what is disturbed is read, what is not stays unread; the server's order is taken as it is."""

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.model import Page
from driftd.core.segment import GROWN, SHRUNK
from tests.fakes.source import FakeSource, FakeTable
from tests.runtime.world import MASTER, NAME, World, key, row

ORDERS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "bytes": lambda parts: parts,
    "reversed": lambda parts: [-ord(letter) for letter in parts[0]],
    "last letter first": lambda parts: parts[0][::-1],
    "hashed": lambda parts: (sum(map(ord, parts[0])) * 7919) % 1009,
}


@pytest.mark.parametrize("order", ORDERS)
async def test_the_order_that_the_server_returns_is_taken_as_it_is(order: str) -> None:
    """Under any order of keys whatever, also one with ties, sweeps capture exactly, and segments list that order."""
    collate = ORDERS[order]
    source = FakeSource({NAME: FakeTable(("KEY",))}, collate=lambda parts: (collate(parts), parts))
    world = World.of(70, source=source)
    chance = Random(order)
    await world.run()
    for _ in range(6):
        source.put(NAME, [row(chance.randrange(10_000), NAME="put") for _ in range(5)])
        numbers = [int(each["KEY"][1:]) for each in source.tables[NAME].rows]
        source.drop(NAME, [key(number) for number in chance.sample(numbers, 4)])
        report = await world.run()
        assert report.outcome == "ok", report.message
        assert await world.shown() == world.truth()
        rows = sorted(source.tables[NAME].rows, key=lambda each: (collate((each["KEY"],)), (each["KEY"],)))
        assert [each for keys in await world.layout() for each in keys] == [world.key_of(each) for each in rows]


async def test_ten_insertions_and_deletions_leave_the_other_segments_unread() -> None:
    """Of 100 segments, 10 insertions and 10 deletions disturb those they fall into; all others are neither split nor
    looked into, and no more records are decoded than were inserted."""
    world = World.of(1000)
    await world.run()
    chance = Random(4)
    places = chance.sample(range(1, 1000), 20)
    split: list[int] = []
    cut = world.source.split

    def watched(page: Page) -> Any:
        slices = cut(page)
        split.append(len(slices))
        return slices

    world.source.split = watched  # type: ignore[method-assign]
    boundaries = {keys[-1] for keys in await world.layout()}
    homes = {number // 10 for number in places} | {(number - 1) // 10 for number in places}
    world.source.put(NAME, [row(10 * number + 5) for number in places[:10]])
    world.source.drop(NAME, [key(10 * number) for number in places[10:] if key(10 * number) not in boundaries])
    report = await world.run()
    assert report.outcome == "ok"
    assert report.pages_unchanged >= 100 - len(homes)
    assert report.records_decoded == report.c == 10
    assert sum(split) < 20 * 40
    assert await world.shown() == world.truth()


async def test_one_change_is_one_segment() -> None:
    """A change within a page re-reads that page and no other."""
    world = World.of(200)
    await world.run()
    world.source.put(NAME, [row(1010, NAME="renamed")])
    report = await world.run()
    assert (report.u, report.pages, report.pages_unchanged, report.records_decoded) == (1, 20, 19, 1)


@pytest.mark.parametrize("where", [0, 995, 2000])
async def test_segments_split_as_they_grow(where: int) -> None:
    """However many records come into one place, no segment is longer than one and a half pages, and all is listed."""
    world = World.of(200)
    await world.run()
    for step in range(4):
        world.source.put(NAME, [row(where * 100 + 7 * step + n, KEY=f"K{where:05}-{step}{n:03}") for n in range(60)])
        report = await world.run()
        assert (report.outcome, report.c) == ("ok", 60)
        layout = await world.layout()
        assert max(map(len, layout)) <= GROWN * world.resource.page_size
        assert sum(map(len, layout)) == len(world.truth())
    report = await world.run()
    assert (report.records_decoded, report.pages_unchanged) == (0, report.pages)


async def test_segments_merge_as_they_shrink() -> None:
    """When most records go, what is left is read in few pages again, after a sweep or two."""
    world = World.of(200, replace(MASTER, guards=replace(MASTER.guards, ratio=0.95)))
    await world.run()
    assert len(await world.layout()) == 20
    world.source.drop(NAME, [key(10 * number) for number in range(1, 201) if number % 10])
    report = await world.run()
    assert (report.outcome, report.d) == ("ok", 180)
    for _ in range(4):
        report = await world.run()
        assert report.outcome == "ok"
    sizes = [len(keys) for keys in await world.layout()]
    for one, other in pairwise(sizes):
        assert min(one, other) * SHRUNK >= world.resource.page_size or one + other > world.resource.page_size
    assert report.pages == len(sizes) <= 8
    assert await world.shown() == world.truth()


async def test_every_boundary_gone_is_no_doubt() -> None:
    """When the last record of every segment is deleted, one stretch runs through them all: each delete is confirmed,
    and no key is taken for a double one."""
    world = World.of(100)
    await world.run()
    world.source.drop(NAME, [keys[-1] for keys in await world.layout()])
    report = await world.run()
    assert (report.outcome, report.reason, report.d) == ("ok", None, 10)
    assert await world.shown() == world.truth()


async def test_a_small_class_is_one_page() -> None:
    """A class of one page is read with one request, changed or not."""
    world = World.of(8)
    await world.run()
    world.source.put(NAME, [row(45)])
    report = await world.run()
    assert (report.c, report.requests) == (1, 1)
    assert (await world.run()).requests == 1
