from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from driftd.simulator import Farm
from tests.simulator.reader import Reader, reading


@pytest.mark.parametrize("keep", [0.0, 0.4, lambda order: order["ORDSTA"] == 1 and len(order["SOHSOP"]) > 1])
def test_a_role_hides_records(reader: Reader, keep: Any) -> None:
    """What the role does not let through is in no page and no details, and the truth is without it; all comes back."""
    tenant, whole = reader.tenant, reader.tenant.records("SORDER")
    tenant.filter("SORDER", keep)
    seen = tenant.records("SORDER")
    rows = {(row["SOHNUM"],) for row in reader.rows("SORDER", count=7)}
    assert rows == seen.keys() < whole.keys()
    assert bool(seen) == (keep != 0.0)
    if callable(keep):
        assert seen == {key: order for key, order in whole.items() if keep(order)}
    hidden = next(iter(whole.keys() - seen.keys()))
    assert "721" in reader.details("SORDER", str(hidden[0])).text
    state = tenant.state
    changes = tenant.truth(state, tenant.advance(0, 20, 0, 0, resource="SORDER"), "SORDER")
    assert {change.key for change in changes} <= seen.keys()
    tenant.filter("SORDER")
    assert tenant.records("SORDER").keys() == whole.keys() == {(row["SOHNUM"],) for row in reader.rows("SORDER")}


@pytest.mark.parametrize(("resource", "keep"), [("NOPE", 0.5), ("SORDER", 2), ("SORDER", "half"), ("SORDER", True)])
def test_a_wrong_filter_is_refused(reader: Reader, resource: str, keep: Any) -> None:
    """No such class, no such share."""
    with pytest.raises(ValueError, match=str(resource if resource == "NOPE" else keep)):
        reader.tenant.filter(resource, keep)


def test_a_tenant_may_be_down(reader: Reader) -> None:
    """Its connections close without an answer, those for tokens too; its neighbour and the control API answer."""
    reader.tenant.down = True
    with pytest.raises(httpx.TransportError):
        reader.query("SORDER")
    with pytest.raises(httpx.TransportError):
        reader.token()
    assert reader.client.get("/control/tenants").status_code == 200
    assert reader.client.post("/control/tenants/aldgate/down", json={"down": False}).json() == {"down": False}
    assert reader.query("SORDER").status_code == 200


def test_a_host_may_be_down() -> None:
    """While it is down connections are refused, open ones break; afterwards it answers at the same address."""
    with reading(Farm.build(tenants=1, records=3)) as reader:
        assert reader.query("SORDER").status_code == 200
        for _ in range(2):
            reader.server.down()
            with pytest.raises(httpx.TransportError), httpx.Client(base_url=reader.server.url, verify=False) as client:
                client.get("/control/tenants")
            reader.server.up()
            with httpx.Client(base_url=reader.server.url, verify=False) as client:
                assert client.get("/control/tenants").status_code == 200


def test_a_secret_is_restored(reader: Reader) -> None:
    """The secret that a rotation replaced is good again, and the one in between no more; what was none is refused."""
    tenant, first = reader.tenant, reader.tenant.client_secret
    second = tenant.rotate_secret()
    assert tenant.restore_secret() == first == tenant.client_secret
    assert reader.token()
    assert tenant.restore_secret(second) == second
    assert reader.client.post("/control/tenants/aldgate/restore", json={"client_secret": first}).status_code == 200
    assert tenant.client_secret == first
    form = {"grant_type": "client_credentials", "client_id": tenant.client_id, "client_secret": second}
    assert reader.client.post(tenant.token_path, data=form).status_code == 401
    with pytest.raises(ValueError, match="no such secret") as refused:
        tenant.restore_secret("never-was")
    assert "never-was" not in str(refused.value)


def test_a_secret_expires_at_its_date() -> None:
    """A tenant knows when its secret expires, as its admin would."""
    farm = Farm.build(tenants=1, records=1)
    farm.clock, farm.wall = lambda: 50.0, lambda: 1_800_000_000.0
    tenant = farm["aldgate"]
    tenant.rotate_secret()
    assert tenant.secret_expires is None
    tenant.switches.secret_life = 86_400.0
    farm.clock = lambda: 150.0
    assert tenant.secret_expires == 1_800_000_000.0 + 86_400 - 100


@pytest.mark.parametrize("skew", [600.0, -600.0])
def test_a_clock_may_be_wrong(reader: Reader, skew: float) -> None:
    """`Date` tells the wrong time of every answer; behind, tokens seem issued in the future until it catches up."""
    farm = reader.server._server.application.host._farm
    clock, now = farm.clock, farm.clock()
    try:
        farm.clock = lambda: now
        reader.tenant.switches.clock_skew = skew
        reader.forget_token()
        answer = reader.query("SORDER")
        told = parsedate_to_datetime(answer.headers["date"]).timestamp()
        assert skew - 5 < told - farm.wall() < skew + 5
        early = (answer.status_code, answer.text) == (401, "Error 21: Invalid token")
        assert early == (skew < 0)
        farm.clock = lambda: now + 299
        reader.tenant.switches.clock_skew = max(skew, -300)
        assert reader.query("SORDER").status_code == 200
    finally:
        farm.clock = clock


def test_used_products_are_on_open_orders(reader: Reader) -> None:
    """Each stands on a line of an open order and is there; once removed, lines name what is not."""
    tenant = reader.tenant
    used = tenant.used_products()
    orders: Any = tenant.records("SORDER").values()
    named = {line["ITMREF"] for order in orders if order["ORDSTA"] == 1 for line in order["SOHSOP"]}
    assert set(used) == named & {key[0] for key in tenant.records("ITMMASTER")}
    assert reader.client.get("/control/tenants/aldgate/used").json() == {"products": used}
    record = tenant.records("ITMMASTER", facet="$details")[used[0],]
    tenant.remove("ITMMASTER", used[0])
    assert used[0] not in tenant.used_products()
    tenant.put("ITMMASTER", record)
    assert tenant.used_products() == used


def test_a_filter_over_http(reader: Reader) -> None:
    """A share is left by the control API, and all again."""
    url = "/control/tenants/aldgate/filter"
    assert reader.client.post(url, params={"resource": "SORDER"}, json={"keep": 0.5}).status_code == 200
    assert 0 < len(reader.tenant.records("SORDER")) < 60
    assert reader.client.post(url, params={"resource": "SORDER"}, json={"keep": 7}).status_code == 400
    assert reader.client.post(url, params={"resource": "SORDER"}).json() == {"keep": 1.0}
    assert len(reader.tenant.records("SORDER")) == 60
