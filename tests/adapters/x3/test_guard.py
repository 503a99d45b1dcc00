"""Where sockets may lead is judged at each connect, after the name is resolved, and nothing resolves it again."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, ClientCredentials
from driftd.core.model import Query
from driftd.core.network import PUBLIC_ONLY
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.names import Names, only
from tests.adapters.x3.scripted import CUSTOMERS, settings
from tests.adapters.x3.sockets import Wire, answered, listening

pytestmark = pytest.mark.anyio
CERTIFICATES = Path(__file__).parent / "certificates"
NAME = "x3.aldgate.example"
HERE = only("127.0.0.1/32")
EMPTY = answered(b'{"$resources":[]}')
ELSEWHERE = ("127.0.0.99",)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def source(base: str, **changes: Any) -> X3Source:
    known: dict[str, Any] = {"egress": HERE, "base_url": base} | changes
    return X3Source(settings(known.pop("auth", Basic("u", Secret("hunter2"))), **known), None, SystemClock())


async def refused(given: X3Source, query: Query = Query(5)) -> SourceError:  # noqa: B008 - frozen
    with pytest.raises(SourceError) as error:
        await given.page(CUSTOMERS, query)
    assert error.value.reason is Reason.ADDRESS_NOT_ALLOWED, error.value
    assert 'connection "aldgate"' in str(error.value)
    assert "hunter2" not in f"{error.value!r}{error.value.hint}{error.value.__cause__!r}"
    return error.value


async def page(wire: Wire) -> None:
    """Answer one request and close."""
    await wire.request()
    await wire.send(EMPTY)


@pytest.mark.parametrize("order", [("127.0.0.1", "127.0.0.99"), ("127.0.0.99", "127.0.0.1"), ("::1", "127.0.0.1")])
async def test_one_refused_address_among_several_refuses_the_host(names: Names, order: tuple[str, ...]) -> None:
    """No other address is chosen around it, nothing connects, nothing is tried again; the words name what to set."""
    names.lead(NAME, order)
    async with listening(page) as server, source(f"http://{NAME}:{server.port}") as given:
        error = await refused(given)
        assert server.connections == 0
    (bad,) = set(order) - {"127.0.0.1"}
    assert f'"{NAME}"' in str(error)
    assert bad in str(error)
    assert f'[network] allow_http, such as "{bad}/' in error.hint
    assert names.asked == [NAME]


async def test_a_private_address_over_https_names_allow_networks(names: Names) -> None:
    names.lead(NAME, ("10.1.2.3",))
    async with source(f"https://{NAME}", egress=PUBLIC_ONLY) as given:
        error = await refused(given)
    assert f'"{NAME}" leads to the private address 10.1.2.3' in str(error)
    assert error.hint == 'if that is meant, add its range to [network] allow_networks, such as "10.1.2.3/32"'


async def test_each_connect_resolves_once_and_is_judged_anew(names: Names) -> None:
    """A name that is bound to another address between two connects leads nowhere, however it answers a third time."""
    names.lead(NAME, ("127.0.0.1",), ELSEWHERE, ("127.0.0.1",))
    async with listening(page) as server, source(f"http://{NAME}:{server.port}") as given:
        await given.page(CUSTOMERS, Query(5))
        assert names.asked == [NAME]
        await refused(given)
        assert server.connections == 1
        await given.page(CUSTOMERS, Query(5))
        assert server.connections == 2
    assert names.asked == [NAME] * 3


async def test_a_next_link_goes_the_same_guarded_way(names: Names) -> None:
    """The page behind a link is asked for over a connect that is judged like the first."""
    names.lead(NAME, ("127.0.0.1",), ELSEWHERE)

    async def linked(wire: Wire) -> None:
        host = f"http://{NAME}:{server.port}"
        await wire.request()
        link = f'"$links":{{"$next":{{"$url":"{host}/api1/x3/erp/ALDGATE/BPCUSTOMER?key=gt.1"}}}}'
        await wire.send(answered(f'{{"$resources":[{{"BPCNUM":"1"}}],{link}}}'.encode()))

    async with listening(linked) as server, source(f"http://{NAME}:{server.port}") as given:
        first = await given.page(CUSTOMERS, Query(5))
        assert first.next is not None
        await refused(given, Query(5, next=first.next))
        assert server.connections == 1


async def test_the_token_endpoint_is_judged_like_the_tenant(names: Names) -> None:
    """Where it leads elsewhere no secret is sent, and the tenant is not asked."""
    names.lead(NAME, ("127.0.0.1",))
    names.lead("login.example", ELSEWHERE)
    async with listening(page) as server:
        auth = ClientCredentials(f"http://login.example:{server.port}/token", "driftd", Secret("hunter2"))
        async with source(f"http://{NAME}:{server.port}", auth=auth) as given:
            error = await refused(given)
    assert "the token endpoint" in str(error)
    assert '"login.example"' in str(error)
    assert names.asked == ["login.example"]
    assert server.connections == 0


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "localhost", "LOCALHOST", "[::1]",
     "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"],
)  # fmt: skip
async def test_no_spelling_of_an_address_passes(host: str) -> None:
    """Whatever the resolver makes of it is judged, also past the check of the configuration."""
    async with listening(page) as server, source(f"https://{host}:{server.port}", egress=PUBLIC_ONLY) as given:
        await refused(given)
        assert server.connections == 0


async def test_the_second_address_serves_where_the_first_refuses(names: Names) -> None:
    """All are allowed, and the socket leads to one of them."""
    names.lead(NAME, ("127.0.0.2", "127.0.0.1"))
    async with (
        listening(page) as server,
        source(f"http://{NAME}:{server.port}", egress=only("127.0.0.0/8")) as given,
    ):
        assert (await given.page(CUSTOMERS, Query(5))).records == b"[]"
    assert names.asked == [NAME]


async def test_a_host_none_of_whose_addresses_answers_is_a_refused_connection(names: Names) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names.lead(NAME, ("127.0.0.2", "127.0.0.1"))
    async with source(f"http://{NAME}:{port}", egress=only("127.0.0.0/8")) as given:
        with pytest.raises(SourceError) as error:
            await given.page(CUSTOMERS, Query(5))
    assert error.value.reason is Reason.CONNECTION_REFUSED


@pytest.mark.parametrize(("host", "fits"), [("localhost", True), ("localhost.", True), (NAME, False)])
async def test_certificate_and_sni_are_those_of_the_name(names: Names, host: str, *, fits: bool) -> None:
    """The socket leads to the checked address, the session to the name, without its trailing dot."""
    names.lead(host, ("127.0.0.1",))
    shown: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "key.pem")
    context.sni_callback = lambda _socket, name, _context: shown.append(name)
    async with (
        listening(page, context) as server,
        source(f"https://{host}:{server.port}", ca_file=CERTIFICATES / "good.pem") as given,
    ):
        if fits:
            await given.page(CUSTOMERS, Query(5))
        else:
            with pytest.raises(SourceError) as error:
                await given.page(CUSTOMERS, Query(5))
            assert error.value.reason is Reason.TLS_ERROR
    assert shown == [host.removesuffix(".")]


# --- through a proxy


async def test_the_proxy_itself_is_judged_at_each_connect(names: Names) -> None:
    names.lead("egress.example", ("127.0.0.1",), ELSEWHERE)
    async with listening(page) as server:
        proxy = f"http://egress.example:{server.port}"
        async with source("http://127.0.0.1", proxy=proxy) as given:
            await given.page(CUSTOMERS, Query(5))
            error = await refused(given)
            assert server.connections == 1
    assert 'the proxy "egress.example" leads over plain http to 127.0.0.99' in str(error)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("https://10.0.0.1", "private address 10.0.0.1"),
        ("https://localhost", "private address 127.0.0.1"),
        ("https://169.254.169.254", "no setting"),
        ("https://2130706433", "ends in a number"),
        ("http://x3.example", "over plain http"),
        ("http://8.8.8.8", "over plain http"),
    ],
)
async def test_a_proxy_is_not_even_asked_for_what_may_not_be_reached(names: Names, base: str, says: str) -> None:
    """An address in the URL is judged here; a name is the proxy's to judge, and for that it must be https."""
    names.lead("x3.example", ("127.0.0.1",))
    async with listening(page, host="127.0.0.2") as server:
        proxy = f"http://127.0.0.2:{server.port}"
        async with source(base, proxy=proxy, egress=only("127.0.0.2/32")) as given:
            error = await refused(given)
        assert server.connections == 0
    assert says in f"{error} {error.hint}"
    assert names.asked == []


async def test_the_second_address_of_a_proxy_serves_where_the_first_refuses(names: Names) -> None:
    names.lead("egress.example", ("127.0.0.2", "127.0.0.1"))
    async with listening(page) as server:
        proxy = f"http://egress.example:{server.port}"
        async with source("http://127.0.0.1", proxy=proxy, egress=only("127.0.0.0/8")) as given:
            assert (await given.page(CUSTOMERS, Query(5))).records == b"[]"


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("base_url", "https://u:hunter2@x3.example"),
        ("base_url", "https://x3.example:0"),
        ("base_url", "https://[x3.example"),
        ("token_url", "https://u:hunter2@x3.example/token"),
        ("proxy", "http://pu:hunter2@egress.example:3128"),
        ("proxy", "http://pu:hunter2@[egress"),
        ("proxy", "socks5://pu:hunter2@egress.example:1080"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_matter_of_configuration_and_not_repeated(key: str, address: str) -> None:
    """Read once, by the parser of the requests; a password in it reaches no message."""
    changes: dict[str, Any] = {key: address} if key != "token_url" else {}
    auth = ClientCredentials(address, "driftd", Secret("s")) if key == "token_url" else Basic("u", Secret("p"))
    with pytest.raises(SourceError) as error:
        source("https://x3.example", **{"auth": auth} | changes)
    assert error.value.reason is Reason.CONFIG_ERROR
    assert key in str(error.value)
    assert "hunter2" not in f"{error.value!r}{error.value.hint}{error.value.__cause__!r}"
