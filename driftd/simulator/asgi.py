"""The ASGI application: reads a request, lets the host answer it, and delivers the answer as it says."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from driftd.simulator.answers import Answer, Page, Stream
from driftd.simulator.dialect import Request, decoded_segments
from driftd.simulator.farm import Farm
from driftd.simulator.host import Host

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_STATUSES = {status.value for status in HTTPStatus}


class Application:
    """The farm as an ASGI application. Its server puts the connection's transport into `scope["state"]`."""

    def __init__(self, farm: Farm) -> None:
        self.host = Host(farm)
        self._farm = farm
        self.closing = asyncio.Event()
        """Set when the server stops: answers that wait are given up."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        request = await _request(scope, receive)
        delivery = _Delivery(self, scope["state"]["transport"], receive, send)
        await delivery.deliver(request, self.host.answer(request))

    def date(self, skew: float) -> str:
        """Return the `Date` header."""
        return formatdate(self._farm.wall() + skew, usegmt=True)


async def _request(scope: Message, receive: Receive) -> Request:
    body = b""
    more = scope["method"] not in {"GET", "HEAD"}
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host, port = scope["server"] or ("localhost", 0)
    return Request(
        method=scope["method"],
        origin=f"{scope['scheme']}://{headers.get('host', f'{host}:{port}')}",
        segments=decoded_segments(scope["raw_path"]),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=body,
    )


class _Delivery:
    """One answer on its way."""

    def __init__(self, app: Application, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
        self._app, self._transport = app, transport
        self._receive, self._send = receive, send

    async def deliver(self, request: Request, answer: Answer) -> None:
        if answer.hang:
            await self._gone(None)
            return
        if answer.delay and await self._gone(answer.delay):
            return
        headers = {"Content-Type": answer.content_type, "Date": self._app.date(answer.date_skew), **answer.headers}
        body = answer.body.encode() if isinstance(answer.body, Page) else answer.body
        if isinstance(body, bytes) and self._compressible(request, headers):
            body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        headers["Content-Length"] = str(body.length if isinstance(body, Stream) else len(body))
        raw = answer.raw is not None or answer.status not in _STATUSES
        if answer.close or raw:
            headers["Connection"] = "close"
        if raw:
            await self._raw(answer, headers, body)
        else:
            await self._start(answer.status, headers)
            await self._body(answer, body)

    def _compressible(self, request: Request, headers: dict[str, str]) -> bool:
        tenant = self._app.host.tenant_of(request)
        wanted = "gzip" in request.headers.get("accept-encoding", "")
        return tenant is not None and tenant.switches.gzip == "on" and wanted and "Content-Encoding" not in headers

    async def _start(self, status: int, headers: dict[str, str]) -> None:
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _body(self, answer: Answer, body: bytes | Stream) -> None:
        if isinstance(body, Stream):
            for chunk in body.chunks():
                await self._piece(chunk, more=True)
                if self._transport.is_closing():
                    return
            await self._piece(b"", more=False)
        elif answer.truncate is not None:
            await self._piece(body[: min(answer.truncate, max(len(body) - 1, 0))], more=True)
            await self._hang_up()
        elif answer.drip is not None:
            await self._drip(body, *answer.drip)
        else:
            await self._piece(body, more=False)

    async def _drip(self, body: bytes, size: int, seconds: float) -> None:
        for start in range(0, len(body), size):
            await self._piece(body[start : start + size], more=start + size < len(body))
            if start + size < len(body) and await self._gone(seconds):
                return

    async def _piece(self, piece: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _raw(self, answer: Answer, headers: dict[str, str], body: bytes | Stream) -> None:
        if answer.raw is not None:
            self._transport.write(answer.raw)
        else:  # a status the standard does not know
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self._transport.write(f"HTTP/1.1 {answer.status} Status\r\n{lines}\r\n".encode("latin-1"))
            for chunk in (body,) if isinstance(body, bytes) else body.chunks():
                self._transport.write(chunk)
        await self._hang_up()

    async def _hang_up(self) -> None:
        self._transport.close()
        await _disconnected(self._receive)

    async def _gone(self, seconds: float | None) -> bool:
        """Wait until the time is over (False), or the client or the server goes away (True)."""
        waits = [asyncio.ensure_future(_disconnected(self._receive)), asyncio.ensure_future(self._app.closing.wait())]
        done, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        if waits[1] in done and waits[0] not in done:
            self._transport.abort()
            await _disconnected(self._receive)
        return bool(done)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
