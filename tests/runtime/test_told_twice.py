"""A record that one sweep reads twice, and that has changed."""

import json
from typing import Any

import anyio
import pytest

from driftd.core.model import KeyBytes, Page, Query
from tests.runtime.world import World, key, row

LAST = 250


def twice(world: World, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Have the last page come twice, with one record as `first`, then as `second`, in other bytes each time."""
    rows = [row(10 * number) for number in range(21, 26)]

    def page(last: dict[str, Any], link: str | None) -> Page:
        rows[-1] = last
        records = json.dumps(rows).encode()
        return Page(records, link, len(records), 1)

    def asked(_name: str, query: Query | KeyBytes) -> Page | None:
        if isinstance(query, Query) and query.next == "again":
            return page(second, None)
        if isinstance(query, Query) and query.after == key(200):
            return page(first, "again")
        return None

    world.source.faults = asked


@pytest.mark.parametrize("newer", [False, True])
def test_a_sweep_tells_one_change_of_a_record(newer: bool) -> None:
    """Events fit one another and have an id each; what the second reading shows is told by the next sweep."""

    async def story() -> None:
        world = World.of(25)
        await world.run()
        first, second = row(LAST, NAME="changed"), row(LAST, NAME="changed again" if newer else "changed")
        twice(world, first, {**second, "$etag": "another"})
        await world.run()
        assert world.told() == [("u", "K00250", row(LAST), first)]
        world.source.faults = lambda _name, _asked: None
        world.source.put("CLASS", [second])
        await world.run()
        assert world.told()[1:] == ([("u", "K00250", first, second)] if newer else [])
        assert await world.shown() == world.truth()
        await world.run()
        assert len({event["id"] for event in world.events()}) == len(world.events()) == 1 + newer

    anyio.run(story)


def test_what_two_pages_of_the_first_sweep_show_is_not_missing_at_one_of_them() -> None:
    """A `$next` that leads back has a record listed in two places; that the next sweep finds it at one is enough."""

    async def story() -> None:
        world = World.of(25)
        rows = [row(10 * number) for number in range(21, 26)]

        def page(records: list[dict[str, Any]], link: str | None) -> Page:
            return Page(json.dumps(records).encode(), link, 100, 1)

        def asked(_name: str, query: Query | KeyBytes) -> Page | None:
            if isinstance(query, Query) and query.next == "again":
                return page([row(10)], None)
            return page(rows, "again") if isinstance(query, Query) and query.after == key(200) else None

        usual, world.source.faults = world.source.faults, asked
        await world.run()
        world.source.faults = usual
        for _ in range(3):
            await world.run()
            assert world.told() == []
        assert await world.shown() == world.truth()
        world.source.drop("CLASS", [key(10)])
        await world.run()
        assert [(op, name) for op, name, *_ in world.told()] == [("d", "K00010")]

    anyio.run(story)
