"""Connections as documents: how each is, what happened to it, what to do; and what is tried and asked of it by POST.

What changes them is in `bringing`.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.card import BEFORE, card
from driftd.core.document import moment, of_card
from driftd.core.drift import Scope
from driftd.core.status import ConnectionStatus, Reached, located
from driftd.core.words import Language
from driftd.errors import FencedError, StoreError
from driftd.faces.history import of_event
from driftd.faces.http.bringing import Bringing
from driftd.faces.http.daemon import foreign
from driftd.faces.http.inside import Inside, Stretch
from driftd.faces.http.linked import PATH, links, of_trial, summary, whole
from driftd.faces.http.reply import document, refused

EVENTS: Final = 1_000
"""Of one answer of history, at most."""
_DAY: Final = 86_400_000
_SPAN: Final = 7 * _DAY
"""Of history, where nothing else is asked for."""
_FILTERS: Final = ("environment", "state", "host", "customer", "source")
_MOMENT: Final = "such as since=2026-11-25T08:00:00Z, or 2026-11-25"
Answerer: TypeAlias = Callable[[Request, ConnectionStatus], Awaitable[Response]]


class Connections:
    """Answers for connections."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        of, change = f"{PATH}/{{name}}", Bringing(self._inside)
        return [
            _route(PATH, GET=self._listed, POST=change.posted),
            _route(of, GET=partial(self._of, self._shown), PUT=change.put, DELETE=change.deleted),
            Route(f"{of}/history", partial(self._of, self._history)),
            Route(f"{of}/explain", partial(self._of, self._explained)),
            Route(f"{of}/test", partial(self._of, self._tried), methods=["POST"]),
            Route(f"{of}/poll", partial(self._of, self._polled), methods=["POST"]),
        ]

    async def _listed(self, request: Request) -> Response:
        sources, wanted = self._inside.tenants.sources(), request.query_params
        shown = [summary(each, sources) for each in self._inside.status().connections]
        chosen = [each for each in shown if all(wanted.get(name) in {None, each[name]} for name in _FILTERS)]
        return document({"connections": chosen, "total": len(shown)})

    async def _of(self, answer: Answerer, request: Request) -> Response:
        """Answer for one connection; one that is not there is told as a problem."""
        name = request.path_params["name"]
        found = next((each for each in self._inside.status().connections if each.name == name), None)
        if found is None:
            return refused(request, 404, f'there is no connection "{name}"', f"GET {PATH} lists them")
        try:
            return await answer(request, found)
        except FencedError:
            raise
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")

    async def _shown(self, _request: Request, found: ConnectionStatus) -> Response:
        return document(await whole(self._inside, found))

    async def _history(self, request: Request, found: ConnectionStatus) -> Response:
        wanted, now = request.query_params, self._inside.clock.now()
        try:
            until = _moment(wanted["until"]) if "until" in wanted else now + 1
            since = _moment(wanted["since"]) if "since" in wanted else until - _SPAN
            limit = int(wanted.get("limit", 100))
        except (ValueError, OverflowError):
            return refused(request, 400, "this is no stretch of time, or no limit", f"{_MOMENT}&until=…&limit=100")
        if since >= until or not 1 <= limit <= EVENTS:
            hint = f"{_MOMENT}&until=… after it, and limit from 1 to {EVENTS}"
            return refused(request, 400, "nothing lies in this stretch, or within this limit", hint)
        stretch = Stretch(found.name, since, until, limit, failures=wanted.get("failures") == "1")
        events = await self._inside.tenants.history(stretch)
        span = {"since": moment(since), "until": moment(until)}
        return document({"connection": found.name, **span, "events": [of_event(each) for each in events]})

    async def _explained(self, request: Request, found: ConnectionStatus) -> Response:
        try:
            language = Language(request.query_params.get("lang", Language.ENGLISH))
        except ValueError:
            return refused(request, 400, "the card is in no such language", "lang=en or lang=fr")
        now = self._inside.clock.now()
        flips = await self._inside.tenants.flips(found.name, now - BEFORE * _DAY)
        reached = located(self._inside.status().connections).get(found.name, Reached(Scope.TENANT))
        return document(of_card(card(found, reached, flips, now, language)))

    async def _tried(self, request: Request, found: ConnectionStatus) -> Response:
        if foreign(request):
            return refused(request, 403, "the request comes from another site", "ask from the command line")
        try:
            trial = await self._inside.tenants.try_(found.name)
        except KeyError:
            return refused(request, 409, f'"{found.name}" is not polled any more', f"GET {PATH} lists those that are")
        return document(of_trial(trial, found.host, found.folder))

    async def _polled(self, request: Request, found: ConnectionStatus) -> Response:
        if foreign(request):
            return refused(request, 403, "the request comes from another site", "ask from the command line")
        try:
            self._inside.tenants.ask(found.name)
        except KeyError:
            return refused(request, 409, f'"{found.name}" is not polled any more', f"GET {PATH} lists those that are")
        says = f'"{found.name}" is polled as soon as its limits let it be: see last_poll of its resources'
        answer = document({"says": says, "_links": links(found.name, None)})
        answer.status_code = 202
        return answer


def _route(path: str, **answers: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return a path with an answer for each method."""

    async def answered(request: Request) -> Response:
        return await answers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answered, methods=list(answers))


def _moment(text: str) -> int:
    """Read a day or a moment, in UTC where it names no zone; raises `ValueError` and `OverflowError`."""
    read = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not quoted
    zoned = read if read.tzinfo else read.replace(tzinfo=UTC)
    return (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
