"""Collects every mistake with its TOML path, in words that say what would be right."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from driftd.config.shape import TABLES, Table
from driftd.config.values import shown
from driftd.errors import Mistake

AnyTable = TypeVar("AnyTable", bound=Table)
_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list in [ ]",
    "dict_type": "a table in { }",
    "date_type": "a date such as 2027-03-31, without quotes",
    "date_from_datetime_inexact": "a date such as 2027-03-31, without a time",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("at most", "le"),
}
_SHOULD: Mapping[str, str] = {
    "base_url": 'add the tenant\'s address, such as base_url = "https://x3.example"',
    "folder": 'add the X3 folder, such as folder = "SEED"',
    "token_url": 'add where tokens come from, such as token_url = "https://x3.example/auth/token"',
    "client_id": 'add the client, such as client_id = "driftd"',
    "username": 'add the user, such as username = "driftd"',
    "url": 'add the address, such as url = "https://hooks.example/driftd"',
}


def near(name: str, known: Iterable[str]) -> str:
    """Return a suggestion such as ``; did you mean "probe"?``, or nothing where no known name is near."""
    by_fold = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f'; did you mean "{by_fold[found[0]]}"?' if found else ""


def join(path: str, *parts: object) -> str:
    """Return the TOML path of a part: ``connections[0].base_url``."""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


class Findings:
    """The mistakes of one document, in the order found."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        """Put before each path: names the file where it is not the main one."""
        self.mistakes: list[Mistake] = []

    def __repr__(self) -> str:
        return f"<Findings {len(self.mistakes)}>"

    def add(self, path: str, message: str) -> None:
        """Note one mistake."""
        self.mistakes.append(Mistake(f"{self.prefix}{path}", message))

    def table(self, shape: type[AnyTable], raw: object, path: str) -> AnyTable | None:
        """Validate a table; notes its mistakes and returns None where it has some."""
        if not isinstance(raw, dict):
            self.add(path, f"must be a table: write {shape.place} and its keys below")
            return None
        try:
            return shape.model_validate(raw)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                self.add(join(path, *_path(each)), _message(shape, each))
            return None

    def array(self, raw: object, path: str, place: str) -> list[tuple[str, object]]:
        """Return the tables of an array with their paths; nothing, and a mistake, where it is none."""
        if isinstance(raw, list):
            return [(join(path, number), each) for number, each in enumerate(raw)]
        self.add(path, f"must be an array of tables: write {place} with two brackets on each side")
        return []


def _path(error: ErrorDetails) -> tuple[object, ...]:
    return tuple(part for part in error["loc"] if part != "[key]")


def _message(shape: type[Table], error: ErrorDetails) -> str:
    kind, name = error["type"], str(error["loc"][0])
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown(name, shape)
    if kind == "missing":
        return f"is missing: {_SHOULD.get(name, f'give {name}')}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"must be one of {context['expected'].replace(chr(39), chr(34))}, not {shown(error['input'])}"
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return f"must be {word} {context[bound]:g}, not {shown(error['input'])}"
    right = _KINDS.get(kind) or shape.model_fields[name].description or error["msg"].lower()
    return f"must be {right}, not {shown(error['input'])}"


def unknown(name: str, shape: type[Table]) -> str:
    """Say what an unknown key should have been: a near name of its table, or the table where it belongs."""
    known = list(shape.model_fields)
    if hint := near(name, known):
        return f"is not a key of {shape.place}{hint}"
    homes = [each.place for each in TABLES if name in each.model_fields]
    if homes:
        return f"is not a key of {shape.place}: it belongs in {homes[0]}"
    return f"is not a key of {shape.place}; known are {', '.join(known)}"
