"""The HTTP surface as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from driftd.faces.http.alerts import Alerts
from driftd.faces.http.connections import Connections
from driftd.faces.http.daemon import Daemon
from driftd.faces.http.erasures import Erasures
from driftd.faces.http.guard import Guard
from driftd.faces.http.inside import Inside
from driftd.faces.http.keeping import Keeping
from driftd.faces.http.probe import Discovery, Probe
from driftd.faces.http.reply import refused
from driftd.faces.http.safekeeping import Safekeeping
from driftd.faces.http.schema import Schemas
from driftd.faces.http.scrape import Metrics


def application(inside: Inside, address: str) -> ASGIApp:
    """Return the application; `address` is the host and port that it is served at."""
    daemon, metrics, probe, discovery = Daemon(inside), Metrics(inside), Probe(inside), Discovery(inside, address)
    routes = [
        Route("/", daemon.front),
        Route("/metrics", metrics.answer),
        Route("/probe", probe.answer),
        Route("/api/v1/sd", discovery.answer),
        Route("/-/healthy", daemon.healthy),
        Route("/-/ready", daemon.ready),
        Route("/-/reload", daemon.reload, methods=["POST"]),
        *Alerts(inside).routes(),
        *Schemas(inside).routes(),
        *Keeping(inside).routes(),
        *Erasures(inside).routes(),
        *Safekeeping(inside).routes(),
        *Connections(inside).routes(),
    ]
    app = Starlette(routes=routes, exception_handlers={404: _unknown, 405: _not_so})
    app.router.redirect_slashes = False
    return Guard(app, inside.web, inside.log)


async def _unknown(request: Request, _error: Exception) -> Response:
    return refused(request, 404, "there is nothing at this path", "/ lists the paths")


async def _not_so(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    allowed = (headers or {}).get("Allow", "")
    return refused(request, 405, f"this path does not take {request.method}", f"it takes {allowed}", headers)
