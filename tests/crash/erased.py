"""A person's record that is erased, as a scenario of the crash matrix."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite import SqliteStore
from driftd.ports import Detected, Erasure
from tests.contracts.staged import CUSTOMERS, key
from tests.crash.differing import Shown
from tests.crash.shown import shown as shown_by_store

_WHOM: Final = "a"
_STANDS_FOR_IT: Final = sha256(b"a person").digest()


async def erase(data_dir: Path) -> None:
    """Erase a record, as often as that is asked for, and leave no trace of it."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await store.erase(CUSTOMERS, Erasure(key(_WHOM), _STANDS_FOR_IT, 5, Detected()))
        while not await store.wipe(CUSTOMERS):
            pass


async def shown(data_dir: Path) -> Shown:
    """Return what the store shows, and in how many files the key is still to be found."""
    files = [path for path in data_dir.iterdir() if path.is_file()]  # noqa: ASYNC240 - nothing else runs
    traces = [path.name for path in files if key(_WHOM) in path.read_bytes()]
    found = await shown_by_store(data_dir)
    return replace(found, rest=f"{found.rest}, {traces}")
