"""Secrets that the daemon keeps, by POST. They come sealed: none is ever in a request in clear.

``connection``, ``field``, ``store``, ``number``, ``blob`` (base64) and ``at`` (epoch ms) of a secret, and with each
deed ``reason`` and ``by``. A secret is tried at the tenant before it is kept; ``unchecked``: it is not, as the command
line has done that.
"""

from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.errors import SourceError
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, sent
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Answerer, Operation, Way, Where

_WORD: Final = '"reason": "request 17", "by": "jo"'


class SealedSecret(Struct, forbid_unknown_fields=True):
    """A secret that the command line sealed."""

    connection: str
    field: str
    store: str
    number: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    blob: bytes
    at: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    """Epoch ms."""
    reason: Reason
    by: By = "api"
    unchecked: bool = False


class Rotation(Struct, forbid_unknown_fields=True):
    """The word that all secrets are to be under the first key."""

    reason: Reason
    by: By = "api"


class Shredding(Struct, forbid_unknown_fields=True):
    """The word that the secrets of a connection are to go."""

    connection: str
    reason: Reason
    by: By = "api"


class Safekeeping:
    """Answers for secrets."""

    def __init__(self, inside: Inside) -> None:
        self._vault = inside.vault

    def routes(self) -> list[Route]:
        """Return the paths."""
        of: dict[str, tuple[Answerer, str, Where, type[Struct]]] = {
            "secrets": (self._keep, "Keep a sealed secret", Where.SHOWN, SealedSecret),
            "rotate": (self._rotate, "Have every secret under the first key", Where.WHOLE, Rotation),
            "shred": (self._shred, "Remove what is kept of a connection that is gone", Where.SHOWN, Shredding),
        }
        return [
            Way(
                f"/api/v1/vault/{path}",
                partial(answered, partial(_answered, do)),
                Operation(Scope.ADMIN, summary, where, body=body),
                "POST",
            )
            for path, (do, summary, where, body) in of.items()
        ]

    async def _keep(self, request: Request) -> Response:
        example = (
            f'{{"connection": "aldgate", "field": "client_secret", "blob": "…", {_WORD}}}, sealed by the command line'
        )
        said = await sent(request, SealedSecret, example)
        if isinstance(said, Response):
            return said
        if (refusal := _not_theirs(request, said.connection)) is not None:
            return refusal
        place = Place(said.store, said.connection, said.field)
        kept = Kept(place, said.number, said.blob, said.at)
        return document({"says": await self._vault.keep(kept, Word(said.by, said.reason), said.unchecked)})

    async def _rotate(self, request: Request) -> Response:
        said = await sent(request, Rotation, f"{{{_WORD}}}")
        if isinstance(said, Response):
            return said
        return document({"says": await self._vault.rotate(Word(said.by, said.reason))})

    async def _shred(self, request: Request) -> Response:
        said = await sent(request, Shredding, f'{{"connection": "aldgate", {_WORD}}}')
        if isinstance(said, Response):
            return said
        if (refusal := _not_theirs(request, said.connection)) is not None:
            return refusal
        return document({"says": await self._vault.shred(said.connection, Word(said.by, said.reason))})


def _not_theirs(request: Request, connection: str) -> Response | None:
    """Refuse what is about a connection that the caller does not see."""
    if caller_of(request).sees(connection):
        return None
    return refused(request, 404, f'there is no connection "{connection}"', "/metrics names them")


async def _answered(answer: Answerer, request: Request) -> Response:
    """Answer as `answered` does; a secret that its tenant does not take is in conflict with it, and nothing failed."""
    try:
        return await answer(request)
    except SourceError as error:
        return refused(request, 409, f"{error.reason}: {error}", error.hint)
