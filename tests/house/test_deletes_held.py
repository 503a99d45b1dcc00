"""More deletes than may be believed: held, shown, and taken back when the rows are there again."""

from pathlib import Path

import pytest

from driftd.core.model import Absence, Guards, Kind
from driftd.errors import Reason
from tests.house.customers import NAME, customers, exact, keys
from tests.house.rig import truth


@pytest.mark.parametrize(("records", "missing", "held"), [(60, 6, 0), (60, 7, 7), (8, 3, 0), (8, 4, 4), (3, 3, 3)])
async def test_more_than_the_guard_is_held(records: int, missing: int, held: int, tmp_path: Path) -> None:
    """More than max(3, min(10 %, 500)) missing records, or all of three and more, are held; no fewer are."""
    async with customers(tmp_path, records) as house:
        for key in keys(house)[1 : 1 + missing] if missing < records else keys(house):
            house.tenant.remove(NAME, key)
        (report,) = await house.poll()
        silent = records == missing >= 5
        assert (report.held, report.d) == (held, missing - held)
        assert report.reason == (Reason.SUSPECT_MASS_DELETE if held and not silent else None)


async def test_the_limit_in_numbers_counts_too(tmp_path: Path) -> None:
    """The lower of the two limits, share and number, decides."""
    async with customers(tmp_path, guards=Guards(ratio=0.9, limit=5, second_look=0.0)) as house:
        for key in keys(house)[:6]:
            house.tenant.remove(NAME, key)
        (report,) = await house.poll()
        assert (report.reason, report.held, report.d) == (Reason.SUSPECT_MASS_DELETE, 6, 0)


async def test_while_held_the_rest_goes_on(tmp_path: Path) -> None:
    """A mass delete is held and shown as such; the snapshot keeps the records; creates and updates of the same sweep
    are applied; sweep after sweep it stays so; when the rows come back the hold ends without an event."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        gone = {key: truth(tenant, NAME)[key] for key in keys(house)[10:30]}
        rows = {key: dict(tenant.records(NAME)[key]) for key in gone}
        for key in gone:
            tenant.remove(NAME, key)
        for number in range(3):
            tenant.put(NAME, {"BPCNUM": f"NEW{number}", "BPCNAM": "new"})
            tenant.put(NAME, dict(tenant.records(NAME)[keys(house)[0]]) | {"BPCNAM": f"renamed {number}"})
            (report,) = await house.poll()
            assert (report.outcome, report.reason) == ("partial", Reason.SUSPECT_MASS_DELETE)
            assert (report.c, report.u, report.d, report.held) == (1, 1, 0, len(gone))
            assert report.hint
            await house.follow()
            assert house.told[NAME] == truth(tenant, NAME) | gone
            assert {each.absent for each in await house.store.absent(house.resources[0])} == {Absence.HELD}
            shown = (await house.store.read_records(tenant.name, NAME, after=None, limit=100)).records
            assert sum(each.absent_since is not None for each in shown) == len(gone)
        for row in rows.values():
            tenant.put(NAME, row)
        told = len(house.after)
        (report,) = await house.poll()
        assert (report.outcome, report.held) == ("ok", 0), report.message
        await exact(house)
        assert len(house.after) == told


async def test_part_of_the_held_come_back(tmp_path: Path) -> None:
    """When so many rows come back that the rest is within the guard, the rest is judged afresh, and confirmed."""
    async with customers(tmp_path) as house:
        tenant = house.tenant
        rows = [dict(tenant.records(NAME)[key]) for key in keys(house)[10:30]]
        for row in rows:
            tenant.remove(NAME, str(row["BPCNUM"]))
        (report,) = await house.poll()
        assert report.held == 20
        for row in rows[2:]:
            tenant.put(NAME, row)
        (report,) = await house.poll()
        assert (report.outcome, report.d, report.held) == ("ok", 2, 0)
        await exact(house)


async def test_a_delta_that_shows_a_missing_record_takes_the_absence_back(tmp_path: Path) -> None:
    """A held record that a probe sees is present again from that moment on."""
    async with customers(tmp_path, records=8) as house:
        tenant = house.tenant
        rows = [dict(each) for each in tenant.records(NAME).values()]
        for row in rows[:5]:
            tenant.remove(NAME, str(row["BPCNUM"]))
        (report,) = await house.poll()
        assert report.held == 5
        for row in rows[:3]:
            tenant.put(NAME, row)
        (report,) = await house.poll(Kind.PROBE)
        assert (report.held, report.c, report.u) == (2, 0, 0)
        (report,) = await house.poll()
        assert (report.d, report.held) == (2, 0)
        await exact(house)
