"""Connecting to a tenant: the one place where a name is resolved, its addresses judged and a socket opened."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final

import anyio
import httpx

from driftd.adapters.x3.connection import Connection, Origin
from driftd.adapters.x3.race import Place, first, in_turn
from driftd.core.network import Egress, Refusal, refusal, unresolved

PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[0-9a-z._-]+|[0-9a-f:.]+", re.IGNORECASE)
"""A name as it goes over the wire, an IPv4 address, or an IPv6 address without its brackets."""
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


class NotAllowedError(httpx.ConnectError):
    """A host, or the proxy before it, has an address where driftd may not connect. Nothing was sent."""

    def __init__(self, host: str, refusal: Refusal) -> None:
        super().__init__("not allowed")
        self.host = host
        self.refusal = refusal


def origin_of(address: str | httpx.URL) -> Origin:
    """Read where an address leads, in the one way that requests are sent: `httpx.URL`.

    Raises `httpx.InvalidURL`, and `httpx.UnsupportedProtocol` for what cannot be connected to: another scheme, no host
    or one with brackets, escapes or a zone, a user or password, port 0.
    """
    url = httpx.URL(address)
    host = url.raw_host.decode("ascii")
    if url.scheme not in PORTS or not _HOST.fullmatch(host) or url.userinfo or url.port == 0:
        raise httpx.UnsupportedProtocol("not an address that can be connected to")
    return Origin(url.scheme, host, url.port or PORTS[url.scheme])


async def connect(origin: Origin, egress: Egress, context: ssl.SSLContext | None, seconds: float | None) -> Connection:
    """Connect: to whichever of the name's addresses answers first, and with TLS where there is a context.

    The name is resolved and judged again each time, so that no stale address is pinned and no changed one slips in; the
    certificate is that of the name. `seconds` bound the connect and, apart, the TLS handshake. Raises
    `NotAllowedError`, other `httpx.ConnectError` and `httpx.ConnectTimeout`.
    """
    try:
        with limit(seconds, httpx.ConnectTimeout):
            raw = await first(await admitted(origin, egress), _socket, _close)
        with limit(seconds, httpx.ConnectTimeout):
            return await _adopted(raw, origin, context, seconds)
    except (OSError, UnicodeError) as error:  # the latter for a name that no resolver takes
        raise httpx.ConnectError("no connection") from error


async def admitted(origin: Origin, egress: Egress) -> Sequence[Place]:
    """Resolve a host and judge its addresses; raises `NotAllowedError` where any is refused, and what `resolved` does.

    None of several is chosen around a refused one: a name that leads to both is not one to trust.
    """
    places = await resolved(origin)
    for place in places:
        refused = refusal(ip_address(place.address), origin.scheme, egress)
        if refused is not None:
            raise NotAllowedError(f'"{origin.host}"', refused)
    return places


async def resolved(origin: Origin) -> Sequence[Place]:
    """Return the addresses of a host, both families in turn; raises `OSError` and `UnicodeError`, as resolvers do."""
    try:
        found = ip_address(origin.host)
    except ValueError:
        answers = await anyio.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        places = [Place(family, str(told[0]), int(told[1])) for family, *_, told in answers if family in _FAMILIES]
    else:
        places = [Place(socket.AF_INET if found.version == 4 else socket.AF_INET6, origin.host, origin.port)]
    if not places:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    return in_turn(list(dict.fromkeys(places)))


def judge_unresolved(url: httpx.URL, egress: Egress) -> None:
    """Raise `NotAllowedError` where a proxy must not be asked for an address; what names lead to is for it to judge."""
    origin = origin_of(url)
    refused = unresolved(origin.host, origin.scheme, egress)
    if refused is not None:
        raise NotAllowedError(f'"{origin.host}"', refused)


@contextmanager
def limit(seconds: float | None, kind: type[httpx.TimeoutException]) -> Iterator[None]:
    """Bound what is waited for, None not at all; raises an error of the kind given."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise kind("not in time") from error


async def _socket(place: Place) -> socket.socket:
    raw = socket.socket(place.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for asyncio to switch Nagle off
    raw.setblocking(False)  # noqa: FBT003 - the socket's interface
    try:
        await asyncio.get_running_loop().sock_connect(raw, (place.address, place.port))
    except BaseException:
        raw.close()
        raise
    return raw


async def _close(raw: socket.socket) -> None:
    raw.close()


async def _adopted(
    raw: socket.socket, origin: Origin, context: ssl.SSLContext | None, seconds: float | None
) -> Connection:
    """Put our protocol on a connected socket."""
    patience = None if seconds is None else seconds + 1  # never before our own limit, which says it better
    _, connection = await asyncio.get_running_loop().create_connection(  # closes the socket where it fails
        lambda: Connection(origin),
        sock=raw,
        ssl=context,
        server_hostname=origin.host.removesuffix(".") if context else None,  # RFC 6066 §3: without the trailing dot
        ssl_handshake_timeout=patience if context else None,
    )
    return connection
