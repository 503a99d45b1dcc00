"""The audit log: what persons did, newest first, page by page.

``connection``, ``since`` (RFC 3339) and ``limit`` choose; ``before`` takes the ``next`` of the page before.
"""

import re
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.casefile import of_deed
from driftd.errors import DecisionError, StoreError
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused
from driftd.ports import Pages

MOST: Final = 1_000
"""Rows of a page."""
_KNOWN: Final = frozenset({"connection", "since", "limit", "before"})


class Audit:
    """Answers for the audit log."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        return [Route("/api/v1/audit", self._listed)]

    async def _listed(self, request: Request) -> Response:
        try:
            pages = _asked(dict(request.query_params))
            found = await self._inside.audit(pages)
        except DecisionError as error:
            return refused(request, 400, str(error), error.hint)
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")
        last = found[-1] if len(found) == pages.limit else None
        more = None if last is None else f"{last.deed.at}-{last.number}"
        return document({"audit": [of_deed(each.deed) for each in found], "next": more})


def _asked(said: dict[str, str]) -> Pages:
    """Return which rows are asked for; raises `DecisionError`."""
    for name in said.keys() - _KNOWN:
        raise _wrong(f'"{name}" is not known', f"ask by {', '.join(sorted(_KNOWN))}")
    limit, before = said.get("limit", "100"), said.get("before")
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= MOST:
        raise _wrong(f'"limit" is no number from 1 to {MOST}', "ask for fewer, and for the rest by next")
    place = None if before is None else re.fullmatch("([0-9]{1,18})-([0-9]{1,18})", before)
    if before is not None and place is None:
        raise _wrong('"before" is no place in the log', 'take the "next" of the page before')
    since = said.get("since")
    return Pages(
        int(limit),
        said.get("connection"),
        0 if since is None else _moment(since),
        None if place is None else (int(place[1]), int(place[2])),
    )


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return max(0, round(at.timestamp() * 1000))
    except (ValueError, OverflowError):
        pass
    raise _wrong('"since" is no time with a zone', "such as 2026-11-25T08:00:00Z")


def _wrong(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
