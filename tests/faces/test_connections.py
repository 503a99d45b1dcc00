"""Connections over HTTP: shown, brought, changed, removed; what a body lies about is refused in words."""

import gzip
import json
from typing import Any

import msgspec
import pytest

from driftd.core.brought import Brought, Change, Put
from driftd.core.decision import Word
from driftd.core.health import ConnectionHealth, Pause, Window
from driftd.core.renewal import Renewal, Renewed
from driftd.core.secret import Secret
from driftd.errors import ConfigError, DecisionError, Mistake, Reason, SealError, SourceError, StoreError
from driftd.faces.http import documents_deeds
from driftd.faces.http.application import ways
from driftd.faces.http.documents_trial import Trial
from driftd.faces.http.way import operation_of
from tests.faces import views
from tests.faces.surface import DOWN, Pretended, served

PATH = "/api/v1/connections"
BODY: dict[str, Any] = {"folder": "ONE", "auth": {"client_id": "driftd", "client_secret": "planted-secret\n"}}
JSON = {"content-type": "application/json"}


def pretended() -> Pretended:
    return Pretended(views.status(views.connection("aldgate", environment="test"), DOWN))


async def test_connections_are_listed_with_what_can_be_done() -> None:
    """Each says where it stands; parameters choose among them; those of the file are not changed here."""
    subject = pretended()
    subject.brought = {"aldgate": '{"folder":"ONE"}'}
    async with served(subject) as client:
        both = (await client.get(PATH)).json()
        assert [(each["connection"], each["source"]) for each in both["connections"]] == [
            ("aldgate", "stored"),
            ("down", "file"),
        ]
        assert [set(each["_links"]) >= {"change", "remove"} for each in both["connections"]] == [True, False]
        for query, names in (("environment=test", ["aldgate"]), ("state=unreachable", ["down"]), ("host=x", [])):
            chosen = (await client.get(f"{PATH}?{query}")).json()
            assert ([each["connection"] for each in chosen["connections"]], chosen["total"]) == (names, 2)
        one = (await client.get(f"{PATH}/aldgate")).json()
        assert (one["settings"], one["changed"]["by"], one["state"]) == ({"folder": "ONE"}, "mo", "ok")
        assert (await client.get(f"{PATH}/down")).json()["settings"] is None
        for wrong_query in ("source=x", "state=x", "colour=red", "state=ok&state=ok"):
            assert (await client.get(f"{PATH}?{wrong_query}")).status_code == 400
        assert (await client.get(f"{PATH}/nobody")).status_code == 404
        wrong = await client.patch(f"{PATH}/aldgate")
        assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "PUT", "DELETE"})


async def test_what_happened_and_what_to_do_is_told() -> None:
    subject = pretended()
    async with served(subject) as client:
        told = (await client.get(f"{PATH}/down/history?since=2026-11-01&until=2026-11-02T00:00:00Z&limit=5")).json()
        assert [each["type"] for each in told["events"]] == ["state", "hour", "poll"]
        assert (told["since"], told["until"]) == ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
        card = (await client.get(f"{PATH}/down/explain?lang=fr")).json()
        assert (card["connection"], card["language"], card["reason"]) == ("down", "fr", "dns_failure")
        for query in (
            "since=yesterday",
            "limit=0",
            "limit=1001",
            "limit=x",
            "since=2026-11-02&until=2026-11-01",
            "until=0001-01-01",
        ):
            assert (await client.get(f"{PATH}/down/history?{query}")).status_code == 400
        for edge in ("since=9999999-01-01", "until=9999-12-31T23:59:59-23:59", "failures=2", "more=1"):
            assert (await client.get(f"{PATH}/down/history?{edge}")).status_code == 400
        assert (await client.get(f"{PATH}/down/explain?lang=tlh")).status_code == 400


async def test_a_live_check_tells_what_to_tell_the_customer() -> None:
    subject = pretended()
    async with served(subject) as client:
        told = (await client.post(f"{PATH}/aldgate/test")).json()
        msgspec.convert(told, Trial)
        assert (told["valid"], told["requests"], len(told["steps"])) == (False, 3, 2)
        assert told["steps"][1]["who_acts"]
        assert "credentials" in told["steps"][1]["tell_the_customer"]
        polled = await client.post(f"{PATH}/aldgate/poll")
        assert (polled.status_code, subject.deeds) == (202, [("aldgate",), ("aldgate",)])
        for path in ("test", "poll"):
            foreign = await client.post(f"{PATH}/aldgate/{path}", headers={"sec-fetch-site": "cross-site"})
            assert foreign.status_code == 403


async def test_a_secret_is_taken_out_of_what_is_brought() -> None:
    """What is read, stored and told has none; the trailing newline of a file is no part of it."""
    subject, word = pretended(), {"reason": "new customer", "by": "jo"}
    async with served(subject) as client:
        answers = [
            await client.post(PATH, json={**BODY, **word, "name": "aldgate"}),
            await client.put(f"{PATH}/aldgate?validate=false", json=BODY),
        ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].headers["location"] == f"{PATH}/aldgate"
    (posted, said), (put, unsaid) = subject.deeds
    assert (said, unsaid) == (Word("jo", "new customer"), Word("api", "brought by a client of the API"))
    assert isinstance(posted, Brought)
    assert isinstance(put, Brought)
    assert [(each.create, each.check) for each in (posted, put)] == [(True, True), (None, False)]
    for each in (posted, put):
        assert each.table == {"name": "aldgate", "folder": "ONE", "auth": {"client_id": "driftd"}}
        assert each.secrets == {"client_secret": Secret("planted-secret")}
    assert not any("planted" in each.text for each in answers)


async def test_a_new_secret_is_given_and_shown_to_nobody() -> None:
    """It is tried unless asked otherwise; one that is refused says why, and one that cannot be taken who acts."""
    subject, path = pretended(), f"{PATH}/aldgate/rotate"
    async with served(subject) as client:
        given = await client.post(path, json={"secret": "planted-secret\n", "reason": "rotated", "by": "jo"})
        assert (given.status_code, given.json()["change"], given.json()["says"]) == (200, "changed", "kept")
        msgspec.convert(given.json(), documents_deeds.Renewed)
        named = {"secret": "planted-other", "field": "client_secret", "unchecked": True}
        assert (await client.post(path, json=named)).status_code == 200
        subject.renewed = Renewed(Change.REFUSED, "the client_secret is not valid", views.TRIAL)
        refused = await client.post(path, json={"secret": "planted-wrong"})
        assert (refused.status_code, refused.json()["check"]["steps"][1]["reason"]) == (422, "oauth_invalid_client")
        for wrong in ({}, {"secret": ""}, {"secret": 5}, {"secret": "planted", "reasons": "x"}, ["planted"]):
            answer = await client.post(path, json=wrong)
            assert (answer.status_code, "planted" in answer.text) == (400, False)
        subject.deciding = SourceError(Reason.OAUTH_ERROR, "the pair is not renewed", hint="pair anew")
        assert (await client.post(path, json={"secret": "planted"})).status_code == 409
    assert subject.deeds[:2] == [
        (Renewal("aldgate", Secret("planted-secret")), Word("jo", "rotated")),
        (Renewal("aldgate", Secret("planted-other"), "client_secret", check=False), Word("api", "a new secret")),
    ]
    assert "planted" not in given.text + refused.text


async def test_what_is_not_valid_says_why() -> None:
    subject = pretended()
    subject.came = Put("aldgate", Change.REFUSED, '"aldgate" is not valid: nothing was stored', views.TRIAL)
    async with served(subject) as client:
        answer = await client.put(f"{PATH}/aldgate", json=BODY)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (told["detail"], told["check"]["steps"][1]["reason"]) == (subject.came.says, "oauth_invalid_client")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError([Mistake("stored: connections.aldgate.folder", "is missing"), Mistake("b", "c")]), 422),
        (ConfigError([Mistake("vault.key_file", "is gone")]), 409),
        (DecisionError("stands in the file", hint="look"), 409),
        (DecisionError("no such connection", hint="look", unknown=True), 404),
        (DecisionError("no reason", hint="say why", invalid=True), 400),
        (SealError("there is no key"), 409),
        (StoreError("the disk is full"), 503),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_its_own_kind(error: Exception, status: int) -> None:
    subject = pretended()
    subject.deciding = error
    async with served(subject) as client:
        for answer in (
            await client.put(f"{PATH}/aldgate", json=BODY),
            await client.delete(f"{PATH}/aldgate?data=keep&reason=x"),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
            assert len(answer.json().get("mistakes", [])) == (
                len(error.mistakes) if isinstance(error, ConfigError) else 0
            )


@pytest.mark.parametrize(
    ("headers", "content", "status", "says"),
    [
        ({"content-type": "text/plain"}, "{}", 415, "not application/json"),
        ({}, "{}", 415, "not application/json"),
        ({"content-type": "application/json; charset=utf-16"}, "{}", 415, "UTF-8"),
        (JSON, json.dumps(BODY).encode("utf-16"), 400, "cannot be used"),
        (JSON | {"content-encoding": "gzip"}, gzip.compress(b"{}", mtime=0), 415, "none is decoded"),
        (JSON, b'{"folder": "\xff"}', 400, "cannot be used"),
        (JSON, "[]", 400, "cannot be used"),
        (JSON, "{", 400, "cannot be used"),
        (JSON, '{"a":' * 12_000, 400, "cannot be used|too deeply"),
        (JSON, '{"resources":' + "[" * 3_000 + "]" * 3_000 + "}", 400, "cannot be used|too deeply"),
        (JSON, " " * 65_537, 413, "longer than 65536"),
        (JSON, '{"reason": 7}', 400, "cannot be used"),
        (JSON, '{"by": null}', 400, "cannot be used"),
        (JSON, '{"name": "brigg"}', 400, "another name than the path"),
        (JSON, '{"sealed": {"field": "password"}}', 400, "cannot be used"),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_refused(
    headers: dict[str, str], content: str | bytes, status: int, says: str
) -> None:
    """Content type, encoding, letters, size, depth: each in words with the next step, and nothing is asked for."""
    subject = pretended()
    async with served(subject) as client:
        answer = await client.put(f"{PATH}/aldgate", content=content, headers=headers)
    assert answer.status_code == status
    told = answer.text if status == 413 else answer.json()["detail"]  # before it is read, in plain text
    assert any(each in told for each in says.split("|")), told
    assert subject.deeds == []
    assert not subject.said


@pytest.mark.parametrize("query", ["", "data=all&reason=x", "reason=x"])
async def test_a_removal_says_what_becomes_of_the_data(query: str) -> None:
    subject = pretended()
    async with served(subject) as client:
        assert (await client.delete(f"{PATH}/aldgate?{query}")).status_code == 400
        assert subject.deeds == []
        done = await client.delete(f"{PATH}/aldgate?data=erase&reason=over&by=jo")
        foreign = await client.delete(f"{PATH}/aldgate?data=erase&reason=x", headers={"origin": "https://evil.example"})
    assert (done.status_code, done.json(), foreign.status_code) == (200, {"says": "done"}, 403)
    assert subject.deeds == [("aldgate", Word("jo", "over"), True)]


ASIDE = ConnectionHealth(
    pause=Pause("stocktaking", "jo", views.NOW + 5_000),
    maintenance=Window(views.NOW + 10, views.NOW + 5_000, "new version", "jo"),
)


@pytest.mark.parametrize("path", ["", "/{}", "/{}/history", "/{}/explain"])
async def test_what_is_told_of_a_connection_is_what_the_api_says(path: str) -> None:
    """Of one that is well, of one that is down, of one that is put aside: each member has its type, and none is
    missing or not said."""
    aside = views.connection("aside", health=ASIDE, customer="Aside Ltd", breaker_open_until=views.NOW)
    subject = Pretended(views.status(views.connection("aldgate"), DOWN, aside))
    subject.brought = {"aldgate": '{"folder":"ONE"}'}
    route = PATH + path.format("{name}")
    (way,) = (
        each for each in ways(subject.inside(), "") if (each.path, "GET" in (each.methods or ())) == (route, True)
    )
    async with served(subject) as client:
        for name in ("aldgate", "down", "aside"):
            answer = await client.get(f"{PATH}{path.format(name)}")
            assert answer.status_code == 200
            msgspec.json.decode(answer.content, type=operation_of(way).answer)
