"""Pairs of tokens that each use replaces: where a process that has the database keeps them, and who shares them.

One `Pairs` is made for each opening of the store, so that one refresh of a pair is under way at a time: no other
process has the database meanwhile.
"""

from collections.abc import Callable
from typing import Final

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import opened, seal
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
        self._known: dict[str, tuple[str, ...]] = {}

    def knows(self, name: str, *tokens: Secret) -> None:
        """Have the tokens of a pair looked for, and no others of it."""
        before, now = self._known.get(name, ()), tuple(each.reveal() for each in tokens)
        for each in now:
            self._learn(each)
        for each in before:
            self._forget(each)
        self._known[name] = now


class SealedBook:
    """The refresh token of one pair, sealed in the database."""

    def __init__(self, name: str, store: SqliteVault, safe: Safe, now: Callable[[], int], told: Told) -> None:
        self.name = name
        self.now = now
        self._store = store
        self._safe = safe
        self._told = told

    async def begin(self) -> Begun:
        """Note for good that the token is about to be used, and return it."""
        kept = await self.kept()
        if kept is None:
            raise SealError("driftd keeps none for it yet")
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
        if before is None:
            raise SealError("it was removed meanwhile")
        secret = self.opened(before) if token is None else token
        kept = self.next(before, secret)
        await self._store.renew(kept)
        self._safe.take(kept)
        self.told(secret)

    async def kept(self) -> Kept | None:
        """Return what is kept now, sealed."""
        return await self._store.kept(self.name, FIELD)

    def opened(self, kept: Kept) -> Secret:
        """Return a token that is or was kept; raises `SealError`."""
        return opened(kept.blob, kept.place, self._safe.keys)

    def next(self, before: Kept, secret: Secret, at: int | None = None) -> Kept:
        """Return a token sealed to stand in the place of the one before it, as given `at` (epoch ms) or now."""
        number = before.number + 1
        blob = seal(secret, before.place, number, self._safe.keys.first)
        return Kept(before.place, number, blob, self.now() if at is None else at)

    async def interrupted(self, kept: Kept) -> int | None:
        """Note that a use begins, and return when the first one did of which it is not known how it ended, epoch ms."""
        return await self._store.begin_use(kept.place, self.now())

    def told(self, token: Secret) -> None:
        """Have no log show the token."""
        self._told.knows(self.name, token)


class Pairs:
    """The pairs of one process, each shared by the connections that it is for."""

    def __init__(self, store: SqliteVault, safe: Safe, now: Callable[[], int], told: Told | None = None) -> None:
        self.safe = safe
        self._store = store
        self._now = now
        self._told = told or Told()
        self._pairs: dict[str, Pair] = {}

    def of(self, connection: ConnectionConfig) -> Pair:
        """Return the pair of a connection."""
        name = connection.kept_as
        if name not in self._pairs:
            self._pairs[name] = Pair(self.book(connection))
        return self._pairs[name]

    def book(self, connection: ConnectionConfig) -> SealedBook:
        """Return where the refresh token of a connection is kept; whoever writes there holds the lock of its pair."""
        return SealedBook(connection.kept_as, self._store, self.safe, self._now, self._told)
