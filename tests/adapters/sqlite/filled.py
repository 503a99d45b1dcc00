"""A database with some records, and what it has."""

from pathlib import Path

from driftd.adapters.sqlite import SqliteStore
from tests.contracts.staged import created, poll, sight


async def fill(data_dir: Path, *names: str) -> None:
    """Have the log tell of so many new records."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        for name in names:
            await poll(store, created(name))


async def keys(data_dir: Path) -> set[bytes]:
    """Return the keys of what is stored."""
    async with SqliteStore.reading(data_dir) as store:
        return set((await sight(store)).stored)
