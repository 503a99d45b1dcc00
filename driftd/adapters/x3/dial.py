"""Connecting to a tenant: the one place where a name is resolved and a socket opened."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpx
from anyio.abc import SocketAttribute

from driftd.adapters.x3.connection import Connection, Origin


async def connect(origin: Origin, context: ssl.SSLContext | None, seconds: float | None) -> Connection:
    """Connect: to whichever of the name's addresses answers first, and with TLS where there is a context.

    The name is resolved again each time, so that no stale address is pinned. `seconds` bound the connect and, apart,
    the TLS handshake. Raises `httpx.ConnectError` and `httpx.ConnectTimeout`.
    """
    try:
        with limit(seconds, httpx.ConnectTimeout):
            stream = await anyio.connect_tcp(origin.host, origin.port)
        with limit(seconds, httpx.ConnectTimeout):
            return await _adopted(stream, origin, context, seconds)
    except (OSError, UnicodeError) as error:  # the latter for a name that no resolver takes
        raise httpx.ConnectError("no connection") from error


@contextmanager
def limit(seconds: float | None, kind: type[httpx.TimeoutException]) -> Iterator[None]:
    """Bound what is waited for, None not at all; raises an error of the kind given."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise kind("not in time") from error


async def _adopted(
    stream: anyio.abc.SocketStream, origin: Origin, context: ssl.SSLContext | None, seconds: float | None
) -> Connection:
    """Put our protocol on anyio's connected socket: on a duplicate, since anyio does not give its transport away."""
    raw = stream.extra_attributes[SocketAttribute.raw_socket]().dup()
    try:
        await stream.aclose()
    except BaseException:
        raw.close()
        raise
    patience = None if seconds is None else seconds + 1  # never before our own limit, which says it better
    _, connection = await asyncio.get_running_loop().create_connection(  # closes the socket where it fails
        lambda: Connection(origin),
        sock=raw,
        ssl=context,
        server_hostname=origin.host if context else None,
        ssl_handshake_timeout=patience if context else None,
    )
    return connection
