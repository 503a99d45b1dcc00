"""Alerts and drifts as documents, and what a person decides of them.

A drift is an alert seen from its cause: both have the same id. Decisions are taken by POST with a JSON object: ``by``,
``reason``, and for a mute ``until`` (RFC 3339) or ``seconds``.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.alerts.model import Alert
from driftd.core.decision import Action, Decision
from driftd.core.document import of_alert
from driftd.core.explained import Place, place_of
from driftd.errors import DecisionError, StoreError
from driftd.faces.http.daemon import foreign
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import refused

Answerer: TypeAlias = Callable[[Request], Awaitable[Response]]
DAY: Final = 86_400_000
LONGEST: Final = 90 * DAY
"""How far ahead a mute may end."""
_OF_ALERTS: Final = (Action.MUTE,)
_OF_DRIFTS: Final = tuple(Action)


class _Body(Struct, forbid_unknown_fields=True):
    """What a decision comes with."""

    reason: str
    by: str = "api"
    until: datetime | None = None
    seconds: float | None = None


class Alerts:
    """Answers for alerts and drifts."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        made = []
        for name, actions in (("alerts", _OF_ALERTS), ("drifts", _OF_DRIFTS)):
            made += [Route(f"/api/v1/{name}", self.listed), Route(f"/api/v1/{name}/{{id}}", self.shown)]
            made += [
                Route(f"/api/v1/{name}/{{id}}/{action}", self._decide(action), methods=["POST"]) for action in actions
            ]
        return made

    async def listed(self, request: Request) -> Response:
        """List alerts, the open ones first; ``all=1`` adds those that ended within a day."""
        wanted = request.query_params
        since = self._inside.clock.now() - DAY if wanted.get("all") == "1" else None
        try:
            found = await self._inside.alerts(since)
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")
        chosen = [each for each in found if wanted.get("connection") in {None, each.drift.connection}]
        chosen = [each for each in chosen if wanted.get("resource") in {None, each.drift.resource}]
        return _json({"alerts": [self._document(each) for each in chosen]})

    async def shown(self, request: Request) -> Response:
        """Show one alert."""
        try:
            return _json(self._document(await self._inside.alert(request.path_params["id"])))
        except DecisionError as error:
            return refused(request, 404 if error.unknown else 409, str(error), error.hint)
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")

    def _decide(self, action: Action) -> Answerer:
        async def decided(request: Request) -> Response:
            if foreign(request):
                return refused(request, 403, "the request comes from another site", "ask from the command line")
            if request.headers.get("content-type", "").partition(";")[0] != "application/json":
                return refused(request, 415, "the body is not application/json", "send a JSON object with a reason")
            try:
                decision = self._decision(action, request.path_params["id"], await request.body())
                done = await self._inside.decide(decision)
            except (msgspec.MsgspecError, ValueError) as error:
                return refused(request, 400, str(error), 'send {"reason": "…", "by": "…"}; a mute takes "seconds" too')
            except DecisionError as error:
                return refused(request, 404 if error.unknown else 409, str(error), error.hint)
            except StoreError as error:
                return refused(request, 503, str(error), "see the log of the daemon")
            return _json({"alert": done.alert, "says": done.says})

        return decided

    def _decision(self, action: Action, alert: str, body: bytes) -> Decision:
        """Read a decision; raises `ValueError` with what is wrong."""
        said = msgspec.json.decode(body, type=_Body)
        return Decision(action, alert, said.by, said.reason, self._until(action, said))

    def _until(self, action: Action, said: _Body) -> int | None:
        if action is not Action.MUTE:
            return None
        now = self._inside.clock.now()
        if said.until is not None and said.until.tzinfo is None:
            raise ValueError('"until" names no time zone: end it with Z or an offset')
        until = round(said.until.timestamp() * 1000) if said.until else now + round((said.seconds or 0) * 1000)
        if not now < until <= now + LONGEST:
            raise ValueError('a mute ends later than now, and within 90 days: give "until" or "seconds"')
        return until

    def _document(self, alert: Alert) -> dict[str, object]:
        places = {each.name: Place(each.host, each.folder, each.port) for each in self._inside.status().connections}
        return of_alert(alert, place_of(alert, places), self._inside.clock.now())


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
