"""Who asks, and whether they may: judged of every route before its answerer is called.

A browser sends the password that it remembers, and reaches what only listens to loopback, whichever site asks it to:
what changes something must show that a page of ours, or no browser, sent it. A token is sent by no browser by itself.
"""

import math
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Caller, Scope
from driftd.faces.http.daemon import foreign
from driftd.faces.http.failures import Failures
from driftd.faces.http.inside import Entry, Inside
from driftd.faces.http.reply import refused
from driftd.faces.http.way import Answerer, Operation, Where, operation_of

ANYBODY: Final = Caller("", Scope.ADMIN)
"""Who asks where nobody has to say who they are, or over the socket that only our own user opens."""
CUSTOM: Final = "x-driftd"
"""A header that no page of another site can have sent."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST: Final = 1_024
"""Characters of credentials."""
_CREDENTIALS: Final = 'send "Authorization: Bearer TOKEN": `driftd tokens create` makes one'


class _Given(NamedTuple):
    """Credentials as they were sent."""

    scheme: str
    value: str


class Gate:
    """Stands before each route."""

    def __init__(self, inside: Inside, *, local: bool = False) -> None:
        self._entry: Entry = inside.entry
        self._clock = inside.clock
        self._local = local
        self._failures = Failures()

    def before(self, routes: Iterable[Route]) -> list[Route]:
        """Return one route for each path, with the gate before it: so it is known which methods a path takes."""
        paths: dict[str, dict[str, Route]] = {}
        for each in routes:
            paths.setdefault(each.path, {}).update(dict.fromkeys(each.methods or (), each))
        return [self._closed(path, methods) for path, methods in paths.items()]

    def _closed(self, path: str, methods: Mapping[str, Route]) -> Route:
        async def judged(request: Request) -> Response:
            route = methods[request.method]
            return await self._judged(request, operation_of(route), route.endpoint)

        return Route(path, judged, methods=list(methods))

    async def _judged(self, request: Request, operation: Operation, answer: Answerer) -> Response:
        if operation.scope is None:
            return await answer(request)
        given = _given(request)
        if request.method not in _SAFE and (wrong := self._crossing(request, given)) is not None:
            return wrong
        caller = await self._caller(request, given)
        if isinstance(caller, Response):
            return caller
        request.state.caller = caller
        return _barred(request, operation.scope, operation.where) or await answer(request)

    def _crossing(self, request: Request, given: _Given | None) -> Response | None:
        """Refuse what a page of another site may have sent."""
        if foreign(request):
            return refused(request, 403, "the request comes from another site", "ask from the command line")
        told = "sec-fetch-site" in request.headers or "origin" in request.headers
        unlike = CUSTOM in request.headers or not request.url.path.startswith("/api/")
        if self._local or told or unlike or (given is not None and given.scheme == "bearer"):
            return None
        hint = 'send the header "X-Driftd: 1", or a token'
        return refused(request, 403, "nothing shows that no other site sent this", hint)

    async def _caller(self, request: Request, given: _Given | None) -> Caller | Response:
        """Return who asks, or the answer that refuses them."""
        if self._local or self._entry.open():
            return ANYBODY
        if given is None:
            return self._unknown(request, "credentials are needed")
        if given.scheme == "bearer":
            return self._entry.bearer(given.value) or self._failed(request)
        return await self._user(request, given.value) or self._failed(request)

    async def _user(self, request: Request, value: str) -> Caller | Response | None:
        """Return the user of a name and password. Each counts as a failure until it is known to be none."""
        name, colon, password = _decoded(value).partition(":")
        if not colon or not self._entry.users():
            return None
        if (known := self._entry.remembered(name, password)) is not None:
            return known
        peer = _peer(request)
        if (late := self._late(request, peer)) is not None:
            return late
        self._failures.failed(peer, self._clock.monotonic())
        found = await self._entry.user(name, password)
        self._failures.excused(peer)
        return found

    def _failed(self, request: Request) -> Response:
        """Note a failure and refuse it."""
        peer = _peer(request)
        if (late := self._late(request, peer)) is not None:
            return late
        self._failures.failed(peer, self._clock.monotonic())
        return self._unknown(request, "the credentials are not valid")

    def _late(self, request: Request, peer: str) -> Response | None:
        """Refuse a peer that failed too often."""
        seconds = self._failures.wait(peer, self._clock.monotonic())
        if not seconds:
            return None
        after = {"retry-after": str(math.ceil(seconds))}
        hint = f"wait {math.ceil(seconds)} s, then send credentials that are valid"
        return refused(request, 429, "too many credentials that are not valid came from there", hint, after)

    def _unknown(self, request: Request, detail: str) -> Response:
        schemes = ['Bearer realm="driftd"']
        if self._entry.users():
            schemes.insert(0, 'Basic realm="driftd", charset="UTF-8"')
        return refused(request, 401, detail, _CREDENTIALS, {"www-authenticate": ", ".join(schemes)})


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    caller: Caller = request.state.caller
    return caller


def _barred(request: Request, needed: Scope, where: Where) -> Response | None:
    """Refuse a caller who may not."""
    caller = caller_of(request)
    if not caller.scope.covers(needed):
        hint = f"it takes a token with the scope {needed}; this one has {caller.scope}"
        return refused(request, 403, "the credentials do not allow this", hint)
    if caller.connection is None or where is Where.SHOWN:
        return None
    if where is Where.WHOLE:
        hint = "it takes a token that is bound to no connection"
        return refused(request, 403, f'the credentials are for the connection "{caller.connection}" only', hint)
    name = str(request.path_params["name"])
    if not caller.sees(name):
        return refused(request, 404, f'there is no connection "{name}"', "/metrics names them")
    return None


def _given(request: Request) -> _Given | None:
    """Return the credentials that were sent; None: none."""
    sent = request.headers.get("authorization")
    if sent is None:
        return None
    scheme, _, value = sent.strip().partition(" ")
    known = scheme.lower() in {"bearer", "basic"} and len(value) <= _LONGEST
    return _Given(scheme.lower(), value.strip()) if known else _Given("basic", "")


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode()
    except (NoBase64, UnicodeDecodeError, ValueError):
        return ""


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
