"""One request, one whole answer: deadline, caps, no redirects, no cookies, nothing from the environment.

Requests go straight to an httpx transport. An `httpx.AsyncClient` above it keeps cookies, logs addresses with their
parameters, and decodes bodies without a bound.
"""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from typing import Final, NamedTuple, Protocol, TypeAlias

import anyio
import anyio.lowlevel
import httpx
from msgspec.structs import replace

from driftd import __version__
from driftd.adapters.x3.allowance import Share
from driftd.adapters.x3.answer import Answer, Tally, asked_wait, in_utf8
from driftd.adapters.x3.faults import crowded, fault
from driftd.adapters.x3.inflate import Body
from driftd.adapters.x3.origins import origins_of
from driftd.adapters.x3.settings import Caps, X3Settings
from driftd.adapters.x3.signs import Signs
from driftd.adapters.x3.transport import Transport, is_stale
from driftd.adapters.x3.trust import Files, tls_context
from driftd.core.credential import Certificate, Dated, Issued
from driftd.errors import SourceError
from driftd.ports import Clock, Traffic

USER_AGENT: Final = f"driftd/{__version__}"
_LINE: Final = 19
"""Bytes of a status line such as ``HTTP/1.1 200 OK`` with its line ends."""

Headers: TypeAlias = Sequence[tuple[str, str]]
_Asked: TypeAlias = tuple[str, str, bytes | None]
_COMMON: Final = (("Accept", "application/json"), ("Accept-Encoding", "gzip"), ("User-Agent", USER_AGENT))


class _Bound(NamedTuple):
    """What one answer is held to."""

    caps: Caps
    share: Share
    whose: str


class _Room(NamedTuple):
    """Where a body that turns out large waits; the tenant's pace does not count meanwhile."""

    share: Share
    pace: anyio.CancelScope

    async def have(self, body: Body) -> float:
        """Take what such a body may become, once; return the seconds that this took."""
        if self.share.size:
            return 0.0
        begun, end = anyio.current_time(), self.pace.deadline
        self.pace.deadline = inf
        await self.share.take(body.most)
        waited = anyio.current_time() - begun
        self.pace.deadline = end + waited
        return waited


class Talk(Protocol):
    """What a source asks through: an `Exchange`, or what stands before one. Raises nothing but `SourceError`."""

    async def get(self, address: str, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Read an address."""
        ...

    async def post(self, address: str, form: bytes, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Send a body to the token endpoint; `headers` say what it is."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Exchange:
    """Sends requests of one connection. Raises nothing but `SourceError`."""

    def __init__(
        self,
        settings: X3Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        traffic: Traffic | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Without a transport, make a real one; raises `SourceError`, ``config_error``, for an unusable ``ca_file``.

        With a clock, certificates and clocks that answers show are told to `traffic`.
        """
        self._settings = settings
        self._traffic = traffic or Unlimited()
        self._transport = transport or _transport(settings)
        self._signs = Signs(self._traffic, clock) if clock is not None else None
        seconds, connect = settings.timeout, min(settings.connect_timeout, settings.timeout)
        self._extensions = {"timeout": {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}}

    async def get(self, address: str, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Read an address; ask again on a fresh connection where a kept-alive one had died before any response byte."""
        return await self._send(("GET", address, None), headers, tally, whose)

    async def post(self, address: str, form: bytes, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Send a body to the token endpoint; never twice."""
        return await self._send(("POST", address, form), headers, tally, whose)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def _send(self, what: _Asked, headers: Headers, tally: Tally, whose: str) -> Answer:
        """Send a request once it is its turn; waiting for that is not held against its deadline."""
        async with self._traffic.turn():
            caps = self._settings.caps
            if what[2] is not None:
                caps = replace(caps, wire=caps.token, body=caps.token)
            with Share(self._settings.allowance) as share:
                return await self._exchange(what, headers, tally, _Bound(caps, share, whose))

    async def _exchange(self, what: _Asked, headers: Headers, tally: Tally, bound: _Bound) -> Answer:
        method, address, form = what
        cause: Exception | None = None
        try:
            with anyio.fail_after(self._settings.timeout):
                request = httpx.Request(
                    method, address, headers=_encoded(headers), content=form, extensions=self._extensions
                )
                for _ in range(self._settings.max_connections if method == "GET" else 0):
                    try:
                        return await self._once(request, bound, tally)
                    except httpx.TransportError as error:
                        if not is_stale(error):
                            raise
                return await self._once(request, bound, tally)  # every kept-alive connection was dead: this one is new
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            proxied = self._settings.proxy is not None
            failure = crowded(bound.whose) if bound.share.waiting else fault(error, bound.whose, proxied=proxied)
            if not isinstance(error, httpx.ProtocolError):  # the text of those repeats headers, ours or the tenant's
                cause = error
        raise failure from cause

    async def _once(self, request: httpx.Request, bound: _Bound, tally: Tally) -> Answer:
        self._traffic.send()
        tally.requests += 1
        begun, status = anyio.current_time(), None
        try:
            sent_at = self._signs.now() if self._signs is not None else 0
            response = await self._transport.handle_async_request(request)
            if self._signs is not None:
                self._signs.look(request.url.host, response, sent_at)
            try:
                headers = response.headers
                rest = asked_wait(response.status_code, headers.get("Retry-After", ""), sent_at)
                if rest is not None:
                    self._traffic.asked(response.status_code, rest)
                self._read(tally, _LINE + sum(len(name) + len(value) + 4 for name, value in headers.raw))
                whole = Body(headers.get("Content-Encoding", ""), bound.caps, bound.whose)
                # chunks override a length (RFC 9112 §6.3), which then bounds nothing
                length = "" if "Transfer-Encoding" in headers else headers.get("Content-Length", "")
                with anyio.fail_after(self._settings.pace.seconds(whole.announce(length))) as pace:
                    body = await self._body(response, whole, tally, _Room(bound.share, pace))
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
            status = response.status_code
        finally:
            self._traffic.answered(status, anyio.current_time() - begun)
        return Answer(
            status=response.status_code,
            body=in_utf8(body, headers.get("Content-Type", ""), bound.whose),
            content_type=headers.get("Content-Type", ""),
            location=headers.get("Location", ""),
            retry_after=headers.get("Retry-After", ""),
            date=headers.get("Date", ""),
            challenge=headers.get("WWW-Authenticate", ""),
        )

    async def _body(self, response: httpx.Response, body: Body, tally: Tally, room: _Room) -> bytes:
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("the transport is not an asynchronous one")
        begun, pace = anyio.current_time(), self._settings.pace
        async for chunk in stream:
            if anyio.current_time() - begun > pace.seconds(body.wire_bytes + len(chunk)):
                raise TimeoutError
            before = body.wire_bytes
            try:
                for _ in body.feed(chunk):
                    await anyio.lowlevel.checkpoint()
                    begun += await room.have(body) if body.large else 0.0
            finally:
                self._read(tally, body.wire_bytes - before)
        return body.whole()

    def _read(self, tally: Tally, size: int) -> None:
        """Count bytes read."""
        tally.wire_bytes += size
        self._traffic.receive(size)


class Unlimited:
    """The `Traffic` of a connection that nothing holds back."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Give a turn at once."""
        yield

    def send(self) -> None:
        """Count nothing."""

    def receive(self, size: int) -> None:
        """Count nothing."""

    def asked(self, status: int, seconds: float) -> None:
        """Wait for nothing."""

    def answered(self, status: int | None, seconds: float) -> None:
        """Note nothing."""

    def renewed(self, issued: Issued | None) -> None:
        """Note nothing."""

    def showed(self, sign: Certificate | Dated) -> None:
        """Note nothing."""


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in (*_COMMON, *headers)]


def _transport(settings: X3Settings) -> httpx.AsyncBaseTransport:
    origins = origins_of(settings)
    secure = any(origin.scheme == "https" for origin in origins)
    context = partial(_context, settings.name, settings.files)
    made = context() if secure else None
    if settings.proxy is not None:
        from driftd.adapters.x3.proxied import ProxiedTransport  # httpcore is loaded only for it

        own = tls_context(Files(settings.ca_file)) if secure else None  # a proxy is not told who we are to the tenant
        return ProxiedTransport(made, own, settings.proxy, settings.egress, settings.max_connections)
    return Transport(context if secure else None, settings.egress, settings.max_connections)


def _context(connection: str, files: Files) -> ssl.SSLContext:
    try:
        return tls_context(files)
    except SourceError as error:
        raise SourceError(error.reason, f'connection "{connection}": {error}', hint=error.hint) from error
