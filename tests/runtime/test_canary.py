"""A batch of a customer is told from another tenant, whichever cycle meets it."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from driftd.core.model import Guards, KeyBytes, Kind, Query
from driftd.errors import Reason
from driftd.runtime.canary import ASKED
from tests.fakes.source import Record
from tests.runtime.world import MASTER, NAME, World, key, row

RESOURCE = replace(MASTER, watermark="STAMP", watermark_overlap=1, page_size=50, guards=Guards(0.5, 1000, 30.0))
RECORDS = 400
TEXTS = ("NAME", "CITY", "PHONE", "STREET")


def thing(number: int, whose: str, hour: int = 0) -> Record:
    """Return a row that is stamped, with texts that say what it is of."""
    stamp = f"2023-11-13T{hour:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return row(number, STAMP=stamp, **{each: f"{each} of {whose} {number}" for each in TEXTS})


def things(numbers: Iterable[int], whose: str, hour: int = 0) -> list[Record]:
    return [thing(10 * number, whose, hour) for number in numbers]


async def known() -> World:
    """Give a class of a tenant, read whole once."""
    world = World(RESOURCE)
    world.source.put(NAME, things(range(1, RECORDS + 1), "ours"))
    assert (await world.run()).outcome == "ok"
    return world


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_batch_that_makes_other_things_of_some_is_no_other_tenant(kind: Kind) -> None:
    """Though a delta, or the page of a probe, shows nothing else: the others are what they were."""
    world = await known()
    world.source.put(NAME, things(range(1, 121), "the new catalogue", 1))
    report = await world.run(kind)
    assert (report.outcome, report.u) == ("ok", 50 if kind is Kind.PROBE else 120)
    assert {each["op"] for each in world.events()} == {"u"}


def asked(world: World) -> list[KeyBytes]:
    """Return what was asked for by its key."""
    return [each.start for _, each in world.source.asked if isinstance(each, Query) and each.start is not None]


async def test_nothing_is_asked_for_without_a_suspicion() -> None:
    """And then no more than is needed: here the one record that the delta did not show."""
    world = await known()
    world.source.put(NAME, things(range(1, 121), "ours", 1))
    assert (await world.run(Kind.DELTA)).u == 120
    assert asked(world) == []
    world.source.put(NAME, things(range(1, RECORDS), "the new catalogue", 2))
    assert (await world.run(Kind.DELTA)).u == RECORDS - 1
    assert asked(world) == [key(10 * RECORDS)]


async def test_only_so_much_is_asked_for() -> None:
    """However many records a delta did not show."""
    world = await known()
    world.source.tables[NAME].rows = [*things(range(1, 61), "theirs", 1), *things(range(61, RECORDS + 1), "theirs")]
    assert (await world.run(Kind.DELTA)).outcome == "failed"
    assert len(asked(world)) == ASKED


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("shown", [60, RECORDS])
async def test_another_tenant_is_found_by_what_a_delta_does_not_show(kind: Kind, shown: int) -> None:
    """Under all keys stand other things, however few of them are stamped lately."""
    world = await known()
    theirs = [*things(range(1, shown + 1), "theirs", 1), *things(range(shown + 1, RECORDS + 1), "theirs")]
    world.source.tables[NAME].rows = theirs
    report = await world.run(kind)
    assert report.reason is Reason.WRONG_FOLDER
    assert world.told() == []


async def test_another_tenant_that_has_none_of_the_others_is_found() -> None:
    """What is asked for is not there."""
    world = await known()
    world.source.tables[NAME].rows = things(range(1, 61), "theirs", 1)
    report = await world.run(Kind.DELTA)
    assert report.reason is Reason.WRONG_FOLDER
    assert world.told() == []
