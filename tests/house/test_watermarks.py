"""Deltas by watermark over real HTTP: stamps in every zone, equal stamps, links that forget, commits that are late."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from driftd.core.model import Kind
from driftd.simulator import Farm, Switches, serving
from tests.house.rig import Rig, resource, rig, truth

NAME = "BPCUSTOMER"
SUMMER_ENDS = datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp()


@dataclass
class Time:
    """Both of the farm's clocks."""

    seconds: float = SUMMER_ENDS - 5400

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def marked(tmp_path: Path, time: Time, **switches: object) -> AsyncIterator[Rig]:
    """Give a baselined class of one tenant, whose `$query` shows `UPDDATTIM`."""
    farm = Farm.build(1, {NAME: 25}, seed=7, only=[NAME])
    farm.clock = farm.wall = time
    tenant = farm["aldgate"]
    tenant.switches.move({"updatim_in_query": "present", **switches})
    with serving(farm) as server:
        async with rig(tenant, server.url, tmp_path, [resource(NAME, watermark="UPDDATTIM")]) as house:
            await house.poll()
            house.told[NAME] = await house.snapshot(NAME)
            yield house


async def follow(house: Rig, kind: Kind = Kind.DELTA) -> int:
    """Run a cycle and return how many events it told."""
    (report,) = await house.poll(kind)
    assert (report.outcome, report.notes) == ("ok", ())
    return await house.follow()


@pytest.mark.parametrize("zone", Switches.positions()["updatim_zone"])
async def test_deltas_alone_lose_nothing_when_summer_time_ends(zone: str, tmp_path: Path) -> None:
    """While clocks go back by an hour, the tenant's stamps too, a delta every quarter of an hour finds all at once."""
    time = Time()
    async with marked(tmp_path, time, updatim_zone=zone) as house:
        for _ in range(14):
            time.seconds += 900
            house.tenant.advance(create=1, update=2, delete=0, late=2, late_by=590.0)
            await follow(house)
            assert house.told[NAME] == truth(house.tenant, NAME)
        shown = {str(each["UPDDATTIM"])[19:] for each in truth(house.tenant, NAME).values()}
        assert shown == {"utc": {"Z"}, "offset": {"+01:00", "+02:00"}, "local": {""}}[zone]


@pytest.mark.parametrize("cap", [7, 1000])
@pytest.mark.parametrize("keeps", Switches.positions()["next_keeps"])
async def test_a_bulk_import_is_read_to_its_end(keeps: str, cap: int, tmp_path: Path) -> None:
    """Hundreds of records of one stamp, more than a page, are all found, whatever `$next` keeps and the server caps."""
    time = Time()
    async with marked(tmp_path, time, next_keeps=keeps, cap=cap) as house:
        time.seconds += 900
        house.tenant.advance(create=200, update=10, delete=0)
        assert await follow(house) == 210
        assert house.told[NAME] == truth(house.tenant, NAME)
        assert await follow(house) == 0


@pytest.mark.parametrize(("late", "deltas"), [(590.0, 2), (660.0, 0)])
async def test_a_late_commit_is_the_next_deltas_or_the_sweeps(late: float, deltas: int, tmp_path: Path) -> None:
    """What becomes visible within the overlap is found by the next delta, what takes longer by the sweep: once."""
    time = Time()
    async with marked(tmp_path, time) as house:
        house.tenant.advance(create=0, update=0, update_lines=0, delete=0, late=2, late_by=late)
        time.seconds += late - 1
        house.tenant.advance(create=1, update=1, update_lines=0, delete=0)
        assert await follow(house) == 2
        time.seconds += 1
        told = [
            await follow(house),
            await follow(house, Kind.SWEEP),
            await follow(house),
            await follow(house, Kind.SWEEP),
        ]
        assert told == [deltas, 2 - deltas, 0, 0]
        assert house.told[NAME] == truth(house.tenant, NAME)
