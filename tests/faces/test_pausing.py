"""Connections are put aside over HTTP, by our own site, with a reason and an end; and the audit log is read."""

from typing import Any

import httpx
import pytest

from driftd.core.decision import Word
from driftd.core.pausing import Directive, Turn
from driftd.errors import DecisionError, StoreError
from driftd.ports import Pages
from tests.faces import views
from tests.faces.surface import Pretended, served

WORD = {"reason": "stocktaking", "by": "jo"}
BODIES: dict[str, dict[str, Any]] = {
    "pause": {**WORD, "seconds": 3600},
    "resume": WORD,
    "maintenance": {**WORD, "seconds": 3600},
}
HOUR = 3_600_000


async def post(client: httpx.AsyncClient, path: str, name: str = "aldgate", **how: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/v1/connections/{name}/{path}", **how)
    return answer.status_code, answer.json()


async def test_what_is_ordered_is_handed_on_and_told() -> None:
    """With its end as a time or a span, which is from the beginning of a window on."""
    pretended, word, now = Pretended(), Word("jo", "stocktaking"), views.NOW
    until = {**WORD, "until": "2033-05-18T03:33:20+00:00"}
    orders: list[tuple[str, dict[str, Any], Directive]] = [
        ("pause", BODIES["pause"], Directive(Turn.PAUSE, word, now + HOUR)),
        ("resume", WORD, Directive(Turn.RESUME, word)),
        ("resume", {}, Directive(Turn.RESUME, Word("api", "resumed"))),
        ("maintenance", BODIES["maintenance"], Directive(Turn.MAINTENANCE, word, now + HOUR)),
        ("maintenance", {**WORD, "cancel": True}, Directive(Turn.CANCEL, word)),
    ]
    since = {**WORD, "from": "2033-05-18T03:33:20Z", "seconds": 60}
    async with served(pretended) as client:
        for path, body, order in orders:
            status, answer = await post(client, path, json=body)
            assert (status, answer["connection"], answer["says"]) == (200, "aldgate", "done")
            assert (answer["pause"] is None) == (path != "pause")
            assert pretended.directives[-1] == ("aldgate", order)
        pretended.deciding = DecisionError("too far", hint="nearer", invalid=True)
        assert (await post(client, "pause", json=until))[0] == 400
        assert pretended.directives[-1][1].until == 2_000_000_000_000
        await post(client, "maintenance", "a b", json=since)
    order = Directive(Turn.MAINTENANCE, word, 2_000_000_060_000, 2_000_000_000_000)
    assert pretended.directives[-1] == ("a b", order)


@pytest.mark.parametrize(("path", "body"), BODIES.items())
async def test_what_cannot_be_ordered_is_refused(path: str, body: dict[str, Any]) -> None:
    """A member that is unknown or of another kind, times that cannot be told, another site, no JSON."""
    pretended = Pretended()
    wrong: list[dict[str, Any]] = [{**body, "more": 1}, {**body, "reason": 7}]
    if path != "resume":
        end = {name: each for name, each in body.items() if name != "seconds"}
        wrong += [{**body, "until": "2033-05-18T03:33:20Z"}, {**end, "until": "2033-05-18T03:33:20"}]
        wrong += [{**end, "until": "tomorrow"}, {"seconds": 60}]
    if path == "maintenance":
        wrong += [{**body, "from": "2033-05-18T03:33:20"}, {**body, "cancel": True}]
    async with served(pretended) as client:
        for each in wrong:
            status, answer = await post(client, path, json=each)
            assert (status, bool(answer["hint"])) == (400, True), each
        assert (await post(client, path, json=body, headers={"Sec-Fetch-Site": "cross-site"}))[0] == 403
        assert (await post(client, path, content=b"x"))[0] == 415
    assert pretended.directives == []


async def test_what_cannot_be_done_is_a_problem_of_its_own_kind() -> None:
    pretended = Pretended()
    errors: list[tuple[Exception, int]] = [
        (DecisionError("no such connection", hint="look", unknown=True), 404),
        (DecisionError("a pause needs an end", hint="say when", invalid=True), 400),
        (DecisionError("a window runs", hint="wait"), 409),
        (StoreError("the disk is full"), 503),
    ]
    async with served(pretended) as client:
        for pretended.deciding, status in errors:
            for path, body in BODIES.items():
                found, answer = await post(client, path, json=body)
                assert (found, answer["detail"], answer["status"]) == (status, str(pretended.deciding), status)
        assert (await client.get("/api/v1/audit")).status_code == 503


async def test_the_audit_log_is_read_page_by_page() -> None:
    """The last page names no next."""
    pretended = Pretended()
    async with served(pretended) as client:
        answer = (await client.get("/api/v1/audit?limit=2&connection=aldgate&since=2033-05-18T03:33:20Z")).json()
        assert [each["action"] for each in answer["audit"]] == ["mute", "mute"]
        assert answer["audit"][0]["at"].endswith("Z")
        more = await client.get("/api/v1/audit", params={"before": answer["next"]})
        assert (len(more.json()["audit"]), more.json()["next"]) == (3, None)
    assert pretended.pages == [
        Pages(2, "aldgate", 2_000_000_000_000),
        Pages(100, None, 0, (views.DEED.at - 1, 8)),
    ]


async def test_a_page_that_cannot_be_is_refused() -> None:
    pretended = Pretended()
    wrong = ("limit=0", "limit=1001", "limit=x", "since=1", "since=2033-05-18T03:33:20", "before=7", "more=1")
    async with served(pretended) as client:
        for query in wrong:
            answer = await client.get(f"/api/v1/audit?{query}")
            assert (answer.status_code, bool(answer.json()["hint"])) == (400, True), query
    assert pretended.pages == []
