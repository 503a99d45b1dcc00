"""What every request passes: its host is one of ours, its body is short, its answer has the headers of safety.

A page of another site may lead its own name to this address (DNS rebinding) and then read what the browser brings it;
the ``Host`` of such a request is that name.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftd.config.model import WebConfig
from driftd.faces.http.reply import refused
from driftd.ports import Log

LARGEST: Final = 65_536
"""Bytes of a request's body."""
HEAD: Final = 16_384
"""Bytes of its header lines and query."""
_DIGITS: Final = 18
"""Of a length that is still a number to be compared."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]*(:\d*)?|\[[0-9A-Fa-f:.]+\](:\d*)?")


SAFETY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)
"""What tells a browser to trust nothing but us, and to keep nothing."""
HSTS: Final[Mapping[str, str]] = MappingProxyType({"strict-transport-security": "max-age=31536000"})
"""Under TLS: for a year, a browser asks for this name by TLS only."""


class Guard:
    """Stands before an application."""

    def __init__(
        self, app: ASGIApp, web: Callable[[], WebConfig], headers: Callable[[], Mapping[str, str]], log: Log
    ) -> None:
        self._app = app
        self._web = web
        self._headers = headers
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; a bug is logged and answered."""
        answer = _Answer(send, self._carried(scope["scheme"]), closes=has_body(Headers(scope=scope)))
        app = self._refusal(scope) or self._app
        try:
            await app(scope, receive, answer)
        except Exception as error:
            self._log.error("request ended by a bug", method=scope["method"], path=scope["path"], error=error)
            if not answer.begun:
                await refused(Request(scope), 500, "internal error", "see the log of the daemon")(
                    scope, receive, answer
                )

    def _carried(self, scheme: str) -> Mapping[str, str]:
        """Return what every answer carries: the headers of safety, in the configured words where there are some."""
        return {**SAFETY, **(HSTS if scheme == "https" else {}), **self._headers()}

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        server = scope.get("server") or ("", None)
        request = Request(scope)
        if not host:
            return refused(request, 400, "the request names no host", 'send a "Host"')
        if not known_host(host, self._web(), str(server[0])):
            hint = "add the name to allowed_hosts in [web] if it is driftd's own"
            return refused(request, 421, "this is not the host that was asked for", hint)
        if sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["query_string"]) > HEAD:
            return refused(request, 431, f"the head is longer than {HEAD} bytes", "send fewer or shorter headers")
        length = headers.get("content-length", "0")
        if length.isdecimal() and (len(length) > _DIGITS or int(length) > LARGEST):
            return refused(request, 413, f"the body is longer than {LARGEST} bytes", "send less at once")
        return None


class _Answer:
    """The way back to the client."""

    def __init__(self, send: Send, carried: Mapping[str, str], *, closes: bool) -> None:
        self._send = send
        self._carried = carried
        self._closes = closes
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in self._carried.items():
                headers[name] = value
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
