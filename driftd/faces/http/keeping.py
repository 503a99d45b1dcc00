"""The log of changes: who reads it, and its pruning by hand.

Both are asked for by POST with a JSON object, as the daemon alone writes the database.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.document import of_cursor
from driftd.core.retention import Cursor, nameable
from driftd.errors import DecisionError, FencedError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

Answerer: TypeAlias = Callable[[Request], Awaitable[Response]]
_EXAMPLE: Final = '{"after": 4711}, and "connection" and "resource" where it reads only theirs'


class _Place(Struct, forbid_unknown_fields=True):
    """Where a cursor is."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    connection: str | None = None
    resource: str | None = None


class _Nothing(Struct, forbid_unknown_fields=True):
    """What needs no more words."""


class Keeping:
    """Answers for the log of changes."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        path = "/api/v1/cursors"
        return [
            Route("/api/v1/db/prune", partial(_answered, self._prune), methods=["POST"]),
            Route(path, partial(_answered, self._listed)),
            Route(f"{path}/{{name}}", partial(_answered, self._move), methods=["POST"]),
            Route(f"{path}/{{name}}/forget", partial(_answered, self._forget), methods=["POST"]),
        ]

    async def _prune(self, request: Request) -> Response:
        said = await sent(request, _Nothing, "{}")
        return said if isinstance(said, Response) else document(asdict(await self._inside.upkeep.prune()))

    async def _listed(self, _request: Request) -> Response:
        now = self._inside.clock.now()
        return document({"cursors": [of_cursor(each, now) for each in await self._inside.upkeep.cursors()]})

    async def _move(self, request: Request) -> Response:
        name = request.path_params["name"]
        said = await sent(request, _Place, _EXAMPLE)
        if isinstance(said, Response):
            return said
        if not nameable(name):
            hint = 'up to 64 letters, digits and ".", "_", "-", such as "warehouse"'
            return refused(request, 400, "no cursor can be called so", hint)
        cursor = Cursor(name, said.after, self._inside.clock.now(), said.connection, said.resource)
        await self._inside.upkeep.move(cursor)
        return document(of_cursor(cursor, cursor.used_at))

    async def _forget(self, request: Request) -> Response:
        name = request.path_params["name"]
        said = await sent(request, _Nothing, "{}")
        if isinstance(said, Response):
            return said
        if not await self._inside.upkeep.forget(name):
            return refused(request, 404, f'there is no cursor "{name}"', "GET /api/v1/cursors lists them")
        return document({"forgotten": name})


async def _answered(answer: Answerer, request: Request) -> Response:
    """Answer; what cannot be done is told as a problem."""
    try:
        return await answer(request)
    except DecisionError as error:
        return refused(request, 400 if error.invalid else 409, str(error), error.hint)
    except FencedError:
        raise
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")
