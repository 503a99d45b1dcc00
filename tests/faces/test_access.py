"""Who is let in, how far, and what a page of another site can do: of every route there is."""

from base64 import b64encode
from typing import Any

import httpx
import pytest

from driftd.config.model import WebConfig
from driftd.core.access import Caller, Scope, Token, digest_of
from driftd.core.brought import Brought
from driftd.core.retention import Cursor
from driftd.faces.http.application import ways
from driftd.faces.http.way import CLOSED, Way, Where, operation_of
from tests.faces import views
from tests.faces.surface import Pretended, served

ROUTES = ways(Pretended().inside(), "127.0.0.1:9420")
OPEN = {"/-/healthy", "/-/ready"}
SECRET = {
    "connection": "aldgate",
    "field": "client_secret",
    "store": "s",
    "number": 1,
    "blob": "AAAA",
    "at": 0,
    "reason": "why",
}
ERASURE = {"connection": "aldgate", "resource": "BPCUSTOMER", "keys": [["C001"]], "reason": "why"}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/db/prune": {},
    "/api/v1/cursors/{name}": {"after": 1, "connection": "aldgate"},
    "/api/v1/cursors/{name}/forget": {},
    "/api/v1/erasures": ERASURE,
    "/api/v1/vault/secrets": SECRET,
    "/api/v1/vault/shred": {"connection": "aldgate", "reason": "why"},
    "/api/v1/tokens": {"name": "x", "digest": "ab" * 32, "scope": "read", "reason": "why"},
    "/api/v1/connections": {"name": "aldgate"},
    "/api/v1/connections/{name}": {"folder": "ALDGATE"},
    "/api/v1/connections/{name}/rotate": {"secret": "planted"},
    "/api/v1/connections/{name}/pause": {"reason": "why", "seconds": 60},
    "/api/v1/connections/{name}/maintenance": {"reason": "why", "seconds": 60},
}
"""What is sent where a reason alone is not enough."""
GOING = "?data=keep&reason=over"


def calls() -> list[Any]:
    found = []
    for each in ROUTES:
        (method,) = set(each.methods or ()) - {"HEAD"}
        found.append(pytest.param(method, each, id=f"{method} {each.path}"))
    return found


def pretended(**tokens: Caller) -> Pretended:
    """A daemon of two connections, each with an alert, whose tokens are called like what they let do."""
    mine, theirs = views.alert(), views.alert("fedcba9876543210", told=views.drift(connection="borough"))
    two = [views.connection("aldgate", alerts=(mine,)), views.connection("borough", alerts=(theirs,))]
    found = Pretended(views.status(*two))
    found.web = WebConfig(enable_reload=True)
    found.tokens = {str(scope): Caller(f"token {scope}", scope) for scope in Scope} | tokens

    async def reloading() -> str:
        return "loaded"

    found.reloading = reloading
    return found


async def ask(client: httpx.AsyncClient, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
    filled = path.replace("{id}", views.alert().id).replace("{name}", "aldgate").replace("{resource}", "BPCUSTOMER")
    filled = filled.replace("/probe", "/probe?target=aldgate") + (GOING if method == "DELETE" else "")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = BODIES.get(path, {"reason": "why"} | ({"seconds": 60} if path.endswith("mute") else {}))
    known = {"json": body} if method != "GET" else {}
    return await client.request(method, filled, **{**known, "headers": headers, **more})


@pytest.mark.parametrize(("method", "route"), calls())
def test_every_route_says_who_may_take_it(method: str, route: Way) -> None:
    """A new one stands as a `Way`, with its scope and what it is; only two are open to those who do not say who they
    are."""
    operation = operation_of(route)
    assert operation is not CLOSED, f'write {method} {route.path} as Way(…, Operation(Scope.…, "…"))'
    assert operation.summary
    assert (operation.scope is None) == (route.path in OPEN)
    assert method == "GET" or operation.scope is not Scope.READ
    assert ("{name}" in route.path) or operation.where is not Where.PATH


@pytest.mark.parametrize(("method", "route"), calls())
async def test_a_route_takes_a_token_of_its_scope_and_none_below(method: str, route: Way) -> None:
    """Without a token, or with one that is not known, who asks has to say who they are; below its scope they may
    not; nothing is done for either."""
    needed = operation_of(route).scope
    pretending = pretended()
    async with served(pretending) as client:
        for given in ("", "wrong"):
            answer = await ask(client, method, route.path, given)
            assert answer.status_code == (200 if needed is None else 401)
            assert needed is None or answer.headers["www-authenticate"] == 'Bearer realm="driftd"'
        for scope in Scope:
            if needed is None or scope.covers(needed):
                continue
            answer = await ask(client, method, route.path, scope)
            assert (answer.status_code, "the credentials do not allow this" in answer.text) == (403, True)
        assert pretending.done() == []
        assert await pretending.changelog.cursors() == []
        await pretending.changelog.move(Cursor("aldgate", 1, 0))
        assert (await ask(client, method, route.path, needed or "")).status_code in operation_of(route).statuses


@pytest.mark.parametrize(("method", "route"), calls())
async def test_who_is_bound_to_a_connection_sees_no_other(method: str, route: Way) -> None:
    """Of every route: what it answers to a token bound to one connection names no other, and what is about the whole
    is refused."""
    bound = {"mine": Caller("token mine", Scope.ADMIN, "aldgate")}
    pretending = pretended(**bound)
    await pretending.changelog.move(Cursor("borough-reader", 1, 0, "borough"))
    await pretending.changelog.move(Cursor("reader-of-all", 1, 0))
    await pretending.changelog.move(Cursor("aldgate", 1, 0, "aldgate"))
    async with served(pretending) as client:
        answer = await ask(client, method, route.path, "mine")
    operation = operation_of(route)
    whole = operation.where is Where.WHOLE and operation.scope is not None
    assert answer.status_code in ((403,) if whole else operation.statuses), answer.text
    assert not any(other in answer.text for other in ("borough", "reader-of-all", views.alert("f" * 16).id))
    assert whole or operation.scope is None or route.path == "/" or "aldgate" in answer.text or "says" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/probe?target=borough", None),
        ("GET", "/api/v1/connections/borough/schema/BPCUSTOMER", None),
        ("GET", "/api/v1/alerts/fedcba9876543210", None),
        ("GET", "/api/v1/drifts/fedc", None),
        ("POST", "/api/v1/alerts/fedcba9876543210/mute", {"reason": "x", "seconds": 60}),
        ("POST", "/api/v1/drifts/fedc/accept", {"reason": "x"}),
        ("POST", "/api/v1/drifts/fedcba9876543210/release", {"reason": "x"}),
        ("POST", "/api/v1/cursors/mine", {"after": 1, "connection": "borough"}),
        ("POST", "/api/v1/cursors/mine", {"after": 1}),
        ("POST", "/api/v1/cursors/theirs", {"after": 1, "connection": "aldgate"}),
        ("POST", "/api/v1/cursors/theirs/forget", {}),
        ("POST", "/api/v1/erasures", ERASURE | {"connection": "borough"}),
        ("POST", "/api/v1/vault/secrets", SECRET | {"connection": "borough"}),
        ("POST", "/api/v1/vault/shred", {"connection": "borough", "reason": "x"}),
        ("POST", "/api/v1/tokens", BODIES["/api/v1/tokens"]),
        ("GET", "/api/v1/connections/borough", None),
        ("GET", "/api/v1/connections/borough/history", None),
        ("GET", "/api/v1/connections/borough/explain", None),
        ("POST", "/api/v1/connections/borough/test", None),
        ("POST", "/api/v1/connections/borough/poll", None),
        ("POST", "/api/v1/connections/borough/pause", {"reason": "x", "seconds": 60}),
        ("POST", "/api/v1/connections/borough/resume", {"reason": "x"}),
        ("POST", "/api/v1/connections/borough/maintenance", {"reason": "x", "seconds": 60}),
        ("POST", "/api/v1/connections", {"name": "aldgate"}),
        ("POST", "/api/v1/connections", {"name": "borough"}),
        ("PUT", "/api/v1/connections/borough", {"folder": "X"}),
        ("DELETE", f"/api/v1/connections/borough{GOING}", None),
        ("DELETE", f"/api/v1/connections/aldgate{GOING}", None),
    ],
)
async def test_who_is_bound_to_a_connection_touches_no_other(method: str, path: str, body: object) -> None:
    """Whatever is asked, it is answered as if the others were not there, and nothing is done."""
    pretending = pretended(mine=Caller("token mine", Scope.ADMIN, "aldgate"))
    theirs = Cursor("theirs", 1, 0, "borough")
    await pretending.changelog.move(theirs)
    async with served(pretending) as client:
        client.headers["authorization"] = "Bearer mine"
        answer = await client.request(method, path, json=body)
        unknown = path.replace("borough", "nobody").replace("fedc", "9999")
        other = await client.request(method, unknown, json=body)
    assert answer.status_code in {403, 404, 409}
    assert answer.status_code == other.status_code
    assert pretending.done() == []
    assert await pretending.changelog.cursors() == [theirs]


async def test_who_is_bound_to_a_connection_reads_what_was_done_to_it() -> None:
    """And changes it, where it is there: what brings one that is new is another's deed."""
    pretending = pretended(mine=Caller("token mine", Scope.ADMIN, "aldgate"))
    async with served(pretending) as client:
        client.headers["authorization"] = "Bearer mine"
        assert (await client.get("/api/v1/audit")).json()["audit"]
        assert (await client.get("/api/v1/audit?connection=aldgate")).json()["audit"]
        assert (await client.get("/api/v1/audit?connection=borough")).json() == {"audit": [], "next": None}
        listed = (await client.get("/api/v1/connections")).json()
        await client.put("/api/v1/connections/aldgate", json={"folder": "X", "by": "jo"})
        client.headers["authorization"] = "Bearer admin"
        assert (await client.get("/api/v1/connections")).json()["total"] == 2
        await client.put("/api/v1/connections/aldgate", json={"folder": "X"})
        await client.delete(f"/api/v1/connections/aldgate{GOING}&by=jo")
    assert (len(listed["connections"]), listed["total"]) == (1, 1)
    assert [each.connection for each in pretending.pages] == ["aldgate", "aldgate"]
    (mine, bound), (ours, free), (_, gone, _) = pretending.deeds
    assert isinstance(mine, Brought)
    assert isinstance(ours, Brought)
    assert (mine.create, ours.create) == (False, None)
    signed = [getattr(each, "by", "") for each in (bound, free, gone)]
    assert signed == ["token mine: jo", "token admin", "token admin: jo"]


async def test_what_a_token_decides_is_signed_by_it() -> None:
    """Whoever it names besides comes after it."""
    pretending = pretended()
    path = f"/api/v1/drifts/{views.alert().id}/accept"
    async with served(pretending) as client:
        client.headers["authorization"] = "Bearer operate"
        for by in ({}, {"by": "jo"}, {"by": "x" * 100}):
            sent = {"reason": "why"} | by
            answer = await client.post(path, json=sent)
            assert answer.status_code == 200, answer.text
        refused = await client.post(path, json={"reason": "why", "by": " "})
    assert [each.by for each in pretending.decisions] == [
        "token operate",
        "token operate: jo",
        f"token operate: {'x' * 85}",
    ]
    assert refused.status_code == 400


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


async def test_a_user_is_let_in_by_their_password() -> None:
    pretending = Pretended()
    pretending.passwords = {("jo", "pass:word"): Caller("user jo", Scope.ADMIN)}
    async with served(pretending) as client:
        assert (await client.get("/metrics", headers=basic("jo", "pass:word"))).status_code == 200
        none = await client.get("/metrics")
        assert (none.status_code, none.headers["www-authenticate"]) == (
            401,
            'Basic realm="driftd", charset="UTF-8", Bearer realm="driftd"',
        )
        assert (await client.get("/metrics", headers=basic("jo", "password"))).status_code == 401
        assert (await client.get("/metrics", headers=basic("al", "pass:word"))).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic am8=",
        "Digest jo",
        "Bearer",
        "Bearer x y",
        "\xff",
        "x" * 3000,
    ],
)
async def test_credentials_that_are_none_let_nobody_in(header: str) -> None:
    pretending = pretended()
    pretending.passwords = {("jo", "x"): Caller("user jo", Scope.ADMIN)}
    async with served(pretending) as client:
        answer = await client.get("/api/v1/alerts", headers=[(b"authorization", header.encode("latin-1"))])
    assert answer.status_code == 401
    assert answer.json()["hint"]
    assert pretending.looked == 0


async def test_who_fails_too_often_waits_and_others_do_not_wait_for_them() -> None:
    """A password is not looked at meanwhile; a token that is good, or a password that was, lets in all the same; and
    each six seconds buy one more attempt."""
    pretending = pretended()
    known = ("jo", "right")
    pretending.passwords = {known: Caller("user jo", Scope.ADMIN)}
    async with served(pretending) as client:
        for _ in range(10):
            assert (await client.get("/metrics", headers=basic("jo", "wrong"))).status_code == 401
        late = await client.get("/api/v1/alerts", headers=basic("jo", "wrong"))
        assert (late.status_code, late.headers["retry-after"]) == (429, "6")
        assert late.json()["title"] == "too many requests"
        assert (await client.get("/metrics", headers={"authorization": "Bearer wrong"})).status_code == 429
        assert (await client.get("/metrics", headers=basic(*known))).status_code == 429
        assert pretending.looked == 10
        assert (await client.get("/metrics", headers={"authorization": "Bearer read"})).status_code == 200
        assert (await client.get("/metrics")).status_code == 401
        pretending.remembered = dict(pretending.passwords)
        assert (await client.get("/metrics", headers=basic(*known))).status_code == 200
        pretending.remembered = {}
        pretending.seconds += 6
        assert (await client.get("/metrics", headers=basic(*known))).status_code == 200
        assert (await client.get("/metrics", headers=basic(*known))).status_code == 200
        assert (await client.get("/metrics", headers=basic("jo", "wrong"))).status_code == 401
        assert (await client.get("/metrics", headers=basic("jo", "wrong"))).status_code == 429


def changing() -> list[Any]:
    return [each for each in calls() if each.values[0] != "GET"]


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://evil.example", "x-driftd": "1"}, False),
        ({"sec-fetch-site": "same-site", "x-driftd": "1"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"x-driftd": "1"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://localhost"}, True),
    ],
    ids=str,
)
async def test_what_another_site_may_have_sent_changes_nothing(headers: dict[str, str], *, passes: bool) -> None:
    """Of every route that changes something, where nobody has to say who they are. A reload takes no more than that no
    browser speaks for another site: what watches configuration files sends nothing else."""
    pretending = pretended()
    pretending.tokens = {}
    async with served(pretending) as client:
        client.headers.clear()
        for method, route in (each.values for each in changing()):
            await pretending.changelog.move(Cursor("aldgate", 1, 0))
            answer = await ask(client, method, route.path, headers={"host": "localhost", **headers})
            passed = answer.status_code in operation_of(route).statuses
            assert passed == (passes or (route.path == "/-/reload" and not headers)), answer.text
            assert passed or answer.status_code == 403


async def test_a_token_is_sent_by_no_browser_by_itself() -> None:
    """A password is: a page of another site can have it sent, and must show as much as where there is none."""
    pretending = pretended()
    pretending.passwords = {("jo", "x"): Caller("user jo", Scope.ADMIN)}
    path = f"/api/v1/drifts/{views.alert().id}/accept"
    async with served(pretending) as client:
        client.headers.clear()
        assert (await ask(client, "POST", path, "operate")).status_code == 200
        assert (await client.post(path, json={"reason": "x"}, headers=basic("jo", "x"))).status_code == 403
    assert len(pretending.decisions) == 1


async def test_tokens_are_listed_made_and_revoked() -> None:
    """By their names; only the hash of a token comes and is kept, and not even that is shown."""
    pretending = pretended()
    at, until, used = views.NOW - 5_000, views.NOW, views.NOW - 1_000
    pretending.listed = [Token("grafana", digest_of("secret"), Scope.READ, at, "jo", "aldgate", until, used)]
    admin = {"authorization": "Bearer admin"}
    end = {"expires_at": "2027-03-31T00:00:00Z", "connection": "borough", "by": "jo"}
    async with served(pretending) as client:
        told = await client.get("/api/v1/tokens", headers=admin)
        made = await client.post("/api/v1/tokens", json=BODIES["/api/v1/tokens"] | end, headers=admin)
        gone = await client.post("/api/v1/tokens/grafana/revoke", json={"reason": "over"}, headers=admin)
    assert told.json() == {
        "tokens": [
            {
                "name": "grafana",
                "scope": "read",
                "connection": "aldgate",
                "made_at": "2026-11-23T02:13:15Z",
                "made_by": "jo",
                "expires_at": "2026-11-23T02:13:20Z",
                "expired": True,
                "used_at": "2026-11-23T02:13:19Z",
            }
        ]
    }
    assert (made.status_code, gone.status_code) == (200, 200)
    (token, word), (name, over) = pretending.deeds
    assert isinstance(token, Token)
    assert (token.name, token.digest, token.scope) == ("x", bytes.fromhex("ab" * 32), Scope.READ)
    assert (token.connection, token.expires_at) == ("borough", 1_806_451_200_000)
    assert (name, [getattr(each, "by", "") for each in (word, over)]) == ("grafana", ["token admin: jo", "token admin"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "a\n"},
        {"digest": "ab"},
        {"digest": "AB" * 32},
        {"digest": "zz" * 32},
        {"scope": "root"},
        {"expires_at": "2027-03-31"},
        {"expires_at": "2027-03-31T00:00:00"},
        {"token": "driftd_x"},
    ],
    ids=str,
)
async def test_what_can_be_no_token_is_a_problem(wrong: dict[str, object]) -> None:
    pretending = pretended()
    async with served(pretending) as client:
        sent = BODIES["/api/v1/tokens"] | wrong
        answer = await client.post("/api/v1/tokens", json=sent, headers={"authorization": "Bearer admin"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert pretending.deeds == []
