"""Keys that are missing, null, double or odd: odd ones are captured, bad ones are left out and said, never made up."""

from pathlib import Path
from typing import Any

import pytest

from driftd.errors import Reason
from driftd.simulator import Farm, serving
from tests.faults.observing import Observe
from tests.house.rig import Rig, resource, rig, truth
from tests.house.troubled import SICK, Troubled, troubled

ODD = [
    "O'Brien",
    "''",
    'say "hello"',
    "A~B",
    "~",
    "~~C~",
    "two words",
    "trailing  ",
    " leading",
    "Київ Іванівна",
    "北京有限公司",
    "ÅÄÖ ß",
    "a/b?c=d&e#f",
    "100%25",
    "back\\slash",
    "{}[]()$,;:@",
    "gt.X",
    "1",
    "1.0",
    "01",
    "true",
    "null",
    "e\u0301",
    "\u00e9",
    "😀",
    "tab\there",
]


async def _doubted(house: Troubled) -> None:
    """Poll: the records are captured as ever, but the resource says that its keys are not unique."""
    reports = await house.poll()
    report = reports.pop(("aldgate", SICK))
    house.seen.append(f"{report.outcome} by {report.reason}")
    assert (report.outcome, report.reason) == ("partial", Reason.KEY_NOT_UNIQUE), report.message
    assert "aldgate" in report.message
    assert report.hint
    assert report.d == 0
    assert all(each.outcome == "ok" for each in reports.values())


async def test_odd_keys_are_keys(tmp_path: Path) -> None:
    """A key of any text is created, updated, seen again and deleted as itself, by pages, boundaries, details and second
    looks; it is told from every key that looks like it."""
    farm = Farm.build(1, 12, seed=3, only=("SORDER",))
    tenant = farm["aldgate"]
    with serving(farm) as server:
        async with rig(tenant, server.url, tmp_path, [resource("SORDER", page_size=5)]) as house:
            await house.poll()
            house.told["SORDER"] = await house.snapshot("SORDER")
            first: dict[str, Any] = {"BPCNAM": "first", "ORDNOT": 1.5, "SOHSOP": [{"SOPLIN": 1000, "QTY": 1}]}
            for record in (first, first | {"BPCNAM": "second"}, first | {"SOHSOP": [{"SOPLIN": 1000, "QTY": 2}]}):
                for key in ODD:
                    tenant.put("SORDER", {"SOHNUM": key} | record)
                await _exact(house)
            for key in ODD:
                tenant.remove("SORDER", key)
            await _exact(house)
            for key in ODD:
                assert "".join(op for _, op, name, _ in house.after if name == (key,)) == "cuud"


async def _exact(house: Rig) -> None:
    reports = await house.poll()
    assert [each.outcome for each in reports] == ["ok"], reports
    await house.follow()
    assert house.told["SORDER"] == truth(house.tenant, "SORDER")


async def test_all_odd_keys_at_once_under_every_collation(tmp_path: Path) -> None:
    """Odd keys stand side by side, as boundaries and neighbours too, whatever order the database gives them."""
    for collation in ("binary", "case_insensitive", "numeric"):
        farm = Farm.build(1, 3, seed=3, only=("BPCUSTOMER",))
        tenant = farm["aldgate"]
        tenant.switches.move({"collation": collation})
        for key in ODD:
            tenant.put(SICK, {"BPCNUM": key, "BPCNAM": "first"})
        with serving(farm) as server:
            async with rig(tenant, server.url, tmp_path / collation, [resource(SICK, page_size=2)]) as house:
                await house.poll()
                house.told[SICK] = await house.snapshot(SICK)
                assert house.told[SICK] == truth(tenant, SICK)
                for number, key in enumerate(ODD):
                    if number % 2:
                        tenant.remove(SICK, key)
                    else:
                        tenant.put(SICK, {"BPCNUM": key, "BPCNAM": "second"})
                reports = await house.poll()
                assert [(each.outcome, each.u, each.d) for each in reports] == [("ok", 13, 13)]
                await house.follow()
                assert house.told[SICK] == truth(tenant, SICK)


@pytest.mark.fault(19)
async def test_identical_rows_under_one_key_are_one_record(tmp_path: Path, observe: Observe) -> None:
    """The same row twice is merged without a word, and deletes beside it are believed."""
    async with troubled(tmp_path, observe=observe, what="alike") as house:
        tenant = house.patient.tenant
        keys = list(tenant.records(SICK))
        tenant.put_duplicate(SICK, keys[0])
        await house.settled()
        tenant.put_duplicate(SICK, keys[25])
        tenant.remove(SICK, keys[26])
        tenant.put(SICK, {"BPCNUM": "new", "BPCNAM": "new"})
        await house.recovers()


@pytest.mark.fault(19)
async def test_different_rows_under_one_key_suspend_deletes(tmp_path: Path, observe: Observe) -> None:
    """Different rows under a key: the last one is kept and it is said; deletes are held until the keys are unique."""
    async with troubled(tmp_path, observe=observe, what="different") as house:
        await house.settled()
        tenant = house.patient.tenant
        keys = list(tenant.records(SICK))
        tenant.put_duplicate(SICK, keys[5], {"BPCNAM": "another one"})
        tenant.remove(SICK, keys[30])
        tenant.put(SICK, {"BPCNUM": "new", "BPCNAM": "new"})
        await _doubted(house)
        held = await house.store.absent(house.patient.resources[0])
        assert [each.key for each in held] == [f'["{keys[30][0]}"]'.encode()]
        said = {key: (op, after) for op, key, _, after in await house.events()}
        assert set(said) == {keys[5], ("new",)}
        assert said[keys[5]][1]["BPCNAM"] == "another one"
        await _doubted(house)
        assert len(await house.events()) == 2
        last = tenant.records(SICK)[keys[5]]
        tenant.remove(SICK, keys[5])
        tenant.put(SICK, last)
        await house.recovers()


@pytest.mark.fault(20)
async def test_rows_without_a_key_are_left_out(tmp_path: Path, observe: Observe) -> None:
    """A row whose key is missing, null or empty is quarantined: it is counted and never stored, the others are; one
    that was there at the baseline keeps no later delete from being believed."""
    async with troubled(tmp_path, observe=observe, what="no key") as house:
        tenant = house.patient.tenant
        await house.settled()
        tenant.put(SICK, {"BPCNUM": None, "BPCNAM": "null"})
        tenant.put(SICK, {"BPCNAM": "missing"})
        tenant.put(SICK, {"BPCNUM": "", "BPCNAM": "empty"})
        tenant.advance(create=2, update=2, delete=0, resource=SICK)
        await _doubted(house)
        assert await house.patient.snapshot(SICK) == {k: v for k, v in truth(tenant, SICK).items() if k[0]}
        tenant.advance(create=2, update=2, delete=2, resource=SICK)
        reports = await house.poll()
        assert reports["aldgate", SICK].reason is Reason.KEY_NOT_UNIQUE
        assert reports["aldgate", SICK].d == 2
        assert await house.patient.snapshot(SICK) == {k: v for k, v in truth(tenant, SICK).items() if k[0]}
