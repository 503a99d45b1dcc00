"""Secrets of a pair as persons give them: tried by whoever has the database, since each use replaces the refresh token.

A refresh token is kept before it is used, with a note of that, and the one before it is put back where the gateway
refuses it. So a process that ends in between has lost nothing that the gateway would still take.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec.structs import replace

from driftd.adapters.vault.envelope import opened
from driftd.adapters.vault.safe import Safe
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.gateway import Begun
from driftd.app.entrusted import came_of, mark_of
from driftd.app.pairing import FIELD, Pairs, SealedBook
from driftd.app.vault import Prove, Vault
from driftd.config import Config, ConnectionConfig, Pairing
from driftd.core.decision import Word
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.errors import DecisionError, SealError, SourceError
from driftd.ports import Traffic


class Open(Protocol):
    """Gives the source of a connection."""

    def __call__(
        self, connection: ConnectionConfig, traffic: Traffic | None, *, safe: Safe, pairs: Pairs
    ) -> AbstractAsyncContextManager[X3Source]:
        """Open it; raises `SourceError` where its secret is not to be had."""
        ...


class Adoption:
    """Keeps secrets as `Vault` does; those of pairs where the gateway takes them."""

    def __init__(self, vault: Vault, pairs: Pairs, config: Callable[[], Config], open_: Open) -> None:
        self._vault = vault
        self._pairs = pairs
        self._config = config
        self._open = open_

    async def keep(
        self,
        kept: Kept,
        word: Word,
        *,
        unchecked: bool = False,
        traffic: Callable[[str], Traffic | None] = lambda _name: None,
        prove: Prove | None = None,
        name: str = "",
    ) -> str:
        """Keep a secret in the place of the one before it, and say so; `traffic` of a connection, by its name.

        `prove` tries one that is of no pair; one that is is tried as the connection `name`, or any that shares it.

        Raises as `Vault.keep`, and `SourceError` where a pair is not renewed with it.
        """
        connection = self._paired(kept, name)
        if connection is None:
            return await self._vault.keep(kept, word, None if unchecked else prove)
        if unchecked and kept.place.field != FIELD:
            return await self._vault.keep(kept, word)
        if kept.place.field == FIELD:
            return await self._adopt(connection, kept, word, None if unchecked else traffic)
        await self._vault.checked(kept, word)
        if self._renews(connection):
            safe = Safe(self._pairs.safe.keys, [kept])
            async with self._open(connection, traffic(connection.name), safe=safe, pairs=self._pairs) as source:
                await source.adopt(self._pairs.of(connection).book)
        return await self._vault.keep(kept, word)

    def _renews(self, connection: ConnectionConfig) -> bool:
        """Tell whether a pair has a refresh token that a client secret can be tried with: one that opens."""
        kept = self._pairs.safe.kept(connection.kept_as, FIELD)
        try:
            return kept is not None and bool(opened(kept.blob, kept.place, self._pairs.safe.keys))
        except SealError:
            return False

    def _paired(self, kept: Kept, name: str = "") -> ConnectionConfig | None:
        """Return the connection of this name, else any, whose pair a secret belongs to."""
        paired = [each for each in self._config().connections if isinstance(each.auth, Pairing)]
        found = [each for each in paired if each.kept_as == kept.place.connection]
        return next((each for each in found if each.name == name), found[0] if found else None)

    async def _adopt(
        self, connection: ConnectionConfig, kept: Kept, word: Word, traffic: Callable[[str], Traffic | None] | None
    ) -> str:
        secret, pair = await self._vault.checked(kept, word), self._pairs.of(connection)
        before = self._pairs.safe.kept(connection.kept_as, FIELD)
        if came_of(before, connection, secret, self._pairs.safe.keys):
            return f'the {FIELD} of "{kept.place.connection}" that is kept came of this one: nothing was changed'
        given = replace(kept, given=mark_of(connection, secret))
        book, named = _Given(self._pairs.book(connection), self._vault, (given, secret), word), kept.place.connection
        if traffic is None:
            async with pair.lock:
                if self._paired(kept) is None or self._pairs.of(connection) is not pair:
                    what = f'the connections of the pair "{named}" were removed meanwhile'
                    raise DecisionError(what, hint="`driftd connections list` has those there are")
                await book.put()
                pair.forget()
            return f'the {FIELD} of "{named}" is kept untried: the next poll uses it'
        try:
            async with self._open(
                connection, traffic(connection.name), safe=self._pairs.safe, pairs=self._pairs
            ) as source:
                await source.adopt(book)
        except SourceError as error:
            rest = "it is kept, and tried again" if book.stands else "the refresh token was not kept"
            raise SourceError(error.reason, f"{error}; {rest}", hint=error.hint, status=error.status) from error
        return f'the {FIELD} of "{named}" was taken by the gateway, and its successor is kept'


class _Given:
    """A refresh token that a person gave, kept in the place of the one before it for as long as it is not refused."""

    def __init__(self, book: SealedBook, vault: Vault, given: tuple[Kept, Secret], word: Word) -> None:
        self._book = book
        self._vault = vault
        self._kept, self._secret = given
        self._word = word
        self._before: tuple[Kept, Secret] | None = None
        self._interrupted: int | None = None
        self.stands = False
        """Whether it is what is kept now."""

    async def begin(self) -> Begun:
        """Keep it, with the note that it is about to be used."""
        before = await self._book.kept()
        if before is not None:
            await self._remember(before)
        now = self._book.now()
        await self.put(used=now)
        return Begun(self._secret, now)

    async def put(self, used: int | None = None) -> None:
        """Keep it in the place of the one before it."""
        before = await self._book.kept() or Kept(self._kept.place, 0, b"", 0)
        await self._vault.put(self._book.next(before, self._secret, given=self._kept.given), self._word, used=used)
        self._book.told(self._secret)
        self.stands = True

    async def unused(self, _begun: Begun) -> None:
        """Put the one before it back, as it was; where there was none, none is kept."""
        kept, self.stands = await self._book.kept(), False
        if kept is None:
            return
        if self._before is None:
            await self._vault.remove(kept.place, self._word)
            return
        before, secret = self._before
        again = self._book.next(kept, secret, given=before.given, at=before.at)
        await self._vault.put(again, self._word, action="put_back", used=self._interrupted)
        self._book.told(secret)

    async def renewed(self, token: Secret | None) -> None:
        """Keep its successor."""
        await self._book.renewed(token)

    async def _remember(self, before: Kept) -> None:
        """Remember the one before it, unless it does not open: then it is of no use to anybody."""
        try:
            self._before = before, self._book.opened(before)
        except SealError:
            return
        self._interrupted = await self._book.interrupted(before)
