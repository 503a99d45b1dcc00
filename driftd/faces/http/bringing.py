"""Connections that are brought, changed and removed over HTTP.

A body is one ``[[connections]]`` table of the configuration as JSON; beside its keys stand ``reason`` and ``by``, and
in ``auth`` the secrets themselves as texts, or in ``sealed`` what the command line has sealed.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit

import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driftd.core.access import Scope
from driftd.core.brought import Brought, Change, Put
from driftd.core.decision import Word
from driftd.core.document import of_trial
from driftd.errors import ConfigError, DecisionError
from driftd.faces.http import documents_deeds
from driftd.faces.http.answering import answered
from driftd.faces.http.body import By, Reason, asked, sent, signed
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.linked import PATH, named, whole
from driftd.faces.http.reply import document, refused
from driftd.faces.http.tables import ConnectionBody, NewConnection, secrets, words
from driftd.faces.http.way import Answerer, Operation, Way, Where

_EXAMPLE: Final = (
    '{"name": "aldgate", "base_url": "https://x3.aldgate.example", "folder": "ALDGATE", "auth": {"token_url":'
    ' "https://x3.aldgate.example/auth/token", "client_id": "driftd", "client_secret": "…"}, "reason": "new customer"}'
)
_STATUS: Final[Mapping[Change, int]] = {Change.CREATED: 201, Change.CHANGED: 200, Change.UNCHANGED: 200}


class Checking(Struct, forbid_unknown_fields=True):
    """How a connection is brought."""

    validate: Literal["true", "false"] = "true"
    """Whether it is tried live first, and not stored where that fails."""


class Removal(Struct, forbid_unknown_fields=True):
    """The word that a connection is to go."""

    data: Literal["keep", "erase"]
    """What becomes of what was captured of it."""
    reason: Reason
    by: By = "api"


class Bringing:
    """Answers for changes of connections."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def routes(self) -> list[Route]:
        """Return the paths. Who is bound to one connection may change it; not make it, and not remove it."""
        of, admin = f"{PATH}/{{name}}", partial(Operation, Scope.ADMIN)
        brought = partial(admin, query=Checking, answer=documents_deeds.Brought)
        posted = brought("Bring a connection that is new", body=NewConnection, statuses=(201,))
        put = brought("Bring a connection, or change it", Where.PATH, body=ConnectionBody, statuses=(200, 201))
        return [
            Way(PATH, mistakes_told(self._posted), posted, "POST"),
            Way(of, mistakes_told(self._put), put, "PUT"),
            Way(of, mistakes_told(self._removed), admin("Remove a connection", query=Removal), "DELETE"),
        ]

    async def _posted(self, request: Request) -> Response:
        return await self._brought(request, None, create=True)

    async def _put(self, request: Request) -> Response:
        create = None if caller_of(request).connection is None else False
        return await self._brought(request, request.path_params["name"], create=create)

    async def _brought(self, request: Request, name: str | None, *, create: bool | None) -> Response:
        how = asked(request, Checking, "leave it out, or send ?validate=false")
        if isinstance(how, Response):
            return how
        said = await sent(request, dict[str, object], _EXAMPLE)
        if isinstance(said, Response):
            return said
        beside = signed(request, words(said))
        if said.setdefault("name", name) != name and name is not None:
            hint = f'leave "name" out, or send "{name}"'
            raise DecisionError("the body has another name than the path", hint=hint, invalid=True)
        brought = Brought(said, secrets(said, beside.sealed), create, check=how.validate == "true")
        put = await self._inside.tenants.put(brought, Word(beside.by, beside.reason))
        if put.change is Change.REFUSED and put.trial is not None:
            return _not_valid(request, put, said)
        return await self._told(request, put)

    async def _told(self, request: Request, put: Put) -> Response:
        found = next((each for each in self._inside.status().connections if each.name == put.name), None)
        if found is None:
            return refused(request, 409, f"{put.says}; it was removed meanwhile", f"GET {PATH} lists those there are")
        trial = of_trial(put.trial, named(found)) if put.trial else None
        shown = await whole(self._inside, found)
        answer = document({"says": put.says, "change": put.change, "check": trial, **shown})
        answer.status_code = _STATUS[put.change]
        if put.change is Change.CREATED:
            answer.headers["location"] = f"{PATH}/{put.name}"
        return answer

    async def _removed(self, request: Request) -> Response:
        said = asked(request, Removal, "add ?data=keep or ?data=erase, and &reason=…")
        if isinstance(said, Response):
            return said
        word, erase = Word(said.by, said.reason), said.data == "erase"
        return document({"says": await self._inside.tenants.remove(request.path_params["name"], word, erase)})


def _not_valid(request: Request, put: Put, table: Mapping[str, object]) -> Response:
    """Say why nothing was stored: each step of the check, and what to tell the customer's administrator."""
    assert put.trial is not None  # noqa: S101 - what was refused was tried
    host = urlsplit(str(table.get("base_url"))).hostname or ""
    told = of_trial(put.trial, {"connection": put.name, "host": host, "folder": str(table.get("folder"))})
    hint = "do as the steps say; or send validate=false to store it all the same"
    return with_more(refused(request, 422, put.says, hint), {"check": told})


def mistakes_told(answer: Answerer) -> Answerer:
    """Return an answerer that tells each mistake of a table with its path."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except ConfigError as error:
            mistakes = [{"path": each.path, "message": each.message} for each in error.mistakes]
            status = 409 if all(each.path.startswith("vault") for each in error.mistakes) else 422
            hint = "correct what each path names; docs/configuration.md has every key"
            return with_more(refused(request, status, str(error).partition("\n")[0], hint), {"mistakes": mistakes})

    return partial(answered, told)


def with_more(answer: Response, more: Mapping[str, object]) -> Response:
    """Return a problem document that says more."""
    problem = {**orjson.loads(answer.body), **more}
    return Response(orjson.dumps(problem), answer.status_code, media_type=answer.media_type)
