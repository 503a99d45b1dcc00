"""Connections in the store's own file, beside those of the configuration's."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from driftd.adapters.sqlite import clearing, filing, rewriting, tokens, vault
from driftd.adapters.sqlite.faults import mapped
from driftd.adapters.sqlite.files import DATABASE
from driftd.adapters.sqlite.opening import schema_of
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.adapters.sqlite.vault import Careful
from driftd.core.alerts.model import Deed
from driftd.core.health import NOT_ASIDE
from driftd.core.sealed import Kept, Place
from driftd.core.stored import StoredTable
from driftd.errors import DecisionError, StoreError
from driftd.ports import Filing

_SCHEMA: Final = 7
"""The first that has connections."""
_WITH: Final = "removed with its connection"
_EARLIER: Final = "bound to an earlier connection of this name"


def beside(data_dir: Path) -> Sequence[StoredTable]:
    """Read the connections of a database, whoever writes it meanwhile; none where an older driftd wrote it.

    Raises `StoreError` where there is none, or it cannot be used.
    """
    if schema_of(data_dir) < _SCHEMA:
        return ()
    path = data_dir / DATABASE
    with mapped(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return _all(db)
    raise AssertionError("nothing is swallowed")


class Placing(Struct, frozen=True):
    """What is to stand for a connection from now on."""

    before: StoredTable | None
    """What it takes the place of."""
    after: StoredTable
    deed: Deed
    kept: tuple[Kept, ...] = ()
    """Its secrets that are others than before, sealed."""
    moved: tuple[Place, Kept] | None = None
    """One more, and where it stood so far."""
    shed: tuple[Place, ...] = ()
    """Where secrets stand that nobody needs any more."""

    @property
    def secrets(self) -> bool:
        """Whether any secret comes or goes."""
        return bool(self.kept or self.moved or self.shed)


class SqliteConnections:
    """Connections that persons and programs brought, and what they did with them.

    Methods raise `StoreError` for what is wrong with disk or file, and those that write `FencedError` if another
    process owns the store by now.
    """

    def __init__(self, reader: Reader, writer: Writer | None, careful: Careful, forget: Callable[[int], None]) -> None:
        self._reader = reader
        self._writer = writer
        self._careful = careful
        self._forget = forget
        """Is told each resource, by id, whose dictionary is another one."""

    async def all(self) -> Sequence[StoredTable]:
        """Return them by name."""
        return await self._reader.read(_all)

    async def put(self, placing: Placing) -> Sequence[str]:
        """Have a connection, and its secrets where they are others, in the place of what was there.

        Where nothing was there, tokens bound to an earlier connection of the name are revoked; returns their names.
        Raises `DecisionError` where that is not what was there.
        """
        writer = self._for_writing()
        if not placing.secrets:
            return await writer.transact(partial(_put, placing=placing), durable=True)
        async with self._careful(writer):
            revoked = await writer.transact(partial(_put, placing=placing), durable=True)
            await rewriting.wipe(writer)
        return revoked

    async def remove(self, name: str, deed: Deed, shed: Iterable[str], *, clear: bool) -> Sequence[str]:
        """Remove a connection, what is kept under the names in `shed`, with its data keys, and the tokens bound to it.

        With `clear`, note that all of it is to go. Returns the names of the tokens.
        """
        writer, work = self._for_writing(), partial(_remove, name=name, deed=deed, shed=tuple(shed), clear=clear)
        async with self._careful(writer):
            revoked = await writer.transact(work, durable=True)
            await rewriting.wipe(writer)
        return revoked

    async def knows(self, name: str) -> bool:
        """Tell whether anything is stored of a name, be it a connection's or not."""
        return await self._reader.read(partial(_knows, name=name))

    async def clearing(self) -> Sequence[str]:
        """Return the names of which all is to go, and some is still there."""
        return await self._reader.read(_clearing)

    async def clear(self, name: str) -> bool:
        """Remove all that is stored of a name but what persons did. Interrupted, it is in `clearing`.

        Nothing may be polled of it meanwhile. Returns whether free pages and logs hold nothing of it either: a reader
        may hold on to them; then it is to be done again.
        """
        writer = self._for_writing()
        async with self._careful(writer):
            await clearing.clear(writer, name, self._forget)
            if not await rewriting.wipe(writer):
                return False
        await clearing.done(writer, name)
        return True

    def _for_writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer


def _all(db: sqlite3.Connection) -> Sequence[StoredTable]:
    return [StoredTable(*row) for row in db.execute(QUERIES["stored_connections"])]


def _put(db: sqlite3.Connection, *, placing: Placing) -> Sequence[str]:
    rows = db.execute(QUERIES["stored_connection"], {"name": placing.after.name}).fetchall()
    if [StoredTable(*row) for row in rows] != ([] if placing.before is None else [placing.before]):
        hint = "look who did, and send yours again"
        raise DecisionError(f'the connection "{placing.after.name}" was changed meanwhile', hint=hint)
    db.execute(QUERIES["put_connection"], asdict(placing.after))
    for place in placing.shed:
        vault.remove(db, place)
    for kept in placing.kept:
        vault.keep(db, kept)
    if placing.moved is not None:
        vault.move(db, *placing.moved)
    name, deed = placing.after.name, placing.deed
    revoked = tokens.unbind(db, name, deed, _EARLIER) if placing.before is None else ()
    filing.file(db, filing=Filing(deeds=[deed, *revoked]), now=deed.at)
    return [each.subject for each in revoked]


def _remove(db: sqlite3.Connection, *, name: str, deed: Deed, shed: Iterable[str], clear: bool) -> Sequence[str]:
    db.execute(QUERIES["remove_connection"], {"name": name})
    for each in shed:
        vault.shred(db, each)
    if clear:
        db.execute(QUERIES["begin_clearing"], {"connection": name, "at": deed.at})
    revoked = tokens.unbind(db, name, deed, _WITH)
    filing.file(db, filing=Filing(deeds=[deed, *revoked], asides={name: NOT_ASIDE}), now=deed.at)
    return [each.subject for each in revoked]


def _knows(db: sqlite3.Connection, *, name: str) -> bool:
    ((known,),) = db.execute(QUERIES["knows_connection"], {"connection": name}).fetchall()
    return bool(known)


def _clearing(db: sqlite3.Connection) -> Sequence[str]:
    return [name for (name,) in db.execute(QUERIES["clearing"])]
