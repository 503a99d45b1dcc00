"""Connections of the database where no daemon runs: changed by a command, under the lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.vault.safe import Safe
from driftd.app.connections import TRIES, Connections, House
from driftd.app.joining import merged, merged_with
from driftd.app.opening import amending, writing
from driftd.app.pairing import Pairs
from driftd.app.safekeeping import keys_of, safe_of
from driftd.config import Config
from driftd.core.decision import Word
from driftd.runtime.admission import Admission
from driftd.runtime.quiet import Quiet


async def cleared(store: SqliteStore) -> None:
    """Go on with the erasing of connections that was interrupted; raises `StoreError`."""
    for name in await store.connections.clearing():
        for _ in range(TRIES):
            if await store.connections.clear(name):
                break
            await anyio.sleep(0.5)


async def remove(config: Config, name: str, word: Word, erase: bool) -> str:  # noqa: FBT001 - for `run`
    """Remove a connection where no daemon runs; raises as `Connections.remove`, and `LockedError`.

    `config` is that of the file alone: what is stored may have mistakes, and needs no key to be removed.
    """
    async with amending(config) as store:
        await cleared(store)
        return await Connections(_alone(config, store, Safe())).remove(name, word, erase=erase)


@asynccontextmanager
async def connections(config: Config) -> AsyncIterator[Connections]:
    """Give the connections of the database where no daemon runs; it is made where there is none.

    `config` is that of the file. Raises `LockedError` where a process has it, `ConfigError` for mistakes of those that
    are stored and keys that are missing, and `StoreError`.
    """
    keys = await keys_of(merged(config))
    async with writing(config) as store:
        await cleared(store)
        config = await merged_with(config, store)
        yield Connections(_alone(config, store, await safe_of(config, store, keys)))


def _alone(config: Config, store: SqliteStore, safe: Safe) -> House:
    return _house(_Held(config), store, Pairs(store.vault, safe, SystemClock().now))


def _house(held: "_Held", store: SqliteStore, pairs: Pairs) -> House:
    clock = SystemClock()
    tokens = Admission(store.tokens, set, clock, Quiet())  # nobody is let in by them here
    return House(store, pairs, lambda: held.config, clock.now, held.take, held.ended, anyio.Lock(), tokens)


class _Held:
    """A configuration that nobody polls by."""

    def __init__(self, config: Config) -> None:
        self.config = config

    async def take(self, _name: str, config: Config) -> None:
        self.config = config

    async def ended(self, name: str) -> None:
        """Wait for nothing: no poll runs."""
