"""Collects every mistake with its TOML path, in words that say what would be right."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from driftd.config.kind import Kind, kinds
from driftd.config.plain import ELEMENTS
from driftd.config.shape import TABLES, Table
from driftd.errors import Mistake

AnyTable = TypeVar("AnyTable", bound=Table)
_SHOULD: Mapping[str, str] = {
    "base_url": 'add the tenant\'s address, such as base_url = "https://x3.example"',
    "folder": 'add the X3 folder, such as folder = "SEED"',
    "token_url": 'add where tokens come from, such as token_url = "https://x3.example/auth/token"',
    "client_id": 'add the client, such as client_id = "driftd"',
    "audience": "add the URL of the connected application exactly as X3 shows it,"
    ' such as audience = "https://x3.example:8124/xtrem/api"',
    "username": 'add the user, such as username = "driftd"',
    "url": 'add the address, such as url = "https://hooks.example/driftd"',
}


def near(name: str, known: Iterable[str]) -> str:
    """Return a suggestion such as ``; did you mean "probe"?``, or nothing where no known name is near."""
    import difflib  # a good file has no need of it

    by_fold = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f'; did you mean "{by_fold[found[0]]}"?' if found else ""


LONGEST: Final = 100
"""Characters of a key that a TOML path shows."""


def join(path: str, *parts: object) -> str:
    """Return the TOML path of a part: ``connections[0].base_url``."""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{_short(str(part))}" if path else _short(str(part))
    return path


def _short(key: str) -> str:
    return key if len(key) <= LONGEST else key[: LONGEST - 1] + "…"


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
        before = len(self.mistakes)
        known = kinds(shape)
        read: dict[str, Any] = {}
        for name, kind in known.items():
            if name in raw:
                read[name] = self._value(kind, raw[name], join(path, name))
            elif kind.required:
                self.add(join(path, name), f"is missing: {_SHOULD.get(name, f'give {name}')}")
        for name in raw:
            if name not in known:
                self.add(join(path, name), unknown(name, shape))
        return shape(**read) if len(self.mistakes) == before else None

    def _value(self, kind: Kind, raw: object, path: str) -> object:
        """Read a value and the elements of it; notes its mistakes and returns None where it has some itself."""
        try:
            value = kind.read(raw)
        except ValueError as error:
            self.add(path, str(error))
            return None
        if kind.each and isinstance(value, list):
            return [self._value(kind.each, each, join(path, number)) for number, each in enumerate(value)]
        if kind.each and isinstance(value, dict):
            return {name: self._value(kind.each, each, join(path, name)) for name, each in value.items()}
        return value

    def array(self, raw: object, path: str, place: str, most: int = ELEMENTS) -> list[tuple[str, object]]:
        """Return the tables of an array with their paths; nothing, and a mistake, where it is none or has too many."""
        if isinstance(raw, list) and len(raw) > most:
            self.add(path, f"must be at most {most:,}, not {len(raw):,}")
            return []
        if isinstance(raw, list):
            return [(join(path, number), each) for number, each in enumerate(raw)]
        self.add(path, f"must be an array of tables: write {place} with two brackets on each side")
        return []


def unknown(name: str, shape: type[Table]) -> str:
    """Say what an unknown key should have been: a near name of its table, or the table where it belongs."""
    known = shape.__struct_fields__
    if hint := near(name, known):
        return f"is not a key of {shape.place}{hint}"
    homes = [each.place for each in TABLES if name in each.__struct_fields__ and each.place != shape.place]
    if homes:
        return f"is not a key of {shape.place}: it belongs in {homes[0]}"
    return f"is not a key of {shape.place}; known are {', '.join(known)}"
