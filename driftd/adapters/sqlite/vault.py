"""Sealed secrets in the store's own file."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeAlias

from driftd.adapters.sqlite import filing, rewriting
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core.alerts.model import Deed
from driftd.core.sealed import Kept, Place
from driftd.errors import DecisionError, StoreError
from driftd.ports import Filing

Careful: TypeAlias = Callable[[Writer], AbstractAsyncContextManager[None]]
"""Has whole pages overwritten as they are freed."""


class SqliteVault:
    """Sealed secrets, and what persons did with them. Knows no key.

    Methods raise `StoreError` for what is wrong with disk or file, and those that write `FencedError` if another
    process owns the store by now.
    """

    def __init__(self, reader: Reader, writer: Writer | None, careful: Careful) -> None:
        self._reader = reader
        self._writer = writer
        self._careful = careful

    async def store(self) -> str:
        """Return the id that secrets are bound to; empty: none was ever kept."""
        return await self._reader.read(_store)

    async def sealed(self) -> Sequence[Kept]:
        """Return what is kept, by connection and field."""
        return await self._reader.read(_sealed)

    async def keep(self, kept: Kept, deed: Deed, *, used: int | None = None) -> None:
        """Keep a secret in the place of the one before it, and note that a use of it began at `used` (epoch ms), if so.

        Raises `DecisionError` where that is not the one before, or the database has another id.
        """
        async with self._wiping() as writer:
            await writer.transact(partial(_keep_and_note, kept=kept, deed=deed, used=used), durable=True)

    async def kept(self, connection: str, field: str) -> Kept | None:
        """Return what is kept in one place."""
        return await self._reader.read(partial(_kept, connection=connection, field=field))

    async def begin_use(self, place: Place, at: int) -> int | None:
        """Note that a secret is about to be used that each use replaces.

        Returns when the first use began of which it is not known how it ended, epoch ms; None where there was none.
        """
        work = partial(_begin_use, place=place, at=at)
        return await self._for_writing().transact(work, durable=True)

    async def end_use(self, place: Place) -> None:
        """Take back what `begin_use` noted."""
        await self._for_writing().transact(partial(_end_use, place=place), durable=False)

    async def renew(self, kept: Kept, *, used: int | None = None) -> None:
        """Keep the successor of a secret that was used, and take the note of its use away; raises as `keep` does.

        `used`: a use of the successor itself began then, epoch ms.
        """
        await self._for_writing().transact(partial(_renew, kept=kept, used=used), durable=True)

    async def remove(self, place: Place, deed: Deed | None = None) -> None:
        """Remove what is kept in one place."""
        async with self._wiping() as writer:
            await writer.transact(partial(_remove, place=place, deed=deed), durable=True)

    async def rewrap(self, kept: Kept, blob: bytes, deed: Deed) -> bool:
        """Have a secret under another key; tell whether it was still as it was read. `wipe` follows the last."""
        async with self._careful(self._for_writing()):
            return await self._for_writing().transact(partial(_rewrap, kept=kept, blob=blob, deed=deed), durable=True)

    async def wipe(self) -> None:
        """Leave nothing of what was there before in free pages and write-ahead log, as far as readers allow."""
        async with self._wiping():
            pass

    async def shred(self, connection: str, deed: Deed) -> int:
        """Remove what is kept of a connection, with its data keys; return how many secrets that were."""
        async with self._wiping() as writer:
            return await writer.transact(partial(_shred_and_note, connection=connection, deed=deed), durable=True)

    @asynccontextmanager
    async def _wiping(self) -> AsyncIterator[Writer]:
        async with self._careful(self._for_writing()):
            yield self._for_writing()
            await rewriting.wipe(self._for_writing())

    def _for_writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer


def _store(db: sqlite3.Connection) -> str:
    rows = db.execute(QUERIES["vault_store"]).fetchall()
    return str(rows[0][0]) if rows else ""


def _sealed(db: sqlite3.Connection) -> Sequence[Kept]:
    store = _store(db)
    return [
        Kept(Place(store, connection, field), number, bytes(blob), at, given)
        for connection, field, number, blob, at, given in db.execute(QUERIES["sealed"])
    ]


def _kept(db: sqlite3.Connection, *, connection: str, field: str) -> Kept | None:
    found = db.execute(QUERIES["sealed_blob"], {"connection": connection, "field": field}).fetchall()
    place = Place(_store(db), connection, field)
    return next((Kept(place, number, bytes(blob), at, given) for number, blob, at, given in found), None)


def _begin_use(db: sqlite3.Connection, *, place: Place, at: int) -> int | None:
    begun = next((int(begun) for (begun,) in db.execute(QUERIES["use_begun"], _at(place))), None)
    db.execute(QUERIES["begin_use"], {**_at(place), "begun": at})
    return begun


def _end_use(db: sqlite3.Connection, *, place: Place) -> None:
    db.execute(QUERIES["end_use"], _at(place))


def _remove(db: sqlite3.Connection, *, place: Place, deed: Deed | None) -> None:
    if remove(db, place) and deed is not None:
        _note(db, deed)


def remove(db: sqlite3.Connection, place: Place) -> bool:
    """Remove what is kept in one place, and what was noted of its use; tell whether there was anything."""
    _end_use(db, place=place)
    return bool(db.execute(QUERIES["remove_sealed"], _at(place)).rowcount)


def move(db: sqlite3.Connection, place: Place, kept: Kept) -> None:
    """Keep as `kept` what stood in another place of the connection, with what was noted of its use."""
    keep(db, kept)
    db.execute(QUERIES["move_use"], {**_at(kept.place), "before": place.field})
    remove(db, place)


def _at(place: Place) -> dict[str, str]:
    return {"connection": place.connection, "field": place.field}


def _keep_and_note(db: sqlite3.Connection, *, kept: Kept, deed: Deed, used: int | None) -> None:
    keep(db, kept)
    if used is not None:
        _begin_use(db, place=kept.place, at=used)
    _note(db, deed)


def _renew(db: sqlite3.Connection, *, kept: Kept, used: int | None) -> None:
    keep(db, kept)
    if used is not None:
        _begin_use(db, place=kept.place, at=used)


def keep(db: sqlite3.Connection, kept: Kept) -> None:
    """Put a secret in the place of the one before it, within a transaction; raises as `SqliteVault.keep` does."""
    place = kept.place
    db.execute(QUERIES["found_vault"], {"store": place.store})
    if _store(db) != place.store:
        raise DecisionError("the secret was sealed for another database", hint="give it again", invalid=True)
    at = _at(place)
    before = next((number for (number,) in db.execute(QUERIES["sealed_number"], at)), 0)
    if kept.number != before + 1:
        raise DecisionError("another secret was stored meanwhile", hint="look who did, and give yours again")
    db.execute(
        QUERIES["keep_sealed"], {**at, "number": kept.number, "blob": kept.blob, "at": kept.at, "given": kept.given}
    )
    _end_use(db, place=place)


def _rewrap(db: sqlite3.Connection, *, kept: Kept, blob: bytes, deed: Deed) -> bool:
    row = {"connection": kept.place.connection, "field": kept.place.field, "before": kept.blob, "blob": blob}
    if db.execute(QUERIES["rewrap_sealed"], row).rowcount != 1:
        return False
    _note(db, deed)
    return True


def shred(db: sqlite3.Connection, connection: str) -> int:
    """Remove what is kept of a connection, and what was noted of its use; return how many secrets that were."""
    db.execute(QUERIES["shred_uses"], {"connection": connection})
    return db.execute(QUERIES["shred_sealed"], {"connection": connection}).rowcount


def _shred_and_note(db: sqlite3.Connection, *, connection: str, deed: Deed) -> int:
    gone = shred(db, connection)
    if gone:
        _note(db, deed)
    return gone


def _note(db: sqlite3.Connection, deed: Deed) -> None:
    filing.file(db, filing=Filing(deeds=[deed]), now=deed.at)
