"""The configuration of the file, joined with the connections of the database."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import beside
from driftd.config import Config, joined
from driftd.core.stored import StoredTable
from driftd.errors import ConfigError, Mistake, StoreError


def merged(config: Config) -> Config:
    """Return a configuration with the connections of its database, as far as that can be read.

    Raises `ConfigError` with every mistake of theirs.
    """
    with suppress(StoreError):  # whoever needs the database says why
        return joined(config, tables(beside(config.data_dir)))
    return config


async def merged_with(config: Config, store: SqliteStore) -> Config:
    """Return a configuration with the connections of an open store; raises `ConfigError` and `StoreError`."""
    going = await store.connections.clearing()
    back = [each for each in config.connections if each.name in going]
    if back:
        raise ConfigError([Mistake(f"{each.place}.name", f'"{each.name}" {_GOING}') for each in back])
    return joined(config, tables(await store.connections.all()))


_GOING: Final = "is being erased: leave it out until that is over"


def tables(stored: Sequence[StoredTable]) -> Sequence[Mapping[str, object]]:
    """Return what is stored; raises `ConfigError` for what is no table any more."""
    found, mistakes = [], []
    for each in stored:
        try:
            found.append(each.table)
        except ValueError as error:
            hint = f"remove it with `driftd connections remove {each.name} --keep-data`, and bring it again"
            mistakes.append(Mistake(f"stored: connections.{each.name}", f"{error}: {hint}"))
    if mistakes:
        raise ConfigError(mistakes)
    return found


def stored_of(config: Config, name: str) -> StoredTable | None:
    """Return what the database has of a connection, whoever writes it meanwhile; raises `StoreError`."""
    return next((each for each in beside(config.data_dir) if each.name == name), None)
