"""Connections that are paused, resumed or maintained, by POST with a JSON object.

``reason`` and ``by``; of a pause or a window of maintenance its end, as ``until`` (RFC 3339) or ``seconds`` from its
beginning; of a window ``from``, where it is not to begin at once, or ``cancel``. What was so already stays as it was,
so that the same request may be sent again.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final, TypeAlias, TypeVar

from msgspec import Meta, Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.decision import Word
from driftd.core.document import of_pause, of_window
from driftd.core.pausing import Directive, Turn
from driftd.errors import DecisionError
from driftd.faces.http import documents_deeds
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document
from driftd.faces.http.way import Answerer, Operation, Way, Where

_WORD: Final = '"reason": "stocktaking", "by": "jo"'
_PAUSE: Final = f'{{{_WORD}, "seconds": 14400}}, or "until": "2026-12-01T08:00:00Z"'
_WINDOW: Final = f'{{{_WORD}, "from": "2026-12-01T06:00:00Z", "seconds": 7200}}, or "until", or "cancel": true'
Zoned: TypeAlias = Annotated[datetime, Meta(tz=True)]
Seconds: TypeAlias = Annotated[float, Meta(extra_json_schema={"exclusiveMinimum": 0})]


class PauseBody(Struct, forbid_unknown_fields=True):
    """The word that a connection is not to be polled."""

    reason: Reason
    by: By = "api"
    until: Zoned | None = None
    seconds: Seconds | None = None


class ResumptionBody(Struct, forbid_unknown_fields=True):
    """The word that a connection is to be polled again."""

    reason: Reason = "resumed"
    by: By = "api"


class WindowBody(Struct, forbid_unknown_fields=True):
    """The word that a connection is maintained for a time, or is not after all."""

    reason: Reason
    by: By = "api"
    begins: Zoned | None = field(default=None, name="from")
    until: Zoned | None = None
    seconds: Seconds | None = None
    cancel: bool = False


B = TypeVar("B", PauseBody, ResumptionBody, WindowBody)


class Pausing:
    """Answers for connections that are put aside."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        operate = partial(Operation, Scope.OPERATE, where=Where.PATH, answer=documents_deeds.Aside)
        pause, resume = operate("Pause a connection", body=PauseBody), operate("Resume it", body=ResumptionBody)
        window = operate("Maintain a connection for a time", body=WindowBody)
        return [
            self._way("pause", pause, self._ordered(PauseBody, _PAUSE, self._pause)),
            self._way("resume", resume, self._ordered(ResumptionBody, f"{{{_WORD}}}", self._resume)),
            self._way("maintenance", window, self._ordered(WindowBody, _WINDOW, self._window)),
        ]

    def _way(self, name: str, operation: Operation, answer: Answerer) -> Route:
        return Way(f"/api/v1/connections/{{name}}/{name}", partial(answered, answer), operation, "POST")

    def _ordered(self, kind: type[B], example: str, order: Callable[[B], Directive]) -> Answerer:
        async def directed(request: Request) -> Response:
            said = await sent(request, kind, example)
            if isinstance(said, Response):
                return said
            return await self._directed(request.path_params["name"], order(said))

        return directed

    async def _directed(self, name: str, order: Directive) -> Response:
        says, aside = await self._inside.direct(name, order)
        now = self._inside.clock.now()
        put = {"pause": of_pause(aside.pause, now), "maintenance": of_window(aside.maintenance, now)}
        return document({"connection": name, "says": says, **put})

    def _pause(self, said: PauseBody) -> Directive:
        until = self._until(said.until, said.seconds, self._inside.clock.now())
        return Directive(Turn.PAUSE, Word(said.by, said.reason), until)

    def _resume(self, said: ResumptionBody) -> Directive:
        return Directive(Turn.RESUME, Word(said.by, said.reason))

    def _window(self, said: WindowBody) -> Directive:
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
    """Return a time as epoch ms; raises `DecisionError` for one that cannot be told."""
    try:
        return round(at.timestamp() * 1000)
    except (OverflowError, ValueError) as error:
        raise _wrong(f'"{name}" is no time that can be told') from error


def _wrong(message: str) -> DecisionError:
    hint = 'end times with Z or an offset, such as "2026-12-01T08:00:00Z", or send "seconds": 14400'
    return DecisionError(message, hint=hint, invalid=True)
