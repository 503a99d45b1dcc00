"""An answer without any record: once it is an accident, twice it is held; never is it a delete of everything."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.core.model import Guards
from driftd.errors import Reason
from driftd.simulator import Fault, RequestSeen
from tests.faults.observing import Observe
from tests.house.rig import truth
from tests.house.troubled import RECORDS, SICK, shown, troubled


@pytest.mark.fault(27)
async def test_empty_once_is_an_accident(tmp_path: Path, observe: Observe) -> None:
    """One empty answer that the second look does not confirm is passed over: the same poll captures what changed."""
    async with troubled(tmp_path, observe=observe, what="empty once") as house:
        await house.settled()
        house.advance()
        house.patient.tenant.faults.append(Fault("empty", resource=SICK, times=1))
        await house.recovers()
        house.seen.append("read again in the same poll")
        assert not await house.store.absent(house.patient.resources[0])


async def test_empty_again_and_again_by_accident_is_held(tmp_path: Path) -> None:
    """Where every pass is empty and every second look is not, the resource is held for now: nothing is emitted."""
    async with troubled(tmp_path) as house:
        await house.settled()
        tenant = house.patient.tenant
        before = await shown(house.store, "aldgate", SICK)

        def act(seen: RequestSeen) -> None:
            if seen.resource == SICK:
                tenant.faults[:] = [] if seen.query["count"] == "1" else [Fault("empty", resource=SICK)]

        tenant.on_request = act
        house.advance()
        report = (await house.poll())["aldgate", SICK]
        assert (report.outcome, report.reason, report.requests) == ("partial", Reason.EMPTY_ANSWER, 6)
        assert await shown(house.store, "aldgate", SICK) == before
        house.heal()
        await house.recovers()


@pytest.mark.fault(27)
async def test_empty_twice_is_held(tmp_path: Path, observe: Observe) -> None:
    """An answer that is empty at the second look too is held as `empty_answer`: the snapshot stays through any number
    of such sweeps; when the rows come back nothing was emitted but what changed meanwhile."""
    async with troubled(tmp_path, observe=observe, what="empty at the second look too") as house:
        await house.settled()
        before = await shown(house.store, "aldgate", SICK)
        house.patient.tenant.faults.append(Fault("empty", resource=SICK))
        for _ in range(3):
            house.advance()
            reports = await house.poll()
            report = reports.pop(("aldgate", SICK))
            house.seen.append(f"{report.held} deletes held as {report.reason}")
            assert (report.outcome, report.reason) == ("partial", Reason.EMPTY_ANSWER)
            assert (report.records, report.held, report.d) == (RECORDS, RECORDS, 0)
            assert "aldgate" in report.message
            assert report.hint
            assert all(each.outcome == "ok" for each in reports.values())
            assert await shown(house.store, "aldgate", SICK) == before
        house.heal()
        await house.recovers()


@pytest.mark.fault(28)
async def test_empty_from_the_middle_on_is_held_as_a_mass_delete(tmp_path: Path, observe: Observe) -> None:
    """A resource that ends after its second page for good is more than may be believed: held; when the rest comes back
    the hold ends, and what changed is told exactly."""
    async with troubled(tmp_path, observe=observe, what="half of the records gone and back") as house:
        await house.settled()
        tenant = house.patient.tenant
        house.patient.resources = [replace(each, guards=Guards(second_look=0.0)) for each in house.patient.resources]
        house.spoil(Fault("empty"), page=3)
        house.advance()
        report = (await house.poll())["aldgate", SICK]
        house.seen.append(f"{report.held} deletes held as {report.reason}")
        assert (report.outcome, report.reason, report.d) == ("partial", Reason.SUSPECT_MASS_DELETE, 0)
        assert report.held >= RECORDS // 2
        house.heal()
        await house.recovers()
        assert not await house.store.absent(house.patient.resources[0])
        assert await house.patient.snapshot(SICK) == truth(tenant, SICK)


@pytest.mark.parametrize("records", [0, 2])
async def test_a_small_resource_may_well_be_empty(records: int, tmp_path: Path) -> None:
    """A class without a record is a baseline of none; one of fewer than three records may lose them all."""
    async with troubled(tmp_path, records=records) as house:
        await house.settled()
        tenant = house.patient.tenant
        for key in list(tenant.records(SICK)):
            tenant.remove(SICK, key)
        await house.recovers()
        tenant.put(SICK, {"BPCNUM": "one", "BPCNAM": "the first"})
        await house.recovers()


async def test_all_but_nothing_deleted_is_held(tmp_path: Path) -> None:
    """A resource of three or four records that loses all of them is held: they are few, and yet all there was."""
    async with troubled(tmp_path, records=3) as house:
        await house.settled()
        tenant = house.patient.tenant
        for key in list(tenant.records(SICK)):
            tenant.remove(SICK, key)
        report = (await house.poll())["aldgate", SICK]
        assert (report.outcome, report.reason) == ("partial", Reason.SUSPECT_MASS_DELETE)
        assert (report.records, report.held, report.d) == (3, 3, 0)


async def test_a_second_look_that_fails_believes_nothing(tmp_path: Path) -> None:
    """Where the second look at an empty answer meets an error, the cycle fails with its reason and nothing changed."""
    async with troubled(tmp_path) as house:
        await house.settled()
        tenant = house.patient.tenant
        tenant.faults.append(Fault("empty", resource=SICK, times=1))

        def fail(seen: RequestSeen) -> None:
            if seen.resource == SICK and seen.query.get("count") == "1":
                tenant.faults.append(Fault("status", resource=SICK, status=503))

        tenant.on_request = fail
        await house.suffers(Reason.GATEWAY_ERROR)
        house.heal()
        await house.recovers()
