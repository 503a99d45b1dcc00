"""Erasing a record by POST: its key stands in the body, so that no log of addresses has it.

``connection``, ``resource``, ``keys`` (what the key may be, each an array of its parts), ``reason``, ``by``, and
``forget`` where the next sweep may see it again.
"""

from functools import partial
from typing import Final

from msgspec import Struct, json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.decision import Removal, check_removal
from driftd.core.model import KeyPart
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, sent
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import document, refused
from driftd.faces.http.way import Operation, Way, Where

_EXAMPLE: Final = (
    '{"connection": "aldgate", "resource": "BPCUSTOMER", "keys": [["C001"]], "reason": "request 17", "by": "jo"}'
)


class Erasure(Struct, forbid_unknown_fields=True):
    """What an erasure comes with."""

    connection: str
    resource: str
    keys: list[list[KeyPart]]
    reason: Reason
    by: By = "api"
    forget: bool = False


class Erasures:
    """Answers for erasures."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the path."""
        erased = Operation(Scope.OPERATE, "Erase a record", Where.SHOWN, body=Erasure)
        return [Way("/api/v1/erasures", partial(answered, self._erased), erased, "POST")]

    async def _erased(self, request: Request) -> Response:
        said = await sent(request, Erasure, _EXAMPLE)
        if isinstance(said, Response):
            return said
        caller = caller_of(request)
        if not caller.sees(said.connection):
            return refused(request, 404, f'there is no connection "{said.connection}"', "/metrics names them")
        keys = tuple(json.encode(each) for each in said.keys)
        removal = Removal(said.connection, said.resource, keys, said.by, said.reason, said.forget)
        check_removal(removal)
        return document({"says": await self._inside.erase(removal)})
