"""What the paths of alerts, drifts and schemas answer, and what they refuse."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from driftd.core.alerts.model import AlertState
from driftd.core.decision import Action
from driftd.errors import DecisionError, StoreError
from driftd.faces.http import body as bodies
from tests.faces import views
from tests.faces.surface import Pretended, served

ID = "0123456789abcdef"
OTHER = "01ff" * 4
WHY = {"reason": "agreed", "by": "jo"}
OUTAGE = views.drift("dns_failure", None, resource=None)


def pretended(**more: Any) -> Pretended:
    """A daemon with a firing drift, an outage, and a drift that ended."""
    alerts = (
        views.alert(),
        views.alert(OTHER, told=OUTAGE, mute=views.muted()),
        views.alert("ab" * 8, AlertState.RESOLVED),
    )
    return Pretended(views.status(views.connection(alerts=alerts, **more)))


async def decide(pretending: Pretended, path: str, **sent: Any) -> httpx.Response:
    async with served(pretending) as client:
        return await client.post(f"/api/v1/{path}", **sent)


def problem(answer: httpx.Response) -> str:
    """Return the detail of a problem document that is whole."""
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert told.keys() == {"type", "title", "status", "detail", "hint"}
    assert told["status"] == answer.status_code
    assert told["hint"]
    assert told["detail"][0] == told["detail"][0].lower()
    return str(told["detail"])


async def test_alerts_are_listed_with_what_they_rest_on() -> None:
    """All of them, or those of drift alone; what has ended on demand."""
    async with served(pretended()) as client:
        alerts, drifts, every = [
            (await client.get(f"/api/v1/{path}")).json()["alerts"] for path in ("alerts", "drifts", "alerts?all=1")
        ]
    assert [each["id"] for each in alerts] == [ID, OTHER]
    assert [each["id"] for each in drifts] == [ID]
    assert len(every) == 3
    (told,) = drifts
    assert (told["finding"], told["field"], told["state"]) == ("field_removed_always", "BPCNAM", "firing")
    assert (told["expected"], told["seen"], told["n"], told["m"]) == ("text ≤ 35, always", "gone", 1200, 400)
    assert "ALDGATE" in told["tell_the_customer"]
    assert told["first_incident"].endswith("Z")
    assert alerts[1]["muted"] == {"until": "2026-11-23T03:13:20Z", "reason": "known", "by": "jo"}


@pytest.mark.parametrize(
    ("query", "found"),
    [("connection=aldgate", 2), ("connection=other", 0), ("resource=BPCUSTOMER", 1), ("resource=SORDER", 0)],
)
async def test_alerts_are_chosen_by_connection_and_resource(query: str, found: int) -> None:
    async with served(pretended()) as client:
        assert len((await client.get(f"/api/v1/alerts?{query}")).json()["alerts"]) == found


@pytest.mark.parametrize("path", ["alerts", "drifts"])
async def test_one_is_shown_with_its_history(path: str) -> None:
    """By its id or the beginning of it: versions of the schema, what is held, what persons did."""
    async with served(pretended()) as client:
        told = (await client.get(f"/api/v1/{path}/0123")).json()
    assert told["id"] == ID
    assert told["held"] == {"deletes": 3, "candidates": "00ff"}
    assert [(each["source"], each["number"]) for each in told["versions"]] == [
        ("learnt", 1),
        ("learnt", 2),
        ("declared", 1),
    ]
    assert told["deeds"][0]["reason"] == "known"


@pytest.mark.parametrize(("id_", "status"), [("ffff", 404), ("01", 400), ("%20%20", 400), ("01f%0a%0aff", 404)])
async def test_one_that_is_not_there_is_a_problem(id_: str, status: int) -> None:
    async with served(pretended()) as client:
        answer = await client.get(f"/api/v1/alerts/{id_}")
    assert answer.status_code == status
    assert "\n" not in problem(answer)


async def test_a_beginning_of_several_names_them() -> None:
    alerts = (views.alert("aaaa1" + "0" * 11), views.alert("aaaa2" + "0" * 11))
    async with served(Pretended(views.status(views.connection(alerts=alerts)))) as client:
        answer = await client.get("/api/v1/drifts/aaaa")
    assert answer.status_code == 400
    assert alerts[1].id in answer.json()["hint"]
    assert "2 alerts" in problem(answer)


@pytest.mark.parametrize("action", list(Action))
async def test_a_decision_is_handed_on_as_it_was_taken(action: Action) -> None:
    """Each of them, of a drift; with the end of a mute and the candidates of a release."""
    pretending = pretended()
    settling = {"candidates": "00ff"}
    more: dict[Action, dict[str, Any]] = {
        Action.MUTE: {"seconds": 3600},
        Action.RELEASE: settling,
        Action.KEEP: settling,
    }
    sent = WHY | more.get(action, {})
    answer = await decide(pretending, f"drifts/0123/{action}", json=sent)
    assert (answer.status_code, answer.json()) == (200, {"alert": ID, "says": "done"})
    (taken,) = pretending.decisions
    assert (taken.action, taken.alert, taken.by, taken.reason) == (action, "0123", "jo", "agreed")
    assert taken.candidates == sent.get("candidates")
    assert taken.until == (views.NOW + 3_600_000 if action is Action.MUTE else None)


async def test_of_an_alert_only_a_mute_is_decided() -> None:
    """The others are of drifts: their paths are not there."""
    pretending = pretended()
    until = datetime.fromtimestamp(views.NOW / 1000 + 60, UTC).isoformat()
    async with served(pretending) as client:
        assert (await client.post(f"/api/v1/alerts/{OTHER}/mute", json=WHY | {"until": until})).status_code == 200
        for action in set(Action) - {Action.MUTE}:
            assert (await client.post(f"/api/v1/alerts/{OTHER}/{action}", json=WHY)).status_code == 404
        assert (await client.get(f"/api/v1/alerts/{OTHER}/mute")).status_code == 405
    assert [each.until for each in pretending.decisions] == [views.NOW + 60_000]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "reason"),
        ({"reason": ""}, "needs a reason"),
        ({"reason": " \n"}, "needs a reason"),
        ({"reason": 5}, "reason"),
        ({"reason": "x" * 501}, "501 characters"),
        (WHY | {"by": ""}, "by"),
        (WHY | {"by": "x" * 101}, "101 characters"),
        (WHY | {"unknown": 1}, "unknown"),
        ([], "expected"),
        ("reason", "expected"),
    ],
)
async def test_a_decision_that_says_too_little_or_too_much_is_refused(sent: object, says: str) -> None:
    pretending = pretended()
    answer = await decide(pretending, f"drifts/{ID}/accept", json=sent)
    assert answer.status_code == 400
    assert says in problem(answer).lower()
    assert pretending.decisions == []


@pytest.mark.parametrize(
    "end",
    [
        {},
        {"seconds": 0},
        {"seconds": -5},
        {"seconds": 90 * 86400 + 1},
        {"seconds": 1e300},
        {"until": "2026-11-23"},
        {"until": "2026-11-23T08:00:00"},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59Z"},
        {"until": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_a_mute_ends_within_90_days_and_not_before_it_begins(end: dict[str, object]) -> None:
    pretending = pretended()
    answer = await decide(pretending, f"alerts/{ID}/mute", json=WHY | end)
    assert answer.status_code == 400
    assert problem(answer)
    assert pretending.decisions == []


async def test_what_is_no_json_is_refused() -> None:
    """By its type, or by what it holds."""
    json = {"content-type": "application/json"}
    for status, sent in (
        (415, {"content": b"{}"}),
        (415, {"data": {"reason": "x"}}),
        (400, {"content": b"{", "headers": json}),
        (400, {"content": b"", "headers": json}),
        (400, {"content": b"\xff\xfe", "headers": json}),
        (400, {"content": b'{"reason": "\xff"}', "headers": json}),
        (200, {"content": b'{"reason": "x"}', "headers": {"content-type": "Application/JSON; charset=utf-8"}}),
    ):
        answer = await decide(pretended(), f"drifts/{ID}/accept", **sent)
        assert answer.status_code == status, sent
        assert status == 200 or problem(answer)


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_another_site_decides_nothing(headers: dict[str, str]) -> None:
    pretending = pretended()
    answer = await decide(pretending, f"drifts/{ID}/accept", json=WHY, headers=headers)
    assert answer.status_code == 403
    assert problem(answer)
    assert pretending.decisions == []


async def test_a_body_without_an_end_is_read_no_further_than_the_limit() -> None:
    """One that tells no length is refused once it is too long."""
    pretending = pretended()
    chunk = b"3e8\r\n" + b" " * 1000 + b"\r\n"
    assert (await raw(pretending, b"transfer-encoding: chunked\r\n\r\n" + chunk * 66)).startswith(b"HTTP/1.1 413 ")
    assert pretending.decisions == []


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    pretending = pretended()
    assert (await raw(pretending, b"content-length: 10\r\n\r\n{")).startswith(b"HTTP/1.1 408 ")
    assert pretending.decisions == []


async def raw(pretending: Pretended, rest: bytes) -> bytes:
    """Return what a decision is answered whose head goes on with these bytes, after which nothing comes."""
    head = f"POST /api/v1/drifts/{ID}/accept HTTP/1.1\r\nhost: localhost\r\n"
    head += "content-type: application/json\r\nx-driftd: 1\r\n"
    async with served(pretending) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(head.encode() + rest)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DecisionError("it is over", hint="look"), 409),
        (DecisionError("there is none", hint="look", unknown=True), 404),
        (DecisionError("it cannot be", hint="look", invalid=True), 400),
        (StoreError("the disk is full"), 503),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_its_own_kind(error: Exception, status: int) -> None:
    pretending = pretended()
    pretending.deciding = error
    answer = await decide(pretending, f"drifts/{ID}/release", json=WHY)
    assert (answer.status_code, problem(answer)) == (status, str(error))


async def test_the_versions_of_a_schema_are_listed_and_any_two_compared() -> None:
    """Of one source; what was renamed shows as gone and come."""
    path = "/api/v1/connections/aldgate/schema/BPCUSTOMER"
    async with served(Pretended()) as client:
        listed = (await client.get(path)).json()
        compared = (await client.get(f"{path}?from=1&to=2")).json()
        back = (await client.get(f"{path}?from=2&to=1")).json()
        same = (await client.get(f"{path}?from=1&to=1&source=declared")).json()
    assert (listed["connection"], listed["resource"], len(listed["versions"])) == ("aldgate", "BPCUSTOMER", 3)
    assert "differences" not in listed
    differences = {(each["kind"], each["field"]) for each in compared["differences"]}
    assert differences == {("field_removed_always", "BPCNAM"), ("field_added_optional", "NAME")}
    assert {each["field"] for each in back["differences"]} == {"NAME", "BPCNAM"}
    assert (same["source"], same["differences"]) == ("declared", [])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nobody/schema/BPCUSTOMER", 404),
        ("aldgate/schema/NOTHING", 404),
        ("aldgate/schema/BPCUSTOMER?from=1", 400),
        ("aldgate/schema/BPCUSTOMER?from=x&to=2", 400),
        ("aldgate/schema/BPCUSTOMER?from=1&to=2&source=guessed", 400),
        ("aldgate/schema/BPCUSTOMER?from=1&to=9", 404),
        ("aldgate/schema/BPCUSTOMER?from=1&to=2&source=declared", 404),
    ],
)
async def test_a_schema_that_is_not_there_is_a_problem(path: str, status: int) -> None:
    async with served(Pretended()) as client:
        answer = await client.get(f"/api/v1/connections/{path}")
    assert answer.status_code == status
    assert problem(answer)
