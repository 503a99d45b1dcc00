"""``/probe``: one connection, from what is known of it or by a live check; and the list of targets for Prometheus."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import orjson
from anyio import Lock, move_on_after
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from driftd.core.status import ConnectionStatus
from driftd.faces.http.body import asked
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Check, Inside, Step
from driftd.faces.http.reply import Pieces, refused
from driftd.faces.metrics.exposition import encoded, negotiated
from driftd.faces.metrics.family import Family
from driftd.faces.metrics.probe import probe_families

REST: Final = 60.0
"""Seconds from the start of one live check of a connection to the next: between them the latest is told again."""
MARGIN: Final = 0.5
"""Seconds of the scraper's time that are left for the way back."""
TIMEOUT: Final = 10.0
"""Seconds, where the scraper does not say; Prometheus' own default."""
LONGEST: Final = 120.0
Switch: TypeAlias = Literal["0", "1", "false", "true"]
_ON: Final = frozenset({"1", "true"})
_HOW: Final = "name a connection: /probe?target=NAME; /api/v1/sd lists them"


class Probed(Struct, forbid_unknown_fields=True):
    """Which connection is to be probed, and how."""

    target: str
    fresh: Switch = "0"
    """Whether it is checked live."""
    debug: Switch = "0"
    """Whether the story of it is told as well."""


class _Live:
    """The latest live check of a connection."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.begun: float | None = None
        self.check = Check(success=False)
        self.seconds = 0.0


class Probe:
    """Answers probes."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._live: dict[str, _Live] = {}

    async def answer(self, request: Request) -> Response:
        """Answer one probe."""
        begun = self._inside.clock.monotonic()
        wanted = asked(request, Probed, _HOW)
        if isinstance(wanted, Response):
            return wanted
        name = wanted.target
        connection = self._connection(name) if caller_of(request).sees(name) else None
        if connection is None:
            return refused(request, 404 if name else 400, f'no connection is named "{_quoted(name)}"', _HOW)
        if wanted.fresh in _ON:
            live = await self._checked(name, _allowed(request))
            check, seconds = live.check, live.seconds
            connection = self._connection(name) or connection  # as it is after the check
        else:
            check = _known(connection)
            seconds = self._inside.clock.monotonic() - begun
        if wanted.debug in _ON:
            body = b"".join(encoded(self._families(connection, check, seconds), negotiated("")))
            return PlainTextResponse(_story(connection, check, seconds) + body.decode())
        form = negotiated(request.headers.get("accept", ""))
        families = self._families(connection, check, seconds)
        return Pieces(list(encoded(families, form)), form.content_type, {"vary": "accept"})

    def _connection(self, name: str) -> ConnectionStatus | None:
        return next((each for each in self._inside.status().connections if each.name == name), None)

    def _families(self, connection: ConnectionStatus, check: Check, seconds: float) -> Iterable[Family]:
        full = self._inside.web().metrics_detail == "full"
        return probe_families(connection, success=check.success, seconds=seconds, full=full)

    async def _checked(self, name: str, allowed: float) -> _Live:
        """Check a connection live, unless that was done within the minute; those who ask at once wait for the same."""
        names = {each.name for each in self._inside.status().connections}
        self._live = {each: live for each, live in self._live.items() if each in names}
        live = self._live.setdefault(name, _Live())
        with move_on_after(allowed):
            async with live.lock:
                begun = self._inside.clock.monotonic()
                if live.begun is None or begun - live.begun >= REST:
                    live.begun, live.check = begun, _late(allowed)
                    with move_on_after(allowed):
                        live.check = await self._inside.check(name)
                    live.seconds = self._inside.clock.monotonic() - begun
        return live


def _late(seconds: float) -> Check:
    return Check(success=False, steps=(Step("check", seconds, "did not end in time"),))


def _known(connection: ConnectionStatus) -> Check:
    """Return what the latest polls say."""
    trouble = connection.trouble
    said = [f"{connection.state} since {_moment(connection.since)}"]
    if trouble is not None:
        said.append(f"{trouble.reason}: {trouble.message}")
        said += [f"next: {trouble.hint}"] if trouble.hint else []
    resources = (
        Step(each.name, each.health.last_seconds, f"last success {_moment(each.health.last_success)}")
        for each in connection.resources
    )
    return Check(success=bool(connection.health.up), steps=(Step("state", 0.0, "\n".join(said)), *resources))


def _story(connection: ConnectionStatus, check: Check, seconds: float) -> str:
    lines = [f'connection "{connection.name}", folder "{connection.folder}" at {connection.host}']
    for step in check.steps:
        first, *more = step.said.splitlines() or [""]
        lines += [f"{step.seconds:8.3f} s  {step.name}: {first}", *(f"            {line}" for line in more)]
    verdict = "answered" if check.success else "did not answer as it must"
    return "\n".join([*lines, f"{seconds:8.3f} s  {verdict}", "", ""])


def _moment(at: int | None) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds") if at else "never"


def _allowed(request: Request) -> float:
    """Return how long a live check may take, seconds: what the scraper has, less the way back."""
    try:
        given = float(request.headers.get("x-prometheus-scrape-timeout-seconds", TIMEOUT))
    except ValueError:
        given = TIMEOUT
    return min(given - MARGIN, LONGEST) if given > MARGIN else MARGIN


def _quoted(name: str) -> str:
    text = "".join(c if c.isprintable() else "?" for c in name)
    return text if len(text) <= 60 else f"{text[:57]}…"


class Discovery:
    """Lists a target a connection, in the form of Prometheus' ``http_sd``."""

    def __init__(self, inside: Inside, address: str) -> None:
        self._inside = inside
        self._address = address
        """Host and port that the daemon listens on."""

    async def answer(self, request: Request) -> Response:
        """Answer with the list."""
        target, labels = self._way()
        found = [
            {"targets": [target], "labels": {**labels, "__param_target": each.name, "connection": each.name}}
            for each in self._inside.status().connections
            if caller_of(request).sees(each.name)
        ]
        return Response(orjson.dumps(found), media_type="application/json")

    def _way(self) -> tuple[str, dict[str, str]]:
        """Return how Prometheus comes here: as from outside, where that is configured."""
        external = self._inside.web().external_url
        if external is None:
            return self._address, {"__metrics_path__": "/probe"}
        url = urlsplit(external)
        return url.netloc, {"__scheme__": url.scheme, "__metrics_path__": f"{url.path.rstrip('/')}/probe"}
