"""Alerts and drifts as documents, and what a person decides of them.

A drift is an alert seen from its cause: both have the same id. Decisions are taken by POST with a JSON object: ``by``,
``reason``, for a mute ``until`` (RFC 3339) or ``seconds``, for a release or keep ``candidates`` where only these
deletes are meant.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.alerts.search import is_drift
from driftd.core.casefile import of_alert, of_case
from driftd.core.decision import Action, Decision, check
from driftd.core.explained import Place, place_of
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

Answerer: TypeAlias = Callable[[Request], Awaitable[Response]]
DAY: Final = 86_400_000
_EXAMPLE: Final = '{"reason": "agreed with the customer", "by": "jo"}'
_EXAMPLE_OF_MUTE: Final = '{"reason": "known", "by": "jo", "seconds": 14400}, or "until": "2026-12-01T08:00:00Z"'


class _Body(Struct, forbid_unknown_fields=True):
    """What a decision comes with."""

    reason: str
    by: str = "api"
    until: datetime | None = None
    seconds: float | None = None
    candidates: str | None = None


class Alerts:
    """Answers for alerts and drifts."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        made = []
        for name, actions in (("alerts", (Action.MUTE,)), ("drifts", tuple(Action))):
            path = f"/api/v1/{name}"
            made += [Route(path, self._listed(drifts=name == "drifts")), Route(f"{path}/{{id}}", self._shown)]
            made += [Route(f"{path}/{{id}}/{action}", self._decide(action), methods=["POST"]) for action in actions]
        return made

    def _listed(self, *, drifts: bool) -> Answerer:
        async def listed(request: Request) -> Response:
            wanted = request.query_params
            since = self._inside.clock.now() - DAY if wanted.get("all") == "1" else None
            found = await self._inside.alerts(since)
            chosen = [each for each in found if wanted.get("connection") in {None, each.drift.connection}]
            chosen = [each for each in chosen if wanted.get("resource") in {None, each.drift.resource}]
            places, now = self._places(), self._inside.clock.now()
            told = [of_alert(each, place_of(each, places), now) for each in chosen if not drifts or is_drift(each)]
            return document({"alerts": told})

        return partial(_answered, listed)

    async def _shown(self, request: Request) -> Response:
        async def shown(request: Request) -> Response:
            case = await self._inside.case(request.path_params["id"])
            place = place_of(case.alert, self._places())
            return document(of_case(case, place, self._inside.clock.now()))

        return await _answered(shown, request)

    def _decide(self, action: Action) -> Answerer:
        async def decided(request: Request) -> Response:
            said = await sent(request, _Body, _EXAMPLE_OF_MUTE if action is Action.MUTE else _EXAMPLE)
            if isinstance(said, Response):
                return said
            decision = self._decision(action, request.path_params["id"], said)
            check(decision, self._inside.clock.now())
            done = await self._inside.decide(decision)
            return document({"alert": done.alert, "says": done.says})

        return partial(_answered, decided)

    def _decision(self, action: Action, alert: str, said: _Body) -> Decision:
        until = self._until(said) if action is Action.MUTE else None
        return Decision(action, alert, said.by, said.reason, until, said.candidates)

    def _until(self, said: _Body) -> int | None:
        """Return when a mute ends, epoch ms; raises `DecisionError` where it cannot be told."""
        wrong = partial(DecisionError, hint=f"send {_EXAMPLE_OF_MUTE}", invalid=True)
        if said.until is not None and said.until.tzinfo is None:
            raise wrong('"until" names no time zone: end it with Z or an offset')
        try:
            if said.until is not None:
                return round(said.until.timestamp() * 1000)
            return None if said.seconds is None else self._inside.clock.now() + round(said.seconds * 1000)
        except (OverflowError, ValueError) as error:
            raise wrong("the end of the mute is no time that can be told") from error

    def _places(self) -> dict[str, Place]:
        return {
            each.name: Place(each.host, each.folder, each.port, each.budget.timezone)
            for each in self._inside.status().connections
        }


async def _answered(answer: Answerer, request: Request) -> Response:
    """Answer; what cannot be done is told as a problem."""
    try:
        return await answer(request)
    except DecisionError as error:
        status = 404 if error.unknown else 400 if error.invalid else 409
        return refused(request, status, str(error), error.hint)
    except FencedError:
        raise
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")
