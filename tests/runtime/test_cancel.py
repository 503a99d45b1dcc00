"""A cycle run twice equals once; cancelled at any point and run again, it equals one that was never interrupted."""

from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from msgspec.structs import replace

from driftd.core.model import Kind
from driftd.errors import StoreError
from tests.runtime.world import MASTER, NAME, Tap, Tapped, World, key, row

DOCUMENT = replace(MASTER, details=True)


def changed(world: World) -> None:
    """Let the tenant change in every way: created, updated, deleted, at boundaries, and lines alone."""
    world.source.put(NAME, [row(15), row(999_9), row(100, NAME="renamed"), row(110, NAME="renamed too")])
    world.source.drop(NAME, [key(200), key(310), key(320)])
    for number in (110, 120):
        world.source.tables[NAME].lines[key(number)] = {"LINES": [{"LINE": 1, "QTY": 7}]}


def started(document: bool) -> World:
    """Give 40 records, with lines if they are documents."""
    world = World.of(40, DOCUMENT if document else MASTER)
    if document:
        for number in range(10, 410, 10):
            world.source.tables[NAME].lines[key(number)] = {"LINES": [{"LINE": 1, "QTY": number}]}
    return world


async def remembered(world: World) -> dict[str, Any]:
    """Return what a reader or a later cycle could see, but for times, numbers of cycles, and where segments are cut."""
    return {
        "told": world.told(),
        "ids": [event["id"] for event in world.events()],
        "shown": await world.shown(),
        "order": [each for keys in await world.layout() for each in keys],
        "absent": [stored.key for stored in await world.store.absent(world.resource)],
        "unplaced": list(await world.store.unplaced(world.resource)),
    }


def only_baseline(_: World) -> None:
    """Leave the tenant as it is."""


async def cut(world: World, kind: Kind, at: int, *, after: bool) -> bool:
    """Run a cycle whose n-th call is cut short; tell whether there was one."""
    with anyio.CancelScope() as scope:
        tap = Tap(at, after, scope.cancel)
        source, store = cast("Any", Tapped(world.source, tap)), cast("Any", Tapped(world.store, tap))
        await world.run(kind, source=source, store=store)
    return scope.cancelled_caught


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("document", [False, True])
async def test_twice_equals_once(kind: Kind, document: bool) -> None:
    """A second cycle of the same kind right after the first changes nothing that anyone can see."""
    world = started(document)
    await world.run()
    changed(world)
    await world.run(kind)
    once = await remembered(world)
    report = await world.run(kind)
    assert report.outcome == "ok"
    assert (report.c, report.u, report.d) == (0, 0, 0)
    assert await remembered(world) == once


@pytest.mark.parametrize(
    ("document", "after"),
    [
        pytest.param(False, False, id="master-before the call"),
        pytest.param(True, True, id="document-after the call"),
        pytest.param(True, False, id="document-before the call", marks=pytest.mark.heavy),
        pytest.param(False, True, id="master-after the call", marks=pytest.mark.heavy),
    ],
)
@pytest.mark.parametrize(
    ("kind", "change"),
    [(Kind.SWEEP, only_baseline), (Kind.SWEEP, changed), (Kind.DELTA, changed), (Kind.PROBE, changed)],
    ids=["baseline", "sweep", "delta", "probe"],
)
async def test_cancelled_anywhere_and_run_again_equals_uninterrupted(
    kind: Kind, change: Callable[[World], None], document: bool, after: bool
) -> None:
    """Whichever call to tenant or store is the last, before it is made or after: nothing of the cycle is visible unless
    all of it is, and run again it leaves what an uninterrupted one leaves, events and ids alike."""
    whole = started(document)
    if change is changed:
        await whole.run()
        changed(whole)
    before = await remembered(whole) if change is changed else None
    await whole.run(kind)
    want = await remembered(whole)
    at = 0
    while True:
        world = started(document)
        if change is changed:
            await world.run()
            changed(world)
        if not await cut(world, kind, at, after=after):
            break
        if before is None and not (await world.store.standing(world.resource)).baselined:
            with pytest.raises(StoreError):
                await world.shown()
            assert not await world.store.segments(world.resource)
        else:
            assert await remembered(world) in (before, want)
        report = await world.run(kind)
        assert report.outcome == "ok", report.message
        assert await remembered(world) == want, f"cut at call {at}"
        at += 1
    assert at > 5
