"""Connections in the file: each with its secret and its deed or not at all; and nothing left of one that is cleared."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import Placing, beside
from driftd.core.health import Aside, Pause
from driftd.core.model import Standing
from driftd.core.sealed import Kept, Place
from driftd.core.stored import StoredTable, written
from driftd.errors import DecisionError, FencedError
from driftd.ports import Filing
from tests.adapters.sqlite.dredging import found
from tests.adapters.sqlite.test_vault import STORE, deed
from tests.contracts.staged import CUSTOMERS, created, key, poll, segment, sight, together
from tests.contracts.stores import raise_epoch, room

STORED = StoredTable("aldgate", written({"name": "aldgate", "folder": "ONE"}), 5, "jo", 5, "jo")
CHANGED = replace(STORED, text=written({"name": "aldgate", "folder": "TWO"}), changed_at=7, changed_by="mo")
SECRET = Kept(Place(STORE, "aldgate", "client_secret"), 1, b"planted." * 600, 5)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


def placing(before: StoredTable | None, after: StoredTable, kept: Kept | None = None) -> Placing:
    return Placing(before, after, deed("put"), () if kept is None else (kept,))


async def test_a_connection_comes_with_its_secret_and_goes_with_it(data_dir: Path) -> None:
    """Each step with a row of the audit log, which stays; a secret that went is in no file. Its pause ends with it."""
    async with opened(data_dir) as store:
        await store.connections.put(placing(None, STORED, SECRET))
        await store.connections.put(placing(STORED, CHANGED))
        assert (await store.connections.all(), await store.vault.sealed()) == ([CHANGED], [SECRET])
        assert list(beside(data_dir)) == [CHANGED]
        await store.casebook.file(Filing(asides={"aldgate": Aside(Pause("stocktaking", "jo", 9, 5))}))
        assert list(await store.casebook.asides()) == ["aldgate"]
        await store.connections.remove("aldgate", deed("remove"), ["aldgate"], clear=False)
        assert (await store.connections.all(), await store.vault.sealed()) == ([], [])
        assert await store.casebook.asides() == {}
        assert [each.action for each in await store.casebook.deeds("aldgate", 9)] == ["remove", "put", "put"]
    assert not found(data_dir, b"planted.")


async def test_what_was_changed_meanwhile_is_left_alone(data_dir: Path) -> None:
    """Neither the connection nor its secret nor the audit log has anything of what came too late."""
    async with opened(data_dir) as store:
        await store.connections.put(placing(None, STORED))
        for before, kept in ((None, SECRET), (CHANGED, SECRET), (STORED, replace(SECRET, number=2))):
            with pytest.raises(DecisionError):
                await store.connections.put(placing(before, CHANGED, kept))
        assert (await store.connections.all(), await store.vault.sealed()) == ([STORED], [])
        assert len(await store.casebook.deeds("aldgate", 9)) == 1
        raise_epoch(data_dir)
        with pytest.raises(FencedError):
            await store.connections.put(placing(STORED, CHANGED))


async def test_nothing_is_left_of_what_is_cleared_and_all_of_the_others(data_dir: Path) -> None:
    """Records, events, segments and dictionary go, what persons did stays; a name that comes back takes
    no event's number for the first."""
    other = replace(CUSTOMERS, connection="brigg")
    names = [f"planted{number}" for number in range(500)]
    part = segment("b", "c")
    async with opened(data_dir) as store:
        for resource in (other, CUSTOMERS):
            await poll(store, created("b"), created("c"), part, layout=[part.segments[0][0]], resource=resource)
        await poll(store, together(*(created(each) for each in names)))
        last = (await store.read_changes(0, 9_999))[-1].seq
        elsewhere = await sight(store, other)
        assert found(data_dir, b"planted")
        await store.connections.remove("acme", deed("erase", "acme"), ["acme"], clear=True)
        assert await store.connections.clearing() == ["acme"]
        assert await store.connections.clear("acme")
        assert (await store.connections.clearing(), await store.connections.knows("acme")) == ([], False)
        gone = await sight(store)
        assert (gone.stored, gone.segments, gone.changes) == ({}, [], [])
        assert not gone.seen
        assert gone.standing == Standing(forgotten=last)
        assert await sight(store, other) == elsewhere
        assert [each.action for each in await store.casebook.deeds("acme", 9)] == ["erase"]
        assert not found(data_dir, b"planted")
        await poll(store, created("b"), together(*(created(each) for each in names)))
        again = (await sight(store)).seen
        assert {each.key for each in again or ()} == {key("b"), *map(key, names)}
