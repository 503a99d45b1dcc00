from typing import Any

import httpx
import orjson
import pytest

from driftd.simulator import Farm, RequestSeen
from tests.simulator.reader import Reader, reading, stripped


def tell(reader: Reader, method: str, action: str, body: Any = None, **parameters: Any) -> httpx.Response:
    url = f"/control/tenants/aldgate/{action}"
    content = None if body is None else orjson.dumps(body)
    return reader.client.request(method, url, content=content, params=parameters)


def test_tenants_are_described(reader: Reader) -> None:
    """What a client needs to read a tenant is listed, with its state and size."""
    tenants = reader.client.get("/control/tenants").json()["tenants"]
    assert [tenant["name"] for tenant in tenants] == ["aldgate", "borough"]
    first = tenants[0]
    assert (first["folder"], first["client_id"]) == ("ALDGATE", reader.tenant.client_id)
    assert first["classes"] == {name: len(reader.tenant.records(name)) for name in reader.tenant.classes}
    assert first["switches"] == reader.tenant.switches.shown()


def test_business_over_http_is_business(reader: Reader) -> None:
    """An advance, its truth and the records over HTTP equal those of the Python methods."""
    before = reader.tenant.state
    state = tell(reader, "POST", "advance", {"create": 1, "update": 4, "resource": "SORDER", "late": 1}).json()["state"]
    assert state == before + 1
    changes = tell(reader, "GET", "truth", before=before, after=state, resource="SORDER").json()["changes"]
    truth = reader.tenant.truth(before, state, "SORDER")
    assert [(change["op"], tuple(change["key"]), change["before"], change["after"]) for change in changes] == [
        (change.op, change.key, change.before, change.after) for change in truth
    ]
    records = tell(reader, "GET", "records", resource="SORDER", state=before, facet="$query").json()
    assert {tuple(entry["key"]): entry["record"] for entry in records["records"]} == reader.tenant.records(
        "SORDER", before, "$query"
    )
    assert tell(reader, "POST", "settle").json()["state"] == state + 1


def test_single_records_over_http(reader: Reader) -> None:
    """A record can be put and removed."""
    tell(reader, "POST", "records", {"ITMREF": "NEW", "ITMDES1": "x"}, resource="ITMMASTER")
    assert stripped(reader.details("ITMMASTER", "NEW").json()) == {"ITMREF": "NEW", "ITMDES1": "x"}
    tell(reader, "DELETE", "records", resource="ITMMASTER", key="NEW")
    assert ("NEW",) not in reader.tenant.records("ITMMASTER")


def test_switches_faults_and_secrets_over_http(reader: Reader) -> None:
    """Switches move, faults come and go, the secret rotates, tokens end."""
    assert tell(reader, "POST", "switches", {"cap": 5, "collation": "numeric"}).json()["switches"]["cap"] == 5
    assert len(reader.query("SORDER").json()["$resources"]) == 5
    tell(reader, "POST", "faults", {"kind": "status", "status": 503, "times": 1})
    assert [reader.query("SORDER").status_code for _ in range(2)] == [503, 200]
    assert tell(reader, "GET", "faults").json()["faults"][0]["acted"] == 1
    assert tell(reader, "DELETE", "faults").json() == {"faults": []}
    secret = tell(reader, "POST", "rotate").json()["client_secret"]
    assert secret == reader.tenant.client_secret
    tell(reader, "POST", "revoke")
    assert reader.query("SORDER").status_code == 401
    reader.forget_token()
    assert reader.query("SORDER").status_code == 200


@pytest.mark.parametrize(
    ("method", "action", "body", "parameters", "says"),
    [
        ("POST", "advance", {"creates": 1}, {}, "creates"),
        ("POST", "advance", {"create": -1}, {}, "create"),
        ("POST", "advance", {"create": "two"}, {}, "create"),
        ("POST", "advance", {"late": 1, "late_by": "soon"}, {}, ""),
        ("POST", "advance", {"resource": "NOPE"}, {}, "NOPE"),
        ("POST", "advance", [1], {}, "object"),
        ("POST", "switches", {"collation": "odd"}, {}, "binary"),
        ("POST", "switches", {"odd": 1}, {}, "odd"),
        ("POST", "faults", {"kind": "odd"}, {}, "gzip_bomb"),
        ("POST", "faults", {"status": 500}, {}, "kind"),
        ("GET", "truth", None, {"before": 0}, "after"),
        ("GET", "truth", None, {"before": 0, "after": 999, "resource": "SORDER"}, "999"),
        ("GET", "truth", None, {"before": 0, "after": 0, "resource": "NOPE"}, "NOPE"),
        ("GET", "records", None, {"resource": "SORDER", "facet": "$edit"}, "facet"),
        ("DELETE", "records", None, {"resource": "SORDER", "key": "nobody"}, "nobody"),
    ],
)
def test_bad_input_is_400(
    reader: Reader, method: str, action: str, body: Any, parameters: dict[str, Any], says: str
) -> None:
    """Bad input answers 400 with a message that names what is wrong, and changes nothing."""
    before = reader.tenant.switches.shown()
    answer = tell(reader, method, action, body, **parameters)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert reader.tenant.switches.shown() == before
    assert reader.tenant.faults == []


def test_broken_json_is_400(reader: Reader) -> None:
    """A body that is no JSON is bad input."""
    assert reader.client.post("/control/tenants/aldgate/advance", content=b"{").status_code == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "tenants/nobody/truth"), ("PUT", "tenants/aldgate/advance"), ("GET", "weather")]
)
def test_unknown_addresses_are_404(reader: Reader, method: str, path: str) -> None:
    """An address that does not exist says which do."""
    answer = reader.client.request(method, f"/control/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_requests_are_seen() -> None:
    """Every request to a tenant is listed as it came, and the hook sees it before its answer is made."""
    with reading(Farm.build(tenants=2, records=30)) as reader:
        seen: list[RequestSeen] = []
        reader.tenant.on_request = seen.append
        list(reader.pages("SORDER", count=10))
        reader.details("SORDER", "SON00000001")
        assert reader.server.requests == seen
        assert [(each.number, each.resource, each.facet, each.page) for each in seen] == [
            (1, "", "", 0),
            (2, "SORDER", "$query", 1),
            (3, "SORDER", "$query", 2),
            (4, "SORDER", "$query", 3),
            (5, "SORDER", "$details", 0),
        ]
        assert seen[4].key == "SON00000001"
        assert seen[1].headers["x-sage-folder"] == "ALDGATE"
        assert reader.tenant.requests["SORDER"] == 4


def test_steps_over_http_are_steps() -> None:
    """Steps over HTTP make the states that steps by hand make."""
    over_http, by_hand = (Farm.build(tenants=1, records=20, seed=4) for _ in range(2))
    for farm in (over_http, by_hand):
        farm.wall = lambda: 1_800_000_000.0
    with reading(over_http) as reader:
        assert tell(reader, "POST", "step", {"times": 9}).json() == {"state": 9}
        assert tell(reader, "POST", "step").json() == {"state": 10}
        assert tell(reader, "POST", "step", {"tiems": 9}).status_code == 400
        assert tell(reader, "POST", "step", {"times": -1}).status_code == 400
    by_hand["aldgate"].step(10)
    for name in by_hand["aldgate"].classes:
        assert over_http["aldgate"].records(name) == by_hand["aldgate"].records(name)


def test_access_is_told_and_set_over_http(reader: Reader) -> None:
    """Classes are withheld and opened by name, all of a request or none of it."""
    told = tell(reader, "POST", "access", {"PINVOICE": "unlicensed", "BALANCE": "forbidden"}).json()["access"]
    assert (told["PINVOICE"], told["BALANCE"], told["SORDER"]) == ("unlicensed", "forbidden", "open")
    assert tell(reader, "GET", "access").json()["access"] == told
    for wrong, says in (({"SORDER": "forbidden", "NOPE": "open"}, "NOPE"), ({"SORDER": "closed"}, "'forbidden'")):
        answer = tell(reader, "POST", "access", wrong)
        assert answer.status_code == 400
        assert says in answer.json()["error"]
    assert tell(reader, "GET", "access").json()["access"] == told
    tell(reader, "POST", "access", {"PINVOICE": "open", "BALANCE": "open"})
    assert reader.query("PINVOICE").status_code == reader.query("BALANCE").status_code == 200
