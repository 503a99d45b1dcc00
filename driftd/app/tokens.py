"""What commands do with tokens: they look, and where no daemon runs, they make and revoke."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.app.opening import amending, reading, writing
from driftd.config import Config
from driftd.core.access import Token
from driftd.core.decision import Word
from driftd.core.secret import Secret
from driftd.errors import EmptyStoreError
from driftd.runtime.admission import Admission
from driftd.runtime.quiet import Quiet


def made() -> Secret:
    """Return the text of a new token: 256 bits of chance, after a word by which scanners of source code know it."""
    return Secret(f"driftd_{secrets.token_urlsafe(32)}")


async def listed(config: Config) -> Sequence[Token]:
    """Return the tokens by name; raises `StoreError` where they cannot be read."""
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await store.tokens.all()
    return ()


async def make(config: Config, token: Token, word: Word) -> str:
    """Keep a token where no daemon runs, in a new database where there is none; raises as `Admission` does."""
    async with _admission(config, writing) as admission:
        return await admission.make(token, word)


async def revoke(config: Config, name: str, word: Word) -> str:
    """Revoke a token where no daemon runs; raises as `Admission` does."""
    async with _admission(config, amending) as admission:
        return await admission.revoke(name, word)


@asynccontextmanager
async def _admission(
    config: Config, open_: Callable[[Config], AbstractAsyncContextManager[SqliteStore]]
) -> AsyncIterator[Admission]:
    names = {each.name for each in config.connections}
    async with open_(config) as store:
        admission = Admission(store.tokens, lambda: names, SystemClock(), Quiet())
        await admission.load()
        yield admission
