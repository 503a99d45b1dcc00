"""The history of a resource's schema, and the differences of any two versions."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.casefile import of_history
from driftd.core.document import Document
from driftd.core.schema.history import between, version
from driftd.core.schema.model import SchemaVersion, Source
from driftd.errors import DecisionError, StoreError
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

_HINT = "?from=1&to=2, and source=declared for what the tenant declares"


class Schemas:
    """Answers for schemas."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        return [Route("/api/v1/connections/{name}/schema/{resource}", self.shown)]

    async def shown(self, request: Request) -> Response:
        """Show the versions, and with ``from`` and ``to`` the differences of two of one source."""
        name, resource = request.path_params["name"], request.path_params["resource"]
        known = {each.name: each for each in self._inside.status().connections}
        if name not in known:
            return refused(request, 404, f'there is no connection "{name}"', "/metrics names them")
        if resource not in {each.name for each in known[name].resources}:
            return refused(request, 404, f'"{name}" has no resource "{resource}"', "/metrics names them")
        try:
            found = _told(await self._inside.versions(name, resource), request.query_params)
        except DecisionError as error:
            return refused(request, 404, str(error), error.hint)
        except ValueError:
            return refused(request, 400, "these are no two versions of a schema", _HINT)
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")
        return document({"connection": name, "resource": resource, **found})


def _told(versions: Sequence[SchemaVersion], wanted: Mapping[str, str]) -> Document:
    """Return what is asked for; raises `ValueError` where that is nothing that can be, `DecisionError` what is not."""
    if "from" not in wanted and "to" not in wanted:
        return of_history(versions)
    source = Source(wanted.get("source", Source.LEARNT))
    before, after = (version(versions, source, int(wanted.get(each, ""))) for each in ("from", "to"))
    return of_history(versions, (before, after), between(before, after))
