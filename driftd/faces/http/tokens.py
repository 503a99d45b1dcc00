"""Tokens over HTTP: listed, made and revoked. The text of a token is made by who asks, and only its hash comes here."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope, Token
from driftd.core.decision import Word
from driftd.core.document import of_token
from driftd.errors import DecisionError
from driftd.faces.http import documents
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document
from driftd.faces.http.way import Operation, Way

_EXAMPLE: Final = (
    '{"name": "grafana", "digest": "…64 hex digits…", "scope": "read", "reason": "the dashboards", "by": "jo"}'
)


class NewToken(Struct, forbid_unknown_fields=True):
    """A token that is to be: its text is known to who asks."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of its text, in hex."""
    scope: Scope
    reason: Reason
    by: By = "api"
    connection: str | None = None
    """The only one that its bearers see; None: all."""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class Revocation(Struct, forbid_unknown_fields=True):
    """The word that a token lets nobody in any more."""

    reason: Reason
    by: By = "api"


class Tokens:
    """Answers for tokens."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths."""
        path, admin = "/api/v1/tokens", partial(Operation, Scope.ADMIN)
        made = admin("Make a token of which only the hash is sent", body=NewToken)
        revoked = admin("Let the bearers of a token in no more", body=Revocation)
        return [
            Way(path, partial(answered, self._listed), admin("List the tokens", answer=documents.Tokens)),
            Way(path, partial(answered, self._make), made, "POST"),
            Way(f"{path}/{{name}}/revoke", partial(answered, self._revoke), revoked, "POST"),
        ]

    async def _listed(self, _request: Request) -> Response:
        now = self._inside.clock.now()
        return document({"tokens": [of_token(each, now) for each in self._inside.tokens.listed()]})

    async def _make(self, request: Request) -> Response:
        said = await sent(request, NewToken, _EXAMPLE)
        if isinstance(said, Response):
            return said
        digest, now, end = bytes.fromhex(said.digest), self._inside.clock.now(), _end(said.expires_at)
        token = Token(said.name, digest, said.scope, now, said.by, said.connection, end)
        return document({"says": await self._inside.tokens.make(token, Word(said.by, said.reason))})

    async def _revoke(self, request: Request) -> Response:
        said = await sent(request, Revocation, '{"reason": "the contract ended", "by": "jo"}')
        if isinstance(said, Response):
            return said
        name = request.path_params["name"]
        return document({"says": await self._inside.tokens.revoke(name, Word(said.by, said.reason))})


def _end(at: datetime | None) -> int | None:
    try:
        return None if at is None else round(at.timestamp() * 1000)
    except (OverflowError, ValueError) as error:
        hint = "give a year of four digits, or leave it out"
        raise DecisionError("the end of the token is no time that can be told", hint=hint, invalid=True) from error
