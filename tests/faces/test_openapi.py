"""The description of the API is true: of every route, of what each takes, and of what each answers."""

import json
from typing import Any

import msgspec
import pytest

from driftd.core.access import Caller, Scope
from driftd.core.retention import Cursor
from driftd.faces.http import documents
from driftd.faces.http.way import Way, operation_of
from tests.faces import views
from tests.faces.surface import Pretended, served
from tests.faces.test_access import ROUTES, ask, calls, pretended


async def described(pretending: Pretended, **headers: str) -> dict[str, Any]:
    async with served(pretending) as client:
        answer = await client.get("/openapi.json", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def operations(told: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method.upper(), path): each for path, of in told["paths"].items() for method, each in of.items()}


async def test_every_route_stands_in_it_and_nothing_else() -> None:
    """With its scope, a name of its own, and what it answers."""
    told = await described(Pretended())
    found = operations(told)
    assert found.keys() == {(each.values[0], each.values[1].path) for each in calls()}
    assert told["openapi"].startswith("3.1.")
    assert len({each["operationId"] for each in found.values()}) == len(found)
    for route in ROUTES:
        (method,) = set(route.methods or ()) - {"HEAD"}
        each, operation = found[method, route.path], operation_of(route)
        assert each.get("x-scope") == (operation.scope and str(operation.scope))
        assert ("requestBody" in each) == (operation.body is not None)
        assert each["responses"].keys() == {*map(str, operation.statuses), "4XX", "5XX"}
        problem = "application/problem+json" if route.path.startswith("/api/") else "text/plain"
        assert each["responses"]["4XX"]["content"].keys() == {problem}


async def test_what_it_refers_to_is_there() -> None:
    """And no name of a type of ours that is not meant for others."""
    told = await described(Pretended())
    text = json.dumps(told)
    named = {each.split('"')[0] for each in text.split("#/components/schemas/")[1:]}
    assert named <= told["components"]["schemas"].keys()
    assert {"Problem", "Case", "NewToken", "MuteBody"} <= named | told["components"]["schemas"].keys()
    assert not any(each.startswith("_") or "." in each for each in told["components"]["schemas"])


async def test_the_credentials_that_it_names_are_those_that_are_taken() -> None:
    """None where none are needed; and never at the paths that are open."""
    nobody, pretending = await described(Pretended()), pretended()
    tokens = await described(pretending, authorization="Bearer read")
    pretending.passwords = {("jo", "x"): Caller("user jo", Scope.ADMIN)}
    users = await described(pretending, authorization="Bearer read")
    for told, wanted in ((nobody, []), (tokens, ["bearer"]), (users, ["bearer", "basic"])):
        assert list(told["components"]["securitySchemes"]) == wanted
        for (_, path), each in operations(told).items():
            closed = path not in {"/-/healthy", "/-/ready"}
            assert each["security"] == ([{name: []} for name in wanted] if closed else [])


@pytest.mark.parametrize(("method", "route"), calls())
async def test_what_a_route_answers_is_what_it_says(method: str, route: Way) -> None:
    """A document has the members of its type, and no other; a text is of its content type."""
    pretending, answer_type = pretended(), operation_of(route).answer
    await pretending.changelog.move(Cursor("aldgate", 1, 0))
    async with served(pretending) as client:
        answer = await ask(client, method, route.path, "admin")
    assert answer.status_code in operation_of(route).statuses
    if isinstance(answer_type, str):
        assert answer.headers["content-type"].partition(";")[0] in answer_type.split(", ")
    else:
        assert answer.headers["content-type"] == "application/json"
        msgspec.json.decode(answer.content, type=answer_type)


async def test_what_a_query_holds_besides_is_refused() -> None:
    """Where it says what may stand there; so is a name that stands there twice, and a value that is none."""
    async with served(Pretended()) as client:
        for query in ("zzz=1", "all=2", "all=1&all=1", "connection=a&connection=a"):
            answer = await client.get(f"/api/v1/alerts?{query}")
            assert (answer.status_code, "query" in answer.json()["detail"]) == (400, True), query
        schema = "/api/v1/connections/aldgate/schema/BPCUSTOMER"
        for query in ("from=x&to=2", "from=1", "to=1", "from=1&to=2&source=zzz", "from=null&to=null"):
            assert (await client.get(f"{schema}?{query}")).status_code == 400, query
        assert (await client.get("/probe?target=aldgate&fresh=perhaps")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/zzz", {}, 404),
        ("PUT", "/api/v1/alerts", {}, 405),
        ("GET", "/api/v1/alerts", {"host": "evil.example"}, 421),
        ("GET", "/api/v1/alerts", {"x-long": "x" * 17_000}, 431),
        ("POST", "/api/v1/db/prune", {"content-length": "70000"}, 413),
        ("GET", "/api/v1/alerts?zzz=1", {}, 400),
        ("POST", "/api/v1/db/prune", {"content-type": "text/plain"}, 415),
        ("POST", "/api/v1/db/prune", {"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ("POST", "/api/v1/db/prune", {"origin": "http://evil.example"}, 403),
        ("GET", "/api/v1/connections/nobody/schema/X", {}, 404),
    ],
)
async def test_every_refusal_is_a_problem_document(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Wherever it is refused: before a route is found, at the gate, or by what answers."""
    async with served(Pretended()) as client:
        content = b"x" * 70_000 if "content-length" in headers else b"{}"
        answer = await client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=documents.Problem)
    assert (problem.type, problem.status) == ("about:blank", status)
    assert problem.title
    assert problem.detail
    assert problem.hint


async def test_a_bug_is_a_problem_document_too() -> None:
    pretending = Pretended()
    pretending.status = lambda: views.NOW / 0  # type: ignore[assignment, method-assign, return-value]
    async with served(pretending) as client:
        answer = await client.get("/api/v1/sd")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["hint"] == "see the log of the daemon"
    assert "Error" not in answer.text
