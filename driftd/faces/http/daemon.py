"""The paths by which the daemon itself is watched and told."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

import driftd
from driftd.errors import ConfigError, DriftdError
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import refused

_PATHS: Final = (
    ("metrics", "Metrics"),
    ("openapi.json", "Paths, what they take and answer"),
    ("api/v1/sd", "Targets of /probe, for Prometheus' http_sd"),
    ("-/healthy", "Whether the process answers"),
    ("-/ready", "Whether it is ready"),
)


class Daemon:
    """Answers for the daemon itself."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def front(self, _request: Request) -> Response:
        """List the paths; links are relative, so that they also lead somewhere behind a proxy."""
        links = "".join(f'<li><a href="{path}">{text}</a></li>' for path, text in _PATHS)
        return HTMLResponse(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>driftd</title></head>'
            f"<body><h1>driftd</h1><p>Version {driftd.__version__}</p><ul>{links}</ul></body></html>\n",
        )

    async def healthy(self, _request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("driftd is healthy\n")

    async def ready(self, _request: Request) -> Response:
        """Say whether everything is up, or what is missing; tenants do not count."""
        missing = self._inside.missing()
        if missing is None:
            return PlainTextResponse("driftd is ready\n")
        return PlainTextResponse(f"driftd is not ready: {missing}\n", 503)

    async def reload(self, request: Request) -> Response:
        """Load the configuration anew."""
        if not self._inside.web().enable_reload:
            hint = "set enable_reload = true in [web], or send SIGHUP"
            return refused(request, 403, "reloading over HTTP is not enabled", hint)
        try:
            return PlainTextResponse(f"{await self._inside.reload()}\n")
        except ConfigError as error:
            return PlainTextResponse(f"{error}\n", 500)
        except DriftdError as error:
            return refused(request, 500, str(error), "see the log")


def foreign(request: Request) -> bool:
    """Tell whether a browser sent this on behalf of another site."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    return site not in {"same-origin", "none"} or (origin is not None and _netloc(origin) != request.headers["host"])


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
