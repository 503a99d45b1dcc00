"""Every `Logbook` there is."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftd.adapters.sqlite import SqliteStore
from driftd.ports import Logbook
from tests.contracts.stores import raise_epoch
from tests.fakes.memory_logbook import MemoryLogbook

BOOKS: Final = ("memory", "sqlite")


@dataclass(frozen=True)
class Kept:
    """A logbook under test, and the way to have another process take it over."""

    book: Logbook
    usurp: Callable[[], None]


@asynccontextmanager
async def opened_book(kind: str, data_dir: Path) -> AsyncIterator[Kept]:
    """Open a new logbook of one of `BOOKS`."""
    if kind == "memory":
        memory = MemoryLogbook()
        yield Kept(memory, lambda: setattr(memory, "fenced", True))
        return
    async with SqliteStore.open(data_dir, clock_now=lambda: 1_000) as store:
        yield Kept(store.logbook, lambda: raise_epoch(data_dir))
