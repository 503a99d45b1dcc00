"""Alerts and drifts as documents, and what a person decides of them.

A drift is an alert seen from its cause: both have the same id. Decisions are taken by POST with a JSON object: ``by``,
``reason``, for a mute ``until`` (RFC 3339) or ``seconds``, for a release or keep ``candidates`` where only these
deletes are meant.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.alerts.search import is_drift
from driftd.core.card import place_in
from driftd.core.casefile import Case, of_alert, of_case
from driftd.core.decision import Action, Decision, check
from driftd.core.explained import Place, place_of
from driftd.errors import DecisionError
from driftd.faces.http import documents
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, asked, sent
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document
from driftd.faces.http.way import Answerer, Operation, Way, Where

DAY: Final = 86_400_000
_EXAMPLE: Final = '{"reason": "agreed with the customer", "by": "jo"}'
_EXAMPLE_OF_MUTE: Final = '{"reason": "known", "by": "jo", "seconds": 14400}, or "until": "2026-12-01T08:00:00Z"'


class DecisionBody(Struct, forbid_unknown_fields=True):
    """What a decision comes with."""

    reason: Reason
    by: By = "api"


class MuteBody(DecisionBody, forbid_unknown_fields=True, kw_only=True):
    """What a mute comes with: its end, or how long it is to be."""

    until: Annotated[datetime, Meta(tz=True)] | None = None
    seconds: Annotated[float, Meta(extra_json_schema={"exclusiveMinimum": 0})] | None = None


class SettlingBody(DecisionBody, forbid_unknown_fields=True, kw_only=True):
    """What a decision about held deletes comes with."""

    candidates: str | None = None
    """The hash of their set, where only these are meant."""


class Wanted(Struct, forbid_unknown_fields=True):
    """Which alerts are wanted."""

    connection: str | None = None
    resource: str | None = None
    all: Literal["0", "1"] = "0"
    """1: also those that ended within a day."""


_BODIES: Final[Mapping[Action, type[DecisionBody]]] = {
    Action.MUTE: MuteBody,
    Action.RELEASE: SettlingBody,
    Action.KEEP: SettlingBody,
}


class Alerts:
    """Answers for alerts and drifts."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        made: list[Route] = []
        for name, actions in (("alerts", (Action.MUTE,)), ("drifts", tuple(Action))):
            path, read = f"/api/v1/{name}", partial(Operation, Scope.READ, where=Where.SHOWN)
            listed = read(f"List the {name}", query=Wanted, answer=documents.Alerts)
            shown = read(f"Show one of the {name}", answer=documents.Case)
            made += [Way(path, self._listed(drifts=name == "drifts"), listed)]
            made += [Way(f"{path}/{{id}}", partial(answered, self._shown), shown)]
            made += [self._way(f"{path}/{{id}}/{action}", action, name) for action in actions]
        return made

    def _way(self, path: str, action: Action, name: str) -> Route:
        body = _BODIES.get(action, DecisionBody)
        what = f"Decide of one of the {name}: {action}"
        decided = Operation(Scope.OPERATE, what, Where.SHOWN, body=body, answer=documents.Decided)
        return Way(path, self._decide(action), decided, "POST")

    def _listed(self, *, drifts: bool) -> Answerer:
        async def listed(request: Request) -> Response:
            wanted, caller = asked(request, Wanted, "?connection=aldgate&resource=BPCUSTOMER&all=1"), caller_of(request)
            if isinstance(wanted, Response):
                return wanted
            since = self._inside.clock.now() - DAY if wanted.all == "1" else None
            found = [each for each in await self._inside.alerts(since) if caller.sees(each.drift.connection)]
            chosen = [each for each in found if wanted.connection in {None, each.drift.connection}]
            chosen = [each for each in chosen if wanted.resource in {None, each.drift.resource}]
            places, now = self._places(), self._inside.clock.now()
            told = [of_alert(each, place_of(each, places), now) for each in chosen if not drifts or is_drift(each)]
            return document({"alerts": told})

        return partial(answered, listed)

    async def _shown(self, request: Request) -> Response:
        case = await self._case(request)
        place = place_of(case.alert, self._places())
        return document(of_case(case, place, self._inside.clock.now()))

    async def _case(self, request: Request) -> Case:
        """Return the alert that the path names; raises `DecisionError`. What the caller may not see is not there."""
        id_, caller = request.path_params["id"], caller_of(request)
        if caller.connection is None:
            return await self._inside.case(id_)
        unknown = DecisionError(f'there is no alert "{id_}"', hint="give its whole id", unknown=True)
        try:
            case = await self._inside.case(id_)
        except DecisionError:  # how many others have an id that begins so is not told
            raise unknown from None
        if not caller.sees(case.alert.drift.connection):
            raise unknown
        return case

    def _decide(self, action: Action) -> Answerer:
        body = _BODIES.get(action, DecisionBody)

        async def decided(request: Request) -> Response:
            said = await sent(request, body, _EXAMPLE_OF_MUTE if action is Action.MUTE else _EXAMPLE)
            if isinstance(said, Response):
                return said
            bound = caller_of(request).connection is not None
            alert = (await self._case(request)).alert.id if bound else request.path_params["id"]
            decision = self._decision(action, alert, said)
            check(decision, self._inside.clock.now())
            done = await self._inside.decide(decision)
            return document({"alert": done.alert, "says": done.says})

        return partial(answered, decided)

    def _decision(self, action: Action, alert: str, said: DecisionBody) -> Decision:
        until = self._until(said) if isinstance(said, MuteBody) else None
        candidates = said.candidates if isinstance(said, SettlingBody) else None
        return Decision(action, alert, said.by, said.reason, until, candidates)

    def _until(self, said: MuteBody) -> int | None:
        """Return when a mute ends, epoch ms; raises `DecisionError` where it cannot be told."""
        wrong = partial(DecisionError, hint=f"send {_EXAMPLE_OF_MUTE}", invalid=True)
        try:
            if said.until is not None:
                return round(said.until.timestamp() * 1000)
            return None if said.seconds is None else self._inside.clock.now() + round(said.seconds * 1000)
        except (OverflowError, ValueError) as error:
            raise wrong("the end of the mute is no time that can be told") from error

    def _places(self) -> dict[str, Place]:
        return {each.name: place_in(each) for each in self._inside.status().connections}
