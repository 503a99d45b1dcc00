"""Erasing over HTTP: asked by our own site with a reason, its key in the body alone."""

from typing import Any

import pytest

from driftd.core.decision import Removal
from driftd.errors import DecisionError, Reason, SourceError, StoreError
from tests.faces.surface import Pretended, served

ASKED: dict[str, Any] = {
    "connection": "aldgate",
    "resource": "BPCUSTOMER",
    "keys": [["C001"], ["C001", 2]],
    "reason": "17",
}


async def post(pretended: Pretended, **how: Any) -> tuple[int, dict[str, Any]]:
    async with served(pretended) as client:
        answer = await client.post("/api/v1/erasures", **how)
        return answer.status_code, answer.json()


async def test_what_is_asked_for_is_handed_on() -> None:
    pretended = Pretended()
    assert await post(pretended, json={**ASKED, "by": "jo", "forget": True}) == (200, {"says": "erased"})
    keys = (b'["C001"]', b'["C001",2]')
    assert pretended.removals == [Removal("aldgate", "BPCUSTOMER", keys, "jo", "17", forget=True)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"keys": []}, "no key is given"),
        ({"reason": " "}, "needs a reason"),
        ({"by": ""}, '"by" is empty'),
        ({"reason": "C001 asked for it"}, "names the record"),
        ({"keys": [[None]]}, "cannot be used"),
        ({"more": 1}, "cannot be used"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(changed: dict[str, Any], says: str) -> None:
    pretended = Pretended()
    status, answer = await post(pretended, json=ASKED | changed)
    assert (status, says in answer["detail"], pretended.removals) == (400, True, [])


async def test_another_site_erases_nothing() -> None:
    """As with all that changes something."""
    pretended = Pretended()
    status, _ = await post(pretended, json=ASKED, headers={"Sec-Fetch-Site": "cross-site"})
    assert (status, pretended.removals) == (403, [])
    assert (await post(pretended, content=b"x"))[0] == 415


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DecisionError("no such record", hint="look", unknown=True), 404),
        (DecisionError("a cycle runs", hint="wait"), 409),
        (SourceError(Reason.CONFIG_ERROR, "the key is gone", hint="put it back"), 503),
        (StoreError("the disk is full"), 503),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_its_own_kind(error: Exception, status: int) -> None:
    pretended = Pretended()
    pretended.deciding = error
    assert (await post(pretended, json=ASKED))[0] == status
