"""What a tenant declares of a class, where it serves that."""

from typing import Any

import httpx
import pytest

from driftd.adapters.x3 import wire
from driftd.adapters.x3.settings import Basic
from driftd.core.model import Resource
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, ORDERS, ScriptedTenant, SetClock, login_page, settings, source

pytestmark = pytest.mark.anyio
BASIC = settings(Basic("u", Secret("hunter2")))
HEAD = {"$type": "application/x-string", "$maxLength": 16}
LINES = {"$type": "application/x-array", "$item": {"$properties": {"ITMREF": HEAD}}}


def declaring(*names: str, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"$properties": dict.fromkeys(names, HEAD) | more, "$localization": {"@1": "x"}})


def test_the_address_of_a_prototype_names_representation_and_facet() -> None:
    address = wire.Address("aldgate", "http://myhost:8124", "MY")
    assert address.prototype(ORDERS, "$details") == (
        "http://myhost:8124/api1/x3/erp/MY/SORDER/$prototypes('SORDER.$details')"
    )
    odd = Resource("aldgate", "A/B", "it's", ("K",))
    assert address.prototype(odd, "$query").endswith("/A%2FB/$prototypes('it%27%27s.$query')")


def test_a_later_facet_completes_an_earlier_one() -> None:
    """Members of both are there, the later's word counts; without any there is nothing."""
    assert wire.completed([]) is None
    first: dict[str, Any] = {"$properties": {"A": 1, "B": 1}, "$localization": {"@1": "a"}, "$key": "{A}"}
    second: dict[str, Any] = {"$properties": {"B": 2, "C": 2}, "$localization": {"@2": "b"}, "$links": {}}
    assert wire.completed([first]) == first
    assert wire.completed([first, second]) == {
        "$properties": {"A": 1, "B": 2, "C": 2},
        "$localization": {"@1": "a", "@2": "b"},
        "$key": "{A}",
    }
    assert wire.completed([{"$properties": {}}, second]) == {k: second[k] for k in ("$properties", "$localization")}


async def test_a_class_without_details_has_one_prototype() -> None:
    """It costs one request, with the folder's header, and is counted."""
    tenant = ScriptedTenant(answer=lambda _r: declaring("BPCNUM"))
    async with source(tenant, given=BASIC) as given:
        found = await given.prototypes(CUSTOMERS)
    assert found.declared == {"$properties": {"BPCNUM": HEAD}, "$localization": {"@1": "x"}}
    assert found.requests == 1
    assert found.wire_bytes > 80
    assert tenant.read[0].headers["X-Sage-Folder"] == "ALDGATE"


async def test_a_document_class_has_the_members_of_both_facets() -> None:
    tenant = ScriptedTenant(
        answer=lambda request: declaring("SOHNUM", SOHSOP=LINES) if "$details" in request.url.path else declaring("A")
    )
    async with source(tenant, given=BASIC) as given:
        found = await given.prototypes(ORDERS)
    assert found.declared is not None
    assert found.declared["$properties"] == {"A": HEAD, "SOHNUM": HEAD, "SOHSOP": LINES}
    assert found.requests == 2


@pytest.mark.parametrize(
    "answer",
    [
        *(httpx.Response(status, json={}) for status in (400, 403, 404, 500)),
        httpx.Response(403, html="<html>Forbidden</html>"),
        httpx.Response(200, json={"$resources": []}),
        httpx.Response(200, text="$properties"),
    ],
)
async def test_what_is_not_served_is_not_asked_again_for_a_day(answer: httpx.Response) -> None:
    """That is no failure of anything; the facet that is served is read each time."""
    tenant, clock = ScriptedTenant(), SetClock()
    tenant.answer = lambda request: answer if "$details" in request.url.path else declaring("K")
    async with source(tenant, clock, BASIC) as given:
        for _ in range(24):
            found = await given.prototypes(ORDERS)
            assert found.declared == {"$properties": {"K": HEAD}, "$localization": {"@1": "x"}}
            clock.advance(3600)
        assert len(tenant.read) == 25
        await given.prototypes(ORDERS)
        assert len(tenant.read) == 27


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(401), Reason.UNAUTHORIZED),
        (login_page(), Reason.MAINTENANCE_PAGE),
        (httpx.Response(302, headers={"Location": "/login"}), Reason.MAINTENANCE_PAGE),
        (httpx.Response(429, headers={"Retry-After": "7"}), Reason.RATE_LIMITED),
        (httpx.Response(503), Reason.GATEWAY_ERROR),
        (httpx.Response(200, content=b'{"$properties":', headers={"Content-Type": "application/json"}), None),
    ],
)
async def test_a_failure_says_its_reason_and_its_cost(answer: httpx.Response, reason: Reason | None) -> None:
    """Credentials, load and maintenance are failures as with any page, and remembered of no facet."""
    tenant, clock = ScriptedTenant(answer=lambda _r: answer), SetClock()
    async with source(tenant, clock, given=BASIC) as given:
        with pytest.raises(SourceError) as error:
            await given.prototypes(CUSTOMERS)
        assert error.value.reason is (reason or Reason.INVALID_PAYLOAD)
        assert error.value.requests >= 1
        assert '"aldgate"' in str(error.value)
        tenant.answer = lambda _r: declaring("K")
        clock.advance(30)
        assert (await given.prototypes(CUSTOMERS)).declared is not None
