"""Answers that are no page: each has its reason, and leaves everything else as it was."""

from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.x3.settings import Caps
from driftd.errors import Reason
from driftd.simulator import Fault
from tests.faults.observing import Observe
from tests.house.troubled import SICK, nothing_stored, troubled

SMALL = Caps(wire=1 << 20, body=2 << 20, ratio_floor=1 << 18)
SHORT = 0.4
BAD: dict[str, tuple[Reason, Fault]] = {
    "class refused": (Reason.FORBIDDEN, Fault("status", status=403)),
    "class not found": (Reason.RESOURCE_NOT_FOUND, Fault("status", status=404)),
    "server error": (Reason.SERVER_ERROR, Fault("status", status=500)),
    "server error in HTML": (Reason.SERVER_ERROR, Fault("status", status=500, body="html")),
    "server error without a body": (Reason.SERVER_ERROR, Fault("status", status=500, body="empty")),
    "bad gateway": (Reason.GATEWAY_ERROR, Fault("status", status=502, body="html")),
    "unavailable": (Reason.GATEWAY_ERROR, Fault("status", status=503, headers={"Retry-After": "20"})),
    "too many requests": (Reason.RATE_LIMITED, Fault("status", status=429, headers={"Retry-After": "20"})),
    "HTML login page with 200": (Reason.MAINTENANCE_PAGE, Fault("html_login")),
    "redirect": (Reason.MAINTENANCE_PAGE, Fault("redirect")),
    "error $diagnoses with 200": (Reason.SERVER_ERROR, Fault("diagnoses")),
    "no $resources": (Reason.INVALID_PAYLOAD, Fault("no_resources")),
    "JSON under another type": (Reason.INVALID_PAYLOAD, Fault("content_type", to="text/plain")),
    "bad escape": (Reason.INVALID_PAYLOAD, Fault("malformed")),
    "not UTF-8": (Reason.INVALID_PAYLOAD, Fault("not_utf8")),
    "deep nesting": (Reason.INVALID_PAYLOAD, Fault("deep", size=50_000)),
    "NaN": (Reason.INVALID_PAYLOAD, Fault("raw_body", body='{"$resources":[{"BPCNUM":"1","OST":NaN}]}')),
    "infinite": (Reason.INVALID_PAYLOAD, Fault("raw_body", body='{"$resources":[{"BPCNUM":"1","OST":1e99999}]}')),
    "$resources of numbers": (Reason.INVALID_PAYLOAD, Fault("raw_body", body='{"$resources":[1,2]}')),
    "a list": (Reason.INVALID_PAYLOAD, Fault("raw_body", body="[]")),
    "no body": (Reason.INVALID_PAYLOAD, Fault("raw_body", body="")),
    "another folder": (Reason.WRONG_FOLDER, Fault("wrong_folder", to="PILOT")),
    "truncated": (Reason.CONNECTION_RESET, Fault("truncated")),
    "not HTTP": (Reason.CONNECTION_RESET, Fault("raw_socket", body="SSH-2.0-OpenSSH_9.2\r\n")),
    "over the cap": (Reason.PAYLOAD_TOO_LARGE, Fault("huge_body", size=3 << 20)),
    "gzip bomb": (Reason.PAYLOAD_TOO_LARGE, Fault("gzip_bomb", size=64 << 20)),
    "drip": (Reason.TIMEOUT, Fault("drip", seconds=0.05)),
    "hang": (Reason.TIMEOUT, Fault("hang")),
}
ROWS = {
    "class refused": 23,
    "class not found": 24,
    "too many requests": 15,
    "HTML login page with 200": 25,
    "error $diagnoses with 200": 26,
    "no $resources": 26,
    "not UTF-8": 29,
    "deep nesting": 32,
    "NaN": 30,
    "infinite": 30,
    "another folder": 38,
    "truncated": 14,
    "over the cap": 34,
    "gzip bomb": 33,
    "drip": 12,
    "hang": 12,
} | dict.fromkeys(
    ["server error", "server error in HTML", "server error without a body", "bad gateway", "unavailable"], 16
)
"""The rows of the table of faults that answers belong to."""


def _marks(number: int, what: str) -> list[pytest.MarkDecorator]:
    """A third of them is always run."""
    row = [pytest.mark.fault(ROWS[what])] if what in ROWS else []
    return [*row, *([pytest.mark.heavy] if number % 3 else [])]


ANSWERS = [pytest.param(what, marks=_marks(number, what)) for number, what in enumerate(BAD)]


def settings(what: str) -> dict[str, Any]:
    """Return what the connection needs to meet a fault quickly."""
    return {"caps": SMALL} | ({"timeout": SHORT} if what in {"drip", "hang"} else {})


@pytest.mark.parametrize("what", ANSWERS)
async def test_a_bad_answer_changes_nothing(what: str, tmp_path: Path, observe: Observe) -> None:
    """A bad answer fails its own resource alone, with its reason: a first reading stores nothing, at the first page and
    in the middle of a sweep all stays as it was, and the next clean sweep captures exactly what changed."""
    reason, fault = BAD[what]
    async with troubled(tmp_path, observe=observe, what=what, **settings(what)) as house:
        house.spoil(fault, page=4)
        reports = await house.poll()
        bad = reports.pop(("aldgate", SICK))
        assert (bad.outcome, bad.reason, bad.r) == ("failed", reason, 0), bad.message
        assert all(each.outcome == "ok" for each in reports.values())
        await nothing_stored(house)
        house.heal()
        await house.settled()
        for page in (1, 3):
            house.spoil(fault, page)
            await house.suffers(reason)
            house.heal()
            await house.recovers()


@pytest.mark.parametrize("kind", ["probe", "delta"])
async def test_a_bad_probe_or_delta_changes_nothing(kind: Any, tmp_path: Path) -> None:
    """A probe or a delta that meets an error is reported as a sweep is, and the next sweep captures what changed."""
    async with troubled(tmp_path) as house:
        await house.settled()
        house.advance()
        house.spoil(Fault("status", status=403), page=1)
        reports = await house.poll(kind)
        bad = reports.pop(("aldgate", SICK))
        assert (bad.outcome, bad.reason) == ("failed", Reason.FORBIDDEN)
        assert all(each.outcome == "ok" for each in reports.values())
        house.heal()
        await house.recovers()


async def test_seconds_to_wait_are_passed_over_without_waiting(tmp_path: Path) -> None:
    """A one-shot poll does not wait for `Retry-After`: it reports, and the next poll is a new try."""
    async with troubled(tmp_path) as house:
        await house.settled()
        house.spoil(Fault("status", status=429, headers={"Retry-After": "3600"}, times=1), page=1)
        report = await house.suffers(Reason.RATE_LIMITED)
        assert report.seconds < 60
        await house.recovers()


async def test_what_a_failed_poll_cost_is_counted(tmp_path: Path) -> None:
    """Requests and bytes of a call that failed are in the report, as those of a sweep that went well are."""
    async with troubled(tmp_path) as house:
        await house.settled()
        tenant = house.patient.tenant
        house.spoil(Fault("status", status=500, body="html"), page=3)
        before = sum(tenant.requests.values())
        reports = await house.poll()
        bad = reports["aldgate", SICK]
        others = sum(each.requests for name, each in reports.items() if name[0] == "aldgate" and each is not bad)
        assert bad.outcome == "failed"
        assert bad.requests == sum(tenant.requests.values()) - before - others > 2
        assert bad.bytes > 0
