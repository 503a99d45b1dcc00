"""The log of changes: who reads it, and its pruning by hand.

Both are asked for by POST with a JSON object, as the daemon alone writes the database.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.document import of_cursor
from driftd.core.retention import Cursor, nameable
from driftd.faces.http import documents
from driftd.faces.http.answering import answered
from driftd.faces.http.body import sent
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Operation, Way, Where

_EXAMPLE: Final = '{"after": 4711}, and "connection" and "resource" where it reads only theirs'


class NewCursor(Struct, forbid_unknown_fields=True):
    """Where a cursor is."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    connection: str | None = None
    resource: str | None = None


class Nothing(Struct, forbid_unknown_fields=True):
    """What needs no more words."""


class Keeping:
    """Answers for the log of changes."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        path, operate = "/api/v1/cursors", partial(Operation, Scope.OPERATE)
        listed = Operation(Scope.READ, "List who reads the log of changes", Where.SHOWN, answer=documents.Cursors)
        moved = operate("Make or move a cursor", Where.SHOWN, body=NewCursor, answer=documents.Cursor)
        gone = operate("Remove a cursor", Where.SHOWN, body=Nothing, answer=documents.Forgotten)
        pruned = operate("Prune the log for about a second", body=Nothing, answer=documents.Pruned)
        return [
            Way("/api/v1/db/prune", partial(answered, self._prune), pruned, "POST"),
            Way(path, partial(answered, self._listed), listed),
            Way(f"{path}/{{name}}", partial(answered, self._move), moved, "POST"),
            Way(f"{path}/{{name}}/forget", partial(answered, self._forget), gone, "POST"),
        ]

    async def _prune(self, request: Request) -> Response:
        said = await sent(request, Nothing, "{}")
        return said if isinstance(said, Response) else document(asdict(await self._inside.upkeep.prune()))

    async def _listed(self, request: Request) -> Response:
        now = self._inside.clock.now()
        return document({"cursors": [of_cursor(each, now) for each in await self._seen(request)]})

    async def _seen(self, request: Request) -> Sequence[Cursor]:
        """Return the cursors that the caller may see."""
        caller = caller_of(request)
        return [each for each in await self._inside.upkeep.cursors() if caller.sees(each.connection)]

    async def _move(self, request: Request) -> Response:
        name = request.path_params["name"]
        said = await sent(request, NewCursor, _EXAMPLE)
        if isinstance(said, Response):
            return said
        if not nameable(name):
            hint = 'up to 64 letters, digits and ".", "_", "-", such as "warehouse"'
            return refused(request, 400, "no cursor can be called so", hint)
        if (refusal := await self._not_theirs(request, name, said)) is not None:
            return refusal
        cursor = Cursor(name, said.after, self._inside.clock.now(), said.connection, said.resource)
        await self._inside.upkeep.move(cursor)
        return document(of_cursor(cursor, cursor.used_at))

    async def _not_theirs(self, request: Request, name: str, said: NewCursor) -> Response | None:
        """Refuse to make or move a cursor that the caller may not see."""
        caller = caller_of(request)
        if caller.connection is None:
            return None
        if not caller.sees(said.connection):
            hint = f'send "connection": "{caller.connection}"'
            return refused(request, 403, f'the credentials are for the connection "{caller.connection}" only', hint)
        taken = name in {each.name for each in await self._inside.upkeep.cursors() if not caller.sees(each.connection)}
        return refused(request, 409, f'another reader has the name "{name}"', "choose another") if taken else None

    async def _forget(self, request: Request) -> Response:
        name = request.path_params["name"]
        said = await sent(request, Nothing, "{}")
        if isinstance(said, Response):
            return said
        known = name in {each.name for each in await self._seen(request)}
        if not known or not await self._inside.upkeep.forget(name):
            return refused(request, 404, f'there is no cursor "{name}"', "GET /api/v1/cursors lists them")
        return document({"forgotten": name})
