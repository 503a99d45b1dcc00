"""A connection's new secret by POST: it is tried at the tenant, sealed, kept, and used at once.

The secret is a text in the body, and in no answer; over a connection that others can read it has no business.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.brought import Change
from driftd.core.decision import Word
from driftd.core.document import of_trial
from driftd.core.renewal import Renewal
from driftd.core.secret import Secret
from driftd.errors import SourceError
from driftd.faces.http import documents_deeds
from driftd.faces.http.body import By, Reason, sent
from driftd.faces.http.bringing import mistakes_told, with_more
from driftd.faces.http.inside import Inside
from driftd.faces.http.linked import PATH, links, named
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Operation, Way, Where

_EXAMPLE: Final = '{"secret": "…", "reason": "the customer rotated it", "by": "jo"}'


class NewSecret(Struct, forbid_unknown_fields=True):
    """A connection's new secret."""

    secret: Annotated[str, Meta(min_length=1)]
    """As it was issued; one line break at its end is no part of it."""
    field: str | None = None
    """Which it is, where driftd keeps several of the connection: such as ``client_secret`` of a pair."""
    reason: Reason = "a new secret"
    by: By = "api"
    unchecked: bool = False
    """Whether it is kept without being tried."""


class Renewing:
    """Answers for new secrets."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        summary = "Give a connection its new secret"
        told = Operation(Scope.ADMIN, summary, Where.PATH, body=NewSecret, answer=documents_deeds.Renewed)
        return [Way(f"{PATH}/{{name}}/rotate", mistakes_told(self._rotated), told, "POST")]

    async def _rotated(self, request: Request) -> Response:
        said = await sent(request, NewSecret, _EXAMPLE)
        if isinstance(said, Response):
            return said
        name = request.path_params["name"]
        secret = Secret(said.secret.removesuffix("\n").removesuffix("\r"))
        renewal = Renewal(name, secret, said.field, check=not said.unchecked)
        try:
            done = await self._inside.tenants.rotate(renewal, Word(said.by, said.reason))
        except SourceError as error:
            return refused(request, 409, f"{error.reason}: {error}", error.hint)
        except KeyError:
            return refused(request, 409, f'"{name}" is not polled any more', f"GET {PATH} lists those that are")
        found = next((each for each in self._inside.status().connections if each.name == name), None)
        trial = of_trial(done.trial, named(found)) if done.trial and found else None
        if done.change is Change.REFUSED:
            hint = "do as the steps say; or send unchecked where the tenant is not to be asked"
            return with_more(refused(request, 422, done.says, hint), {"check": trial})
        shown = links(name, self._inside.tenants.sources().get(name))
        return document({"says": done.says, "change": done.change, "check": trial, "_links": shown})
