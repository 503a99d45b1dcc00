"""What every request passes: its host is one of ours, its body is short, its answer has the headers of safety.

A page of another site may lead its own name to this address (DNS rebinding) and then read what the browser brings it;
the ``Host`` of such a request is that name.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftd.config.model import WebConfig
from driftd.ports import Log

LARGEST: Final = 65_536
"""Bytes of a request's body."""
HEAD: Final = 16_384
"""Bytes of its header lines and query."""
_DIGITS: Final = 18
"""Of a length that is still a number to be compared."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]*(:\d*)?|\[[0-9A-Fa-f:.]+\](:\d*)?")


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, web: Callable[[], WebConfig], log: Log) -> None:
        self._app = app
        self._web = web
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; a bug is logged and answered."""
        answer = _Answer(send, closes=has_body(Headers(scope=scope)))
        app = self._refusal(scope) or self._app
        try:
            await app(scope, receive, answer)
        except Exception as error:
            self._log.error("request ended by a bug", method=scope["method"], path=scope["path"], error=error)
            if not answer.begun:
                await PlainTextResponse("internal error\nnext: see the log\n", 500)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        server = scope.get("server") or ("", None)
        if not host:
            return PlainTextResponse("the request names no host\n", 400)
        if not known_host(host, self._web(), str(server[0])):
            hint = "add the name to allowed_hosts in [web] if it is driftd's own"
            return PlainTextResponse(f"this is not the host that was asked for\nnext: {hint}\n", 421)
        if sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["query_string"]) > HEAD:
            return PlainTextResponse(f"the head is longer than {HEAD} bytes\n", 431)
        length = headers.get("content-length", "0")
        if length.isdecimal() and (len(length) > _DIGITS or int(length) > LARGEST):
            return PlainTextResponse(f"the body is longer than {LARGEST} bytes\n", 413)
        return None


class _Answer:
    """The way back to the client."""

    def __init__(self, send: Send, *, closes: bool) -> None:
        self._send = send
        self._closes = closes
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            headers["x-content-type-options"] = "nosniff"
            headers["cache-control"] = "no-store"
            if self._closes:
                headers["connection"] = "close"
        await self._send(message)


def has_body(headers: Headers) -> bool:
    """Tell whether a request has a body. Hardly any path reads one to its end: the connection ends with the answer."""
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def known_host(host: str, web: WebConfig, reached: str) -> bool:
    """Tell whether a ``Host`` is a name of ours: configured, a form of localhost, or the address that was reached."""
    name = hostname(host)
    if not name:
        return False
    configured = {hostname(web.listen), hostname(urlsplit(web.external_url or "").netloc), "localhost"}
    allowed = {each.lower() for each in web.allowed_hosts}
    return name in configured or not allowed.isdisjoint({name, host.lower()}) or _same(name, reached)


def hostname(host: str) -> str:
    """Return a host without its port, or nothing where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or "" if _HOST.fullmatch(host) else ""
    except ValueError:
        return ""


def _same(name: str, reached: str) -> bool:
    """Whether an address is a loopback one, or the one that was reached."""
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or str(address) == reached
