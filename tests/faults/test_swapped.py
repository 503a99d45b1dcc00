"""Row 38: another tenant behind the same address and folder."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.core.model import Guards, Kind
from driftd.errors import Reason
from driftd.simulator import Farm, serving
from tests.faults.observing import Observe
from tests.house.rig import joined, truth
from tests.house.troubled import MASTERS, RECORDS, SICK, Troubled, shown, troubled


def renamed(farm: Farm) -> None:
    """Give every record of the first tenant another key."""
    tenant = farm["aldgate"]
    for name, key in zip(MASTERS, ("BPCNUM", "ITMREF"), strict=True):
        for record in list(tenant.records(name).values()):
            tenant.rename(name, str(record[key]), f"X{record[key]}")


async def swapped(house: Troubled, kind: Kind) -> None:
    """Poll while another tenant answers, and count what is told of it."""
    before = [await shown(house.store, "aldgate", name) for name in MASTERS]
    reports = await house.poll(kind)
    bad = [each for (connection, _), each in reports.items() if connection == "aldgate"]
    for name in MASTERS:
        house.invented += len(await house.events(name))
    house.seen += [f"{kind}: {each.outcome} by {each.reason}, nothing told" for each in bad]
    assert {(each.outcome, each.reason) for each in bad} == {("failed", Reason.WRONG_FOLDER)}, bad
    assert [await shown(house.store, "aldgate", name) for name in MASTERS] == before


@pytest.mark.fault(38)
@pytest.mark.parametrize("keys", ["the same keys", "other keys"])
async def test_another_tenant_is_never_compared(keys: str, tmp_path: Path, observe: Observe) -> None:
    """Whatever is polled is frozen as `wrong_folder`, and nothing is told; once the right tenant answers again, exactly
    what changed meanwhile is told."""
    other = Farm.build(2, RECORDS, seed=99, only=MASTERS)
    if keys == "other keys":
        renamed(other)
    async with troubled(tmp_path, observe=observe, what=f"a tenant of {keys}") as house:
        await house.settled()
        right = house.patient
        with serving(other) as server:
            async with joined(other["aldgate"], server.url, house.store, right.resources) as wrong:
                house.patient = wrong
                for kind in Kind:
                    await swapped(house, kind)
        house.patient = right
        house.advance()
        await house.recovers()


async def test_what_was_replaced_on_purpose_is_taken(tmp_path: Path) -> None:
    """Where the mass-delete guard is lifted, the records of the other tenant are the truth from then on."""
    other = Farm.build(2, RECORDS, seed=99, only=MASTERS)
    async with troubled(tmp_path) as house:
        await house.settled()
        guards = Guards(ratio=1.0, second_look=0.0)
        resources = [replace(each, guards=guards) for each in house.patient.resources]
        with serving(other) as server:
            async with joined(other["aldgate"], server.url, house.store, resources) as meant:
                house.patient = meant
                assert {each.outcome for each in (await house.poll()).values()} == {"ok"}
                assert await meant.snapshot(SICK) == truth(other["aldgate"], SICK)
