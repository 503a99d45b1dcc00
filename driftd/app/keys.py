"""What commands do with keys and secrets: they seal, and look; where no daemon runs, they store as well."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import StrEnum
from uuid import uuid4

from anyio import to_thread
from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.envelope import following, opened
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.making import add_to_file, made, make_file
from driftd.adapters.vault.safe import Safe
from driftd.adapters.vault.sources import read_keys
from driftd.app.adoption import Adoption
from driftd.app.opening import amending, connected, reading, writing
from driftd.app.pairing import Pairs
from driftd.app.safekeeping import wanted
from driftd.app.trial import examined
from driftd.app.vault import Vault
from driftd.config import Config, ConnectionConfig
from driftd.core.decision import Word
from driftd.core.sealed import Kept, Place, parse
from driftd.core.secret import Secret
from driftd.core.trial import Trial
from driftd.errors import EmptyStoreError, SealError

__all__ = ["add_to_file", "made", "make_file"]


class Condition(StrEnum):
    """How a secret stands."""

    GOOD = "good"
    OLDER_KEY = "under an older key"
    """It opens; a rotation would have it under the first key."""
    NO_KEY = "its key is missing"
    DAMAGED = "damaged"
    ABSENT = "not stored yet"


class Looked(Struct, frozen=True):
    """What was found of one secret."""

    connection: str
    field: str
    condition: Condition
    number: int | None = None
    key: str | None = None
    """The id of its key."""
    sealed_at: int | None = None
    """Epoch ms."""
    needed: bool = True
    """Whether the configuration has a use for it."""

    @property
    def fine(self) -> bool:
        """Whether it can be read."""
        return self.condition in {Condition.GOOD, Condition.OLDER_KEY}


async def sealed(config: Config, connection: ConnectionConfig, secret: Secret, field: str) -> Kept:
    """Seal a secret of a connection, as the next one after that which is stored.

    Raises `ConfigError` where no key can be read, `SealError` for what is no secret, `StoreError` for a database that
    cannot be read.
    """
    keys = await to_thread.run_sync(read_keys, config.vault)
    store, kept = await _stored(config)
    place = Place(store or uuid4().hex, connection.kept_as, field)
    before = next((each for each in kept if each.place == place), None)
    return following(before, secret, place, keys.first, SystemClock().now())


async def tried(config: Config, connection: ConnectionConfig, kept: Kept) -> Trial:
    """Check a connection live with a secret that is not stored yet: the way, the token, and one read."""
    keys = await to_thread.run_sync(read_keys, config.vault)
    return await examined(replace(connection, classes=()), safe=Safe(keys, [kept]))


async def keep(config: Config, kept: Kept, word: Word, *, unchecked: bool) -> str:
    """Store a sealed secret where no daemon runs, in a new database where there is none; raises as `Adoption` does."""
    clock = SystemClock()
    async with writing(config) as store:
        safe = Safe(Keyring(), await store.vault.sealed())
        vault = Vault(store.vault, safe, lambda: config, clock.now)
        adoption = Adoption(vault, Pairs(store.vault, safe, clock.now), lambda: config, connected)
        return await adoption.keep(kept, word, unchecked=unchecked)


async def rotate(config: Config, word: Word) -> str:
    """Have every secret under the first key where no daemon runs; raises as `Vault` does.

    Where no key can be read, nothing is opened for it.
    """
    await to_thread.run_sync(read_keys, config.vault)
    async with _vault(config, amending) as vault:
        return await vault.rotate(word)


async def shred(config: Config, connection: str, word: Word) -> str:
    """Remove what is kept of a connection where no daemon runs; raises as `Vault` does."""
    async with _vault(config, amending) as vault:
        return await vault.shred(connection, word)


async def verified(config: Config) -> Sequence[Looked]:
    """Open every secret that is stored, and look for those that should be; raises `ConfigError` and `StoreError`."""
    keys = await to_thread.run_sync(read_keys, config.vault)
    (_, kept), needed = await _stored(config), wanted(config)
    found = {(each.place.connection, each.place.field): _looked(each, keys, needed) for each in kept}
    absent = [Looked(*at, Condition.ABSENT) for at in needed if at not in found]
    return sorted([*found.values(), *absent], key=lambda each: (each.connection, each.field))


def _looked(kept: Kept, keys: Keyring, needed: Sequence[tuple[str, str]]) -> Looked:
    at = kept.place.connection, kept.place.field
    try:
        key = parse(kept.blob).kek
    except SealError:
        return Looked(*at, Condition.DAMAGED, None, None, kept.at, at in needed)
    found = Looked(*at, Condition.NO_KEY, kept.number, key.hex(), kept.at, at in needed)
    if key not in keys:
        return found
    try:
        opened(kept.blob, kept.place, keys)
    except SealError:
        return replace(found, condition=Condition.DAMAGED)
    return replace(found, condition=Condition.GOOD if key == keys.first.id else Condition.OLDER_KEY)


async def _stored(config: Config) -> tuple[str, Sequence[Kept]]:
    """Return the id of the database and what it keeps; neither where there is none."""
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await store.vault.store(), await store.vault.sealed()
    return "", ()


@asynccontextmanager
async def _vault(
    config: Config, open_: Callable[[Config], AbstractAsyncContextManager[SqliteStore]]
) -> AsyncIterator[Vault]:
    async with open_(config) as store:
        yield Vault(store.vault, Safe(), lambda: config, SystemClock().now)
