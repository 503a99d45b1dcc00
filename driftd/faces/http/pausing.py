"""Connections that are paused, resumed or maintained, by POST with a JSON object.

``reason`` and ``by``; of a pause or a window of maintenance its end, as ``until`` (RFC 3339) or ``seconds`` from its
beginning; of a window ``from``, where it is not to begin at once, or ``cancel``. What was so already stays as it was,
so that the same request may be sent again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.decision import Word
from driftd.core.document import of_pause, of_window
from driftd.core.pausing import Directive, Turn
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

_WORD: Final = '"reason": "stocktaking", "by": "jo"'
_PAUSE: Final = f'{{{_WORD}, "seconds": 14400}}, or "until": "2026-12-01T08:00:00Z"'
_WINDOW: Final = f'{{{_WORD}, "from": "2026-12-01T06:00:00Z", "seconds": 7200}}, or "until", or "cancel": true'


class _Pause(Struct, forbid_unknown_fields=True):
    reason: str
    by: str = "api"
    until: datetime | None = None
    seconds: float | None = None


class _Resumption(Struct, forbid_unknown_fields=True):
    reason: str = "resumed"
    by: str = "api"


class _Window(Struct, forbid_unknown_fields=True):
    reason: str
    by: str = "api"
    begins: datetime | None = field(default=None, name="from")
    until: datetime | None = None
    seconds: float | None = None
    cancel: bool = False


B = TypeVar("B", _Pause, _Resumption, _Window)


class Pausing:
    """Answers for connections that are put aside."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        return [
            self._route("pause", _Pause, _PAUSE, self._pause),
            self._route("resume", _Resumption, f"{{{_WORD}}}", self._resume),
            self._route("maintenance", _Window, _WINDOW, self._window),
        ]

    def _route(self, name: str, kind: type[B], example: str, order: Callable[[B], Directive]) -> Route:
        async def directed(request: Request) -> Response:
            said = await sent(request, kind, example)
            if isinstance(said, Response):
                return said
            return await self._directed(request.path_params["name"], order(said))

        return Route(f"/api/v1/connections/{{name}}/{name}", partial(_answered, directed), methods=["POST"])

    async def _directed(self, name: str, order: Directive) -> Response:
        says, aside = await self._inside.direct(name, order)
        now = self._inside.clock.now()
        put = {"pause": of_pause(aside.pause, now), "maintenance": of_window(aside.maintenance, now)}
        return document({"connection": name, "says": says, **put})

    def _pause(self, said: _Pause) -> Directive:
        until = self._until(said.until, said.seconds, self._inside.clock.now())
        return Directive(Turn.PAUSE, Word(said.by, said.reason), until)

    def _resume(self, said: _Resumption) -> Directive:
        return Directive(Turn.RESUME, Word(said.by, said.reason))

    def _window(self, said: _Window) -> Directive:
        word = Word(said.by, said.reason)
        if said.cancel:
            if (said.begins, said.until, said.seconds) != (None, None, None):
                raise _wrong('a window that is cancelled has no "from", "until" or "seconds"')
            return Directive(Turn.CANCEL, word)
        since = None if said.begins is None else _moment("from", said.begins)
        until = self._until(said.until, said.seconds, self._inside.clock.now() if since is None else since)
        return Directive(Turn.MAINTENANCE, word, until, since)

    def _until(self, until: datetime | None, seconds: float | None, since: int) -> int | None:
        """Return when something ends that begins at `since` (epoch ms); raises `DecisionError` where none can tell."""
        if until is not None and seconds is not None:
            raise _wrong('"until" and "seconds" exclude each other')
        if until is not None:
            return _moment("until", until)
        try:
            return None if seconds is None else since + round(seconds * 1000)
        except (OverflowError, ValueError) as error:
            raise _wrong('"seconds" is no time that can be told') from error


def _moment(name: str, at: datetime) -> int:
    """Return a time as epoch ms; raises `DecisionError` for one without a zone."""
    if at.tzinfo is None:
        raise _wrong(f'"{name}" names no time zone')
    try:
        return round(at.timestamp() * 1000)
    except (OverflowError, ValueError) as error:
        raise _wrong(f'"{name}" is no time that can be told') from error


def _wrong(message: str) -> DecisionError:
    hint = 'end times with Z or an offset, such as "2026-12-01T08:00:00Z", or send "seconds": 14400'
    return DecisionError(message, hint=hint, invalid=True)


async def _answered(answer: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """Answer; what cannot be done is told as a problem."""
    try:
        return await answer(request)
    except DecisionError as error:
        return refused(request, 404 if error.unknown else 400 if error.invalid else 409, str(error), error.hint)
    except FencedError:
        raise
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")
