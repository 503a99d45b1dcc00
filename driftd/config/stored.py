"""Connections that stand in the database beside those of the file: same keys, same readers, same messages."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final

from msgspec.structs import replace

from driftd.config.connection import Surroundings, read_connection
from driftd.config.model import Config, ConnectionConfig
from driftd.config.pairs import at_odds
from driftd.config.parse import CONNECTIONS
from driftd.config.report import Findings
from driftd.core.stored import bare
from driftd.errors import ConfigError, Mistake

SECRETS: Final = ("client_secret", "password", "refresh_token")
"""What of ``auth`` is secret: none of it stands in a table that is stored."""
_SOURCE: Final = "stored: "


def read_stored(config: Config, table: Mapping[str, object]) -> ConnectionConfig:
    """Read a connection as if it stood in the file of `config`; raises `ConfigError` with every mistake."""
    found = Findings(_SOURCE)
    read = _read(config, table, found)
    if read is None:
        raise ConfigError(found.mistakes)
    return read


def joined(config: Config, tables: Sequence[Mapping[str, object]]) -> Config:
    """Return the configuration of a file with the connections of the database.

    Raises `ConfigError` with every mistake: of those connections, and of a name that stands in both.
    """
    if not tables:
        return config
    found = Findings(_SOURCE)
    read = [_read(config, table, found) for table in tables]
    mistakes = [*_without_key(config, tables), *found.mistakes]
    here = {each.name for each in read if each}
    mistakes += [_twice(each) for each in config.connections if each.name in here]
    mistakes += at_odds([*config.connections, *(each for each in read if each)])
    if len(config.connections) + len(tables) > CONNECTIONS:
        mistakes.append(Mistake("connections", f"must be at most {CONNECTIONS:,} in all files and the database"))
    if mistakes:
        raise ConfigError(mistakes)
    return replace(config, connections=(*config.connections, *(each for each in read if each)))


def placed(config: Config, name: str, connection: ConnectionConfig | None) -> Config:
    """Return the configuration with a connection in the place of the one of its name; None: without it."""
    others = tuple(each for each in config.connections if each.name != name)
    return replace(config, connections=(*others, *([] if connection is None else [connection])))


def kept_as(table: Mapping[str, object]) -> str:
    """Return the name under which the secrets of a table are kept, whatever else is wrong with it."""
    auth, name = table.get("auth"), table.get("name")
    pair = auth.get("pair") if isinstance(auth, Mapping) and auth.get("type") == "pairing" else None
    return str(pair or name)


def _read(config: Config, table: Mapping[str, object], found: Findings) -> ConnectionConfig | None:
    table = bare(table)
    name = table.get("name")
    path = f"connections.{name}" if isinstance(name, str) else "connection"
    before = len(found.mistakes)
    auth = table.get("auth")
    if isinstance(auth, Mapping):
        for key in SECRETS:
            if auth.get(key) is not None:
                found.add(f"{path}.auth.{key}", _ELSEWHERE)
        table = {**table, "auth": _dated({key: value for key, value in auth.items() if key not in SECRETS})}
    surroundings = Surroundings(config.network, config.defaults, config.catalogue, vault=True)
    read = read_connection(table, path, found, surroundings, config.folder)
    return None if read is None or len(found.mistakes) > before else replace(read, stored=True)


_ELSEWHERE: Final = (
    "must be the secret itself, which driftd then keeps sealed: what is stored names no file and no variable, or who"
    " brings a connection could have any of them sent anywhere"
)


def _dated(auth: dict[str, object]) -> dict[str, object]:
    """Read as a date what TOML writes as one and JSON as text; what is none is told by whoever reads it."""
    day = auth.get("secret_expires")
    if isinstance(day, str):
        with suppress(ValueError):
            auth["secret_expires"] = date.fromisoformat(day)
    return auth


def _without_key(config: Config, tables: Sequence[Mapping[str, object]]) -> Sequence[Mistake]:
    if config.vault.named:
        return ()
    what = f'is missing, and {len(tables)} in the database need it, such as "{tables[0].get("name")}"'
    return [Mistake("vault", f"{what}: put back the key that their secrets are sealed with, or remove them")]


def _twice(connection: ConnectionConfig) -> Mistake:
    name = connection.name
    hint = f"take it out here, or remove that one: driftd connections remove {name} --keep-data"
    return Mistake(f"{connection.place}.name", f'"{name}" stands in the database already: {hint}')
