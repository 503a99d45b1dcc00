from collections.abc import AsyncIterator
from decimal import Decimal

import anyio
import httpx
import pytest

from driftd import __version__
from driftd.adapters.x3.settings import Basic
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from tests.adapters.x3.scripted import (
    BASE,
    CUSTOMERS,
    ORDERS,
    SMALL,
    ScriptedTenant,
    SetClock,
    diagnosed,
    json_page,
    settings,
    source,
)

pytestmark = pytest.mark.anyio


def held(source_: Source) -> Source:
    """Let the type checker see that the adapter is the port."""
    return source_


async def test_a_page_is_the_tenants_own_bytes() -> None:
    """Records come exactly as sent, with the link and what they cost: one token, one page."""
    tenant = ScriptedTenant(answer=lambda _r: json_page({"BPCNUM": "A"}, {"BPCNUM": "B"}, next_url="?key=gt.B"))
    async with source(tenant) as given:
        port = held(given)
        page = await port.page(CUSTOMERS, Query(2))
        again = await port.page(CUSTOMERS, Query(2, next=page.next))
    assert port.split(page) == [b'{"BPCNUM":"A"}', b'{"BPCNUM":"B"}']
    assert port.keys(CUSTOMERS, port.split(page)) == [b'["A"]', b'["B"]']
    assert (page.next, page.requests, again.requests) == ("?key=gt.B", 2, 1)
    assert page.wire_bytes > again.wire_bytes > len(again.records)


async def test_every_request_says_what_it_wants_and_no_more() -> None:
    """JSON, gzip, our name, the folder under each of its headers; no cookie is ever sent back."""
    tenant = ScriptedTenant(
        answer=lambda _r: httpx.Response(200, json={"$resources": []}, headers={"Set-Cookie": "a=b"})
    )
    given = settings(folder_headers=("X-Sage-Folder", "Sage-Folder"), endpoint="PROD")
    async with source(tenant, given=given) as connection:
        await connection.page(CUSTOMERS, Query(5))
        await connection.page(CUSTOMERS, Query(5))
    asked = tenant.read[1]
    assert asked.method == "GET"
    assert str(asked.url).startswith(f"{BASE}/api1/x3/erp/PROD/BPCUSTOMER?")
    assert dict(asked.headers) == {
        "host": "x3.aldgate.example",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": f"driftd/{__version__}",
        "x-sage-folder": "ALDGATE",
        "sage-folder": "ALDGATE",
        "authorization": "Bearer token-1",
    }


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy comes from the configuration alone: the variables of the machine lead nowhere."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    tenant = ScriptedTenant()
    async with source(tenant) as given:
        await given.page(CUSTOMERS, Query(5))
    assert len(tenant.read) == 1


async def test_a_redirect_is_not_followed() -> None:
    """A redirect is an answer to report: nothing goes to where it points."""
    tenant = ScriptedTenant(answer=lambda _r: httpx.Response(307, headers={"Location": "https://evil.example/x?y"}))
    async with source(tenant, given=settings(Basic("u", Secret("p")))) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.MAINTENANCE_PAGE
    assert len(tenant.read) == 1
    assert "evil" not in f"{error.value}{error.value.hint}"


async def test_a_next_link_elsewhere_sends_nothing() -> None:
    """Not even a token is asked for when a link leads away."""
    tenant = ScriptedTenant()
    async with source(tenant) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5, next="https://evil.example/api1/x3/erp/ALDGATE/BPCUSTOMER?key=gt.1"))
    assert error.value.reason is Reason.PAGING_INCOMPLETE
    assert tenant.tokens == tenant.read == []


async def test_details_are_one_whole_record_exactly() -> None:
    """A record's details come decoded without a digit lost."""
    tenant = ScriptedTenant(
        answer=lambda _r: httpx.Response(
            200,
            content=b'{"$actxFolder":"ALDGATE","SOHNUM":"S\'1","SOHSOP":[{"QTY":0.12345678901234567890}]}',
            headers={"Content-Type": "application/json"},
        )
    )
    async with source(tenant) as given:
        found = await given.details(ORDERS, b'["S\'1"]')
    assert found.record == {
        "$actxFolder": "ALDGATE",
        "SOHNUM": "S'1",
        "SOHSOP": [{"QTY": Decimal("0.12345678901234567890")}],
    }
    assert found.requests == 2
    assert tenant.read[0].url.raw_path == b"/api1/x3/erp/ALDGATE/SORDER('S%27%271')?representation=SORDER.$details"


async def test_a_missing_record_has_no_details() -> None:
    """Diagnosis 721 is an answer, with its cost."""
    tenant = ScriptedTenant(answer=lambda _r: diagnosed(200, "721 : Record does not exist"))
    async with source(tenant) as given:
        found = await given.details(ORDERS, b'["S1"]')
    assert found.record is None
    assert found.wire_bytes > 0


async def test_a_page_must_come_whole_within_the_deadline() -> None:
    """The deadline is for the whole request: a body that keeps dripping does not move it."""

    async def drip() -> AsyncIterator[bytes]:
        yield b'{"$resources":['
        while True:
            await anyio.lowlevel.checkpoint()
            yield b" "

    tenant = ScriptedTenant(
        answer=lambda _r: httpx.Response(200, content=drip(), headers={"Content-Type": "application/json"})
    )
    async with source(tenant, given=settings(Basic("u", Secret("p")), timeout=0.05)) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.TIMEOUT


async def test_cancellation_goes_through() -> None:
    """A cancelled call ends as cancelled, not as a failure of the tenant; the source stays usable."""
    entered = anyio.Event()

    async def never(_request: httpx.Request) -> httpx.Response:
        entered.set()
        await anyio.sleep_forever()
        raise AssertionError

    tenant = ScriptedTenant(answer=never)
    async with source(tenant) as given:
        async with anyio.create_task_group() as group:
            group.start_soon(given.page, CUSTOMERS, Query(5))
            await entered.wait()
            group.cancel_scope.cancel()
        tenant.answer = lambda _r: json_page()
        assert (await given.page(CUSTOMERS, Query(5))).next is None


async def test_leaving_closes_the_transport() -> None:
    """An injected transport belongs to its source."""

    class Watched(httpx.AsyncBaseTransport):
        closed = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise AssertionError(request)

        async def aclose(self) -> None:
            self.closed = True

    from driftd.adapters.x3.client import X3Source

    transport = Watched()
    async with X3Source(settings(), transport, SetClock()):
        assert not transport.closed
    assert transport.closed


async def test_a_source_shows_no_secret() -> None:
    """Neither a source nor its settings show what they authorise with."""
    given = settings(proxy="http://user:proxypw@proxy.example:3128")
    assert "s3cret" not in repr(given)
    assert "proxypw" not in repr(given)
    assert repr(source(ScriptedTenant(), given=given)) == "<X3Source 'aldgate' of 'ALDGATE'>"


def test_the_catalogue_knows_its_classes() -> None:
    """Every class of the standard catalogue has its key and names classes that exist."""
    from driftd.adapters.x3.catalogue import lookup, standard

    areas = ("BPCUSTOMER", "ITMMASTER", "ITMMVT", "SORDER", "SDELIVERY", "PORDER", "PINVOICE", "GACCENTRY", "BALANCE")
    assert standard() == areas
    for name in standard():
        known = lookup(name)
        assert known is not None
        assert known.key
        assert known.details == known.document == bool(known.lines)
        assert set(known.references.values()) <= set(standard())
    assert lookup("ZUNKNOWN") is None


async def test_a_page_that_announces_too_much_is_not_read() -> None:
    """A length over the cap fails the page at once: its body is not asked for."""
    read = False

    async def untouched() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b""

    headers = {"Content-Type": "application/json", "Content-Length": str(SMALL.wire + 1)}
    tenant = ScriptedTenant(answer=lambda _r: httpx.Response(200, content=untouched(), headers=headers))
    async with source(tenant, given=settings(Basic("u", Secret("p")), caps=SMALL)) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert not read
