"""A tenant may lack a module or a right: that class fails alone, and nothing is lost once it is there."""

from pathlib import Path

import pytest

from driftd.simulator import Access, Farm, serving
from tests.house.rig import resource, rig, truth

CLASSES = ("BPCUSTOMER", "PINVOICE")
RECORDS = {"BPCUSTOMER": 12, "PORDER": 9, "PINVOICE": 6}


@pytest.mark.parametrize("access", [Access.UNLICENSED, Access.FORBIDDEN])
async def test_a_withheld_class_fails_alone_and_loses_nothing(access: Access, tmp_path: Path) -> None:
    """While it is withheld no delete of it is told and others are captured; once it is back, both are the truth."""
    farm = Farm.build(1, RECORDS, seed=8)
    tenant = farm["aldgate"]
    with serving(farm) as server:
        async with rig(tenant, server.url, tmp_path, [resource(name) for name in CLASSES]) as house:
            await house.poll()
            house.told = {name: await house.snapshot(name) for name in CLASSES}
            tenant.set_access({"PINVOICE": access})
            tenant.step(60)
            customers, invoices = await house.poll()
            assert (customers.outcome, invoices.outcome) == ("ok", "failed")
            assert invoices.reason is not None
            await house.follow()
            assert house.told["BPCUSTOMER"] == truth(tenant, "BPCUSTOMER")
            assert {name for name, _, _, _ in house.after} == {"BPCUSTOMER"}
            assert house.told["PINVOICE"] != truth(tenant, "PINVOICE")
            tenant.set_access({"PINVOICE": "open"})
            assert {report.outcome for report in await house.poll()} == {"ok"}
            await house.follow()
            assert house.told == {name: truth(tenant, name) for name in CLASSES}
