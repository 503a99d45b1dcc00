"""What adds a connection from the command line: it is tried here, and stored by whichever process has the database.

Each takes the configuration of the file alone where it stores, and with the connections of the database elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence

from anyio import to_thread
from msgspec.structs import replace

from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app import keys
from driftd.app.alone import connections
from driftd.app.connections import Table
from driftd.app.joining import merged
from driftd.app.opening import unusable
from driftd.app.placing import sharing
from driftd.app.safekeeping import safe_beside
from driftd.app.trial import examined
from driftd.config import Config, read_stored
from driftd.core.brought import Put
from driftd.core.decision import Word
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.core.trial import Step, Trial
from driftd.errors import ConfigError, Mistake


async def known(config: Config) -> Config:
    """Return a file's configuration with the connections of the database, once the keys were read.

    Raises `ConfigError` where no key can be read, or what is stored does not go with the file.
    """
    await to_thread.run_sync(read_keys, config.vault)
    return merged(config)


def flaws(config: Config, table: Table) -> Sequence[Mistake]:
    """Return what is wrong with the whole of a connection that is to be, its certificate files included."""
    try:
        connection = read_stored(config, table)
    except ConfigError as error:
        return error.mistakes
    return unusable(replace(config, connections=(connection,)))


async def lacking(config: Config, table: Table) -> Sequence[str]:
    """Return which secrets a connection that is to be must be given, the first that is asked for first.

    Of a pair that others share, those are what is not kept yet. Raises as `safe_beside`.
    """
    connection = read_stored(config, table)
    fields = [each.field for each in reversed(connection.secrets)]
    if not sharing(config, connection):
        return fields
    safe = await safe_beside(config)
    return [each for each in fields if safe.kept(connection.kept_as, each) is None]


async def sealed(config: Config, table: Table, secrets: Mapping[str, Secret]) -> Sequence[Kept]:
    """Seal the secrets of a connection that is to be; raises as `driftd.app.keys.sealed` does."""
    connection = read_stored(config, table)
    return [await keys.sealed(config, connection, secret, field) for field, secret in secrets.items()]


async def tried(config: Config, table: Table, kept: Sequence[Kept], tell: Callable[[Step], None] | None) -> Trial:
    """Check a connection live that is not stored yet, and tell each step; raises as `examined` does."""
    ring = await to_thread.run_sync(read_keys, config.vault)
    return await examined(read_stored(config, table), safe=Safe(ring, kept), tell=tell)


async def brought(config: Config, table: Table, kept: Sequence[Kept], word: Word, *, check: bool) -> Put:
    """Store a new connection where no daemon runs, in a new database where there is none; raises as `Connections`."""
    async with connections(config) as there:
        return await there.put(table, {each.place.field: each for each in kept}, word, create=True, check=check)
