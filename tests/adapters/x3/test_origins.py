"""A host is read alike by all who read it: the check of the configuration, the parser of requests, and resolvers."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from driftd.adapters.x3.dial import origin_of
from driftd.config import values
from driftd.core.network import literal

NUMBER = st.integers(0, 2**32).flatmap(lambda n: st.sampled_from([str(n), hex(n), f"0{n:o}", f"0X{n:X}"]))
SPELLING = st.lists(NUMBER, min_size=1, max_size=5).map(".".join)
PIECES = [
    *("x3", "example", ".", "..", "-", "_", "@", ":", "[", "]", "/", "\\", "?", "#", " ", "\t", "%25", "%2e"),
    *("::1", "127.0.0.1", "0x7f", "1", "8124", "0", "99999", "localhost", "xn--"),
    *("é", "ß", "①", "。", "．", "８", "\u200d", "\u00ad"),
]
AUTHORITY = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@given(AUTHORITY, st.sampled_from(["https", "http", "HTTPS"]))
@example("x3.example.:8124", "https")
@example("[::ffff:127.0.0.1]:1", "https")
@example("[::1]x", "https")
@example("%25.localhost", "https")
def test_what_the_configuration_takes_leads_where_it_says(authority: str, scheme: str) -> None:
    """Of every address that passes the check, requests go to the host and port that the check has seen."""
    url = f"{scheme}://{authority}/erp"
    try:
        parts = values.url(url)
    except ValueError:
        return
    host = parts.hostname or ""
    with suppress(httpx.InvalidURL):  # a name that cannot be written in ASCII: nothing is sent anywhere
        origin = origin_of(url)
        assert (origin.scheme, origin.port) == (parts.scheme, parts.port or (80 if parts.scheme == "http" else 443))
        assert literal(origin.host) == literal(host)
        if host.isascii():
            assert origin.host == host


@given(AUTHORITY)
def test_requests_go_to_no_host_that_a_url_does_not_show(authority: str) -> None:
    """Past the check too: what both parsers read, they read alike, and no user or password passes."""
    url = f"https://{authority}/erp"
    with suppress(httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        origin = origin_of(url)
        parts = urlsplit(url)
        assert not parts.username
        if (parts.hostname or "").isascii() and "\t" not in url and "\\" not in url:
            assert origin.host.lower() == (parts.hostname or "").lower()


@given(SPELLING, st.sampled_from(["", "."]))
@example("127.1", "")
@example("2130706433", "")
@example("0x7f.1", "")
@example("017700000001", "")
@example("1.2.3.4", "")
def test_what_a_resolver_takes_for_an_address_is_no_name(spelling: str, dot: str) -> None:
    """`inet_aton` reads many forms; each is the address itself or refused, so that none passes to a proxy as a name."""
    try:
        address = IPv4Address(socket.inet_aton(spelling))
    except OSError:
        address = None
    try:
        found = literal(spelling + dot)
    except ValueError:
        return
    assert found is not None
    assert found == address
