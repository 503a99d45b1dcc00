"""Secrets that the daemon keeps, by POST. They come sealed: none is ever in a request in clear.

``connection``, ``field``, ``store``, ``number``, ``blob`` (base64) and ``at`` (epoch ms) of a secret, and with each
deed ``reason`` and ``by``. A secret of a pair, which nobody else can try, is tried first unless it is ``unchecked``.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.errors import ConfigError, DecisionError, FencedError, SealError, SourceError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

_WORD: Final = '"reason": "request 17", "by": "jo"'


class _Sealed(Struct, forbid_unknown_fields=True):
    connection: str
    field: str
    store: str
    number: int
    blob: bytes
    at: int
    reason: str
    by: str = "api"
    unchecked: bool = False


class _Rotation(Struct, forbid_unknown_fields=True):
    reason: str
    by: str = "api"


class _Shredding(Struct, forbid_unknown_fields=True):
    connection: str
    reason: str
    by: str = "api"


class Safekeeping:
    """Answers for secrets."""

    def __init__(self, inside: Inside) -> None:
        self._vault = inside.vault

    def routes(self) -> list[Route]:
        """Return the paths."""
        of = {"secrets": self._keep, "rotate": self._rotate, "shred": self._shred}
        return [Route(f"/api/v1/vault/{path}", partial(_answered, do), methods=["POST"]) for path, do in of.items()]

    async def _keep(self, request: Request) -> str | Response:
        example = (
            f'{{"connection": "aldgate", "field": "client_secret", "blob": "…", {_WORD}}}, sealed by the command line'
        )
        said = await sent(request, _Sealed, example)
        if isinstance(said, Response):
            return said
        place = Place(said.store, said.connection, said.field)
        kept = Kept(place, said.number, said.blob, said.at)
        return await self._vault.keep(kept, Word(said.by, said.reason), said.unchecked)

    async def _rotate(self, request: Request) -> str | Response:
        said = await sent(request, _Rotation, f"{{{_WORD}}}")
        return said if isinstance(said, Response) else await self._vault.rotate(Word(said.by, said.reason))

    async def _shred(self, request: Request) -> str | Response:
        said = await sent(request, _Shredding, f'{{"connection": "aldgate", {_WORD}}}')
        if isinstance(said, Response):
            return said
        return await self._vault.shred(said.connection, Word(said.by, said.reason))


async def _answered(do: Callable[[Request], Awaitable[str | Response]], request: Request) -> Response:
    try:
        said = await do(request)
    except DecisionError as error:
        return refused(request, 404 if error.unknown else 400 if error.invalid else 409, str(error), error.hint)
    except SourceError as error:
        return refused(request, 409, f"{error.reason}: {error}", error.hint)
    except FencedError:
        raise
    except (ConfigError, SealError) as error:
        return refused(request, 409, str(error), "the daemon reads the keys that its own configuration names")
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")
    return said if isinstance(said, Response) else document({"says": said})
