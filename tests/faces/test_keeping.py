"""The log of changes over HTTP: cursors, and pruning by hand."""

import pytest

from driftd.core.retention import CURSORS, Cursor
from tests.faces import views
from tests.faces.surface import Pretended, served

JSON = {"content-type": "application/json"}


async def test_a_cursor_is_made_moved_listed_and_forgotten() -> None:
    pretended = Pretended()
    async with served(pretended) as client:
        made = await client.post("/api/v1/cursors/warehouse", json={"after": 7, "connection": "acme"})
        assert made.status_code == 200
        assert (await client.post("/api/v1/cursors/warehouse", json={"after": 9})).json()["after"] == 9
        (listed,) = (await client.get("/api/v1/cursors")).json()["cursors"]
        assert listed == {
            "name": "warehouse",
            "after": 9,
            "connection": None,
            "resource": None,
            "used_at": listed["used_at"],
            "live": True,
        }
        assert made.json() == listed | {"after": 7, "connection": "acme"}
        assert (await client.post("/api/v1/cursors/warehouse/forget", json={})).status_code == 200
        gone = await client.post("/api/v1/cursors/warehouse/forget", json={})
        assert (gone.status_code, gone.json()["detail"]) == (404, 'there is no cursor "warehouse"')


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("warehouse", "{}", 400),
        ("warehouse", '{"after": -1}', 400),
        ("warehouse", '{"after": 9223372036854775808}', 400),
        ("warehouse", '{"after": 1, "more": 2}', 400),
        (".hidden", '{"after": 1}', 400),
        ("warehouse/forget", '{"after": 1}', 400),
    ],
)
async def test_what_is_no_cursor_is_refused(path: str, body: str, status: int) -> None:
    pretended = Pretended()
    async with served(pretended) as client:
        answer = await client.post(f"/api/v1/cursors/{path}", content=body, headers=JSON)
        assert answer.status_code == status
        assert answer.json()["hint"]
        foreign = await client.post(
            f"/api/v1/cursors/{path}", content=body, headers={**JSON, "sec-fetch-site": "cross-site"}
        )
        assert foreign.status_code == 403
    assert await pretended.changelog.cursors() == []


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "//", "http://x]"])
async def test_an_origin_that_is_no_address_is_foreign(origin: str) -> None:
    pretended = Pretended()
    async with served(pretended) as client:
        answer = await client.post("/api/v1/cursors/warehouse", json={"after": 7}, headers={"origin": origin})
    assert answer.status_code == 403
    assert not pretended.said


async def test_one_cursor_too_many_is_refused() -> None:
    pretended = Pretended()
    for number in range(CURSORS):
        await pretended.changelog.move(Cursor(f"c{number}", 0, views.NOW))
    async with served(pretended) as client:
        answer = await client.post("/api/v1/cursors/warehouse", json={"after": 7})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_prune_by_hand_says_what_went_and_whether_there_is_more() -> None:
    async with served(Pretended()) as client:
        first = (await client.post("/api/v1/db/prune", json={})).json()
        assert (first["removed"], first["more"]) == (3, True)
        assert not (await client.post("/api/v1/db/prune", json={})).json()["more"]
        assert (await client.get("/api/v1/db/prune")).status_code == 405
        assert (await client.post("/api/v1/db/prune", json={}, headers={"origin": "http://evil"})).status_code == 403
