"""A path with what it is: who may take it, what it is asked with and answers. One line stands for a route."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope

Answerer: TypeAlias = Callable[[Request], Awaitable[Response]]
TEXT: Final = "text/plain"


class Where(StrEnum):
    """What a caller who is bound to one connection may do here."""

    WHOLE = "whole"
    """Nothing: it is about all connections, or none."""
    PATH = "path"
    """What others may, where the connection that the path names as ``name`` is theirs."""
    SHOWN = "shown"
    """What others may, with what is theirs: the answerer asks `caller_of` for it."""


class Says(Struct):
    """What was done."""

    says: str
    """In one line."""


class Operation(Struct, frozen=True):
    """What a route is."""

    scope: Scope | None
    """What is needed; None: nothing, not even a name."""
    summary: str
    where: Where = Where.WHOLE
    query: type[Struct] | None = None
    """What may stand in the query; what else stands there is refused."""
    statuses: tuple[int, ...] = (200,)
    """With which it answers when all is well."""
    body: type[Struct] | None = None
    answer: object = Says
    """What it answers when all is well: the type of a document, or content types after a comma each."""


CLOSED: Final = Operation(Scope.ADMIN, "")
"""What a route is that does not say."""


class Way(Route):
    """A route that says what it is."""

    def __init__(self, path: str, endpoint: Answerer, operation: Operation, method: str = "GET") -> None:
        super().__init__(path, endpoint, methods=[method])
        self.operation = operation


def operation_of(route: Route) -> Operation:
    """Return what a route is."""
    return route.operation if isinstance(route, Way) else CLOSED
