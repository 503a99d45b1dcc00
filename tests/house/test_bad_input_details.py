"""The details facet refused, each way: documents go on without their lines, nothing else notices."""

from pathlib import Path

import pytest

from driftd.errors import Reason
from driftd.simulator import Fault, RequestSeen
from tests.house.rig import truth
from tests.house.troubled import Troubled, troubled

CLASSES = ("SORDER", "ITMMASTER")
REFUSED = ("refused_400", "refused_403", "refused_500")


async def _poll(house: Troubled, reason: Reason | None) -> None:
    reports = await house.poll()
    report = reports.pop(("aldgate", "SORDER"))
    assert report.reason == reason, report.message
    assert report.outcome == ("ok" if reason is None else "partial")
    assert (report.hint == "") == (reason is None)
    assert all(each.outcome == "ok" for each in reports.values())


@pytest.mark.parametrize("position", REFUSED)
async def test_headers_go_on_where_details_are_refused(position: str, tmp_path: Path) -> None:
    """Where `$details` is refused from the first day, headers are captured exactly, the reason is told, and no more
    than one details read is tried in a poll."""
    async with troubled(tmp_path, classes=CLASSES, records=25) as house:
        tenant = house.patient.tenant
        tenant.switches.move({"details_facet": position})
        await _poll(house, Reason.FORBIDDEN)
        for _ in range(2):
            tenant.advance(create=3, update=5, delete=2, update_lines=2, resource="SORDER")
            asked = sum(1 for each in house.server.requests if each.facet == "$details" and each.tenant == "aldgate")
            await _poll(house, Reason.FORBIDDEN)
            assert await house.patient.snapshot("SORDER") == truth(tenant, "SORDER", "$query")
            again = sum(1 for each in house.server.requests if each.facet == "$details" and each.tenant == "aldgate")
            assert again - asked == 1


@pytest.mark.parametrize("position", REFUSED)
async def test_details_that_come_back_complete_the_documents(position: str, tmp_path: Path) -> None:
    """Where `$details` is refused for a while, lines stay as last known, and are completed when it is allowed again:
    the log folds to the truth and invents nothing."""
    async with troubled(tmp_path, classes=CLASSES, records=25) as house:
        tenant = house.patient.tenant
        await house.settled()
        house.patient.told["SORDER"] = await house.patient.snapshot("SORDER")
        for name in CLASSES[1:]:
            house.patient.told[name] = await house.patient.snapshot(name)
        tenant.switches.move({"details_facet": position})
        tenant.advance(create=3, update=5, delete=2, update_lines=4, resource="SORDER")
        await _poll(house, Reason.FORBIDDEN)
        await house.patient.follow()
        told = house.patient.told["SORDER"]
        headers = truth(tenant, "SORDER", "$query")
        assert set(told) == set(headers)
        assert all(headers[key].items() <= told[key].items() for key in headers)
        tenant.switches.move({"details_facet": "allowed"})
        await _poll(house, None)
        await house.patient.follow()
        assert house.patient.told["SORDER"] == truth(tenant, "SORDER")


BAD = {
    "login page": (Reason.MAINTENANCE_PAGE, Fault("html_login")),
    "truncated": (Reason.CONNECTION_RESET, Fault("truncated")),
    "bad escape": (Reason.INVALID_PAYLOAD, Fault("malformed")),
    "another folder": (Reason.WRONG_FOLDER, Fault("wrong_folder", to="PILOT")),
    "too many requests": (Reason.RATE_LIMITED, Fault("status", status=429)),
    "unavailable": (Reason.GATEWAY_ERROR, Fault("status", status=503)),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_details_answer_fails_the_cycle(what: str, tmp_path: Path) -> None:
    """A details answer that is no record, and no refusal, fails the cycle: nothing of it is stored or told."""
    reason, fault = BAD[what]
    async with troubled(tmp_path, classes=CLASSES, records=25) as house:
        tenant = house.patient.tenant
        await house.settled()
        house.patient.told = {name: await house.patient.snapshot(name) for name in CLASSES}
        fault = Fault(fault.kind, resource="SORDER", facet="$details", status=fault.status, to=fault.to)
        tenant.faults.append(fault)
        await house.suffers(reason, "SORDER")
        tenant.faults.clear()
        await _poll(house, None)
        await house.patient.follow()
        assert house.patient.told["SORDER"] == truth(tenant, "SORDER")


async def test_a_document_gone_between_header_and_details(tmp_path: Path) -> None:
    """A document that is deleted after its header was read and before its details are is captured or not, but never
    wrongly: after the next sweep the log folds to the truth."""
    async with troubled(tmp_path, classes=CLASSES, records=25) as house:
        tenant = house.patient.tenant
        await house.settled()
        house.patient.told = {name: await house.patient.snapshot(name) for name in CLASSES}
        tenant.put("SORDER", {"SOHNUM": "BRIEF", "BPCNAM": "brief", "SOHSOP": [{"SOPLIN": 1000, "QTY": 1}]})

        def act(seen: RequestSeen) -> None:
            if seen.key == "BRIEF" and ("BRIEF",) in tenant.records("SORDER"):
                tenant.remove("SORDER", "BRIEF")

        tenant.on_request = act
        await _poll(house, None)
        tenant.on_request = None
        await _poll(house, None)
        await house.patient.follow()
        assert house.patient.told["SORDER"] == truth(tenant, "SORDER")
