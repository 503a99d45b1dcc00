"""Connections in the store's own file, beside those of the configuration's."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import asdict

from driftd.adapters.sqlite import filing, rewriting, vault
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.adapters.sqlite.vault import Careful
from driftd.core.alerts.model import Deed
from driftd.core.sealed import Kept
from driftd.core.stored import StoredTable
from driftd.errors import DecisionError, StoreError
from driftd.ports import Filing


class Placing(Struct, frozen=True):
    """What is to stand for a connection from now on."""

    before: StoredTable | None
    """What it takes the place of."""
    after: StoredTable
    deed: Deed
    kept: Kept | None = None
    """Its secret, sealed; None: as before."""


class SqliteConnections:
    """Connections that persons and programs brought, and what they did with them.

    Methods raise `StoreError` for what is wrong with disk or file, and those that write `FencedError` if another
    process owns the store by now.
    """

    def __init__(self, reader: Reader, writer: Writer | None, careful: Careful) -> None:
        self._reader = reader
        self._writer = writer
        self._careful = careful

    async def all(self) -> Sequence[StoredTable]:
        """Return them by name."""
        return await self._reader.read(_all)

    async def put(self, placing: Placing) -> None:
        """Have a connection, and its secret where that is another one, in the place of what was there.

        Raises `DecisionError` where that is not what was there.
        """
        writer = self._for_writing()
        if placing.kept is None:
            await writer.transact(partial(_put, placing=placing), durable=True)
            return
        async with self._careful(writer):
            await writer.transact(partial(_put, placing=placing), durable=True)
            await rewriting.wipe(writer)

    async def remove(self, name: str, deed: Deed) -> int:
        """Remove a connection and its secrets with their data keys; return how many secrets that were."""
        writer = self._for_writing()
        async with self._careful(writer):
            gone = await writer.transact(partial(_remove, name=name, deed=deed), durable=True)
            await rewriting.wipe(writer)
        return gone

    def _for_writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer


def _all(db: sqlite3.Connection) -> Sequence[StoredTable]:
    return [StoredTable(*row) for row in db.execute(QUERIES["stored_connections"])]


def _put(db: sqlite3.Connection, *, placing: Placing) -> None:
    rows = db.execute(QUERIES["stored_connection"], {"name": placing.after.name}).fetchall()
    if [StoredTable(*row) for row in rows] != ([] if placing.before is None else [placing.before]):
        hint = "look who did, and send yours again"
        raise DecisionError(f'the connection "{placing.after.name}" was changed meanwhile', hint=hint)
    db.execute(QUERIES["put_connection"], asdict(placing.after))
    if placing.kept is not None:
        vault.keep(db, placing.kept)
    filing.file(db, filing=Filing(deeds=[placing.deed]), now=placing.deed.at)


def _remove(db: sqlite3.Connection, *, name: str, deed: Deed) -> int:
    db.execute(QUERIES["remove_connection"], {"name": name})
    gone = db.execute(QUERIES["shred_sealed"], {"connection": name}).rowcount
    filing.file(db, filing=Filing(deeds=[deed]), now=deed.at)
    return gone
