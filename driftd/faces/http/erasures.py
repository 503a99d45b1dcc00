"""Erasing a record by POST: its key stands in the body, so that no log of addresses has it.

``connection``, ``resource``, ``keys`` (what the key may be, each an array of its parts), ``reason``, ``by``, and
``forget`` where the next sweep may see it again.
"""

from typing import Final

from msgspec import Struct, json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.decision import Removal, check_removal
from driftd.core.model import KeyPart
from driftd.errors import DecisionError, FencedError, SourceError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused

_EXAMPLE: Final = (
    '{"connection": "aldgate", "resource": "BPCUSTOMER", "keys": [["C001"]], "reason": "request 17", "by": "jo"}'
)


class _Body(Struct, forbid_unknown_fields=True):
    """What an erasure comes with."""

    connection: str
    resource: str
    keys: list[list[KeyPart]]
    reason: str
    by: str = "api"
    forget: bool = False


class Erasures:
    """Answers for erasures."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        return [Route("/api/v1/erasures", self._erased, methods=["POST"])]

    async def _erased(self, request: Request) -> Response:
        said = await sent(request, _Body, _EXAMPLE)
        if isinstance(said, Response):
            return said
        keys = tuple(json.encode(each) for each in said.keys)
        removal = Removal(said.connection, said.resource, keys, said.by, said.reason, said.forget)
        try:
            check_removal(removal)
            return document({"says": await self._inside.erase(removal)})
        except DecisionError as error:
            status = 404 if error.unknown else 400 if error.invalid else 409
            return refused(request, status, str(error), error.hint)
        except FencedError:
            raise
        except SourceError as error:
            return refused(request, 503, str(error), error.hint)
        except StoreError as error:
            return refused(request, 503, str(error), "see the log of the daemon")
