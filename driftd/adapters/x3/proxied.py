"""The way to a tenant through a forward proxy: httpcore's pool, which knows proxies and their tunnels.

Sockets are wrapped for two reasons: each connect resolves the proxy's name and judges its addresses again, and a
request on a kept-alive connection that died unseen can be told from any other reset. What the tenant's name leads to is
for the proxy to judge; what is an address itself is judged before the proxy is asked.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpcore
import httpx

from driftd.adapters.x3.connection import Origin, StaleConnectionError
from driftd.adapters.x3.dial import NotAllowedError, admitted, judge_unresolved, limit
from driftd.adapters.x3.race import Place, first
from driftd.adapters.x3.transport import KEEP_ALIVE
from driftd.core.network import Egress

READ_BYTES: Final = 1 << 20
"""Most bytes taken from a socket at once: httpcore asks for 64 KiB, and each piece costs a trip through the loop."""


class _StaleError(httpcore.ReadError):
    """httpcore's form of `StaleConnectionError`."""


class ProxiedTransport(httpx.AsyncBaseTransport):
    """One tenant's few connections through a proxy, within `egress`.

    `context` is for the tenant, `own` for a proxy that is itself reached over TLS.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None,
        own: ssl.SSLContext | None,
        proxy: str,
        egress: Egress,
        max_connections: int,
    ) -> None:
        address = httpx.URL(proxy)
        self._egress = egress
        self._pool = httpcore.AsyncHTTPProxy(
            proxy_url=httpcore.URL(
                scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
            ),
            proxy_ssl_context=own if address.scheme == "https" else None,
            ssl_context=context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=_Network(httpcore.AnyIOBackend(), address.scheme, egress),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises `httpx.TransportError`."""
        url = request.url
        judge_unresolved(url, self._egress)
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answered = await self._pool.handle_async_request(asked)
        return httpx.Response(
            status_code=answered.status,
            headers=answered.headers,
            stream=_Stream(answered),
            extensions=answered.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpcore's errors as the httpx errors of the same name, which is how httpx itself maps them."""
    try:
        yield
    except _StaleError as error:
        raise StaleConnectionError(str(error)) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError) as error:
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error
    except httpcore.UnsupportedProtocol as error:
        raise httpx.UnsupportedProtocol(str(error)) from error


class _Network(httpcore.AsyncNetworkBackend):
    """Connects to the proxy; its name is resolved and judged again each time, so that no stale address is pinned."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, scheme: str, egress: Egress) -> None:
        self._inner = inner
        self._scheme = scheme
        self._egress = egress

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        async def opened(place: Place) -> httpcore.AsyncNetworkStream:
            return await self._inner.connect_tcp(place.address, place.port, timeout, local_address, socket_options)

        try:
            with limit(timeout, httpx.ConnectTimeout):
                return _Socket(await first(await self._places(host, port), opened, _close))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("no connection to the proxy") from error

    async def _places(self, host: str, port: int) -> Sequence[Place]:
        try:
            return await admitted(Origin(self._scheme, host, port), self._egress)
        except NotAllowedError as error:
            raise NotAllowedError(f"the proxy {error.host}", error.refusal) from None

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _close(stream: httpcore.AsyncNetworkStream) -> None:
    await stream.aclose()


class _Socket(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._answered = False
        """Whether an earlier request on this socket had an answer."""
        self._silent = False
        """Whether nothing has come since the latest request."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        try:
            data = await self._inner.read(max(max_bytes, READ_BYTES), timeout)
        except httpcore.ReadError as error:
            if self._answered and self._silent:
                raise _StaleError("a kept-alive connection was closed") from error
            raise
        if data:
            self._answered, self._silent = True, False
        elif self._answered and self._silent:
            raise _StaleError("a kept-alive connection was closed")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's interface
        self._silent = True
        await self._inner.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        return _Socket(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's interface
        return self._inner.get_extra_info(info)
