"""Members that change at every read: learnt in one lesson; those that change between sweeps: proposed, not believed."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.model import Query, Resource
from tests.fakes.source import FakeSource, FakeTable, Record
from tests.runtime.world import MASTER, NAME, World, row

PAGED = replace(MASTER, page_size=30)
"""Fewer than 20 records teach nothing."""


class Restless(FakeSource):
    """A tenant whose every answer has another value in some members."""

    def __init__(self, members: Sequence[str]) -> None:
        super().__init__({NAME: FakeTable(("KEY",))})
        self.members = members
        self.turn = count()

    def _listing(self, resource: Resource, query: Query) -> list[Record]:
        turn = next(self.turn)
        rows = super()._listing(resource, query)
        return [each | dict.fromkeys(self.members, f"{turn}/{n}") for n, each in enumerate(rows)]


@pytest.mark.parametrize("members", [("$etag",), ("$etag", "$uuid"), ("STAMP",), ("STAMP", "$etag")], ids=str)
async def test_volatile_members_are_learnt_at_the_baseline(members: tuple[str, ...]) -> None:
    """The first reading of a tenant whose records differ at every read learns which members do, without a word, and
    from then on nothing changed is nothing decoded; no event tells of them."""
    world = World.of(60, PAGED, source=Restless(members))
    report = await world.run()
    assert (report.outcome, report.r, report.notes) == ("ok", 60, ())
    assert set((await world.store.standing(PAGED)).volatile) == set(members)
    for _ in range(2):
        report = await world.run()
        assert (report.outcome, report.records_decoded, report.pages_unchanged) == ("ok", 0, report.pages)
    world.source.put(NAME, [row(100, NAME="renamed")])
    report = await world.run()
    assert (report.u, report.records_decoded) == (1, 1)
    assert world.events()[0]["changed"] == ["/NAME"]
    assert "STAMP" not in (await world.shown())["K00100"]


async def test_a_member_that_turns_volatile_later_is_learnt_then() -> None:
    """A tenant that begins to show a member which differs at every read is understood in one sweep, without updates."""
    source = Restless(())
    world = World.of(60, PAGED, source=source)
    await world.run()
    source.members = ("$etag",)
    report = await world.run()
    assert (report.outcome, report.u) == ("ok", 0)
    assert (await world.store.standing(PAGED)).volatile == ("$etag",)
    assert (await world.run()).records_decoded == 0


async def test_a_member_that_was_stored_and_turns_volatile_counts_on_neither_side() -> None:
    """A member that was captured and then differs at every read is left out from then on: no update tells so."""
    source = Restless(())
    world = World.of(60, PAGED, source=source)
    source.put(NAME, [row(10 * n, STAMP="still") for n in range(1, 61)])
    await world.run()
    source.members = ("STAMP",)
    report = await world.run()
    assert (report.outcome, report.u, report.records_decoded) == ("ok", 0, 60)
    assert not world.events()
    assert (await world.run()).records_decoded == 0


async def test_a_member_that_changes_in_nearly_every_record_is_proposed_at_the_second_time() -> None:
    """What stays between two reads but changes in nearly every record from sweep to sweep is told as updates; after two
    sweeps in a row a note proposes it as volatile, and one quiet sweep ends that."""
    world = World.of(60, PAGED)
    await world.run()
    for day in (1, 2):
        world.source.put(NAME, [row(10 * n, AMOUNT=day * 1000 + n) for n in range(1, 60)])
        report = await world.run()
        assert (report.outcome, report.u) == ("ok", 59)
        assert any('volatile = ["AMOUNT"]' in note for note in report.notes) == (day == 2)
    assert (await world.store.standing(PAGED)).volatile == ()
    await world.run()
    world.source.put(NAME, [row(10 * n, AMOUNT=9000 + n) for n in range(1, 60)])
    assert not (await world.run()).notes


async def test_one_lesson_counts_its_requests() -> None:
    """A pass that was begun anew is paid for: the report counts every request."""
    world = World.of(60, PAGED, source=Restless(("$etag",)))
    report: Any = await world.run()
    assert report.requests == len(world.source.asked)
