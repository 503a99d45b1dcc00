"""Sealed secrets in the file: one after the other, each with its deed, and nothing left of those before."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.files import DATABASE
from driftd.core.alerts.model import Deed
from driftd.core.sealed import Kept, Place
from driftd.errors import DecisionError, FencedError, StoreError
from tests.contracts.stores import raise_epoch, room

STORE = "5f" * 16
PLACE = Place(STORE, "aldgate", "client_secret")
OTHER = Place(STORE, "brigg", "password")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


def kept(number: int = 1, place: Place = PLACE, mark: bytes = b"first") -> Kept:
    """A blob that is longer than a page, so that it takes pages of its own."""
    return Kept(place, number, (mark + b"-planted.") * 600, number)


def deed(action: str = "keep_secret", connection: str = "aldgate") -> Deed:
    return Deed(7, "jo", action, connection, None, "client_secret", "as the tenant asked")


def found(data_dir: Path, mark: bytes) -> list[str]:
    """Return the files of the database in which a mark stands."""
    return [each.name for each in data_dir.glob(f"{DATABASE}*") if mark in each.read_bytes()]


async def test_secrets_are_kept_one_after_the_other(data_dir: Path) -> None:
    """Each takes the place of the one before, with a row of the audit log; other places stay."""
    async with opened(data_dir) as store:
        assert (await store.vault.store(), await store.vault.sealed()) == ("", [])
        await store.vault.keep(kept(), deed())
        await store.vault.keep(kept(place=OTHER), deed(connection="brigg"))
        await store.vault.keep(kept(2, mark=b"second"), deed())
        assert await store.vault.store() == STORE
    async with SqliteStore.reading(data_dir) as reader:
        assert await reader.vault.sealed() == [kept(2, mark=b"second"), kept(place=OTHER)]
        assert await reader.casebook.deeds("aldgate", 10) == [deed(), deed()]


@pytest.mark.parametrize("number", [1, 3])
async def test_a_secret_that_does_not_follow_the_one_before_is_refused(data_dir: Path, number: int) -> None:
    """Somebody stored another one meanwhile; and so is one that was sealed for another database."""
    async with opened(data_dir) as store:
        await store.vault.keep(kept(), deed())
        with pytest.raises(DecisionError, match="meanwhile"):
            await store.vault.keep(kept(number, mark=b"third"), deed("other"))
        with pytest.raises(DecisionError, match="another database"):
            await store.vault.keep(kept(2, replace(PLACE, store="00" * 16)), deed("other"))
        assert await store.vault.sealed() == [kept()]
        assert await store.casebook.deeds("aldgate", 10) == [deed()]


async def test_what_was_replaced_or_shredded_is_gone_from_the_files(data_dir: Path) -> None:
    """From pages, free pages and the write-ahead log, while the database is open."""
    async with opened(data_dir) as store:
        await store.vault.keep(kept(mark=b"first"), deed())
        assert found(data_dir, b"first-planted")
        await store.vault.keep(kept(2, mark=b"second"), deed())
        assert (found(data_dir, b"first-planted"), bool(found(data_dir, b"second-planted"))) == ([], True)
        assert await store.vault.shred("aldgate", deed("shred")) == 1
        assert found(data_dir, b"-planted") == []
        assert await store.vault.shred("aldgate", deed("again")) == 0
        assert await store.vault.sealed() == []
        assert [each.action for each in await store.casebook.deeds("aldgate", 10)] == ["shred", *["keep_secret"] * 2]


async def test_what_changed_meanwhile_is_not_rewrapped(data_dir: Path) -> None:
    """The newer secret stands; rewrapped, number and time stay, and after the wipe the old wrapping is gone."""
    async with opened(data_dir) as store:
        await store.vault.keep(kept(mark=b"first"), deed())
        await store.vault.keep(kept(2, mark=b"second"), deed())
        assert not await store.vault.rewrap(kept(mark=b"first"), b"new", deed("rewrap"))
        assert await store.vault.rewrap(kept(2, mark=b"second"), b"new", deed("rewrap"))
        await store.vault.wipe()
        assert await store.vault.sealed() == [replace(kept(2), blob=b"new")]
        assert found(data_dir, b"-planted") == []
        assert [each.action for each in await store.casebook.deeds("aldgate", 1)] == ["rewrap"]


async def test_only_the_one_writer_writes(data_dir: Path) -> None:
    """Neither who reads, nor who lost the database to another process."""
    async with opened(data_dir) as store:
        await store.vault.keep(kept(), deed())
        async with SqliteStore.reading(data_dir) as reader:
            with pytest.raises(StoreError, match="for reading only"):
                await reader.vault.keep(kept(2), deed())
        raise_epoch(data_dir)
        with pytest.raises(FencedError):
            await store.vault.shred("aldgate", deed("shred"))
        assert await store.vault.sealed() == [kept()]


async def test_a_use_is_noted_until_its_end_is_known(data_dir: Path) -> None:
    """The first one stands, also over a restart; the end takes it away, and so does each secret that is kept there."""
    refresh = replace(PLACE, field="refresh_token")
    async with opened(data_dir) as store:
        await store.vault.keep(kept(place=refresh), deed())
        assert await store.vault.kept("aldgate", "refresh_token") == kept(place=refresh)
        assert await store.vault.kept("aldgate", "password") is None
        assert await store.vault.begin_use(refresh, 100) is None
        assert await store.vault.begin_use(PLACE, 150) is None
    async with opened(data_dir) as store:
        assert await store.vault.begin_use(refresh, 200) == 100
        await store.vault.end_use(refresh)
        assert await store.vault.begin_use(refresh, 300) is None
        await store.vault.renew(kept(2, refresh, b"second"))
        assert await store.vault.begin_use(refresh, 400) is None
        await store.vault.keep(kept(3, refresh, b"third"), deed(), used=350)
        assert await store.vault.begin_use(refresh, 500) == 350
        assert await store.vault.begin_use(PLACE, 500) == 150
        assert await store.vault.sealed() == [kept(3, refresh, b"third")]
        assert await store.casebook.deeds("aldgate", 10) == [deed(), deed()]


async def test_a_successor_follows_the_one_before_or_is_refused_with_its_note_left(data_dir: Path) -> None:
    """All or nothing."""
    async with opened(data_dir) as store:
        await store.vault.keep(kept(), deed(), used=100)
        with pytest.raises(DecisionError, match="meanwhile"):
            await store.vault.renew(kept(3, mark=b"third"))
        assert (await store.vault.sealed(), await store.vault.begin_use(PLACE, 200)) == ([kept()], 100)


async def test_a_secret_that_is_removed_leaves_nothing(data_dir: Path) -> None:
    """Neither its note nor its bytes, with a row of the audit log; others of the connection stay; so with a shred."""
    refresh = replace(PLACE, field="refresh_token")
    async with opened(data_dir) as store:
        await store.vault.keep(kept(), deed())
        await store.vault.keep(kept(place=refresh, mark=b"other"), deed(), used=100)
        await store.vault.remove(refresh, deed("put_back"))
        assert (await store.vault.sealed(), found(data_dir, b"other-planted")) == ([kept()], [])
        latest, *_ = await store.casebook.deeds("aldgate", 10)
        assert latest.action == "put_back"
        await store.vault.remove(refresh, deed("again"))
        assert len(await store.casebook.deeds("aldgate", 10)) == 3
        await store.vault.keep(kept(place=refresh), deed(), used=100)
        assert await store.vault.shred("aldgate", deed("shred")) == 2
        assert await store.vault.begin_use(refresh, 200) is None
