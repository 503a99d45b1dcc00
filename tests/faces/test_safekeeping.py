"""Secrets over HTTP: sealed, asked by our own site, with a reason."""

import base64
from typing import Any

import pytest

from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.errors import ConfigError, DecisionError, Mistake, Reason, SealError, SourceError, StoreError
from tests.faces.surface import Pretended, served

PLACED: dict[str, Any] = {"connection": "aldgate", "field": "client_secret", "store": "5f", "number": 3, "at": 7}
SEALED = {**PLACED, "blob": base64.b64encode(b"sealed").decode(), "reason": "17", "by": "jo"}
WORD = {"reason": "17", "by": "jo"}
DEEDS = [("secrets", SEALED), ("rotate", WORD), ("shred", {**WORD, "connection": "aldgate"})]


async def post(pretended: Pretended, path: str, **how: Any) -> tuple[int, dict[str, Any]]:
    async with served(pretended) as client:
        answer = await client.post(f"/api/v1/vault/{path}", **how)
        return answer.status_code, answer.json()


async def test_what_is_asked_for_is_handed_on() -> None:
    pretended, word = Pretended(), Word("jo", "17")
    for path, body in DEEDS:
        assert await post(pretended, path, json=body) == (200, {"says": "done"})
    kept = Kept(Place("5f", "aldgate", "client_secret"), 3, b"sealed", 7)
    assert pretended.deeds == [(kept, word, False), (word,), ("aldgate", word)]
    assert await post(pretended, "secrets", json={**SEALED, "unchecked": True}) == (200, {"says": "done"})
    assert pretended.deeds[-1] == (kept, word, True)


@pytest.mark.parametrize(("path", "body"), DEEDS)
async def test_what_cannot_be_asked_for_is_refused(path: str, body: dict[str, Any]) -> None:
    """A member that is missing or unknown, another site, no JSON; nothing of a body is told again."""
    pretended = Pretended()
    for wrong in ({**body, "more": 1}, {name: each for name, each in body.items() if name != "reason"}):
        status, answer = await post(pretended, path, json=wrong)
        assert (status, "cannot be used" in answer["detail"], SEALED["blob"] in str(answer)) == (400, True, False)
    assert (await post(pretended, path, json=body, headers={"Sec-Fetch-Site": "cross-site"}))[0] == 403
    assert (await post(pretended, path, content=b"x"))[0] == 415
    assert pretended.deeds == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DecisionError("no such connection", hint="look", unknown=True), 404),
        (DecisionError("for another database", hint="give it again", invalid=True), 400),
        (DecisionError("another was stored meanwhile", hint="look"), 409),
        (ConfigError([Mistake("vault.key_file", "is gone")]), 409),
        (SealError("there is no key"), 409),
        (SourceError(Reason.OAUTH_ERROR, "the pairing has expired", hint="pair anew"), 409),
        (StoreError("the disk is full"), 503),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_its_own_kind(error: Exception, status: int) -> None:
    pretended = Pretended()
    pretended.deciding = error
    for path, body in DEEDS:
        assert (await post(pretended, path, json=body))[0] == status
