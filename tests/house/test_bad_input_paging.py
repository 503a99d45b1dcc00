"""Links that lead nowhere, elsewhere or in a circle: no pass over them counts as complete."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from driftd.errors import Reason
from driftd.simulator import Fault, RequestSeen
from tests.faults.observing import Observe
from tests.house.troubled import PAGE, RECORDS, SICK, nothing_stored, troubled

ASTRAY = {
    "another host": Fault("next_elsewhere", to="http://127.0.0.2:9"),
    "another scheme": Fault("next_elsewhere", to="https://127.0.0.1:9"),
    "itself": Fault("next_loop"),
    "the first page": Fault("next_back"),
}


@pytest.mark.parametrize("where", ASTRAY)
async def test_a_first_reading_astray_stores_nothing(where: str, tmp_path: Path) -> None:
    """A `$next` to another host is not followed, one in a circle is noticed: the reading is incomplete, nothing is
    stored, and nothing goes out to the other host."""
    async with troubled(tmp_path) as house:
        house.spoil(replace(ASTRAY[where], times=1), page=3)
        reports = await house.poll()
        bad = reports.pop(("aldgate", SICK))
        assert (bad.outcome, bad.reason) == ("failed", Reason.PAGING_INCOMPLETE), bad.message
        assert "aldgate" in bad.message
        assert bad.hint
        assert bad.requests <= 2 * RECORDS // PAGE
        assert all(each.outcome == "ok" for each in reports.values())
        await nothing_stored(house)
        house.heal()
        await house.settled()
        await house.recovers()


@pytest.mark.parametrize(
    "where", [pytest.param(each, marks=pytest.mark.fault(18) if "a" not in each[:2] else []) for each in ASTRAY]
)
async def test_a_last_page_that_leads_astray(where: str, tmp_path: Path, observe: Observe) -> None:
    """A sweep over stored segments whose last page has a `$next` that leads astray proves and takes nothing."""
    async with troubled(tmp_path, observe=observe, what=f"a next link to {where}") as house:
        await house.settled()
        house.spoil(ASTRAY[where], page=6)
        await house.suffers(Reason.PAGING_INCOMPLETE)
        house.heal()
        await house.recovers()


@pytest.mark.parametrize("where", ASTRAY)
async def test_links_between_stored_segments_are_not_needed(where: str, tmp_path: Path) -> None:
    """A sweep goes from boundary to boundary: a bad `$next` in the middle of the resource does it no harm."""
    async with troubled(tmp_path) as house:
        await house.settled()
        house.advance()
        house.spoil(ASTRAY[where], page=2)
        house.patient.tenant.on_request = _only(house.patient.tenant.on_request, page=2, heal=house.heal)
        await house.recovers()


async def test_an_answer_that_ends_too_early_is_not_the_end(tmp_path: Path) -> None:
    """A single page without its `$next` makes the rest seem deleted; the second look finds it, and nothing is told."""
    async with troubled(tmp_path) as house:
        await house.settled()
        house.spoil(Fault("empty", times=1), page=3)
        reports = await house.poll()
        assert reports["aldgate", SICK].outcome == "ok"
        assert (reports["aldgate", SICK].d, reports["aldgate", SICK].pending) == (0, 0)
        house.heal()
        await house.recovers()


@pytest.mark.fault(18)
async def test_empty_pages_that_promise_more_come_to_an_end(tmp_path: Path, observe: Observe) -> None:
    """A tenant that answers empty pages with ever further links is left after a few of them."""
    async with troubled(tmp_path, observe=observe, what="empty pages without end") as house:
        await house.settled()
        url = f"{house.server.url}/api1/x3/erp/{house.patient.tenant.endpoint}/{SICK}"
        link = f'{{"$next":{{"$url":"{url}?representation=BPCUSTOMER.$query"}}}}'
        body = f'{{"$resources":[],"$links":{link}}}'
        house.spoil(Fault("raw_body", body=body), page=4)
        report = await house.suffers(Reason.PAGING_INCOMPLETE)
        assert report.pages < 10
        house.heal()
        await house.recovers()


@pytest.mark.fault(18)
async def test_ever_new_pages_come_to_an_end(tmp_path: Path, observe: Observe) -> None:
    """A tenant whose pages and links never repeat and never end is left after twice what is known and 100 pages."""
    async with troubled(tmp_path, observe=observe, what="ever new pages") as house:
        await house.settled()
        tenant, endless = house.patient.tenant, Fault("raw_body", resource=SICK, facet="$query")
        url = f"{house.server.url}/api1/x3/erp/{tenant.endpoint}/{SICK}?representation=BPCUSTOMER.$query&key=gt."

        def act(seen: RequestSeen) -> None:
            if seen.resource == SICK and seen.facet == "$query":
                tenant.faults[:] = [endless]
                number = endless.matched
                rows = f'[{{"BPCNUM":"~{number:06}","BPCNAM":"new"}}]'
                endless.body = f'{{"$resources":{rows},"$links":{{"$next":{{"$url":"{url}~{number:06}"}}}}}}'

        tenant.on_request = act
        report = await house.suffers(Reason.PAGING_INCOMPLETE)
        house.seen.append(f"left after {report.pages} pages")
        assert report.pages <= 2 * (RECORDS // PAGE + 6) + 101
        house.heal()
        await house.recovers()


def _only(
    act: Callable[[RequestSeen], None] | None, *, page: int, heal: Callable[[], None]
) -> Callable[[RequestSeen], None]:
    """Have a fault in force for one page alone."""

    def acting(seen: RequestSeen) -> None:
        if seen.resource == SICK and seen.page > page:
            heal()
        elif act is not None:
            act(seen)

    return acting
