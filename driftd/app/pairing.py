"""Pairs of tokens that each use replaces: where a process that has the database keeps them, and who shares them.

One `Pairs` is made for each opening of the store, so that one refresh of a pair is under way at a time: no other
process has the database meanwhile.
"""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec.structs import replace

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import following, opened
from driftd.adapters.vault.safe import Safe
from driftd.adapters.x3.gateway import Begun
from driftd.adapters.x3.pair import Pair
from driftd.config import ConnectionConfig
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.errors import SealError

FIELD: Final = "refresh_token"


def _nothing(_secret: str) -> None:
    """Learn nothing."""


class Told:
    """What is told of secrets, so that no log shows them: those in use are looked for, those before no more."""

    def __init__(self, learn: Callable[[str], None] = _nothing, forget: Callable[[str], None] = _nothing) -> None:
        self._learn = learn
        self._forget = forget
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def knows(self, at: tuple[str, str], *tokens: Secret) -> None:
        """Have the tokens that a pair has in one field looked for, and no others of it."""
        before, now = self._known.get(at, ()), tuple(each.reveal() for each in tokens)
        for each in now:
            self._learn(each)
        for each in before:
            self._forget(each)
        self._known[at] = now


class SealedBook:
    """The refresh token of one pair, sealed in the database."""

    field = FIELD

    def __init__(self, name: str, store: SqliteVault, safe: Safe, now: Callable[[], int], told: Told) -> None:
        self.name = name
        self.now = now
        self.closed = False
        """Whether nothing may be used of it any more: what is kept there is another customer's, if anything."""
        self._store = store
        self._safe = safe
        self._told = told

    async def begin(self) -> Begun:
        """Note for good that the token is about to be used, and return it."""
        kept = await self.kept()
        if kept is None:
            raise SealError("driftd keeps none for it yet")
        if self.closed:
            raise SealError("it was removed meanwhile")
        token = self.opened(kept)
        _ = self._safe.keys.first  # without a key there would be no place for its successor
        self.told(token)
        return Begun(token, kept.at, await self.interrupted(kept))

    async def unused(self, begun: Begun) -> None:
        """Take back what `begin` noted; what was noted before it stands."""
        kept = await self.kept()
        if begun.interrupted is None and kept is not None:
            await self._store.end_use(kept.place)

    async def renewed(self, token: Secret | None) -> None:
        """Keep the successor in the token's place, and take the note away in the same transaction."""
        before = await self.kept()
        if before is None or self.closed:
            raise SealError("it was removed meanwhile")
        secret = self.opened(before) if token is None else token
        kept = self.next(before, secret, given=before.given)
        await self._store.renew(kept)
        self._safe.take(kept)
        self.told(secret)

    async def kept(self) -> Kept | None:
        """Return what is kept now, sealed."""
        return await self._store.kept(self.name, self.field)

    def opened(self, kept: Kept) -> Secret:
        """Return a token that is or was kept; raises `SealError`."""
        return opened(kept.blob, kept.place, self._safe.keys)

    def next(self, before: Kept, secret: Secret, *, given: bytes | None, at: int | None = None) -> Kept:
        """Return a token sealed to stand in the place of the one before it, as given `at` (epoch ms) or now.

        `given` is the mark of what a person gave.
        """
        moment = self.now() if at is None else at
        return replace(following(before, secret, before.place, self._safe.keys.first, moment), given=given)

    async def interrupted(self, kept: Kept) -> int | None:
        """Note that a use begins, and return when the first one did of which it is not known how it ended, epoch ms."""
        return await self._store.begin_use(kept.place, self.now())

    def told(self, *tokens: Secret) -> None:
        """Have no log show the token; none: there is none any more."""
        self._told.knows((self.name, self.field), *tokens)


class Shared(Protocol):
    """Gives the pair of a connection."""

    def of(self, connection: ConnectionConfig) -> Pair:
        """Return it."""
        ...


class Pairs:
    """The pairs of one process, each shared by the connections that it is for."""

    def __init__(self, store: SqliteVault, safe: Safe, now: Callable[[], int], told: Told | None = None) -> None:
        self.safe = safe
        self.store = store
        self.now = now
        self.secrecy = told or Told()
        self._pairs: dict[str, Pair] = {}
        self._books: dict[str, SealedBook] = {}

    def of(self, connection: ConnectionConfig) -> Pair:
        """Return the pair of a connection."""
        return self.named(connection.kept_as)

    def named(self, name: str) -> Pair:
        """Return the pair of a name."""
        if name not in self._pairs:
            self._books[name] = self._book(name)
            self._pairs[name] = Pair(self._books[name])
        return self._pairs[name]

    def book(self, connection: ConnectionConfig) -> SealedBook:
        """Return where the refresh token of a connection is kept; whoever writes there holds the lock of its pair."""
        return self._book(connection.kept_as)

    def end(self, name: str) -> None:
        """Have nobody who has the pair in hand use what is kept under its name from now on; the caller has its lock."""
        pair = self._pairs.pop(name, None)
        if pair is not None:
            book = self._books.pop(name)
            book.closed = True
            book.told()
            pair.forget()

    def _book(self, name: str) -> SealedBook:
        return SealedBook(name, self.store, self.safe, self.now, self.secrecy)
