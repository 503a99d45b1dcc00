"""The audit log: what persons and programs did, newest first, page by page.

``connection``, ``since`` (RFC 3339) and ``limit`` choose; ``before`` takes the ``next`` of the page before. A caller
who is bound to one connection reads what was done to that one.
"""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.casefile import of_deed
from driftd.errors import DecisionError
from driftd.faces.http import documents_deeds
from driftd.faces.http.answering import answered
from driftd.faces.http.body import asked
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document
from driftd.faces.http.way import Operation, Way, Where
from driftd.ports import Pages

MOST: Final = 1_000
"""Rows of a page."""
_EXAMPLE: Final = '?connection=aldgate&since=2026-11-25T08:00:00Z&limit=100, and "before" with the "next" of a page'


class Page(Struct, forbid_unknown_fields=True):
    """Which rows are wanted."""

    connection: str | None = None
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100
    before: Annotated[str, Meta(pattern="^[0-9]{1,18}-[0-9]{1,18}$")] | None = None
    """The ``next`` of the page before."""


class Audit:
    """Answers for the audit log."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        listed = Operation(
            Scope.READ, "List what was done, and by whom", Where.SHOWN, query=Page, answer=documents_deeds.Audit
        )
        return [Way("/api/v1/audit", partial(answered, self._listed), listed)]

    async def _listed(self, request: Request) -> Response:
        page, bound = asked(request, Page, _EXAMPLE), caller_of(request).connection
        if isinstance(page, Response):
            return page
        if bound is not None and page.connection not in {None, bound}:
            return document({"audit": [], "next": None})  # as of one that is not there
        pages = _pages(page, bound or page.connection)
        found = await self._inside.audit(pages)
        last = found[-1] if len(found) == pages.limit else None
        more = None if last is None else f"{last.deed.at}-{last.number}"
        return document({"audit": [of_deed(each.deed) for each in found], "next": more})


def _pages(page: Page, connection: str | None) -> Pages:
    """Return which rows are asked for; raises `DecisionError`."""
    at, _, number = (page.before or "").partition("-")
    since = 0 if page.since is None else _moment(page.since)
    return Pages(page.limit, connection, since, (int(at), int(number)) if page.before else None)


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return max(0, round(at.timestamp() * 1000))
    except (ValueError, OverflowError):
        pass
    raise DecisionError('"since" is no time with a zone', hint="such as 2026-11-25T08:00:00Z", invalid=True)
