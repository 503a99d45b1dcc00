"""``/openapi.json``: what every path takes and answers (OpenAPI 3.1), made from the types that the routes use."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from starlette.routing import Route

import driftd
from driftd.faces.http.documents import Problem
from driftd.faces.http.gate import CUSTOM
from driftd.faces.http.way import Operation, Where, operation_of

_REF: Final = "#/components/schemas/{name}"
_SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `driftd tokens create`."},
    "basic": {"type": "http", "scheme": "basic", "description": "A user of web_config_file."},
}
_BOUND: Final[Mapping[Where, str]] = {
    Where.WHOLE: "Refused to a token that is bound to one connection.",
    Where.PATH: "A token that is bound to one connection is let in where the path names that one.",
    Where.SHOWN: "A token that is bound to one connection sees and touches that one only.",
}
Json = dict[str, Any]


def openapi(routes: Iterable[Route], schemes: Iterable[str]) -> bytes:
    """Return the document; `schemes` are the credentials that are taken just now: none where none are needed."""
    told = _told(routes, schemes)
    text = msgspec.json.encode(told).decode()
    for name in filter(lambda each: "." in each, told["components"]["schemas"]):  # two types are called the same
        room, kind = name.split(".")[-2:]
        text = text.replace(f'"{name}"', f'"{room.title()}{kind}"').replace(f'/{name}"', f'/{room.title()}{kind}"')
    return text.encode()


def _told(routes: Iterable[Route], schemes: Iterable[str]) -> Json:
    ways = [(each, method) for each in routes for method in sorted(set(each.methods or ()) - {"HEAD"})]
    types = {kind for each, _ in ways for kind in _types(operation_of(each))} | {Problem}
    ordered = sorted(types, key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    known = dict(zip(ordered, schemas, strict=True))
    taken: list[str] = list(schemes)
    paths: dict[str, Json] = {}
    for route, method in ways:
        of = _Writer(known, components, taken)
        paths.setdefault(route.path, {})[method.lower()] = of.operation(route.path, method, operation_of(route))
    return {
        "openapi": "3.1.0",
        "info": {"title": "driftd", "version": driftd.__version__, "summary": "Tenants of Sage X3, watched."},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {name: _SCHEMES[name] for name in taken}},
    }


def _types(operation: Operation) -> Iterable[Any]:
    """Return the types that an operation is described by."""
    return [each for each in (operation.query, operation.body, operation.answer) if not isinstance(each, str | None)]


class _Writer:
    """Writes operations, whose types have these schemas."""

    def __init__(self, schemas: Mapping[Any, Json], components: Mapping[str, Json], schemes: list[str]) -> None:
        self._schemas = schemas
        self._components = components
        self._schemes = schemes

    def operation(self, path: str, method: str, operation: Operation) -> Json:
        """Return what a method of a path is."""
        told: Json = {
            "operationId": "_".join(re.findall(r"\w+", f"{method} {path}")).lower(),
            "summary": operation.summary,
            "parameters": [*_of_path(path), *self._of_query(operation), *_of_head(path, method)],
            "responses": self._responses(path, operation),
            "security": [],
        }
        if operation.scope is not None:
            told["description"] = f"Takes the scope `{operation.scope}`. {_BOUND[operation.where]}"
            told["x-scope"] = str(operation.scope)
            told["security"] = [{name: []} for name in self._schemes]
        if operation.body is not None:
            content = {"application/json": {"schema": self._schemas[operation.body]}}
            told["requestBody"] = {"required": True, "content": content}
        return told

    def _responses(self, path: str, operation: Operation) -> Json:
        if isinstance(operation.answer, str):
            schema: Json = {} if "json" in operation.answer else {"type": "string"}
            good: Json = {each: {"schema": schema} for each in operation.answer.split(", ")}
        else:
            good = {"application/json": {"schema": self._schemas[operation.answer]}}
        bad: Json = {"text/plain": {"schema": {"type": "string"}}}
        if path.startswith("/api/"):
            bad = {"application/problem+json": {"schema": self._schemas[Problem]}}
        told = {str(each): {"description": "It is so.", "content": good} for each in operation.statuses}
        wrong = {"4XX": "It cannot be: what was asked, or by whom, is wrong.", "5XX": "It cannot be just now."}
        return told | {status: {"description": text, "content": bad} for status, text in wrong.items()}

    def _of_query(self, operation: Operation) -> Iterable[Json]:
        if operation.query is None:
            return
        schema = self._resolved(self._schemas[operation.query])
        for name, each in schema["properties"].items():
            said = _without_null(each)
            required = name in schema.get("required", ())
            yield {"name": name, "in": "query", "required": required, "schema": said}

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return schema if reference is None else self._components[reference.rpartition("/")[2]]


def _of_path(path: str) -> Iterable[Json]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _of_head(path: str, method: str) -> Iterable[Json]:
    if method == "GET" or not path.startswith("/api/"):
        return
    text = "Shows that no page of another site sent the request; needed where neither a token nor the browser shows it."
    yield {"name": CUSTOM, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


def _without_null(schema: Json) -> Json:
    """Return the schema of what stands in a query, which cannot be null there: it is left out."""
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    if len(others) == 1:
        rest |= others[0]
    elif others:
        rest["anyOf"] = others
    return rest if schema.get("default") is None else rest | {"default": schema["default"]}
