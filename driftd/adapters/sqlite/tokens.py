"""The `Tokens` port on the store's own file."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial

from msgspec.structs import asdict, replace

from driftd.adapters.sqlite import filing
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Reader, Writer
from driftd.core import access
from driftd.core.access import Scope, Token
from driftd.core.alerts.model import Deed
from driftd.errors import DecisionError, StoreError
from driftd.ports import Filing, Use


class SqliteTokens:
    """Hashes of tokens in ``driftd.db``.

    Every method raises `StoreError` for what is wrong with disk or file, and those that write `FencedError` if another
    process owns the store by now.
    """

    def __init__(self, reader: Reader, writer: Writer | None) -> None:
        self._reader = reader
        self._writer = writer

    async def all(self) -> Sequence[Token]:
        """Return them by name."""
        return await self._reader.read(_all)

    async def make(self, token: Token, deed: Deed) -> None:
        """Keep a new one; raises `DecisionError` where its name is taken, or there are too many."""
        await self._for_writing().transact(partial(_make, token=token, deed=deed), durable=True)

    async def revoke(self, name: str, deed: Deed) -> bool:
        """Forget one; tell whether there was one."""
        return await self._for_writing().transact(partial(_revoke, name=name, deed=deed), durable=True)

    async def use(self, uses: Iterable[Use]) -> None:
        """Note uses; the last of them may be lost with the power."""
        await self._for_writing().transact(partial(_use, uses=list(uses)), durable=False)

    def _for_writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the store is open for reading only")
        return self._writer


def _all(db: sqlite3.Connection) -> Sequence[Token]:
    return [
        Token(name, bytes(digest), Scope(scope), *rest) for name, digest, scope, *rest in db.execute(QUERIES["tokens"])
    ]


def _make(db: sqlite3.Connection, *, token: Token, deed: Deed) -> None:
    ((count,),) = db.execute(QUERIES["count_tokens"]).fetchall()
    if count >= access.MOST:
        hint = "driftd tokens list shows them, driftd tokens revoke NAME removes one"
        raise DecisionError(f"there are {access.MOST:,} tokens already", hint=hint)
    if db.execute(QUERIES["make_token"], asdict(token)).rowcount != 1:
        hint = "choose another name, or revoke that one first"
        raise DecisionError(f'there is a token "{token.name}" already', hint=hint)
    filing.file(db, filing=Filing(deeds=[deed]), now=deed.at)


def _revoke(db: sqlite3.Connection, *, name: str, deed: Deed) -> bool:
    if db.execute(QUERIES["revoke_token"], {"name": name}).rowcount != 1:
        return False
    filing.file(db, filing=Filing(deeds=[deed]), now=deed.at)
    return True


def unbind(db: sqlite3.Connection, connection: str, deed: Deed, reason: str) -> Sequence[Deed]:
    """Revoke the tokens bound to a connection, and return what is to be filed of it: `deed` is what they go with."""
    bound = [each for each in _all(db) if each.connection == connection]
    db.executemany(QUERIES["revoke_token"], ({"name": each.name} for each in bound))
    return [
        replace(deed, action="revoke_token", subject=each.name, reason=reason, before=each.lets, after="")
        for each in bound
    ]


def _use(db: sqlite3.Connection, *, uses: Sequence[Use]) -> None:
    db.executemany(QUERIES["use_token"], (each._asdict() for each in uses))
