"""Where nothing changed, nothing is parsed: the cost of a poll follows what changed, not what exists."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from driftd.core.model import JsonObject, Kind
from driftd.simulator import Farm, serving
from tests.house.rig import Rig, resource, rig

RECORDS = 50
CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER")
STYLES: dict[str, dict[str, Any]] = {
    "stable": {},
    "volatile in every record": {"uuid": "volatile", "etag": "volatile"},
    "volatile, in any order": {"uuid": "volatile", "etag": "volatile", "member_order": "fixed", "whitespace": "spaced"},
    "compressed": {"gzip": "on"},
}


def blind(house: Rig) -> None:
    """Have the source raise where a record is decoded."""

    def decode(_record: bytes) -> JsonObject:
        raise AssertionError("a record was decoded")

    house.source.decode = decode  # type: ignore[method-assign, assignment]


@asynccontextmanager
async def polled(directory: Path, style: str) -> AsyncIterator[Rig]:
    """Give three classes that were read once, their details budget spent."""
    farm = Farm.build(1, RECORDS, seed=5)
    farm["aldgate"].switches.move(STYLES[style])
    resources = [resource(name, page_size=20, details_per_hour=RECORDS) for name in CLASSES]
    with serving(farm) as server:
        async with rig(farm["aldgate"], server.url, directory, resources) as house:
            reports = await house.poll()
            assert [each.outcome for each in reports] == ["ok"] * 3
            yield house


@pytest.mark.parametrize("style", STYLES)
async def test_a_second_sweep_decodes_nothing(style: str, tmp_path: Path) -> None:
    """A sweep of an unchanged tenant decodes no record, leaves every page unsplit, and succeeds without a decoder."""
    async with polled(tmp_path, style) as house:
        for _ in range(2):
            reports = await house.poll()
            assert [(each.outcome, each.records_decoded) for each in reports] == [("ok", 0)] * 3
            assert [each.pages_unchanged for each in reports] == [each.pages for each in reports]
            assert [each.records for each in reports] == [RECORDS] * 3
            blind(house)
        assert not await house.store.read_changes(0, 10)


@pytest.mark.parametrize("style", STYLES)
async def test_after_a_change_only_that_is_decoded(style: str, tmp_path: Path) -> None:
    """After changes, a sweep decodes as many records as changed; the next one none."""
    async with polled(tmp_path, style) as house:
        for name in CLASSES:
            house.tenant.advance(create=2, update=3, update_lines=0, delete=1, resource=name)
        reports = await house.poll()
        assert [(each.outcome, each.records_decoded, each.c, each.u, each.d) for each in reports] == (
            [("ok", 5, 2, 3, 1)] * 3
        )
        blind(house)
        reports = await house.poll()
        assert [(each.outcome, each.records_decoded) for each in reports] == [("ok", 0)] * 3


@pytest.mark.parametrize("style", list(STYLES)[:2])
@pytest.mark.parametrize("kind", [Kind.DELTA, Kind.PROBE])
async def test_after_a_delta_in_between(kind: Kind, style: str, tmp_path: Path) -> None:
    """What a probe or a delta captured is not decoded again by the sweep after it, nor by any later one."""
    async with polled(tmp_path, style) as house:
        record = dict(next(iter(house.tenant.records("ITMMASTER").values())))
        house.tenant.put("ITMMASTER", record | {"ITMDES1": "renamed"})
        house.tenant.put("ITMMASTER", {"ITMREF": "~~last", "ITMDES1": "created"})
        reports = await house.poll(kind)
        seen = sum(each.c + each.u for each in reports)
        assert seen > 0
        reports = await house.poll()
        assert sum(each.c + each.u for each in reports) == 2 - seen
        assert sum(each.records_decoded for each in reports) == 2 - seen
        blind(house)
        for _ in range(2):
            reports = await house.poll()
            assert [(each.outcome, each.records_decoded) for each in reports] == [("ok", 0)] * 3
