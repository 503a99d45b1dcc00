"""Values that break careless readers: long numbers, long documents, deep ones, records without a watermark."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from driftd.core.model import Kind
from driftd.errors import Reason
from driftd.simulator import Fault
from tests.faults.observing import Observe
from tests.house.rig import decoded, joined, resource, truth
from tests.house.troubled import MASTERS, PAGE, SICK, troubled

NUMBERS = [
    "18446744073709551616",
    "-9223372036854775809",
    "123456789012345678901234567890123456789012345678901234567890",
    "0.12345678901234567890",
    "-99999999999999999.99",
    "1234567890123456.7891",
    "0.000000000000000000012345678901234567890",
    "9007199254740993",
    "1e400",
    "1.00000000000000000000000000000000000001",
]


@pytest.mark.fault(30)
async def test_every_digit_is_kept(tmp_path: Path, observe: Observe) -> None:
    """Integers beyond 64 bits and decimals of 20 and more digits stand in snapshot, before and after digit by digit; a
    change in the last digit alone is an update, another spelling of the same number is none."""
    async with troubled(tmp_path) as house:
        rows = ",".join(f'{{"BPCNUM":"N{n}","OST":{text}}}' for n, text in enumerate(NUMBERS))
        await _answered(house, rows)
        shown = await house.store.read_records("aldgate", SICK, after=None, limit=100)
        stored = {decoded(each.key)[0]: decoded(each.body)["OST"] for each in shown.records}
        assert [stored[f"N{n}"] for n in range(len(NUMBERS))] == [Decimal(text) for text in NUMBERS]
        respelt = ",".join(f'{{"OST" : {_respelt(text)}, "BPCNUM":"N{n}"}}' for n, text in enumerate(NUMBERS))
        await _answered(house, respelt)
        assert not await house.store.read_changes(0, 10, connection="aldgate")
        nudged = ",".join(f'{{"BPCNUM":"N{n}","OST":{_nudged(text)}}}' for n, text in enumerate(NUMBERS))
        await _answered(house, nudged)
        events = await house.store.read_changes(0, 100, connection="aldgate")
        observe(f"{len(NUMBERS)} numbers nudged in their last digit: {len(events)} updates told")
        assert sorted((e["before"]["OST"], e["after"]["OST"]) for e in (decoded(each.envelope) for each in events)) == (
            sorted((Decimal(text), Decimal(_nudged(text))) for text in NUMBERS)
        )


def _respelt(text: str) -> str:
    mantissa, _, power = text.partition("e")
    if power:
        return f"{mantissa}0.0E+{int(power) - 1}"
    return f"{mantissa}0" if "." in mantissa else f"{mantissa}.000"


def _nudged(text: str) -> str:
    mantissa, _, power = text.partition("e")
    last = "1" if mantissa[-1] != "1" else "2"
    return mantissa[:-1] + last + (f"e{power}" if power else "")


async def _answered(house: Any, rows: str) -> None:
    """Sweep a tenant that answers these rows in place of its customers, and let them stand as they are."""
    house.spoil(Fault("raw_body", body=f'{{"$resources":[{rows}],"$links":{{}}}}'), page=1)
    reports = await house.poll()
    assert reports["aldgate", SICK].outcome == "ok", reports["aldgate", SICK].message
    house.heal()


async def test_an_order_of_five_thousand_lines(tmp_path: Path) -> None:
    """A document of 5,000 lines is captured whole; one changed line of it is one update with one pointer."""
    async with troubled(tmp_path, classes=("SORDER",), records=5) as house:
        await house.settled()
        tenant = house.patient.tenant
        lines: list[Any] = [{"SOPLIN": 1000 * n, "ITMREF": f"I{n}", "QTY": n} for n in range(1, 5001)]
        tenant.put("SORDER", {"SOHNUM": "LONG", "BPCNAM": "many", "SOHSOP": lines})
        reports = await house.poll()
        assert (reports["aldgate", "SORDER"].outcome, reports["aldgate", "SORDER"].c) == ("ok", 1)
        assert await house.patient.snapshot("SORDER") == truth(tenant, "SORDER")
        lines[4321] = lines[4321] | {"QTY": -1}
        tenant.put("SORDER", {"SOHNUM": "LONG", "BPCNAM": "many", "SOHSOP": lines})
        reports = await house.poll()
        assert (reports["aldgate", "SORDER"].outcome, reports["aldgate", "SORDER"].u) == ("ok", 1)
        assert await house.patient.snapshot("SORDER") == truth(tenant, "SORDER")
        found = await house.store.read_changes(0, 100, connection="aldgate")
        assert json.loads(found[-1].envelope)["changed"] == ["/SOHSOP/4321/QTY"]


@pytest.mark.fault(32)
@pytest.mark.parametrize("depth", [50, 150])
async def test_deep_records(depth: int, tmp_path: Path, observe: Observe) -> None:
    """A record nested 50 deep is captured; one nested 150 deep fails its resource until it is mended."""
    async with troubled(tmp_path, observe=observe, what=f"{depth} levels") as house:
        await house.settled()
        tenant = house.patient.tenant
        nested: Any = "x"
        for _ in range(depth):
            nested = [nested]
        tenant.put(SICK, {"BPCNUM": "deep", "BPCNAM": "deep", "NESTED": nested})
        if depth > 64:
            await house.suffers(Reason.INVALID_PAYLOAD)
            tenant.put(SICK, {"BPCNUM": "deep", "BPCNAM": "deep"})
        await house.recovers()


@pytest.mark.fault(29)
async def test_a_lone_surrogate_is_not_text(tmp_path: Path, observe: Observe) -> None:
    """Half of a surrogate pair cannot be stored as UTF-8: the resource fails with its reason, nothing is changed."""
    async with troubled(tmp_path, observe=observe, what="a lone surrogate") as house:
        await house.settled()
        body = '{"$resources":[{"BPCNUM":"half","BPCNAM":"\\ud800"}],"$links":{}}'
        house.spoil(Fault("raw_body", body=body), page=2)
        await house.suffers(Reason.INVALID_PAYLOAD)
        house.heal()
        await house.recovers()


@pytest.mark.parametrize("watermark", ["UPDDATTIM", "NOSUCH"])
async def test_records_without_the_watermark(watermark: str, tmp_path: Path) -> None:
    """Where the configured watermark is not shown, or is not there at all, a delta reads the newest keys in its place
    and says so, and a sweep captures all that changed."""
    async with troubled(tmp_path) as house:
        mine = [resource(name, page_size=PAGE, watermark=watermark) for name in MASTERS]
        async with joined(house.patient.tenant, house.server.url, house.store, mine) as bare:
            house.patient = bare
            await house.settled()
            house.advance()
            reports = await house.poll(Kind.DELTA)
            assert all(each.outcome == "ok" for each in reports.values())
            await house.recovers()


async def test_a_watermark_that_vanishes(tmp_path: Path) -> None:
    """A tenant that ceases to show the watermark is read on by its newest keys: it is said, and nothing is lost."""
    async with troubled(tmp_path) as house:
        tenant = house.patient.tenant
        tenant.switches.move({"updatim_in_query": "present"})
        mine = [resource(name, page_size=PAGE, watermark="UPDDATTIM", volatile=("UPDDATTIM",)) for name in MASTERS]
        async with joined(tenant, house.server.url, house.store, mine) as marked:
            house.patient = marked
            await house.settled()
            tenant.switches.move({"updatim_in_query": "absent"})
            house.advance()
            reports = await house.poll(Kind.DELTA)
            assert reports["aldgate", SICK].outcome == "ok", reports["aldgate", SICK].message
            assert "UPDDATTIM" in " ".join(reports["aldgate", SICK].notes)
