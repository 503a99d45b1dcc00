"""Connections as documents: how each is, what happened to it, what to do; and what is tried and asked of it by POST.

What changes them is in `bringing`.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope as Access
from driftd.core.card import BEFORE, card
from driftd.core.document import moment, of_card, of_trial
from driftd.core.drift import Scope
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus, Reached, located
from driftd.core.words import Language
from driftd.faces.history import of_event
from driftd.faces.http import documents_connections, documents_deeds
from driftd.faces.http.answering import answered
from driftd.faces.http.body import asked
from driftd.faces.http.bringing import Bringing
from driftd.faces.http.documents_trial import Trial
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside, Stretch
from driftd.faces.http.linked import PATH, links, named, summary, whole
from driftd.faces.http.renewing import Renewing
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Operation, Way, Where

EVENTS: Final = 1_000
"""Of one answer of history, at most."""
_DAY: Final = 86_400_000
_SPAN: Final = 7 * _DAY
"""Of history, where nothing else is asked for."""
_MOMENT: Final = "such as since=2026-11-25T08:00:00Z, or 2026-11-25"
Answerer: TypeAlias = Callable[[Request, ConnectionStatus], Awaitable[Response]]
Since: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A day, or a moment, in UTC where it names no zone."""


class Chosen(Struct, forbid_unknown_fields=True):
    """Which connections are wanted."""

    environment: str | None = None
    state: State | None = None
    host: str | None = None
    customer: str | None = None
    source: documents_connections.Stands | None = None


class Span(Struct, forbid_unknown_fields=True):
    """Which part of a history is wanted."""

    since: Since | None = None
    """Else seven days before its end."""
    until: Since | None = None
    limit: Annotated[int, Meta(ge=1, le=EVENTS)] = 100
    failures: Literal["0", "1"] = "0"
    """1: of the polls those that failed."""


class Reader(Struct, forbid_unknown_fields=True):
    """Who reads a card."""

    lang: Language = Language.ENGLISH


class Connections:
    """Answers for connections."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        read = partial(Operation, Access.READ)
        listed = read("List the connections", Where.SHOWN, query=Chosen, answer=documents_connections.Summaries)
        return [
            Way(PATH, partial(answered, self._listed), listed),
            self._way("", self._shown, read("Show a connection", answer=documents_connections.Connection)),
            self._way(
                "/history",
                self._history,
                read("Show what happened to a connection", query=Span, answer=documents_deeds.Happened),
            ),
            self._way(
                "/explain",
                self._explained,
                read("Explain how a connection is, and what to do", query=Reader, answer=documents_deeds.Card),
            ),
            *self._acts(),
            *Bringing(self._inside).routes(),
            *Renewing(self._inside).routes(),
        ]

    def _acts(self) -> list[Route]:
        operate = partial(Operation, Access.OPERATE)
        tried = operate("Check a connection live", answer=Trial)
        polled = operate("Have a connection polled now", answer=documents_deeds.Asked, statuses=(202,))
        return [self._way("/test", self._tried, tried, "POST"), self._way("/poll", self._polled, polled, "POST")]

    def _way(self, path: str, answer: Answerer, operation: Operation, method: str = "GET") -> Route:
        """Return a path of one connection."""
        answerer = partial(answered, partial(self._of, answer))
        return Way(f"{PATH}/{{name}}{path}", answerer, replace(operation, where=Where.PATH), method)

    async def _listed(self, request: Request) -> Response:
        wanted, caller = asked(request, Chosen, "?environment=production&state=ok&source=file"), caller_of(request)
        if isinstance(wanted, Response):
            return wanted
        sources = self._inside.tenants.sources()
        seen = [summary(each, sources) for each in self._inside.status().connections if caller.sees(each.name)]
        asks = asdict(wanted)
        chosen = [each for each in seen if all(value in {None, each[name]} for name, value in asks.items())]
        return document({"connections": chosen, "total": len(seen)})

    async def _of(self, answer: Answerer, request: Request) -> Response:
        """Answer for one connection; one that is not there is told as a problem."""
        name = request.path_params["name"]
        found = next((each for each in self._inside.status().connections if each.name == name), None)
        if found is None:
            return refused(request, 404, f'there is no connection "{name}"', f"GET {PATH} lists them")
        return await answer(request, found)

    async def _shown(self, _request: Request, found: ConnectionStatus) -> Response:
        return document(await whole(self._inside, found))

    async def _history(self, request: Request, found: ConnectionStatus) -> Response:
        wanted, now = asked(request, Span, f"{_MOMENT}&until=…&limit=100"), self._inside.clock.now()
        if isinstance(wanted, Response):
            return wanted
        try:
            until = now + 1 if wanted.until is None else _moment(wanted.until)
            since = max(0, until - _SPAN if wanted.since is None else _moment(wanted.since))
            span = {"since": moment(since), "until": moment(until)}
        except (ValueError, OverflowError):
            return refused(request, 400, "this is no stretch of time", f"{_MOMENT}&until=…&limit=100")
        if since >= until:
            return refused(request, 400, "nothing lies in this stretch", f"{_MOMENT}&until=… after it")
        stretch = Stretch(found.name, since, until, wanted.limit, failures=wanted.failures == "1")
        events = await self._inside.tenants.history(stretch)
        return document({"connection": found.name, **span, "events": [of_event(each) for each in events]})

    async def _explained(self, request: Request, found: ConnectionStatus) -> Response:
        reader = asked(request, Reader, "lang=en or lang=fr")
        if isinstance(reader, Response):
            return reader
        now = self._inside.clock.now()
        flips = await self._inside.tenants.flips(found.name, now - BEFORE * _DAY)
        reached = located(self._inside.status().connections).get(found.name, Reached(Scope.TENANT))
        return document(of_card(card(found, reached, flips, now, reader.lang)))

    async def _tried(self, request: Request, found: ConnectionStatus) -> Response:
        try:
            trial = await self._inside.tenants.try_(found.name)
        except KeyError:
            return _not_polled(request, found)
        return document(of_trial(trial, named(found)))

    async def _polled(self, request: Request, found: ConnectionStatus) -> Response:
        try:
            self._inside.tenants.ask(found.name)
        except KeyError:
            return _not_polled(request, found)
        says = f'"{found.name}" is polled as soon as its limits let it be: see last_poll of its resources'
        answer = document({"says": says, "_links": links(found.name, None)})
        answer.status_code = 202
        return answer


def _not_polled(request: Request, found: ConnectionStatus) -> Response:
    return refused(request, 409, f'"{found.name}" is not polled any more', f"GET {PATH} lists those that are")


def _moment(text: str) -> int:
    """Read a day or a moment, in UTC where it names no zone; raises `ValueError` and `OverflowError`."""
    read = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not quoted
    zoned = read if read.tzinfo else read.replace(tzinfo=UTC)
    return (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
