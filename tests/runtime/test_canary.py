"""A batch of a customer is told from another tenant, whichever cycle meets it."""

from collections.abc import Iterable
from itertools import permutations

import pytest
from msgspec.structs import replace

from driftd.core.model import Guards, KeyBytes, Kind, Query
from driftd.core.segment import NOTHING
from driftd.core.veil import in_force
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


PLAIN = replace(RESOURCE, watermark=None)
HIDDEN = {policy: in_force(dict.fromkeys(TEXTS, policy)) for policy in ("keep", "hash", "mask", "drop")}


@pytest.mark.parametrize(("one", "other"), list(permutations(HIDDEN, 2)))
async def test_a_change_of_the_rules_is_no_other_tenant(one: str, other: str) -> None:
    """Though each record is really another one, too: in what was never a text, and in one text."""
    world = World(replace(PLAIN, private=HIDDEN[one]))
    world.source.put(NAME, things(range(1, 61), "ours"))
    assert (await world.run()).outcome == "ok"
    world.resource = replace(PLAIN, private=HIDDEN[other])
    world.source.put(NAME, [each | {"AMOUNT": 7, "STREET": "new"} for each in things(range(1, 61), "ours", 1)])
    report = await world.run()
    assert (report.outcome, report.reason, report.u) == ("ok", None, 60)


@pytest.mark.parametrize(("one", "other"), [("keep", "hash"), ("hash", "keep")])
async def test_another_tenant_is_told_during_a_change_of_the_rules(one: str, other: str) -> None:
    """As far as what may be compared tells: hashes do, and what is masked says nothing."""
    world = World(replace(PLAIN, private=HIDDEN[one]))
    world.source.put(NAME, things(range(1, 61), "ours"))
    assert (await world.run()).outcome == "ok"
    world.resource = replace(PLAIN, private=HIDDEN[other])
    world.source.put(NAME, things(range(1, 61), "theirs"))
    for _ in range(2):
        assert (await world.run()).reason is Reason.WRONG_FOLDER
    assert world.events() == []


async def test_what_no_sweep_showed_since_the_rules_changed_is_asked_for_under_those_of_before() -> None:
    """A batch of a customer that a delta meets is no other tenant because the records beside it stand as hashes."""
    world = World(replace(RESOURCE, private=HIDDEN["hash"]))
    world.source.put(NAME, things(range(1, RECORDS + 1), "ours"))
    assert (await world.run()).outcome == "ok"
    world.resource = RESOURCE
    (shelf,) = world.store.shelves.values()
    before = dict(shelf.records)
    assert (await world.run()).outcome == "ok"
    shelf.records = {each: replace(held, raw=NOTHING) for each, held in before.items()}
    world.source.put(NAME, things(range(1, 121), "the new catalogue", 1))
    report = await world.run(Kind.DELTA)
    assert (report.outcome, report.reason, report.u) == ("ok", None, 120)
