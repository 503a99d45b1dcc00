"""The way to one tenant under httpx's transport interface: a few connections, kept for the requests that follow."""

import ssl
from collections.abc import Callable
from typing import Final

import anyio
import anyio.lowlevel
import httpx

from driftd.adapters.x3.connection import Connection, Origin, StaleConnectionError
from driftd.adapters.x3.dial import connect, limit, origin_of
from driftd.adapters.x3.reply import Reply, head, length, written
from driftd.core.network import Egress

KEEP_ALIVE: Final = 4.0
"""Seconds an idle connection is kept: below the 5 s after which Node.js, which Syracuse runs on, closes its side."""


def is_stale(error: httpx.TransportError) -> bool:
    """Tell whether a failure is that of a kept-alive connection that had died, with no response byte received."""
    return isinstance(error, StaleConnectionError)


class Transport(httpx.AsyncBaseTransport):
    """One tenant's connections, straight to it: at most `max_connections` sockets at once, within `egress`.

    `context` gives the TLS of each connect, so that renewed certificates are taken up.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext] | None, egress: Egress, max_connections: int) -> None:
        self._context = context
        self._egress = egress
        self._places = anyio.Semaphore(max_connections, fast_acquire=True)
        """One for each request under way, from its connection to the end of its answer."""
        self._busy: set[Connection] = set()
        self._idle: list[Connection] = []
        """The one used last stands last."""
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of its answer; raises `httpx.TransportError`."""
        limits = request.extensions.get("timeout", {})
        origin = self._origin(request.url)
        talk, data = await written(request)
        connection = await self._connection(origin, limits)
        try:
            await connection.send(data, limits.get("write"))
            answered = await head(talk, connection, limits.get("read"))
            body = length(request.method, answered)
            reply = Reply(body, talk, connection, limits.get("read"), self._left)
            return httpx.Response(
                answered.status_code,
                headers=answered.headers.raw_items(),
                stream=reply,
                extensions={"network_stream": connection},
            )
        except BaseException:
            self._left(connection, keep=False)
            raise

    async def aclose(self) -> None:
        """Close every connection, also those in use."""
        self._closed = True
        for connection in (*self._idle, *self._busy):
            connection.abort()
        self._idle.clear()
        await anyio.lowlevel.cancel_shielded_checkpoint()  # sockets are closed in the loop's next turn

    def _origin(self, url: httpx.URL) -> Origin:
        origin = origin_of(url)
        if origin.scheme == "https" and self._context is None:
            raise httpx.UnsupportedProtocol("no TLS was prepared")
        return origin

    async def _connection(self, origin: Origin, limits: dict[str, float | None]) -> Connection:
        """Take a kept connection or make one, with a place for it; raises `httpx.PoolTimeout` when all stay in use."""
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            with limit(limits.get("pool"), httpx.PoolTimeout):
                await self._places.acquire()
        try:
            connection = self._kept(origin)
            if connection is None:
                context = self._context() if origin.scheme == "https" and self._context is not None else None
                connection = await connect(origin, self._egress, context, limits.get("connect"))
        except BaseException:
            self._places.release()
            raise
        self._busy.add(connection)
        return connection

    def _kept(self, origin: Origin) -> Connection | None:
        """Take the latest kept connection that still lives; if there is none, see that one more socket is allowed."""
        for connection in self._idle[::-1]:
            if connection.origin == origin:
                self._idle.remove(connection)
                if connection.resume():
                    return connection
                connection.abort()
        while len(self._idle) > self._places.value:
            self._idle.pop(0).abort()
        return None

    def _left(self, connection: Connection, keep: bool) -> None:  # noqa: FBT001 - a callback
        self._busy.discard(connection)
        if keep and not self._closed and connection.rest(KEEP_ALIVE, self._expired):
            self._idle.append(connection)
        else:
            connection.abort()
        self._places.release()

    def _expired(self, connection: Connection) -> None:
        """Let go of a connection, and of its buffers: thousands of tenants at rest must hold none."""
        if connection in self._idle:
            self._idle.remove(connection)
