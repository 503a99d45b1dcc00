"""The HTTP surface as one ASGI application."""

from functools import cache, partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from driftd.core.access import Scope
from driftd.faces.http.alerts import Alerts
from driftd.faces.http.audit import Audit
from driftd.faces.http.connections import Connections
from driftd.faces.http.daemon import Daemon
from driftd.faces.http.documents import Target
from driftd.faces.http.erasures import Erasures
from driftd.faces.http.gate import Gate
from driftd.faces.http.guard import Guard
from driftd.faces.http.inside import Inside
from driftd.faces.http.keeping import Keeping
from driftd.faces.http.openapi import openapi
from driftd.faces.http.pausing import Pausing
from driftd.faces.http.probe import Discovery, Probe, Probed
from driftd.faces.http.reply import refused
from driftd.faces.http.safekeeping import Safekeeping
from driftd.faces.http.schema import Schemas
from driftd.faces.http.scrape import Families, Metrics
from driftd.faces.http.tokens import Tokens
from driftd.faces.http.way import TEXT, Operation, Way, Where


def application(inside: Inside, address: str, *, local: bool = False) -> ASGIApp:
    """Return the application; `address` is the host and port that it is served at.

    `local`: only our own user reaches it, who has to prove nothing.
    """
    gate = Gate(inside, local=local)
    app = Starlette(
        routes=gate.before(ways(inside, address)), exception_handlers={404: _unknown, 405: _not_so, 500: _bug}
    )
    app.router.redirect_slashes = False
    return Guard(app, inside.web, inside.entry.headers, inside.log)


def ways(inside: Inside, address: str) -> list[Route]:
    """Return every path, with who may take it and what it answers: a `Way` each."""
    daemon, metrics, probe, discovery = Daemon(inside), Metrics(inside), Probe(inside), Discovery(inside, address)
    text, read, operate = partial(Operation, answer=TEXT), Scope.READ, Scope.OPERATE
    front = Operation(read, "List the paths", Where.SHOWN, answer="text/html")
    exposed = partial(Operation, answer=f"{TEXT}, application/openmetrics-text")
    metric = exposed(read, "Expose metrics", Where.SHOWN, query=Families)
    probed = exposed(read, "Expose one connection", Where.SHOWN, query=Probed)
    targets = Operation(read, "List targets", Where.SHOWN, answer=list[Target])
    described = Operation(read, "Describe this API", Where.SHOWN, answer="application/json")

    async def describe(_request: Request) -> Response:
        return Response(told(tuple(inside.entry.schemes())), media_type="application/json")

    @cache
    def told(schemes: tuple[str, ...]) -> bytes:
        return openapi(routes, schemes)

    routes: list[Route] = [
        Way("/", daemon.front, front),
        Way("/metrics", metrics.answer, metric),
        Way("/probe", probe.answer, probed),
        Way("/openapi.json", describe, described),
        Way("/api/v1/sd", discovery.answer, targets),
        Way("/-/healthy", daemon.healthy, text(None, "Say that the process answers")),
        Way("/-/ready", daemon.ready, text(None, "Say whether everything is up")),
        Way("/-/reload", daemon.reload, text(operate, "Load the configuration anew"), "POST"),
        *Alerts(inside).routes(),
        *Schemas(inside).routes(),
        *Keeping(inside).routes(),
        *Erasures(inside).routes(),
        *Safekeeping(inside).routes(),
        *Connections(inside).routes(),
        *Pausing(inside).routes(),
        *Audit(inside).routes(),
        *Tokens(inside).routes(),
    ]
    return routes


async def _unknown(request: Request, _error: Exception) -> Response:
    return refused(request, 404, "there is nothing at this path", "/ lists the paths")


async def _bug(request: Request, _error: Exception) -> Response:
    return refused(request, 500, "internal error", "see the log of the daemon")  # where the guard has it written


async def _not_so(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    allowed = (headers or {}).get("Allow", "")
    return refused(request, 405, f"this path does not take {request.method}", f"it takes {allowed}", headers)
