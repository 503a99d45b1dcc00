"""Detection beside cycles: what is found, what it costs, and what a person decides of it."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.decision import Action, Decision
from driftd.core.drift import Check, SchemaKind
from driftd.core.memory import Memory
from driftd.core.model import Guards, Kind, Policy
from driftd.core.schema.model import Baseline
from driftd.errors import DecisionError
from driftd.ports import Filing
from driftd.runtime.decisions import Decisions
from driftd.runtime.settling import Site
from tests.fakes.detection import detector_of
from tests.runtime.world import MASTER, NAME, World, row

PAGED = replace(MASTER, page_size=50)
RECORDS = 320


def decisions(world: World) -> Decisions:
    detector = detector_of(world.store)
    names = (world.resource.connection, world.resource.name)
    return Decisions(detector, world.store, world.clock, lambda: {names: Site(world.resource, "host", "FOLDER")})


def rows(world: World) -> list[dict[str, Any]]:
    """Return what the tenant shows."""
    return world.source.tables[NAME].rows


def shown(world: World, records: list[dict[str, Any]]) -> None:
    """Let the tenant show these records and no others."""
    world.source.tables[NAME].rows = list(records)


def renamed(world: World) -> None:
    """Let a patch rename a member in every record."""
    shown(world, [_renamed(each) for each in rows(world)])


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    return {("LABEL" if name == "NAME" else name): value for name, value in record.items()}


async def firing(world: World) -> dict[str, str]:
    """Return what fires: id by finding."""
    found = await world.store.casebook.alerts()
    return {each.drift.finding: each.id for each in found if each.firing}


async def baselined(resource: Any = PAGED, records: int = RECORDS) -> World:
    world = World.of(records, resource)
    await world.run()
    return world


async def test_a_probe_finds_a_renamed_member_and_the_second_one_is_sure() -> None:
    """One cause is one drift, with a hint of the new name; the updates say that only the shape changed."""
    world = await baselined()
    renamed(world)
    first = await world.run(Kind.PROBE)
    assert (len(first.drifts), await firing(world)) == (1, {})
    await world.run(Kind.PROBE)
    assert set(await firing(world)) == {SchemaKind.FIELD_RENAMED}
    assert {event["reason"] for event in world.events()} == {"schema_change"}
    swept = await world.run()
    assert (swept.u, len(swept.drifts)) == (RECORDS - 50, 1)
    assert set(await firing(world)) == {SchemaKind.FIELD_RENAMED}


async def test_a_shape_that_comes_back_before_the_second_look_was_none() -> None:
    """Nobody is told of it."""
    world = await baselined()
    before = [dict(each) for each in rows(world)]
    renamed(world)
    await world.run(Kind.PROBE)
    shown(world, before)
    await world.run(Kind.PROBE)
    await world.run(Kind.PROBE)
    assert await firing(world) == {}
    assert not await world.store.casebook.notices(0, 10)


async def test_what_is_accepted_ends_at_once_and_stays_away() -> None:
    """Accepting is written down with who did it, and a second time there is nothing left to accept."""
    world = await baselined()
    renamed(world)
    for _ in range(2):
        await world.run()
    (id_,) = (await firing(world)).values()
    done = await decisions(world).decide(Decision(Action.ACCEPT, id_[:6], "kim", "agreed with the customer"))
    assert done.alert == id_
    assert await firing(world) == {}
    for kind in (Kind.SWEEP, Kind.PROBE, Kind.SWEEP):
        assert (await world.run(kind)).drifts == ()
    (deed,) = await world.store.casebook.deeds("conn", 10)
    assert (deed.by, deed.action, deed.subject) == ("kim", "accept", id_)
    with pytest.raises(DecisionError, match="over"):
        await decisions(world).decide(Decision(Action.ACCEPT, id_, "kim", "again"))


async def test_held_events_are_released_when_the_drift_is_accepted() -> None:
    """Policy ``hold``: they are stored, and come to the log with the acceptance."""
    world = await baselined(replace(PAGED, policy=Policy.HOLD))
    renamed(world)
    for _ in range(2):
        await world.run()
    assert world.events() == []
    assert await world.store.casebook.withheld("conn", NAME) == RECORDS
    (id_,) = (await firing(world)).values()
    await decisions(world).decide(Decision(Action.ACCEPT, id_, "kim", "adapted"))
    assert len(world.events()) == RECORDS


async def test_a_frozen_resource_is_read_again_once_the_drift_is_accepted() -> None:
    """Policy ``freeze``: from the alert on no cycle runs."""
    world = await baselined(replace(PAGED, policy=Policy.FREEZE))
    renamed(world)
    await world.run()
    assert (await world.run()).reason == "frozen"
    stopped = await world.run()
    assert (stopped.outcome, stopped.requests) == ("failed", 0)
    (id_,) = (await firing(world)).values()
    await decisions(world).decide(Decision(Action.ACCEPT, id_, "kim", "adapted"))
    assert (await world.run()).outcome == "ok"


@pytest.mark.parametrize("action", [Action.RELEASE, Action.KEEP])
async def test_held_deletes_are_released_or_kept(action: Action) -> None:
    """Released, they are events; kept, the records stay and the next sweep judges afresh."""
    world = await baselined(replace(PAGED, guards=Guards(ratio=0.1, second_look=0.0)))
    all_of_them = list(rows(world))
    shown(world, all_of_them[:100])
    report = await world.run()
    assert report.held == RECORDS - 100
    (id_,) = (await firing(world)).values()
    await decisions(world).decide(Decision(action, id_, "kim", "asked the customer"))
    deleted = [event for event in world.events() if event["op"] == "d"]
    left = await world.store.standing(world.resource)
    released = action is Action.RELEASE
    assert (len(deleted), left.records) == ((RECORDS - 100, 100) if released else (0, RECORDS))
    assert await firing(world) == {}
    with pytest.raises(DecisionError, match=r"holds no deletes|over"):
        await decisions(world).decide(Decision(action, id_, "kim", "again"))


async def test_a_silent_answer_fires_though_nothing_is_committed() -> None:
    """And ends with the next sweep that shows records."""
    world = await baselined()
    all_of_them = list(rows(world))
    shown(world, [])
    await world.run()
    assert set(await firing(world)) == {Check.EMPTY_ANSWER}
    shown(world, all_of_them)
    assert (await world.run()).outcome == "ok"


async def test_a_store_without_anything_learnt_is_counted_once() -> None:
    """A snapshot that an older release has read is learnt from, and then a patch is found as ever."""
    world = await baselined()
    detector_of(world.store).clear.drop("conn")
    names = ("conn", NAME)
    await world.store.casebook.file(Filing(memories={names: Memory()}, baselines={names: Baseline()}))
    await world.run()
    shown(world, [*rows(world), row(9990)])
    await world.run()
    renamed(world)
    for _ in range(2):
        await world.run()
    assert set(await firing(world)) == {SchemaKind.FIELD_RENAMED}


async def test_nothing_is_read_for_a_quiet_cycle() -> None:
    """An unchanged sweep of a resource without open alerts asks the casebook nothing."""
    world = await baselined()
    await world.run()
    asked: list[str] = []
    casebook = detector_of(world.store).casebook

    class Asked:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(casebook, name)

    detector_of(world.store).casebook = Asked()
    report = await world.run()
    assert (report.evaluated, asked) == (True, [])
