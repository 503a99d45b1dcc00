"""What answers show beside themselves: certificates and clocks."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.exchange import Unlimited
from driftd.adapters.x3.settings import Basic, ClientCredentials
from driftd.adapters.x3.signs import ahead_of
from driftd.core.credential import Certificate, Dated, Sign
from driftd.core.model import Query
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.asking import CERTIFICATES, saying
from tests.adapters.x3.scripted import CUSTOMERS, ScriptedTenant, SetClock, json_page, settings
from tests.adapters.x3.sockets import Answering, Server, Wire, answered, listening

pytestmark = pytest.mark.anyio
EMPTY = answered(b'{"$resources":[]}')
TOKEN = answered(b'{"access_token":"abc","expires_in":3600}')
NOW = SetClock().ms
BASIC = Basic("u", Secret("hunter2"))
GOOD = ssl.cert_time_to_seconds("Oct 30 08:09:50 2126 GMT") * 1000


class Watching(Unlimited):
    """Traffic that holds nothing back and remembers what it is shown."""

    def __init__(self) -> None:
        self.signs: list[Sign] = []
        self.rests: list[tuple[int, float]] = []

    def asked(self, status: int, seconds: float) -> None:
        self.rests.append((status, seconds))

    def showed(self, sign: Certificate | Dated) -> None:
        self.signs.append(sign)

    @property
    def certificates(self) -> list[Certificate]:
        return [each for each in self.signs if isinstance(each, Certificate)]


def served() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")
    return context


@asynccontextmanager
async def watched(answer: Answering, **changes: Any) -> AsyncIterator[tuple[X3Source, Watching, Server]]:
    """Give a source of a TLS server of loopback, which `answer` plays."""
    traffic = Watching()
    async with listening(answer, served()) as server:
        known: dict[str, Any] = {
            "base_url": f"https://localhost:{server.port}",
            "ca_file": CERTIFICATES / "good.pem",
        } | changes
        async with X3Source(settings(**({"auth": BASIC} | known)), None, SystemClock(), traffic) as given_source:
            yield given_source, traffic, server


async def test_a_certificate_is_shown_once_for_each_session() -> None:
    """Several answers over one connection show it once, the next connection shows it again: it may be renewed."""

    async def answer(wire: Wire) -> None:
        for _ in range(3):
            await wire.request()
            await wire.send(EMPTY)

    async with watched(answer) as (given_source, traffic, server):
        for _ in range(5):
            await given_source.page(CUSTOMERS, Query(5))
        assert server.connections == 2
    (first, second) = traffic.certificates
    assert first == second
    assert (first.host, first.ends_at) == ("localhost", GOOD)
    assert "localhost" in first.issuer


async def test_the_token_endpoint_shows_its_own() -> None:
    """It may be another server than the tenant's."""
    async with listening(saying(TOKEN), served()) as tokens:
        auth = ClientCredentials(f"https://localhost:{tokens.port}/token", "driftd", Secret("hunter2"))
        async with listening(saying(EMPTY)) as plain:
            traffic = Watching()
            known = settings(auth, base_url=f"http://127.0.0.1:{plain.port}", ca_file=CERTIFICATES / "good.pem")
            async with X3Source(known, None, SystemClock(), traffic) as given_source:
                await given_source.page(CUSTOMERS, Query(5))
    assert [each.host for each in traffic.certificates] == ["localhost"]


async def test_through_a_proxy_the_tenants_certificate_is_shown() -> None:
    """The proxy tunnels; the session within the tunnel is the tenant's."""

    async def tunnel(wire: Wire) -> None:
        await wire.request()
        await wire.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await wire.writer.start_tls(served())
        for _ in range(2):
            await wire.request()
            await wire.send(EMPTY)

    traffic = Watching()
    async with listening(tunnel) as proxy:
        known = settings(
            BASIC,
            base_url="https://localhost",
            ca_file=CERTIFICATES / "good.pem",
            proxy=f"http://127.0.0.1:{proxy.port}",
        )
        async with X3Source(known, None, SystemClock(), traffic) as given_source:
            for _ in range(2):
                await given_source.page(CUSTOMERS, Query(5))
        assert proxy.connections == 1
    assert [(each.host, each.ends_at) for each in traffic.certificates] == [("localhost", GOOD)]


async def test_a_certificate_that_is_not_trusted_shows_nothing() -> None:
    """What anybody may have written is no evidence."""
    async with watched(saying(EMPTY), ca_file=None) as (given_source, traffic, _):
        with pytest.raises(SourceError):
            await given_source.page(CUSTOMERS, Query(5))
        assert traffic.signs == []


async def test_each_answer_tells_the_time() -> None:
    """Also one that is a refusal; not one out of a cache, nor one without a date."""
    clock, traffic = SetClock(), Watching()
    headers: list[dict[str, str]] = [
        {"Date": dated(NOW + 90_000)},
        {"Date": dated(NOW + 90_000), "Age": "3"},
        {"Date": "yesterday"},
        {},
        {"Date": dated(NOW)},
    ]
    tenant = ScriptedTenant(answer=lambda _r: httpx.Response(503, headers=headers.pop(0)))
    async with X3Source(settings(BASIC), httpx.MockTransport(tenant), clock, traffic) as given_source:
        while headers:
            with pytest.raises(SourceError):
                await given_source.page(CUSTOMERS, Query(5))
    assert traffic.signs == [Dated(NOW, 90), Dated(NOW, 0)]


async def test_a_slow_answer_is_no_skew() -> None:
    """A date from within the request agrees, however long the request took."""
    clock, traffic = SetClock(), Watching()

    async def slowly(_request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        clock.advance(110)
        return httpx.Response(200, headers={"Date": dated(NOW)}, content=json_page().content)

    tenant = ScriptedTenant(answer=slowly)
    async with X3Source(settings(BASIC), httpx.MockTransport(tenant), clock, traffic) as given_source:
        with pytest.raises(SourceError):
            await given_source.page(CUSTOMERS, Query(5))
    assert traffic.signs == [Dated(NOW + 110_000, 0)]


def dated(at: int) -> str:
    return format_datetime(datetime.fromtimestamp(at / 1000, UTC), usegmt=True)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(-(10**9), 10**9), st.integers(0, 999))
def test_what_is_certain_of_a_skew(sent_at: int, took: int, skew: int, within: int) -> None:
    """The other clock is never said to be further off than it is, nor on the other side; a second is not noticed."""
    written_at = sent_at + took * within // 999
    told = NOW + written_at + skew
    ahead = ahead_of(dated(told // 1000 * 1000), NOW + sent_at, NOW + sent_at + took)
    assert ahead is not None
    assert abs(ahead * 1000) <= abs(skew)
    assert ahead * skew >= 0
    if took == 0:
        assert abs(skew - ahead * 1000) <= 1000


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_what_an_answer_asks_to_wait_is_known_with_its_head(status: int) -> None:
    """Though its body never comes; of other answers it means nothing."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        head = f"HTTP/1.1 {status} Busy\r\nRetry-After: 9\r\nContent-Length: 5\r\n\r\n"
        await wire.send(head.encode())
        await anyio.sleep_forever()

    async with watched(answer, timeout=0.2) as (given_source, traffic, _):
        with pytest.raises(SourceError) as error:
            await given_source.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.TIMEOUT
    assert traffic.rests == ([] if status == 500 else [(status, 9.0)])
