"""Connections that are brought, changed and removed over HTTP.

A body is one ``[[connections]]`` table of the configuration as JSON; beside its keys stand ``reason`` and ``by``, and
in ``auth`` the secret itself as a text, or in ``sealed`` what the command line has sealed.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import orjson
from msgspec import Struct, ValidationError, convert
from starlette.requests import Request
from starlette.responses import Response

from driftd.config import SECRETS
from driftd.core.brought import Brought, Change, Put
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.errors import ConfigError, DecisionError, FencedError, SealError, StoreError
from driftd.faces.http.body import sent
from driftd.faces.http.daemon import foreign
from driftd.faces.http.inside import Inside
from driftd.faces.http.linked import PATH, links, of_trial, whole
from driftd.faces.http.reply import document, refused

_EXAMPLE: Final = (
    '{"name": "aldgate", "base_url": "https://x3.aldgate.example", "folder": "ALDGATE", "auth": {"token_url":'
    ' "https://x3.aldgate.example/auth/token", "client_id": "driftd", "client_secret": "…"}, "reason": "new customer"}'
)
_STATUS: Final[Mapping[Change, int]] = {Change.CREATED: 201, Change.CHANGED: 200, Change.UNCHANGED: 200}


class _Sealed(Struct, forbid_unknown_fields=True):
    field: str
    store: str
    number: int
    blob: bytes
    at: int


class Bringing:
    """Answers for changes of connections."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def posted(self, request: Request) -> Response:
        """Take a new connection."""
        return await _answered(partial(self._brought, name=None, create=True), request)

    async def put(self, request: Request) -> Response:
        """Take a connection, be it new or not."""
        return await _answered(partial(self._brought, name=request.path_params["name"], create=None), request)

    async def deleted(self, request: Request) -> Response:
        """Remove a connection."""
        return await _answered(self._removed, request)

    async def _brought(self, request: Request, *, name: str | None, create: bool | None) -> Response:
        said = await sent(request, dict[str, object], _EXAMPLE)
        if isinstance(said, Response):
            return said
        word = Word(_text(said, "by", "api"), _text(said, "reason", "brought by a client of the API"))
        if said.setdefault("name", name) != name and name is not None:
            raise _invalid("the body has another name than the path", f'leave "name" out, or send "{name}"')
        table, secrets = _apart(said)
        brought = Brought(table, secrets, create, check=_switch(request, "validate"))
        put = await self._inside.tenants.put(brought, word)
        if put.change is Change.REFUSED and put.trial is not None:
            return _not_valid(request, put, table)
        return await self._told(put, table)

    async def _told(self, put: Put, table: Mapping[str, object]) -> Response:
        found = next((each for each in self._inside.status().connections if each.name == put.name), None)
        shown = await whole(self._inside, found) if found else {"connection": put.name, "_links": links(put.name, None)}
        trial = of_trial(put.trial, found.host, found.folder) if put.trial and found else None
        answer = document({"says": put.says, "change": put.change, "check": trial, **shown})
        answer.status_code = _STATUS[put.change]
        if put.change is Change.CREATED:
            answer.headers["location"] = f"{PATH}/{put.name}"
        return answer

    async def _removed(self, request: Request) -> Response:
        if foreign(request):
            return refused(request, 403, "the request comes from another site", "ask from the command line")
        wanted = request.query_params
        if wanted.get("data") not in {"keep", "erase"}:
            raise _invalid("it is not said what becomes of what was captured", "add ?data=keep or ?data=erase")
        word = Word(wanted.get("by", "api"), wanted.get("reason", ""))
        said = await self._inside.tenants.remove(request.path_params["name"], word, wanted["data"] == "erase")
        return document({"says": said})


def _apart(said: dict[str, object]) -> tuple[Mapping[str, object], Mapping[str, Kept | Secret]]:
    """Take the secrets of a body apart from its table: none is in what is read, stored or told from here on."""
    secrets: dict[str, Kept | Secret] = {}
    sealed = said.pop("sealed", None)
    if sealed is not None:
        try:
            one = convert(sealed, _Sealed)
        except ValidationError as error:
            raise _invalid(f'"sealed" cannot be used: {error}', "have the command line seal the secret") from None
        place = Place(one.store, str(said.get("name")), one.field)
        secrets[one.field] = Kept(place, one.number, one.blob, one.at)
    auth = said.get("auth")
    if isinstance(auth, dict):
        for field in SECRETS:
            if isinstance(auth.get(field), str):
                secrets[field] = Secret(auth.pop(field).removesuffix("\n").removesuffix("\r"))
    return said, secrets


def _text(said: dict[str, object], name: str, otherwise: str) -> str:
    value = said.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise _invalid(f'"{name}" is no text', f'send it as "{name}": "…"')
    return otherwise if value is None else value


def _switch(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "true")
    if value not in {"true", "false"}:
        raise _invalid(f'"{name}" is neither true nor false', f"leave it out, or send {name}=false")
    return value == "true"


def _not_valid(request: Request, put: Put, table: Mapping[str, object]) -> Response:
    """Say why nothing was stored: each step of the check, and what to tell the customer's administrator."""
    assert put.trial is not None  # noqa: S101 - what was refused was tried
    told = of_trial(put.trial, str(table.get("base_url")), str(table.get("folder")))
    hint = "do as the steps say; or send validate=false to store it all the same"
    return _with(refused(request, 422, put.says, hint), {"check": told})


async def _answered(answer: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """Answer; what cannot be done is told as a problem."""
    try:
        return await answer(request)
    except DecisionError as error:
        return refused(request, 404 if error.unknown else 400 if error.invalid else 409, str(error), error.hint)
    except ConfigError as error:
        mistakes = [{"path": each.path, "message": each.message} for each in error.mistakes]
        status = 409 if all(each.path.startswith("vault") for each in error.mistakes) else 422
        hint = "correct what each path names; docs/configuration.md has every key"
        return _with(refused(request, status, str(error).partition("\n")[0], hint), {"mistakes": mistakes})
    except SealError as error:
        return refused(request, 409, str(error), "the daemon reads the keys that its own configuration names")
    except FencedError:
        raise
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")


def _with(answer: Response, more: Mapping[str, object]) -> Response:
    """Return a problem document that says more."""
    problem = {**orjson.loads(answer.body), **more}
    return Response(orjson.dumps(problem), answer.status_code, media_type=answer.media_type)


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
