import gzip
import socket
from pathlib import Path

import anyio
import httpx
import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, ClientCredentials
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.reaching import EMPTY, PAGE, failure, failure_of, reaching
from tests.adapters.x3.scripted import CUSTOMERS, SMALL, ScriptedTenant, SetClock, settings, source
from tests.adapters.x3.sockets import Wire, answered, listening

pytestmark = pytest.mark.anyio
CERTIFICATES = Path(__file__).parent / "certificates"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_page_comes_over_a_real_socket() -> None:
    """Two pages come over one kept-alive connection, plain and compressed."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(EMPTY))
        await wire.request()
        await wire.send(answered(gzip.compress(EMPTY), "Content-Encoding: gzip"))
        await wire.request()

    async with listening(answer) as server, reaching(server.port) as given:
        assert (await given.page(CUSTOMERS, PAGE)).records == b"[]"
        assert (await given.page(CUSTOMERS, PAGE)).records == b"[]"
        assert server.connections == 1


async def test_nobody_listening_is_a_refused_connection() -> None:
    """A closed port is `connection_refused`; through a proxy it is the proxy that is missing."""
    assert (await failure(reaching(closed_port()))).reason is Reason.CONNECTION_REFUSED
    proxy = f"http://127.0.0.1:{closed_port()}"
    assert (await failure(reaching(80, proxy=proxy))).reason is Reason.PROXY_ERROR


async def test_an_unknown_name_is_a_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve has its own reason, and is looked up again each time."""
    asked = []

    def unknown(host: str, *_rest: object, **_options: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with reaching(443, scheme="https", host="x3.aldgate.example") as given:
        for _ in range(2):
            with pytest.raises(SourceError) as error:
                await given.page(CUSTOMERS, PAGE)
            assert error.value.reason is Reason.DNS_FAILURE
    assert len(asked) == 2


@pytest.mark.parametrize("host", ["xn--ls8h.invalid", "a" * 70 + ".invalid"])
async def test_a_name_that_cannot_be_looked_up_fails_like_any_other(host: str) -> None:
    """A name that no resolver takes has a reason, and is no bug of ours."""
    error = await failure(reaching(443, scheme="https", host=host))
    assert error.reason in {Reason.DNS_FAILURE, Reason.CONNECTION_REFUSED, Reason.CONFIG_ERROR}


async def test_a_server_that_never_shakes_hands_is_a_connect_timeout() -> None:
    """Connecting, TLS included, has its own short limit."""

    async def answer(_wire: Wire) -> None:
        await anyio.sleep_forever()

    error, _ = await failure_of(answer, scheme="https", connect_timeout=0.05)
    assert error.reason is Reason.CONNECT_TIMEOUT


async def test_a_server_that_never_answers_is_a_timeout() -> None:
    """The deadline ends a request that was sent and not answered; it is not sent again."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await anyio.sleep_forever()

    error, server = await failure_of(answer, timeout=0.05)
    assert error.reason is Reason.TIMEOUT
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Ty",
        answered(EMPTY, length=len(EMPTY) + 1),
        answered(b"", length=5),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + EMPTY,
        b"not HTTP at all\r\n\r\n",
    ],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_a_prefix_of_an_answer_is_never_a_page(sent: bytes, *, reset: bool) -> None:
    """An answer that breaks off fails the page on its first connection, even if what came would parse."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(sent)
        if reset:
            wire.abort()

    error, server = await failure_of(answer)
    assert error.reason is Reason.CONNECTION_RESET
    assert len(server.asked) == 1


@pytest.mark.parametrize("reset", [False, True])
async def test_a_dead_kept_alive_connection_is_replaced_once(*, reset: bool) -> None:
    """A request on a connection that had died is sent again on a fresh one, and counted."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(EMPTY))
        await wire.request()
        if wire.number == 2:
            await wire.send(answered(EMPTY))
        elif reset:
            wire.abort()

    async with listening(answer) as server, reaching(server.port) as given:
        assert (await given.page(CUSTOMERS, PAGE)).requests == 1
        assert (await given.page(CUSTOMERS, PAGE)).requests == 2
        assert server.connections == 2
        assert (await given.page(CUSTOMERS, PAGE)).requests == 1


async def test_dead_connections_are_passed_over_until_a_fresh_one() -> None:
    """Several dead connections in the pool cost one attempt each, and the fresh one decides."""
    barrier = anyio.Event()

    async def answer(wire: Wire) -> None:
        await wire.request()
        if wire.number == 3:
            barrier.set()
        if wire.number <= 3:
            await barrier.wait()
        await wire.send(answered(EMPTY))
        await wire.request()

    async with listening(answer) as server, reaching(server.port) as given:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(given.page, CUSTOMERS, PAGE)
        assert (await given.page(CUSTOMERS, PAGE)).requests == 4
        assert server.connections == 4


async def test_a_fresh_connection_that_dies_is_a_failure() -> None:
    """Only a kept-alive connection is excused: a second death in a row is the server's."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        if wire.number == 1:
            await wire.send(answered(EMPTY))
            await wire.request()

    async with listening(answer) as server, reaching(server.port) as given:
        await given.page(CUSTOMERS, PAGE)
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        assert error.value.reason is Reason.CONNECTION_RESET
        assert len(server.asked) == 3


async def test_a_request_that_got_a_byte_is_not_repeated() -> None:
    """Once the server began to answer, even on a kept-alive connection, the failure is final."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(EMPTY))
        await wire.request()
        await wire.send(b"H")

    async with listening(answer) as server, reaching(server.port) as given:
        await given.page(CUSTOMERS, PAGE)
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, PAGE)
        assert error.value.reason is Reason.CONNECTION_RESET
        assert len(server.asked) == 2


async def test_a_token_request_is_never_sent_twice() -> None:
    """A POST on a connection that had died is a failure: it may have had its effect."""

    async def answer(wire: Wire) -> None:
        head = await wire.request()
        if head.startswith(b"POST") and wire.number == 1:
            issued = b'{"access_token":"t","expires_in":300}'
            await wire.send(answered(issued))
            await wire.request()
            await wire.send(answered(EMPTY))
            await wire.request()

    async with listening(answer) as server:
        base = f"http://127.0.0.1:{server.port}"
        clock = SetClock()
        given = settings(ClientCredentials(f"{base}/token", "c", Secret("s")), base_url=base)
        async with X3Source(given, None, clock) as opened:
            await opened.page(CUSTOMERS, PAGE)
            clock.advance(400)
            with pytest.raises(SourceError) as error:
                await opened.page(CUSTOMERS, PAGE)
    assert error.value.reason is Reason.CONNECTION_RESET
    assert sum(head.startswith(b"POST") for head in server.asked) == 2


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 100_000, ()),
        (gzip.compress(b"[" * 2_000_000), ("Content-Encoding: gzip",)),
    ],
)
async def test_a_body_over_its_cap_is_refused_and_its_connection_closed(body: bytes, headers: tuple[str, ...]) -> None:
    """An answer over a cap fails the page and is not read to its end."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(body, *headers))
        await wire.reader.read()

    error, _ = await failure_of(answer, caps=SMALL)
    assert error.reason is Reason.PAYLOAD_TOO_LARGE


async def test_a_proxy_carries_the_request_with_the_whole_address() -> None:
    """A forward proxy from the configuration gets the absolute address, and nothing that signs in there."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(EMPTY))

    async with listening(answer) as server:
        proxy = f"http://127.0.0.1:{server.port}"
        async with reaching(80, host="127.0.0.9", proxy=proxy) as given:
            assert (await given.page(CUSTOMERS, PAGE)).records == b"[]"
    assert server.asked[0].startswith(b"GET http://127.0.0.9/api1/x3/erp/ALDGATE/BPCUSTOMER?")
    assert b"Proxy-Authorization" not in server.asked[0]


def test_a_proxy_of_another_kind_is_a_matter_of_configuration() -> None:
    """Only forward proxies for HTTP are spoken to; the message does not repeat the address."""
    with pytest.raises(SourceError) as error:
        X3Source(settings(proxy="socks5://pu:proxypw@proxy.example:1080"), None, SystemClock())
    assert error.value.reason is Reason.CONFIG_ERROR
    assert "proxypw" not in str(error.value)


async def test_a_proxy_that_refuses_the_tunnel_is_a_proxy_error() -> None:
    """`CONNECT` answered with 407 or 502 is the proxy's fault, not the tenant's."""

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with listening(answer) as server:
        proxy = f"http://127.0.0.1:{server.port}"
        error = await failure(reaching(443, scheme="https", host="x3.aldgate.example", proxy=proxy))
    assert error.reason is Reason.PROXY_ERROR
    assert "signs in at none" in error.hint


@pytest.mark.parametrize(
    ("foreign", "reason"),
    [
        (httpx.ConnectTimeout("x"), Reason.CONNECT_TIMEOUT),
        (httpx.ReadTimeout("x"), Reason.TIMEOUT),
        (httpx.PoolTimeout("x"), Reason.TIMEOUT),
        (httpx.WriteError("x"), Reason.CONNECTION_RESET),
        (httpx.CloseError("x"), Reason.CONNECTION_RESET),
        (httpx.RemoteProtocolError("x"), Reason.CONNECTION_RESET),
        (httpx.ConnectError("x"), Reason.CONNECTION_REFUSED),
        (httpx.LocalProtocolError("Illegal header value b'Bearer hunter2'"), Reason.CONFIG_ERROR),
        (httpx.UnsupportedProtocol("x"), Reason.CONFIG_ERROR),
        (httpx.ProxyError("x"), Reason.PROXY_ERROR),
        (httpx.DecodingError("x"), Reason.CONNECTION_RESET),
        (TimeoutError(), Reason.TIMEOUT),
    ],
)
async def test_each_foreign_error_has_its_reason(foreign: Exception, reason: Reason) -> None:
    """What any transport raises is mapped once, and its text is not repeated."""

    def raising(_request: httpx.Request) -> httpx.Response:
        raise foreign

    error = await failure(source(ScriptedTenant(answer=raising), given=settings(Basic("u", Secret("p")))))
    assert error.reason is reason
    assert "hunter2" not in f"{error!r}{error.__cause__!r}{error.__context__!r}"
