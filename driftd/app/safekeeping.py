"""Secrets that driftd keeps: opened with the keys that the configuration names, before anything is written."""

from collections.abc import Sequence
from contextlib import suppress

from anyio import to_thread

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import EMPTY, Safe
from driftd.adapters.vault.sources import read_keys
from driftd.config import Config
from driftd.errors import ConfigError, Mistake, StoreError

_NAMED = 3
"""Connections that a message names."""


def wanted(config: Config) -> Sequence[tuple[str, str]]:
    """Return connection, or pair, and field of each secret that driftd keeps, as the configuration has it."""
    found = ((each.kept_as, secret.field) for each in config.connections for secret in each.secrets)
    return list(dict.fromkeys((name, field) for name, field in found if field))


async def keys_of(config: Config) -> Keyring:
    """Read the keys, where any secret needs one, and look whether they open what is stored.

    Nothing is written, and nothing is said of a database that cannot be read as it is: whoever opens it does. Raises
    `ConfigError` naming the place that cannot be read, or the keys that are missing.
    """
    if not wanted(config):
        return Keyring()
    try:
        keys = await to_thread.run_sync(read_keys, config.vault)
    except ConfigError as error:
        raise ConfigError([*error.mistakes, *await _lost(config)]) from error
    with suppress(StoreError):
        async with SqliteStore.reading(config.data_dir) as store:
            await safe_of(config, store, keys)
    return keys


async def _lost(config: Config) -> Sequence[Mistake]:
    """Say of each key that is needed, where none can be read."""
    with suppress(StoreError):
        async with SqliteStore.reading(config.data_dir) as store:
            return _lacking(config, Safe(Keyring(), await store.vault.sealed()))
    return ()


async def safe_of(config: Config, store: SqliteStore, keys: Keyring) -> Safe:
    """Return what the store keeps. Raises `ConfigError` naming the keys that are missing."""
    safe = Safe(keys, await store.vault.sealed())
    check(config, safe)
    return safe


async def safe_beside(config: Config) -> Safe:
    """Return what is kept, for who only reads, whoever writes meanwhile; raises `ConfigError` as `keys_of` does.

    Nothing is kept where nothing was ever stored, or what is stored cannot be read.
    """
    if not wanted(config):
        return EMPTY
    keys = await to_thread.run_sync(read_keys, config.vault)
    with suppress(StoreError):
        async with SqliteStore.reading(config.data_dir) as store:
            return await safe_of(config, store, keys)
    return Safe(keys)


def check(config: Config, safe: Safe) -> None:
    """Refuse to go on without the keys of secrets that the configuration needs; raises `ConfigError`."""
    if mistakes := _lacking(config, safe):
        raise ConfigError(mistakes)


async def renewed(config: Config, safe: Safe) -> None:
    """Take keys over as they are now. Raises `ConfigError`, and all stays as it was, where one is missing."""
    if not wanted(config):
        return
    before = safe.keys
    safe.keys = await to_thread.run_sync(read_keys, config.vault)
    try:
        check(config, safe)
    except ConfigError:
        safe.keys = before
        raise


def _lacking(config: Config, safe: Safe) -> Sequence[Mistake]:
    missing, place = safe.missing(wanted(config)), f"vault.{config.vault.named}"
    return [Mistake(place, _lacks(id_, _sharing(config, names))) for id_, names in sorted(missing.items())]


def _sharing(config: Config, kept: Sequence[str]) -> Sequence[str]:
    """Return the connections whose secrets are kept under some names, each once."""
    return [each.name for each in config.connections if each.kept_as in kept]


def _lacks(id_: str, names: Sequence[str]) -> str:
    shown = ", ".join(f'"{each}"' for each in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f'the key "{id_}" is missing, with which the secret of {shown}{more} was sealed: put it back below the key that'
        f" encrypts, or store the secret anew with `driftd connections rotate {names[0]}`"
    )
