"""The history of a resource's schema, and the differences of any two versions."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.casefile import of_history
from driftd.core.document import Document
from driftd.core.schema.history import between, version
from driftd.core.schema.model import SchemaVersion, Source
from driftd.errors import DecisionError
from driftd.faces.http import documents
from driftd.faces.http.answering import answered
from driftd.faces.http.body import asked
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Operation, Way, Where

_HINT = "?from=1&to=2, and source=declared for what the tenant declares"


class Versions(Struct, forbid_unknown_fields=True):
    """Two versions of a schema."""

    before: int | None = field(name="from", default=None)
    after: int | None = field(name="to", default=None)
    source: Source = Source.LEARNT


class Schemas:
    """Answers for schemas."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        shown = Operation(
            Scope.READ,
            "Show the versions of a schema, and the differences of two",
            Where.PATH,
            query=Versions,
            answer=documents.History,
        )
        return [Way("/api/v1/connections/{name}/schema/{resource}", partial(answered, self.shown), shown)]

    async def shown(self, request: Request) -> Response:
        """Show the versions, and with ``from`` and ``to`` the differences of two of one source."""
        name, resource = request.path_params["name"], request.path_params["resource"]
        known = {each.name: each for each in self._inside.status().connections}
        if name not in known:
            return refused(request, 404, f'there is no connection "{name}"', "/metrics names them")
        if resource not in {each.name for each in known[name].resources}:
            return refused(request, 404, f'"{name}" has no resource "{resource}"', "/metrics names them")
        wanted = asked(request, Versions, _HINT)
        if isinstance(wanted, Response):
            return wanted
        found = _told(await self._inside.versions(name, resource), wanted)
        return document({"connection": name, "resource": resource, **found})


def _told(versions: Sequence[SchemaVersion], wanted: Versions) -> Document:
    """Return what is asked for; raises `DecisionError` where that is nothing that can be, or is not there."""
    if wanted.before is None and wanted.after is None:
        return of_history(versions)
    if wanted.before is None or wanted.after is None:
        raise DecisionError("these are no two versions of a schema", hint=_HINT, invalid=True)
    before, after = (version(versions, wanted.source, each) for each in (wanted.before, wanted.after))
    return of_history(versions, (before, after), between(before, after))
