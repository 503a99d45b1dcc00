"""Every `Store` there is, each in the ways in which it can be driven."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from driftd.adapters.sqlite import SqliteStore, cycle, pruning, slices, tidying, tombstones
from driftd.ports import Casebook, Changelog, Store
from tests.fakes.memory_store import MemoryStore

KINDS: Final = ("memory", "sqlite", "sqlite written ahead")


@dataclass
class Dial:
    """A wall clock that is set by hand, epoch ms."""

    now: int = 1_000


@dataclass(frozen=True)
class Subject:
    """A store under test with all that belongs to it, its clock, and the way to have another process take it over."""

    store: Store
    casebook: Casebook
    changelog: Changelog
    clock: Dial
    usurp: Callable[[], None]


@asynccontextmanager
async def opened(kind: str, data_dir: Path) -> AsyncIterator[Subject]:
    """Open a new store of one of `KINDS`."""
    dial = Dial()
    if kind == "memory":
        memory = MemoryStore(now=lambda: dial.now)
        usurp = partial(setattr, memory, "fenced", True)
        yield Subject(memory, memory.casebook, memory.changelog, dial, usurp)
        return
    with pytest.MonkeyPatch.context() as patch:
        if kind == "sqlite written ahead":
            always_ahead(patch)
        async with SqliteStore.open(data_dir, clock_now=lambda: dial.now) as store:
            yield Subject(store, store.casebook, store.changelog, dial, lambda: raise_epoch(data_dir))


@contextmanager
def room() -> Iterator[Path]:
    """Make a directory for one store: in memory where the machine has a file system for that, as disks are slow."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    with TemporaryDirectory(prefix="driftd-", dir=memory if usable else None) as path:
        yield Path(path)


def always_ahead(patch: pytest.MonkeyPatch) -> None:
    """Have a cycle of more than one row written ahead in transactions of two, tidied by threes, and pruned by twos."""
    patch.setattr(cycle, "ONE_TRANSACTION", 1)
    patch.setattr(cycle, "BASELINE", 1)
    patch.setattr(slices, "_ROWS", 2)
    patch.setattr(tidying, "_SLICE", 3)
    patch.setattr(tidying, "_SEGMENTS", 1)
    patch.setattr(pruning, "SLICE", 2)
    patch.setattr(tombstones, "SLICE", 2)


def raise_epoch(data_dir: Path) -> None:
    """Do what the start of another writer does, past the lock."""
    db = sqlite3.connect(data_dir / "driftd.db", isolation_level=None)
    db.execute("UPDATE meta SET epoch = epoch + 1")
    db.close()
